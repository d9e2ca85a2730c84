"""Statistics → scores with intervals and differences to the baseline, by arm, target and language.

Array shapes: A arms that are complete on a target, C languages of it, R replicates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evidence import Arm, Evidence
from harness.records import JSON
from harness.spec.study import BASELINE
from harness.stats.bootstrap import interval, resample

Array = NDArray[np.float64]
ALPHA = 0.05
NOTHING: JSON = {"mean": None, "interval": None, "delta": None, "delta_interval": None}


@dataclass(frozen=True)
class Draws:
    """A target's scores and their replicates: point [A, C], replicates [R, A, C]."""

    arms: tuple[Arm, ...]
    languages: tuple[str, ...]
    point: Array
    replicates: Array

    def estimate(self, arm: Arm, languages: Sequence[str]) -> JSON:
        """Returns the mean over languages with its interval, and the same of the difference to the baseline."""
        if arm not in self.arms or not languages:
            return dict(NOTHING)
        columns = [self.languages.index(language) for language in languages]
        return measure(self.arms, self.point[:, columns].mean(-1), self.replicates[..., columns].mean(-1), arm)


def measure(arms: Sequence[Arm], point: Array, replicates: Array, arm: Arm) -> JSON:
    """Returns an arm's mean and interval, and its paired difference to its encoder's baseline; point [A], replicates [R, A].

    The baseline has no difference to itself, and an arm has none while the baseline is incomplete.
    """
    own = arms.index(arm)
    low, high = interval(replicates[:, own], ALPHA)
    found = {**NOTHING, "mean": number(point[own]), "interval": _pair(low, high)}
    baseline = Arm(arm.encoder, BASELINE)
    if arm != baseline and baseline in arms:
        base = arms.index(baseline)
        low, high = interval(replicates[:, own] - replicates[:, base], ALPHA)
        found["delta"] = number(point[own] - point[base])
        found["delta_interval"] = _pair(low, high)
    return found


def number(value: float) -> float | None:
    """Returns a number to four decimals, the same on every machine; none for nan and infinities."""
    return round(float(value), 4) + 0.0 if math.isfinite(value) else None


def _pair(low: Array, high: Array) -> list[float | None] | None:
    pair = [number(float(low)), number(float(high))]
    return None if None in pair else pair


def tables(evidence: Evidence, rows: Sequence[JSON], n_resamples: int) -> tuple[list[JSON], list[JSON], list[JSON]]:
    """Returns the lines of three tables: arm × target, arm × target × language, and arm over all targets.

    `rows` are the evidence's scores. What is incomplete has no mean: it is missing, not zero.
    """
    by_seed = _by_seed(evidence, rows)
    table: list[JSON] = []
    languages: list[JSON] = []
    kept: dict[str, Draws] = {}
    for target in evidence.targets:
        draws = _draw(evidence, target, n_resamples)
        kept[target] = draws
        for arm in evidence.arms:
            own = [_language(draws, by_seed, arm, target, x, evidence) for x in evidence.languages(target)]
            languages += own
            table.append(_line(evidence, draws, arm, target, own))
    return table, languages, [_overall(evidence, kept, arm) for arm in evidence.arms]


def _draw(evidence: Evidence, target: str, n_resamples: int) -> Draws:
    languages = evidence.languages(target)
    complete = tuple(arm for arm in evidence.arms if evidence.is_complete(arm, target))
    if not complete or not languages:
        empty = np.empty((0, 0))
        return Draws((), languages, empty, empty)
    # The draws depend on the examples alone, so targets drawn one by one still share their seeds' draws.
    point, replicates = resample(evidence.cells(complete, [target]), n_resamples=n_resamples)
    return Draws(complete, languages, point, replicates)


def _by_seed(evidence: Evidence, rows: Sequence[JSON]) -> dict[tuple[Arm, str, str], list[JSON]]:
    """Returns the scores in each target's own metric: the seeds of an arm, target and language."""
    found: dict[tuple[Arm, str, str], list[JSON]] = {}
    for row in rows:
        if row["metric"] == evidence.targets[row["task"]].metric:
            found.setdefault((Arm(row["encoder"], row["arm"]), row["task"], row["language"]), []).append(row)
    return found


def _language(
    draws: Draws,
    by_seed: dict[tuple[Arm, str, str], list[JSON]],
    arm: Arm,
    target: str,
    language: str,
    evidence: Evidence,
) -> JSON:
    own = by_seed.get((arm, target, language), [])
    values = [row["value"] for row in own if row["value"] is not None]
    complete = len(values) == len(evidence.seeds)
    estimate = draws.estimate(arm, [language])
    if complete and estimate["mean"] is None:
        estimate["mean"] = number(float(np.mean(values)))
    return {
        "encoder": arm.encoder,
        "arm": arm.name,
        "target": target,
        "language": language,
        **estimate,
        "sd_over_seeds": number(float(np.std(values, ddof=1))) if complete and len(values) > 1 else None,
        "n_seeds": len(own),
        "n_examples": own[0]["n"] if own else 0,
    }


def _line(evidence: Evidence, draws: Draws, arm: Arm, target: str, languages: Sequence[JSON]) -> JSON:
    task = evidence.targets[target]
    source = [x for x in draws.languages if x == task.train_language]
    others = [x for x in draws.languages if x != task.train_language]
    missing = len(evidence.missing([arm], [target]))
    return {
        "encoder": arm.encoder,
        "arm": arm.name,
        "target": target,
        **draws.estimate(arm, draws.languages),
        "source_language": draws.estimate(arm, source),
        "target_languages": draws.estimate(arm, others),
        "n_seeds": min((line["n_seeds"] for line in languages), default=0),
        "n_examples": sum(line["n_examples"] for line in languages),
        "complete": not missing,
        "missing": missing,
    }


def _overall(evidence: Evidence, kept: dict[str, Draws], arm: Arm) -> JSON:
    """Returns the mean over targets of the mean over languages, for an arm that is complete on all of them."""
    baseline = Arm(arm.encoder, BASELINE)
    arms = [a for a in dict.fromkeys((baseline, arm)) if all(a in draws.arms for draws in kept.values())]
    estimate = dict(NOTHING)
    if arm in arms:
        places = [[draws.arms.index(a) for a in arms] for draws in kept.values()]
        means = [(d.point[p].mean(-1), d.replicates[:, p].mean(-1)) for d, p in zip(kept.values(), places, strict=True)]
        estimate = measure(
            arms,
            np.mean([point for point, _ in means], axis=0),
            np.mean([draw for _, draw in means], axis=0),
            arm,
        )
    return {"encoder": arm.encoder, "arm": arm.name, **estimate, "n_targets": len(kept)}
