"""Published numbers beside a study's own, and in words why they are or are not comparable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan

from harness.canon import number
from harness.errors import HarnessError
from harness.evidence import Arm, Evidence
from harness.records import JSON
from harness.reference import gain, measures
from harness.spec.reference import AVERAGE, Number, ReferenceSpec, System
from harness.spec.study import BASELINE
from harness.spec.task import TaskSpec

Lines = Mapping[tuple[str, str, str], JSON]
NO_ARM: JSON = {"encoder": None, "arm": None, "ours": None, "ours_source_language": None, "ours_gain": None}


def lines(evidence: Evidence, table: Sequence[JSON]) -> list[JSON]:
    """Returns every published mean over languages of each target and of the tasks it stands in for, beside ours.

    `table` is the summary's, arm × target. A number has a `difference` only if it is `comparable`: of the very task and
    metric; `fidelity` is exact only if `why`, which says in what ours differ, is empty. `gain` is that over the system's own
    baseline, where both stand in one source.
    """
    by_arm = {(line["encoder"], line["arm"], line["target"]): line for line in table}
    return [
        _line(evidence, by_arm, target, reference, found)
        for target in evidence.targets.values()
        for task in (target.name, *target.proxy_for)
        for reference, found in _numbers(evidence.catalog.references, task, target.metric)
    ]


def gaps(evidence: Evidence) -> list[JSON]:
    """Returns what was looked for and not found of each target and of the tasks it stands in for."""
    return [
        {"target": target.name, "task": task, "reference": reference.name, "what": gap.what, "reason": gap.reason}
        for target in evidence.targets.values()
        for task in (target.name, *target.proxy_for)
        for reference in evidence.catalog.references
        for gap in reference.not_found
        if task in gap.tasks
    ]


def _numbers(references: Sequence[ReferenceSpec], task: str, metric: str) -> list[tuple[ReferenceSpec, Number]]:
    """Returns the means over languages on a task: in a target's own metric, or in any if there are none in that.

    Those with intermediate training come first, then the baselines, first those that were measured beside them.
    """
    found = [(r, n) for r in references for n in r.numbers if n.task == task and n.language == AVERAGE]
    fitting = [(r, n) for r, n in found if measures(n.metric, metric)]
    roles = {id(n): r.systems[n.system].role for r, n in found}
    beside = {n.baseline for _, n in found if roles[id(n)] == "intermediate"}
    order = ("intermediate", "baseline", "other")
    return sorted(fitting or found, key=lambda pair: (order.index(roles[id(pair[1])]), pair[1].baseline not in beside))


def _line(evidence: Evidence, by_arm: Lines, target: TaskSpec, reference: ReferenceSpec, found: Number) -> JSON:
    system = reference.systems[found.system]
    same_task = target.name == found.task
    encoder = _encoder(evidence, system)
    ours = NO_ARM if system.role == "other" else _ours(evidence, by_arm, target, system, encoder)
    why = list(_why(evidence, target, found, system, encoder))
    comparable = same_task and measures(found.metric, target.metric)
    shown = ("metric", "value", "split", "edition", "baseline", "table", "row", "column", "source", "confidence")
    return {
        "target": target.name,
        "task": found.task,
        "same_task": same_task,
        "comparable": comparable,
        "reference": reference.name,
        "system": found.system,
        "title": system.title,
        "role": system.role,
        **{field: getattr(found, field) for field in shown},
        "note": " ".join(f"{note.rstrip('.')}." for note in (found.note, system.note) if note) or None,
        "gain": _gain(evidence.catalog.references, found, system),
        **ours,
        "difference": number(ours["ours"] - found.value) if comparable and ours["ours"] is not None else None,
        "fidelity": "proxy" if why else "exact",
        "why": why,
    }


def _gain(references: Sequence[ReferenceSpec], found: Number, system: System) -> float | None:
    """Returns a system's gain over its baseline; none if they were not published together."""
    if system.over is None:
        return None
    try:
        return gain(references, found.system, system.over, found.task, found.metric)
    except HarnessError:
        return None


def _encoder(evidence: Evidence, system: System) -> str:
    """Returns the study's encoder that is the system's, else its first."""
    encoders = evidence.plan.study.vary.encoder
    return next((name for name in encoders if _hub_id(evidence, name) == system.encoder is not None), encoders[0])


