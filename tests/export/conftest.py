"""A study of every family whose evaluations are invented here and written by the program's own stage."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
        return {x: [{"files": [{"generated": f"{name}.{split}.{x}", "sha256": SHA}], "n": 12}] for x in wanted}

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
