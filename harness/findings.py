"""What a judge finds, and what all judges do alike: gather scores, name the evidence, tell size, interval and power."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.attacked import CLEAN, Under
from harness.evidence import Arm
from harness.records import JSON
from harness.selection import View, describe
from harness.spec import claim
from harness.spec.attack import NONE
from harness.stats.effect import Effect, Sample
from harness.stats.power import seeds_needed

Array = NDArray[np.float64]
VERSION = 3

# A arms, T targets


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
    details: JSON = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """What a judge weighs: the scores of all of the encoder's arms on some targets, and how many examples they are from."""

    sample: Sample
    arms: tuple[Arm, ...]
    targets: tuple[str, ...]
    n_examples: int
    evidence: tuple[str, ...]

    def mean(self, arm: Arm, targets: Sequence[str] = ()) -> Array:
        """Returns the weights [A, T] of an arm's mean over some targets, over all by default."""
        own = tuple(targets) or self.targets
        return self.weighted(dict.fromkeys(own, arm), dict.fromkeys(own, 1 / len(own)))

    def weighted(self, arm_of: Mapping[str, Arm], shares: Mapping[str, float]) -> Array:
        """Returns the weights [A, T] of a mean over targets, of each by its share and by an arm of its own."""
        weights = np.zeros((len(self.arms), len(self.targets)))
        for target, arm in arm_of.items():
            weights[self.arms.index(arm), self.targets.index(target)] = shares[target]
        return weights

    def gain(self, arms: Sequence[Arm], over: Arm, targets: Sequence[str] = ()) -> Array:
        """Returns the weights of the mean of arms minus another arm."""
        own: Array = np.mean([self.mean(arm, targets) for arm in arms], axis=0)
        return own - self.mean(over, targets)


class Gap(Exception):
    """Evidence is not there; carries what would bring it."""


class Mismatch(Gap):
    """There is evidence, but of something else than the claim is about; carries in which field of the signature."""


def scores(view: View, part: claim.Part, arms: Sequence[Arm], targets: Sequence[str]) -> Scores:
    """Returns the scores on targets, of these arms at least, in a part's metric and languages.

    Raises Gap if any of their evaluations is missing, Mismatch if a target is not scored by the part's metric.
    """
    evidence = view.evidence
    under = Under(part.attack, part.quantity)
    for target in targets if under != CLEAN else ():
        if under.attack not in evidence.attacks(target):
            there = ", ".join(evidence.attacks(target)) or "none"
            raise Gap(f"{view.study} evaluates {target} under {there}, not under {under.attack}: add it to `attacks`")
    missing = evidence.missing(arms, targets, under.attack)
    if missing:
        raise Gap(f"evaluations that the store lacks: {len(missing)}; {view.command}")
    metrics = {target: view.metrics(target, part.metric) for target in targets}
    for target, own in metrics.items():
        _languages(view, part, target)
        if not own:
            there = ", ".join(evidence.targets[target].metrics)
            raise Mismatch(f"metric: {target} is scored by {there}, the claim is about {part.metric}")
    n_examples = 0
    for target in targets:
        drawn = evidence.drawn(view.encoder, target, metrics[target], under)
        sizes = dict(zip(drawn.languages, drawn.n_examples, strict=True))
        n_examples += sum(sizes[language] for language in _languages(view, part, target))
    keys = tuple(stage.key for stage in evidence.evaluations(arms, targets, part.languages, under.attack))
    sample = evidence.means(view.encoder, targets, metrics, part.languages, under)
    return Scores(sample, evidence.arms_of(view.encoder), tuple(targets), n_examples, keys)


def _languages(view: View, part: claim.Part, target: str) -> list[str]:
    """Returns the languages whose mean a part is about. Raises Gap if a target is not evaluated in one of them."""
    there = view.evidence.languages(target)
    if not there:
        raise Gap(f"{target} has no {view.evidence.plan.study.split} rows in any language of {view.study}")
    for language in part.languages:
        if language not in there:
            has = language in view.evidence.targets[target].languages
            how = "add it to the study's languages" if has else "run a study of a target that has it"
            raise Gap(f"{view.study} does not evaluate {target} in {language}: {how}")
    return list(part.languages or there)


