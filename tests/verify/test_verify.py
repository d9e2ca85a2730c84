"""From findings to verdicts: which evidence counts, how parts make a claim, which exit code."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations_with_replacement

import pytest

from harness.records import OUTCOMES, PartVerdict, Verdict
from harness.verify import PRECEDENCE, exit_code

MNLI = {"intermediate": ["mnli"]}
GREATER = {"kind": "greater", "arm": MNLI}
ON_NLI, ON_PAIRS, ON_QA = ({**GREATER, "targets": [t]} for t in ("xnli", "pawsx", "xquad"))
ABSENT = {"kind": "greater", "arm": {**MNLI, "mlm": True}}
SIZE = {"kind": "value", "arm": MNLI, "value": 20.0, "margin": 1.0}
UP = {"none": 0.4, "a": 0.7, "b": 0.7, "c": 0.7}
DOWN = {"none": 0.7, "a": 0.4, "b": 0.4, "c": 0.4}
ARMS = {"none": [], "a": ["my_nli"]}
TARGETS = ["my_nli", "my_pairs", "my_qa", "my_search"]
# A part and what a store says to it in which the arm a is better on NLI, worse on pairs, and the same on questions.
SAID = {
    "reproduced": ON_NLI,
    "contradicted": ON_PAIRS,
    "inconclusive": ON_QA,
    "not_comparable": SIZE,
    "not_run": ABSENT,
}


@pytest.fixture
def mixed(lab, truths):
    own = {"my_nli": UP, "my_pairs": DOWN, "my_qa": dict.fromkeys(UP, 0.5), "my_search": UP}
    return lab.simulate(truths.steady(lambda run, language: own[run.spec.target][run.arm]))


def test_a_claim_is_as_good_as_its_worst_part(lab, mixed) -> None:
    order = ["contradicted", "not_run", "inconclusive", "not_comparable", "reproduced"]
    assert order == list(PRECEDENCE)
    pairs = list(combinations_with_replacement(order, 2))
    named = {f"{a}.{b}": [SAID[b], SAID[a]] for a, b in pairs}
    for verdict in lab.judge(lab.claims(**named), mixed):
        worst, other = verdict.id.split(".")
        assert [part.outcome for part in verdict.parts] == [other, worst]
        assert verdict.outcome == worst


def test_kind_and_fidelity_of_a_claim_are_those_of_its_parts(lab, exact_lab, truths, mixed) -> None:
    found = lab.judge(lab.claims(A=[ON_NLI, ON_PAIRS], B=[ON_NLI, SIZE, {"kind": "selected_greater"}]), mixed)
    assert [(v.kind, v.fidelity) for v in found] == [("greater", "proxy"), ("greater+value", "proxy")]
    evidence = exact_lab.simulate(truths.steady(truths.levels(UP)))
    encoder = {"kind": "provenance", "encoder": "FacebookAI/xlm-roberta-large"}
    exact = exact_lab.judge(exact_lab.claims(A=[GREATER], B=[GREATER, ABSENT], C=[ON_NLI, encoder]), evidence)
    assert [v.fidelity for v in exact] == ["exact", "proxy", "exact"]
    assert [v.outcome for v in exact] == ["reproduced", "not_run", "reproduced"]


def test_statement_source_and_note_are_handed_on(lab, mixed) -> None:
    (verdict,) = lab.judge(lab.claims(C1=[{**ON_NLI, "note": "one reading of it"}]), mixed)
    assert (verdict.statement, verdict.source) == ("C1", {"document": "a paper", "quote": "a quote"})
    assert verdict.parts[0].note == "one reading of it"
    assert "note" not in verdict.parts[0].expected


@pytest.mark.parametrize(
    ("outcomes", "allowed", "code"),
    [
        (["reproduced"], [], 0),
        (["reproduced", "contradicted"], [], 1),
        (["contradicted", "not_run"], [], 1),
        (["not_run"], [], 3),
        (["inconclusive", "reproduced"], [], 3),
        (["not_comparable"], [], 3),
        (["contradicted"], ["contradicted"], 0),
        (["contradicted", "not_run"], ["contradicted"], 3),
        (["contradicted", "not_run"], ["not_run"], 1),
        (["not_comparable", "not_run", "reproduced"], ["not_comparable", "not_run"], 0),
        (list(OUTCOMES), list(OUTCOMES), 0),
    ],
)
def test_exit_codes(outcomes, allowed, code) -> None:
    part = PartVerdict("greater", "reproduced", "proxy", {})
    verdicts = [Verdict("C", "", {}, "greater", (replace(part, outcome=o),), o, "proxy") for o in outcomes]
    assert exit_code(verdicts, allowed) == code


def test_exact_evidence_comes_before_larger_proxies(exact_lab, truths) -> None:
    exact_lab.model("other", "example/other")
    arms, targets = {"none": [], "a": ["mnli"]}, ["xnli", "pawsx", "xquad", "tatoeba"]
    exact_lab.study(arms=arms, targets=targets, encoder=["other", "tiny"])

    def level(run, language):
        return (UP if run.encoder_name == "tiny" else DOWN)[run.arm]

    found = exact_lab.part(GREATER, exact_lab.simulate(truths.steady(level)))
    assert (found.outcome, found.fidelity) == ("reproduced", "exact")
    assert "|encoder:tiny|" in found.signature
    keys = {s.key for run in exact_lab.plan().runs if run.encoder_name == "tiny" for s in run.evaluate.values()}
    assert set(found.evidence) <= keys
    exact_lab.study("large", arms=arms, targets=targets, encoder=["other"])
    proxy = exact_lab.simulate(truths.steady(truths.levels(DOWN), n=500), "large")
    both = exact_lab.part(GREATER, proxy, exact_lab.simulate(truths.steady(level)))
    assert (both.fidelity, both.n_examples) == ("exact", 420)


def test_among_proxies_seeds_then_examples_decide_and_never_the_outcome(lab, truths) -> None:
    lab.study("one_seed", arms=ARMS, targets=TARGETS, seeds=[1])
    lab.study("few_rows", arms=ARMS, targets=TARGETS)
    lab.study("many_rows", arms=ARMS, targets=TARGETS)
    for good, bad in ((UP, DOWN), (DOWN, UP)):
        evidence = [
            lab.simulate(truths.steady(truths.levels(bad), n=900), "one_seed"),
            lab.simulate(truths.steady(truths.levels(bad), n=50), "few_rows"),
            lab.simulate(truths.steady(truths.levels(good), n=60), "many_rows"),
        ]
        for order in (evidence, evidence[::-1]):
            found = lab.part(GREATER, *order)
            assert "|study:many_rows|" in found.signature
            assert found.outcome == ("reproduced" if good is UP else "contradicted")


def test_finished_studies_come_before_unfinished_ones(lab, truths) -> None:
    lab.study("large", arms=ARMS, targets=TARGETS, seeds=range(9))
    lab.fill(truths.steady(truths.levels(UP)))
    found = lab.part(GREATER)
    assert found.outcome == "reproduced"
    assert "|study:small|" in found.signature


def test_the_message_of_a_study_that_can_be_run_comes_first(lab) -> None:
    lab.study("a_rank_of_two", arms={"none": [], "c": ["my_nli", "my_qa"]}, targets=TARGETS)
    found = lab.part({"kind": "best", "arm": {"intermediate": "all"}})
    assert found.next.endswith(f"harness run {lab.specs / 'studies' / 'small.yaml'}")


def test_no_study_is_not_run(empty_lab) -> None:
    (verdict,) = empty_lab.judge(empty_lab.claims(GREATER))
    assert (verdict.outcome, verdict.parts[0].next) == ("not_run", "there is no study: write one")


class TestProvenance:
    """What was run is read from the plan and the manifests of finished stages."""

    encoder = {"kind": "provenance", "encoder": "FacebookAI/xlm-roberta-large"}
    phases = {
        "kind": "provenance",
        "phases": ["pretrained", "intermediate", "finetune", "evaluate"],
        "source_selection_only": True,
    }
    tasks = {"kind": "provenance", "intermediate_tasks": ["mnli", "squad_v1"]}

    def test_exact(self, exact_lab, truths) -> None:
        plan = exact_lab.fill(truths.steady(truths.levels(UP)))
        finetunes = {run.finetune.key for run in plan.runs if run.finetune}
        for part in (self.encoder, self.phases, self.tasks):
            found = exact_lab.part(part)
            assert (found.outcome, found.fidelity, found.next) == ("reproduced", "exact", "")
            assert found.n_seeds == 3
            assert finetunes < set(found.evidence)
        assert found.expected == {"intermediate_tasks": ["mnli", "squad_v1"]}

    def test_proxy(self, lab, truths) -> None:
        lab.fill(truths.steady(truths.levels(UP)))
        encoder, phases, tasks = (lab.part(part) for part in (self.encoder, self.phases, self.tasks))
        assert (encoder.outcome, encoder.next) == ("not_comparable", "encoder: tiny for FacebookAI/xlm-roberta-large")
        assert (phases.outcome, phases.fidelity) == ("reproduced", "proxy")
        assert tasks.outcome == "not_comparable"
        assert tasks.next == "intermediate task mnli: only my_nli; intermediate task squad_v1: only my_qa"
        more = lab.part({"kind": "provenance", "intermediate_tasks": ["ccg"]})
        assert more.next == "intermediate task ccg: none"

    def test_baselines_alone_show_nothing_of_the_phases(self, exact_lab, truths) -> None:
        def is_intermediate(stage) -> bool:
            return " none " not in stage.label

        exact_lab.fill(truths.steady(truths.levels(UP)), skip=is_intermediate)
        path = exact_lab.specs / "studies" / "small.yaml"
        assert exact_lab.part(self.encoder).outcome == "reproduced"
        for part in (self.phases, self.tasks):
            found = exact_lab.part(part)
            assert found.outcome == "not_run"
            assert found.next.endswith(f"harness run {path}")

    def test_selection_on_a_target_language_is_a_contradiction(self, exact_lab, truths) -> None:
        """The plan never does so; a store filled by something else might."""
        exact_lab.fill(truths.steady(truths.levels(UP)))
        evidence = exact_lab.evidence()
        for run in evidence.plan.runs:
            if run.finetune:
                run.finetune.params["data"]["validation"]["la"] = []
        found = exact_lab.part(self.phases, evidence)
        assert (found.outcome, found.next) == ("contradicted", "selection saw la")

    def test_the_study_that_is_nearest_to_the_paper_speaks(self, exact_lab, truths) -> None:
        """C7 is not refused because a study of another encoder comes first in the alphabet."""
        arms, targets = {"none": [], "a": ["mnli"]}, ["xnli", "pawsx", "xquad", "tatoeba"]
        exact_lab.model("other", "example/other")
        few = dict.fromkeys(targets, 9)
        exact_lab.study("another", arms=arms, targets=targets, encoder=["other"], max_test_examples=few, seeds=[1])
        exact_lab.study("nearly", arms=arms, targets=targets, max_test_examples=few, seeds=[1])
        for name in ("another", "nearly"):
            exact_lab.fill(truths.steady(truths.levels(UP)), name)
        found = exact_lab.part(self.encoder)
        assert (found.outcome, found.fidelity) == ("reproduced", "proxy")
        assert "|study:nearly|" in found.signature
