"""Named entities replaced by others of their type out of other rows (Lin et al. 2021, "RockNER"; there from Wikidata)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.attacks import Row, Setup
from harness.attacks._material import n_units, pick, pool
from harness.spec.base import Spec

VERSION = 1
FAMILIES = ("token_classification",)
CONDITION = (
    "The row has an entity (tags B- and I-), and another row has a different one of its type. The type stays where it was, "
    "over as many words as the new entity has."
)


class Options(Spec):
    """None."""


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns rows with that fraction of their entities replaced, words and tags."""
    if not setup.strength:
        return list(rows)
    entities: dict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
    for row in pool(rows, setup):
        for start, end, kind in _entities(row["tags"]):
            entities[kind][tuple(row["tokens"][start:end])] = None
    known = {kind: list(found) for kind, found in entities.items()}
    return [_attacked(row, known, setup) for row in rows]


def _entities(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Returns first word, one past the last, and type of each entity; an I- that continues nothing begins one."""
    found: list[tuple[int, int, str]] = []
    for i, tag in enumerate(tags):
        prefix, _, kind = tag.partition("-")
        if prefix == "I" and found and found[-1][1:] == (i, kind):
            found[-1] = (found[-1][0], i + 1, kind)
        elif prefix in ("B", "I") and kind:
            found.append((i, i + 1, kind))
    return found


def _attacked(row: Row, known: dict[str, list[tuple[str, ...]]], setup: Setup) -> Row | None:
    swaps = []
    for start, end, kind in _entities(row["tags"]):
        old = tuple(row["tokens"][start:end])
        new = pick(setup.rng(row, start), known.get(kind, []), lambda entity, old=old: entity != old)  # type: ignore[misc]
        if new is not None:
            swaps.append((start, end, kind, new))
    if not swaps:
        return None
    chosen = setup.rng(row).sample(swaps, len(swaps))[: n_units(setup.strength, len(swaps))]
    tokens, tags = list(row["tokens"]), list(row["tags"])
    # From the end, since an entity of another length moves what follows.
    for start, end, kind, new in sorted(chosen, reverse=True):
        tokens[start:end] = new
        tags[start:end] = [tags[start], *[f"I-{kind}"] * (len(new) - 1)]
    return {**row, "tokens": tokens, "tags": tags}
