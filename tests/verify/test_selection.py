"""Arms are found by what they trained on, targets by what they are or stand in for; C5 selects on validation alone."""

from __future__ import annotations

import pytest

from harness.errors import SpecError
from harness.evidence import Arm
from harness.selection import View, needed
from harness.spec import claim

MNLI = {"intermediate": ["mnli"]}
TARGETS = ["my_nli", "my_pairs", "my_qa", "my_search"]
SELECTED = {"kind": "selected_greater"}


def view(lab, study: str = "small", encoder: str = "tiny", **claims) -> View:
    spec = lab.claims({"kind": "greater", "arm": MNLI}, **claims)
    evidence = lab.evidence(study)
    return View(evidence, encoder, spec, evidence.catalog.benchmark("bench"))


def found(seen: View, *tasks: str, **more: bool) -> str | None:
    arm = seen.find(claim.Arm(intermediate=tasks, **more))
    return arm.name if arm else None


@pytest.fixture
def variants(lab):
    """Arms whose names lie, with masked LM, with translated data, with two tasks and with all."""
    lab.task("my_text", family="masked_lm")
    mlm = {"task": "my_text", "fraction": 0.5}
    arms = {
        "none": [],
        "squad_v1": ["my_nli"],
        "mlm": ["my_qa"],
        "mnli": {"tasks": ["my_nli"], "mlm": mlm},
        "all": {"tasks": ["my_nli"], "translate_to": ["la"]},
        "x": ["my_qa", "my_nli", "my_pairs"],
        "y": ["my_nli", "my_qa"],
        "z": {"tasks": ["my_qa", "my_nli", "my_pairs"], "mlm": mlm},
    }
    lab.study(arms=arms, targets=TARGETS, seeds=[1, 2])
    return lab


def test_arms_are_found_by_content(variants) -> None:
    seen = view(variants)
    assert found(seen) == "none"
    assert found(seen, "mnli") == "squad_v1"
    assert found(seen, "squad_v1") == "mlm"
    assert found(seen, "mnli", mlm=True) == "mnli"
    assert found(seen, "mnli", translated=True) == "all"
    assert found(seen, "squad_v1", mlm=True) is None
    assert found(seen, "mnli", "squad_v1") == found(seen, "squad_v1", "mnli") == "y"
    assert found(seen, "hellaswag") is None
    assert seen.find(claim.Arm(intermediate="all")) == Arm("tiny", "x")
    assert seen.find(claim.Arm(intermediate="all", mlm=True)) == Arm("tiny", "z")
    assert seen.find(claim.Arm(intermediate="all", translated=True)) is None
    assert [arm.name for arm in seen.treatments()] == ["squad_v1", "mlm", "x", "y"]


def test_a_single_task_is_never_all(lab) -> None:
    lab.study(arms={"none": [], "a": ["my_nli"]}, targets=TARGETS)
    assert view(lab).find(claim.Arm(intermediate="all")) is None


def test_every_task_of_an_arm_must_be_asked_for(lab) -> None:
    """One task that stands in for both of two does not make a fit of an arm that trains on it and on a third."""
    lab.task("both", "mnli", "squad_v1")
    lab.study(arms={"none": [], "a": ["both", "my_pairs"]}, targets=TARGETS)
    assert found(view(lab), "mnli", "squad_v1") is None
    lab.study(arms={"none": [], "a": ["both", "my_nli"]}, targets=TARGETS)
    assert found(view(lab), "mnli", "squad_v1") == "a"


def test_the_very_name_comes_before_a_stand_in(lab) -> None:
    lab.task("mnli")
    lab.study(arms={"none": [], "a": ["my_nli"], "b": ["mnli"]}, targets=TARGETS)
    assert found(view(lab), "mnli") == "b"


def test_targets_are_found_by_name_and_by_what_they_stand_in_for(lab) -> None:
    lab.task("other", "elsewhere")
    lab.study(arms={"none": [], "a": ["my_nli"]}, targets=["other", *TARGETS])
    seen = view(lab)
    assert seen.targets() == TARGETS
    assert seen.targets(["xnli", "tatoeba"]) == ["my_nli", "my_search"]
    assert seen.targets(["my_qa"]) == ["my_qa"]
    assert seen.targets(["tydiqa"]) == []


