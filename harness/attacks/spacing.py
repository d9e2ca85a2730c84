"""Spaces missing and doubled, or put between the characters of a script that has none; punctuation dropped and doubled.

Ribeiro et al. (2020), "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList": its tests of invariance include
punctuation and slips.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import Literal

from harness.attacks import Row, Setup
from harness.attacks._texts import FIELDS, Edit, Text, TextOptions, edit_rows

VERSION = 1
# Where tokens are given, there is no space between them, and punctuation is a token with a tag.
FAMILIES = tuple(family for family in FIELDS if family != "token_classification")
CONDITION = (
    "By convention: spacing and punctuation guide the eye and hardly ever carry the sense. Marks in words and numbers, "
    "spaces between two numbers and answers are left alone. Not met where there is nothing of the kind."
)
_BETWEEN = re.compile("(?<=[^S])S(?=[^S])")


class Options(TextOptions):
    """`kinds` are what is attacked."""

    kinds: tuple[Literal["space", "punctuation"], ...] = ("space",)


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with the share `strength` of spaces (of places for one) and marks changed."""
    return edit_rows(rows, setup, partial(_propose, kinds=setup.options.kinds))


def _propose(piece: Text, draw: Random, kinds: Sequence[str]) -> list[Edit]:
    edits = [*(_spaces(piece, draw) if "space" in kinds else ()), *(_marks(piece, draw) if "punctuation" in kinds else ())]
    return sorted(edits)


def _spaces(piece: Text, draw: Random) -> Iterator[Edit]:
    for match in _BETWEEN.finditer(piece.kinds):
        start, end = match.span()
        is_missing = draw.random() < 0.5 and piece.kinds[start - 1] + piece.kinds[end] != "DD"
        yield start, end, "" if is_missing else 2 * piece.text[start]
    for word in piece.words():
        if piece.kinds[word[0]] == "U":
            yield from ((place, place, " ") for place, _ in piece.clusters(word)[1:])


def _marks(piece: Text, draw: Random) -> Iterator[Edit]:
    inside = {i for start, end in piece.words() for i in range(start, end)}
    for i, kind in enumerate(piece.kinds):
        is_sign = piece.kinds[i + 1 : i + 2] == "D"
        if kind in "PJC" and i not in inside and not is_sign:
            yield i, i + 1, "" if draw.random() < 0.5 else 2 * piece.text[i]
