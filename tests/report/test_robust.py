"""The page on robustness: there where a study has attacks, with every number that its pictures show."""

from __future__ import annotations

from typing import Any

from harness.report import robust, wording

ENTRY = {
    "encoder": "mini",
    "arm": "qa_0",
    "target": "t",
    "attack": "slip@1",
    "score": 60.0,
    "score_interval": [55.0, 65.0],
    "drop": 10.0,
    "drop_interval": [8.0, 12.0],
    "flips": 20.0,
    "flips_interval": [18.0, 22.0],
    "relative_drop": 14.3,
    "worst_language": "la",
    "n_examples": 80,
    "languages": [{"language": x, "score": 60.0, "drop": d, "flips": 20.0} for x, d in (("en", 5.0), ("la", 15.0))],
}
PART = {
    "kind": "slope",
    "expected": {
        "slope": "positive",
        "numbers": {"qa_0": 0.0, "qa_50": 0.5, "qa_100": 1.0},
        "attack": "slip@1",
        "quantity": "drop",
    },
    "details": {"by arm": {"qa_0": 10.0, "qa_50": 12.0, "qa_100": 20.0}},
    "estimate": 10.0,
    "interval": [2.0, 18.0],
    "outcome": "reproduced",
}
NEAR = {
    "encoder": "mini",
    "arm": "qa_0",
    "target": "t",
    "language": "en",
    "measure": "mmd",
    "value": 0.3,
    "low": 0.2,
    "high": 0.4,
}


def test_levels_are_told_without_a_sign_and_gains_with_one() -> None:
    assert wording.details(PART) == "by arm: qa_0 10.0, qa_50 12.0, qa_100 20.0"
    assert wording.details({"details": {"gains": {"mnli": 1.5, "qa": -2.0}}}) == "gains: mnli +1.5, qa −2.0"


def summary(**more: Any) -> dict[str, Any]:
    target = {"name": "t", "title": "A target", "metric": "accuracy", "languages": ["en", "la"], "source_language": "en"}
    empty = {"robustness": [], "similarity": [], "associations": [], "attacked_rows": []}
    return {"targets": [target], "arms": [{"encoder": "mini", "name": "qa_0"}], **empty, **more}


def test_a_study_without_attacks_has_no_such_page() -> None:
    assert robust.view(summary(), {"claims": []}) is None


def test_all_is_there() -> None:
    document = {"claims": [{"id": "R1", "parts": [PART, {**PART, "kind": "greater"}]}]}
    worst = {**ENTRY, "attack": "worst", "score": 50.0}
    found = robust.view(summary(robustness=[ENTRY, worst], similarity=[NEAR]), document)
    assert found is not None
    (target,) = found["targets"]
    assert target["attacks"] == ["slip@1", "worst"]
    assert [cell["score"] for cell in target["rows"][0]["cells"]] == [60.0, 50.0]
    assert "−15.0" in target["heat"]  # in la
    assert "−5.0" in target["heat"]
    (dose,) = found["doses"]
    assert dose["what"] == "rises over qa_0 0, qa_50 0.5, qa_100 1, drop under slip@1"
    assert "qa_50 12.0" in dose["picture"]
    assert dose["picture"].count("<circle") == 3
    (scatter,) = found["scatters"]
    assert scatter["measure"] == "mmd"
    # A whisker each way, and the mark; the worst of all attacks is no attack of its own.
    assert scatter["picture"].count('class="span s0"') == 2


def test_an_arm_that_is_not_done_leaves_a_gap() -> None:
    arms = [{"encoder": "mini", "name": name} for name in ("qa_0", "qa_50")]
    found = robust.view({**summary(robustness=[ENTRY]), "arms": arms}, {"claims": []})
    assert found is not None
    assert [row["cells"] for row in found["targets"][0]["rows"]] == [[ENTRY], [None]]
