"""One judge a kind of claim part: evidence → estimate, interval and p-values for and against.

A judge returns a Finding. `p_for` tests the null hypothesis that its docstring names, `p_against` that of the contrary;
`verify` corrects both within the claim's group and only then speaks of an outcome. A judge that cannot decide says so at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.attacked import Under
from harness.evidence import Arm
from harness.findings import (
    Array,
    Finding,
    Gap,
    Mismatch,
    Scores,
    arm_of,
    contrast,
    finding,
    named,
    scores,
    targets_of,
    whole,
)
from harness.lineage import provenance
from harness.records import JSON
from harness.selection import View, describe
from harness.spec import claim
from harness.stats.correction import holm
from harness.stats.correlation import FEWEST_UNITS, rank_correlation
from harness.stats.effect import Effect, Sample
from harness.stats.mixed import slope as mixed_slope

# A arms, T targets


def greater(view: View, part: claim.Greater) -> Finding:
    """Judges "`arm` scores higher than `over`". Null hypothesis: the difference is zero or less."""
    if isinstance(part.arm, claim.Arm):
        arms, targets = named(view, part, part.arm, part.over)
        name = describe(part.arm)
    else:
        arms, targets = whole(view, part)
        arms, name = [*arms[1:], arm_of(view, part.over, part.targets)], "mean of all arms"
    expected = {"arm": name, "over": describe(part.over), "difference": "> 0"}
    found = scores(view, part, arms, targets)
    base = finding(view, part, expected, arms, targets, found)
    return contrast(base, found.sample.effect(found.gain(arms[:-1], arms[-1])), part.alpha)


def comparison(view: View, part: claim.Comparison) -> Finding:
    """Judges "`arm` gains more over the baseline than `over` does". Null hypothesis: it gains no more.

    The baseline is the same for both, so the difference of the gains is that of the arms; both gains are told beside it.
    """
    arms, targets = named(view, part, part.arm, part.over)
    baseline = arm_of(view, part.baseline, part.targets)
    names = {"arm": describe(part.arm), "over": describe(part.over), "baseline": describe(part.baseline)}
    found = scores(view, part, [*arms, baseline], targets)
    base = finding(view, part, {**names, "difference of gains": "> 0"}, [*arms, baseline], targets, found)
    gains = {}
    for arm in arms:
        effect = found.sample.effect(found.gain([arm], baseline))
        low, high = effect.interval(part.alpha)
        gains[arm.name] = [round(value, 4) for value in (effect.estimate, low, high)]
    result = contrast(base, found.sample.effect(found.gain(arms[:1], arms[1])), part.alpha)
    return replace(result, details={"gains over the baseline, with interval": gains})


def _best_on_validation(view: View, targets: Sequence[str], seeds: Sequence[int]) -> dict[str, Arm]:
    """Returns for each target the treatment that is best on validation, on the mean of some seeds; the first of equals."""
    chosen = {}
    for target in targets:
        values: dict[Arm, float] = {}
        for arm in view.treatments():
            scored = view.evidence.validation(arm, target)
            if scored is None:
                raise Gap(f"validation scores on {target} are not in the store: {view.command}")
            value = float(scored[list(seeds)].mean())
            if not np.isnan(value):
                values[arm] = value
        if not values:
            raise Gap(f"no arm has a validation score on {target} to select by")
        chosen[target] = max(values, key=lambda arm: values[arm])
    return chosen


def _shares(view: View, part: Any, targets: Sequence[str]) -> dict[str, float]:
    """Returns how much each target counts in a part's mean: alike, or alike within groups that count alike."""
    if getattr(part, "average", "targets") == "targets":
        return dict.fromkeys(targets, 1 / len(targets))
    groups = [[t for t in view.targets(view.benchmark.groups[name]) if t in targets] for name in part.groups]
    shares = dict.fromkeys(targets, 0.0)
    for own in groups:
        for target in own:
            shares[target] += 1 / (len(groups) * len(own))
    return shares


