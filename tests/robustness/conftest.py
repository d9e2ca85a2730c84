"""The laboratory of the judges, with attacks and measures of similarity."""

from __future__ import annotations

import json
import os
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest

from harness.records import Manifest

LAB = run_path(str(Path(__file__).parents[1] / "verify" / "conftest.py"))
SOURCE = {"paper": "none", "url": "https://example.org", "licence": "Apache-2.0", "citation": "none"}
N = 40


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what protects a store from a power cut: it takes most of the time of filling one."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def sizes() -> list[int | None]:
    """Return the limits of the five arms' rows, of which each task has 100."""
    return [None] * 5


@pytest.fixture
def lab(tmp_path: Path, sizes: list[int | None]) -> Any:
    """Return a study of the baseline and five arms, each on a task of its own, of one target under two attacks."""
    made = LAB["Lab"](tmp_path)
    made.model("tiny")
    for i in range(5):
        made.task(f"my_task{i}", *(["mnli"] if i == 0 else []))
    made.task("my_pairs", "pawsx")
    made._write("attacks", "slip", kind="typo", title="Slips", source=SOURCE)
    training = [{**made.training, "max_examples": n} for n in sizes]
    arms = {"none": [], **{f"a{i}": {"tasks": [f"my_task{i}"], "training": training[i]} for i in range(5)}}
    more = {"attacks": {"slip": [0.2, 1.0]}, "similarity": ["jensen_shannon", "centroid_cosine"]}
    made.study(arms=arms, targets=["my_pairs"], **more)
    return made


@pytest.fixture
def filled(lab) -> Any:
    """Fill the store: arm i is nearer than i - 1, and right more often under attack; the clean score is the same for all."""
    counted = LAB["counted"]
    ids = np.asarray([f"x{i:02d}" for i in range(N)])
    plan = lab.plan()
    for run in plan.runs:
        level = 0 if run.arm == "none" else int(run.arm[1:])
        stages = [(stage, 30, "none", x) for x, stage in run.evaluate.items()]
        stages += [
            (stage, {"slip@0.2": 20, "slip@1": 10}[attack] + 2 * level - (x == "la"), attack, x)
            for attack, by in run.attacked.items()
            for x, stage in by.items()
        ]
        for stage, n_right, attack, x in stages:
            if lab.store.has(stage):
                continue
            # Other items are right under the stronger attack, so that the worst of both is below either.
            order = np.arange(N) if attack != "slip@1" else np.arange(N)[::-1]
            right = order < n_right
            arrays = {"accuracy": counted(right), "flips": counted(np.arange(N) < 4), "ids": ids}
            score = {"task": "my_pairs", "language": x, "split": "test", "attack": attack, "metric": "accuracy"}
            scores = [{**score, "value": 100 * n_right / N, "n": N, "signature": "task:my_pairs", "key": stage.key}]
            folder = lab.store.work(stage) / "out"
            folder.mkdir()
            row = {"id": "x00", "gold": "yes", "before": {"text": "as it was", "prediction": "yes"}}
            row["after"] = {"text": "sa ti wsa", "prediction": "no"}
            (folder / "examples.json").write_text(json.dumps([row] if attack != "none" else []))
            np.savez(folder / "statistics.npz", **arrays)
            (folder / "scores.json").write_text(json.dumps(scores))
            lab.store.publish(Manifest(stage.key, stage, {}, {}, {}, "cpu", "2026-01-01T00:00:00+00:00", 1.0), folder)
    for (_, arm, _), stage in plan.similarity.items():
        i = int(arm[1:])
        one = {"low": 0.0, "high": 1.0, "matched": 0.5, "floor": 0.1, "n_a": 9, "n_b": 9, "n_matched": 4, "signature": "s"}
        rows = [{"language": "en", "measure": "jensen_shannon", "value": 0.9 - i / 10, **one}]
        rows += [{"language": x, "measure": "centroid_cosine", "value": i / 10, **one} for x in ("en", "la")]
        folder = lab.store.work(stage) / "out"
        folder.mkdir()
        (folder / "similarity.json").write_text(json.dumps(rows))
        lab.store.publish(Manifest(stage.key, stage, {}, {}, {}, "cpu", "2026-01-01T00:00:00+00:00", 1.0), folder)
    return lab
