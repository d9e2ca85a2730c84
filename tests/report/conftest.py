"""A small finished study whose statistics are made by hand: no training, no torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from harness import plugin
from harness.evidence import Evidence
from harness.plan import Plan, make_plan
from harness.records import Manifest, PartVerdict, Score, Stage, Verdict
from harness.report.verdicts import Results
from harness.spec.catalog import Catalog
from harness.store import Store

SHA = "0123456789abcdef" * 4

TASK = """
name: {name}
version: 1
title: {title}
role: both
family: {family}
languages: [en, la, lb]
labels: {labels}
metrics: [{metric}]
trivial: [{trivial}]
proxy_for: [{proxy}]
deviation: constructed languages
reader: {{name: jsonl_rows}}
splits:
  train: {{en: [{{files: [{{generated: {name}.train.jsonl, sha256: {sha}}}], n: 100}}]}}
  validation: {{en: [{{files: [{{generated: {name}.validation.jsonl, sha256: {sha}}}], n: 50}}]}}
  test:
    en: [{{files: [{{generated: {name}.en.jsonl, sha256: {sha}}}], n: 40}}]
    la: [{{files: [{{generated: {name}.la.jsonl, sha256: {sha}}}], n: 40}}]
    lb: [{{files: [{{generated: {name}.lb.jsonl, sha256: {sha}}}], n: 40}}]
source: {{paper: none, url: "https://example.org", licence: Apache-2.0, citation: none}}
"""
MODEL = f"""
name: tiny
title: A tiny encoder
n_parameters: 1000
hub: {{id: example/tiny, revision: {SHA[:40]}}}
disclosure: Saw the <b>test</b> languages as unlabelled text.
"""
STUDY = """
name: small
title: A small study & its <table>
description: Made by hand.
vary: {encoder: [tiny], intermediate: [none, nli], target: [small_nli, small_qa], seed: [1, 2]}
intermediate:
  nli: {tasks: [small_nli], training: {learning_rate: 0.001, epochs: 1, batch_examples: 8}}
training:
  small_nli: {learning_rate: 0.001, epochs: 1, batch_examples: 8}
  small_qa: {learning_rate: 0.001, epochs: 1, batch_examples: 8}
"""


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    root = tmp_path_factory.mktemp("specs")
    tasks = {
        "small_nli": {
            "title": "Inference",
            "family": "sequence_classification",
            "labels": "[entailment, neutral]",
            "metric": "accuracy",
            "trivial": "majority",
            "proxy": "xnli",
        },
        "small_qa": {
            "title": "Questions",
            "family": "extractive_qa",
            "labels": "[]",
            "metric": "squad_f1",
            "trivial": "word_overlap",
            "proxy": "xquad",
        },
    }
    files = {f"tasks/{name}.yaml": TASK.format(name=name, sha=SHA, **fields) for name, fields in tasks.items()}
    files |= {"models/tiny.yaml": MODEL, "studies/small.yaml": STUDY}
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Catalog(root)


@pytest.fixture(scope="session")
def plan(catalog: Catalog) -> Plan:
    return make_plan(catalog.study("small"), catalog)


@pytest.fixture
def evidence_of(catalog: Catalog, plan: Plan, tmp_path: Path) -> Callable[..., Evidence]:
    """Return a function that publishes the plan's stages, all but those it is told to leave out."""
    return lambda without=(): published(plan, catalog, Store(tmp_path / "store"), without)