def _selected(view: View, part: Any, expected: JSON, *, is_level: bool = False) -> tuple[Finding, Effect]:
    """Returns a finding without numbers and the gain of the arms chosen on validation, on targets that are trained.

    `is_level`: their scores instead of the gain. Without each seed in turn arms are chosen again, so that the luck of the
    choice is in the variance.
    """
    study = view.evidence.plan.study
    arms, targets = whole(view, part)
    targets = [target for target in targets if view.evidence.is_trained(target)]
    if not targets:
        raise Gap("no target is trained, so none has a validation score to select by")
    found = scores(view, part, arms, targets)
    if study.split != "test":
        raise Mismatch(f"split: arms chosen on validation are judged on test, and {view.study} evaluates on {study.split}")
    shares = _shares(view, part, targets)
    baseline = 0.0 if is_level else found.weighted(dict.fromkeys(targets, arms[0]), shares)
    every = range(len(view.evidence.seeds))

    def weights(seeds: Sequence[int]) -> tuple[dict[str, Arm], Array]:
        chosen = _best_on_validation(view, targets, seeds)
        return chosen, found.weighted(chosen, shares) - baseline

    chosen, own = weights(every)
    without = [weights([s for s in every if s != left])[1] for left in every] if len(every) > 1 else []
    base = finding(view, part, {**expected, "selected": {t: a.name for t, a in chosen.items()}}, arms, targets, found)
    return base, found.sample.chosen(own, without)


def selected_greater(view: View, part: claim.SelectedGreater) -> Finding:
    """Judges "the arms chosen on validation beat the baseline on test". Null hypothesis: they gain nothing."""
    base, effect = _selected(view, part, {"arm": "best on validation", "difference": "> 0"})
    return contrast(base, effect, part.alpha)


def value(view: View, part: claim.Value) -> Finding:
    """Judges "it is `value` points" by two one-sided tests. Null hypothesis: it is off by `margin` or more."""
    is_level = not isinstance(part.over, claim.Arm)
    expected: JSON = {"score" if is_level else "value": part.value, "margin": part.margin}
    expected |= {"over": describe(part.over)} if isinstance(part.over, claim.Arm) else {}
    if isinstance(part.arm, claim.Arm):
        asked = [query for query in (part.arm, part.over) if isinstance(query, claim.Arm)]
        arms, targets = named(view, part, *asked)
        found = scores(view, part, arms, targets)
        base = finding(view, part, {"arm": describe(part.arm), **expected}, arms, targets, found)
        own, *over = [found.weighted(dict.fromkeys(targets, arm), _shares(view, part, targets)) for arm in arms]
        effect = found.sample.effect(own - over[0] if over else own)
    else:
        base, effect = _selected(view, part, {"arm": "best on validation", **expected}, is_level=is_level)
    result = contrast(base, effect, part.alpha, lambda point: abs(abs(point - part.value) - part.margin))
    if result.fidelity == "proxy":
        differ = "; ".join(result.differences)
        why = f"a magnitude needs the paper's own set-up; here differ {differ}"
        return replace(result, decided="not_comparable", p_for=None, p_against=None, next=why)
    return _within(result, effect, part.value, part.margin)


def _within(result: Finding, effect: Effect, centre: float, margin: float) -> Finding:
    """Fills in the p-values of "within `margin` of `centre`" (two one-sided tests) and of "outside of it" (either side)."""
    outside = min(effect.p_above(centre + margin), effect.p_below(centre - margin))
    return replace(result, p_for=effect.p_within(centre, margin), p_against=min(1.0, 2 * outside))


def equivalent(view: View, part: claim.Equivalent) -> Finding:
    """Judges "intermediate training changes the targets by less than `margin`", on the mean over the treatments.

    Null hypothesis: by `margin` or more; `one_sided`: it gains `margin` or more.
    """
    size = f"< {part.margin}" if part.one_sided else f"within ± {part.margin}"
    expected = {"arms": "mean of all", "over": describe(claim.BASELINE_ARM), "difference": size}
    arms, targets = whole(view, part)
    found = scores(view, part, arms, targets)
    base = finding(view, part, expected, arms, targets, found)
    effect = found.sample.effect(found.gain(arms[1:], arms[0]))
    if not part.one_sided:
        result = contrast(base, effect, part.alpha, lambda point: abs(abs(point) - part.margin))
        return _within(result, effect, 0.0, part.margin)
    result = contrast(base, effect, part.alpha, lambda point: abs(point - part.margin))
    return replace(result, p_for=effect.p_below(part.margin), p_against=effect.p_above(part.margin))


