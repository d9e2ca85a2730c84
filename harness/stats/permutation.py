"""A paired permutation test of two systems on the same examples, for metrics that aggregate a sum of statistics.

Under the null hypothesis it makes no difference which of the two gave which answer to an example. So the answers to some of
the examples are exchanged, the metric is computed anew from the summed statistics of each side (an F1 is never a mean of
means), and the difference that was seen is set beside the differences that such exchanges give. An example is exchanged
in all languages that have it and for all seeds at once, so parallel test sets are not taken for independent ones.

It speaks of the systems that are there. What another seed would have given is not in it (see `effect`).

Array shapes: S seeds, N examples, K statistics, M examples that differ, R permutations.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from harness.stats.bootstrap import Cell

Array = NDArray[np.float64]
N_PERMUTATIONS = 10_000

# Numbers of 8 bytes held at once.
_CHUNK_ELEMENTS = 4_000_000
# Differences in percent that arithmetic cannot tell apart are ties, and ties count.
_TIE = 1e-9


@dataclass(frozen=True)
class Exchange:
    """What exchanging shows: the difference in points, its two-sided p-value, and how many exchanges it was set beside.

    `is_exact` says that these were all there are, and not a draw.
    """

    difference: float
    p: float
    n_permutations: int
    is_exact: bool


def exchange(cells: Sequence[Cell], *, n_permutations: int = N_PERMUTATIONS, seed: int = 0) -> Exchange:
    """Returns the first system's score minus the second's, averaged over seeds and cells, and its p-value.

    Each cell holds two systems, [2, S, N, K], and all cells the same number of seeds. p is the share of all exchanges whose
    difference is as large, in either direction, if these are no more than `n_permutations`. Else so many are drawn, and it
    is (1 + count) / (1 + n). Draws depend on `seed` and the examples' ids alone, not on the order of cells and examples.
    A difference that is nan counts as large; where the one that was seen is nan, p is 1.

    Raises:
        ValueError: no cell or permutation, a shape or an id is wrong, or cells differ in seeds.
    """
    if n_permutations < 1:
        raise ValueError(f"n_permutations must be at least 1, not {n_permutations}")
    _check(cells)
    names = [cell.ids for cell in cells]
    changes = [np.subtract(cell.statistics[1], cell.statistics[0], dtype=np.float64) for cell in cells]
    # An example with the same statistics on both sides changes nothing.
    counts = [change.any(axis=(0, 2)) for change in changes]
    used = np.unique(np.concatenate([own[kept] for own, kept in zip(names, counts, strict=True)]))
    placed = []
    for own, kept, change in zip(names, counts, changes, strict=True):
        by_example = np.zeros((len(used), *change.shape[::2]))
        by_example[np.searchsorted(used, own[kept])] = np.moveaxis(change, 1, 0)[kept]
        placed.append(by_example.reshape(len(used), change[:, 0].size))
    seen = float(_differences(cells, placed, np.zeros((1, len(used))))[0])
    is_exact = len(used) < 63 and 2 ** len(used) <= n_permutations
    n = 2 ** len(used) if is_exact else n_permutations
    if not isfinite(seen):
        return Exchange(seen, 1.0, n, is_exact)
    chunks = _all(len(used)) if is_exact else _drawn(used, n, seed)
    smaller = sum(int((np.abs(_differences(cells, placed, swaps)) < abs(seen) - _TIE).sum()) for swaps in chunks)
    return Exchange(seen, (n - smaller) / n if is_exact else (1 + n - smaller) / (1 + n), n, is_exact)


def _check(cells: Sequence[Cell]) -> None:
    if not cells:
        raise ValueError("no cell to permute")
    for cell in cells:
        shape = np.shape(cell.statistics)
        if len(shape) != 4 or shape[0] != 2 or 0 in shape:
            raise ValueError(f"{cell.group}: statistics must be [2, seeds, examples, K], none empty, not {shape}")
        if shape[1] != np.shape(cells[0].statistics)[1]:
            raise ValueError(f"{cell.group}: {shape[1]} seeds, but another cell has {np.shape(cells[0].statistics)[1]}")
        if len(cell.ids) != shape[2] or len(set(cell.ids)) != len(cell.ids):
            raise ValueError(f"{cell.group}: {len(set(cell.ids))} different ids for {shape[2]} examples")


def _differences(cells: Sequence[Cell], placed: Sequence[Array], swaps_RM: Array) -> Array:
    """Returns the differences [R] after exchanging the examples that `swaps_RM` marks with 1."""
    total = np.zeros(len(swaps_RM))
    for cell, change in zip(cells, placed, strict=True):
        sums_2SK = cell.statistics.sum(axis=2, dtype=np.float64)
        moved_RSK = (swaps_RM @ change).reshape(-1, *sums_2SK.shape[1:])
        total += (cell.aggregate(sums_2SK[0] + moved_RSK) - cell.aggregate(sums_2SK[1] - moved_RSK)).mean(-1)
    return total / len(cells)


def _all(n_examples: int) -> Iterator[Array]:
    """Yields every way to exchange, a row each, the one that exchanges nothing first."""
    patterns = np.arange(2**n_examples)[:, None] >> np.arange(n_examples)
    yield (patterns & 1).astype(np.float64)


def _drawn(names: NDArray[np.str_], n: int, seed: int) -> Iterator[Array]:
    digest = hashlib.sha256(json.dumps([seed, *names.tolist()]).encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest))
    step = max(1, _CHUNK_ELEMENTS // len(names))
    for start in range(0, n, step):
        bits = generator.integers(256, size=(min(step, n - start), -(-len(names) // 8)), dtype=np.uint8)
        yield np.unpackbits(bits, axis=1, count=len(names)).astype(np.float64)