@pytest.fixture(scope="session")
def evidence(catalog: Catalog, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Return the finished study. No test changes its store."""
    return published(plan, catalog, Store(tmp_path_factory.mktemp("finished") / "store"))


def published(plan: Plan, catalog: Catalog, store: Store, without: Iterable[str] = ()) -> Evidence:
    """Return the evidence after publishing every stage whose label has none of these words in it."""
    arms = {stage.key: run.arm for run in plan.runs for stage in run.evaluate.values()}
    for stage in plan.stages:
        if not any(word in stage.label for word in without):
            publish_stage(store, stage, bonus=0.2 if arms.get(stage.key) == "nli" else 0.0, n=40)
    return Evidence(plan, store, catalog)


def publish_stage(store: Store, stage: Stage, *, bonus: float, n: int, level: float = 0.5) -> None:
    """Publish a stage with invented outputs that depend on its key alone."""
    folder = store.work(stage) / "out"
    folder.mkdir()
    rng = np.random.default_rng(int(stage.key[:8], 16))
    doubts: tuple[str, ...] = ()
    if stage.kind == "evaluate":
        _evaluate(folder, stage, rng, level + bonus, n)
        if stage.params["language"] == "lb":
            doubts = (f"{stage.params['task']['name']} lb: 3.1 % of the examples were cut off",)
    elif stage.kind == "trivial":
        lines = [
            {
                "baseline": b["name"],
                "language": x,
                "metric": m["name"],
                "value": 30.0,
                "n": n,
                "key": stage.key,
            }
            for b in stage.params["baselines"]
            for x in stage.params["data"]
            for m in stage.params["metrics"]
        ]
        (folder / "scores.json").write_text(json.dumps(lines))
    else:
        steps = range(1, 201)
        events = [{"step": s, "loss": round(2.0 / s**0.5 + rng.uniform(0, 0.1), 4), "rate": 0.001} for s in steps]
        (folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
        (folder / "scores.json").write_text(json.dumps({"validation": 60.0, "metric": "accuracy", "n": 50}))
    manifest = Manifest(
        key=stage.key,
        stage=stage,
        outputs={},
        code={"commit": "c0ffee" * 6 + "c0ff", "dirty": False},
        environment={"python": "3.11.7", "packages": {"torch": "2.13.0"}, "threads": 1},
        device="x86_64",
        started="2026-01-01T00:00:00+00:00",
        seconds=1.5,
        doubts=doubts,
    )
    store.publish(manifest, folder)


def _evaluate(folder: Path, stage: Stage, rng: np.random.Generator, level: float, n: int) -> None:
    params = stage.params
    scores, arrays = [], {}
    for metric in params["metrics"]:
        counts = _counts(metric["name"], rng, level, n)
        arrays[metric["name"]] = counts
        value = float(plugin.load("harness.metrics", metric["name"]).aggregate(counts.sum(0)))
        where = (params["task"]["name"], params["language"], params["split"], "none", metric["name"])
        signature = f"metric:{metric['name']}|lang:{params['language']}|v:1"
        scores.append(Score(*where, value, n, signature, stage.key).to_json())
    np.savez(folder / "statistics.npz", **arrays, ids=np.asarray([f"x{i:04d}" for i in range(n)]))
    (folder / "scores.json").write_text(json.dumps(scores))


def _counts(metric: str, rng: np.random.Generator, level: float, n: int) -> np.ndarray:
    hits = (rng.random(n) < level).astype(float)
    if metric == "chunk_f1":
        return np.stack([hits, 1 - hits, 1 - hits], axis=-1)
    return np.stack([hits, np.ones(n)], axis=-1)


@pytest.fixture(scope="session")
def verdicts(plan: Plan) -> list[Verdict]:
    """Return one verdict of every outcome, with an enumeration, markup and a pipe in the texts."""
    keys = tuple(stage.key for run in plan.runs for stage in run.evaluate.values())
    source = {"document": "A paper, 2020", "quote": "Training on A & B <helps> by 8.2 | 7.5 points"}
    run = {"n_seeds": 2, "n_examples": 240, "signature": "kind:greater|v:1"}
    parts = {
        "reproduced": PartVerdict(
            "greater",
            "reproduced",
            "proxy",
            {"arm": "nli", "over": "none", "difference": "> 0"},
            20.04,
            (12.5, 27.96),
            0.0005,
            0.001,
            evidence=keys,
            next="a; b; c; d",
            **run,
        ),
        "contradicted": PartVerdict(
            "best",
            "contradicted",
            "proxy",
            {"arm": "nli", "rank": 1, "of": 2},
            -3.0,
            (-5.0, -1.0),
            0.01,
            0.02,
            evidence=keys[:3],
            note="a reading | of the claim",
            **run,
        ),
        "inconclusive": PartVerdict(
            "count",
            "inconclusive",
            "proxy",
            {"arms that improve": "at least 1 of 1"},
            1.0,
            (0.0, 1.0),
            0.2,
            0.4,
            evidence=keys[:1],
            next="4 seeds in all would decide an effect of this size",
            **run,
        ),
        "not_comparable": PartVerdict(
            "value",
            "not_comparable",
            "proxy",
            {"arm": "nli", "value": 8.2, "margin": 1.0, "over": "none"},
            20.0,
            (12.5, 28.0),
            evidence=keys,
            next="encoder: tiny for FacebookAI/xlm-roberta-large",
            **run,
        ),
        "not_run": PartVerdict(
            "greater",
            "not_run",
            "proxy",
            {"arm": {"intermediate": ["hellaswag"], "mlm": True, "translated": False}},
            next="harness run specs/studies/small.yaml",
        ),
    }
    return [
        Verdict(f"C{i}", f"Claim {i} is {outcome}.", source, part.kind, (part,), outcome, part.fidelity)
        for i, (outcome, part) in enumerate(parts.items(), 1)
    ]


@pytest.fixture
def results(verdicts: list[Verdict]) -> Results:
    """Return the verdicts with what their forms tell beside them."""
    return Results(tuple(verdicts), study="small", paper="paper")
