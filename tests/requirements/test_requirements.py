"""What a lock pins here, which lock is taken, and what the environment has that it has not."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from harness import doctor, provenance, requirements
from harness.data import DataFolder
from harness.requirements import Lock
from harness.store import Store

HEAD = "# Made by hand.\n"
CPU = f"""{HEAD}Arrow_Like==1.0 \\
    --hash=sha256:{"0" * 64}
    # via torch
torch==2.13.0+cpu \\
    --hash=sha256:{"1" * 64} \\
    --hash=sha256:{"2" * 64}
"""
CUDA = f"""{HEAD}arrow-like==1.0 \\
    --hash=sha256:{"0" * 64}
torch==2.13.0 \\
    --hash=sha256:{"3" * 64}
driver==1 ; sys_platform == '{sys.platform}' \\
    --hash=sha256:{"4" * 64}
elsewhere==1 ; sys_platform == 'none' \\
    --hash=sha256:{"4" * 64}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "requirements-cpu.lock").write_text(CPU)
    (tmp_path / "requirements-cuda.lock").write_text(CUDA)
    return tmp_path


def test_pins_are_those_of_this_platform(folder: Path) -> None:
    assert Lock(folder / "requirements-cpu.lock").pins == {"arrow-like": "1.0", "torch": "2.13.0+cpu"}
    lock = Lock(folder / "requirements-cuda.lock")
    assert lock.pins == {"arrow-like": "1.0", "torch": "2.13.0", "driver": "1"}
    assert lock.sha256 == hashlib.sha256(CUDA.encode()).hexdigest()


def test_differences_are_named(folder: Path) -> None:
    lock = Lock(folder / "requirements-cuda.lock")
    assert [*lock.differences({"arrow-like": "1.0", "torch": "2.13.0", "driver": "1", "pip": "24"})] == []
    assert [*lock.differences({"arrow-like": "1.1", "torch": "2.13.0+cpu"})] == [
        "arrow-like 1.1 instead of 1.0",
        "torch 2.13.0+cpu instead of 2.13.0",
        "driver 1 missing",
    ]
    assert [*lock.differences({"torch": "2.13.0"}, ("torch", "unknown"))] == []


@pytest.mark.parametrize(
    ("torch", "name"),
    [("2.13.0+cpu", "requirements-cpu.lock"), ("2.13.0", "requirements-cuda.lock"), ("2.12.0", "requirements-cpu.lock")],
)
def test_the_lock_is_the_one_whose_torch_is_installed(folder: Path, torch: str, name: str) -> None:
    lock = requirements.at_hand({"torch": torch}, ["torch"], [folder / "empty", folder])
    assert lock is not None
    assert lock.path.name == name


def test_no_lock_at_hand(tmp_path: Path) -> None:
    assert requirements.at_hand({"torch": "2.13.0"}, ["torch"], [tmp_path]) is None


def test_what_is_imported_but_not_locked_is_named(folder: Path) -> None:
    # Both are imported by this very test; the lock knows neither.
    found = [*requirements.unlocked_imports(Lock(folder / "requirements-cpu.lock"), {"pytest": "9", "packaging": "26"})]
    assert "pytest 9 imported and not in it" in found
    assert "packaging 26 imported and not in it" in found
    assert not [line for line in found if line.startswith("harness ")]


def test_every_installed_package_is_found_by_its_normal_name() -> None:
    assert {"scikit-learn", "torch", "pytest-xdist"} <= set(requirements.installed())


def test_the_environment_tells_how_it_stands_to_the_lock(repository: Path) -> None:
    found = provenance.environment()
    if found["lock"]:
        digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in repository.glob("requirements-*.lock")}
        assert found["lock"] in digests
    assert bool(found["lock"]) == (not found["outside_lock"])


class TestDoctor:
    """The check names every difference and the lock, and stops nothing."""

    def found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: tuple[Path, ...]) -> doctor.Check:
        monkeypatch.setattr(requirements, "places", lambda: folders)
        checks = doctor.examine(Store(tmp_path / "store"), DataFolder(tmp_path / "data"))
        (check,) = [check for check in checks if check.name == "lock"]
        assert not check.fatal
        return check

    def test_differences(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        check = self.found(tmp_path, monkeypatch, (folder,))
        assert not check.ok
        assert check.found.startswith("requirements-c")
        assert "arrow-like 1.0 missing" in check.found
        assert "pytest" in check.found
        assert "--require-hashes" in check.advice

    def test_no_lock(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        check = self.found(tmp_path, monkeypatch, (tmp_path,))
        assert (check.ok, check.found) == (False, "no lock at hand")
        assert "requirements.lock" in check.advice

    def test_an_image_lacks_nothing_of_a_lock_that_holds_more_than_runs_need(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = tmp_path / requirements.NAMES[-1]
        torch = requirements.installed()["torch"]
        own.write_text(f"torch=={torch} \\\n    --hash=sha256:00\nnever-installed==1.0 \\\n    --hash=sha256:00\n")
        assert "never-installed 1.0 missing" in self.found(tmp_path, monkeypatch, (tmp_path,)).found
        monkeypatch.setattr(requirements, "OWN", own)
        assert "never-installed" not in self.found(tmp_path, monkeypatch, (tmp_path,)).found


def test_the_doctor_refuses_a_base_without_a_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "places", lambda: (tmp_path, tmp_path))

    def found() -> doctor.Check:
        checks = doctor.examine(Store(tmp_path / "store"), DataFolder(tmp_path / "data"))
        return next(check for check in checks if check.name == "base image")

    assert found().ok
    (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE=cuda:12\n")
    assert not found().ok
    assert "ARG BASE_IMAGE has to be NAME@sha256:DIGEST" in found().advice
    (tmp_path / "Dockerfile").write_text(f"ARG BASE_IMAGE=cuda:12@sha256:{'0123456789abcdef' * 4}\n")
    assert found().ok
