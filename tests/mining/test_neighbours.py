"""Blocked search finds what a plain search finds, whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness import neighbours

# Inner products of small whole numbers are exact, so that equals are equal and the first of them is the first.
heaps = st.integers(1, 25).flatmap(
    lambda n: arrays(np.float32, (n, 3), elements=st.integers(-3, 3).map(float).map(np.float32))
)
blocks = st.sampled_from([(1024, 4096, 16), (5, 7, 3), (4, 4, 2), (8, 3, 4), (1, 1, 1)])


def plain(queries: np.ndarray, index: np.ndarray, k: int) -> list[list[int]]:
    products = [[float(q @ v) for v in index] for q in queries]
    return [sorted(range(len(row)), key=lambda j: (-row[j], j))[:k] for row in products]


@given(heaps, heaps, st.integers(1, 6), blocks)
def test_neighbours_are_those_of_a_plain_search(x, y, k, sizes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, size in zip(("ROWS", "COLUMNS", "GROUP"), sizes, strict=True):
            patch.setattr(neighbours, name, size)
        forward, backward = neighbours.nearest_both_ways(x, y, k)
        one_way = neighbours.nearest(x, y, k)
    assert forward.ids.tolist() == one_way.ids.tolist() == plain(x, y, k)
    assert backward.ids.tolist() == plain(y, x, k)
    for found, queries, index in ((forward, x, y), (backward, y, x)):
        own = [[float(q @ index[j]) for j in ids] for q, ids in zip(queries, found.ids, strict=True)]
        assert found.scores.tolist() == own


def test_across_blocks_of_full_size() -> None:
    rng = np.random.default_rng(1)
    x, y = (rng.integers(-99, 99, size=(n, 4)).astype(np.float32) for n in (1300, 4500))
    forward, backward = neighbours.nearest_both_ways(x, y, 4)
    products = x @ y.T
    np.testing.assert_array_equal(forward.scores, -np.sort(-products, axis=1)[:, :4])
    np.testing.assert_array_equal(backward.scores, -np.sort(-products.T, axis=1)[:, :4])
    np.testing.assert_array_equal(np.take_along_axis(products, forward.ids, 1), forward.scores)
    np.testing.assert_array_equal(np.take_along_axis(products.T, backward.ids, 1), backward.scores)


def test_memory_stays_within_its_bound() -> None:
    import tracemalloc

    x = neighbours.unit(np.random.default_rng(1).normal(size=(20_000, 2)).astype(np.float32))
    tracemalloc.start()
    neighbours.nearest_both_ways(x[:1500], x, 4)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60e6 < 4 * 1500 * 20_000


def test_vectors_of_length_one() -> None:
    vectors = np.array([[3, 4], [0, 0], [-1, 0]], np.float32)
    assert neighbours.unit(vectors).tolist() == [[np.float32(0.6), np.float32(0.8)], [0, 0], [-1, 0]]
    assert vectors.tolist() == [[3, 4], [0, 0], [-1, 0]]
