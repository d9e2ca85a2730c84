"""Estimates, counts, keys and corrections are what one gets by hand from the store."""

from __future__ import annotations

import json
from statistics import mean

import pytest

from harness.canon import pretty
from harness.report.verdicts import claims_document

ARM_A, ALL = {"intermediate": ["mnli"]}, {"intermediate": "all"}
TRUE = {"none": 0.40, "a": 0.50, "b": 0.55, "c": 0.65}
PARTS = {
    "greater": {"kind": "greater", "arm": ARM_A},
    "mean": {"kind": "greater", "arm": "mean_of_all"},
    "pair": {"kind": "greater", "arm": ALL, "over": ARM_A},
    "value": {"kind": "value", "arm": ARM_A, "value": 10.0, "margin": 1.0},
    "best": {"kind": "best", "arm": ALL},
    "equivalent": {"kind": "equivalent", "margin": 1.0},
    "ordering": {"kind": "ordering", "group": "qa"},
    "selected": {"kind": "selected_greater"},
    "count": {"kind": "count", "at_least": 0.5},
    "one": {"kind": "greater", "arm": ARM_A, "targets": ["xquad"]},
}


@pytest.fixture
def filled(lab, truths):
    """A store of 60 items a cell, every run tossing its own coins; validation prefers the arm b."""
    own = truths.levels(TRUE)
    lab.fill(truths.noisy(own), validation=lambda run: {"none": 9.0, "a": 1.0, "b": 3.0, "c": 2.0}[run.arm])
    return lab


@pytest.fixture
def by_hand(filled):
    """Mean over seeds of an arm on a target in a language, from the scores that the evaluations wrote."""
    scores = filled.evidence().scores()

    def score(arm: str, target: str) -> float:
        own = [s for s in scores if (s["arm"], s["task"]) == (arm, target)]
        languages = sorted({s["language"] for s in own})
        return mean(mean(s["value"] for s in own if s["language"] == x) for x in languages)

    return score


def test_estimates_are_plain_differences_of_means(filled, by_hand) -> None:
    targets = ["my_nli", "my_pairs", "my_qa", "my_search"]
    mean_of = {arm: mean(by_hand(arm, t) for t in targets) for arm in TRUE}
    gain = {t: mean(by_hand(arm, t) for arm in "abc") - by_hand("none", t) for t in targets}
    expected = {
        "greater": mean_of["a"] - mean_of["none"],
        "mean": mean(mean_of[arm] for arm in "abc") - mean_of["none"],
        "pair": mean_of["c"] - mean_of["a"],
        "value": mean_of["a"] - mean_of["none"],
        "best": mean_of["c"] - max(mean_of[arm] for arm in ("none", "a", "b")),
        "equivalent": mean(gain.values()),
        "ordering": gain["my_qa"] - max(mean([gain["my_nli"], gain["my_pairs"]]), gain["my_search"]),
        "selected": mean(by_hand("b", t) - by_hand("none", t) for t in targets[:3]),
        "one": by_hand("a", "my_qa") - by_hand("none", "my_qa"),
    }
    verdicts = {v.id: v.parts[0] for v in filled.judge(filled.claims(**{k: [p] for k, p in PARTS.items()}))}
    for name, value in expected.items():
        assert verdicts[name].estimate == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize(
    ("name", "truth"),
    [("greater", 10.0), ("mean", 100 / 6), ("pair", 15.0), ("best", 10.0), ("equivalent", 100 / 6), ("selected", 15.0)],
)
def test_intervals_hold_the_truth(filled, name, truth) -> None:
    found = filled.part(PARTS[name])
    assert found.interval[0] <= truth <= found.interval[1]
    assert found.interval[1] - found.interval[0] < 25


def test_alpha_sets_the_width_and_the_threshold(filled) -> None:
    wide, narrow = (filled.part({**PARTS["greater"], "alpha": alpha}) for alpha in (0.001, 0.4))
    assert wide.interval[0] < narrow.interval[0] < narrow.interval[1] < wide.interval[1]
    assert wide.p == narrow.p
    hard = {"kind": "greater", "arm": ARM_A, "targets": ["tatoeba"]}
    p = filled.part(hard).p
    outcomes = [filled.part({**hard, "alpha": alpha}).outcome for alpha in (p - 1e-9, p + 1e-9)]
    assert outcomes == ["inconclusive", "reproduced"]


