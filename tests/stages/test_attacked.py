"""Evaluation on attacked rows: nothing is trained again, and a row that the attack leaves alone keeps its prediction."""

from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from harness.execute import execute
from harness.records import Stage, Success, fields
from harness.stages import evaluate
from harness.store import Store

TINY = run_path(str(Path(__file__).with_name("tiny.py")))
SOURCE = {"paper": "none", "url": "https://example.org", "licence": "Apache-2.0", "citation": "none"}
STUDY = {
    **TINY["STUDY"],
    "vary": {
        "encoder": ["tiny"],
        "intermediate": ["none"],
        "target": ["tiny_nli", "tiny_qa", "tiny_pairs", "tiny_passages"],
        "seed": [1],
    },
    "intermediate": {},
    "training": {**TINY["STUDY"]["training"], "tiny_passages": {**TINY["TRAINING"], "max_steps": 3, "epochs": None}},
    "attacks": {"slip": [0.05, 1.0], "switch": [1.0], "beside": [1.0], "near": [1.0]},
    "lexicon": "tiny_pairs",
}
KINDS = {"slip": "typo", "switch": "code_switch", "beside": "distractor", "near": "hard_pool"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = TINY["Tree"](tmp_path_factory.mktemp("attacked"))
    for name, kind in KINDS.items():
        made.write("attacks", name, {"kind": kind, "title": name, "source": SOURCE})
    made.write("studies", "attacked", STUDY)
    return made


@pytest.fixture(scope="module")
def done(tree) -> dict[str, tuple[Stage, Path]]:
    """Return each finished stage with its folder, by the beginning of its label."""
    store, found = Store(tree.store), {}
    for stage in tree.plan("attacked").stages:
        outcome = execute(stage, store, tree.data)
        assert isinstance(outcome, Success), outcome
        found[stage.label.partition(" ·")[0]] = (stage, store.path(stage))
    return found


def predictions(folder: Path) -> dict[str, str]:
    table = pyarrow.parquet.read_table(folder / "predictions.parquet")
    return dict(zip(table["id"].to_pylist(), table["prediction"].to_pylist(), strict=True))


def test_each_target_meets_the_attacks_of_its_family(done) -> None:
    found = {label for label in done if "@" in label}
    assert found == {
        *(f"evaluate tiny_nli {x} {a}" for x in ("en", "la") for a in ("slip@0.05", "slip@1", "switch@1")),
        *(f"evaluate tiny_qa {x} {a}" for x in ("en", "la") for a in ("slip@0.05", "slip@1", "switch@1", "beside@1")),
        *(f"evaluate tiny_pairs la {a}" for a in ("slip@0.05", "slip@1", "switch@1", "near@1")),
        *(f"evaluate tiny_passages {x} {a}" for x in ("en", "la") for a in ("slip@0.05", "slip@1", "switch@1", "near@1")),
    }


@pytest.mark.parametrize("label", ["evaluate tiny_nli la slip@0.05", "evaluate tiny_qa en slip@0.05"])
def test_what_is_not_changed_keeps_its_prediction(label, done, tree, monkeypatch) -> None:
    stage, folder = done[label]
    clean = done[label.rpartition(" ")[0]][1]
    counts = json.loads((folder / "attacked.json").read_text())
    assert 0 < counts["n_changed"] < counts["n_rows"] == 10
    asked: list[int] = []
    module = evaluate.family(stage.params["task"])
    features = module.features
    monkeypatch.setattr(module, "features", lambda rows, *more: asked.append(len(rows)) or features(rows, *more))
    store = Store(tree.root / f"again-{label[9:15]}")
    for parent in (tree.store / "finetune", tree.store / "evaluate", tree.store / "pretrain"):
        target = store.root / parent.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.mkdir()
            for entry in parent.iterdir():
                if entry.name != stage.key:
                    (target / entry.name).symlink_to(entry)
    assert isinstance(execute(stage, store, tree.data), Success)
    assert asked == [counts["n_changed"]]
    again, before = predictions(store.path(stage)), predictions(clean)
    assert again == predictions(folder)
    flips = sum(again[i] != before[i] for i in again)
    assert flips == counts["n_flips"] <= counts["n_changed"]


def test_flips_are_a_statistic_and_no_score(done) -> None:
    stage, folder = done["evaluate tiny_nli la slip@1"]
    with np.load(folder / "statistics.npz") as arrays:
        assert arrays["flips"].shape == (10, 2)
        assert arrays["flips"][:, 1].tolist() == [1] * 10
        assert arrays["flips"][:, 0].sum() == json.loads((folder / "attacked.json").read_text())["n_flips"]
    (score,) = json.loads((folder / "scores.json").read_text())
    assert (score["metric"], score["attack"]) == ("accuracy", "slip@1")
    plainly = evaluate.signature({**stage.params, "attack": "none"}, {"name": "accuracy", "version": 1}, "la")
    signed, plain = fields(score["signature"]), fields(plainly)
    assert (signed["attack"], plain["attack"]) == ("slip@1", "none")
    assert signed["data"] != plain["data"]


def test_rows_that_do_not_meet_the_condition_are_left_out_and_counted(done) -> None:
    _, folder = done["evaluate tiny_nli en switch@1"]
    counts = json.loads((folder / "attacked.json").read_text())
    assert counts["n_kept"] == 0  # the lexicon is of the other language's words
    assert json.loads((folder / "scores.json").read_text())[0]["value"] is None
    # Nobody expected otherwise, so it is no doubt.
    assert not json.loads((folder / "manifest.json").read_text())["doubts"]
    _, folder = done["evaluate tiny_nli la switch@1"]
    assert json.loads((folder / "attacked.json").read_text())["n_kept"] > 0


def test_many_left_out_rows_are_a_doubt(done) -> None:
    told = set()
    for stage, folder in done.values():
        manifest = json.loads((folder / "manifest.json").read_text())
        if stage.kind == "evaluate" and stage.params["attack"] != "none" and stage.params["attack"].get("lexicon", True):
            counts = json.loads((folder / "attacked.json").read_text())
            is_told = "do not meet the attack's condition and are left out" in " ".join(manifest["doubts"])
            assert is_told == (counts["n_kept"] < 0.8 * counts["n_rows"]), stage.label
            told.add(is_told)
    assert told == {True, False}


def test_a_pool_keeps_all_its_sentences_and_gets_new_ones(done) -> None:
    _, folder = done["evaluate tiny_pairs la near@1"]
    counts = json.loads((folder / "attacked.json").read_text())
    assert counts["n_changed"] == counts["n_kept"] > 0
    assert set(predictions(folder)) <= set(predictions(done["evaluate tiny_pairs la"][1]))


def test_near_duplicates_are_searched_with_the_pool_of_all_languages(done) -> None:
    def ranked(label: str) -> list[list[str]]:
        return [json.loads(text) for text in predictions(done[label][1]).values()]

    near = [name for names in ranked("evaluate tiny_passages la near@1") for name in names if "+" in name]
    assert near
    assert {name.partition("-")[0] for name in near} == {"la"}
    for label in ("evaluate tiny_passages la", "evaluate tiny_passages la slip@1"):
        assert not any("+" in name for names in ranked(label) for name in names)


@pytest.mark.parametrize(
    "label",
    [
        "evaluate tiny_nli la slip@1",
        "evaluate tiny_qa en beside@1",
        "evaluate tiny_pairs la near@1",
        "evaluate tiny_passages la near@1",
    ],
)
def test_strength_0_gives_the_clean_predictions(label, done, tree) -> None:
    stage, _ = done[label]
    clean = done[label.rpartition(" ")[0]][1]
    nothing = Stage("evaluate", {**stage.params, "attack": {**stage.params["attack"], "strength": 0.0}}, stage.inputs)
    assert isinstance(execute(nothing, Store(tree.store), tree.data), Success)
    folder = Store(tree.store).path(nothing)
    counts = json.loads((folder / "attacked.json").read_text())
    assert (counts["n_changed"], counts["n_flips"]) == (0, 0)
    before = predictions(clean)
    assert predictions(folder) == {i: before[i] for i in predictions(folder)}
    if counts["n_kept"] == counts["n_rows"]:
        scores = [[s["value"] for s in json.loads((f / "scores.json").read_text())] for f in (folder, clean)]
        assert scores[0] == scores[1]
