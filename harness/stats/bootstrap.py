"""Paired bootstrap over examples, for metrics that aggregate a sum of statistics.

A replicate draws examples with replacement once for each distinct set of examples, for all arms and seeds. So arms are
compared on the same draws (paired), and languages that share their examples (parallel data) rise and fall together. A
metric is computed anew from each replicate's summed statistics: an F1 is never a mean of means. Seeds are not drawn
here: three of them are too few to learn their variance from by resampling (see `effect`).

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
# Replicates in half the memory and half the time; their errors are a thousandth of what they are to show.
Single = NDArray[np.float32]

# Weights held at once, in numbers of 4 bytes; drawing needs about six times the room.
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


def resample(cells: Sequence[Cell], *, n_resamples: int = 2000, seed: int = 0) -> tuple[Array, Single]:
    """Returns the scores [S, A, C] and their replicates [R, S, A, C], in percent.

    The same `seed` gives the same draws for the same examples, in whatever order cells and examples stand. An example
    whose statistics are zero in all cells that have it can change no total; only how many of these are drawn matters.
    A score that is nan makes its replicates nan.

    Raises:
        ValueError: no cell or replicate, a shape or an id is wrong, or cells differ in arms or seeds.
    """
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be at least 1, not {n_resamples}")
    n_arms, n_seeds = _check(cells)
    point = np.empty((n_seeds, n_arms, len(cells)))
    replicates: Single = np.empty((n_resamples, n_seeds, n_arms, len(cells)), np.float32)
    example_sets: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for c, cell in enumerate(cells):
        example_sets.setdefault((cell.group, tuple(sorted(cell.ids))), []).append(c)
    for (group, ids), members in example_sets.items():
        for c in members:
            point[..., c] = cells[c].aggregate(cells[c].statistics.sum(axis=2, dtype=np.float64)).T
        columns = {c: _sorted_columns(cells[c]) for c in members}
        counts = np.any([matrix.any(axis=1) for matrix in columns.values()], axis=0)
        columns = {c: matrix[counts] for c, matrix in columns.items()}
        generator = _generator(seed, group, *ids)
        for rows, weights_RN in _example_weights(generator, n_resamples, len(ids), int(counts.sum())):
            for c in members:
                totals_RASK = (weights_RN @ columns[c]).reshape(len(weights_RN), n_arms, n_seeds, -1)
                scores_RAS = cells[c].aggregate(totals_RASK.astype(np.float64))
                replicates[rows, ..., c] = np.swapaxes(scores_RAS, 1, 2)
    return point, replicates


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


def _sorted_columns(cell: Cell) -> Single:
    """Returns the statistics as a matrix [N, A*S*K], examples in the order of their ids."""
    order = sorted(range(len(cell.ids)), key=cell.ids.__getitem__)
    by_example = np.moveaxis(np.asarray(cell.statistics, np.float32), 2, 0)[order]
    return np.ascontiguousarray(by_example.reshape(len(order), -1))


def _example_weights(
    generator: np.random.Generator, n_resamples: int, n_examples: int, n_counting: int
) -> Iterator[tuple[slice, Single]]:
    """Yields slices of the replicates and the multinomial weights [r, M] of the M examples that count."""
    step = max(1, _CHUNK_ELEMENTS // max(1, n_counting))
    for start in range(0, n_resamples, step):
        n_rows = min(step, n_resamples - start)
        n_drawn: Any = np.full(n_rows, n_examples)
        if n_counting < n_examples:
            n_drawn = generator.binomial(n_examples, n_counting / n_examples, n_rows)
        drawn = generator.integers(max(1, n_counting), size=int(n_drawn.sum()))
        drawn += np.repeat(np.arange(n_rows) * n_counting, n_drawn)
        weights = np.bincount(drawn, minlength=n_rows * n_counting)
        yield slice(start, start + n_rows), weights.reshape(n_rows, n_counting).astype(np.float32)
