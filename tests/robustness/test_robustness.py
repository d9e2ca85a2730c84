"""What attacks do, as numbers that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from harness import bundle, robustness
from harness.attacked import Under
from harness.errors import SpecError
from harness.evidence import Evidence
from harness.store import Store


def of(lines, arm: str, attack: str):
    (found,) = [line for line in lines if line["arm"] == arm and line["attack"] == attack]
    return found


def test_a_line_has_scores_drops_and_flips(filled) -> None:
    lines = robustness.lines(filled.evidence())
    assert {line["attack"] for line in lines} == {"slip@0.2", "slip@1", "worst"}
    line = of(lines, "a3", "slip@0.2")
    # 26 and 25 of 40 right in en and la, 30 before.
    assert line["score"] == pytest.approx(100 * 51 / 80)
    assert line["drop"] == pytest.approx(100 * 9 / 80)
    assert line["relative_drop"] == pytest.approx(100 * 9 / 60, abs=1e-3)
    assert line["flips"] == pytest.approx(10)
    assert line["worst_language"] == "la"
    assert [one["score"] for one in line["languages"]] == [65.0, 62.5]
    assert line["n_examples"] == 80
    for quantity in robustness.QUANTITIES:
        low, high = line[f"{quantity}_interval"]
        assert low <= line[quantity] <= high


def test_the_worst_of_all_is_taken_by_example(filled) -> None:
    lines = robustness.lines(filled.evidence())
    # Under the weak attack items 0 to 19 are right, under the strong one the last 10 and none of those.
    assert of(lines, "none", "worst")["score"] == 0
    assert of(lines, "none", "slip@1")["score"] == pytest.approx(100 * (10 + 9) / 80)
    assert of(lines, "none", "worst")["flips"] == pytest.approx(10)
    part = {"kind": "greater", "arm": {"intermediate": ["mnli"]}, "targets": ["pawsx"], "attack": "worst"}
    assert filled.part(part).estimate == 0


def test_no_example_has_a_worst_chunk_f1(filled) -> None:
    tagging = {"family": "token_classification"}
    filled.task("my_pairs", "pawsx", **tagging)
    evidence = filled.evidence()
    evidence._aligned = lambda *more: (np.zeros((6, 3, 40, 3)), np.arange(40).astype(str))
    with pytest.raises(SpecError, match="worst: this metric has no value for a single example"):
        evidence._sides(evidence.arms, "my_pairs", ["en"], ["chunk_f1"], Under("worst"))


def test_nearer_arms_are_more_robust_and_it_is_found(filled) -> None:
    found = {(row["measure"], row["quantity"]): row for row in robustness.associations(filled.evidence())}
    assert set(found) == {(m, q) for m in ("jensen_shannon", "centroid_cosine") for q in robustness.QUANTITIES}
    near = found["centroid_cosine", "score"]
    assert near["rho"] == pytest.approx(1)
    assert near["p"] == pytest.approx(2 / 120)
    assert near["p_adjusted"] == pytest.approx(4 / 120)
    assert (near["n_arms"], near["n_strata"]) == (5, 4)
    # A divergence is turned round: the nearer, the higher.
    assert found["jensen_shannon", "score"]["rho"] == pytest.approx(1)
    assert found["centroid_cosine", "drop"]["rho"] == pytest.approx(-1)
    # The clean score is the same for all, and so is the number of rows: nothing is taken out; flips do not differ.
    assert near["partial"] == pytest.approx(1)
    assert found["centroid_cosine", "flips"]["rho"] == 0


@pytest.mark.parametrize("sizes", [[10, 20, 30, 40, None], [10, 20, 30, 90, 80]])
def test_arms_that_are_larger_as_well_as_nearer_say_less(filled, sizes) -> None:
    found = {(row["measure"], row["quantity"]): row for row in robustness.associations(filled.evidence())}
    near = found["centroid_cosine", "score"]
    assert near["rho"] == pytest.approx(1)
    # Size goes up with nearness: without limit an arm has all the 100 rows. In the second study not quite.
    assert near["partial"] == pytest.approx(0 if sizes[-1] is None else 1)


def test_examples_are_of_each_target_and_attack_in_two_languages(filled) -> None:
    found = robustness.examples(filled.evidence())
    assert [(row["attack"], row["language"]) for row in found] == [
        (attack, language) for attack in ("slip@0.2", "slip@1") for language in ("en", "la")
    ]
    assert found[0]["after"] == {"text": "sa ti wsa", "prediction": "no"}


def test_a_bundle_has_what_the_report_says_of_robustness(filled, tmp_path) -> None:
    evidence = filled.evidence()
    bundle._copy_stages(bundle.Request(evidence, tmp_path, tmp_path, {}), tmp_path / "copied")
    copied = Evidence(evidence.plan, Store(tmp_path / "copied"), filled.catalog)
    assert copied.similarities() == evidence.similarities() != []
    for found in (robustness.lines, robustness.associations, robustness.examples):
        assert found(copied) == found(evidence)


def test_a_study_without_attacks_has_nothing_of_it(filled) -> None:
    filled.study("plain", arms={"none": [], "a": ["my_task0"]}, targets=["my_pairs"])
    evidence = filled.evidence("plain")
    assert robustness.lines(evidence) == robustness.associations(evidence) == robustness.examples(evidence) == []