def _lead(base: Finding, sample: Sample, own: Array, rivals: dict[str, Array], alpha: float) -> Finding:
    """Judges "own is above every rival", all as weights; the estimate is the distance to the best rival.

    It is above all if it is above each, each tested at the full level (intersection-union). Some rival is better if one
    of them is, each tested on its own (Bonferroni): the distance to the best of several that are equal in truth is
    below zero nearly always, and says nothing against own. For that reason the interval's upper end is taken as if the
    root of the number of rivals were tested: their distances share own's luck, so they count for fewer than they are.
    """
    effects = {name: sample.effect(own - weights) for name, weights in rivals.items()}
    name, closest = min(effects.items(), key=lambda item: item[1].estimate)
    result = contrast(base, closest, alpha)
    if result.estimate is None or result.interval is None:
        return result
    chance = sample.chance(np.stack([own, *rivals.values()]))
    low = min(effect.interval(alpha)[0] for effect in effects.values())
    high = closest.interval(alpha / np.sqrt(len(effects)))[1]
    return replace(
        result,
        interval=(low, high),
        p_for=max(effect.p_above() for effect in effects.values()),
        p_against=min(1.0, len(effects) * min(effect.p_below() for effect in effects.values())),
        details={"closest rival": name, "probability of the first rank": round(float(chance[0]), 3)},
    )


def best(view: View, part: claim.Best) -> Finding:
    """Judges "`arm` ranks first" of the baseline and all treatments. Null hypothesis: some other is at least as good."""
    own = arm_of(view, part.arm, part.targets)
    arms, targets = whole(view, part)
    arms = [own, *(arm for arm in arms if arm != own)]
    if len(arms) < 3:
        raise Gap(f"a rank needs at least two other arms, and {view.study} has {len(arms) - 1}")
    found = scores(view, part, arms, targets)
    expected = {"arm": describe(part.arm), "rank": 1, "of": len(arms)}
    base = finding(view, part, expected, arms, targets, found)
    return _lead(base, found.sample, found.mean(own), {arm.name: found.mean(arm) for arm in arms[1:]}, part.alpha)


def ordering(view: View, part: claim.Ordering) -> Finding:
    """Judges "the mean gain is larger on one group of targets than on any other". Null: some other gains as much."""
    arms, _ = whole(view, part)
    groups = {name: view.targets(tasks) for name, tasks in view.benchmark.groups.items()}
    groups = {name: targets for name, targets in groups.items() if targets}
    others = [name for name in groups if name != part.group]
    if part.group not in groups or not others:
        filler = view.filler(None, view.benchmark.groups[part.group])
        raise Gap(f"the study has no {part.group} target beside others: {filler}")
    targets = list(dict.fromkeys(t for own in groups.values() for t in own))
    found = scores(view, part, arms, targets)
    base = finding(view, part, {"largest gain": part.group, "of": sorted(groups)}, arms, targets, found)
    gains = {name: found.gain(arms[1:], arms[0], own) for name, own in groups.items()}
    return _lead(base, found.sample, gains.pop(part.group), gains, part.alpha)


def count(view: View, part: claim.Count) -> Finding:
    """Judges "at least this share of the arms improve": each arm tested one-sided, Holm over the arms. Null: fewer do."""
    arms, targets = whole(view, part)
    found = scores(view, part, arms, targets)
    n = len(arms) - 1
    needed = int(np.ceil(round(part.at_least * n, 9)))  # 0.55 × 20 is 11.000000000000002
    base = finding(view, part, {"arms that improve": f"at least {needed} of {n}"}, arms, targets, found)
    effects = [found.sample.effect(found.gain([arm], arms[0])) for arm in arms[1:]]
    p_up, p_down = holm([e.p_above() for e in effects]), holm([e.p_below() for e in effects])
    better, worse = int((p_up <= part.alpha).sum()), int((p_down <= part.alpha).sum())
    # The count is at least `needed` if the `needed` smallest p-values all are small, and too low if enough arms are worse.
    return replace(
        base,
        estimate=float(better),
        interval=(float(better), float(n - worse)),
        p_for=float(np.sort(p_up)[needed - 1]),
        p_against=float(np.sort(p_down)[n - needed]),
        next="more seeds, or more test examples, for the arms whose interval spans zero",
    )


def correlation(view: View, part: claim.Correlation) -> Finding:
    """Judges "gains over the baseline rise (or fall) with these numbers" by Spearman's rank correlation.

    Null hypothesis: they do not. Its distribution is that of the numbers dealt out anew to the units (permutation).
    """
    arms, targets = whole(view, part)
    if part.arm is not None:
        arms = [arms[0], arm_of(view, part.arm, part.targets)]
    expected = {"correlation": part.sign, "across": part.across, "over": describe(claim.BASELINE_ARM)}
    found = scores(view, part, arms, targets)
    base = finding(view, part, expected, arms, targets, found)
    gains = {unit: gain for unit, gain in _gains(view, part, arms, found).items() if unit in part.numbers}
    if len(gains) < FEWEST_UNITS:
        raise Gap(
            f"a correlation needs {FEWEST_UNITS} {part.across} with a number at least, and {view.study} has {len(gains)}"
        )
    result = rank_correlation(list(gains.values()), [part.numbers[unit] for unit in gains], part.alpha)
    is_up = part.sign == "positive"
    return replace(
        base,
        estimate=result.rho,
        interval=result.interval,
        p_for=result.p_positive if is_up else result.p_negative,
        p_against=result.p_negative if is_up else result.p_positive,
        details={"gains": {unit: round(gain, 4) for unit, gain in gains.items()}},
        next=f"more {part.across}, or gains that are known better",
    )


