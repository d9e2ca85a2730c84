"""How large an effect is and how sure that is, with variance between examples and between seeds.

An effect is a weighted sum of scores: an arm minus a baseline, averaged over targets. Its variance has two parts.

* **Examples**: the bootstrap's variance of the effect, seeds kept. It holds what arms and examples have to do with each
  other, and 1/S of what chance in a single training does to single examples (the interaction).
* **Seeds**: three of them say next to nothing of their own variance: it has two degrees of freedom, and is small by chance
  so often that an interval from it alone fails far more often than it says. So it is estimated as in an analysis of
  variance: the covariance of scores between seeds, around each arm's mean, pooled over all arms of the study. That takes
  arms for equally variable, and the luck of different arms for independent, which is on the safe side where the same
  seed helps both. Where the effect itself varies between its seeds far more than that (F test at 0.1 %), its own variance
  counts, with its own degrees of freedom. The interaction, which this holds too, is taken off it: it is counted once.

The sum is not normal: its quantile is taken between Student's t with the degrees of freedom of the seeds' part and the
normal distribution, by the share that the seeds have (Cochran and Cox 1957, for means with unequal variances).

Array shapes: S seeds, A arms, C columns (targets, or languages of one), R replicates, K effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, isfinite, log, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Odds at which an effect is taken to vary more between seeds than the study's arms do.
UNLIKE_THE_OTHERS = 0.001
SMALLEST_P = 1e-12


@dataclass(frozen=True)
class Effect:
    """An effect in points: its size, its variance by part, and the degrees of freedom of the seeds' part.

    `examples` is the variance from examples with these seeds, `seeds` what seeds add to it, `interaction` the part of
    `examples` that more seeds would shrink. `share` is how much of the quantile is Student's.
    """

    estimate: float
    examples: float
    seeds: float
    interaction: float
    share: float
    df: float
    n_seeds: int
    n_resamples: int

    @property
    def error(self) -> float:
        """The standard error."""
        return sqrt(self.examples + self.seeds)

    @property
    def seed_sd(self) -> float:
        """The standard deviation of the effect between single seeds, as far as more seeds would average it out."""
        return sqrt(self.n_seeds * (self.seeds + self.interaction))

    @property
    def example_error(self) -> float:
        """The standard error that would be left with endless seeds."""
        return sqrt(max(0.0, self.examples - self.interaction))

    def interval(self, alpha: float) -> tuple[float, float]:
        """Returns the ends of the 1 - `alpha` interval."""
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
        room = self._quantile(alpha / 2) * self.error
        return self.estimate - room, self.estimate + room

    def p_above(self, null: float = 0.0) -> float:
        """Returns the one-sided p-value of "the effect is `null` or less"; 1 where there is no estimate."""
        return self._tail(self.estimate - null)

    def p_below(self, null: float = 0.0) -> float:
        """Returns the one-sided p-value of "the effect is `null` or more"; 1 where there is no estimate."""
        return self._tail(null - self.estimate)

    def p_within(self, centre: float, margin: float) -> float:
        """Returns the p-value of "the effect is `margin` or more away from `centre`": the larger of two one-sided tests."""
        if not margin > 0.0:
            raise ValueError(f"margin must be positive, not {margin}")
        return max(self.p_above(centre - margin), self.p_below(centre + margin))

    def _tail(self, distance: float) -> float:
        from scipy.optimize import brentq
        from scipy.special import ndtr, stdtr

        if not (isfinite(distance) and isfinite(self.error)):
            return 1.0
        if self.error == 0.0:
            # No replicate differs: as much as the number of replicates can show.
            return 1.0 / (self.n_resamples + 1) if distance > 0.0 else 1.0
        z = abs(distance) / self.error
        if self.share in (0.0, 1.0):
            tail = float(stdtr(self.df, -z) if self.share else ndtr(-z))
        else:
            lowest = log(SMALLEST_P)
            below = self._quantile(SMALLEST_P) - z
            tail = SMALLEST_P if below < 0 else exp(brentq(lambda p: self._quantile(exp(p)) - z, lowest, log(0.5)))
        return max(tail, SMALLEST_P) if distance > 0 else 1.0 - tail

    def _quantile(self, tail: float) -> float:
        """Returns how many standard errors lie between the estimate and the point that it passes with odds of `tail`."""
        # Of scipy.special, which loads in a tenth of the time of scipy.stats and answers as much faster.
        from scipy.special import ndtri, stdtrit

        normal = -(1 - self.share) * ndtri(tail) if self.share < 1 else 0.0
        student = -self.share * stdtrit(self.df, tail) if self.share > 0 else 0.0
        return float(normal + student)


@dataclass(frozen=True, eq=False)
class Sample:
    """The scores of all arms of a study in some columns, by seed [S, A, C], and their replicates [R, S, A, C].

    nan where an arm has none; such an arm takes part in no effect, nor in what is known of the seeds' variance.
    """

    by_seed: Array
    replicates: NDArray[np.floating]

    @property
    def n_seeds(self) -> int:
        """S."""
        return len(self.by_seed)

    def effect(self, weights_AC: Array) -> Effect:
        """Returns the effect with these weights. One seed has no variance between seeds: it is taken for none."""
        n = self.n_seeds
        own_S = self._summed(self.by_seed, weights_AC)
        draws_RS = self._summed(self.replicates, weights_AC)
        estimate, examples = float(own_S.mean()), float(draws_RS.mean(-1).var())
        if n == 1 or not (isfinite(estimate) and isfinite(examples)):
            return Effect(estimate, examples, 0.0, 0.0, 0.0, inf, n, len(draws_RS))
        # Both hold the variance of one seed's effect; the mean over seeds has 1/S of the interaction only.
        interaction = max(0.0, float(draws_RS.var(0).mean()) - examples) / (n - 1)
        pooled, df = self._between_seeds(weights_AC)
        return _effect(estimate, examples, interaction, (pooled, df), (float(own_S.var(ddof=1)) / n, n - 1), len(draws_RS))

    def chosen(self, weights_AC: Array, without_each: Sequence[Array]) -> Effect:
        """Returns the effect of arms that were chosen by the seeds' own scores.

        `without_each` are the weights that would have been chosen without each seed in turn: the jackknife over seeds
        then holds the variance of the choice. Where it is larger than what `effect` finds, it counts.
        """
        plain, n = self.effect(weights_AC), self.n_seeds
        if n == 1 or not isfinite(plain.estimate):
            return plain
        left = [self._summed(np.delete(self.by_seed, s, 0), w).mean() for s, w in enumerate(without_each)]
        jackknife = (n - 1) * float(np.var(left))
        if jackknife <= plain.seeds + plain.interaction:
            return plain
        own = (jackknife, n - 1)
        return _effect(plain.estimate, plain.examples, plain.interaction, own, own, plain.n_resamples)

    def chance(self, weights_KAC: Array, seed: int = 0) -> Array:
        """Returns the probability [K] that each of K sums is the largest, examples and seeds drawn anew."""
        draws_RAC = np.asarray(self.replicates, np.float64).mean(1)
        if self.n_seeds > 1:
            root = self._covariance[2]
            noise = np.random.default_rng(seed).standard_normal(draws_RAC.shape) @ root
            draws_RAC = draws_RAC + np.where(self._varies, noise, 0.0) / sqrt(self.n_seeds)
        sums = np.stack([self._summed(draws_RAC, weights) for weights in weights_KAC], axis=-1)
        share: Array = np.bincount(sums.argmax(-1), minlength=len(weights_KAC)) / len(sums)
        return share

    @staticmethod
    def _summed(values: NDArray[np.floating], weights_AC: Array) -> Array:
        used = weights_AC != 0
        summed: Array = np.asarray(values[..., used], np.float64) @ weights_AC[used]
        return summed

    @cached_property
    def _varies(self) -> NDArray[np.bool_]:
        """Which arms differ between seeds in a column [A, C]: not one that is evaluated untrained."""
        spread = self.by_seed.max(0) - self.by_seed.min(0)
        varies: NDArray[np.bool_] = np.isfinite(spread) & (spread > 0)
        return varies

    @cached_property
    def _covariance(self) -> tuple[Array, Array, Array]:
        """The covariance [C, C] of columns between seeds, pooled over arms; how many arms it is from; its square root."""
        centred = np.where(self._varies, self.by_seed - self.by_seed.mean(0), 0.0)
        n_arms = self._varies.astype(np.float64).T @ self._varies
        total = np.einsum("sac,sad->cd", centred, centred)
        pooled = np.divide(total, n_arms * (self.n_seeds - 1), out=np.zeros_like(total), where=n_arms > 0)
        values, vectors = np.linalg.eigh(pooled)
        return pooled, n_arms, (vectors * np.sqrt(np.maximum(values, 0.0))).T

    def _between_seeds(self, weights_AC: Array) -> tuple[float, int]:
        """Returns the variance of the mean over seeds from seeds alone, pooled over arms, and its degrees of freedom."""
        pooled, n_arms, _ = self._covariance
        own = np.where(self._varies, weights_AC, 0.0)
        variance = float(np.einsum("ac,cd,ad->", own, pooled, own)) / self.n_seeds
        used = (own != 0).any(0)
        df = int(np.diag(n_arms)[used].min()) * (self.n_seeds - 1) if used.any() else 0
        return max(0.0, variance), df


def _effect(
    estimate: float,
    examples: float,
    interaction: float,
    pooled: tuple[float, int],
    own: tuple[float, int],
    n_resamples: int,
) -> Effect:
    """Returns an effect from the variances of its parts; `pooled` and `own` are those between seeds, and their df."""
    from scipy.special import fdtrc

    variance, df = pooled
    if own[0] > 0 and (df == 0 or variance == 0 or fdtrc(own[1], df, own[0] / variance) < UNLIKE_THE_OTHERS):
        variance, df = own
    seeds = max(0.0, variance - interaction)
    total = examples + seeds
    share = min(1.0, variance / total) if seeds > 0 else 0.0
    return Effect(estimate, examples, seeds, interaction, share, float(df) if df else inf, own[1] + 1, n_resamples)
