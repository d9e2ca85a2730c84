"""A comparison for a terminal: the rows, how their numbers are to be read, and what the two sides differ in."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tabulate import tabulate

from harness.canon import dumps
from harness.compare import Comparison, Row
from harness.differences import Difference
from harness.report import wording

WIDTH = 100


def page(found: Comparison) -> str:
    """Returns a comparison as text, no line wider than `WIDTH`."""
    return "\n".join(_lines(found))


def _lines(found: Comparison) -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in found.rows:
        groups.setdefault((row.a, row.b, row.encoder), []).append(row)
    headers = ["target", "lang", "A", "B", "A − B", "95 %\ninterval", "p\nseeds", "p\nex.", "p\nadj.", "seeds\n× n"]
    for (a, b, encoder), rows in groups.items():
        yield from (f"A: {a}", f"B: {b}", *([f"encoder: {encoder}"] if encoder else []), "")
        yield from (_table([_cells(row) for row in rows], headers), "")
        for text, own in _grouped(rows).items():
            yield from _wrapped(f"{', '.join(own)}: {text}")
    for note in (*found.notes, *_method(found)):
        yield from _wrapped(note)
    yield ""
    yield from _differs(found.differs, len({row.target for row in found.rows}))


def _cells(row: Row) -> list[str]:
    numbers = [wording.score(row.score_a), wording.score(row.score_b), wording.points(row.difference)]
    numbers.append(wording.between(row.interval, signed=True) or wording.MISSING)
    numbers += [wording.probability(p) for p in (row.p, row.p_examples, row.p_adjusted)]
    size = f"{row.n_seeds} × {wording.thousands(row.n_examples)}" if row.n_examples else wording.MISSING
    return [_short(row.target, 16), row.language, *numbers, size]


def _grouped(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Returns what is to be said of rows, and the targets, or languages of a target, that it is said of."""
    said: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        said.setdefault(_said(row), {}).setdefault(row.target, []).append(row.language)
    n_rows = Counter(row.target for row in rows)
    return {
        text: [t if len(own) == n_rows[t] else f"{t} {' '.join(own)}" for t, own in targets.items()]
        for text, targets in said.items()
        if text
    }


def _said(row: Row) -> str:
    """Returns what a row's numbers do not tell."""
    state = {"same": "the same result on both sides", "not_comparable": "not comparable"}.get(row.state, "")
    return ": ".join(filter(None, (state, row.note)))


def _method(found: Comparison) -> Iterator[str]:
    """Yields how the numbers are to be read."""
    asked = [row for row in found.rows if row.state == "compared"]
    decisive = {row.decides for row in asked}
    if "seeds" in decisive:
        yield (
            "p seeds counts the luck of examples and of seeds, as the interval does: it speaks of the recipes, decides, "
            "and is the one adjusted. p ex. is a paired permutation over examples: it speaks of the trained models."
        )
    if "examples" in decisive:
        yield (
            "Where there is one model a side, p ex., a paired permutation over examples, decides and is adjusted. It and "
            "the interval speak of these two models, not of the recipes: another seed may say otherwise."
        )
    if asked:
        yield f"p adj.: Holm over the {len(asked)} rows that compare two different results. Two-sided."
    else:
        yield "No row compares two different results; of one study, name two arms by --arm and --over."


def _differs(differs: Sequence[Difference], n_targets: int) -> Iterator[str]:
    """Yields a table of what is not the same, a line a field."""
    if not differs:
        yield "Nothing differs: signatures, settings, code and environment are the same."
        return
    fields: dict[tuple[str, str], list[Difference]] = {}
    for one in differs:
        fields.setdefault((one.where, one.field), []).append(one)
    rows = []
    for (where, field), own in fields.items():
        targets = list(dict.fromkeys(target for one in own for target in one.targets))
        on = "all targets" if len(targets) == n_targets else ", ".join(targets)
        rows.append([where, _short(field, 30), _values([d.a for d in own]), _values([d.b for d in own]), _short(on, 15)])
    yield from ("What differs:", "", _table(rows, ["where", "field", "A", "B", "on"]))


def _values(values: Sequence[Any]) -> str:
    """Returns the values of one side, digests shortened: the first and how many more."""
    shown = list(dict.fromkeys("–" if value is None else _short(_plain(value), 14) for value in values))
    return shown[0] if len(shown) == 1 else f"{_short(shown[0], 9)}, {len(shown) - 1} more"


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else dumps(value)
    return re.sub(r"\b([0-9a-f]{8})[0-9a-f]{24,}\b", r"\1", text)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _table(rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> str:
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
