"""Whether two things go together across units that are seen in many strata: a rank correlation with a permutation test.

Array shapes: G strata, U units, P permutations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
N_ORDERS = 9999
# Orders tested at once: all of them in all strata would not fit a small memory.
_AT_ONCE = 500


@dataclass(frozen=True)
class Association:
    """Mean rank correlations over strata, two-sided p-values, and how many units and strata they are of.

    `partial` is the correlation with what goes with other things taken out of both.
    """

    rho: float
    p: float
    partial: float
    p_partial: float
    n_units: int
    n_strata: int


def association(x: Array, y: Array, beside: Sequence[Array], seed: int = 0) -> Association:
    """Returns how `x` goes with `y`, both [G, U], by rank within each stratum, averaged over strata.

    Under the null hypothesis it does not matter which unit has which row of x: they are dealt out anew, in all strata alike,
    since what a unit does in one stratum it tends to do in the others. All orders, or 9,999 random ones. A stratum in
    which y has no two values counts as 0. Each of `beside` [G, U] is taken out of both for `partial` (ranks, least squares).

    Raises:
        ValueError: the shapes differ, or there are fewer than three units.
    """
    shapes = [table.shape for table in (x, y, *beside)]
    if not (x.ndim == 2 and len(set(shapes)) == 1 and x.shape[1] > 2):
        raise ValueError(f"tables of one shape and three units are needed, not {', '.join(map(str, shapes))}")
    ranks_x, ranks_y = _ranks(x), _ranks(y)
    others: list[Array] = []
    for table in beside:
        others.append(_without(_ranks(table), others))
    orders = _orders(x.shape[1], seed)
    plain = _test(ranks_x, _unit(ranks_y), orders)
    # Taken out of y alone the test would be of the same dealing; out of x it is done after each dealing.
    partial = _test(ranks_x, _unit(_without(ranks_y, others)), orders, others)
    return Association(*plain, *partial, n_units=x.shape[1], n_strata=len(x))


def _test(ranks_x: Array, y: Array, orders: NDArray[np.intp], taken_out: Sequence[Array] = ()) -> tuple[float, float]:
    """Returns the mean correlation and its two-sided p-value over the orders, of which the first is as it is."""
    found = np.empty(len(orders))
    beside = [table[:, None] for table in taken_out]
    for start in range(0, len(orders), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        dealt = ranks_x[:, orders[part]]  # [G, P, U]
        found[part] = (_unit(_without(dealt, beside)) * y[:, None]).sum(-1).mean(0)
    extreme = np.count_nonzero(np.abs(found) >= abs(found[0]) - 1e-9)
    return float(found[0]), float(extreme / len(orders))


def _orders(n: int, seed: int) -> NDArray[np.intp]:
    """Returns orders of n units [P, n], the given one first."""
    if factorial(n) <= N_ORDERS:
        return np.array(list(permutations(range(n))), np.intp)
    generator = np.random.default_rng(seed)
    return np.array([np.arange(n), *(generator.permutation(n) for _ in range(N_ORDERS))], np.intp)


def _ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    ranks: Array = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    return ranks


def _without(values: Array, others: Sequence[Array]) -> Array:
    """Returns centred values [G, U] less what goes with other centred ones, which are orthogonal to each other."""
    for other in others:
        square = (other**2).sum(-1, keepdims=True)
        is_there = square > 1e-9  # else it is the same everywhere, or known from those before it
        values = (
            values - np.where(is_there, (values * other).sum(-1, keepdims=True) / np.where(is_there, square, 1), 0) * other
        )
    return values


def _unit(values: Array) -> Array:
    length = np.sqrt((values**2).sum(-1, keepdims=True))
    found: Array = np.where(length > 1e-9, values / np.where(length > 1e-9, length, 1), 0.0)
    return found