def _hub_id(evidence: Evidence, encoder: str) -> str | None:
    hub = evidence.catalog.model(encoder).hub
    return hub.id if hub else None


def _ours(evidence: Evidence, by_arm: Lines, target: TaskSpec, system: System, encoder: str) -> JSON:
    """Returns the arm that stands beside a system, with its scores; no scores while they are incomplete."""
    names = [BASELINE] if system.role == "baseline" else _treatments(evidence)
    known = [by_arm[encoder, name, target.name] for name in names if (encoder, name, target.name) in by_arm]
    if not known or any(line["mean"] is None for line in known):
        return {**NO_ARM, "encoder": encoder}
    chosen = _best_on_validation(evidence, known)
    label = known[0]["arm"] if len(known) == 1 else f"mean of {len(known)} arms"
    if chosen is not None:
        known, label = [chosen], chosen["arm"]
    return {
        "encoder": encoder,
        "arm": label,
        "ours": _mean([line["mean"] for line in known]),
        "ours_source_language": _mean([line["source_language"]["mean"] for line in known]),
        "ours_gain": _mean([line["delta"] for line in known]),
    }


def _treatments(evidence: Evidence) -> list[str]:
    """Returns the arms with plain English intermediate training."""
    study = evidence.plan.study
    named = [(name, study.intermediate[name]) for name in study.vary.intermediate if name != BASELINE]
    return [name for name, spec in named if not spec.mlm and not spec.translate_to]


def _best_on_validation(evidence: Evidence, known: Sequence[JSON]) -> JSON | None:
    """Returns the arm with the best source-language validation score; none if the target is not trained."""
    scored = [(evidence.validation(Arm(line["encoder"], line["arm"]), line["target"]), line) for line in known]
    values = [(float(v.mean()), line) for v, line in scored if v is not None and not isnan(v.mean())]
    return max(values, key=lambda pair: pair[0])[1] if values and len(values) == len(scored) else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return number(sum(known) / len(known)) if known and len(known) == len(values) else None


def _why(evidence: Evidence, target: TaskSpec, found: Number, system: System, encoder: str) -> Iterator[str]:
    """Yields in which respects ours is not what was published: task, encoder, data, arms, training."""
    study = evidence.plan.study
    if target.name != found.task:
        yield f"task: {target.name} is another task, which stands in for the published one"
    elif not measures(found.metric, target.metric):
        yield f"metric: {target.metric} for {found.metric}"
    if _hub_id(evidence, encoder) != system.encoder or system.encoder is None:
        yield f"encoder: {encoder} for {system.encoder or system.title}"
    if target.deviation:
        yield f"data: {target.deviation}"
    if found.split != study.split:
        yield f"split: {study.split} for {found.split}"
    left_out = [x for x in target.languages if x not in evidence.languages(target.name)]
    if left_out:
        yield f"languages: not evaluated: {', '.join(left_out)}"
    if target.name in study.max_test_examples:
        yield f"test rows: at most {study.max_test_examples[target.name]} in a language"
    if system.role == "intermediate":
        yield from _other_arms(evidence, system)
    yield from _other_training(evidence, target, system)


def _other_arms(evidence: Evidence, system: System) -> Iterator[str]:
    arms = [evidence.plan.study.intermediate[name] for name in _treatments(evidence)]
    trained = {task for arm in arms for task in arm.tasks}
    lacking = [task for task in system.intermediate if task not in trained]
    if lacking:
        yield f"intermediate tasks: not here: {', '.join(lacking)}"
    elif not system.intermediate:
        yield "intermediate tasks: the published ones are not on file"


def _other_training(evidence: Evidence, target: TaskSpec, system: System) -> Iterator[str]:
    study = evidence.plan.study
    trainer = evidence.catalog.trainer(target).name
    trainings = [study.training[trainer]] if trainer in study.training else []
    if system.role == "intermediate":
        trainings += [study.intermediate[name].training for name in _treatments(evidence)]
    if not system.training:
        yield "set-up: the published recipe is not on file"
    for field, value in system.training.items():
        other = sorted({f"{got:g}" for t in trainings if (got := getattr(t, field, None)) is not None and got != value})
        if other:
            yield f"training: {field} {', '.join(other)} for {value:g}"
    fewer = sorted({t.max_examples for t in trainings if t.max_examples})
    if fewer:
        yield f"training rows: at most {', '.join(map(str, fewer))} of a task"
