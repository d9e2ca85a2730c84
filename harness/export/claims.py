"""Published numbers as claims: every one that some study can speak to, and why the others are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from harness.errors import HarnessError
from harness.records import JSON
from harness.reference import MEANS, gain, measures
from harness.spec.benchmark import BenchmarkSpec
from harness.spec.catalog import Catalog
from harness.spec.claim import OWN_SCORER, UNKNOWN
from harness.spec.reference import AVERAGE, GAIN, Number, ReferenceSpec, System
from harness.spec.study import StudySpec

# Within a point is the same, as in `claims.yaml`: runs by others of one recipe differ by as much.
MARGIN = 1.0
HEAD = """\
# Every number of specs/reference/ that some study can speak to, as a claim of its own. Made by
# `harness export claims`; edit the reference, not this file. A score is claimed as such, and, where a system and its
# baseline were published together, the gain as well.
#
# Left out:
"""


def document(catalog: Catalog, benchmark: str) -> str:
    """Returns the text of a claims file: all published numbers on a benchmark and its tasks that a study can speak to."""
    spec = catalog.benchmark(benchmark)
    studies = [catalog.study(name) for name in catalog.names("studies")]
    kept: list[JSON] = []
    left_out: dict[str, int] = {}
    encoders = set()
    for reference in catalog.references:
        for number in reference.numbers:
            if number.task not in (benchmark, *spec.tasks):
                continue
            system = reference.systems[number.system]
            why = _silent(number, system, studies, spec, catalog)
            if why:
                left_out[why] = left_out.get(why, 0) + 1
            else:
                kept.append(_claim(number, system, reference, spec, catalog))
                encoders.add(system.encoder)
    if len(encoders) != 1:
        raise HarnessError(f"claims of one file are about one encoder, not {len(encoders)}: {sorted(map(str, encoders))}")
    top = {"schema_version": 1, "paper": "specs/reference", "benchmark": benchmark, "encoder": encoders.pop()}
    tasks = {task: None for r in catalog.references for s in r.systems.values() for task in s.intermediate}
    top |= {"intermediate": list(tasks)}
    lines = [f"#   {n:3d}  {why}" for why, n in left_out.items()]
    body = "".join(f"{key}: {_flow(value)}\n" for key, value in top.items())
    return f"{HEAD}{chr(10).join(lines)}\n{body}claims:\n{''.join(map(_block, kept))}"


def _silent(
    number: Number, system: System, studies: Sequence[StudySpec], benchmark: BenchmarkSpec, catalog: Catalog
) -> str | None:
    """Returns why no study can speak to a number; none if one can."""
    if system.role == "other":
        return f"{system.title}: no arm of a study stands beside it"
    if number.confidence == "derived":
        return "worked out from quoted numbers, not published"
    if number.edition not in (None, "v2"):
        return f"edition {number.edition}, whose intermediate tasks no study has"
    own = [s for s in studies if any(_is(catalog, name, system) for name in s.vary.encoder)]
    wanted = _tasks(number, benchmark)
    fitting = [s for s in own if set(wanted) <= set(s.vary.target) and s.benchmark == benchmark.name]
    if not fitting:
        return f"no study has {system.encoder or system.title} on {number.task}"
    if not any(s.split == number.split for s in fitting):
        return f"of the {number.split} split, which no study evaluates"
    if number.task != benchmark.name and not _metric(number, benchmark, catalog):
        return f"{number.metric} of {number.task}, by which it is not scored"
    if number.language != AVERAGE and number.language not in benchmark.scoring[number.task].languages:
        return f"{number.task} in {number.language}, which the benchmark does not evaluate"
    return None


def _is(catalog: Catalog, name: str, system: System) -> bool:
    hub = catalog.model(name).hub
    return hub is not None and hub.id == system.encoder


def _tasks(number: Number, benchmark: BenchmarkSpec) -> tuple[str, ...]:
    if number.task != benchmark.name:
        return (number.task,)
    return tuple(t for g in number.groups or benchmark.groups for t in benchmark.groups[g])


def _metric(number: Number, benchmark: BenchmarkSpec, catalog: Catalog) -> str | None:
    """Returns our metric that a paper's word means for a task: the benchmark's own scorer first."""
    own = (*benchmark.scoring[number.task].metrics, *catalog.task(number.task).metrics)
    there = catalog.task(number.task).metrics
    return next((m for m in own if m in there and _means(number.metric, m)), None)


def _means(word: str, metric: str) -> bool:
    return measures(word, metric) or word == metric.removeprefix("token_")


def _claim(number: Number, system: System, reference: ReferenceSpec, benchmark: BenchmarkSpec, catalog: Catalog) -> JSON:
    names = (number.system, number.task, *number.groups, number.metric, number.language, number.edition)
    where = [p for p in (number.table, number.row and f"row {number.row}", number.column and f"column {number.column}") if p]
    quote = f"{', '.join([*where, '']) if where else ''}{number.value:g}"
    return {
        "id": ".".join(name for name in names if name),
        "statement": _statement(number, system),
        "source": {"document": number.source, "quote": quote},
        "group": reference.name,
        "signature": {"split": number.split, "attack": "none"},
        "training": dict(system.training) or UNKNOWN,
        "parts": list(_parts(number, system, benchmark, catalog)),
    }


def _statement(number: Number, system: System) -> str:
    on = f"{', '.join(number.groups)} of {number.task}" if number.groups else number.task
    if number.metric == GAIN:
        return f"{system.title}: {number.value:g} points over its baseline on {on}."
    words = {"task_mean": "mean over tasks", "category_mean": "mean over groups"}
    how = words.get(number.metric, number.metric.replace("_", " "))
    where = f"in {number.language}" if number.language != AVERAGE else "mean over languages"
    return f"{system.title}: {number.value:g} on {on} ({how}{'' if number.metric in MEANS else f', {where}'})."


def _parts(number: Number, system: System, benchmark: BenchmarkSpec, catalog: Catalog) -> Iterator[JSON]:
    """Yields the parts of a number's claim: the score, and the gain over the baseline that stands beside it."""
    arm: Any = {"intermediate": []} if system.role == "baseline" else "best_on_validation"
    what: JSON = {}
    if number.task == benchmark.name:
        what = {"metric": OWN_SCORER, "groups": list(number.groups or benchmark.groups)}
        what |= {"average": "groups"} if number.metric == "category_mean" else {}
    else:
        what = {"metric": _metric(number, benchmark, catalog), "targets": [number.task]}
        what |= {"languages": [number.language]} if number.language != AVERAGE else {}
    note = {"note": number.note} if number.note else {}
    if number.metric == GAIN:
        yield {"kind": "value", "arm": arm, **what, "value": number.value, "margin": MARGIN, **note}
        return
    yield {"kind": "value", "arm": arm, "over": "nothing", **what, "value": number.value, "margin": MARGIN, **note}
    gained = _gain(catalog.references, number, system)
    if gained is not None:
        yield {"kind": "value", "arm": arm, **what, "value": gained, "margin": MARGIN}
        if gained > 0 and "targets" in what:
            yield {"kind": "selected_greater", **what}


def _gain(references: Sequence[ReferenceSpec], number: Number, system: System) -> float | None:
    if system.over is None:
        return None
    try:
        return gain(references, number.system, system.over, number.task, number.metric, groups=number.groups)
    except HarnessError:
        return None


def _block(claim: JSON) -> str:
    """Returns a claim as an item of a list, its parts a line each."""
    lines = [f"    {key}: {_flow(value)}" for key, value in claim.items() if key not in ("id", "parts")]
    parts = [f"      - {_flow(part)}" for part in claim["parts"]]
    return "\n".join(["", f"  - id: {claim['id']}", *lines, "    parts:", *parts]) + "\n"


def _flow(value: Any) -> str:
    """Returns a value as YAML on one line; quotes where a plain word would not do."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and value.replace("_", "").replace("-", "").isalnum() and value[0].isalpha():
        return value
    return json.dumps(value, ensure_ascii=False)
