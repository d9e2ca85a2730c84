"""A part names metric, languages, groups and signature: what is averaged, and what evidence is comparable at all."""

from __future__ import annotations

import json

import numpy as np
import pytest

from harness.spec.claim import ClaimsSpec, Value

MNLI = {"intermediate": ["mnli"]}
NOTHING = {"over": "nothing", "margin": 2.0}


def level(run, language) -> float:
    """A truth by arm, target and language."""
    base = {"en": 0.8, "la": 0.4}[language]
    return base + (0.1 if run.arm == "a" else 0.0) + (0.05 if run.spec.target == "pawsx" else 0.0)


@pytest.fixture
def filled(exact_lab, truths):
    exact_lab.study("small", arms={"none": [], "a": ["mnli"]}, targets=["xnli", "pawsx", "xquad", "tatoeba"])
    return exact_lab.simulate(truths.steady(level, n=200))


def estimate(lab, filled, **part) -> float:
    found = lab.part({"kind": "value", "arm": {"intermediate": []}, "value": 60.0, **NOTHING, **part}, filled)
    assert found.estimate is not None
    return found.estimate


def test_a_score_itself_is_judged_within_a_margin(exact_lab, filled) -> None:
    part = {"kind": "value", "arm": {"intermediate": []}, "over": "nothing", "targets": ["xnli"]}
    right = exact_lab.part({**part, "value": 60.0, "margin": 10.0}, filled)
    assert (right.outcome, right.estimate, right.expected["score"]) == ("reproduced", pytest.approx(60), 60.0)
    assert exact_lab.part({**part, "value": 80.0, "margin": 2.0}, filled).outcome == "contradicted"


def test_languages_are_those_that_the_part_names(exact_lab, filled) -> None:
    assert estimate(exact_lab, filled, targets=["xnli"], languages=["en"]) == pytest.approx(80)
    assert estimate(exact_lab, filled, targets=["xnli"], languages=["la"]) == pytest.approx(40)
    found = exact_lab.part({"kind": "greater", "arm": MNLI, "targets": ["xnli"], "languages": ["la"]}, filled)
    assert "|langs:la|" in found.signature
    assert found.n_examples == 200
    stages = {run.evaluate["la"].key for run in filled.plan.runs if run.spec.target == "xnli"}
    assert set(found.evidence) == stages
    missing = exact_lab.part({"kind": "greater", "arm": MNLI, "languages": ["fi"]}, filled)
    assert (missing.outcome, missing.next[:33]) == ("not_run", "small does not evaluate xnli in f")


def test_groups_may_count_alike_whatever_their_size(exact_lab, filled) -> None:
    """Classification is xnli 60 and pawsx 65, qa is xquad 60."""
    part = {"groups": ["classification", "qa"]}
    assert estimate(exact_lab, filled, **part) == pytest.approx((60 + 65 + 60) / 3, abs=0.2)
    assert estimate(exact_lab, filled, **part, average="groups") == pytest.approx((62.5 + 60) / 2, abs=0.2)


def test_the_arms_chosen_on_validation_have_a_score_too(exact_lab, filled) -> None:
    part = {"arm": "best_on_validation", "groups": ["classification", "qa"], "average": "groups"}
    assert estimate(exact_lab, filled, **part) == pytest.approx((72.5 + 70) / 2, abs=0.2)
    assert estimate(exact_lab, filled, **part, over={"intermediate": []}) == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"average": "groups"}, "say which `groups`"),
        ({"groups": ["qa"], "targets": ["xnli"]}, "not both"),
        ({"arm": "best_on_validation", "over": MNLI}, "against the baseline, or against nothing"),
    ],
)
def test_what_cannot_be_averaged_is_an_error(part, message) -> None:
    with pytest.raises(ValueError, match=message):
        Value.model_validate_json(
            json.dumps({"kind": "value", "arm": {"intermediate": []}, "value": 1, "margin": 1, **part})
        )


