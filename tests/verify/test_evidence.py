"""Evidence is what the plan's keys find in the store: all of it, or none."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from harness.errors import SpecError, StoreCorrupt
from harness.evidence import Arm

GREATER = {"kind": "greater", "arm": {"intermediate": ["mnli"]}}
SELECTED = {"kind": "selected_greater"}
PHASES = {"kind": "provenance", "phases": ["pretrained", "intermediate", "finetune", "evaluate"]}
UP = {"none": 0.4, "a": 0.7, "b": 0.7, "c": 0.7}
DOWN = {"none": 0.7, "a": 0.4, "b": 0.4, "c": 0.4}


def test_an_empty_store_is_not_run_and_says_what_to_run(lab) -> None:
    for part in (GREATER, SELECTED, PHASES, {"kind": "best", "arm": {"intermediate": "all"}}):
        found = lab.part(part)
        assert (found.outcome, found.fidelity, found.evidence, found.p) == ("not_run", "proxy", (), None)
        assert f"harness run {lab.specs / 'studies' / 'small.yaml'}" in found.next


@pytest.mark.parametrize("label", ["evaluate my_qa la · none · tiny · seed 2", "evaluate my_search la · a · tiny · seed 3"])
def test_one_missing_evaluation_is_not_run(lab, truths, label) -> None:
    lab.fill(truths.steady(truths.levels(UP)), skip=lambda stage: stage.label == label)
    found = lab.part(GREATER)
    path = lab.specs / "studies" / "small.yaml"
    assert (found.outcome, found.next) == ("not_run", f"evaluations that the store lacks: 1; harness run {path}")
    assert path.exists()
    assert found.n_seeds == 0
    other = lab.part({**GREATER, "targets": ["pawsx"]})
    assert other.outcome == "reproduced"


def test_a_stage_that_is_shared_is_missing_once(lab, truths) -> None:
    """Retrieval by an encoder that nobody trained is the same for every seed."""
    lab.fill(truths.steady(truths.levels(UP)), skip=lambda stage: stage.label.startswith("evaluate my_search la · none"))
    assert "lacks: 1;" in lab.part(GREATER).next


def test_an_edited_study_has_no_evidence_until_it_is_run_again(lab, truths) -> None:
    lab.fill(truths.steady(truths.levels(UP)))
    assert lab.part(GREATER).outcome == "reproduced"
    path = lab.specs / "studies" / "small.yaml"
    study = json.loads(path.read_text())
    study["title"] = "another title"
    path.write_text(json.dumps(study))
    assert lab.part(GREATER).outcome == "reproduced"
    study["training"]["my_nli"]["learning_rate"] = 0.002
    path.write_text(json.dumps(study))
    found = lab.part(GREATER)
    assert found.outcome == "not_run"
    # Two arms, three seeds, two languages of the one target whose training has changed.
    assert found.next == f"evaluations that the store lacks: 12; harness run {path}"
    lab.fill(truths.steady(truths.levels(DOWN)))
    assert lab.part({**GREATER, "targets": ["xnli"]}).outcome == "contradicted"


def test_a_new_version_of_a_task_has_no_evidence(lab, truths) -> None:
    lab.fill(truths.steady(truths.levels(UP)))
    path = lab.specs / "tasks" / "my_pairs.yaml"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    assert lab.part(GREATER).outcome == "not_run"
    assert lab.part({**GREATER, "targets": ["xquad"]}).outcome == "reproduced"


def test_evaluations_outlive_their_checkpoints_but_provenance_and_selection_do_not(lab, truths) -> None:
    """Weights are large, and somebody deletes them: what was measured stays, what they alone could show does not."""
    lab.fill(truths.steady(truths.levels(UP)))
    shutil.rmtree(lab.store.root / "finetune")
    assert lab.part(GREATER).outcome == "reproduced"
    selected = lab.part(SELECTED)
    assert selected.outcome == "not_run"
    assert selected.next.startswith("validation scores on my_nli are not in the store: harness run ")
    assert lab.part(PHASES).outcome == "not_run"


def test_rows_are_matched_by_id_and_not_by_place(lab, truths) -> None:
    plan = lab.plan()
    order = np.random.default_rng(0).permutation(50)
    right = {"none": np.arange(50) < 20, "a": np.arange(50) < 40}
    for run in plan.runs:
        for stage in run.evaluate.values():
            if run.arm in right and not lab.store.has(stage):
                shuffled = order if run.spec.seed == 2 else np.arange(50)
                counts = truths.counted(right[run.arm][shuffled])
                metric = stage.params["metrics"][0]["name"]
                lab.publish(stage, [], {metric: counts, "ids": np.asarray([f"x{i:02d}" for i in shuffled])})
    evidence = lab.evidence()
    arms = [Arm("tiny", "none"), Arm("tiny", "a")]
    cells = [cell for t in ("my_pairs", "my_search") for cell in evidence.cells(arms, t, evidence.languages(t))]
    assert [(cell.group, cell.statistics.shape) for cell in cells] == [
        ("my_pairs", (2, 3, 50, 2)),
        ("my_pairs", (2, 3, 50, 2)),
        ("my_search", (2, 3, 50, 2)),
    ]
    for cell in cells:
        place = [cell.ids.tolist().index(f"x{i:02d}") for i in range(50)]
        for arm, name in enumerate(right):
            for seed in range(3):
                assert cell.statistics[arm, seed, place, 0].tolist() == right[name].tolist()
    found = lab.part(GREATER)
    assert found.estimate == pytest.approx(40)
    # Twenty of fifty items are gained: matched by place it would be far wider.
    assert found.interval[1] - found.interval[0] < 2 * 1.96 * 100 * np.sqrt(0.4 * 0.6 / 50)


def test_validation_is_by_seed_or_nothing(lab, truths) -> None:
    lab.fill(
        truths.steady(truths.levels(UP)),
        validation=lambda run: 10.0 * run.spec.seed,
        skip=lambda stage: stage.label == "finetune my_qa · b · tiny · seed 3",
    )
    evidence = lab.evidence()
    assert evidence.validation(Arm("tiny", "a"), "my_qa").tolist() == [10.0, 20.0, 30.0]
    assert evidence.validation(Arm("tiny", "b"), "my_qa") is None
    assert evidence.validation(Arm("tiny", "a"), "my_search") is None


def test_completeness_is_by_arm_and_target(lab, truths) -> None:
    lab.fill(truths.steady(truths.levels(UP)), skip=lambda stage: "my_qa la · b · tiny · seed 1" in stage.label)
    evidence = lab.evidence()
    incomplete = {(a.name, t) for a in evidence.arms for t in evidence.targets if not evidence.is_complete(a, t)}
    assert incomplete == {("b", "my_qa")}


def test_a_parallel_set_whose_languages_have_other_examples_is_refused(lab, truths) -> None:
    lab.task("my_pairs", "pawsx", parallel=True)
    lab.study(arms={"none": [], "a": ["my_nli"]}, targets=["my_pairs"])
    plan = lab.plan()
    for run in plan.runs:
        for language, stage in run.evaluate.items():
            counts = truths.counted(np.ones(5))
            ids = [f"{i}" if language == "en" or i else "another" for i in range(5)]
            lab.publish(stage, [], {"accuracy": counts, "ids": np.asarray(ids)})
    with pytest.raises(SpecError, match="my_pairs is parallel, but its ids in la are not those in en"):
        lab.evidence().drawn("tiny", "my_pairs")


@pytest.mark.parametrize("name", ["statistics.npz", "scores.json"])
def test_evidence_with_a_changed_byte_is_refused(lab, truths, name) -> None:
    lab.fill(truths.noisy(truths.levels(UP)))
    stage = next(s for s in lab.plan().stages if s.kind == "evaluate")
    file = lab.store.path(stage) / name
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(StoreCorrupt, match=f"{name}: its bytes are not those of sha256"):
        lab.part(GREATER)
