"""Names in other roles: the same change of names in both texts of a pair.

PAWS (Zhang, Baldridge and He 2019) swaps words within one text and asks people what became of the meaning. Here two names
change places in both texts, or both texts call them by other names. If two texts mean the same (or one follows from the
other) they still do when everybody has changed names in both alike; so no one need be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.attacks import Row, Setup
from harness.attacks._constructed import is_constructed, names
from harness.attacks._material import Range, n_units, pick, pool, replace, words
from harness.sentences import spans
from harness.spec.base import Spec

VERSION = 1
FAMILIES = ("sequence_classification",)
CONDITION = (
    "The row is a pair of texts that have the same names in them, two or more (by `another_row`: one). Names are changed "
    "one to one and in both texts alike, so that the texts still mean the same, or still do not. A name is what is written "
    "with a capital inside sentences and never without; so German, and scripts without capitals, are not attacked."
)
_SIDES = ("text_a", "text_b")
# There all nouns have capitals.
_CAPITAL_NOUNS = ("de", "lb")


class Options(Spec):
    """`by`: what takes a name's place, another name of the pair or one of another row."""

    by: Literal["each_other", "another_row"] = "each_other"


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns rows with that fraction of their names (or of their pairs of names) changed."""
    if not setup.strength:
        return list(rows)
    others = pool(rows, setup)
    parts = _name_words([row[side] for row in (*others, *rows) for side in _SIDES if row.get(side)], setup.language)
    found = {name: None for row in others for side in _SIDES for name in sorted(_names(row.get(side) or "", parts))}
    return [_attacked(row, parts, list(found), setup) for row in rows]


def _name_words(texts: Sequence[str], language: str) -> set[str]:
    """Returns the words that are names, or parts of one, in these texts."""
    if is_constructed(texts, language):
        return set(names(language))
    inside, small = set(), set()
    for text in texts:
        for start, end in spans(text):
            sentence = text[start:end]
            found = [sentence[slice(*at)] for at in words(sentence)]
            small |= {word for word in found if word[:1].islower()}
            inside |= {word for word in found[1:] if word[0].isupper()}
    return {word for word in inside if word.lower() not in small} if language not in _CAPITAL_NOUNS else set()


def _ranges(text: str, parts: set[str]) -> list[Range]:
    """Returns where a text has names; words with capitals and one space between them are one."""
    found: list[Range] = []
    for start, end in words(text):
        if text[start:end] in parts:
            if found and text[found[-1][1] : start] == " " and text[start].isupper():
                start = found.pop()[0]
            found.append((start, end))
    return found


def _names(text: str, parts: set[str]) -> set[str]:
    return {text[slice(*at)] for at in _ranges(text, parts)}


def _attacked(row: Row, parts: set[str], others: Sequence[str], setup: Setup) -> Row | None:
    if row.get("text_b") is None:
        return None
    own = _names(row["text_a"], parts)
    new = _changes(row, sorted(own), others, setup) if own == _names(row["text_b"], parts) else {}
    if not new:
        return None
    return {**row, **{side: _renamed(row[side], parts, new) for side in _SIDES}}


def _renamed(text: str, parts: set[str], new: dict[str, str]) -> str:
    names_at = ((at, text[slice(*at)]) for at in _ranges(text, parts))
    return replace(text, [(at, new[name]) for at, name in names_at if name in new])


def _changes(row: Row, own: list[str], others: Sequence[str], setup: Setup) -> dict[str, str]:
    """Returns the new name of each name that is changed."""
    order = setup.rng(row).sample(own, len(own))
    new: dict[str, str] = {}
    if setup.options.by == "each_other":
        for i in range(0, 2 * n_units(setup.strength, len(own) // 2), 2):
            new |= {order[i]: order[i + 1], order[i + 1]: order[i]}
        return new
    text = f"{row['text_a']} {row['text_b']}"
    for name in order:
        other = pick(setup.rng(row, name), others, lambda other: other not in text and other not in new.values())
        if other is not None:
            new[name] = other
    return {name: new[name] for name in list(new)[: n_units(setup.strength, len(new))]}
