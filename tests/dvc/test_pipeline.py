"""The DVC pipeline: nothing runs twice, the store and DVC agree, bytes survive push and pull.

One test, since every step builds on the one before; it runs on a tiny study in a copy of the repository.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COPIED = (".dvc", ".dvcignore", ".gitignore", "data/.gitignore", "dvc.yaml", "harness", "image.digest", "specs")
STUDY = """\
name: mini
title: A tiny study
description: A few steps a stage.
vary: {encoder: [mini], intermediate: [none, nli], target: [mini_retrieval], seed: [1]}
languages: [la, lb]
max_test_examples: {mini_retrieval: 20}
intermediate:
  nli: {tasks: [mini_nli], training: {learning_rate: 0.003, max_steps: 4, batch_examples: 8}}
"""
CLAIMS = """\
schema_version: 1
paper: arXiv:2005.13013v2
benchmark: xtreme
encoder: FacebookAI/xlm-roberta-large
training: {learning_rate: 1.0e-5, warmup_fraction: 0.1}
claims:
  - id: C1
    statement: Intermediate training on MNLI improves Tatoeba.
    source: {document: A test, quote: MNLI improves Tatoeba}
    parts:
      - {kind: greater, arm: {intermediate: [mnli]}, targets: [tatoeba]}
"""
N_STAGES = 6  # pretrain, intermediate, and two languages for each of two arms


class Project:
    """A clone, and commands that run in it with nothing of the machine's own settings."""

    def __init__(self, folder: Path, tmp_path: Path) -> None:
        self.folder = folder
        programs = tmp_path / "bin"
        programs.mkdir(exist_ok=True)
        program = programs / "harness"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harness "$@"\n')
        program.chmod(0o755)
        home = tmp_path / "home"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "GIT_", "XDG_"))},
            "HOME": str(home),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder),
            "OMP_NUM_THREADS": "1",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(home / "site" / folder.name),
            "DVC_GLOBAL_CONFIG_DIR": str(home / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(home / "system"),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def do(self, *command: str) -> str:
        """Returns stdout and stderr of a command that has to succeed."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    def dvc(self, *arguments: str) -> str:
        """Runs DVC."""
        return self.do(sys.executable, "-m", "dvc", *arguments)

    def harness(self, *arguments: str) -> str:
        """Runs the project's own program."""
        return self.do("harness", *arguments)

    def commit(self) -> None:
        """Commits everything that Git does not ignore."""
        self.do("git", "add", "--all")
        self.do("git", "commit", "--quiet", "--message", "test")


@pytest.fixture
def project(repository: Path, tmp_path: Path) -> Project:
    """Returns a copy of the repository whose study `mini` trains for a few steps on a few rows."""
    folder = tmp_path / "first"
    for name in COPIED:
        source, target = repository / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "cache", "tmp", "config.local")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    (folder / "specs/studies/mini.yaml").write_text(STUDY)
    (folder / "claims.yaml").write_text(CLAIMS)
    model = folder / "specs/models/mini.yaml"
    # Wide enough for a file of weights that the store shares by a hard link.
    changed = re.sub(r"hidden_size: \d+", "hidden_size: 256", model.read_text())
    model.write_text(re.sub(r"max_steps: \d+", "max_steps: 4", changed))
    # The small validation text stands in for the training text.
    task = folder / "specs/tasks/mini_pretrain_n1.yaml"
    text = task.read_text()
    validation = re.search(r"validation:\n +en: (.*)\n", text)
    assert validation
    task.write_text(re.sub(r"(train:\n +en: ).*\n", lambda found: f"{found[1]}{validation[1]}\n", text))
    made = Project(folder, tmp_path)
    made.do("git", "init", "--quiet")
    made.commit()
    return made


def test_the_image_is_named_by_digest(repository: Path) -> None:
    line = (repository / "image.digest").read_text()
    assert re.fullmatch(r"none: run on the host\n|[^\s@]+@sha256:(?!(.)\1{63})[0-9a-f]{64}\n", line)
    study = re.search(r"\n  study:\n.*?    outs:", (repository / "dvc.yaml").read_text(), re.DOTALL)
    assert study
    assert "- image.digest\n" in study[0]


@pytest.mark.slow  # imports torch in four processes and starts DVC a dozen times
def test_from_data_to_report_and_into_another_clone(project: Project, tmp_path: Path) -> None:
    done = f"all {N_STAGES} stages are in store"
    # What the program computes on its own, DVC takes as it is.
    assert f"{N_STAGES} stages run" in project.harness("run", "specs/studies/mini.yaml")
    first = project.dvc("repro")
    assert done in first
    assert "stages run" not in first
    for name in ("index.html", "report.md", "metrics.json", "claims.json", "curves.json"):
        assert (project.folder / "reports/mini" / name).stat().st_size
    project.commit()

    again = project.dvc("repro")
    assert again.count("didn't change, skipping") == 4
    assert "Running stage" not in again

    assert list((project.folder / "store/files").iterdir())
    project.dvc("remote", "add", "--default", "--local", "here", str(tmp_path / "remote"))
    project.dvc("push")
    clone = pulled(project, tmp_path)
    assert "up to date" in clone.dvc("status")
    assert f"{N_STAGES} stages in store, every byte as written" in clone.harness("store", "verify")
    judged = clone.harness("verify", "claims.yaml", "--format", "json", "--allow", "contradicted,inconclusive")
    assert '"not_run": 0' in judged
    assert done in clone.harness("run", "specs/studies/mini.yaml")
    assert not (clone.folder / "store/files").exists()

    # What DVC runs, the program takes as it is.
    shutil.rmtree(next((clone.folder / "store/intermediate").iterdir()))
    assert "1 stages run" in clone.dvc("repro", "study")
    assert done in clone.harness("run", "specs/studies/mini.yaml")
    assert f"{N_STAGES} stages in store, every byte as written" in clone.harness("store", "verify")

    # Another claim is judged without another run.
    claims = project.folder / "claims.yaml"
    claims.write_text(CLAIMS + CLAIMS[CLAIMS.index("  - id: C1") :].replace("C1", "C2"))
    judged = project.dvc("repro")
    assert judged.count("didn't change, skipping") == 2
    changes = json.loads(project.dvc("metrics", "diff", "--json"))["reports/mini/metrics.json"]
    assert {name.split(".")[0] for name in changes} == {"verdicts"}
    # So is what another image would compute: the stage asks the store, which has everything.
    assert "Data and pipelines are up to date" in project.dvc("status", "study")
    (project.folder / "image.digest").write_text(f"registry.example.org/harness@sha256:{'0123' * 16}\n")
    assert re.search(r"modified:\s+image.digest", project.dvc("status", "study"))
    plots = project.dvc("plots", "show", "--show-vega", "reports/mini/curves.json")
    assert '"stage"' in plots


def pulled(project: Project, tmp_path: Path) -> Project:
    """Returns a fresh clone with everything that was pushed."""
    folder = tmp_path / "second"
    project.do("git", "clone", "--quiet", str(project.folder), str(folder))
    clone = Project(folder, tmp_path)
    clone.dvc("remote", "add", "--default", "--local", "here", str(tmp_path / "remote"))
    clone.dvc("pull")
    return clone
