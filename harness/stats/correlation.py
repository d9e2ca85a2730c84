"""Rank correlation of a few units, with a permutation test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh

import numpy as np

# Five units have 120 orders: the smallest one-sided p-value is then below 1 %.
FEWEST_UNITS = 5
N_ORDERS = 9999


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho, its interval, and one-sided p-values of "not positive" and "not negative"."""

    rho: float
    interval: tuple[float, float]
    p_positive: float
    p_negative: float


def rank_correlation(x: Sequence[float], y: Sequence[float], alpha: float, seed: int = 0) -> RankCorrelation:
    """Returns the rank correlation of `x` and `y`, with the interval of level 1 - `alpha`.

    p-values come from all orders of `y`, or from 9,999 random ones where there are more: under the null hypothesis any
    is as likely. The interval is Fisher's, with the standard error sqrt((1 + rho²/2) / (n - 3)) of Bonett and Wright
    (2000, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65:23).

    Raises:
        ValueError: the lengths differ, there are fewer than `FEWEST_UNITS`, or all of one are equal.
    """
    from scipy.stats import norm, permutation_test, rankdata

    first, second = rankdata(x), rankdata(y)
    if len(first) != len(second) or len(first) < FEWEST_UNITS or not (np.ptp(first) and np.ptp(second)):
        raise ValueError(f"a rank correlation needs {FEWEST_UNITS} pairs of different numbers: {x!r}, {y!r}")

    def rho(values: np.ndarray, axis: int = -1) -> np.ndarray:
        centred = values - values.mean(axis=axis, keepdims=True)
        fixed = second - second.mean()
        found: np.ndarray = (centred * fixed).sum(axis) / np.sqrt((centred**2).sum(axis) * (fixed**2).sum())
        return found

    options = {
        "permutation_type": "pairings",
        "n_resamples": N_ORDERS,
        "vectorized": True,
        "rng": np.random.default_rng(seed),
    }
    test = permutation_test((first,), rho, alternative="greater", **options)
    value = float(test.statistic)
    # The same orders serve the other side; a tie counts for both.
    orders = np.asarray(test.null_distribution)
    is_all = len(orders) < N_ORDERS
    below = np.count_nonzero(orders <= value + 1e-9)
    p_negative = below / len(orders) if is_all else (below + 1) / (len(orders) + 1)
    room = norm.isf(alpha / 2) * sqrt((1 + value**2 / 2) / (len(first) - 3))
    centre = atanh(min(max(value, -1 + 1e-9), 1 - 1e-9))
    ends = (min(value, tanh(centre - room)), max(value, tanh(centre + room)))
    return RankCorrelation(value, ends, float(test.pvalue), float(min(1.0, p_negative)))
