"""Rank correlation against SciPy and by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from harness.stats.correlation import rank_correlation

X = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0]
Y = [2.0, 7.0, 1.0, 8.0, 3.0, 4.0]


def test_rho_is_scipys_and_p_values_are_those_of_all_orders() -> None:
    found = rank_correlation(X, Y, 0.05)
    assert found.rho == pytest.approx(spearmanr(X, Y).statistic)
    orders = [spearmanr(X, order).statistic for order in permutations(Y)]
    assert found.p_positive == pytest.approx(np.mean([rho >= found.rho - 1e-9 for rho in orders]))
    assert found.p_negative == pytest.approx(np.mean([rho <= found.rho + 1e-9 for rho in orders]))
    assert found.interval[0] < found.rho < found.interval[1]


def test_ties_and_perfect_order() -> None:
    tied = rank_correlation([1, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 3], 0.05)
    assert tied.rho == pytest.approx(1.0)
    assert tied.p_positive < 0.02
    assert rank_correlation(range(10), range(10), 0.05).p_positive < 0.001
    assert rank_correlation(range(10), range(10)[::-1], 0.05).p_negative < 0.001


def test_chance_is_called_a_correlation_as_often_as_alpha_says() -> None:
    rng = np.random.default_rng(1)
    found = [rank_correlation(rng.random(6), rng.random(6), 0.05) for _ in range(400)]
    assert np.mean([f.p_positive <= 0.05 for f in found]) < 0.05 + 0.036
    assert np.mean([f.interval[0] <= 0 <= f.interval[1] for f in found]) > 0.9


@pytest.mark.parametrize(("x", "y"), [([1, 2, 3], [1, 2, 3]), ([1] * 6, Y), (X, Y[:-1])])
def test_too_little_to_rank_is_an_error(x, y) -> None:
    with pytest.raises(ValueError, match="rank correlation needs 5"):
        rank_correlation(x, y, 0.05)
