"""The stage that measures domains: every measure where it can be taken, and the same again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest

from harness import judging
from harness.evidence import Evidence
from harness.execute import execute
from harness.records import KINDS, Success
from harness.similarity._files import read
from harness.spec.catalog import Catalog
from harness.store import Store

TINY = run_path(str(Path(__file__).with_name("tiny.py")))
MEASURES = ["jensen_shannon", "type_overlap", "centroid_cosine", "fisher_embedding", "length_difference"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = TINY["Tree"](tmp_path_factory.mktemp("alike"))
    vary = {**TINY["STUDY"]["vary"], "target": ["tiny_nli", "tiny_qa"]}
    arms = {"nli": {"tasks": ["tiny_nli"], "training": TINY["TRAINING"]}}
    made.write("studies", "alike", {**TINY["STUDY"], "vary": vary, "intermediate": arms, "similarity": MEASURES})
    return made


@pytest.fixture(scope="module")
def evidence(tree) -> Evidence:
    store, catalog = Store(tree.store), Catalog(tree.specs)
    plan = tree.plan("alike")
    corpora = [corpus for stage in plan.similarity.values() for corpus in plan.parents(stage)]
    wanted = (
        {stage.key for stage in plan.similarity.values()} | {c.key for c in corpora} | {k for c in corpora for k in c.inputs}
    )
    for stage in sorted(plan.stages, key=lambda stage: KINDS.index(stage.kind)):
        if stage.key in wanted:
            outcome = execute(stage, store, tree.data)
            assert isinstance(outcome, Success), outcome
    return Evidence(plan, store, catalog)


def test_one_stage_an_arm_and_target_whatever_the_seed(tree) -> None:
    plan = tree.plan("alike")
    assert set(plan.similarity) == {("tiny", "nli", "tiny_nli"), ("tiny", "nli", "tiny_qa")}
    assert len({stage.key for stage in plan.similarity.values()}) == 2
    for stage in plan.similarity.values():
        # By the encoder, and for Fisher information by it after the arm's task and after the target's without it.
        corpora = plan.parents(stage)
        (*alike, arm, target) = [parent for corpus in corpora for parent in plan.parents(corpus)]
        assert [parent.kind for parent in (*alike, arm, target)] == ["pretrain", "pretrain", "intermediate", "finetune"]
        assert " · none" in target.label


def test_what_an_encoder_makes_of_texts_is_made_once(tree) -> None:
    vary = {**TINY["STUDY"]["vary"], "target": ["tiny_nli", "tiny_qa"]}
    arms = {arm: {"tasks": [task], "training": TINY["TRAINING"]} for arm, task in (("nli", "tiny_nli"), ("qa", "tiny_qa"))}
    vary["intermediate"] = ["none", *arms]
    tree.write("studies", "crossed", {**TINY["STUDY"], "vary": vary, "intermediate": arms, "similarity": MEASURES})
    plan = tree.plan("crossed")
    corpora = [corpus for stage in plan.similarity.values() for corpus in plan.parents(stage)]
    # Two arms and two targets: each by the encoder and by what was trained, whatever it is paired with.
    assert (len(plan.similarity), len(corpora), len({corpus.key for corpus in corpora})) == (4, 16, 8)


def test_texts_are_compared_in_one_language_and_features_in_all(evidence) -> None:
    found = evidence.similarities()
    assert {(row["target"], row["language"], row["measure"]) for row in found} == {
        (target, language, measure)
        for target in ("tiny_nli", "tiny_qa")
        for language, measures in (("en", MEASURES), ("la", ["centroid_cosine", "fisher_embedding"]))
        for measure in measures
    }
    for row in found:
        assert row["low"] <= row["value"] <= row["high"]
        assert f"b:{row['target']}" in row["signature"]
        assert (row["n_a"], row["n_b"]) == (24, 10)
    assert all("layer:1|pool:mean" in row["signature"] for row in found if row["measure"] == "centroid_cosine")


def test_the_same_again(evidence, tree, tmp_path) -> None:
    stage = next(iter(evidence.plan.similarity.values()))
    store = Store(tmp_path / "store")
    corpora = evidence.plan.parents(stage)
    for parent in {parent.key: parent for corpus in corpora for parent in evidence.plan.parents(corpus)}.values():
        (store.root / parent.kind).mkdir(parents=True)
        (store.root / parent.kind / parent.key).symlink_to(tree.store / parent.kind / parent.key)
    for again in (*corpora, stage):
        assert isinstance(execute(again, store, tree.data), Success)
        outputs = [Store(root).manifest(root / again.kind / again.key).outputs for root in (tree.store, store.root)]
        assert outputs[0] == outputs[1]


def test_the_command_shows_them_or_says_what_computes_them(evidence, tree, tmp_path) -> None:
    def harness(store: Path, *more: str) -> subprocess.CompletedProcess[str]:
        place = ["--store", str(store), "--data", str(tree.data.root), "--specs", str(tree.specs)]
        command = [sys.executable, "-m", "harness", *place, "similarity", *more]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    table = harness(tree.store, "alike")
    assert (table.returncode, table.stderr) == (0, "")
    assert len([line for line in table.stdout.splitlines() if "jensen_shannon" in line]) == 2
    assert json.loads(harness(tree.store, "alike", "--json").stdout) == evidence.similarities()
    absent = harness(tmp_path / "empty", "alike")
    assert absent.returncode == 3
    assert "2 of 2 are not in the store; harness run" in absent.stderr
    assert "--only 'similarity *'" in absent.stderr
    assert "not taken of" not in table.stdout
    none = harness(tree.store, "small")
    assert none.returncode == 2
    assert "the study names no measures; list some under `similarity`" in none.stderr


def test_too_few_texts_are_a_doubt_and_no_failure(tree) -> None:
    plan, store = tree.plan("alike", 8), Store(tree.store)
    (stage, _) = plan.similarity.values()
    for one in plan.stages:
        if one.kind != "evaluate" and one.kind != "similarity" and "seed 2" not in one.label:
            assert isinstance(execute(one, store, tree.data), Success)
    outcome = execute(stage, store, tree.data)
    assert isinstance(outcome, Success)
    assert json.loads((store.path(stage) / "similarity.json").read_text()) == []
    said = "8 texts of tiny_nli and 8 of tiny_nli la are too few to be compared: at least 10 of each"
    assert said in outcome.doubts


def test_what_was_not_taken_is_said_with_the_reason(tree) -> None:
    vary = {**TINY["STUDY"]["vary"], "target": ["tiny_nli", "tiny_pairs"]}
    tree.write("studies", "gaps", {**TINY["STUDY"], "vary": vary, "similarity": MEASURES})
    plan = tree.plan("gaps")
    taken = {place: [m["name"] for m in stage.params["measures"]] for place, stage in plan.similarity.items()}
    # Retrieval draws no labels; and its rows are of another language than English.
    rows = [
        {"measure": m, "arm": arm, "target": target}
        for (_, arm, target), names in taken.items()
        for m in names
        if target == "tiny_nli" or m == "centroid_cosine"
    ]
    first, second = judging._gaps(plan, rows)
    assert first.startswith(
        "not taken of tiny_pairs: jensen_shannon, type_overlap, length_difference (reads texts of one lang"
    )
    assert second.startswith("not taken of tiny_pairs: fisher_embedding (needs labels that are drawn")
    every = "not taken of tiny_nli, tiny_pairs: jensen_shannon, type_overlap, centroid_cosine, length_difference ("
    assert next(judging._gaps(plan, [])).startswith(every)


def test_an_arm_of_several_tasks_has_each_task_s_rows_by_its_own_head(tree) -> None:
    vary = {**TINY["STUDY"]["vary"], "target": ["tiny_nli"]}
    tree.write("studies", "several", {**TINY["STUDY"], "vary": vary, "similarity": ["jensen_shannon", "fisher_embedding"]})
    plan, store = tree.plan("several"), Store(tree.store)
    (stage,) = plan.similarity.values()
    arm = plan.parents(stage)[2]
    tasks = [entry["task"]["name"] for entry in arm.params["tasks"]]
    assert len(tasks) > 1
    for one in (*(parent for parent in plan.stages if parent.key in arm.inputs), arm):
        for parent in plan.parents(one):
            assert isinstance(execute(parent, store, tree.data), Success)
        assert isinstance(execute(one, store, tree.data), Success)
    corpus = read(store.path(arm), "en")
    assert corpus.name == "+".join(tasks)
    assert len(corpus.fisher) == len(corpus.texts) == 24 * len(tasks)
    assert np.isfinite(corpus.fisher).all()
    assert corpus.fisher.any(1).all()
