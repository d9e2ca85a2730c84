"""What two results differ in: the fields of their signatures, the settings of their stages, code and environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.records import JSON, Manifest, fields

# What a manifest tells of how a stage was computed. Its start and its seconds differ always and mean nothing.
_CIRCUMSTANCES = ("code", "environment", "device", "image")
_PHASES = ("pretrain", "intermediate", "finetune")
_READ = ("data", "pool", "candidates", "tuning", "language", "metrics")


@dataclass(frozen=True)
class Difference:
    """A field that is not the same on both sides, `None` where a side has none, and the targets where it is so.

    `where` is `signature`, a kind of stage whose params differ, `code` or `environment`.
    """

    where: str
    field: str
    a: Any
    b: Any
    targets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()

    def to_json(self) -> JSON:
        """Returns the difference as JSON-able data."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in self.__dict__.items()}


def of_signatures(a: str, b: str) -> Iterator[Difference]:
    """Yields the fields in which two signatures differ."""
    for field, own, other in _leaves(fields(a), fields(b), ""):
        yield Difference("signature", field, own, other)


def of_chains(a: dict[str, Manifest], b: dict[str, Manifest]) -> Iterator[Difference]:
    """Yields in what two results differ, whose stages and their ancestors are given by kind.

    What an evaluation reads is left to its signature, which has one digest for all of it.
    """
    for kind in (*_PHASES, "evaluate"):
        own, other = a.get(kind), b.get(kind)
        if own is None or other is None:
            if own is not other:
                yield Difference(kind, "trained on", _trained_on(own), _trained_on(other))
            continue
        if own == other:
            continue
        for field, x, y in _leaves(*_settings(own.stage.params, other.stage.params), ""):
            yield Difference(kind, field, x, y)
        for name in _CIRCUMSTANCES:
            for field, x, y in _leaves(getattr(own, name), getattr(other, name), "" if name == "environment" else name):
                yield Difference("code" if name == "code" else "environment", field, x, y)


def merged(found: Iterable[Difference]) -> list[Difference]:
    """Returns each difference once, with all targets, languages and arms where it is so; in the order of the phases."""
    by_value: dict[tuple[str, str, str, str], list[Difference]] = {}
    for one in found:
        by_value.setdefault((one.where, one.field, repr(one.a), repr(one.b)), []).append(one)
    order = ("signature", *_PHASES, "evaluate", "code", "environment")
    rows = [
        Difference(
            own[0].where,
            own[0].field,
            own[0].a,
            own[0].b,
            *(tuple(dict.fromkeys(x for d in own for x in getattr(d, name))) for name in ("targets", "languages", "arms")),
        )
        for own in by_value.values()
    ]
    return sorted(rows, key=lambda d: order.index(d.where))


def _trained_on(manifest: Manifest | None) -> str | None:
    """Returns the tasks of a stage that only one side has: all its settings would be differences."""
    if manifest is None:
        return None
    params = manifest.stage.params
    tasks = [entry["task"] for entry in params.get("tasks", ())] or [params["task"]]
    return ", ".join([task["name"] for task in tasks] + (["masked text"] if params.get("mlm") else []))


def _settings(a: JSON, b: JSON) -> tuple[JSON, JSON]:
    """Returns the params of two stages of a kind as they are to be compared, those left out that are told elsewhere.

    Tasks of intermediate training go by name, so that one more does not shift the others, or bring all its own settings.
    """
    if "language" in a:
        left, right = ({key: value for key, value in own.items() if key not in _READ} for own in (a, b))
        return left, right
    if "tasks" not in a:
        return a, b
    tasks = [{entry["task"]["name"]: entry for entry in own["tasks"]} for own in (a, b)]
    both = tasks[0].keys() & tasks[1].keys()
    left, right = (
        {**own, "tasks": ", ".join(named), **{f"tasks.{name}": named[name] for name in named if name in both}}
        for own, named in zip((a, b), tasks, strict=True)
    )
    return left, right


def _leaves(a: Any, b: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yields the dotted paths where two values differ, as deep as both have something there."""
    if type(a) is type(b) and a == b:
        return
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys((*a, *b)):
            yield from _leaves(a.get(key), b.get(key), f"{path}.{key}" if path else key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (own, other) in enumerate(zip(a, b, strict=True)):
            yield from _leaves(own, other, f"{path}.{i}")
    else:
        yield path or "all", a, b
