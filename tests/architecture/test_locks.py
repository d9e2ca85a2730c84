"""Both locks come from pyproject.toml, agree with each other, and install from any index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
CPU, CUDA = ROOT / "requirements-cpu.lock", ROOT / "requirements-cuda.lock"
TOOLS = sorted((ROOT / ".github" / "tools").glob("*.lock"))
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")

both = pytest.mark.parametrize("lock", [CPU, CUDA], ids=lambda path: path.stem)


def wanted() -> list[Requirement]:
    """Return what pyproject.toml asks for: to run, in every extra, and to build."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    own = project["project"]["dependencies"] + project["build-system"]["requires"]
    texts = [*own, *(text for extra in extras.values() for text in extra)]
    return [Requirement(text) for text in texts]


def entries(lock: Path) -> dict[str, tuple[Requirement, list[str]]]:
    """Return every entry of a lock by name: its requirement, and the lines of hashes under it."""
    found: dict[str, tuple[Requirement, list[str]]] = {}
    hashes: list[str] = []
    for line in lock.read_text().splitlines():
        if line.startswith("    --hash"):
            hashes.append(line.strip(" \\"))
        elif line and not line.lstrip().startswith("#"):
            requirement = Requirement(line.removesuffix("\\"))
            hashes = []
            assert canonicalize_name(requirement.name) not in found, "an entry for each platform needs another test"
            found[canonicalize_name(requirement.name)] = (requirement, hashes)
    return found


def version(requirement: Requirement) -> Version:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return Version(specifier.version)


@both
def test_every_requirement_is_locked_at_an_allowed_version(lock: Path) -> None:
    locked = entries(lock)
    for requirement in wanted():
        pinned, _ = locked[canonicalize_name(requirement.name)]
        # `2.13.0` in pyproject.toml allows `2.13.0+cpu`.
        assert requirement.specifier.contains(version(pinned), prereleases=True), f"{requirement}: {pinned}"


@both
def test_what_an_extra_of_a_requirement_brings_is_locked(lock: Path) -> None:
    assert "dvc-ssh" in entries(lock)


@pytest.mark.parametrize("lock", [CPU, CUDA, *TOOLS], ids=lambda path: path.stem)
def test_every_entry_has_hashes_and_names_no_place(lock: Path) -> None:
    for requirement, hashes in entries(lock).values():
        assert hashes, requirement
        assert all(HASH.fullmatch(line) for line in hashes), requirement
        assert requirement.url is None
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(r"^-|--(?!hash)|/", re.sub(r"^ *#.*", "", text, flags=re.MULTILINE), re.MULTILINE)


def test_the_two_differ_in_torch_and_in_what_its_cuda_build_needs() -> None:
    cpu, cuda = ({name: version(pin) for name, (pin, _) in entries(lock).items()} for lock in (CPU, CUDA))
    assert {name for name in cpu if cpu[name] != cuda.get(name)} == {"torch"}
    assert cpu["torch"].public == cuda["torch"].public
    assert (cpu["torch"].local, cuda["torch"].local) == ("cpu", None)


@pytest.mark.parametrize("lock", TOOLS, ids=lambda path: path.stem)
def test_tools_with_environments_of_their_own_are_locked(lock: Path) -> None:
    locked = entries(lock)
    for line in lock.with_suffix(".in").read_text().splitlines():
        if not line.startswith("#"):
            requirement = Requirement(line)
            assert requirement.specifier.contains(version(locked[canonicalize_name(requirement.name)][0]))


def test_make_lock_takes_every_extra() -> None:
    assert "--all-extras" in (ROOT / "Makefile").read_text()
