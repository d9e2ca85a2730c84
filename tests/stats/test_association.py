"""A rank correlation over units that are seen in many strata: right where it can be counted, and never fooled by strata."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from harness.stats.association import association


def tables(seed: int, n_strata: int, n_units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y, z = (rng.normal(size=(n_strata, n_units)) for _ in range(3))
    return x, y, z


def test_it_is_the_mean_of_spearmans_rho() -> None:
    x, y, z = tables(1, 4, 6)
    found = association(x, y, [z])
    assert found.rho == pytest.approx(np.mean([spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)]))
    assert (found.n_units, found.n_strata) == (6, 4)


def test_the_partial_one_is_the_textbooks() -> None:
    x, y, z = tables(2, 1, 7)
    xy, xz, yz = (spearmanr(a[0], b[0]).statistic for a, b in ((x, y), (x, z), (y, z)))
    expected = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    assert association(x, y, [z]).partial == pytest.approx(expected)


def test_two_things_are_taken_out_as_least_squares_does() -> None:
    x, y, z = tables(6, 1, 9)
    w = np.random.default_rng(7).normal(size=z.shape)
    ranks = [rankdata(table[0]) for table in (x, y)]
    design = np.column_stack([np.ones(9), rankdata(z[0]), rankdata(w[0])])
    rest = [r - design @ np.linalg.lstsq(design, r, rcond=None)[0] for r in ranks]
    expected = np.corrcoef(*rest)[0, 1]
    assert association(x, y, [z, w]).partial == pytest.approx(expected)
    assert association(x, y, [w, z]).partial == pytest.approx(expected)


def test_what_is_the_same_everywhere_or_said_twice_takes_nothing_out() -> None:
    x, y, z = tables(8, 3, 6)
    alone, constant = association(x, y, [z]), np.full_like(z, 7.0)
    assert association(x, y, [z, constant, 3 * z]) == alone
    assert association(x, y, []).partial == pytest.approx(alone.rho)


def test_what_goes_with_the_third_thing_alone_has_no_partial_correlation() -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(size=(1, 8)).repeat(5, 0)
    found = association(z + 0.01 * rng.normal(size=z.shape), z + 0.01 * rng.normal(size=z.shape), [z])
    assert found.rho > 0.9
    assert abs(found.partial) < 0.7
    assert found.p < 0.01


def test_a_perfect_order_is_as_rare_as_it_is() -> None:
    x = np.arange(5.0)[None].repeat(3, 0)
    assert association(x, 2 * x, [np.zeros_like(x)]).p == pytest.approx(2 / 120)
    assert association(x, -x, [np.zeros_like(x)]).rho == pytest.approx(-1)


def test_strata_that_say_the_same_are_no_more_evidence() -> None:
    x, y, z = tables(4, 1, 6)
    once, often = association(x, y, [z]), association(x.repeat(50, 0), y.repeat(50, 0), [z.repeat(50, 0)])
    assert often.p == pytest.approx(once.p)
    assert often.p_partial == pytest.approx(once.p_partial)


def test_a_stratum_without_differences_says_nothing() -> None:
    x, y, z = tables(5, 2, 5)
    y[1] = 3.0
    assert association(x, y, [z]).rho == pytest.approx(association(x[:1], y[:1], [z[:1]]).rho / 2)


@pytest.mark.slow  # how often chance is called a result can only be counted
def test_chance_is_called_a_result_as_often_as_promised() -> None:
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=6)[None].repeat(8, 0)
        y = rng.normal(size=6)[None] + 0.3 * rng.normal(size=(8, 6))  # what a unit does, it does in all strata
        hits += association(x, y, [rng.normal(size=(8, 6))]).p <= 0.05
    assert hits <= 20  # 10 are expected; more than 20 come once in 800


@pytest.mark.parametrize("shapes", [((2, 5), (2, 4), (2, 5)), ((5,), (5,), (5,)), ((3, 2), (3, 2), (3, 2))])
def test_tables_that_do_not_fit(shapes) -> None:
    x, y, z = map(np.zeros, shapes)
    with pytest.raises(ValueError, match="three units"):
        association(x, y, [z])
