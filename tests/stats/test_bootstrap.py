"""The bootstrap against what theory says about means, pairing and coverage."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.metrics import accuracy, chunk_f1
from harness.stats.bootstrap import Cell, interval, p_equivalent, p_greater, resample

Array = NDArray[np.float64]


def cell(correct: Array, *, group: str = "task", prefix: str = "") -> Cell:
    """A cell of accuracy statistics from `correct` [A, S, N], each between 0 and 1."""
    ids = tuple(f"{prefix}{i}" for i in range(correct.shape[2]))
    statistics = np.stack([correct, np.ones_like(correct)], axis=-1)
    return Cell(statistics, ids, group, accuracy.aggregate)


def coins(seed: int, *shape: int, p: float = 0.7) -> Array:
    return (np.random.default_rng(seed).random(shape) < p).astype(np.float64)


def test_examples_alone_give_the_binomial_standard_error() -> None:
    correct = coins(1, 1, 1, 400)
    point, replicates = resample([cell(correct)])
    p = correct.mean()
    assert point.shape == (1, 1)
    assert replicates.shape == (2000, 1, 1)
    assert point[0, 0] == pytest.approx(100 * p)
    assert replicates.mean() == pytest.approx(100 * p, abs=0.2)
    assert replicates.std() == pytest.approx(100 * np.sqrt(p * (1 - p) / 400), rel=0.06)


def test_seeds_alone_give_the_standard_error_of_their_mean() -> None:
    by_seed = np.array([0.60, 0.70, 0.65, 0.85, 0.50])
    _, replicates = resample([cell(np.tile(by_seed[None, :, None], (1, 1, 20)))], n_resamples=4000)
    assert replicates.std() == pytest.approx(100 * by_seed.std() / np.sqrt(5), rel=0.05)


def test_seeds_and_examples_both_add_to_the_variance() -> None:
    rng = np.random.default_rng(2)
    scores = 0.5 + 0.1 * rng.standard_normal((1, 10, 1)) + 0.3 * rng.standard_normal((1, 1, 200))
    _, replicates = resample([cell(scores)], n_resamples=4000)
    expected = scores.mean(axis=2).var() / 10 + scores.mean(axis=1).var() / 200
    assert replicates.std() == pytest.approx(100 * np.sqrt(expected), rel=0.05)


def test_arms_are_paired_on_seeds_and_examples() -> None:
    base = coins(3, 1, 4, 300)
    better = np.maximum(base, coins(4, 1, 4, 300, p=0.1))
    _, replicates = resample([cell(np.concatenate([base, better]))])
    difference = replicates[:, 1, 0] - replicates[:, 0, 0]
    unpaired = np.hypot(replicates[:, 0, 0].std(), replicates[:, 1, 0].std())
    assert difference.std() < 0.5 * unpaired
    assert (difference >= 0).all()


def test_languages_with_the_same_ids_get_the_same_weights() -> None:
    correct = coins(5, 1, 3, 100)
    shuffle = np.random.default_rng(6).permutation(100)
    parallel = cell(correct)
    shuffled = Cell(
        parallel.statistics[:, :, shuffle],
        tuple(parallel.ids[i] for i in shuffle),
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
    assert np.array_equal(point, point_reversed[:, ::-1])
    assert np.array_equal(replicates, replicates_reversed[:, :, ::-1])
    assert np.array_equal(replicates[:, :, 1:2], resample([cells[1]], n_resamples=100, seed=7)[1])


def test_the_seed_decides_the_draws() -> None:
    cells = [cell(coins(8, 2, 3, 60))]
    first, again, other = (resample(cells, n_resamples=40, seed=seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_draws_are_the_same_on_every_machine() -> None:
    _, replicates = resample([cell((np.arange(20) < 12).astype(float)[None, None])], n_resamples=5, seed=11)
    assert replicates[:, 0, 0].round(6).tolist() == [75.0, 55.0, 80.0, 60.0, 60.0]


def test_f1_is_recomputed_from_resampled_counts() -> None:
    counts = np.array([[1.0, 0, 0], [0, 1, 1], [2, 0, 1]])
    f1 = Cell(counts[None, None], ("a", "b", "c"), "ner", chunk_f1.aggregate)
    point, replicates = resample([f1], n_resamples=500)
    assert point[0, 0] == pytest.approx(100 * 6 / 9)
    possible = [chunk_f1.aggregate(np.array([i, j, 3 - i - j]) @ counts) for i in range(4) for j in range(4 - i)]
    assert set(replicates.ravel().round(9)) <= {round(float(value), 9) for value in possible}


def test_nan_of_a_seed_not_drawn_does_not_count() -> None:
    correct = np.ones((1, 2, 10))
    statistics = np.stack([correct, correct], axis=-1)
    statistics[0, 1] = 0.0
    point, replicates = resample([Cell(statistics, tuple("abcdefghij"), "task", accuracy.aggregate)], n_resamples=200)
    assert np.isnan(point[0, 0])
    assert 0.15 < (replicates == 100.0).mean() < 0.35
    low, high = interval(replicates[:, 0, 0], 0.05)
    assert np.isnan(low)
    assert np.isnan(high)
    assert p_greater(replicates[:, 0, 0]) > 0.6


def test_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(9)
    n_arms, n_seeds, n_examples, n_simulations, hits = 2, 15, 150, 150, 0
    for simulation in range(n_simulations):
        scores = (
            np.array([0.5, 0.53])[:, None, None]
            + 0.03 * rng.standard_normal((n_arms, n_seeds, 1))
            + 0.20 * rng.standard_normal((n_arms, 1, n_examples))
            + 0.10 * rng.standard_normal((n_arms, n_seeds, n_examples))
        )
        _, replicates = resample([cell(scores)], n_resamples=200, seed=simulation)
        low, high = interval(replicates[:, 1, 0] - replicates[:, 0, 0], 0.1)
        hits += bool(low <= 3.0 <= high)
    # Binomial standard error of the coverage: 2.4 points.
    assert 0.83 < hits / n_simulations < 0.97


def test_memory_stays_bounded() -> None:
    statistics = np.ones((2, 3, 10_000, 2))
    big = Cell(statistics, tuple(map(str, range(10_000))), "task", accuracy.aggregate)
    tracemalloc.start()
    try:
        resample([big], n_resamples=1000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 250e6


def test_interval_is_that_of_numpy_and_keeps_trailing_shape() -> None:
    replicates = np.random.default_rng(10).standard_normal((500, 2, 3))
    low, high = interval(replicates, 0.1)
    assert low.shape == high.shape == (2, 3)
    assert low[1, 2] == np.quantile(replicates[:, 1, 2], 0.05)
    assert high[1, 2] == np.quantile(replicates[:, 1, 2], 0.95)


def test_p_values_count_replicates() -> None:
    replicates = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    assert p_greater(replicates) == pytest.approx(3 / 10)
    assert p_greater(replicates, null=10.0) == 1.0
    assert p_greater(replicates, null=-2.0) == pytest.approx(1 / 10)
    assert p_equivalent(replicates, 7.5) == pytest.approx(1 / 10)
    assert p_equivalent(replicates, 6.0) == pytest.approx(3 / 10)
    assert p_equivalent(np.stack([replicates, replicates / 10], axis=1), 1.0).shape == (2,)
    assert p_equivalent(replicates / 10, 1.0) == pytest.approx(1 / 10)


def test_wrong_input_is_an_error() -> None:
    good = cell(coins(0, 2, 3, 5))
    for bad, message in [
        ([], "no cell"),
        ([good, cell(coins(0, 2, 2, 5))], "arms and seeds"),
        ([good, cell(coins(0, 1, 3, 5))], "arms and seeds"),
        ([replace(good, ids=good.ids[:-1])], "different ids"),
        ([replace(good, ids=("0",) * 5)], "different ids"),
        ([replace(good, statistics=good.statistics[0])], "statistics must be"),
        ([replace(good, statistics=good.statistics[:, :, :0], ids=())], "statistics must be"),
    ]:
        with pytest.raises(ValueError, match=message):
            resample(bad)
    with pytest.raises(ValueError, match="n_resamples"):
        resample([good], n_resamples=0)
    with pytest.raises(ValueError, match="alpha"):
        interval(np.zeros(3), 5.0)
    with pytest.raises(ValueError, match="margin"):
        p_equivalent(np.zeros(3), 0.0)
