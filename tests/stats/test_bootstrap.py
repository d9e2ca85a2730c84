"""The bootstrap over examples against what theory says about means and pairing."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.metrics import accuracy, chunk_f1
from harness.stats.bootstrap import Cell, resample

Array = NDArray[np.float64]


def cell(correct: Array, *, group: str = "task", prefix: str = "") -> Cell:
    """A cell of accuracy statistics from `correct` [A, S, N], each between 0 and 1."""
    ids = np.array([f"{prefix}{i}" for i in range(correct.shape[2])])
    statistics = np.stack([correct, np.ones_like(correct)], axis=-1)
    return Cell(statistics, ids, group, accuracy.aggregate)


def coins(seed: int, *shape: int, p: float = 0.7) -> Array:
    return (np.random.default_rng(seed).random(shape) < p).astype(np.float64)


def test_examples_alone_give_the_binomial_standard_error() -> None:
    correct = coins(1, 1, 1, 400)
    point, replicates = resample([cell(correct)])
    p = correct.mean()
    assert point.shape == (1, 1, 1)
    assert replicates.shape == (2000, 1, 1, 1)
    assert point[0, 0, 0] == pytest.approx(100 * p)
    assert replicates.mean() == pytest.approx(100 * p, abs=0.2)
    assert replicates.std() == pytest.approx(100 * np.sqrt(p * (1 - p) / 400), rel=0.06)


def test_seeds_are_kept_and_share_their_draws() -> None:
    correct = coins(2, 1, 3, 50)
    point, replicates = resample([cell(np.concatenate([correct, correct[:, :1]], axis=1))], n_resamples=50)
    assert point[:, 0, 0] == pytest.approx(100 * np.append(correct.mean(2)[0], correct[0, 0].mean()))
    assert np.array_equal(replicates[:, 0], replicates[:, 3])
    assert not np.array_equal(replicates[:, 0], replicates[:, 1])


def test_examples_that_count_for_nothing_only_thin_the_others() -> None:
    """Ten sentences with an entity among a thousand: the same distribution as if all were drawn one by one."""
    counts = np.zeros((1, 1, 1000, 3))
    counts[0, 0, :10] = [[1, 0, 0], [1, 1, 0]] * 5
    ids = np.arange(1000).astype(str)
    point, replicates = resample([Cell(counts, ids, "ner", lambda totals: totals[..., 0])], n_resamples=20_000)
    assert point[0, 0, 0] == 10
    assert replicates.mean() == pytest.approx(10, abs=0.1)
    # Binomial: 1000 draws, each with odds of one in a hundred.
    assert replicates.var() == pytest.approx(1000 * 0.01 * 0.99, rel=0.04)


def test_arms_are_paired_on_seeds_and_examples() -> None:
    base = coins(3, 1, 4, 300)
    better = np.maximum(base, coins(4, 1, 4, 300, p=0.1))
    _, replicates = resample([cell(np.concatenate([base, better]))])
    means = replicates.mean(1)[..., 0]
    difference = means[:, 1] - means[:, 0]
    unpaired = np.hypot(means[:, 0].std(), means[:, 1].std())
    assert difference.std() < 0.5 * unpaired
    assert (difference >= -1e-4).all()


def test_languages_with_the_same_ids_get_the_same_weights() -> None:
    correct = coins(5, 1, 3, 100)
    shuffle = np.random.default_rng(6).permutation(100)
    parallel = cell(correct)
    shuffled = Cell(
        parallel.statistics[:, :, shuffle],
        parallel.ids[shuffle],
        "task",
        accuracy.aggregate,
    )
    other_ids, other_task = cell(correct, prefix="x"), replace(parallel, group="other")
    _, replicates = resample([parallel, shuffled, other_ids, other_task], n_resamples=50)
    assert np.array_equal(replicates[..., 0], replicates[..., 1])
    assert not np.array_equal(replicates[..., 0], replicates[..., 2])
    assert not np.array_equal(replicates[..., 0], replicates[..., 3])


def test_cells_do_not_depend_on_their_order_or_company() -> None:
    cells = [cell(coins(n, 2, 3, n), group=f"task{n}") for n in (30, 40, 50)]
    point, replicates = resample(cells, n_resamples=100, seed=7)
    point_reversed, replicates_reversed = resample(cells[::-1], n_resamples=100, seed=7)
    assert np.array_equal(point, point_reversed[..., ::-1])
    assert np.array_equal(replicates, replicates_reversed[..., ::-1])
    assert np.array_equal(replicates[..., 1:2], resample([cells[1]], n_resamples=100, seed=7)[1])


def test_the_seed_decides_the_draws() -> None:
    cells = [cell(coins(8, 2, 3, 60))]
    first, again, other = (resample(cells, n_resamples=40, seed=seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("n", "drawn"),
    [(20, [55.0, 50.0, 60.0, 60.0, 65.0]), (400, [61.0, 60.25, 59.5, 58.75, 62.75])],
    ids=["one by one", "mostly Poisson"],
)
def test_the_draws_are_the_same_on_every_machine(n: int, drawn: list[float]) -> None:
    _, replicates = resample([cell((np.arange(n) < 0.6 * n).astype(float)[None, None])], n_resamples=5, seed=11)
    assert replicates[:, 0, 0, 0].astype(float).round(6).tolist() == drawn


def test_each_replicate_draws_as_many_examples_as_there_are() -> None:
    """One by one or as Poisson weights: the sum is N, an example's variance 1 - 1/N, two examples' covariance -1/N."""
    for n in (5, 30, 200, 2000):
        own = np.zeros((1, 1, n, 3))
        own[0, 0, :, 0] = 1
        own[0, 0, 0, 1] = own[0, 0, 1, 2] = 1
        totals: list[Array] = []
        ids = np.arange(n).astype(str)
        resample([Cell(own, ids, "t", lambda t, kept=totals: (kept.append(t), t[..., 0])[1])], n_resamples=20_000)
        drawn = np.concatenate([t.reshape(-1, 3) for t in totals[1:]])
        assert (drawn[:, 0] == n).all()
        assert drawn[:, 1:].mean(0) == pytest.approx(1, abs=0.03)
        assert np.cov(drawn[:, 1], drawn[:, 2]) == pytest.approx(
            np.array([[1 - 1 / n, -1 / n], [-1 / n, 1 - 1 / n]]), abs=0.04
        )


def test_f1_is_recomputed_from_resampled_counts() -> None:
    counts = np.array([[1.0, 0, 0], [0, 1, 1], [2, 0, 1]])
    f1 = Cell(counts[None, None], np.array(["a", "b", "c"]), "ner", chunk_f1.aggregate)
    point, replicates = resample([f1], n_resamples=500)
    assert point[0, 0, 0] == pytest.approx(100 * 6 / 9)
    possible = [chunk_f1.aggregate(np.array([i, j, 3 - i - j]) @ counts) for i in range(4) for j in range(4 - i)]
    assert set(replicates.ravel().astype(float).round(4)) <= {round(float(value), 4) for value in possible}


def test_memory_stays_bounded() -> None:
    statistics = np.ones((2, 3, 10_000, 2))
    big = Cell(statistics, np.arange(10_000).astype(str), "task", accuracy.aggregate)
    tracemalloc.start()
    try:
        resample([big], n_resamples=1000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 250e6


def test_wrong_input_is_an_error() -> None:
    good = cell(coins(0, 2, 3, 5))
    for bad, message in [
        ([], "no cell"),
        ([good, cell(coins(0, 2, 2, 5))], "arms and seeds"),
        ([good, cell(coins(0, 1, 3, 5))], "arms and seeds"),
        ([replace(good, ids=good.ids[:-1])], "different ids"),
        ([replace(good, ids=np.array(["0"] * 5))], "different ids"),
        ([replace(good, statistics=good.statistics[0])], "statistics must be"),
        ([replace(good, statistics=good.statistics[:, :, :0], ids=good.ids[:0])], "statistics must be"),
    ]:
        with pytest.raises(ValueError, match=message):
            resample(bad)
    with pytest.raises(ValueError, match="n_resamples"):
        resample([good], n_resamples=0)
