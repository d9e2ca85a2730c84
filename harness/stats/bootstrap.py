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
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Replicates in half the memory and half the time; their errors are a thousandth of what they are to show.
Single = NDArray[np.float32]

Order = NDArray[np.intp]

# Weights held at once, in numbers of 4 bytes, and those drawn at once, which fit a processor's cache.
_CHUNK_ELEMENTS = 4_000_000
_BLOCK_ELEMENTS = 200_000


@dataclass(frozen=True, eq=False)
class Cell:
    """One task in one language, for all arms and seeds.

    Attributes:
        statistics: [A, S, N, K], a metric's per-example statistics.
        ids: the N examples' ids [N], no two alike. Cells of the same group with the same ids, in whatever
            order, get the same example weights.
        group: the task's name.
        aggregate: from totals [..., K] to percent [...], a metric's `aggregate`.
    """

    statistics: Array
    ids: NDArray[np.str_]
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
    for names, members in _example_sets(cells):
        columns: dict[int, Single] = {}
        for c, order in members.items():
            point[..., c] = cells[c].aggregate(cells[c].statistics.sum(axis=2, dtype=np.float64)).T
            columns[c] = _columns(cells[c], order)
        counts = np.any([matrix.any(axis=1) for matrix in columns.values()], axis=0)
        if not counts.all():
            columns = {c: matrix[counts] for c, matrix in columns.items()}
        generator = _generator(seed, *names)
        for rows, weights_RN in _example_weights(generator, n_resamples, len(counts), int(counts.sum())):
            for c, matrix in columns.items():
                totals_RASK = (weights_RN @ matrix).reshape(len(weights_RN), n_arms, n_seeds, -1)
                scores_RAS = cells[c].aggregate(totals_RASK.astype(np.float64))
                replicates[rows, ..., c] = np.swapaxes(scores_RAS, 1, 2)
    return point, replicates


def _example_sets(cells: Sequence[Cell]) -> list[tuple[tuple[str, ...], dict[int, Order]]]:
    """Returns what names each distinct set of examples, and which cells have it, with the order of their ids."""
    found: dict[tuple[str, ...], dict[int, Order]] = {}
    for c, cell in enumerate(cells):
        order = np.argsort(cell.ids, kind="stable")
        ids = cell.ids[order]
        if (ids[1:] == ids[:-1]).any():
            raise ValueError(f"{cell.group}: {len(set(ids.tolist()))} different ids for {len(ids)} examples")
        digest = hashlib.sha256(json.dumps(ids.tolist()).encode()).hexdigest()
        found.setdefault((cell.group, digest), {})[c] = order
    return list(found.items())


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
        if cell.ids.shape != (shape[2],):
            raise ValueError(f"{cell.group}: {len(cell.ids)} different ids for {shape[2]} examples")
    n_arms, n_seeds = np.shape(cells[0].statistics)[:2]
    return n_arms, n_seeds


def _generator(seed: int, *names: str) -> np.random.Generator:
    """Returns a generator that depends on `seed` and `names` alone."""
    digest = hashlib.sha256(json.dumps([seed, *names]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest))


def _columns(cell: Cell, order: Order) -> Single:
    """Returns the statistics as a matrix [N, A*S*K], examples in an order."""
    by_example = np.moveaxis(np.asarray(cell.statistics, np.float32), 2, 0)[order]
    return np.ascontiguousarray(by_example.reshape(len(order), -1))


def _example_weights(
    generator: np.random.Generator, n_resamples: int, n_examples: int, n_counting: int
) -> Iterator[tuple[slice, Single]]:
    """Yields slices of the replicates and the multinomial weights [r, M] of the M examples that count.

    Poisson weights are multinomial once their sum is known, and stay so when what is left to draw is drawn one by one. So
    most of each row is drawn as Poisson weights, to 16 bits, which takes a tenth of the time of drawing examples.
    """
    from scipy.special import pdtrc

    n_columns = max(1, n_counting)
    # So few that hardly a row has more than it may have: its sum is four standard deviations short.
    mean = max(0.0, 1.0 - 6.0 / sqrt(n_columns))
    reached = np.round(65536 * pdtrc(np.arange(20), mean)) if mean else np.empty(0)
    thresholds = reached[reached > 0].astype(np.uint16)
    step = max(1, _CHUNK_ELEMENTS // n_columns)
    block = max(1, _BLOCK_ELEMENTS // n_columns)
    buffer: Single = np.empty((min(step, n_resamples), n_columns), np.float32)
    for start in range(0, n_resamples, step):
        n_rows = min(step, n_resamples - start)
        for first in range(0, n_rows, block):
            drawn = _drawn(generator, thresholds, (min(block, n_rows - first), n_columns), n_examples, n_counting)
            buffer[first : first + len(drawn)] = drawn
        yield slice(start, start + n_rows), buffer[:n_rows, :n_counting]


def _drawn(
    generator: np.random.Generator, thresholds: NDArray[np.uint16], shape: tuple[int, int], n_examples: int, n_counting: int
) -> NDArray[np.uint8]:
    """Returns some rows of weights [r, M], each a multinomial draw."""
    n_rows, n_columns = shape
    n_wanted: Any = np.full(n_rows, n_examples)
    if n_counting < n_examples:
        n_wanted = generator.binomial(n_examples, n_counting / n_examples, n_rows)
    weights = np.zeros(shape, np.uint8)  # an example is drawn once on average, never 256 times
    if len(thresholds):
        words = generator.bit_generator.random_raw(-(-weights.size // 4))
        dice = words.astype("<u8").view("<u2")[: weights.size].reshape(shape)
        for threshold in thresholds:
            weights += (dice < threshold).view(np.uint8)
    n_left = n_wanted - weights.sum(1, dtype=np.int64)
    weights[n_left < 0] = 0
    n_left = np.where(n_left < 0, n_wanted, n_left)
    places = generator.integers(n_columns, size=int(n_left.sum())) + np.repeat(np.arange(n_rows) * n_columns, n_left)
    np.add.at(weights.reshape(-1), places, np.uint8(1))
    return weights
