"""Near-duplicates of what is to be found, put into the pool as well (Chen et al. 2023, "xSIM++").

A near-duplicate is the target with one content word exchanged for another row's. They change entities, numbers and causes of
English sentences by rule; here a word is exchanged for one that elsewhere follows the same word, in any language. The
families read them from `distractors`, and put them behind all other candidates.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from random import Random

from pydantic import Field

from harness.attacks import Row, Setup
from harness.attacks._constructed import synonym
from harness.attacks._material import CHARACTER, Range, n_units, pick, pool, replace, shape, words
from harness.spec.base import Spec

VERSION = 2
FAMILIES = ("sentence_retrieval", "passage_retrieval")
CONDITION = (
    "The row has a target with a content word for which another row has one of the same shape after the same word. With one "
    "content word exchanged a text no longer says what was asked for (in the constructed languages it is never a synonym), "
    "and it is no target of another row. Rows without a question, which only offer candidates, stay as they are."
)

# A character, or a word in other letters among them.
_CHINESE = re.compile(rf"{CHARACTER.pattern}|[^\W{CHARACTER.pattern[1:-1]}]+")


class Options(Spec):
    """`n`: how many near-duplicates a row brings at full strength."""

    n: int = Field(default=3, ge=1)


class _Material:
    """The targets of all rows, how many of them hold a word, and which content words follow a word."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.targets = dict.fromkeys(text for row in rows if (text := _target(row)) is not None)
        units = {text: list(_units(text)) for text in self.targets}
        self._counts = Counter(w for text in units for w in {text[slice(*at)].casefold() for at in units[text]})
        following: dict[str, dict[str, None]] = defaultdict(dict)
        for text in units:
            for before, at in self.content(text):
                following[before][text[slice(*at)]] = None
        self.following = {before: list(found) for before, found in following.items()}

    def content(self, text: str) -> list[tuple[str, Range]]:
        """Returns the rarer half of a text's words, each with the word before it."""
        units = list(_units(text))
        before = ["", *(text[slice(*at)].casefold() for at in units)]
        order = sorted(range(len(units)), key=lambda i: (self._counts[before[i + 1]], i))
        return [(before[i], units[i]) for i in sorted(order[: (len(order) + 1) // 2])]


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns rows with `distractors`, as many of `n` as the strength says."""
    if not setup.strength:
        return list(rows)
    material = _Material(pool(rows, setup))
    return [_attacked(row, material, setup) for row in rows]


def _target(row: Row) -> str | None:
    """Returns the text that is to be found, none where the row has none."""
    if "target" in row:
        text: str = row["target"]
        return text
    offered = dict(zip(row["names"], row["passages"], strict=True))
    return offered.get(row["accepted"][0]) if row["accepted"] else None


def _units(text: str) -> Iterator[Range]:
    """Yields what is exchanged: words, single Chinese characters and kana; in other scripts without spaces whole phrases."""
    for start, end in words(text):
        if CHARACTER.search(text, start, end):
            yield from (match.span() for match in _CHINESE.finditer(text, start, end))
        else:
            yield start, end


def _attacked(row: Row, material: _Material, setup: Setup) -> Row | None:
    if row.get("question", "") is None:
        return row
    target = _target(row)
    if target is None:
        return None
    taken, made = {target, *row.get("passages", ())}, []
    for number in range(n_units(setup.strength, setup.options.n)):
        text = _near(target, material, setup.rng(row, number), taken, setup.language)
        if text is not None:
            made.append(text)
            taken.add(text)
    return {**row, "distractors": made} if made else None


def _near(target: str, material: _Material, rng: Random, taken: set[str], language: str) -> str | None:
    """Returns the target with one content word exchanged, unlike all that is taken; none if there is none."""
    content = material.content(target)
    for before, at in rng.sample(content, len(content)):
        old = target[slice(*at)]

        def suits(new: str, old: str = old, at: Range = at) -> bool:
            text = replace(target, [(at, new)])
            is_new = text not in taken and text not in material.targets
            return is_new and new.casefold() != old.casefold() and shape(new) == shape(old) and new != synonym(old, language)

        new = pick(rng, material.following.get(before, []), suits)
        if new is not None:
            return replace(target, [(at, new)])
    return None
