"""Exact nearest neighbours by inner product, in one direction or in both, in bounded memory.

The product of all queries and all of the index never exists: blocks of it are made one after the other, and what each
can improve is merged into the best so far. A block serves both directions, so that two-way neighbours cost one product
and not two. Looking at every score of a block once a direction would cost more than making it; so scores are first
reduced to the maxima of small groups, and only groups whose maximum beats the k-th best so far are looked into.

Memory beside the vectors: one block of `ROWS` × `COLUMNS` scores (16 MB), what is found (12 bytes a neighbour), and
small change. At 2 × 200,000 vectors of 384 dimensions that is 614 MB of vectors and less than 100 MB beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# N queries, M index vectors, D dimensions, k neighbours, J groups, G members of a group, H groups that are looked into
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
ROWS, COLUMNS, GROUP = 1024, 4096, 16


@dataclass(frozen=True)
class Neighbours:
    """The k best of each query, best first, the lowest index first among equals: `ids` and `scores`, both [N, k]."""

    ids: Ints
    scores: Floats


def unit(vectors_ND: Floats) -> Floats:
    """Returns the vectors at length one, so that their inner product is the cosine; a zero vector stays zero."""
    norms = np.sqrt(np.einsum("nd,nd->n", vectors_ND, vectors_ND, dtype=np.float64))
    scaled: Floats = vectors_ND / np.maximum(norms, 1e-12).astype(np.float32)[:, None]
    return scaled


def nearest(queries_ND: Floats, index_MD: Floats, k: int = 1) -> Neighbours:
    """Returns for each query the min(k, M) index vectors with the highest inner product."""
    found = _Best(len(queries_ND), min(k, len(index_MD)))
    _scan(queries_ND, index_MD, found, None)
    return Neighbours(found.ids, found.scores)


def nearest_both_ways(x_ND: Floats, y_MD: Floats, k: int) -> tuple[Neighbours, Neighbours]:
    """Returns the min(k, M) neighbours in `y` of each `x`, and the min(k, N) neighbours in `x` of each `y`."""
    forward, backward = _Best(len(x_ND), min(k, len(y_MD))), _Best(len(y_MD), min(k, len(x_ND)))
    _scan(x_ND, y_MD, forward, backward)
    return Neighbours(forward.ids, forward.scores), Neighbours(backward.ids, backward.scores)


class _Best:
    """The k best so far of each of `n` queries."""

    def __init__(self, n: int, k: int) -> None:
        self.k = k
        self.ids: Ints = np.zeros((n, k), np.int64)
        self.scores: Floats = np.full((n, k), -np.inf, np.float32)

    def offer(self, queries_H: Ints, ids_HG: Ints, scores_HG: Floats, floor_H: Floats) -> None:
        """Merges in those scores that are above their query's floor."""
        hit, member = np.nonzero(scores_HG > floor_H[:, None])
        if not len(hit):
            return
        touched, place = np.unique(queries_H[hit], return_inverse=True)
        owner = np.concatenate([np.repeat(np.arange(len(touched)), self.k), place])
        ids = np.concatenate([self.ids[touched].ravel(), ids_HG[hit, member]])
        scores = np.concatenate([self.scores[touched].ravel(), scores_HG[hit, member]])
        order = np.lexsort((ids, -scores, owner))
        counts = np.bincount(owner)
        rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept = order[rank < self.k]
        self.ids[touched] = ids[kept].reshape(-1, self.k)
        self.scores[touched] = scores[kept].reshape(-1, self.k)


def _scan(x_ND: Floats, y_MD: Floats, forward: _Best, backward: _Best | None) -> None:
    """Offers every score to its row in `forward` and, if there is one, to its column in `backward`."""
    buffer: Floats = np.empty((ROWS, COLUMNS), np.float32)
    for top in range(0, len(x_ND), ROWS):
        rows = x_ND[top : top + ROWS]
        for left in range(0, len(y_MD), COLUMNS):
            columns = y_MD[left : left + COLUMNS]
            whole = len(rows) == ROWS and len(columns) == COLUMNS
            block = np.matmul(rows, columns.T, out=buffer if whole else None)
            _offer_rows(block, top, left, forward)
            if backward is not None:
                _offer_columns(block, top, left, backward)


def _offer_rows(block_NM: Floats, top: int, left: int, best: _Best) -> None:
    n = len(block_NM)
    filled = _filled(block_NM, 0, -block_NM.shape[1] % GROUP)
    # A group is every J-th column: maxima of whole rows of memory are several times as fast as those of short runs.
    groups = filled.reshape(n, GROUP, -1)
    maxima = groups.max(1)
    n_groups = maxima.shape[1]
    floor = best.scores[top : top + n, -1]
    if left == 0:
        floor = _first_floor(maxima, best.k)
    query, group = np.divmod(np.flatnonzero(maxima > floor[:, None]), n_groups)
    ids = left + group[:, None] + n_groups * np.arange(GROUP)
    best.offer(top + query, ids, groups[query, :, group], floor[query])


def _offer_columns(block_NM: Floats, top: int, left: int, best: _Best) -> None:
    m = block_NM.shape[1]
    groups = _filled(block_NM, -len(block_NM) % GROUP, 0).reshape(-1, GROUP, m)
    maxima = groups.max(1)
    floor = best.scores[left : left + m, -1]
    if top == 0:
        floor = _first_floor(np.ascontiguousarray(maxima.T), best.k)
    group, query = np.divmod(np.flatnonzero(maxima > floor), m)
    ids = top + GROUP * group[:, None] + np.arange(GROUP)
    best.offer(left + query, ids, groups[group, :, query], floor[query])


def _filled(block_NM: Floats, n_rows: int, n_columns: int) -> Floats:
    """Returns the block with rows and columns of minus infinity at its end, which no query ever takes."""
    if not n_rows and not n_columns:
        return block_NM
    return np.pad(block_NM, ((0, n_rows), (0, n_columns)), constant_values=-np.inf)


def _first_floor(maxima_NJ: Floats, k: int) -> Floats:
    """Returns for each query what its k best of a first block are above: k groups have a member that good."""
    n, n_groups = maxima_NJ.shape
    if n_groups < k:
        return np.full(n, -np.inf, np.float32)
    kth = np.partition(maxima_NJ, n_groups - k, axis=1)[:, n_groups - k]
    return np.nextafter(kth, np.float32(-np.inf))
