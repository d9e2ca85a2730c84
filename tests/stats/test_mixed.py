"""The mixed-effects slope: the least-squares one in a balanced design, with an interval that knows what a run is."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.mixed import slope

DOSES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])


def scores(
    seed: int, run_sd: float, rest_sd: float, true: float = 4.0, n_seeds: int = 3, n_languages: int = 5
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    levels = np.linspace(40, 70, n_languages)
    runs = rng.normal(0, run_sd, (n_seeds, len(DOSES), 1))
    return levels + true * DOSES[None, :, None] + runs + rng.normal(0, rest_sd, (n_seeds, len(DOSES), n_languages))


def test_in_a_balanced_design_it_is_least_squares() -> None:
    y = scores(1, 1.0, 1.0)
    estimate, low, high = slope(y, DOSES, 0.05)
    assert estimate == pytest.approx(np.polyfit(DOSES, y.mean((0, 2)), 1)[0], abs=1e-6)
    assert low < estimate < high


def test_languages_of_one_run_are_not_so_many_runs() -> None:
    y = scores(2, 3.0, 0.1)
    _, low, high = slope(y, DOSES, 0.05)
    _, low_of_means, high_of_means = slope(y.mean(2, keepdims=True), DOSES, 0.05)
    assert high - low == pytest.approx(high_of_means - low_of_means, rel=0.05)


@pytest.mark.slow  # how often an interval holds the truth can only be counted
def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(150):
        _, low, high = slope(scores(seed, 1.5, 1.0), DOSES, 0.05)
        held += low <= 4.0 <= high
    assert 0.90 <= held / 150 <= 0.99


@pytest.mark.parametrize("y", [np.full((3, 5, 2), 50.0), np.full((3, 5, 2), np.nan), np.ones((1, 3, 2)) * np.arange(2)])
def test_where_nothing_can_be_fitted(y) -> None:
    assert slope(y, DOSES[: y.shape[1]], 0.05) is None
