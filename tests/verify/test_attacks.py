"""Claims about attacked rows: what counts is the score, the drop or the flips on those that meet the attack's condition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

SOURCE = {"paper": "none", "url": "https://example.org", "licence": "Apache-2.0", "citation": "none"}
GREATER = {"kind": "greater", "arm": {"intermediate": ["mnli"]}, "targets": ["pawsx"]}
N = 40


@pytest.fixture
def lab(lab) -> Any:
    lab._write("attacks", "slip", kind="typo", title="Slips", source=SOURCE)
    arms = {"none": [], "a": ["my_nli"], "b": ["my_qa"]}
    lab.study(arms=arms, targets=["my_pairs"], attacks={"slip": [0.2, 1.0]})
    return lab


def fill(lab, truths, clean: dict[str, int], attacked: dict[str, int], kept: slice, flips: int = 0) -> None:
    """Publish evaluations in which the first so many items are right; `kept` of them are attacked, of which some flip."""
    for run in lab.plan().runs:
        stages = [(stage, clean[run.arm], slice(None)) for stage in run.evaluate.values()]
        stages += [(s, attacked[run.arm], kept) for by in run.attacked.values() for s in by.values()]
        for stage, n_right, own in stages:
            if lab.store.has(stage):
                continue
            right = (np.arange(N) < n_right)[own]
            ids = np.asarray([f"x{i:02d}" for i in range(N)])[own]
            flipped = truths.counted(np.arange(len(ids)) < flips)
            lab.publish(stage, [], {"accuracy": truths.counted(right), "flips": flipped, "ids": ids})


def test_an_attacked_evaluation_stands_on_the_clean_one_and_changes_no_other_key(lab) -> None:
    run = lab.plan().runs[0]
    assert list(run.attacked) == ["slip@0.2", "slip@1"]
    stage = run.attacked["slip@0.2"]["la"]
    assert stage.inputs == (*run.evaluate["la"].inputs, run.evaluate["la"].key)
    assert stage.label.startswith("evaluate my_pairs la slip@0.2 · none")
    assert stage.params["attack"]["strength"] == 0.2
    before = {stage.key for stage in lab.plan().stages if stage.params.get("attack") in (None, "none")}
    lab.study(arms={"none": [], "a": ["my_nli"], "b": ["my_qa"]}, targets=["my_pairs"])
    assert {stage.key for stage in lab.plan().stages} == before


def test_only_rows_that_meet_the_condition_count_and_a_drop_is_taken_of_the_same(lab, truths) -> None:
    fill(lab, truths, {"none": 20, "a": 30, "b": 20}, {"none": 12, "a": 25, "b": 12}, slice(10, 30), flips=5)
    evidence = lab.evidence()
    level = lambda **more: lab.part({**GREATER, "attack": "slip@0.2", **more})  # noqa: E731
    # Of items 10 to 29: clean 10 and 20 right, attacked 2 and 15 right.
    assert level().estimate == pytest.approx(100 * (15 - 2) / 20)
    assert level(quantity="drop").estimate == pytest.approx(100 * ((20 - 15) - (10 - 2)) / 20)
    assert level(quantity="flips").estimate == pytest.approx(0)
    assert level().n_examples == 40  # 20 in each of two languages
    from harness.attacked import Under

    drawn = evidence.drawn("tiny", "my_pairs", under=Under("slip@0.2", "flips"))
    assert drawn.sample.by_seed == pytest.approx(100 * 5 / 20)
    assert "attack:slip@0.2|quantity:drop" in level(quantity="drop").signature
    assert "attack:none" in lab.part(GREATER).signature


def test_a_part_without_an_attack_does_not_speak_of_one(lab) -> None:
    assert not {"attack", "quantity"} & lab.part(GREATER).expected.keys()  # nothing has been run
    assert lab.part({**GREATER, "attack": "slip@1", "quantity": "drop"}).expected["attack"] == "slip@1"


def test_what_is_missing_is_said(lab, truths) -> None:
    fill(lab, truths, {"none": 20, "a": 30, "b": 20}, {"none": 12, "a": 25, "b": 12}, slice(0, N))
    absent = lab.part({**GREATER, "attack": "slip@0.5"})
    assert absent.outcome == "not_run"
    assert "small evaluates my_pairs under slip@0.2, slip@1, worst, not under slip@0.5" in absent.next
    run = lab.plan().runs[0]
    folder = lab.store.path(run.attacked["slip@1"]["la"])
    (folder / "manifest.json").unlink()
    assert "evaluations that the store lacks: 1" in lab.part({**GREATER, "attack": "slip@1"}).next
    assert lab.part({**GREATER, "attack": "slip@0.2"}).outcome != "not_run"
    assert lab.part(GREATER).outcome != "not_run"


@pytest.mark.parametrize(("sign", "outcome"), [("positive", "reproduced"), ("negative", "contradicted")])
def test_a_slope_is_in_points_for_one(sign, outcome, lab, truths) -> None:
    fill(lab, truths, {"none": 10, "a": 20, "b": 38}, {"none": 8, "a": 14, "b": 20}, slice(0, N))
    part = {"kind": "slope", "numbers": {"none": 0, "a": 0.5, "b": 1}, "targets": ["pawsx"], "sign": sign}
    found = lab.part({**part, "attack": "slip@1"})
    assert found.estimate == pytest.approx(100 * 12 / N)
    assert found.details["by arm"] == {"none": 20.0, "a": 35.0, "b": 50.0}
    assert found.outcome == outcome
    assert found.interval[0] < found.estimate < found.interval[1]
    # Levels 25, 50 and 95 %: least squares, not the ends alone.
    assert lab.part(part).estimate == pytest.approx(np.polyfit([0, 0.5, 1], [25, 50, 95], 1)[0])


def test_a_mixed_effects_model_tells_the_same_slope_beside_it(lab, truths) -> None:
    levels = {"none": 0.3, "a": 0.5, "b": 0.9}
    part = {"kind": "slope", "numbers": {"none": 0, "a": 0.5, "b": 1}, "targets": ["pawsx"]}
    found = lab.part(part, lab.simulate(truths.noisy(truths.levels(levels), n=200)))
    mixed, low, high = found.details["a mixed-effects model says"]["slope"]
    assert mixed == pytest.approx(found.estimate, abs=1e-3)
    assert low < mixed < high


def test_a_slope_over_arms_that_are_not_there(lab, truths) -> None:
    fill(lab, truths, {"none": 20, "a": 30, "b": 20}, {"none": 12, "a": 25, "b": 12}, slice(0, N))
    part = {"kind": "slope", "numbers": {"none": 0, "a": 0.5, "z": 1}, "targets": ["pawsx"]}
    assert "has no arm z" in lab.part(part).next


def test_an_arm_with_data_of_its_own_answers_only_to_who_asks_for_them(lab) -> None:
    rows = {"en": [{"files": [{"generated": "other.jsonl", "sha256": "f" * 64}], "n": 100}]}
    own = {"other": {"languages": ["en"], "splits": {"train": rows, "test": rows, "validation": rows}}}
    lab.task("my_nli", "xnli", "mnli", editions=own)
    arms = {"none": [], "a": {"tasks": ["my_nli"], "edition": "other"}}
    lab.study(arms=arms, targets=["my_pairs"])
    from harness.selection import View

    plan = lab.plan()
    view = View(lab.evidence(), "tiny", lab.claims(GREATER), lab.catalog.benchmark("bench"))
    from harness.spec import claim

    assert view.find(claim.Arm(intermediate=("mnli",))) is None
    assert view.find(claim.Arm(intermediate=("mnli",), edition="other")).name == "a"
    assert view.treatments() == []
    trained = [stage for stage in plan.stages if stage.kind == "intermediate"]
    assert trained
    assert all("f" * 64 in str(stage.params) for stage in trained)
