"""A study that was trained here, handed in and scored by the command: the numbers are the study's own."""

from __future__ import annotations

import json

import pytest

from harness.evidence import Evidence
from harness.spec.catalog import Catalog
from harness.store import Store

SCORING = {
    "tiny_nli": {"languages": ["en", "la"], "format": "labels", "metrics": ["accuracy"]},
    "tiny_qa": {"languages": ["en", "la"], "format": "squad", "metrics": ["squad_exact_match", "squad_f1"]},
    "tiny_pairs": {"languages": ["la"], "format": "labels", "metrics": ["accuracy"]},
}
NAMES = {"accuracy": "accuracy", "squad_exact_match": "exact_match", "squad_f1": "f1"}


def test_a_submission_scores_as_the_study_does(place) -> None:
    groups = {"pairs": ["tiny_nli"], "qa": ["tiny_qa"], "retrieval": ["tiny_pairs"]}
    place.tree.write("benchmarks", "tiny", {"title": "Tiny", "groups": groups, "scoring": SCORING, "citation": "none"})
    done = place("export", "submission", "small", "--out", "sub", "--labels", "gold", "--arm", "nli", "--seed", "2")
    assert done.stdout == "11 files in sub and gold\n"
    assert done.stderr == "arm nli, of none, nli\nseed 2, of 1, 2\n"
    scored = place("score", "--predictions", "sub", "--labels", "gold", "--benchmark", "tiny", "--json")
    found = json.loads(scored.stdout)
    assert not scored.stderr
    evidence = Evidence(place.tree.plan(), Store(place.store), Catalog(place.tree.specs))
    own = [s for s in evidence.scores() if (s["arm"], s["seed"]) == ("nli", 2)]
    assert len(own) == 7
    for row in own:
        value = found["tasks"][row["task"]][NAMES[row["metric"]]][row["language"]]
        assert value == pytest.approx(row["value"], abs=1e-9)
    shown = place("score", "--predictions", "sub", "--labels", "gold", "--benchmark", "tiny").stdout
    assert f"{found['all_task']:.2f}" in shown
    assert (
        "error: sub: there is something in it" in place("export", "submission", "small", "--out", "sub", exit_code=2).stderr
    )
    place("score", "--predictions", "sub", "--labels", "gold", "--benchmark", "tine", exit_code=2)
