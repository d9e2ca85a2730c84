"""Statistics → scores with intervals and differences to the baseline, by arm, target and language."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.canon import number
from harness.evidence import Arm, Drawn, Evidence
from harness.records import JSON
from harness.spec.attack import NONE
from harness.spec.study import BASELINE
from harness.stats.effect import Sample

Array = NDArray[np.float64]
ALPHA = 0.05
NOTHING: JSON = {"mean": None, "interval": None, "delta": None, "delta_interval": None}


def estimate(arms: Sequence[Arm], sample: Sample, arm: Arm, columns: Sequence[int]) -> JSON:
    """Returns an arm's mean over columns with its interval, and its paired difference to its encoder's baseline.

    The baseline has no difference to itself, and an arm has none while the baseline is incomplete.
    """
    if arm not in arms or not columns:
        return dict(NOTHING)
    weights = np.zeros(sample.by_seed.shape[1:])
    weights[arms.index(arm), list(columns)] = 1 / len(columns)
    own = sample.effect(weights)
    found = {**NOTHING, "mean": number(own.estimate), "interval": _pair(*own.interval(ALPHA))}
    baseline = Arm(arm.encoder, BASELINE)
    if arm != baseline and baseline in arms:
        weights[arms.index(baseline), list(columns)] = -1 / len(columns)
        delta = sample.effect(weights)
        found |= {"delta": number(delta.estimate), "delta_interval": _pair(*delta.interval(ALPHA))}
    return found


def _pair(low: float, high: float) -> list[float | None] | None:
    pair = [number(low), number(high)]
    return None if None in pair else pair


def tables(evidence: Evidence, rows: Sequence[JSON]) -> tuple[list[JSON], list[JSON], list[JSON]]:
    """Returns the lines of three tables: arm × target, arm × target × language, and arm over all targets.

    `rows` are the evidence's scores. What is incomplete has no mean: it is missing, not zero.
    """
    by_seed = _by_seed(evidence, rows)
    table: list[JSON] = []
    languages: list[JSON] = []
    for target in evidence.targets:
        for arm in evidence.arms:
            drawn = evidence.drawn(arm.encoder, target)
            own = [_language(drawn, by_seed, arm, target, x, evidence) for x in evidence.languages(target)]
            languages += own
            table.append(_line(evidence, drawn, arm, target, own))
    return table, languages, [_overall(evidence, arm) for arm in evidence.arms]


def _by_seed(evidence: Evidence, rows: Sequence[JSON]) -> dict[tuple[Arm, str, str], list[JSON]]:
    """Returns the scores in each target's own metric: the seeds of an arm, target and language."""
    found: dict[tuple[Arm, str, str], list[JSON]] = {}
    for row in rows:
        if row["attack"] == NONE and row["metric"] == evidence.targets[row["task"]].metric:
            found.setdefault((Arm(row["encoder"], row["arm"]), row["task"], row["language"]), []).append(row)
    return found


def _language(
    drawn: Drawn,
    by_seed: dict[tuple[Arm, str, str], list[JSON]],
    arm: Arm,
    target: str,
    language: str,
    evidence: Evidence,
) -> JSON:
    own = by_seed.get((arm, target, language), [])
    values = [row["value"] for row in own if row["value"] is not None]
    complete = len(values) == len(evidence.seeds)
    found = _over(drawn, arm, [language])
    if complete and found["mean"] is None:
        found["mean"] = number(float(np.mean(values)))
    return {
        "encoder": arm.encoder,
        "arm": arm.name,
        "target": target,
        "language": language,
        **found,
        "sd_over_seeds": number(float(np.std(values, ddof=1))) if complete and len(values) > 1 else None,
        "n_seeds": len(own),
        "n_examples": own[0]["n"] if own else 0,
    }


def _over(drawn: Drawn, arm: Arm, languages: Sequence[str]) -> JSON:
    columns = [drawn.languages.index(language) for language in languages]
    return estimate(drawn.arms, drawn.sample, arm, columns)


def _line(evidence: Evidence, drawn: Drawn, arm: Arm, target: str, languages: Sequence[JSON]) -> JSON:
    task = evidence.targets[target]
    source = [x for x in drawn.languages if x == task.train_language]
    others = [x for x in drawn.languages if x != task.train_language]
    missing = len(evidence.missing([arm], [target]))
    return {
        "encoder": arm.encoder,
        "arm": arm.name,
        "target": target,
        **_over(drawn, arm, drawn.languages),
        "source_language": _over(drawn, arm, source),
        "target_languages": _over(drawn, arm, others),
        "n_seeds": min((line["n_seeds"] for line in languages), default=0),
        "n_examples": sum(line["n_examples"] for line in languages),
        "complete": not missing,
        "missing": missing,
    }


def _overall(evidence: Evidence, arm: Arm) -> JSON:
    """Returns the mean over targets of the mean over languages, for an arm that is complete on all of them."""
    targets = list(evidence.targets)
    every = evidence.arms_of(arm.encoder)
    found = estimate(every, evidence.means(arm.encoder, targets), arm, range(len(targets)))
    return {"encoder": arm.encoder, "arm": arm.name, **found, "n_targets": len(targets)}