class TestMetric:
    @pytest.fixture
    def answered(self, exact_lab):
        """QA that is scored by F1 and by exact match, with statistics of both for every evaluation."""
        exact_lab.task("xquad", family="extractive_qa", metrics=["squad_f1", "squad_exact_match"])
        exact_lab.study("small", arms={"none": [], "a": ["mnli"]}, targets=["xquad"])
        plan = exact_lab.plan()
        for stage in plan.stages:
            if stage.kind != "evaluate":
                exact_lab.publish(stage, {"validation": 50.0, "metric": "squad_f1", "n": 10})
                continue
            right = (np.arange(100) < 40).astype(float)
            arrays = {
                "squad_f1": np.stack([right / 2 + 0.5, np.ones(100)], -1),
                "squad_exact_match": np.stack([right, np.ones(100)], -1),
            }
            where = {"task": "xquad", "language": stage.params["language"], "split": "test", "attack": "none"}
            scores = [
                {
                    **where,
                    "metric": m,
                    "value": 0.0,
                    "n": 100,
                    "key": stage.key,
                    "signature": f"task:xquad|metric:{m}|split:test|v:1.1.1",
                }
                for m in arrays
            ]
            exact_lab.publish(stage, scores, {**arrays, "ids": np.arange(100).astype(str)})
        return exact_lab.evidence()

    def test_own_another_and_the_benchmarks(self, exact_lab, answered) -> None:
        assert estimate(exact_lab, answered) == pytest.approx(70)
        assert estimate(exact_lab, answered, metric="squad_exact_match") == pytest.approx(40)
        scoring = {"xquad": {"languages": ["en", "la"], "format": "squad", "metrics": ["squad_exact_match", "squad_f1"]}}
        exact_lab._write("benchmarks", "bench", title="Bench", groups={"qa": ["xquad"]}, citation="none", scoring=scoring)
        again = exact_lab.evidence()
        assert estimate(exact_lab, again, metric="benchmark") == pytest.approx(55)
        part = {"kind": "greater", "arm": MNLI, "metric": "benchmark"}
        assert "|tasks:xquad:squad_exact_match+squad_f1|" in exact_lab.part(part, again).signature

    def test_where_the_benchmark_has_no_metric_of_a_target_its_own_counts(self, exact_lab, answered) -> None:
        scoring = {"xquad": {"languages": ["en", "la"], "format": "squad", "metrics": ["mlqa_f1"]}}
        exact_lab._write("benchmarks", "bench", title="Bench", groups={"qa": ["xquad"]}, citation="none", scoring=scoring)
        assert estimate(exact_lab, exact_lab.evidence(), metric="benchmark") == pytest.approx(70)

    def test_evidence_of_another_scorer_is_not_comparable(self, exact_lab, answered) -> None:
        found = exact_lab.part({"kind": "greater", "arm": MNLI, "metric": "mlqa_f1"}, answered)
        assert found.outcome == "not_comparable"
        assert found.next == "metric: xquad is scored by squad_f1, squad_exact_match, the claim is about mlqa_f1"

    @pytest.mark.parametrize(
        ("signature", "said"),
        [
            ({"split": "validation"}, "split: test, the claim is about validation"),
            ({"layer": 14}, "layer: none, the claim is about 14"),
            ({"metric": "mlqa_f1"}, "metric: squad_f1, the claim is about mlqa_f1"),
            ({"split": "test", "v": "2"}, "v: 1.1.1, the claim is about 2"),
            ({"split": "test", "metric": "squad_f1"}, None),
        ],
    )
    def test_another_signature_is_not_comparable_and_the_field_is_named(self, exact_lab, answered, signature, said) -> None:
        spec = exact_lab.claims({"kind": "greater", "arm": MNLI}).data()
        spec["claims"][0]["signature"] = signature
        (verdict,) = exact_lab.judge(ClaimsSpec.model_validate_json(json.dumps(spec)), answered)
        found = verdict.parts[0]
        assert (found.outcome == "not_comparable") == (said is not None)
        if said:
            assert found.next == f"the evidence is of something else: {said}"
            assert found.p is found.p_adjusted is None


def test_a_benchmarks_languages_are_enough_for_exact_evidence(exact_lab, truths) -> None:
    """A task file may have more languages than the benchmark evaluates."""
    exact_lab.task("tatoeba", family="sentence_retrieval", languages=("la", "fi"))
    exact_lab.study("small", arms={"none": [], "a": ["mnli"]}, targets=["tatoeba"], languages=["la"])
    part = {"kind": "greater", "arm": MNLI, "targets": ["tatoeba"]}
    own = exact_lab.simulate(truths.steady(lambda run, language: 0.5))
    assert exact_lab.part(part, own).fidelity == "proxy"
    scoring = {"tatoeba": {"languages": ["la"], "format": "labels", "metrics": ["accuracy"]}}
    exact_lab._write(
        "benchmarks", "bench", title="Bench", groups={"retrieval": ["tatoeba"]}, citation="none", scoring=scoring
    )
    assert exact_lab.part(part, exact_lab.simulate(truths.steady(lambda run, language: 0.5))).fidelity == "exact"


def test_an_unknown_recipe_and_lacking_tasks_make_a_proxy(exact_lab, truths) -> None:
    evidence = exact_lab.simulate(truths.steady(lambda run, language: 0.4 if run.arm == "none" else 0.8, n=200))
    spec = exact_lab.claims({"kind": "greater", "arm": MNLI}, {"kind": "greater", "arm": "mean_of_all"}).data()
    assert {v.fidelity for v in exact_lab.judge(ClaimsSpec.model_validate_json(json.dumps(spec)), evidence)} == {"exact"}
    spec["claims"][0]["training"] = "unknown"
    spec["intermediate"] = ["mnli", "anli"]
    one, every = (v.parts[0] for v in exact_lab.judge(ClaimsSpec.model_validate_json(json.dumps(spec)), evidence))
    assert (one.outcome, one.fidelity) == (every.outcome, every.fidelity) == ("reproduced", "proxy")
    assert one.next.endswith("differs in: training: the published recipe is not on file")
    assert every.next.endswith("differs in: intermediate tasks: none for anli")
