"""Loss of diacritics, as in hurried typing: é becomes e; the vowel points of Arabic and Hebrew go.

Náplava, Straka and Straková (2021), "Diacritics Restoration using BERT with Analysis on Czech language", restore what this
takes. By Unicode's canonical decomposition, so that letters without one (ø, đ, ł) stay.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from random import Random

from harness.attacks import Row, Setup
from harness.attacks._texts import FIELDS, Edit, Text, TextOptions, edit_rows

VERSION = 1
Options = TextOptions
FAMILIES = tuple(FIELDS)
CONDITION = (
    "By convention: texts without diacritics are read in all these languages, though some words become alike. Marks that "
    "spell vowels or other consonants (Indic, Thai, kana) stay. Not met where there is no diacritic."
)
# A letter of its own, which nobody writes without its mark.
_KEPT = "йЙ"


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with the share `strength` of the characters that have diacritics stripped of them."""
    return edit_rows(rows, setup, _propose)


def _propose(piece: Text, draw: Random) -> list[Edit]:
    clusters = [(start, end, piece.text[start:end]) for word in piece.words() for start, end in piece.clusters(word)]
    return [(start, end, _bare(own)) for start, end, own in clusters if _bare(own) != own]


@cache
def _bare(cluster: str) -> str:
    composed = unicodedata.normalize("NFC", cluster)
    parts = unicodedata.normalize("NFD", cluster)
    bare = "".join(c for c in parts if not _is_diacritic(c))
    return cluster if bare == parts or composed in _KEPT else unicodedata.normalize("NFC", bare)


def _is_diacritic(mark: str) -> bool:
    """Says so by the canonical combining class: 10 to 35 are Hebrew and Arabic points, from 200 on it is a place."""
    return 10 <= unicodedata.combining(mark) <= 35 or 200 <= unicodedata.combining(mark) <= 240
