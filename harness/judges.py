"""One judge a kind of claim part: evidence → estimate, interval and p-values for and against.

A judge returns a Finding. `p_for` tests the claim's null hypothesis, `p_against` that of its contrary; `verify` corrects
both over the whole claim file and only then speaks of an outcome. A judge that cannot decide says so at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evidence import N_RESAMPLES, Arm
from harness.plan import PlannedRun
from harness.records import JSON, Stage
from harness.selection import View, answers_to, describe
from harness.spec import claim
from harness.stats.bootstrap import interval, p_equivalent, p_greater
from harness.stats.correction import holm
from harness.stats.power import seeds_needed

Array = NDArray[np.float64]
VERSION = 1

# R replicates, A arms, T targets, S seeds


@dataclass(frozen=True)
class Finding:
    """What a judge found. `decided` is an outcome that no p-value can change; none where p-values decide."""

    expected: JSON
    decided: str | None = None
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    p_for: float | None = None
    p_against: float | None = None
    fidelity: str = "proxy"
    differences: tuple[str, ...] = ()
    n_seeds: int = 0
    n_examples: int = 0
    evidence: tuple[str, ...] = ()
    signature: str = ""
    next: str = ""


@dataclass(frozen=True)
class Scores:
    """Mean over languages per arm and target: point [A, T], replicates [R, A, T], and by seed [S, A, T]."""

    point: Array
    replicates: Array
    by_seed: Array
    n_examples: int
    evidence: tuple[str, ...]

    @property
    def three(self) -> tuple[Array, Array, Array]:
        """The arrays, whose last two axes are A and T."""
        return self.point, self.replicates, self.by_seed


class Gap(Exception):
    """Evidence is not there; carries what would bring it."""


def scores(view: View, arms: Sequence[Arm], targets: Sequence[str]) -> Scores:
    """Returns the scores of arms on targets, seeds and examples resampled. Raises Gap if any evaluation is missing."""
    evidence = view.evidence
    missing = evidence.missing(arms, targets)
    if missing:
        raise Gap(f"evaluations that the store lacks: {len(missing)}; {view.command}")
    for target in targets:
        if not evidence.languages(target):
            raise Gap(f"{target} has no {evidence.plan.study.split} rows in any language of {view.study}")
    found = [[evidence.resampled(arm, target) for target in targets] for arm in arms]
    keys = tuple(stage.key for stage in evidence.evaluations(arms, targets))
    return Scores(
        np.array([[r.point for r in row] for row in found]),
        np.moveaxis(np.array([[r.replicates for r in row] for row in found]), -1, 0),
        np.moveaxis(np.array([[r.by_seed for r in row] for row in found]), -1, 0),
        sum(r.n_examples for r in found[0]),
        keys,
    )


def _finding(view: View, part: Any, expected: JSON, arms: Sequence[Arm], targets: Sequence[str], found: Scores) -> Finding:
    differences = view.differences(arms, targets, part.targets)
    evidence = view.evidence
    languages = sorted({x for t in targets for x in evidence.languages(t)})
    signature = {
        "kind": part.kind,
        "study": view.study,
        "encoder": view.encoder,
        "arms": ",".join(arm.name for arm in arms),
        "tasks": ",".join(f"{t}:{evidence.targets[t].metric}" for t in targets),
        "langs": ",".join(languages),
        "split": evidence.plan.study.split,
        "attack": "none",
        "seeds": ",".join(map(str, evidence.seeds)),
        "select": "source",
        "resamples": N_RESAMPLES,
        "v": VERSION,
    }
    return Finding(
        expected=expected,
        fidelity="proxy" if differences else "exact",
        differences=tuple(differences),
        n_seeds=len(evidence.seeds),
        n_examples=found.n_examples,
        evidence=found.evidence,
        signature="|".join(f"{k}:{v}" for k, v in signature.items()),
    )


def _contrast(base: Finding, three: Sequence[Array], alpha: float, room: Callable[[float], float] = abs) -> Finding:
    """Fills in estimate, interval, both p-values of "greater than zero", and what would decide.

    `three` are the point, its replicates [R] and its values by seed [S]; `room` is how far a point lies from the null.
    """
    point, (low, high) = float(three[0]), interval(three[1], alpha)
    return replace(
        base,
        estimate=point if np.isfinite(point) else None,
        interval=(float(low), float(high)) if np.isfinite(low) else None,
        p_for=float(p_greater(three[1])),
        p_against=float(p_greater(-three[1])),
        next=_power(three[1], three[2], room(point), alpha),
    )


def _power(replicates: Array, by_seed: Array, effect: float, alpha: float) -> str:
    """Returns how many seeds would decide an effect of this size."""
    n = len(by_seed)
    if not (np.isfinite(replicates).all() and np.isfinite(by_seed).all()):
        return "a metric has nothing to count in a test set, or in some resamples of it: larger test sets"
    if n == 1:
        return "one seed shows nothing of the variance between seeds: more seeds"
    sd = float(by_seed.std(ddof=1))
    # The bootstrap's variance holds (n - 1)/n of the seeds' share; the rest is the examples'.
    examples = float(np.sqrt(max(0.0, replicates.var() - sd**2 * (n - 1) / n**2)))
    enough = seeds_needed(sd, n, examples, effect, alpha)
    if enough is None:
        return "more seeds alone would not decide it: more test examples are needed"
    if enough == n:
        return "it would be decided alone; corrected for all parts of the file it needs more seeds or test examples"
    return f"{enough} seeds in all would decide an effect of this size"


def _arm(view: View, query: claim.Arm, wanted: Sequence[str]) -> Arm:
    arm = view.find(query)
    if arm is None:
        raise Gap(f"the study has no arm {describe(query)}: {view.filler(query, wanted)}")
    return arm


def _targets(view: View, query: claim.Arm | None, wanted: Sequence[str]) -> list[str]:
    targets = view.targets(wanted)
    if not targets:
        names = ", ".join(wanted or view.benchmark.tasks)
        raise Gap(f"the study evaluates none of {names}: {view.filler(query, wanted)}")
    return targets


def _pair(view: View, part: Any, arm: claim.Arm, over: claim.Arm) -> tuple[list[Arm], list[str]]:
    arms = [_arm(view, query, part.targets) for query in (arm, over)]
    if arms[0] == arms[1]:
        raise Gap(f"the study has one arm for both, {arms[0].name}: write one that tells them apart")
    return arms, _targets(view, arm, part.targets)


def _whole(view: View, part: Any) -> tuple[list[Arm], list[str]]:
    """Returns the baseline and all arms with plain intermediate training, and the targets."""
    arms = [_arm(view, claim.BASELINE_ARM, part.targets), *view.treatments()]
    if len(arms) < 2:
        raise Gap(f"the study has no arm with intermediate training: {view.filler(None, part.targets)}")
    return arms, _targets(view, None, part.targets)


def greater(view: View, part: claim.Greater) -> Finding:
    """Judges "`arm` scores higher than `over`"."""
    if isinstance(part.arm, claim.Arm):
        arms, targets = _pair(view, part, part.arm, part.over)
        name = describe(part.arm)
    else:
        arms, targets = _whole(view, part)
        arms, name = [*arms[1:], _arm(view, part.over, part.targets)], "mean of all arms"
    expected = {"arm": name, "over": describe(part.over), "difference": "> 0"}
    found = scores(view, arms, targets)
    base = _finding(view, part, expected, arms, targets, found)
    return _contrast(base, [v[..., :-1, :].mean((-1, -2)) - v[..., -1, :].mean(-1) for v in found.three], part.alpha)


def _best_on_validation(view: View, target: str) -> Arm:
    """Returns the treatment with the best source-language validation score on a target, the first of equals."""
    values: dict[Arm, float] = {}
    for arm in view.treatments():
        value = view.evidence.validation(arm, target)
        if value is None:
            raise Gap(f"validation scores on {target} are not in the store: {view.command}")
        if not np.isnan(value):
            values[arm] = value
    if not values:
        raise Gap(f"no arm has a validation score on {target} to select by")
    return max(values, key=lambda arm: values[arm])


def _selected(view: View, part: Any, expected: JSON) -> tuple[Finding, list[Array]]:
    """Returns a finding without numbers and the gain of the arms chosen on validation, on targets that are trained."""
    study = view.evidence.plan.study
    if study.split != "test":
        raise Gap(f"arms chosen on validation are judged on test, and {view.study} evaluates on {study.split}")
    arms, targets = _whole(view, part)
    targets = [target for target in targets if view.evidence.is_trained(target)]
    if not targets:
        raise Gap("no target is trained, so none has a validation score to select by")
    found = scores(view, arms, targets)
    chosen = {target: _best_on_validation(view, target) for target in targets}
    base = _finding(view, part, {**expected, "selected": {t: a.name for t, a in chosen.items()}}, arms, targets, found)
    pairs = [(arms.index(arm), t) for t, arm in enumerate(chosen.values())]
    return base, [np.mean([v[..., a, t] - v[..., 0, t] for a, t in pairs], axis=0) for v in found.three]


def selected_greater(view: View, part: claim.SelectedGreater) -> Finding:
    """Judges "the arms chosen on validation beat the baseline on test"."""
    base, three = _selected(view, part, {"arm": "best on validation", "difference": "> 0"})
    return _contrast(base, three, part.alpha)


def value(view: View, part: claim.Value) -> Finding:
    """Judges "the difference is `value` points": equivalence within `margin`, by two one-sided tests."""
    expected: JSON = {"value": part.value, "margin": part.margin, "over": describe(part.over)}
    if isinstance(part.arm, claim.Arm):
        arms, targets = _pair(view, part, part.arm, part.over)
        found = scores(view, arms, targets)
        base = _finding(view, part, {"arm": describe(part.arm), **expected}, arms, targets, found)
        three = [v[..., 0, :].mean(-1) - v[..., 1, :].mean(-1) for v in found.three]
    else:
        base, three = _selected(view, part, {"arm": "best on validation", **expected})
    result = _contrast(base, three, part.alpha, lambda point: abs(abs(point - part.value) - part.margin))
    if result.fidelity == "proxy":
        differ = "; ".join(result.differences)
        why = f"a magnitude needs the paper's own set-up; here differ {differ}"
        return replace(result, decided="not_comparable", p_for=None, p_against=None, next=why)
    return _within(result, three[1] - part.value, part.margin)


def _within(result: Finding, off: Array, margin: float) -> Finding:
    """Fills in the p-values of "within ±`margin`" (two one-sided tests) and of "outside of it" (either side)."""
    outside = min(float(p_greater(off, margin)), float(p_greater(-off, margin)))
    return replace(result, p_for=float(p_equivalent(off, margin)), p_against=min(1.0, 2 * outside))


def equivalent(view: View, part: claim.Equivalent) -> Finding:
    """Judges "intermediate training changes the targets by less than `margin`", on the mean over the treatments."""
    size = f"< {part.margin}" if part.one_sided else f"within ± {part.margin}"
    expected = {"arms": "mean of all", "over": describe(claim.BASELINE_ARM), "difference": size}
    arms, targets = _whole(view, part)
    found = scores(view, arms, targets)
    base = _finding(view, part, expected, arms, targets, found)
    gain = [(v[..., 1:, :] - v[..., :1, :]).mean((-1, -2)) for v in found.three]
    if not part.one_sided:
        result = _contrast(base, gain, part.alpha, lambda point: abs(abs(point) - part.margin))
        return _within(result, gain[1], part.margin)
    result = _contrast(base, gain, part.alpha, lambda point: abs(point - part.margin))
    below, above = p_greater(-gain[1], -part.margin), p_greater(gain[1], part.margin)
    return replace(result, p_for=float(below), p_against=float(above))


def _lead(base: Finding, own: Sequence[Array], rivals: Sequence[Array], alpha: float) -> Finding:
    """Judges "own is above every rival" by the distance to the best rival; `rivals` have one more axis, the last.

    Some rival is better if one of them is, each tested on its own (Bonferroni): the distance to the best of several
    that are equal in truth is below zero nearly always, and says nothing against own.
    """
    result = _contrast(base, [v - r.max(-1) for v, r in zip(own, rivals, strict=True)], alpha)
    if result.estimate is None:
        return result
    worse = p_greater(rivals[1] - own[1][:, None])
    return replace(result, p_against=min(1.0, len(worse) * float(worse.min())))


def best(view: View, part: claim.Best) -> Finding:
    """Judges "`arm` ranks first": its distance to the best of the others."""
    own = _arm(view, part.arm, part.targets)
    arms, targets = _whole(view, part)
    arms = [own, *(arm for arm in arms if arm != own)]
    if len(arms) < 3:
        raise Gap(f"a rank needs at least two other arms, and {view.study} has {len(arms) - 1}")
    found = scores(view, arms, targets)
    expected = {"arm": describe(part.arm), "rank": 1, "of": len(arms)}
    base = _finding(view, part, expected, arms, targets, found)
    three = [v.mean(-1) for v in found.three]
    return _lead(base, [v[..., 0] for v in three], [v[..., 1:] for v in three], part.alpha)


def ordering(view: View, part: claim.Ordering) -> Finding:
    """Judges "the mean gain is larger on one group of targets than on any other"."""
    arms, _ = _whole(view, part)
    groups = {name: view.targets(tasks) for name, tasks in view.benchmark.groups.items()}
    groups = {name: targets for name, targets in groups.items() if targets}
    others = [name for name in groups if name != part.group]
    if part.group not in groups or not others:
        filler = view.filler(None, view.benchmark.groups[part.group])
        raise Gap(f"the study has no {part.group} target beside others: {filler}")
    targets = list(dict.fromkeys(t for own in groups.values() for t in own))
    found = scores(view, arms, targets)
    base = _finding(view, part, {"largest gain": part.group, "of": sorted(groups)}, arms, targets, found)
    gains = [(v[..., 1:, :] - v[..., :1, :]).mean(-2) for v in found.three]
    means = [{n: v[..., [targets.index(t) for t in own]].mean(-1) for n, own in groups.items()} for v in gains]
    rivals = [np.stack([m[name] for name in others], axis=-1) for m in means]
    return _lead(base, [m[part.group] for m in means], rivals, part.alpha)


def count(view: View, part: claim.Count) -> Finding:
    """Judges "at least this share of the arms improve": each arm tested one-sided, Holm over the arms."""
    arms, targets = _whole(view, part)
    found = scores(view, arms, targets)
    n = len(arms) - 1
    needed = int(np.ceil(round(part.at_least * n, 9)))  # 0.55 × 20 is 11.000000000000002
    base = _finding(view, part, {"arms that improve": f"at least {needed} of {n}"}, arms, targets, found)
    gains = (found.replicates[:, 1:] - found.replicates[:, :1]).mean(-1)
    p_up, p_down = holm(p_greater(gains)), holm(p_greater(-gains))
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


def provenance(view: View, part: claim.Provenance) -> Finding:
    """Judges what was run: encoder, order of phases, intermediate tasks, and what selection saw."""
    evidence = view.evidence
    runs = [r for r in evidence.plan.runs if r.encoder_name == view.encoder]
    done = [r for r in runs if r.evaluate and all(s.key in evidence.done for s in _chain(r))]
    if not done:
        raise Gap(f"nothing of it has been run: {view.command}")
    trained = [r for r in done if r.intermediate and r.finetune]
    if part.phases and not trained:
        raise Gap(f"no run with intermediate training and fine-tuning has been evaluated: {view.command}")
    model = evidence.catalog.model(view.encoder)
    wrong, contrary = [], []
    if part.encoder and (not model.hub or model.hub.id != part.encoder):
        wrong.append(f"encoder: {view.encoder} for {part.encoder}")
    used = {n for r in done if r.spec.intermediate and not r.spec.intermediate.mlm for n in r.spec.intermediate.tasks}
    for wanted in part.intermediate_tasks:
        if wanted not in used:
            if wanted in view.all_tasks():
                raise Gap(f"intermediate task {wanted} has not been run: {view.command}")
            proxies = [n for n in sorted(used) if answers_to(evidence.catalog.task(n), wanted)]
            wrong.append(f"intermediate task {wanted}: {'only ' + ', '.join(proxies) if proxies else 'none'}")
    if part.phases and not all(_in_order(view, r) for r in trained):
        contrary.append("phases")
    if part.source_selection_only:
        sources = {evidence.targets[r.spec.target].train_language for r in done if r.finetune}
        seen = {x for r in done if r.finetune for x in r.finetune.params["data"]["validation"]}
        contrary += [f"selection saw {x}" for x in sorted(seen - {s for s in sources if s})]
    differences = view.differences([view.baseline, *view.treatments()], list(evidence.targets))
    return Finding(
        expected={k: v for k, v in part.data().items() if v and k not in ("kind", "alpha", "note")},
        decided="contradicted" if contrary else "not_comparable" if wrong else "reproduced",
        fidelity="proxy" if differences else "exact",
        differences=tuple(differences),
        n_seeds=len({r.spec.seed for r in done}),
        evidence=tuple(dict.fromkeys((r.finetune or _chain(r)[-1]).key for r in done)),
        signature=f"kind:provenance|study:{view.study}|encoder:{view.encoder}|v:{VERSION}",
        next="; ".join(contrary + wrong),
    )


def _chain(run: PlannedRun) -> list[Stage]:
    """Returns a run's stages, parents before children."""
    return [s for s in (run.pretrain, run.intermediate, run.finetune, *run.evaluate.values()) if s]


def _in_order(view: View, run: PlannedRun) -> bool:
    """Returns whether a run's manifests form the chain encoder → intermediate → fine-tuning → evaluation."""
    chain = _chain(run)[: 1 - len(run.evaluate) or None]  # one language stands for all
    manifests = [view.evidence.manifest(stage) for stage in chain]
    kinds = [m.stage.kind for m in manifests]
    linked = all(child.stage.inputs == (parent.key,) for parent, child in pairwise(manifests))
    wanted: list[str] = ["intermediate", "finetune", "evaluate"]
    return linked and kinds == (["pretrain", *wanted] if run.pretrain else wanted)


JUDGES: dict[str, Callable[[View, Any], Finding]] = {
    judge.__name__: judge for judge in (greater, value, selected_greater, equivalent, best, ordering, count, provenance)
}
