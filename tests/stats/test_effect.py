"""Effects against theory: variance by part, quantiles between normal and Student's t, error rates of many simulations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from harness.stats.effect import Effect, Sample


def effect(**changes: float) -> Effect:
    fields = {"estimate": 2.0, "examples": 0.75, "seeds": 0.25, "interaction": 0.1, "share": 0.4, "df": 6.0}
    return Effect(**{**fields, **changes}, n_seeds=3, n_resamples=999)


class TestQuantiles:
    @pytest.mark.parametrize(("share", "quantile"), [(0.0, norm.isf(0.025)), (1.0, t.isf(0.025, 6))])
    def test_at_either_end_it_is_the_textbook(self, share, quantile) -> None:
        low, high = effect(share=share).interval(0.05)
        assert (low, high) == (pytest.approx(2 - quantile), pytest.approx(2 + quantile))
        tail = t.sf(2.0, 6) if share else norm.sf(2.0)
        assert effect(share=share).p_above() == pytest.approx(tail)
        assert effect(share=share).p_below() == pytest.approx(1 - tail)

    @pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
    @pytest.mark.parametrize("alpha", [0.4, 0.05, 0.001])
    def test_p_values_and_intervals_agree(self, share, alpha) -> None:
        found = effect(share=share)
        low, high = found.interval(alpha)
        assert found.p_above(low) == pytest.approx(alpha / 2, rel=1e-6)
        assert found.p_below(high) == pytest.approx(alpha / 2, rel=1e-6)
        assert found.p_within(2.0, 2.0 - low) == pytest.approx(alpha / 2, rel=1e-6)

    def test_fewer_degrees_of_freedom_are_wider(self) -> None:
        widths = [np.ptp(effect(df=df).interval(0.05)) for df in (2, 4, 20, np.inf)]
        assert widths == sorted(widths, reverse=True)

    def test_no_variance_shows_as_much_as_the_replicates_can(self) -> None:
        found = effect(examples=0.0, seeds=0.0, share=0.0)
        assert (found.p_above(), found.p_below()) == (0.001, 1.0)

    def test_what_is_not_a_number_decides_nothing(self) -> None:
        for found in (effect(estimate=np.nan), effect(examples=np.nan)):
            assert (found.p_above(), found.p_below()) == (1.0, 1.0)

    def test_wrong_input_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="alpha"):
            effect().interval(5.0)
        with pytest.raises(ValueError, match="margin"):
            effect().p_within(0.0, 0.0)


def draw(rng, n_arms: int, sd_seed: float, sd_both: float, n: int = 400, n_seeds: int = 3, n_resamples: int = 500) -> Sample:
    """Return scores of arms that are equal in truth: luck of the seed, of the example for an arm, and of both."""
    by_example = (
        sd_seed * rng.standard_normal((n_seeds, n_arms, 1))
        + rng.standard_normal((1, n_arms, n))
        + sd_both * rng.standard_normal((n_seeds, n_arms, n))
    )
    weights = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) / n
    replicates = np.einsum("rn,san->rsa", weights, by_example, optimize=True)
    return Sample(by_example.mean(-1)[..., None], replicates[..., None])


GAIN = np.array([[-1.0], [1.0]])


class TestVariance:
    def test_its_parts_are_those_of_the_simulation(self) -> None:
        rng = np.random.default_rng(1)
        found = [draw(rng, 6, 0.2, 2.0, n_seeds=4, n_resamples=300).effect(np.eye(6)[:, :1]) for _ in range(150)]
        # One arm's mean over 400 examples: its own examples' luck, a quarter of that of both, a quarter of a seed's.
        assert np.mean([e.examples for e in found]) == pytest.approx((1 + 4 / 4) / 400, rel=0.05)
        assert np.mean([e.interaction for e in found]) == pytest.approx(4 / 4 / 400, rel=0.05)
        assert np.mean([e.seeds for e in found]) == pytest.approx(0.04 / 4, rel=0.1)
        assert found[0].df == 6 * 3

    def test_one_seed_shows_nothing_of_seeds(self) -> None:
        found = draw(np.random.default_rng(2), 2, 5.0, 1.0, n_seeds=1).effect(GAIN)
        assert (found.seeds, found.share, found.n_seeds) == (0.0, 0.0, 1)

    def test_an_arm_that_is_not_trained_has_no_seeds(self) -> None:
        sample = draw(np.random.default_rng(3), 3, 0.5, 0.0)
        sample.by_seed[:, 0] = sample.by_seed[:1, 0]
        sample.replicates[:, :, 0] = sample.replicates[:, :1, 0]
        fixed, other = Sample(sample.by_seed, sample.replicates), np.array([[-1.0], [1.0], [0.0]])
        assert fixed.effect(other).df == 2 * 2
        assert fixed.effect(np.eye(3)[:, :1]).seeds == 0.0

    def test_a_missing_arm_is_left_out(self) -> None:
        sample = draw(np.random.default_rng(4), 3, 0.5, 0.0)
        sample.by_seed[:, 2] = np.nan
        found = sample.effect(np.array([[-1.0], [1.0], [0.0]]))
        assert np.isfinite(found.error)
        assert found.df == 2 * 2

    def test_an_effect_far_wilder_than_the_others_counts_by_itself(self) -> None:
        sample = draw(np.random.default_rng(5), 20, 0.05, 0.0)
        sample.by_seed[:, 1, 0] = [-30.0, 0.0, 30.0]
        calm, wild = (np.eye(20)[a, :, None] - np.eye(20)[0, :, None] for a in (2, 1))
        assert sample.effect(wild).df == 2
        assert sample.effect(wild).seeds == pytest.approx(300, rel=0.05)
        assert sample.effect(calm).df == 40

    def test_choosing_by_luck_is_in_the_variance(self) -> None:
        sample = draw(np.random.default_rng(6), 3, 0.3, 0.0)
        plain = sample.effect(np.array([[-1.0], [1.0], [0.0]]))
        other = [np.array([[-1.0], [0.0], [5.0]]), np.array([[-1.0], [5.0], [0.0]]), np.array([[-1.0], [0.0], [-5.0]])]
        same = [np.array([[-1.0], [1.0], [0.0]])] * 3
        assert sample.chosen(np.array([[-1.0], [1.0], [0.0]]), other).seeds > plain.seeds
        assert sample.chosen(np.array([[-1.0], [1.0], [0.0]]), same).error >= plain.error


@pytest.mark.parametrize("sd_seed", [0.0, 0.03, 0.1, 1.0], ids=lambda sd: f"seeds {sd}")
@pytest.mark.parametrize("n_arms", [2, 5])
def test_intervals_hold_the_truth_as_often_as_they_say(n_arms, sd_seed) -> None:
    """Three seeds; an example's luck has the standard error 0.07, and 0.06 of a single training."""
    rng, alpha, n = np.random.default_rng(7), 0.05, 800
    weights = np.zeros((n_arms, 1))
    weights[:2] = GAIN
    found = [draw(rng, n_arms, sd_seed, 1.2, n=100, n_resamples=200).effect(weights) for _ in range(n)]
    covered = np.mean([low <= 0 <= high for low, high in (e.interval(alpha) for e in found)])
    # 3.3 standard errors of a share of 800 around 93 to 97 %.
    assert 0.93 - 0.03 < covered < 0.97 + 0.02
    assert np.mean([e.p_above() <= alpha for e in found]) < 0.05 + 0.026
    assert np.mean([e.p_above() <= alpha / 20 for e in found]) < 0.005 + 0.009


def test_the_chance_of_the_first_rank() -> None:
    rng = np.random.default_rng(8)
    means = np.mean([draw(rng, 4, 0.1, 0.5).chance(np.eye(4)[..., None]) for _ in range(60)], axis=0)
    assert means == pytest.approx(np.full(4, 0.25), abs=0.12)
    sample = draw(rng, 4, 0.1, 0.5)
    ahead = Sample(sample.by_seed + np.eye(4)[:1].T * 3, sample.replicates + np.eye(4)[:1].T * 3)
    assert ahead.chance(np.eye(4)[..., None])[0] == 1.0
