"""What `new` writes passes `validate`; what it cannot write leaves everything as it was."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.scaffold import FAMILIES


@pytest.fixture
def place(tmp_path: Path, repository: Path) -> Path:
    """Return a folder with the project's specs and claims."""
    shutil.copytree(repository / "specs", tmp_path / "specs")
    shutil.copy(repository / "claims.yaml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_task_is_valid_and_says_what_is_next(family, place, harness) -> None:
    done = harness("new", "task", "my_task", "--family", family, cwd=place)
    assert (done.code, done.err) == (0, "")
    assert "data/own/my_task" in done.out
    assert harness("validate", "specs/tasks/my_task.yaml", cwd=place).code == 0
    assert "bring your own" in harness("data", "status", "my_task", cwd=place).out


def test_a_new_claim_is_valid(place, harness) -> None:
    assert harness("new", "claim", "C10", cwd=place).code == 0
    assert harness("validate", "claims.yaml", cwd=place).code == 0
    again = harness("new", "claim", "C10", cwd=place)
    assert (again.code, "there is a claim C10 already" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("task", "mini_nli"), "there is such a task already; harness show mini_nli"),
        (("task", "My Task"), "is no name: small letters"),
        (("task", "my_task", "--family", "extractive"), "did you mean 'extractive_qa'?"),
        (("claim", "not an id"), "id"),
        (("claim", "C10", "--file", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_cannot_be_written_leaves_all_as_it_was(arguments: tuple[str, ...], said: str, place, harness) -> None:
    def everything() -> dict[str, Any]:
        return {str(path): path.read_bytes() for path in place.rglob("*") if path.is_file()}

    before = everything()
    done = harness("new", *arguments, cwd=place)
    assert done.code == 2
    assert said in done.err
    assert everything() == before