def test_the_variants_are_compared(variants, truths) -> None:
    own = {"none": 0.4, "squad_v1": 0.8, "mlm": 0.5, "mnli": 0.6, "all": 0.9, "x": 0.5, "y": 0.5, "z": 0.5}
    evidence = variants.simulate(truths.noisy(truths.levels(own)))
    over_mlm = variants.part({"kind": "greater", "arm": MNLI, "over": {**MNLI, "mlm": True}}, evidence)
    over_translated = variants.part({"kind": "greater", "arm": MNLI, "over": {**MNLI, "translated": True}}, evidence)
    assert (over_mlm.outcome, over_translated.outcome) == ("reproduced", "contradicted")
    assert over_mlm.expected["over"] == "mnli with masked LM"
    assert "arms:squad_v1,mnli|" in over_mlm.signature
    assert over_mlm.estimate == pytest.approx(20, abs=5)
    mean = variants.part({"kind": "greater", "arm": "mean_of_all"}, evidence)
    assert "arms:squad_v1,mlm,x,y,none|" in mean.signature


def test_a_missing_arm_names_the_study_that_has_it(variants) -> None:
    variants.study("more", arms={"none": [], "q": ["my_qa"]}, targets=["my_search"])
    variants.study("nowhere", arms={"none": [], "q": ["my_pairs"]}, targets=["my_search"])
    variants.task("my_stories", "hellaswag")
    part = {"kind": "greater", "arm": {"intermediate": ["hellaswag"]}}
    nobody = variants.part(part)
    assert nobody.outcome == "not_run"
    assert "has the arm hellaswag: write one" in nobody.next
    variants.study("stories", arms={"none": [], "h": ["my_stories"]}, targets=["my_search"])
    path = variants.specs / "studies" / "stories.yaml"
    assert variants.part(part, variants.evidence("more")).next == f"the study has no arm hellaswag: harness run {path}"
    elsewhere = variants.part({**part, "targets": ["xnli"]}, variants.evidence("more"))
    assert "has the arm hellaswag on xnli: write one" in elsewhere.next
    assert path.exists()


@pytest.mark.parametrize(
    "part",
    [
        {"kind": "greater", "arm": MNLI},
        {"kind": "greater", "arm": "mean_of_all"},
        {"kind": "value", "arm": MNLI, "value": 1.0, "margin": 1.0},
        {"kind": "value", "arm": "best_on_validation", "value": 1.0, "margin": 1.0},
        {"kind": "best", "arm": {"intermediate": "all"}},
        {"kind": "ordering", "group": "retrieval"},
        {"kind": "count", "at_least": 0.5},
        {"kind": "equivalent", "margin": 1.0},
        SELECTED,
    ],
)
class TestStudiesThatLackSomething:
    """A study need not have what a claim asks for; then the part is not run, and nothing breaks."""

    def say(self, lab, truths, part, outcome: str = "not_run") -> str:
        verdict = lab.part(part, lab.simulate(truths.steady(lambda run, language: 0.5)))
        assert verdict.outcome == outcome
        assert verdict.next
        return verdict.next

    def test_no_baseline(self, lab, truths, part) -> None:
        lab.study(arms={"a": ["my_nli"], "c": ["my_nli", "my_qa"]}, targets=TARGETS)
        lab.study("whole", arms={"none": [], "a": ["my_nli"], "c": ["my_nli", "my_qa"]}, targets=TARGETS)
        said = self.say(lab, truths, part)
        assert (
            said == f"the study has no arm without intermediate training: harness run {lab.specs / 'studies' / 'whole.yaml'}"
        )

    def test_no_intermediate_arm(self, lab, truths, part) -> None:
        lab.study(arms={"none": []}, targets=TARGETS)
        assert "write one" in self.say(lab, truths, part)
        lab.study("whole", arms={"none": [], "a": ["my_nli"], "c": ["my_nli", "my_qa"]}, targets=TARGETS)
        assert f"harness run {lab.specs / 'studies' / 'whole.yaml'}" in self.say(lab, truths, part)

    def test_no_target_of_the_benchmark(self, lab, truths, part) -> None:
        lab.task("other", "elsewhere")
        lab.study(arms={"none": [], "a": ["my_nli"], "c": ["my_nli", "my_qa"]}, targets=["other"])
        assert "write one" in self.say(lab, truths, part)

    def test_no_rows_in_the_split(self, lab, truths, part) -> None:
        arms = {"none": [], "a": ["my_nli"], "c": ["my_nli", "my_qa"]}
        lab.study(arms=arms, targets=["my_search", "my_nli"], split="validation")
        if part == SELECTED or part.get("arm") == "best_on_validation":
            assert "judged on test" in self.say(lab, truths, part, "not_comparable")
        else:
            assert "my_search has no validation rows" in self.say(lab, truths, part)


