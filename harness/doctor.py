"""Is this machine fit to run? Each check: what was found, and what to do if it is not well."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from dataclasses import dataclass

from harness import image, provenance, requirements
from harness.data import DataFolder
from harness.errors import HarnessError, SpecError, StoreCorrupt
from harness.store import Store

NEEDED_BYTES = 5 << 30


@dataclass(frozen=True)
class Check:
    """One line of `harness doctor`. A fatal one, if not ok, stops every run."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    fatal: bool = False


def examine(store: Store, data: DataFolder) -> list[Check]:
    """Returns all checks, in a fixed order."""
    return [
        _python(),
        _packages(),
        _accelerator(),
        _lock(),
        _cores(),
        _engine(),
        _image(),
        _base(),
        _disk(store),
        _store(store),
        _data(data),
    ]


def _python() -> Check:
    ok = (3, 11) <= sys.version_info[:2] < (3, 13)
    return Check("python", ok, platform.python_version(), "" if ok else "Python 3.11 or 3.12 is needed", fatal=True)


def _packages() -> Check:
    found = provenance.environment()["packages"]
    missing = sorted(set(provenance.PACKAGES) - set(found))
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    advice = f"missing: {', '.join(missing)}; install the locked requirements (make .venv)" if missing else ""
    return Check("packages", not missing, text, advice, fatal=True)


def _accelerator() -> Check:
    try:
        import torch
    except ImportError:
        return Check("accelerator", False, "torch cannot be imported", "install the locked requirements (make .venv)")
    if torch.cuda.is_available():
        return Check("accelerator", True, f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}")
    built = f"torch {importlib.metadata.version('torch')}"
    return Check(
        "accelerator",
        True,
        f"none; {built} on the CPU",
        "enough for the small studies; a large one wants a GPU",
    )


def _lock() -> Check:
    """After the accelerator's check, which imports torch and all that torch brings along."""
    versions = requirements.installed()
    lock = requirements.at_hand(versions, provenance.PACKAGES)
    if lock is None:
        advice = f"what is computed here counts as outside the lock; put the one installed from at {requirements.OWN}"
        return Check("lock", False, "no lock at hand", advice)
    # An image carries the whole lock, and of its packages those that a run needs.
    among = versions if lock.path == requirements.OWN else ()
    found = [*lock.differences(versions, among), *requirements.unlocked_imports(lock, versions)]
    text = f"{lock.path.name} {lock.sha256[:12]}: "
    if not found:
        return Check("lock", True, f"{text}all {len(lock.pins.keys() & versions.keys())} packages as locked")
    return Check("lock", False, text + ", ".join(found), f"pip install --require-hashes -r {lock.path}")


def _cores() -> Check:
    return Check("processor cores", True, str(provenance.cores()))


def _engine() -> Check:
    try:
        from harness.engines import _docker

        with _docker.connected() as client:
            return Check("container engine", True, f"{client.version()['Version']} at {provenance.docker_host()}")
    except ImportError:
        return Check("container engine", True, "no docker SDK", "--engine container wants it: pip install '.[container]'")
    except HarnessError:
        said = f"none at {provenance.docker_host()}"
        return Check("container engine", True, said, "needed by --engine container alone; start it, or set DOCKER_HOST")


def _image() -> Check:
    try:
        reference = image.named()
    except SpecError as error:
        return Check("image", False, "not pinned", str(error))
    return Check("image", True, reference)


def _base() -> Check:
    """A base that is named by a tag alone is another one next month, and what was computed in it cannot be had again."""
    dockerfile = requirements.places()[0] / "Dockerfile"
    if not dockerfile.is_file():
        return Check("base image", True, "no Dockerfile at hand")
    reference, pinned = image.base(dockerfile)
    advice = "" if pinned else f"{dockerfile}: ARG BASE_IMAGE has to be NAME@sha256:DIGEST, the digest of a real image"
    return Check("base image", pinned, reference or "none", advice)


def _disk(store: Store) -> Check:
    folder = next(p for p in (store.root.absolute(), *store.root.absolute().parents) if p.exists())
    free = shutil.disk_usage(folder).free
    ok = free >= NEEDED_BYTES
    return Check(
        "disk",
        ok,
        f"{free / 1e9:.1f} GB free for {store.root}",
        "" if ok else "free some: a study may need 5 GB",
    )


def _store(store: Store) -> Check:
    n, broken = 0, ""
    for folder in store.entries():
        n += 1
        try:
            store.manifest(folder)
        except StoreCorrupt as error:
            broken = str(error)
    return Check("store", not broken, f"{n} stages in {store.root}", broken)


def _data(data: DataFolder) -> Check:
    n = sum(1 for p in (data.root / "files").glob("*") if len(p.name) == 64)
    advice = "" if n else "harness data fetch; the embedded study makes its own"
    return Check("data", True, f"{n} files in {data.root}", advice)
