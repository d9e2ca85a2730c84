"""The paired permutation test: its oracle, its invariances, and how often it errs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, permutation_test

from harness.metrics import accuracy, chunk_f1
from harness.stats.bootstrap import Cell
from harness.stats.permutation import exchange


def right(*systems: np.ndarray) -> np.ndarray:
    """Return statistics [A, S, N, 2] of right answers [S, N] of each system."""
    answers = np.asarray(systems, np.float64)
    return np.stack([answers, np.ones_like(answers)], axis=-1)


def cell(statistics: np.ndarray, prefix: str = "x", aggregate=accuracy.aggregate) -> Cell:
    return Cell(statistics, np.array([f"{prefix}{i:04d}" for i in range(statistics.shape[2])]), "task", aggregate)


def answers(seed: int, *levels: float, n: int = 200, n_seeds: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return right(*(rng.random((n_seeds, n)) < level for level in levels))


def test_identical_systems_show_nothing() -> None:
    statistics = answers(0, 0.6)
    found = exchange([cell(np.concatenate([statistics, statistics]))])
    assert (found.difference, found.p, found.n_permutations, found.is_exact) == (0.0, 1.0, 1, True)


def test_a_shift_is_detected_in_either_direction() -> None:
    statistics = answers(1, 0.8, 0.6, n=400)
    found = exchange([cell(statistics)])
    other = exchange([cell(statistics[::-1])])
    assert found.p == pytest.approx(1 / 10_001)
    assert (other.difference, other.p) == (pytest.approx(-found.difference), found.p)


def test_few_examples_are_counted_out_by_hand() -> None:
    """Of three that differ all are in favour of the first: 2 of 8 exchanges leave them all on one side."""
    found = exchange([cell(right([[1, 1, 1, 1, 0]], [[0, 0, 0, 1, 0]]))])
    assert (found.difference, found.p, found.n_permutations, found.is_exact) == (pytest.approx(60.0), 0.25, 8, True)


def test_is_the_exact_sign_test_where_answers_are_right_or_wrong() -> None:
    """McNemar's exact test, by scipy: of the examples that differ, as many are in favour of either."""
    first = np.repeat([1, 0, 1], [9, 2, 30])
    second = np.repeat([0, 1, 1], [9, 2, 30])
    found = exchange([cell(right([first], [second]))])
    assert found.is_exact
    assert found.p == pytest.approx(binomtest(9, 11).pvalue)


@pytest.mark.parametrize("n", [10, 60])
def test_is_that_of_scipy_for_a_mean(n: int) -> None:
    """Of two samples' means paired by example: exact with ten examples, within sampling error with sixty."""
    rng = np.random.default_rng(n)
    first, second = rng.random(n) + 0.12, rng.random(n)
    found = exchange([cell(right([first], [second]))])
    oracle = permutation_test(
        (first, second),
        lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
        rng=np.random.default_rng(0),
    )
    assert found.difference == pytest.approx(100 * oracle.statistic)
    assert found.is_exact == (n == 10)
    # Two estimates of 10,000 draws each: five standard errors.
    room = 1e-12 if n == 10 else 5 * np.sqrt(2 * 0.25 / 10_000)
    assert found.p == pytest.approx(oracle.pvalue, abs=room)
    assert 0.0 < found.p < 1.0


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_is_irrelevant(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = [cell(answers(seed + i, 0.7, 0.6, n=40), prefix) for i, prefix in enumerate("xxy")]
    mixed = []
    for one in cells:
        order = rng.permutation(len(one.ids))
        mixed.append(Cell(one.statistics[:, :, order], one.ids[order], one.group, one.aggregate))
    found, other = exchange(cells, n_permutations=99), exchange(mixed[::-1], n_permutations=99)
    assert (found.difference, found.p) == (pytest.approx(other.difference), other.p)


def test_an_f1_is_computed_from_sums() -> None:
    """By hand: the exchanges of two examples, whose F1 over both is no mean of the F1 of each."""
    first, second = [[8, 0, 0], [1, 1, 1]], [[4, 4, 4], [1, 0, 0]]
    statistics = np.array([[first], [second]], np.float64)
    found = exchange([cell(statistics, aggregate=chunk_f1.aggregate)])
    # 9 of 10 found and 9 of 10 right, against 5 of 9.
    seen = 100 * (9 / 10 - 5 / 9)
    # One example exchanged: (4, 4, 4) + (1, 1, 1) against (8, 0, 0) + (1, 0, 0), and the other way round.
    exchanged = 100 * (5 / 10 - 9 / 9)
    assert abs(exchanged) > seen
    assert (found.difference, found.p) == (pytest.approx(seen), 1.0)
    means = [100 * (x - y) for x, y in zip((1.0, 0.5), (0.5, 1.0), strict=True)]
    assert sum(means) == 0.0  # a mean of means would have seen no difference at all


def test_parallel_languages_are_exchanged_together() -> None:
    """Two languages with the same answers to the same examples tell as much as one, not twice as much."""
    one = cell(right([[1, 1, 1, 1, 0]], [[0, 0, 0, 0, 0]]))
    assert exchange([one]).p == exchange([one, one]).p == 2 / 16
    other = Cell(one.statistics, np.array([f"y{name}" for name in one.ids]), "task", one.aggregate)
    assert exchange([one, other]).p == 2 / 256


def test_seeds_are_exchanged_together() -> None:
    """Two models a side, as one system each: training twice makes no new example."""
    once = right([[1, 1, 1, 1, 0]], [[0, 0, 0, 0, 0]])
    assert exchange([cell(np.concatenate([once, once], axis=1))]).p == 2 / 16


def test_a_draw_depends_on_the_ids_alone() -> None:
    statistics = answers(3, 0.66, 0.6)
    found = exchange([cell(statistics)])
    assert found == exchange([cell(statistics)])
    assert not found.is_exact
    assert found.p != exchange([cell(statistics, "another")]).p
    assert found.p != exchange([cell(statistics)], seed=1).p


def test_errs_as_often_as_it_says() -> None:
    """Two systems that are equally good on 50 examples: 5 % of 600 pairs are called different, give or take."""
    p_values = [exchange([cell(answers(i, 0.7, 0.7, n=50))], n_permutations=199).p for i in range(600)]
    for level in (0.05, 0.2):
        share = np.mean(np.asarray(p_values) <= level)
        assert share <= level + 3 * np.sqrt(level * (1 - level) / 600)
    assert np.mean(np.asarray(p_values) <= 0.2) > 0.1


def test_a_score_that_is_nan_shows_nothing() -> None:
    nothing = np.zeros((2, 1, 3, 2))
    nothing[0, 0, 0] = (1, 1)
    found = exchange([cell(nothing)])
    assert np.isnan(found.difference)
    assert found.p == 1.0


@pytest.mark.parametrize(
    ("cells", "n", "message"),
    [
        ([], 10, "no cell"),
        ([cell(answers(0, 0.5, 0.5, 0.5))], 10, "must be"),
        ([cell(answers(0, 0.5, 0.5)), cell(answers(0, 0.5, 0.5, n_seeds=2))], 10, "2 seeds"),
        ([Cell(answers(0, 0.5, 0.5, n=2), ("x", "x"), "task", accuracy.aggregate)], 10, "1 different ids"),
        ([cell(answers(0, 0.5, 0.5))], 0, "at least 1"),
    ],
)
def test_what_cannot_be_permuted_is_refused(cells, n, message) -> None:
    with pytest.raises(ValueError, match=message):
        exchange(cells, n_permutations=n)
