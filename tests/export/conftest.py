"""A study of every family whose evaluations are invented here and written by the program's own stage."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.bundle import Request, write
from harness.cli import main
from harness.evidence import Evidence
from harness.plan import make_plan
from harness.records import Manifest, Stage
from harness.spec.catalog import Catalog
from harness.stages.evaluate import write_predictions, write_scores
from harness.store import Store

SHA = "0123456789abcdef" * 4
LANGUAGES = ["en", "zh"]
# Task → family, labels, metrics, the benchmark's format.
TASKS: dict[str, tuple[str, list[str], list[str], str]] = {
    "t_nli": ("sequence_classification", ["yes", "no"], ["accuracy"], "labels"),
    "t_pos": ("token_classification", ["NOUN", "SYM", "X"], ["upos_f1_v0", "token_accuracy"], "tags"),
    "t_qa": ("extractive_qa", [], ["mlqa_f1", "mlqa_exact_match"], "squad"),
    "t_copa": ("multiple_choice", [], ["accuracy"], "choices"),
    "t_pairs": ("sentence_retrieval", [], ["accuracy"], "labels"),
    "t_mined": ("sentence_retrieval", [], ["bitext_f1"], "pairs"),
}
STUDY = {
    "name": "small",
    "title": "A small study",
    "description": "Made by hand.",
    "vary": {"encoder": ["tiny"], "intermediate": ["none", "nli"], "target": list(TASKS), "seed": [3, 5]},
    "intermediate": {"nli": {"tasks": ["t_nli"], "training": {"learning_rate": 0.1, "epochs": 1, "batch_examples": 8}}},
    "training": {
        name: {"learning_rate": 0.1, "epochs": 1, "batch_examples": 8}
        for name, (family, *_) in TASKS.items()
        if family != "sentence_retrieval"
    },
}


def spec_of(name: str) -> dict[str, Any]:
    family, labels, metrics, _ = TASKS[name]
    is_trained = family != "sentence_retrieval"

    def rows(split: str, wanted: list[str]) -> dict[str, Any]:
        return {x: [{"files": [{"own": {"path": f"{name}/{split}.{x}", "what": "none"}}], "n": 12}] for x in wanted}

    splits = {"test": rows("test", LANGUAGES)}
    if is_trained:
        splits |= {"train": rows("train", ["en"]), "validation": rows("validation", ["en"])}
    return {
        "version": 1,
        "title": name,
        "role": "both" if is_trained else "target",
        "family": family,
        "languages": LANGUAGES,
        "train_language": "en" if is_trained else None,
        "labels": labels,
        "metrics": metrics,
        "reader": {"name": "jsonl_rows"},
        "splits": splits,
        "source": {"paper": "none", "url": "https://example.org", "licence": "Apache-2.0", "citation": "none"},
    }


def invented(task: str, seed: str) -> tuple[list[str], list[Any], list[Any]]:
    """Return ids, gold and predictions of twelve examples, about half of them right."""
    rng = random.Random(seed)
    ids = [f"x{i}" for i in range(12)]
    if task == "t_nli":
        return ids, [rng.choice(["yes", "no"]) for _ in ids], [rng.choice(["yes", "no"]) for _ in ids]
    if task == "t_pos":
        gold = [[rng.choice(["NOUN", "SYM", "X"]) for _ in range(rng.randint(1, 5))] for _ in ids]
        return ids, gold, [[tag if rng.random() < 0.6 else "X" for tag in tags] for tags in gold]
    if task == "t_qa":
        words = "the red cat 北京 大学 sees 1999".split()
        gold = [[" ".join(rng.choices(words, k=3)), "dog"] for _ in ids]
        return ids, gold, [answers[0] if rng.random() < 0.5 else " ".join(rng.choices(words, k=2)) for answers in gold]
    if task == "t_copa":
        return ids, [str(rng.randint(0, 1)) for _ in ids], [str(rng.randint(0, 1)) for _ in ids]
    if task == "t_pairs":
        return ids, list(ids), [name if rng.random() < 0.5 else rng.choice(ids) for name in ids]
    gold = [[f"en{i}"] if i % 2 else [] for i in range(12)]
    return ids, gold, [[f"en{i}"] if rng.random() < 0.5 else [] for i in range(12)]


def publish(store: Store, stage: Stage) -> None:
    """Publish an evaluation with invented predictions."""
    folder = store.work(stage) / "out"
    folder.mkdir()
    language = stage.params["language"]
    ids, gold, predicted = invented(stage.params["task"]["name"], stage.key)
    write_predictions(folder / "predictions.parquet", ids, language, gold, predicted)
    write_scores(folder, stage.params, stage.key, [{"id": i} for i in ids], {"": (language, gold, predicted)})
    code = {"commit": "c0ffee", "dirty": False}
    store.publish(Manifest(stage.key, stage, {}, code, {}, "cpu", "2026-01-01T00:00:00+00:00", 1.5), folder)


@pytest.fixture(scope="session")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of specs: the tasks, an encoder, the study, a benchmark over the tasks."""
    root = tmp_path_factory.mktemp("specs")
    hub = {"id": "example/tiny", "revision": SHA[:40]}
    scoring = {name: {"languages": LANGUAGES, "format": form, "metrics": m} for name, (_, _, m, form) in TASKS.items()}
    groups = {"sentences": ["t_nli", "t_copa"], "rest": ["t_pos", "t_qa"], "retrieval": ["t_pairs", "t_mined"]}
    benchmark = {"name": "tiny-bench", "title": "All", "groups": groups, "scoring": scoring, "citation": "none"}
    files = {f"tasks/{name}.yaml": {"name": name, **spec_of(name)} for name in TASKS}
    files |= {"models/tiny.yaml": {"name": "tiny", "title": "Tiny", "n_parameters": 1000, "hub": hub}}
    files |= {"studies/small.yaml": STUDY, "benchmarks/tiny-bench.yaml": benchmark}
    for name, spec in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(json.dumps(spec, indent=1))
    return root


