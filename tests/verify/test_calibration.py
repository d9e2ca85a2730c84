"""How often chance alone is called a result: no more often than alpha, whatever the variance is made of.

Two arms and three seeds: four degrees of freedom for the variance between seeds, as few as a study can have. A larger
simulation, of every kind of part, is `benchmarks/calibration.py`.
"""

from __future__ import annotations

import numpy as np
import pytest

GREATER = {"kind": "greater", "arm": {"intermediate": ["mnli"]}}
N_STUDIES = 200


def null(truths, i: int, seed_sd: float, n: int):
    """A truth without a difference: seeds vary by `seed_sd`, items by difficulty, and each answer by a coin."""

    def truth(run, language):
        luck = truths.generator(i, run.arm, run.spec.target, run.spec.seed).standard_normal()
        difficulty = truths.generator(i, run.spec.target).standard_normal(n)
        level = np.clip(0.65 + seed_sd * luck + 0.25 * difficulty, 0, 1)
        rng = truths.generator(i, run.arm, run.spec.target, run.spec.seed, language)
        return truths.counted(rng.random(n) < level)

    return truth


def bound(p: float) -> float:
    """Returns what a share of N_STUDIES stays below with probability 0.999 if its expectation is `p`."""
    return p + 3.1 * np.sqrt(p * (1 - p) / N_STUDIES)


@pytest.mark.parametrize(
    ("seed_sd", "n"),
    [
        pytest.param(0.0, 100, id="examples alone"),
        pytest.param(0.03, 100, id="seeds and examples"),
        pytest.param(0.20, 50, id="seeds alone"),
    ],
)
def test_chance_is_seldom_called_a_result(lab, truths, seed_sd, n) -> None:
    lab.study(arms={"none": [], "a": ["my_nli"]}, targets=["my_pairs"], seeds=[1, 2, 3])
    evidence = lab.simulate(null(truths, 0, seed_sd, n))
    claims = lab.claims(GREATER)
    outcomes, p_values = [], []
    for i in range(N_STUDIES):
        evidence.pretend(null(truths, i, seed_sd, n))
        part = lab.judge(claims, evidence)[0].parts[0]
        outcomes.append(part.outcome)
        p_values.append(part.p if part.outcome != "contradicted" else 1.0)
    assert outcomes.count("reproduced") / N_STUDIES <= bound(0.05)
    assert outcomes.count("contradicted") / N_STUDIES <= bound(0.05)
    # Two such parts in a file: both p-values are doubled.
    assert np.mean(2 * np.asarray(p_values) <= 0.05) <= bound(0.025)
