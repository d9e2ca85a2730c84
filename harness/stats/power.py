"""How much more evidence a comparison would need."""

from __future__ import annotations

import math
from statistics import NormalDist

MOST_SEEDS = 1000


def seeds_needed(
    seed_sd: float, n_seeds: int, example_se: float, effect: float, alpha: float, power: float = 0.8
) -> int | None:
    """Returns how many seeds in all would let the interval of a paired difference exclude the null.

    With S seeds the difference has the standard error sqrt(seed_sd**2 / S + example_se**2). The interval of
    level 1 - alpha then excludes the null with probability `power` if the effect is at least that error
    times the sum of the normal quantiles of 1 - alpha / 2 and `power`. Neither the effect nor `seed_sd` is
    known better than the seeds at hand allow, so this plans the next experiment and promises nothing.

    Args:
        seed_sd: standard deviation between seeds of the paired difference (n - 1 in the denominator).
        n_seeds: seeds at hand; the result is never less.
        example_se: standard error from sampling examples, which more seeds do not reduce.
        effect: distance of the difference from the null, in the unit of the two above; its sign does not
            matter.
        alpha: 1 - the level of the two-sided interval.
        power: the wanted probability that the interval excludes the null, at least one half.

    Returns:
        None if no number up to `MOST_SEEDS` would do, as when the examples alone leave too much doubt.

    Raises:
        ValueError: a number is not finite, negative where it can't be, or no such probability.
    """
    finite = all(map(math.isfinite, (seed_sd, example_se, effect)))
    if not finite or min(seed_sd, example_se) < 0 or n_seeds < 1:
        numbers = f"{seed_sd=}, {n_seeds=}, {example_se=}, {effect=}"
        raise ValueError(f"errors must be finite and not negative, and seeds at least 1: {numbers}")
    if not (0.0 < alpha < 1.0 and 0.5 <= power < 1.0):
        raise ValueError(f"alpha must lie between 0 and 1, power between 0.5 and 1: {alpha=}, {power=}")
    normal = NormalDist()
    quantiles = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    room = (effect / quantiles) ** 2 - example_se**2
    if room <= 0.0 or n_seeds > MOST_SEEDS:
        return None
    needed = max(n_seeds, seed_sd**2 / room)
    return math.ceil(needed) if needed <= MOST_SEEDS else None
