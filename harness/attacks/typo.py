"""Mistyped words: two neighbouring characters swapped, one left out, one put in, one doubled.

Pruthi, Dhingra and Lipton (2019), "Combating Adversarial Misspellings with Robust Word Recognition", who keep a word's first
and last character; here the first, for it matters most to readers (Rayner et al. 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Literal

from harness.attacks import Row, Setup
from harness.attacks._texts import FIELDS, Edit, Text, TextOptions, edit_rows

VERSION = 1
FAMILIES = tuple(FIELDS)
CONDITION = (
    "By convention: a word with a slip in it is still read, though a slip can make another word. Words with digits and "
    "answers are left alone. Not met where no word has two characters."
)
Kind = Literal["swap", "delete", "insert", "repeat"]


class Options(TextOptions):
    """`kinds` are the slips to draw from; with `keep_first` the first character of a word stays (it is never left out)."""

    kinds: tuple[Kind, ...] = ("swap", "delete", "insert", "repeat")
    keep_first: bool = True


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with a slip at the share `strength` of the places in words; a swap takes two."""
    return edit_rows(rows, setup, partial(_propose, options=setup.options))


def _propose(piece: Text, draw: Random, options: Options) -> list[Edit]:
    edits: list[Edit] = []
    alphabet = [piece.text[start:end] for start, end in piece.letters()]
    for word in piece.words(with_digits=False):
        clusters = piece.clusters(word)
        i = 1 if options.keep_first else 0
        while i < len(clusters):
            (start, end), last = clusters[i], clusters[min(i + 1, len(clusters) - 1)][1]
            own, following = piece.text[start:end], piece.text[end:last]
            can = {"swap": following not in ("", own), "delete": i > 0, "insert": len(clusters) > 1, "repeat": True}
            kinds = [kind for kind in options.kinds if can[kind]]
            if kinds:
                kind = draw.choice(kinds)
                if kind == "swap":
                    edits.append((start, last, following + own))
                    i += 1
                elif kind == "delete":
                    edits.append((start, end, ""))
                else:
                    edits.append((end, end, own if kind == "repeat" else draw.choice(alphabet)))
            i += 1
    return edits
