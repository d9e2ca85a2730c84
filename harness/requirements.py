"""What a lock pins, and in what the running environment differs from it."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from harness.canon import digest_file

NAMES = ("requirements-cpu.lock", "requirements-cuda.lock", "requirements.lock")
# Where an environment that was made without a checkout keeps the lock that it was made from.
OWN = Path(sys.prefix) / NAMES[-1]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", re.MULTILINE)


@dataclass(frozen=True)
class Lock:
    """A lock file. Reading it asks no network and imports no package."""

    path: Path

    @cached_property
    def pins(self) -> dict[str, str]:
        """The version of every package that the lock wants on this platform, by normalised name."""
        return {
            canonicalize_name(name): version
            for name, version, marker in _PIN.findall(self.path.read_text(encoding="utf-8"))
            if not marker or Marker(marker.strip()).evaluate()
        }

    @cached_property
    def sha256(self) -> str:
        """The digest of the file's bytes."""
        return digest_file(self.path)

    def differences(self, installed: dict[str, str], among: Collection[str] = ()) -> Iterator[str]:
        """Yields in words every package of another version than the lock's, or missing; all packages, or those `among`."""
        for name, wanted in self.pins.items():
            found = installed.get(name)
            if found != wanted and (not among or name in among):
                yield f"{name} {found} instead of {wanted}" if found else f"{name} {wanted} missing"


def installed() -> dict[str, str]:
    """Returns the version of every installed package by normalised name; the first on the path counts, as for imports."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        if name := distribution.metadata["Name"]:
            found.setdefault(canonicalize_name(name), distribution.version)
    return found


def places() -> tuple[Path, Path]:
    """Returns where a lock may lie: beside the package (a checkout, an image), or in the environment's own folder."""
    return Path(__file__).parent.parent, OWN.parent


def at_hand(versions: dict[str, str], among: Collection[str], folders: Collection[Path] | None = None) -> Lock | None:
    """Returns the lock that the environment differs least from in the packages `among`; none if no folder has a lock.

    The first folder with a lock counts. So the Makefile's choice is found again: its two locks differ in torch.
    """
    for folder in places() if folders is None else folders:
        locks = [Lock(folder / name) for name in NAMES if (folder / name).is_file()]
        if locks:
            return min(locks, key=lambda lock: len([*lock.differences(versions, among)]))
    return None


def unlocked_imports(lock: Lock, versions: dict[str, str]) -> Iterator[str]:
    """Yields in words every package that this process has imported although the lock does not have it."""
    owners = metadata.packages_distributions()
    loaded = {name.partition(".")[0] for name in sys.modules}
    names = {canonicalize_name(owner) for module in loaded for owner in owners.get(module, ())}
    for name in sorted(names - lock.pins.keys() - {"harness"}):
        yield f"{name} {versions.get(name, '')} imported and not in it"
