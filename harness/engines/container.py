"""Containers on this machine: each stage is computed in one of its own. What is computed is published from outside.

A container sees its parents and the pinned data, read-only, and the stage's work folder; no network. The image is held
against this program before anything starts: the same code, or nothing is run.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import image as images
from harness import provenance
from harness.compute import REQUEST, RESULT, Compute, Computed, ask, n_threads
from harness.engines import Function, Options
from harness.engines.local import LocalEngine
from harness.errors import HarnessError, SpecError, StageFailed
from harness.records import JSON, Outcome, Stage
from harness.stages import Job
from harness.store import Store

if TYPE_CHECKING:
    from harness.engines._docker import Ended, Limits

STORE, KEY, RUN = "harness.store", "harness.key", "harness.run"
LOG = "log"
# What is still being removed after so long is left to the engine, or to the next run.
PATIENCE_SECONDS = 20
_PYTHON = ("/opt/harness/bin/python", "-m", "harness.compute")
_WORK, _DATA, _PARENTS, _HUB = "/work", "/data", "/parents", "/hub"


class Inside(Exception):
    """What was raised, or printed, inside a container; it stands in a failure's traceback."""


@dataclass(frozen=True)
class InContainer:
    """Computes a job in a container. Plain data: it is sent to worker processes."""

    image: JSON
    limits: JSON
    run: str
    verbose: bool

    def __call__(self, job: Job) -> Computed:
        """Returns what is to be told of the stage. Raises StageFailed, with what to do, if its container fails."""
        from harness.engines import _docker

        folder = job.work
        (folder / RESULT).unlink(missing_ok=True)
        parents = {path: f"{_PARENTS}/{path.parent.name}/{path.name}" for path in job.inputs}
        given = {**parents, job.data.root / "files": f"{_DATA}/files", provenance.hub_cache(): _HUB}
        inputs = tuple(Path(place) for place in parents.values())
        request = ask(job, inputs, Path(_DATA), Path(_WORK))
        (folder / REQUEST).write_text(json.dumps(request), encoding="utf-8")
        store = _name(folder.parent.parent)
        labels = {STORE: store, KEY: job.stage.key}
        limits = _docker.Limits(**self.limits)
        _hand_over(folder, *_docker.ids())
        with _docker.connected() as client, (folder / LOG).open("w", encoding="utf-8") as log:

            def line(text: str) -> None:
                log.write(f"{text}\n")
                log.flush()
                if self.verbose:
                    sys.stderr.write(f"{job.stage.label} | {text}\n")

            # We hold the stage's lock, so whoever started such a container is no more.
            _docker.remove(client, labels)
            ended = _docker.run(
                client,
                self.image["id"],
                (*_PYTHON, _WORK),
                limits,
                n_cpus=n_threads(job.stage),
                environment={"HF_HUB_CACHE": _HUB, "HF_HUB_OFFLINE": "1"},
                labels={**labels, RUN: self.run},
                read={path: place for path, place in given.items() if path.is_dir()},
                write={folder: _WORK},
                line=line,
            )
        _hand_over(folder, os.getuid(), os.getgid())
        return self._computed(folder / RESULT, ended, limits)

    def _computed(self, path: Path, ended: Ended, limits: Limits) -> Computed:
        goes_on = "the same command goes on from the last checkpoint"
        result = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if "computed" in result:
            done = result["computed"]
            return Computed(**{**done, "doubts": tuple(done["doubts"]), "image": self.image})
        if "failed" in result:
            raise StageFailed(result["failed"]["message"]) from Inside(result["failed"]["traceback"])
        if ended.how == "timed out":
            why = f"not done within --timeout {limits.timeout_seconds:g} seconds"
        elif ended.how == "out of memory":
            why = f"it wanted more than {limits.memory_bytes / (1 << 30):.1f} GiB of memory: raise --memory or lower --jobs"
        else:
            why = f"its container ended with exit status {ended.code}"
        raise StageFailed(f"{why}; {goes_on}") from Inside(ended.output)


class ContainerEngine:
    """`jobs` containers at once. A container that dies fails its own stage only; none outlives the run."""

    def __init__(self, jobs: int, how: InContainer) -> None:
        self.jobs = jobs
        self.compute: Compute = how
        self._run = how.run

    def map(
        self,
        function: Function,
        stages: Sequence[Stage],
        watch: Callable[[Sequence[Stage]], None] | None = None,
    ) -> Iterator[Outcome]:
        """Yields outcomes as they come, in the order of the local engine, whose workers wait for the containers."""
        from harness.engines import _docker

        try:
            yield from LocalEngine(self.jobs).map(function, stages, watch)
        finally:
            # Ctrl-C has ended the workers. A container that one of them had only just asked for may still be coming.
            with _docker.connected() as client:
                give_up = time.monotonic() + PATIENCE_SECONDS
                while _docker.remove(client, {RUN: self._run}) and time.monotonic() < give_up:
                    time.sleep(0.1)


def make(jobs: int, options: Options) -> ContainerEngine:
    """Returns the engine for `jobs` containers at once, after a look at daemon, image and GPUs.

    Removes the containers that a killed run has left to this store. Raises HarnessError, with what to do, if the image is
    missing or is not made of this code.
    """
    if options.gpus not in ("none", "all") and not (options.gpus.isdecimal() and int(options.gpus)):
        raise SpecError(f"--gpus {options.gpus}: it is `none`, `all` or a number")
    try:
        from harness.engines import _docker
    except ImportError:
        raise HarnessError("--engine container wants the docker SDK: pip install '.[container]'") from None
    memory = options.memory_bytes or _memory() // jobs
    limits = _docker.Limits(memory, options.gpus, options.timeout_seconds)
    run = uuid.uuid4().hex
    _sweep(options.store)
    with _docker.connected() as client:
        found = _docker.find_image(client, options.image or images.named())
        identity = images.identity(found.attrs, f"{client.version()['Version']}")
        about = _docker.run(
            client,
            identity["id"],
            (*_PYTHON, "about"),
            limits,
            labels={STORE: _name(options.store), RUN: run},
            read={},
            write={},
            line=lambda _: None,
        )
    _check(about.output, options.image or images.named(), identity)
    return ContainerEngine(jobs, InContainer(identity, limits.__dict__, run, options.verbose))


def _check(output: str, reference: str, identity: JSON) -> None:
    try:
        about = json.loads(output.splitlines()[-1])
        source = about["source"]
    except (IndexError, ValueError, KeyError, TypeError):
        raise HarnessError(f"{reference} is no image of this program: {output.strip()[-300:] or 'no answer'}") from None
    ours = provenance.source()
    if source != ours:
        made = f"it was made from commit {identity['commit'][:12]}; check that out, or " if identity["commit"] else ""
        raise HarnessError(
            f"{reference} holds other code ({source[:12]}) than this program ({ours[:12]}): {made}build it anew "
            "(docs/container.md)"
        )


def _sweep(store: Path) -> None:
    """Removes containers of stages that nobody computes any more: their harness was killed."""
    from harness.engines import _docker

    labels = {STORE: _name(store)}
    with _docker.connected() as client:
        for key in sorted(_docker.labelled(client, labels, KEY)):
            with Store(store).lock_if_free(key) as ours:
                if ours:
                    _docker.remove(client, {**labels, KEY: key})


def _name(store: Path) -> str:
    return str(store.resolve())


def _hand_over(folder: Path, user: int, group: int) -> None:
    """Gives a work folder to whom a container runs as, or takes it back; only root can, and only root has to."""
    if os.getuid():
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, group, follow_symlinks=False)


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
