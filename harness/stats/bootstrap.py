"""Crossed, paired bootstrap over seeds and examples, for metrics that aggregate a sum of statistics.

A replicate draws seeds with replacement once, for all arms and cells, and examples with replacement once
for each distinct set of examples, for all arms and seeds. So arms are compared on the same draws (paired),
and languages that share their examples (parallel data) rise and fall together. Drawing both ways at once is
the pigeonhole bootstrap of Owen (2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1:386),
whose variance is slightly too large where seeds and examples interact. With few seeds it is too small
instead, as every bootstrap is: the part that comes from seeds by the factor (S - 1) / S.

Array shapes: A arms, S seeds, N examples, K statistics, C cells, R replicates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Weights held at once, in numbers of 8 bytes; drawing needs about four times the room.
_CHUNK_ELEMENTS = 4_000_000


@dataclass(frozen=True, eq=False)
class Cell:
    """One task in one language, for all arms and seeds.

    Attributes:
        statistics: [A, S, N, K], a metric's per-example statistics.
        ids: the N examples' ids, no two alike. Cells of the same group with the same ids, in whatever
            order, get the same example weights.
        group: the task's name.
        aggregate: from totals [..., K] to percent [...], a metric's `aggregate`.
    """

    statistics: Array
    ids: tuple[str, ...]
    group: str
    aggregate: Callable[[Array], Array]


def resample(cells: Sequence[Cell], *, n_resamples: int = 2000, seed: int = 0) -> tuple[Array, Array]:
    """Returns the scores [A, C] and their replicates [R, A, C], in percent, averaged over seeds.

    The same `seed` gives the same draws for the same examples, whatever other cells there are and in
    whatever order cells and examples stand. A score that is nan for a seed that was drawn makes the
    replicate nan.

    Raises:
        ValueError: no cell or replicate, a shape or an id is wrong, or cells differ in arms or seeds.
    """
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be at least 1, not {n_resamples}")
    n_arms, n_seeds = _check(cells)
    seed_weights_RS = _generator(seed, "seeds").multinomial(n_seeds, np.full(n_seeds, 1.0 / n_seeds), size=n_resamples)
    point = np.empty((n_arms, len(cells)))
    replicates = np.empty((n_resamples, n_arms, len(cells)))

    example_sets: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for c, cell in enumerate(cells):
        example_sets.setdefault((cell.group, tuple(sorted(cell.ids))), []).append(c)
    for (group, ids), members in example_sets.items():
        columns = {c: _sorted_columns(cells[c]) for c in members}
        for c in members:
            totals_ASK = cells[c].statistics.sum(axis=2, dtype=np.float64)
            point[:, c] = cells[c].aggregate(totals_ASK).mean(axis=1)
        generator = _generator(seed, group, *ids)
        for rows, weights_RN in _example_weights(generator, n_resamples, len(ids)):
            for c in members:
                totals_RASK = (weights_RN @ columns[c]).reshape(len(weights_RN), n_arms, n_seeds, -1)
                scores_RAS = cells[c].aggregate(totals_RASK)
                replicates[rows, :, c] = _mean_over_seeds(scores_RAS, seed_weights_RS[rows])
    return point, replicates


def interval(replicates: Array, alpha: float) -> tuple[Array, Array]:
    """Returns the low and high ends of the 1 - `alpha` percentile interval, [...] for replicates [R, ...].

    Both ends are nan where a replicate is.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
    low, high = np.quantile(np.asarray(replicates, np.float64), [alpha / 2, 1 - alpha / 2], axis=0)
    return low, high


def p_greater(replicates: Array, null: float = 0.0) -> Array:
    """Returns the one-sided p value of "no greater than `null`", [...] for replicates [R, ...].

    That is (1 + the number of replicates not above `null`) / (R + 1), so never 0; nan counts as not above.
    """
    return _tail(np.asarray(replicates, np.float64) > null)


def p_equivalent(replicates: Array, margin: float) -> Array:
    """Returns the larger p value of two one-sided tests of "within ±`margin`", [...] for [R, ...]."""
    if not margin > 0.0:
        raise ValueError(f"margin must be positive, not {margin}")
    values = np.asarray(replicates, np.float64)
    return np.maximum(_tail(values > -margin), _tail(values < margin))


def _check(cells: Sequence[Cell]) -> tuple[int, int]:
    """Returns the numbers of arms and seeds that all cells share."""
    if not cells:
        raise ValueError("no cell to resample")
    for cell in cells:
        shape = np.shape(cell.statistics)
        if len(shape) != 4 or 0 in shape:
            raise ValueError(f"{cell.group}: statistics must be [arms, seeds, examples, K], none empty, not {shape}")
        if shape[:2] != np.shape(cells[0].statistics)[:2]:
            other = np.shape(cells[0].statistics)[:2]
            raise ValueError(f"{cell.group}: {shape[:2]} arms and seeds, but another cell has {other}")
        if len(cell.ids) != shape[2] or len(set(cell.ids)) != len(cell.ids):
            raise ValueError(f"{cell.group}: {len(set(cell.ids))} different ids for {shape[2]} examples")
    n_arms, n_seeds = np.shape(cells[0].statistics)[:2]
    return n_arms, n_seeds


def _generator(seed: int, *names: str) -> np.random.Generator:
    """Returns a generator that depends on `seed` and `names` alone."""
    digest = hashlib.sha256(json.dumps([seed, *names]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest))


def _sorted_columns(cell: Cell) -> Array:
    """Returns the statistics as a matrix [N, A*S*K], examples in the order of their ids."""
    order = sorted(range(len(cell.ids)), key=cell.ids.__getitem__)
    by_example = np.moveaxis(np.asarray(cell.statistics, np.float64), 2, 0)[order]
    return np.ascontiguousarray(by_example.reshape(len(order), -1))


def _example_weights(generator: np.random.Generator, n_resamples: int, n_examples: int) -> Iterator[tuple[slice, Array]]:
    """Yields slices of the replicates and the multinomial weights [r, N] of the examples in them."""
    step = max(1, _CHUNK_ELEMENTS // n_examples)
    for start in range(0, n_resamples, step):
        n_rows = min(step, n_resamples - start)
        drawn = generator.integers(n_examples, size=(n_rows, n_examples))
        drawn += np.arange(n_rows)[:, None] * n_examples
        weights = np.bincount(drawn.ravel(), minlength=n_rows * n_examples)
        yield slice(start, start + n_rows), weights.reshape(n_rows, n_examples).astype(np.float64)


def _mean_over_seeds(scores_RAS: Array, weights_RS: NDArray[Any]) -> Array:
    """Returns the weighted means [R, A]; a nan of a seed that was not drawn does not count."""
    weights = weights_RS[:, None, :]
    weighted: Array = np.where(weights > 0, scores_RAS * weights, 0.0).sum(axis=-1)
    means: Array = weighted / weights.sum(axis=-1)
    return means


def _tail(passes: NDArray[np.bool_]) -> Array:
    """Returns (1 + number of False) / (R + 1) along the first axis."""
    p: Array = (1.0 + np.count_nonzero(~passes, axis=0)) / (len(passes) + 1)
    return p
