"""Families that need rows beside those of the language they are evaluated in: a pool of all languages, or tuning rows."""

from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest

from harness.execute import execute
from harness.records import SIGNATURE_FIELDS, Stage, Success, fields
from harness.stages import evaluate
from harness.store import Store

TINY = run_path(str(Path(__file__).with_name("tiny.py")))
STUDY = {
    "title": "Retrieval",
    "description": "Both kinds.",
    "vary": {"encoder": ["tiny"], "intermediate": ["none"], "target": ["tiny_mining", "tiny_passages"], "seed": [1]},
    "training": {"tiny_passages": {**TINY["TRAINING"], "max_steps": 3, "epochs": None}},
}


def mining(split: str, language: str, n: int) -> list[dict[str, Any]]:
    """Return n pairs that are the same text twice, and as many sentences of either language without a partner."""
    rows = []
    for i in range(3 * n):
        text = " ".join(TINY["sentence"]((split, language, i), "en", 7))
        target, source = (text if i < 2 * n else None), (text if i < n or i >= 2 * n else None)
        rows.append(
            {
                "id": f"{language}-{i}" if target else f"en-{i}",
                "target": target,
                "source": source,
                "source_id": f"en-{i}" if source else None,
            }
        )
    return rows


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = TINY["Tree"](tmp_path_factory.mktemp("beside"))
    splits = {x: {"la": [made.file(f"tiny_mining.{x}", mining(x, "la", 10))]} for x in ("validation", "test")}
    pairs = made.read("tasks", "tiny_pairs")
    spec = {**pairs, "family": "bitext_mining", "metrics": ["bitext_f1"], "proxy_for": [], "splits": splits}
    made.write("tasks", "tiny_mining", spec)
    made.write("studies", "beside", STUDY)
    return made


@pytest.fixture(scope="module")
def outputs(tree: Any) -> dict[str, Path]:
    """Return the folder of each finished stage by the beginning of its label."""
    store = Store(tree.store)
    found = {}
    for stage in tree.plan("beside").stages:
        outcome = execute(stage, store, tree.data)
        assert isinstance(outcome, Success), outcome
        found[stage.label.partition(" ·")[0]] = store.path(stage)
    return found


def score(folder: Path) -> dict[str, Any]:
    (found,) = json.loads((folder / "scores.json").read_text())
    return found


def stages(tree: Any, name: str) -> list[Stage]:
    return [s for s in tree.plan("beside").stages if s.label.startswith(f"evaluate {name}")]


def signature(stage: Stage) -> str:
    return evaluate.signature(stage.params, stage.params["metrics"][0], stage.params["language"])


class TestTuned:
    def test_the_threshold_is_tuned_on_the_validation_rows_alone(self, tree, outputs) -> None:
        folder = outputs["evaluate tiny_mining la"]
        tuned = json.loads((folder / "tuned.json").read_text())
        (stage,) = stages(tree, "tiny_mining")
        validation = Stage("evaluate", {**stage.params, "data": stage.params["tuning"]}, stage.inputs)
        assert isinstance(execute(validation, Store(tree.store), tree.data), Success)
        other = Store(tree.store).path(validation)
        assert json.loads((other / "tuned.json").read_text()) == tuned
        assert score(other)["value"] >= score(folder)["value"]

    def test_an_example_is_a_foreign_sentence(self, outputs) -> None:
        folder = outputs["evaluate tiny_mining la"]
        with np.load(folder / "statistics.npz") as arrays:
            counts, ids = arrays["bitext_f1"], arrays["ids"].tolist()
        assert ids == [f"la-{i}" for i in range(20)]
        assert counts.shape == (20, 3)
        assert score(folder)["n"] == 20
        right, invented, missed = counts.sum(0)
        assert score(folder)["value"] == pytest.approx(100 * 2 * right / (2 * right + invented + missed))

    def test_tuning_rows_are_in_the_key_and_in_the_signature(self, tree, outputs) -> None:
        (stage,) = stages(tree, "tiny_mining")
        spec = tree.read("tasks", "tiny_mining")
        changed = {**spec, "splits": {**spec["splits"], "validation": spec["splits"]["test"]}}
        tree.write("tasks", "tiny_mining", changed)
        (other,) = stages(tree, "tiny_mining")
        tree.write("tasks", "tiny_mining", spec)
        assert stage.params["data"] == other.params["data"]
        assert stage.key != other.key
        assert signature(stage) != signature(other)

    def test_a_task_without_tuning_rows_is_refused(self, tree, outputs) -> None:
        from harness.check import check
        from harness.spec.catalog import Catalog

        spec = tree.read("tasks", "tiny_mining")
        path = tree.write("tasks", "tiny_mining", {**spec, "splits": {"test": spec["splits"]["test"]}})
        (problem,) = check(path, Catalog(tree.specs))
        tree.write("tasks", "tiny_mining", spec)
        assert problem.message == "no validation rows in 'la'"