def test_seeds_examples_keys_and_signature_are_those_of_the_arms_compared(filled) -> None:
    plan = filled.plan()
    found = filled.part(PARTS["greater"])
    keys = {s.key for run in plan.runs if run.arm in ("a", "none") for s in run.evaluate.values()}
    assert set(found.evidence) == keys
    assert len(found.evidence) == len(keys)
    assert (found.n_seeds, found.n_examples) == (3, 7 * 60)
    pairs = [pair.split(":", 1) for pair in found.signature.split("|")]
    assert dict(pairs) == {
        "kind": "greater",
        "study": "small",
        "encoder": "tiny",
        "arms": "a,none",
        "tasks": "my_nli:accuracy,my_pairs:accuracy,my_qa:squad_f1,my_search:accuracy",
        "langs": "en,la",
        "split": "test",
        "attack": "none",
        "seeds": "1,2,3",
        "select": "source",
        "resamples": "2000",
        "v": "3",
    }
    assert pairs[-1][0] == "v"
    one = filled.part(PARTS["one"])
    assert one.n_examples == 120
    assert "tasks:my_qa:squad_f1|" in one.signature
    assert filled.part(PARTS["selected"]).n_examples == 360


def test_p_values_are_corrected_over_the_whole_file(filled) -> None:
    """Holm's steps, written out; parts without a p-value do not count."""
    named = {k: [p] for k, p in PARTS.items()}
    parts = {v.id: v.parts[0] for v in filled.judge(filled.claims(**named))}
    alone = {k: filled.part(p) for k, p in PARTS.items()}
    for_claim = {k: v.p for k, v in alone.items() if v.p is not None and v.outcome != "contradicted"}
    # A contradicted part shows the p-value of its contrary, so its own is taken to be large.
    raw = sorted(list(for_claim.values()) + [1.0] * sum(v.outcome == "contradicted" for v in alone.values()))
    stepped = [min(1.0, max((len(raw) - j) * raw[j] for j in range(i + 1))) for i in range(len(raw))]
    for name, p in for_claim.items():
        assert parts[name].p == p
        assert parts[name].p_adjusted == pytest.approx(stepped[raw.index(p)])
    assert parts["value"].p_adjusted is None


def test_company_can_cost_a_claim_its_verdict(filled) -> None:
    part = {"kind": "greater", "arm": ARM_A, "targets": ["tatoeba"]}
    p = filled.part(part).p
    part = {**part, "alpha": 2 * p}
    alone, *_, last = filled.judge(filled.claims(part)) + filled.judge(filled.claims(part, part, part))
    assert alone.outcome == "reproduced"
    assert last.outcome == "inconclusive"
    assert last.parts[0].p_adjusted == pytest.approx(3 * p)


def test_the_same_store_gives_the_same_bytes(filled) -> None:
    claims = filled.claims(**{k: [p] for k, p in PARTS.items()})
    first, again = (pretty(claims_document("small", "store", filled.judge(claims))) for _ in range(2))
    assert first == again
    assert sum(json.loads(first)["summary"].values()) == len(PARTS)


def test_the_order_of_claims_changes_nothing_but_their_order(filled) -> None:
    named = {k: [p] for k, p in PARTS.items()}
    there = filled.judge(filled.claims(**named))
    back = filled.judge(filled.claims(**dict(reversed(named.items()))))
    assert there == back[::-1]
    assert there != back


def test_a_part_alone_differs_only_in_its_correction(filled) -> None:
    together = {v.id: v.parts[0].to_json() for v in filled.judge(filled.claims(**{k: [p] for k, p in PARTS.items()}))}
    for name, part in PARTS.items():
        alone = filled.part(part).to_json()
        for field in ("estimate", "interval", "expected", "signature", "evidence", "n_seeds", "n_examples"):
            assert alone[field] == together[name][field]