def _gains(view: View, part: claim.Correlation, arms: Sequence[Arm], found: Scores) -> dict[str, float]:
    """Returns the mean gain of `arms[1:]` over `arms[0]` by arm, by target (as the paper names it), or by language."""
    by_seed, across = found.sample.by_seed, part.across
    if across == "arms":
        return {arm.name: float((by_seed * found.gain([arm], arms[0])).sum((1, 2)).mean()) for arm in arms[1:]}
    if across == "targets":
        gains = {t: float((by_seed * found.gain(arms[1:], arms[0], [t])).sum((1, 2)).mean()) for t in found.targets}
        tasks = {target: view.evidence.targets[target] for target in found.targets}
        return {name: gains[t] for t, task in tasks.items() for name in (t, *task.proxy_for)}
    kept: dict[str, list[float]] = {}
    for target in found.targets:
        drawn = view.evidence.drawn(
            view.encoder, target, view.metrics(target, part.metric), Under(part.attack, part.quantity)
        )
        means = drawn.sample.by_seed.mean(0)
        treated = np.mean([means[drawn.arms.index(arm)] for arm in arms[1:]], axis=0)
        for language, gain in zip(drawn.languages, treated - means[drawn.arms.index(arms[0])], strict=True):
            if not part.languages or language in part.languages:
                kept.setdefault(language, []).append(float(gain))
    return {language: float(np.mean(values)) for language, values in kept.items()}


def slope(view: View, part: claim.Slope) -> Finding:
    """Judges "it rises (or falls) along a line with these numbers", one for each arm, by least squares over the arms.

    Null hypothesis: it does not. The slope is a weighted sum of the arms' scores, an effect like any other.
    """
    known = view.evidence.arms_of(view.encoder)
    lacking = [name for name in part.numbers if name not in {arm.name for arm in known}]
    if lacking:
        raise Gap(f"{view.study} has no arm {', '.join(lacking)}")
    arms = [arm for arm in known if arm.name in part.numbers]
    targets = targets_of(view, None, view.wanted(part))
    found = scores(view, part, arms, targets)
    numbers = np.array([part.numbers[arm.name] for arm in arms])
    weights = (numbers - numbers.mean()) / ((numbers - numbers.mean()) ** 2).sum()
    own: Array = np.sum([w * found.mean(arm) for w, arm in zip(weights, arms, strict=True)], axis=0)
    expected = {"slope": part.sign, "numbers": {arm.name: part.numbers[arm.name] for arm in arms}}
    base = finding(view, part, expected, arms, targets, found)
    levels = {arm.name: round(float((found.sample.by_seed * found.mean(arm)).sum((1, 2)).mean()), 4) for arm in arms}
    result = replace(contrast(base, found.sample.effect(own), part.alpha), details={"by arm": levels})
    mixed = mixed_slope(_columns(view, part, arms, targets), numbers, part.alpha)
    if mixed:
        result.details["a mixed-effects model says"] = {"slope": [round(value, 4) for value in mixed]}
    if part.sign == "positive":
        return result
    return replace(result, p_for=result.p_against, p_against=result.p_for)


def _columns(view: View, part: claim.Part, arms: Sequence[Arm], targets: Sequence[str]) -> Array:
    """Returns scores [S, A, C] of arms, a column a target and language."""
    under, parts = Under(part.attack, part.quantity), []
    for target in targets:
        drawn = view.evidence.drawn(view.encoder, target, view.metrics(target, part.metric), under)
        chosen = [i for i, x in enumerate(drawn.languages) if not part.languages or x in part.languages]
        parts.append(drawn.sample.by_seed[:, [drawn.arms.index(arm) for arm in arms]][..., chosen])
    return np.concatenate(parts, axis=-1)


JUDGES: dict[str, Callable[[View, Any], Finding]] = {
    judge.__name__: judge
    for judge in (
        greater,
        comparison,
        value,
        selected_greater,
        equivalent,
        best,
        ordering,
        count,
        correlation,
        slope,
        provenance,
    )
}