@pytest.fixture
def evidence_of(specs: Path, tmp_path: Path) -> Callable[..., Evidence]:
    """Return a function that publishes the study's evaluations, all but those it is told to leave out."""

    def make(without: str = "nothing at all") -> Evidence:
        catalog, store = Catalog(specs), Store(tmp_path / "store")
        plan = make_plan(catalog.study("small"), catalog)
        for stage in plan.stages:
            if stage.kind == "evaluate" and without not in stage.label:
                publish(store, stage)
        return Evidence(plan, store, catalog)

    return make


CLAIMS = """
schema_version: 1
paper: nobody
benchmark: tiny-bench
encoder: example/tiny
claims:
  - id: better
    statement: Intermediate training helps.
    source: {document: nobody, quote: "it helps"}
    parts:
      - {kind: greater, arm: {intermediate: [t_nli]}}
      - {kind: selected_greater, targets: [t_qa]}
  - id: size
    statement: It helps by 40 points.
    source: {document: nobody, quote: "by 40 points"}
    parts: [{kind: value, arm: {intermediate: [t_nli]}, value: 40.0, margin: 1.0}]
"""


def publish_training(store: Store, stage: Stage) -> None:
    """Publish a training stage: events, a validation score, and an encoder and a head that nobody needs."""
    folder = store.work(stage) / "out"
    (folder / "encoder").mkdir(parents=True)
    (folder / "encoder" / "model.safetensors").write_bytes(stage.key.encode() * 10)
    (folder / "head.safetensors").write_bytes(b"head of " + stage.key.encode())
    (folder / "events.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "loss": 1.0}\n')
    (folder / "scores.json").write_text(json.dumps({"validation": 50 + int(stage.key[:2], 16) / 10, "metric": "accuracy"}))
    code = {"commit": "c0ffee", "dirty": False}
    environment = {"python": "3.11.7", "packages": {"numpy": "2.4.6", "torch": "2.13.0+cpu"}}
    store.publish(Manifest(stage.key, stage, {}, code, environment, "cpu", "2026-01-01T00:00:00+00:00", 12.25), folder)


def without_mined(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec that does not name the mined task."""
    kept = {key: value for key, value in spec.items() if key != "t_mined"}
    return {k: [x for x in v if x != "t_mined"] if isinstance(v, list) else v for k, v in kept.items()}


@pytest.fixture(scope="session")
def workspace(specs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with specs, claims and a store in which the study is finished. No test changes it."""
    root = tmp_path_factory.mktemp("workspace")
    shutil.copytree(specs, root / "specs")
    # A retrieval task that is mined is good for the leaderboard's files alone: deep checks refuse it.
    (root / "specs" / "tasks" / "t_mined.yaml").unlink()
    for name in ("benchmarks/tiny-bench.yaml", "studies/small.yaml"):
        spec = json.loads((root / "specs" / name).read_text(), object_hook=without_mined)
        (root / "specs" / name).write_text(json.dumps(spec, indent=1))
    (root / "claims.yaml").write_text(CLAIMS)
    (root / "requirements-cpu.lock").write_text("numpy==2.4.6\n")
    catalog, store = Catalog(root / "specs"), Store(root / "store")
    for stage in make_plan(catalog.study("small"), catalog).stages:
        (publish if stage.kind == "evaluate" else publish_training)(store, stage)
    return root


@pytest.fixture(scope="session")
def sealed(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the study's bundle. No test changes it."""
    return write(asked(workspace), tmp_path_factory.mktemp("bundles") / "small")


@pytest.fixture
def bundle(sealed: Path, tmp_path: Path) -> Path:
    """Return a copy of the study's bundle."""
    return shutil.copytree(sealed, tmp_path / "bundle")


def asked(workspace: Path, **more: Any) -> Request:
    """Return what asks for the bundle of the study in a workspace."""
    catalog = Catalog(workspace / "specs")
    evidence = Evidence(make_plan(catalog.study("small"), catalog), Store(workspace / "store"), catalog)
    code = {"commit": "c0ffee", "dirty": False}
    return Request(evidence, catalog.path("studies", "small"), workspace / "claims.yaml", code, **more)


@pytest.fixture
def request_of() -> Callable[..., Request]:
    """Return the function that asks for the bundle of the study in a workspace."""
    return asked


@pytest.fixture
def harness(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a command in this process, in a folder: exit code and both streams."""

    def run(*arguments: str | Path, cwd: Path) -> tuple[int, str, str]:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, arguments)])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return run