def test_one_arm_cannot_beat_itself(lab, truths) -> None:
    lab.task("any_nli", "mnli", "anli")
    lab.study(arms={"none": [], "a": ["any_nli"]}, targets=TARGETS)
    part = {"kind": "greater", "arm": MNLI, "over": {"intermediate": ["anli"]}}
    verdict = lab.part(part, lab.simulate(truths.steady(lambda run, language: 0.5)))
    assert (verdict.outcome, verdict.next) == (
        "not_run",
        "the study has one arm for both, a: write one that tells them apart",
    )


def test_a_rank_needs_rivals(lab, truths) -> None:
    lab.study(arms={"none": [], "c": ["my_nli", "my_qa"]}, targets=TARGETS)
    part = {"kind": "best", "arm": {"intermediate": "all"}}
    verdict = lab.part(part, lab.simulate(truths.steady(lambda run, language: 0.5)))
    assert (verdict.outcome, verdict.next) == ("not_run", "a rank needs at least two other arms, and small has 1")


class TestSelectionOnValidation:
    """C5: what is best on test plays no part in the choice."""

    own = {"none": 0.5, "a": 0.4, "b": 0.9, "c": 0.6}

    def judge(self, lab, truths, validation):
        evidence = lab.simulate(truths.steady(truths.levels(self.own)), validation=lambda run: validation[run.arm])
        return lab.part(SELECTED, evidence)

    def test_the_best_on_validation_is_taken_though_it_is_the_worst_on_test(self, lab, truths) -> None:
        verdict = self.judge(lab, truths, {"none": 99.0, "a": 90.0, "b": 80.0, "c": 70.0})
        assert verdict.expected["selected"] == {"my_nli": "a", "my_pairs": "a", "my_qa": "a"}
        assert verdict.estimate == pytest.approx(-10)
        assert (verdict.kind, verdict.outcome) == ("greater", "contradicted")
        assert "not evaluated: tatoeba" in verdict.next

    def test_another_validation_gives_another_verdict_on_the_same_test_scores(self, lab, truths) -> None:
        verdict = self.judge(lab, truths, {"none": 0.0, "a": 70.0, "b": 80.0, "c": 70.0})
        assert (verdict.outcome, verdict.estimate) == ("reproduced", pytest.approx(40))

    def test_the_first_of_equals_is_taken(self, lab, truths) -> None:
        verdict = self.judge(lab, truths, dict.fromkeys(self.own, 70.0))
        assert set(verdict.expected["selected"].values()) == {"a"}

    def test_nan_is_never_the_best(self, lab, truths) -> None:
        verdict = self.judge(lab, truths, {"none": 0.0, "a": float("nan"), "b": 10.0, "c": 20.0})
        assert set(verdict.expected["selected"].values()) == {"c"}
        nothing = self.judge(lab, truths, dict.fromkeys(self.own, float("nan")))
        assert (nothing.outcome, nothing.next) == ("not_run", "no arm has a validation score on my_nli to select by")

    def test_each_target_has_its_own_choice_by_the_mean_over_seeds(self, lab, truths) -> None:
        def validation(run):
            if run.spec.target == "my_pairs":
                return {"a": 50.0, "b": 50.0, "c": 60.0}.get(run.arm, 0.0)
            return {"a": 90.0 if run.spec.seed == 1 else 10.0, "b": 40.0}.get(run.arm, 0.0)

        evidence = lab.simulate(truths.steady(truths.levels(self.own)), validation=validation)
        verdict = lab.part(SELECTED, evidence)
        assert verdict.expected["selected"] == {"my_nli": "b", "my_pairs": "c", "my_qa": "b"}
        assert verdict.estimate == pytest.approx((40 + 10 + 40) / 3)

    def test_arms_with_masked_lm_do_not_stand_for_election(self, variants, truths) -> None:
        evidence = variants.simulate(
            truths.steady(lambda run, language: 0.5), validation=lambda run: 99.0 if run.arm in ("mnli", "all", "z") else 5.0
        )
        verdict = variants.part(SELECTED, evidence)
        assert set(verdict.expected["selected"].values()) == {"squad_v1"}

    def test_a_study_on_validation_rows_cannot_judge_a_choice_made_on_them(self, lab, truths) -> None:
        lab.study(arms={"none": [], "a": ["my_nli"]}, targets=["my_nli"], split="validation")
        verdict = lab.part(SELECTED, lab.simulate(truths.steady(truths.levels(self.own))))
        assert verdict.outcome == "not_comparable"
        assert verdict.next == "split: arms chosen on validation are judged on test, and small evaluates on validation"


