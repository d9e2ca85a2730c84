"""A tiny study that the command has run, and the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

TINY = run_path(str(Path(__file__).parents[1] / "stages" / "tiny.py"))
CLAIMS = {
    "schema_version": 1,
    "paper": "a paper",
    "benchmark": "xtreme",
    "encoder": "example/encoder",
    "claims": [
        {
            "id": "T1",
            "statement": "Training on sentence pairs helps.",
            "source": {"document": "a paper", "quote": "it helps"},
            "parts": [
                {"kind": "greater", "arm": {"intermediate": "all"}},
                {"kind": "value", "arm": {"intermediate": "all"}, "value": 5.0, "margin": 1.0},
                {"kind": "provenance", "phases": ["pretrained", "intermediate", "finetune", "evaluate"]},
            ],
        },
        {
            "id": "T2",
            "statement": "Retrieval gains most.",
            "source": {"document": "a paper", "quote": "most"},
            "parts": [{"kind": "ordering", "group": "retrieval"}],
        },
    ],
}


class Place:
    """A folder with specs, data, claims and a store, in which the command is run."""

    def __init__(self, tree: Any, repository: Path) -> None:
        self.tree, self.repository = tree, repository
        self.root, self.store = tree.root, tree.store
        (self.root / "claims.yaml").write_text(json.dumps(CLAIMS, indent=1))

    def __call__(self, *arguments: object, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the command and check its exit code, and that it shows no traceback."""
        command = [sys.executable, "-m", "harness", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(self.repository), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == exit_code, done.stdout[-2000:] + done.stderr[-4000:]
        assert "Traceback" not in done.stderr
        return done

    def states(self, study: str = "small") -> dict[str, str]:
        """Return the state of each stage of the plan by its label."""
        found = json.loads(self("plan", study, "--json").stdout)
        return {row["label"]: row["state"] for row in found["stages"]}

    def not_done(self, study: str = "small") -> list[str]:
        """Return the labels of the stages that would have to run."""
        return sorted(label for label, state in self.states(study).items() if state != "done")


def make(root: Path, repository: Path) -> Place:
    return Place(TINY["Tree"](root), repository)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Place:
    """Return a place where the study has been run; to be read, not to be changed."""
    place = make(tmp_path_factory.mktemp("finished"), repository)
    done = place("run", "small", "--jobs", "2")
    n = len(place.tree.plan().stages)
    assert done.stdout == f"small: {n} stages run, all {n} are in store\n"
    assert done.stderr.count("[") == n
    return place


@pytest.fixture
def place(finished: Place, tmp_path: Path, repository: Path) -> Place:
    """Return a copy of the finished place."""
    shutil.copytree(finished.root, tmp_path / "place")
    return make(tmp_path / "place", repository)


@pytest.fixture
def new_place(tmp_path: Path, repository: Path) -> Callable[[], Place]:
    """Return a function that makes a place where nothing has been run."""
    return lambda: make(tmp_path / "new", repository)
