"""`harness compare` as a user meets it: exit codes, one table no wider than a terminal, one JSON document."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from harness.plan import make_plan
from harness.records import Manifest
from harness.spec.catalog import Catalog
from harness.store import Store

STUDY = """
name: tiny
title: Two arms
description: Made by hand.
vary: {{encoder: [mini], intermediate: [none, nli], target: [mini_nli, mini_ner], seed: {seeds}}}
intermediate:
  nli: {{tasks: [mini_nli], training: {{learning_rate: 0.001, epochs: 1, batch_examples: 8}}}}
training:
  mini_nli: {{learning_rate: 0.001, epochs: 1, batch_examples: 8}}
  mini_ner: {{learning_rate: 0.001, epochs: 1, batch_examples: 8}}
languages: [la, lb]
"""


@pytest.fixture
def finished(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a workspace in which a small study is finished, by hand; the arm `nli` is better by 20 points."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    (workspace / "specs" / "studies" / "tiny.yaml").write_text(STUDY.format(seeds="[1, 2, 3]"), encoding="utf-8")
    catalog, store = Catalog(workspace / "specs"), Store(workspace / "store")
    plan = make_plan(catalog.study("tiny"), catalog)
    arms = {stage.key: run.arm for run in plan.runs for stage in run.evaluate.values()}
    for stage in plan.stages:
        if stage.kind == "trivial":
            continue
        out = store.work(stage) / "out"
        out.mkdir()
        if stage.kind == "evaluate":
            rng = np.random.default_rng(int(stage.key[:8], 16))
            hits = (rng.random(100) < (0.8 if arms[stage.key] == "nli" else 0.6)).astype(float)
            metric, task = stage.params["metrics"][0]["name"], stage.params["task"]["name"]
            columns = (hits, 1 - hits, 1 - hits) if metric == "chunk_f1" else (hits, np.ones(100))
            arrays = {metric: np.stack(columns, axis=-1), "ids": np.asarray([f"x{i}" for i in range(100)])}
            np.savez(out / "statistics.npz", **arrays)
            signature = f"task:{task}|metric:{metric}|lang:{stage.params['language']}|data:sha256-1234abcd|v:1.1.1"
            (out / "scores.json").write_text(json.dumps([{"metric": metric, "signature": signature}]))
        store.publish(Manifest(stage.key, stage, {}, {}, {}, "cpu", "2026-01-01T00:00:00+00:00", 1.0), out)
    return workspace


def key(workspace: Path, label: str) -> str:
    store = Store(workspace / "store")
    return next(path.name for path in store.entries() if store.manifest(path).stage.label == label)


def test_two_arms_of_a_study(finished, harness) -> None:
    done = harness("compare", "tiny", "tiny", "--arm", "nli", "--over", "none", cwd=finished)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[:3] == ["A: tiny nli", "B: tiny none", "encoder: mini"]
    assert [line.split()[:2] for line in lines if line.startswith("mini_")] == [
        [task, language] for task in ("mini_nli", "mini_ner") for language in ("la", "lb", "mean")
    ]
    assert "it speaks of the recipes, decides" in " ".join(done.out.split())
    assert "Holm over the 6 rows" in done.out
    assert ["intermediate", "trained", "on", "mini_nli", "–", "all", "targets"] in [line.split() for line in lines]


def test_the_document(finished, harness) -> None:
    done = harness("compare", "tiny", "specs/studies/tiny.yaml", "--arm", "nli", "--over", "none", "--json", cwd=finished)
    assert (done.code, done.err) == (0, "")
    found = done.document
    assert found["schema_version"] == 1
    assert [found[side]["kind"] for side in "ab"] == ["study", "study"]
    assert len(found["rows"]) == 6
    for row in found["rows"]:
        assert row["state"] == "compared"
        assert row["interval"][0] <= row["difference"] <= row["interval"][1]
        assert row["p"] <= row["p_adjusted"]
        assert row["p_examples"] < 0.01
        assert len(row["evidence_a"]) == len(row["evidence_b"]) == (6 if row["language"] == "mean" else 3)
        assert all(len(one) == 64 for one in row["evidence_a"])
        assert (row["n_seeds"], row["n_examples"]) == (3, 200 if row["language"] == "mean" else 100)
    assert [one["where"] for one in found["differs"]] == ["intermediate"]


def test_two_models(finished, harness) -> None:
    a, b = (key(finished, f"finetune mini_ner · {arm} · mini · seed 2") for arm in ("nli", "none"))
    folder = Path("store") / "finetune" / b
    done = harness("compare", a[:12], folder, cwd=finished)
    assert done.code == 0
    assert "It and the interval speak of these two models" in " ".join(done.out.split())
    assert max(map(len, done.out.splitlines())) <= 100
    assert harness("compare", a[:12], b[:12], "--json", cwd=finished).document["rows"][0]["n_seeds"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tiny", "tinny"), "'tinny' is neither a study nor the key of a result: did you mean 'tiny'?"),
        (("tiny", "tiny", "--arm", "nil", "--over", "none"), "--arm 'nil' is no arm of tiny: did you mean 'nli'?"),
        (("tiny", "tiny", "--over", "nil"), "--over 'nil' is no arm of tiny: did you mean 'nli'?"),
        (("tiny", "open"), "no target and language in common"),
        (("tiny", "claims"), "neither a study nor the key"),
        (("tiny", "store"), "no manifest.json in this folder"),
        (("tiny", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_wrong_names(finished, harness, arguments, message) -> None:
    done = harness("compare", *arguments, cwd=finished)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_nothing_to_compare(workspace, harness) -> None:
    done = harness("compare", "mini", "mini", "--arm", "nli", "--over", "none", cwd=workspace)
    assert (done.code, done.out) == (3, "")
    assert "harness run specs/studies/mini.yaml" in done.err
    assert harness("compare", "abc123", "mini", cwd=workspace).code == 3


def test_changed_bytes(finished, harness) -> None:
    path = finished / "store" / "evaluate" / key(finished, "evaluate mini_nli la · nli · mini · seed 1") / "scores.json"
    path.chmod(0o644)
    path.write_text("[]")
    done = harness("compare", "tiny", "tiny", "--arm", "nli", "--over", "none", cwd=finished)
    assert (done.code, done.out) == (5, "")
    assert str(path.relative_to(finished)) in done.err


def test_the_same_twice(finished, harness) -> None:
    done = harness("compare", "tiny", "tiny", cwd=finished)
    assert done.code == 0
    assert "No row compares two different results" in done.out
    assert "Nothing differs" in done.out
