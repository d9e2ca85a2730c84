from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.power import MOST_SEEDS, seeds_needed

errors = st.floats(0.01, 10.0)


def test_by_hand() -> None:
    # (1.959964 + 0.841621)**2 = 7.848879; times (2 / 1)**2 gives 31.4, so 32 seeds.
    assert seeds_needed(2.0, 3, 0.0, effect=1.0, alpha=0.05) == 32
    # Half the effect's room is taken by the examples: 1 / 7.848879 - 0.06 = 0.067407; 4 / 0.067407 = 59.3.
    assert seeds_needed(2.0, 3, 0.06**0.5, effect=-1.0, alpha=0.05) == 60


def test_the_number_gives_the_power_it_promises() -> None:
    seed_sd, example_se, effect, alpha = 1.5, 0.2, 1.2, 0.05
    n = seeds_needed(seed_sd, 3, example_se, effect, alpha)
    assert n is not None
    rng = np.random.default_rng(0)
    error = np.hypot(seed_sd / np.sqrt(n), example_se)
    detected = np.abs(effect + error * rng.standard_normal(20_000)) > 1.959964 * error
    assert 0.79 < detected.mean() < 0.88


def test_never_less_than_the_seeds_at_hand() -> None:
    assert seeds_needed(0.0, 5, 0.0, effect=1.0, alpha=0.05) == 5


def test_none_where_no_number_would_do() -> None:
    assert seeds_needed(1.0, 3, 0.0, effect=0.0, alpha=0.05) is None
    assert seeds_needed(1.0, 3, 1.0, effect=1.0, alpha=0.05) is None
    assert seeds_needed(10.0, 3, 0.0, effect=0.1, alpha=0.05) is None


@given(seed_sd=errors, example_se=errors, effect=errors, factor=st.floats(1.0, 3.0))
def test_monotone(seed_sd: float, example_se: float, effect: float, factor: float) -> None:
    def count(seed_sd: float, example_se: float, effect: float, alpha: float, power: float) -> int:
        return seeds_needed(seed_sd, 2, example_se, effect, alpha, power) or MOST_SEEDS + 1

    n = count(seed_sd, example_se, effect, 0.05, 0.8)
    assert count(seed_sd * factor, example_se, effect, 0.05, 0.8) >= n
    assert count(seed_sd, example_se * factor, effect, 0.05, 0.8) >= n
    assert count(seed_sd, example_se, effect * factor, 0.05, 0.8) <= n
    assert count(seed_sd, example_se, effect, 0.05 / factor, 0.8) >= n
    assert count(seed_sd, example_se, effect, 0.05, 0.9) >= n


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed_sd": float("nan")},
        {"seed_sd": -1.0},
        {"example_se": -1.0},
        {"n_seeds": 0},
        {"effect": float("inf")},
        {"alpha": 0.0},
        {"power": 1.0},
        {"power": 0.1},
    ],
)
def test_wrong_input_is_an_error(arguments: dict[str, float]) -> None:
    good = {"seed_sd": 1.0, "n_seeds": 3, "example_se": 0.1, "effect": 1.0, "alpha": 0.05}
    with pytest.raises(ValueError, match="must"):
        seeds_needed(**(good | arguments))  # type: ignore[arg-type]
