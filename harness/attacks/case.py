"""Words in the wrong case: all capitals, all small, or each letter turned over.

Among the changes that Michel and Neubig (2018), "MTNT: A Testbed for Machine Translation of Noisy Text", find in the wild.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Literal

from harness.attacks import Row, Setup
from harness.attacks._texts import FIELDS, Edit, Text, TextOptions, edit_rows

VERSION = 1
FAMILIES = tuple(FIELDS)
CONDITION = (
    "By convention: a word says the same in another case, but for a few (Polish, polish). Answers are left alone. Not met "
    "where no word changes: scripts without case, Georgian among them, or texts that are in that case already."
)
_CHANGES: dict[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower, "swap": str.swapcase}
# Dotted and dotless i are two letters here.
_TURKIC = {"tr", "az"}
_DOTS = {"upper": str.maketrans("i", "İ"), "lower": str.maketrans("Iİ", "ıi"), "swap": str.maketrans("iIİ", "İıi")}


class Options(TextOptions):
    """`to` is the case that words are put into."""

    to: Literal["upper", "lower", "swap"] = "upper"


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with the share `strength` of the words that another case changes put into it."""
    to, is_turkic = setup.options.to, setup.language in _TURKIC
    return edit_rows(rows, setup, partial(_propose, to=to, is_turkic=is_turkic))


def _propose(piece: Text, draw: Random, to: str, *, is_turkic: bool) -> list[Edit]:
    words = [(start, end, piece.text[start:end]) for start, end in piece.words()]
    changed = [(start, end, _changed(word, to, is_turkic=is_turkic)) for start, end, word in words if _has_case(word)]
    return [edit for edit in changed if edit[2] != piece.text[edit[0] : edit[1]]]


def _changed(word: str, to: str, *, is_turkic: bool) -> str:
    if not is_turkic:
        return _CHANGES[to](word)
    return "".join(dotted if (dotted := c.translate(_DOTS[to])) != c else _CHANGES[to](c) for c in word)


def _has_case(word: str) -> bool:
    """Says so by titles: Unicode's capitals of Georgian begin no word, and are hardly ever seen."""
    return any(c.title() != c or c.lower() != c for c in word)