def finding(view: View, part: Any, expected: JSON, arms: Sequence[Arm], targets: Sequence[str], found: Scores) -> Finding:
    """Returns a finding without numbers: what was expected, how it differs from the paper, and the evidence for it."""
    differences = view.differences(arms, targets, view.wanted(part), part.languages)
    evidence = view.evidence
    languages = sorted({x for t in targets for x in _languages(view, part, t)})
    signature = {
        "kind": part.kind,
        "study": view.study,
        "encoder": view.encoder,
        "arms": ",".join(arm.name for arm in arms),
        "tasks": ",".join(f"{t}:{'+'.join(view.metrics(t, part.metric))}" for t in targets),
        "langs": ",".join(languages),
        "split": evidence.plan.study.split,
        "attack": part.attack,
        **({"quantity": part.quantity} if part.quantity != "score" else {}),
        "seeds": ",".join(map(str, evidence.seeds)),
        "select": "source",
        "resamples": evidence.n_resamples,
        "v": VERSION,
    }
    narrowed = {name: getattr(part, name, None) for name in ("targets", "groups", "languages", "metric")}
    if part.attack != NONE:
        narrowed |= {"attack": part.attack, "quantity": part.quantity}
    narrowed = {name: list(v) if isinstance(v, tuple) else v for name, v in narrowed.items() if v}
    return Finding(
        expected={**expected, **narrowed},
        fidelity="proxy" if differences else "exact",
        differences=tuple(differences),
        n_seeds=len(evidence.seeds),
        n_examples=found.n_examples,
        evidence=found.evidence,
        signature="|".join(f"{k}:{v}" for k, v in signature.items()),
    )


def contrast(base: Finding, effect: Effect, alpha: float, room: Callable[[float], float] = abs) -> Finding:
    """Fills in estimate, interval, both p-values of "greater than zero", and what would decide.

    `room` is how far an estimate lies from the null.
    """
    low, high = effect.interval(alpha)
    return replace(
        base,
        estimate=effect.estimate if np.isfinite(effect.estimate) else None,
        interval=(low, high) if np.isfinite(low) else None,
        p_for=effect.p_above(),
        p_against=effect.p_below(),
        next=_power(effect, room(effect.estimate), alpha),
    )


def _power(effect: Effect, size: float, alpha: float) -> str:
    """Returns how many seeds would decide an effect of this size."""
    n = effect.n_seeds
    if not (np.isfinite(effect.estimate) and np.isfinite(effect.error)):
        return "a metric has nothing to count in a test set, or in some resamples of it: larger test sets"
    if n == 1:
        return "one seed shows nothing of the variance between seeds: more seeds"
    enough = seeds_needed(effect.seed_sd, n, effect.example_error, size, alpha)
    if enough is None:
        return "more seeds alone would not decide it: more test examples are needed"
    if enough == n:
        return "it would be decided alone; corrected for all parts of its group it needs more seeds or test examples"
    return f"{enough} seeds in all would decide an effect of this size: {enough - n} more"


def arm_of(view: View, query: claim.Arm, wanted: Sequence[str]) -> Arm:
    """Returns the arm that a claim asks for. Raises Gap, with what would fill it, if the study has none."""
    arm = view.find(query)
    if arm is None:
        raise Gap(f"the study has no arm {describe(query)}: {view.filler(query, wanted)}")
    return arm


def targets_of(view: View, query: claim.Arm | None, wanted: Sequence[str]) -> list[str]:
    """Returns the study's targets that answer to a claim's. Raises Gap if there are none."""
    targets = view.targets(wanted)
    if not targets:
        names = ", ".join(wanted or view.benchmark.tasks)
        raise Gap(f"the study evaluates none of {names}: {view.filler(query, wanted)}")
    return targets


def named(view: View, part: claim.Part, *queries: claim.Arm) -> tuple[list[Arm], list[str]]:
    """Returns the arms that a claim asks for, no two of them the same, and the targets."""
    arms = [arm_of(view, query, view.wanted(part)) for query in queries]
    if len(set(arms)) < len(arms):
        raise Gap(f"the study has one arm for both, {arms[0].name}: write one that tells them apart")
    return arms, targets_of(view, queries[0], view.wanted(part))


def whole(view: View, part: claim.Part) -> tuple[list[Arm], list[str]]:
    """Returns the baseline and all arms with plain intermediate training, and the targets."""
    arms = [arm_of(view, claim.BASELINE_ARM, view.wanted(part)), *view.treatments()]
    if len(arms) < 2:
        raise Gap(f"the study has no arm with intermediate training: {view.filler(None, view.wanted(part))}")
    return arms, targets_of(view, None, view.wanted(part))
