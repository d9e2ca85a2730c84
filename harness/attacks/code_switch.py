"""Words of another language: each replaced by its likeliest translation.

Qin et al. (2020), "CoSDA-ML: Multi-Lingual Code-Switching Data Augmentation for Zero-Shot Cross-Lingual NLP", who train on
such texts. The lexicon is the study's own (`Setup.lexicon`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from random import Random

from harness.attacks import Row, Setup
from harness.attacks._texts import FIELDS, Edit, Text, TextOptions, edit_rows

VERSION = 1
LEXICON = True
Options = TextOptions
FAMILIES = tuple(FIELDS)
CONDITION = (
    "By convention, as far as the lexicon is right: for a reader of both languages a word says what its translation says. "
    "Tags stay, answers are left alone. Not met where no word is in the lexicon with another form."
)


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with the share `strength` of the words that the lexicon has in the other language."""
    return edit_rows(rows, setup, partial(_propose, lexicon=setup.lexicon))


def _propose(piece: Text, draw: Random, lexicon: Mapping[str, str]) -> list[Edit]:
    edits = []
    for start, end in piece.words():
        word = piece.text[start:end]
        new = lexicon.get(word.lower(), word)
        if new != word.lower() and new != word:
            edits.append((start, end, new[0].title() + new[1:] if word[0].isupper() else new))
    return edits