def test_a_metric_of_groups_has_examples_of_its_own(tree, outputs, tmp_path) -> None:
    from harness.errors import SpecError

    rows = [{"id": f"c{i // 2}-q{i % 2}", "group": f"c{i // 2}"} for i in range(6)]
    params = {
        **stages(tree, "tiny_passages")[0].params,
        "metrics": [{"name": m, "version": 1} for m in ("squad_f1", "checklist_error")],
    }
    gold = [["cat"], ["dog"], ["cat"], ["dog"], ["cat"], ["dog"]]
    sets = {"": ("en", gold, ["cat", "dog", "cat", "cat", "cow", "cow"])}
    evaluate.write_scores(tmp_path, params, "k", rows, sets)
    f1, error = json.loads((tmp_path / "scores.json").read_text())
    assert (f1["value"], f1["n"]) == (50.0, 6)
    assert (error["value"], error["n"]) == (pytest.approx(200 / 3), 3)
    with np.load(tmp_path / "statistics.npz") as arrays:
        assert arrays["ids"].tolist() == [row["id"] for row in rows]
        assert arrays["checklist_error.ids"].tolist() == ["c0", "c1", "c2"]
        assert arrays["checklist_error"].tolist() == [[0, 1], [1, 1], [1, 1]]
    with pytest.raises(SpecError, match="names no group"):
        evaluate.write_scores(tmp_path, params, "k", [{"id": row["id"]} for row in rows], sets)


class TestPooled:
    def test_candidates_come_from_all_languages(self, outputs) -> None:
        import pyarrow.parquet

        for language in ("en", "la"):
            folder = outputs[f"evaluate tiny_passages {language}"]
            table = pyarrow.parquet.read_table(folder / "predictions.parquet").to_pydict()
            assert table["id"] == [f"test-{i}" for i in range(10)]
            ranked = [json.loads(text) for text in table["prediction"]]
            assert all(len(set(names)) == 20 for names in ranked)
            assert {name.partition("-")[0] for names in ranked for name in names} == {"en", "la"}
            gold = [json.loads(text) for text in table["gold"]]
            assert gold[3] == ["en-test-1-1", "la-test-1-1"]

    def test_the_pool_is_in_the_key_and_in_the_signature(self, tree, outputs) -> None:
        before = stages(tree, "tiny_passages")
        spec = tree.read("tasks", "tiny_passages")
        test = {**spec["splits"]["test"], "la": [tree.file("other", TINY["passages"]("test", "la", 8))]}
        tree.write("tasks", "tiny_passages", {**spec, "splits": {**spec["splits"], "test": test}})
        after = stages(tree, "tiny_passages")
        tree.write("tasks", "tiny_passages", spec)
        assert before[0].params["data"] == after[0].params["data"]
        assert before[0].key != after[0].key
        assert signature(before[0]) != signature(after[0])
        own = list(fields(signature(after[0])))
        assert own == [field for field in SIGNATURE_FIELDS if field in own]

    def test_validation_ranks_the_candidates_of_its_own_rows(self, outputs) -> None:
        found = json.loads((outputs["finetune tiny_passages"] / "scores.json").read_text())
        assert found["metric"] == "mean_average_precision"
        assert 0 < found["validation"] <= 100

    def test_candidates_of_no_question_are_in_the_pool_whatever_the_limit(self, tree, outputs) -> None:
        import pyarrow.parquet

        more = [
            {
                "id": f"x-{i}",
                "question": None,
                "passages": [f"word {i}"],
                "names": [f"x-{i}"],
                "context": None,
                "accepted": [],
            }
            for i in range(30)
        ]
        spec = tree.read("tasks", "tiny_passages")
        tree.write(
            "tasks",
            "tiny_passages",
            {**spec, "splits": {**spec["splits"], "candidates": {"mul": [tree.file("more", more)]}}},
        )
        found = stages(tree, "tiny_passages")
        tree.write("tasks", "tiny_passages", spec)
        before = stages(tree, "tiny_passages")
        assert {s.key for s in before}.isdisjoint(s.key for s in found)
        assert signature(before[0]) != signature(found[0])
        store = Store(tree.store)
        for full in found:
            stage = Stage("evaluate", {**full.params, "max_examples": 4}, full.inputs)
            assert isinstance(execute(stage, store, tree.data), Success)
            table = pyarrow.parquet.read_table(store.path(stage) / "predictions.parquet").to_pydict()
            ranked = [json.loads(text) for text in table["prediction"]]
            beginnings = {name.partition("-")[0] for names in ranked for name in names}
            assert beginnings == {"en", "la", "x"}

    def test_a_limit_cuts_queries_and_pool_alike(self, tree, outputs) -> None:
        import pyarrow.parquet

        store = Store(tree.store)
        for full in stages(tree, "tiny_passages"):
            stage = Stage("evaluate", {**full.params, "max_examples": 4}, full.inputs)
            assert isinstance(execute(stage, store, tree.data), Success)
            table = pyarrow.parquet.read_table(store.path(stage) / "predictions.parquet").to_pydict()
            assert len(table["id"]) == 4
            assert [len(json.loads(text)) for text in table["gold"]] == [2, 2, 2, 2]


def test_other_evaluations_have_the_params_that_they_had(tree) -> None:
    for stage in tree.plan("small").stages:
        assert not {"pool", "tuning"} & set(stage.params)
