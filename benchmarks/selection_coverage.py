"""Four ways to count the luck of choosing arms on validation, by how often they err.

Printed: how often the 95 % interval holds the truth / how often a test at 5 % finds the gain above what it is in truth.

    python benchmarks/selection_coverage.py [--studies 1000]

Three seeds, five arms and a baseline, three targets; scores are normal. The truth is what the procedure gains on average:
to choose, for each target, the arm with the best mean on validation. `larger` is what the judges use (`Sample.chosen`):
the jackknife over seeds, choice included, where it is larger. The others: no luck of the choice at all; that luck by a
jackknife of the choice alone, added to the rest; half of it.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness.stats.effect import Effect, Sample

Array = NDArray[np.float64]
N_ARMS, N_TARGETS, N_SEEDS, N_RESAMPLES, EXAMPLE_ERROR, ALPHA = 5, 3, 3, 200, 1.5, 0.05
TRUTHS = {"all equal": [0, 0, 0, 0, 0], "two lead by 4": [4, 4, 0, 0, 0], "one point apart": [0, 1, 2, 3, 4]}


def chosen(validation: Array) -> Array:
    """Returns the weights [A, C] of the arms with the best validation means [arms, C], less those of the baseline."""
    weights = np.zeros((N_ARMS + 1, N_TARGETS))
    weights[1 + validation.argmax(0), np.arange(N_TARGETS)] = 1 / N_TARGETS
    weights[0] -= 1 / N_TARGETS
    return weights


def ways(sample: Sample, validation: Array) -> dict[str, Effect]:
    """Returns the effect of the chosen arms, its variance counted in four ways."""
    weights = chosen(validation.mean(0))
    without = [chosen(np.delete(validation, s, 0).mean(0)) for s in range(N_SEEDS)]
    plain = sample.effect(weights)
    moved = (N_SEEDS - 1) * float(np.var([(sample.by_seed.mean(0) * other).sum() for other in without]))
    larger = sample.chosen(weights, without)
    return {"none": plain, "added": added(plain, moved), "half": added(plain, moved / 2), "larger": larger}


def added(plain: Effect, choice: float) -> Effect:
    """Returns an effect with the variance of the choice on top, degrees of freedom after Satterthwaite."""
    if choice == 0.0:
        return plain
    own = plain.seeds + plain.interaction
    seeds = own + choice
    df = seeds**2 / (choice**2 / (N_SEEDS - 1) + (own**2 / plain.df if own else 0.0))
    return replace(plain, seeds=seeds, interaction=0.0, share=seeds / (plain.examples + seeds), df=df)


def measure(gains: Array, seed_sd: float, studies: int) -> dict[str, tuple[float, float]]:
    """Returns for each way how often, in percent, the interval holds the truth, and how often it is found to be less."""
    validation_sd = max(seed_sd, 0.5)
    often = np.random.default_rng(9)
    best = (gains[:, None] + validation_sd / sqrt(N_SEEDS) * often.standard_normal((20_000, N_ARMS, N_TARGETS))).argmax(1)
    truth = float(gains[best].mean())
    rng = np.random.default_rng(0)
    held: dict[str, list[bool]] = {}
    above: dict[str, list[bool]] = {}
    level = np.concatenate([[0.0], gains])[:, None]
    for _ in range(studies):
        shape = (N_ARMS + 1, N_TARGETS)
        by_seed = level + seed_sd * rng.standard_normal((N_SEEDS, *shape)) + EXAMPLE_ERROR * rng.standard_normal(shape)
        draws = by_seed + EXAMPLE_ERROR * rng.standard_normal((N_RESAMPLES, 1, *shape))
        validation = gains[:, None] + validation_sd * rng.standard_normal((N_SEEDS, N_ARMS, N_TARGETS))
        for name, effect in ways(Sample(by_seed, draws), validation).items():
            low, high = effect.interval(ALPHA)
            held.setdefault(name, []).append(low <= truth <= high)
            above.setdefault(name, []).append(effect.p_above(truth) <= ALPHA)
    return {name: (100 * float(np.mean(held[name])), 100 * float(np.mean(above[name]))) for name in held}


def main() -> None:
    """Simulates, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=1000)
    options = parser.parse_args()
    rows = []
    for name, gains in TRUTHS.items():
        for seed_sd in (0.2, 1.0, 4.0):
            found = measure(np.array(gains, np.float64), seed_sd, options.studies)
            rows.append([name, seed_sd, *(f"{inside:.1f} / {above:.1f}" for inside, above in found.values())])
    print(tabulate(rows, headers=["arms", "sd of seeds", "none", "added", "half", "larger"], disable_numparse=True))


if __name__ == "__main__":
    main()