class TestFidelity:
    """Exact is the paper's encoder, tasks, data, training, languages and rows; each difference is named."""

    targets = ["xnli", "pawsx", "xquad", "tatoeba"]

    def differences(self, lab, **claims) -> list[str]:
        seen = view(lab, **claims)
        arms = [seen.baseline, *seen.treatments()]
        return seen.differences(arms, seen.targets())

    def test_nothing_differs(self, exact_lab) -> None:
        assert self.differences(exact_lab, training={"learning_rate": 0.001}) == []

    def test_encoder(self, exact_lab) -> None:
        exact_lab.model("tiny", "FacebookAI/xlm-roberta-base")
        assert self.differences(exact_lab) == ["encoder: tiny for FacebookAI/xlm-roberta-large"]

    def test_training(self, exact_lab) -> None:
        assert self.differences(exact_lab, training={"learning_rate": 1e-5, "warmup_fraction": 0.1}) == [
            "training: learning_rate 0.001 for 1e-05"
        ]

    def test_training_rows(self, exact_lab) -> None:
        training = {t: {**exact_lab.training, "max_examples": 500} for t in self.targets[:3]}
        exact_lab.study(arms={"none": [], "a": ["mnli"]}, targets=self.targets, training=training)
        assert self.differences(exact_lab) == ["training rows: at most 500 of a task"]

    def test_targets_and_test_rows(self, exact_lab) -> None:
        exact_lab.study(arms={"none": [], "a": ["mnli"]}, targets=["xquad", "xnli"], max_test_examples={"xquad": 50})
        assert self.differences(exact_lab) == ["targets: not evaluated: pawsx, tatoeba", "test rows: at most 50 of xquad"]

    def test_languages(self, exact_lab) -> None:
        exact_lab.study(arms={"none": [], "a": ["mnli"]}, targets=self.targets, languages=["la"])
        assert self.differences(exact_lab) == [
            f"languages of {name}: not evaluated: en" for name in ("xnli", "pawsx", "xquad")
        ]

    def test_stand_ins_are_named_and_count_as_evaluated(self, lab) -> None:
        assert self.differences(lab)[1:] == [
            "task: my_nli stands in for xnli, mnli",
            "task: my_pairs stands in for pawsx",
            "task: my_qa stands in for xquad, squad_v1",
            "task: my_search stands in for tatoeba",
        ]

    def test_a_task_with_other_data(self, exact_lab) -> None:
        exact_lab.task("mnli", deviation="half of its rows")
        assert self.differences(exact_lab) == ["data of mnli: half of its rows"]
        exact_lab.study(arms={"none": [], "b": ["squad_v1"]}, targets=self.targets)
        assert self.differences(exact_lab) == []


class TestWhatAClaimNeeds:
    """`plan --for` reaches the stages of a claim's arms and targets, and no others."""

    def labels(self, lab, *parts) -> list[str]:
        spec = lab.claims(P=list(parts))
        return [stage.label for stage in needed(spec, "P", lab.evidence())]

    def test_a_pair_needs_two_arms(self, variants) -> None:
        over = {**MNLI, "mlm": True}
        labels = self.labels(variants, {"kind": "greater", "arm": MNLI, "over": over, "targets": ["xnli"]})
        assert {label.split(" · ")[-3].split()[-1] for label in labels if label.startswith("evaluate")} == {
            "squad_v1",
            "mnli",
        }
        assert not [label for label in labels if "my_pairs" in label]
        assert sum(label.startswith("intermediate") for label in labels) == 4
        everything = [stage.label for stage in variants.plan().stages]
        assert labels == [label for label in everything if label in set(labels)]

    def test_the_mean_of_all_needs_what_it_is_compared_with(self, variants) -> None:
        labels = self.labels(variants, {"kind": "greater", "arm": "mean_of_all", "over": {**MNLI, "mlm": True}})
        arms = {label.split(" · ")[0].split()[1] for label in labels if label.startswith("intermediate")}
        assert arms == {"squad_v1", "mlm", "x", "y", "mnli"}

    def test_an_unknown_claim_names_the_nearest(self, lab) -> None:
        with pytest.raises(SpecError, match="no claim 'p0': there is P0"):
            needed(lab.claims({"kind": "count", "at_least": 0.5}), "p0", lab.evidence())
