"""Rankings and pairs against slow readings of their definitions, and against scikit-learn where it has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from harness.metrics import bitext_f1, mean_average_precision

ids = st.integers(0, 30).map(str)
queries = st.lists(
    st.tuples(st.lists(ids, min_size=1, max_size=25), st.lists(ids, max_size=40)),
    min_size=1,
    max_size=5,
)
sides = st.lists(st.tuples(st.lists(ids, max_size=3), st.lists(ids, max_size=3)), min_size=1, max_size=8)


def slow_average_precision(accepted: list[str], ranked: list[str]) -> float:
    total = 0.0
    for place in range(min(20, len(ranked))):
        above = ranked[: place + 1]
        if ranked[place] in accepted and ranked[place] not in ranked[:place]:
            total += len(set(above) & set(accepted)) / len(above)
    return total / min(20, len(set(accepted)))


@given(queries)
def test_average_precision_of_each_query(rows: list[tuple[list[str], list[str]]]) -> None:
    gold, predicted = [row[0] for row in rows], [row[1] for row in rows]
    statistics = mean_average_precision.statistics(gold, predicted, language="en")
    np.testing.assert_allclose(statistics[:, 0], [slow_average_precision(a, r) for a, r in rows], atol=1e-9)
    assert statistics[:, 1].tolist() == [1.0] * len(rows)


@given(st.permutations([str(i) for i in range(20)]), st.sets(st.integers(0, 19).map(str), min_size=1))
def test_a_whole_ranking_scores_as_in_scikit_learn(ranked: list[str], accepted: set[str]) -> None:
    expected = average_precision_score([name in accepted for name in ranked], -np.arange(20.0))
    found = mean_average_precision.statistics([sorted(accepted)], [ranked], language="en")[0, 0]
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("rank", "expected"), [(1, 100.0), (4, 25.0), (20, 5.0), (21, 0.0)])
def test_one_accepted_id_gives_its_reciprocal_rank_up_to_20(rank: int, expected: float) -> None:
    ranked = [f"other {i}" for i in range(30)]
    ranked[rank - 1] = "right"
    totals = mean_average_precision.statistics([["right"]], [ranked], language="en").sum(0)
    assert mean_average_precision.aggregate(totals) == pytest.approx(expected, abs=1e-9)


def test_a_query_that_accepts_nothing_gives_nothing() -> None:
    assert mean_average_precision.statistics([[]], [["a"]], language="en").tolist() == [[0.0, 1.0]]


@given(sides)
def test_pairs_are_counted_as_a_whole_set(rows: list[tuple[list[str], list[str]]]) -> None:
    gold = {(i, name) for i, (true, _) in enumerate(rows) for name in true}
    mined = {(i, name) for i, (_, guesses) in enumerate(rows) for name in guesses}
    totals = bitext_f1.statistics([row[0] for row in rows], [row[1] for row in rows], language="de").sum(0)
    assert totals.tolist() == [len(gold & mined), len(mined - gold), len(gold - mined)]


@given(sides)
def test_pairs_score_as_in_scikit_learn(rows: list[tuple[list[str], list[str]]]) -> None:
    totals = bitext_f1.statistics([row[0] for row in rows], [row[1] for row in rows], language="de").sum(0)
    every = sorted({(i, name) for i, row in enumerate(rows) for side in row for name in side})
    value = bitext_f1.aggregate(totals)
    if not every:
        assert np.isnan(value)
        return
    truth, guess = ([name in rows[i][side] for i, name in every] for side in (0, 1))
    assert value == pytest.approx(100 * f1_score(truth, guess, zero_division=0), abs=1e-9)


@pytest.mark.parametrize("metric", [bitext_f1, mean_average_precision])
def test_other_lengths_are_an_error(metric: object) -> None:
    with pytest.raises(ValueError, match=r"differ|shorter"):
        metric.statistics([["a"]], [], language="en")  # type: ignore[attr-defined]
