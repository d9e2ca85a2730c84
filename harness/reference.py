"""Published numbers: which of them may be subtracted from each other, and whether a file of them is sound."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harness import plugin
from harness.errors import HarnessError, SpecError
from harness.spec.catalog import Catalog
from harness.spec.document import Loc
from harness.spec.reference import AVERAGE, GAIN, LANGUAGES, Number, ReferenceSpec
from harness.spec.task import TaskSpec

# Numbers that differ in one of these were not measured against the same baseline.
SAME = ("source", "edition", "baseline", "split")
MEANS = ("task_mean", "category_mean")


def measures(word: str, metric: str) -> bool:
    """Returns whether a metric of ours is what papers call `word`: `squad_f1` is an `f1`."""
    return metric == word or metric.endswith(f"_{word}")


def gain(
    references: Sequence[ReferenceSpec],
    system: str,
    baseline_system: str,
    task: str,
    metric: str,
    *,
    language: str = AVERAGE,
    groups: Collection[str] = (),
) -> float:
    """Returns the published score of a system minus that of its baseline, in points.

    Raises HarnessError if either is not on file, or if the two were not published together: a score of one source, edition,
    split or baseline minus that of another is the gain of nothing.
    """
    what = f"{system} minus {baseline_system} on {task} ({metric}, {language})"
    ours, theirs = (
        _published(references, name, (task, frozenset(groups), metric, language), what) for name in (system, baseline_system)
    )
    pairs = [(a, b) for a in ours for b in theirs if not _differences(a, b)]
    if not pairs:
        differ = "; ".join(_differences(ours[0], theirs[0]))
        raise HarnessError(f"{what}: not measured together, so there is no difference: {differ}; take both from one table")
    if len(pairs) > 1:
        raise HarnessError(f"{what}: published together {len(pairs)} times; nothing says which of them is meant")
    return round(pairs[0][0].value - pairs[0][1].value, 4)


def _published(references: Sequence[ReferenceSpec], system: str, wanted: tuple[object, ...], what: str) -> list[Number]:
    """Returns a system's numbers on a task, groups, metric and language. Raises HarnessError if there are none."""
    known = [number for reference in references for number in reference.numbers if number.system == system]
    found = [n for n in known if (n.task, frozenset(n.groups), n.metric, n.language) == wanted]
    if found:
        return found
    owners = [reference for reference in references if system in reference.systems]
    if not owners:
        names = {name for reference in references for name in reference.systems}
        raise HarnessError(f"{what}: no system {system!r}: {plugin.near(system, names)}")
    reasons = [gap.reason for owner in owners for gap in owner.not_found if wanted[0] in gap.tasks]
    why = reasons[0] if reasons else f"{system} has numbers on {', '.join(sorted({n.task for n in known})) or 'nothing'}"
    raise HarnessError(f"{what}: no such number of {system} is on file: {why}")


def _differences(one: Number, other: Number) -> list[str]:
    """Returns in which respects two numbers were not published together."""
    pairs = [(field, getattr(one, field), getattr(other, field)) for field in SAME]
    return [f"{field} {a or 'not named'} and {b or 'not named'}" for field, a, b in pairs if a != b]


def faults(reference: ReferenceSpec, catalog: Catalog) -> Iterator[tuple[Loc, str, str]]:
    """Yields what is wrong with a file of published numbers: the place, the message and a hint."""
    benchmarks = catalog.names("benchmarks")
    tasks = {*catalog.names("tasks"), *benchmarks, *(t for name in benchmarks for t in catalog.benchmark(name).tasks)}
    for name, system in reference.systems.items():
        known = {*reference.systems, *(s for other in _others(reference, system.over, catalog) for s in other.systems)}
        if system.over is not None and system.over not in known:
            yield ("systems", name, "over"), f"no system {system.over!r} in any reference", plugin.near(system.over, known)
    for i, number in enumerate(reference.numbers):
        if number.task in tasks:
            faulty = _benchmark_faults if number.task in benchmarks else _task_faults
            yield from ((("numbers", i, *loc), message, hint) for loc, message, hint in faulty(number, catalog))
        else:
            yield ("numbers", i, "task"), f"no task or benchmark {number.task!r}", plugin.near(number.task, tasks)
    for i, gap in enumerate(reference.not_found):
        for j, task in enumerate(gap.tasks):
            if task not in tasks:
                yield ("not_found", i, "tasks", j), f"no task or benchmark {task!r}", plugin.near(task, tasks)


def _others(reference: ReferenceSpec, over: str | None, catalog: Catalog) -> Sequence[ReferenceSpec]:
    """Returns the other files, if a system is not to be found in its own."""
    if over is None or over in reference.systems:
        return ()
    try:
        return catalog.references
    except SpecError:
        return ()  # reported for its own file


def _benchmark_faults(number: Number, catalog: Catalog) -> Iterator[tuple[Loc, str, str]]:
    groups = catalog.benchmark(number.task).groups
    for i, group in enumerate(number.groups):
        if group not in groups:
            yield ("groups", i), f"no group {group!r} in {number.task}", plugin.near(group, groups)
    if number.metric not in (*MEANS, GAIN):
        yield ("metric",), f"{number.metric!r} of a benchmark", f"a benchmark has {', '.join((*MEANS, GAIN))}"
    if number.language != AVERAGE:
        yield ("language",), f"{number.task} as a whole has no language", f"write {AVERAGE}"


def _task_faults(number: Number, catalog: Catalog) -> Iterator[tuple[Loc, str, str]]:
    task = _task(number.task, catalog)
    if number.groups:
        yield ("groups",), f"{number.task!r} is a task, and groups are those of a benchmark", "leave them out"
    if number.metric in MEANS or (task and not any(measures(number.metric, m) for m in task.metrics)):
        yield ("metric",), f"{number.metric!r} does not score {number.task}", _scored_by(task)
    known = {AVERAGE, *LANGUAGES, *(task.languages if task else ())}
    if number.language not in known:
        yield ("language",), f"no language {number.language!r}", plugin.near(number.language, known)


def _scored_by(task: TaskSpec | None) -> str:
    return f"it takes {', '.join(task.metrics) or 'none'}" if task else "accuracy, f1 and exact_match score tasks"


def _task(name: str, catalog: Catalog) -> TaskSpec | None:
    """Returns a task of the catalogue; none if only a benchmark names it, or if its own file is broken."""
    try:
        return catalog.task(name) if name in catalog.names("tasks") else None
    except SpecError:
        return None
