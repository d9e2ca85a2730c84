from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from harness.stats.correction import holm

probabilities = st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.01, 0.05, 1.0])


def test_by_hand() -> None:
    # 4 * 0.005, 3 * 0.01, 2 * 0.03, and 0.04 raised to the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize("n_tests", [1, 2, 9, 40])
def test_is_that_of_statsmodels(n_tests: int) -> None:
    # Few cases: each call of statsmodels collects garbage, a tenth of a second in a large process.
    p_values = np.random.default_rng(n_tests).random(n_tests).round(2) ** 3
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)


@given(st.lists(probabilities, min_size=1, max_size=10))
def test_rejects_step_by_step(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for i, p in enumerate(p_values):
        smaller = [q for q in p_values if q <= p]
        ranked = sorted(smaller)
        bounds = [q * (len(p_values) - rank) for rank, q in enumerate(ranked)]
        assert adjusted[i] == pytest.approx(min(1.0, max(bounds)), abs=1e-12)


def test_nothing_to_correct() -> None:
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("bad", [[float("nan")], [1.2], [-0.1], [[0.1, 0.2]]])
def test_wrong_input_is_an_error(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="p values"):
        holm(bad)
