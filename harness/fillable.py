"""Whether claims can be filled: their names resolve, and for each part some study has all that it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness import plugin
from harness.plan import languages_of
from harness.records import SIGNATURE_FIELDS
from harness.selection import View, describe
from harness.spec import claim
from harness.spec.attack import NONE, WORST, label
from harness.spec.catalog import Catalog
from harness.spec.document import Loc
from harness.spec.training import TrainingSpec

Found = Iterator[tuple[Loc, str, str]]


def faults(claims: claim.ClaimsSpec, views: Sequence[View], catalog: Catalog) -> Found:
    """Yields what is wrong with a file of claims, given a view of every study: the place, the message and a hint."""
    benchmark = catalog.benchmark(claims.benchmark)
    tasks = sorted({n for t in catalog.tasks for n in (t.name, *t.proxy_for)} | set(benchmark.tasks))
    languages = sorted({x for t in catalog.tasks for x in t.languages})
    known: dict[str, Sequence[str]] = {
        "task": tasks,
        "group": tuple(benchmark.groups),
        "language": languages,
        "metric": [claim.OWN_SCORER, *plugin.names("harness.metrics")],
        "field of a training": tuple(TrainingSpec.model_fields),
        "field of a signature": SIGNATURE_FIELDS,
    }
    for loc, kind, name in _names(claims):
        if name not in known[kind]:
            yield loc, f"no {kind} {name!r}", plugin.near(name, known[kind])
    wrong = {loc[:4] for loc, kind, name in _names(claims) if name not in known[kind]}
    for c, item in enumerate(claims.claims):
        for p, part in enumerate(item.parts):
            place: Loc = ("claims", c, "parts", p)
            if place not in wrong and views:
                yield from _unfilled(place, item, part, views)


def _names(claims: claim.ClaimsSpec) -> Iterator[tuple[Loc, str, str]]:
    """Yields every name in a file of claims, with its place and what it should be the name of."""
    yield from ((("training", field), "field of a training", field) for field in claims.training)
    yield from ((("intermediate", i), "task", name) for i, name in enumerate(claims.intermediate))
    for c, item in enumerate(claims.claims):
        yield from ((("claims", c, "signature", field), "field of a signature", field) for field in item.signature)
        if isinstance(item.training, dict):
            yield from ((("claims", c, "training", field), "field of a training", field) for field in item.training)
        for p, part in enumerate(item.parts):
            yield from (((("claims", c, "parts", p, *loc)), kind, name) for loc, kind, name in _names_of(part))


def _names_of(part: Any) -> Iterator[tuple[Loc, str, str]]:
    lists = {"targets": "task", "intermediate_tasks": "task", "languages": "language", "groups": "group"}
    for field, kind in lists.items():
        yield from (((field, i), kind, name) for i, name in enumerate(getattr(part, field, ())))
    for field in ("arm", "over", "baseline"):
        query = getattr(part, field, None)
        if isinstance(query, claim.Arm) and query.intermediate != claim.ALL:
            yield from (((field, "intermediate", i), "task", name) for i, name in enumerate(query.intermediate))
    if part.metric:
        yield ("metric",), "metric", part.metric
    if isinstance(part, claim.Ordering):
        yield ("group",), "group", part.group


def _unfilled(place: Loc, item: claim.Claim, part: Any, views: Sequence[View]) -> Found:
    """Yields what the study that comes nearest to filling a part lacks; nothing if one lacks nothing."""
    if isinstance(part, claim.Provenance):
        return
    lacking = [list(_lacks(view, item, part)) for view in views]
    if all(lacking):
        # A study that fails at a later question comes nearer.
        field, message = max(lacking, key=lambda found: found[0][0])[0][1:]
        yield (*place, *((field,) if field else ())), f"no study can fill this: {message}", "write one under specs/studies/"


def _lacks(view: View, item: claim.Claim, part: Any) -> Iterator[tuple[int, str, str]]:
    """Yields what a study lacks for a part: the number of the question, the field that asks it, and the message."""
    for field in ("arm", "over", "baseline"):
        query = getattr(part, field, None)
        if isinstance(query, claim.Arm) and not view.find(query):
            yield 0, field, f"none has the arm {describe(query)}"
    if not claim.names_its_arms(part) and not (view.find(claim.BASELINE_ARM) and view.treatments()):
        yield 0, "", "none has the baseline and an arm with intermediate training"
    if isinstance(part, claim.Slope):
        lost = [name for name in part.numbers if name not in view.evidence.plan.study.vary.intermediate]
        if lost:
            yield 0, "numbers", f"none has the arms {', '.join(lost)}"
    targets = view.targets(view.wanted(part))
    if not targets:
        names = ", ".join(view.wanted(part) or view.benchmark.tasks)
        yield 1, "targets" if part.targets else "", f"none that has the arms evaluates {names}"
    there = languages_of(view.evidence.plan.study, view.evidence.catalog) if part.languages else {}
    for language in part.languages:
        lost = [t for t in targets if language not in there[t]]
        if lost:
            yield 2, "languages", f"{view.study} does not evaluate {', '.join(lost)} in {language}"
    unscored = [t for t in targets if not view.metrics(t, part.metric)]
    if unscored:
        yield 2, "metric", f"{part.metric} does not score {', '.join(unscored)} of {view.study}"
    under = {label(name, strength) for name, strengths in view.evidence.plan.study.attacks.items() for strength in strengths}
    if part.attack not in (NONE, *under, *([WORST] if len(under) > 1 else [])):
        yield 2, "attack", f"{view.study} evaluates under {', '.join(sorted(under)) or 'no attack'}"
    split = item.signature.get("split", view.evidence.plan.study.split)
    if split != view.evidence.plan.study.split:
        yield 2, "", f"{view.study} evaluates on {view.evidence.plan.study.split}, not on {split}"
