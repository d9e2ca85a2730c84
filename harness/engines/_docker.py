"""What is asked of a container engine: find an image, run a command in it, take away what is left. Knows no stages."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import DeviceRequest, Mount

from harness import provenance
from harness.errors import HarnessError, SpecError
from harness.image import LOCAL, digest_of, is_meant

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.models.images import Image

# Of nobody on the host. Whoever is root here must not be root there.
NOBODY = 10001
TICK_SECONDS = 5.0
STOP_SECONDS = 10
TAIL_LINES = 50
_SILENT = (DockerException, requests.exceptions.RequestException, OSError)


@dataclass(frozen=True)
class Limits:
    """What one container may take. `memory_bytes` includes swap; `gpus` is `none`, `all` or a number."""

    memory_bytes: int
    gpus: str = "none"
    timeout_seconds: float = 0.0


@dataclass(frozen=True)
class Ended:
    """How a container ended: `how` is `exited`, `out of memory` or `timed out`."""

    how: str
    code: int
    output: str


class _Nobody(Exception):
    """Nobody listens at a socket."""


def _knock(host: str) -> None:
    """Raises _Nobody if a socket of this machine has nobody behind it: the SDK would leave its own open."""
    if host.startswith("unix://"):
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as own:
            try:
                own.connect(host.removeprefix("unix://"))
            except OSError as error:
                raise _Nobody(error.strerror or str(error)) from None


@contextlib.contextmanager
def connected() -> Iterator[docker.DockerClient]:
    """Yields a connection to the engine. Raises HarnessError, with what to do, if none answers, now or later."""
    try:
        _knock(provenance.docker_host())
        client = docker.from_env(timeout=60)
        try:
            client.ping()
            yield client
        finally:
            client.close()
    except APIError as error:
        raise HarnessError(f"the container engine refuses: {error.explanation or error}") from None
    except (DockerException, requests.exceptions.RequestException, _Nobody) as error:
        raise HarnessError(
            f"no container engine answers at {provenance.docker_host()} ({_short(error)}); start it, for example with "
            "`systemctl start docker`, set DOCKER_HOST, or leave out --engine container; what is finished is kept"
        ) from None


def find_image(client: docker.DockerClient, reference: str) -> Image:
    """Returns a local image by name, ID or digest. Raises HarnessError if there is none, with how to get it."""
    digest = digest_of(reference)
    if "@" in reference and digest is None:
        raise SpecError(f"--image {reference}: the digest is not sha256: and 64 hex digits of an image")
    with contextlib.suppress(ImageNotFound):
        found = client.images.get(reference)
        if digest is None or is_meant(found.attrs, reference):
            return found
    if digest is not None:
        for image in client.images.list():
            if is_meant(image.attrs, reference):
                return image
    how = f"docker pull {reference}" if digest else "scripts/container-engine build" if reference == LOCAL else ""
    raise HarnessError(f"there is no image {reference} here; {how or 'build or pull it'} (docs/container.md)")


def run(
    client: docker.DockerClient,
    image: str,
    command: Sequence[str],
    limits: Limits,
    *,
    n_cpus: int = 1,
    labels: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
    read: Mapping[Path, str],
    write: Mapping[Path, str],
    line: Callable[[str], None],
) -> Ended:
    """Runs a command in a new container, hands on its output line by line, and removes the container whatever happens.

    No network, a read-only root, no capabilities, no way to new ones, and nothing of the host but the folders `read` and
    `write` (host → inside).
    """
    mounts = [Mount(there, str(here.absolute()), type="bind", read_only=True) for here, there in read.items()]
    mounts += [Mount(there, str(here.absolute()), type="bind") for here, there in write.items()]
    container = client.containers.create(
        image,
        entrypoint=list(command),
        labels=dict(labels),
        user=":".join(map(str, ids())),
        mounts=mounts,
        network_mode="none",
        read_only=True,
        tmpfs={"/tmp": "size=1g,mode=1777"},  # noqa: S108 - inside, where nobody else is
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit=limits.memory_bytes,
        memswap_limit=limits.memory_bytes,
        nano_cpus=n_cpus * 10**9,
        pids_limit=512,
        init=True,
        environment={"HOME": "/tmp", "OMP_NUM_THREADS": "1", **(environment or {})},  # noqa: S108
        working_dir="/tmp",  # noqa: S108
        device_requests=_devices(limits.gpus),
    )
    try:
        _start(container, limits)
        return _followed(container, limits, line)
    finally:
        with contextlib.suppress(APIError):
            container.remove(force=True, v=True)


def remove(client: docker.DockerClient, labels: Mapping[str, str]) -> int:
    """Removes all containers that have these labels, running or not. Returns how many there were."""
    found = _with(client, labels)
    for container in found:
        with contextlib.suppress(APIError):  # gone, or going, already
            container.remove(force=True, v=True)
    return len(found)


def labelled(client: docker.DockerClient, labels: Mapping[str, str], wanted: str) -> set[str]:
    """Returns the values of one label of all containers that have the others."""
    found = _with(client, labels)
    return {container.labels[wanted] for container in found if wanted in container.labels}


def _with(client: docker.DockerClient, labels: Mapping[str, str]) -> list[Container]:
    filters: Any = {"label": [f"{k}={v}" for k, v in labels.items()]}
    found: list[Container] = client.containers.list(all=True, filters=filters, ignore_removed=True)
    return found


def ids() -> tuple[int, int]:
    """Returns the user and the group that a container runs as: this user, or nobody if that is root."""
    user, group = os.getuid(), os.getgid()
    return (user, group) if user else (NOBODY, NOBODY)


def _devices(gpus: str) -> list[DeviceRequest]:
    if gpus == "none":
        return []
    count = -1 if gpus == "all" else int(gpus)
    return [DeviceRequest(driver="nvidia", count=count, capabilities=[["gpu", "compute", "utility"]])]


def _start(container: Container, limits: Limits) -> None:
    try:
        container.start()
    except APIError as error:
        said = str(error.explanation or error)
        if limits.gpus != "none" and ("device driver" in said or "nvidia" in said.lower()):
            raise HarnessError(
                f"--gpus {limits.gpus}: the container engine cannot hand on GPUs ({said}); install the NVIDIA container "
                "toolkit and run `nvidia-ctk runtime configure`, or leave out --gpus"
            ) from None
        raise


def _followed(container: Container, limits: Limits, line: Callable[[str], None]) -> Ended:
    lines: list[str] = []

    def take(text: str) -> None:
        lines.append(text)
        line(text)

    def follow() -> None:
        rest = b""
        with contextlib.suppress(*_SILENT):  # the container, or the engine, is gone: whoever waits for it finds out
            for chunk in container.logs(stream=True, follow=True):
                *whole, rest = (rest + chunk).split(b"\n")  # chunks are no lines
                for text in whole:
                    take(text.decode(errors="replace"))

    reader = Thread(target=follow, daemon=True)
    reader.start()
    timed_out = not _waited(container, limits.timeout_seconds)
    if timed_out:
        with contextlib.suppress(APIError):
            container.stop(timeout=STOP_SECONDS)
    reader.join(timeout=STOP_SECONDS)
    # A stream may end before the last line has reached it, if that has no end.
    for text in container.logs().splitlines()[len(lines) :]:
        take(text.decode(errors="replace"))
    container.reload()
    state: dict[str, Any] = container.attrs["State"]
    code = int(state["ExitCode"])
    how = "timed out" if timed_out else "out of memory" if state["OOMKilled"] else "exited"
    return Ended(how, code, "\n".join(lines[-TAIL_LINES:]))


def _waited(container: Container, timeout_seconds: float) -> bool:
    """Waits until a container has ended; returns whether it has, before the time was up.

    A wait that takes long and an engine that has died raise the same; asking for the state tells which it is.
    """
    began = time.monotonic()
    while True:
        left = timeout_seconds - (time.monotonic() - began) if timeout_seconds else TICK_SECONDS
        if left <= 0:
            return False
        try:
            container.wait(timeout=min(left, TICK_SECONDS))
        except requests.exceptions.RequestException:
            container.reload()
            if container.status not in ("exited", "dead"):
                continue
        except NotFound as error:
            raise HarnessError("its container was removed by somebody else; the same command goes on") from error
        return True


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
