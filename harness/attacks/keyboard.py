"""Slips of the finger: a letter becomes one on a key beside it, on the usual keyboard of its script.

Belinkov and Bisk (2018), "Synthetic and Natural Noise Both Break Neural Machine Translation", their `key` noise. Layouts:
xkeyboard-config 2.35 (https://gitlab.freedesktop.org/xkeyboard-config/xkeyboard-config), symbols `us`, `ru`, `gr(bare)`,
`ge`, `ara`, `il` and `in(deva)` (InScript): the three rows of letters, without and with Shift where Shift gives letters.
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
    "By convention: a letter off by one key in a word is still read. Digits and answers are left alone. Not met where no "
    "character is on a key of its script's layout: scripts without one (Chinese, Thai, …), letters with diacritics."
)
# Upper row first, keys from the left; a space is a key without a letter of the script. An upper-case letter lies where its
# lower-case one does.
_LAYERS = (
    ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
    (" ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ"),
    ("ქწერტყუიოპ", "ასდფგჰჯკლ", "ზხცვბნმ"),
    (" ჭ ღთ", " შ    ჟ", "ძ ჩ"),
    ("ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤر ىةوزظ"),
    ("\u064e\u064b\u064f\u064c إ", "\u0650\u064d   أ", " \u0652   آ"),
    ("  קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ"),
    (
        "\u094c\u0948\u093e\u0940\u0942बहगदजड\u093c",
        "\u094b\u0947\u094d\u093f\u0941परकतचट",
        "\u0946\u0902मनवलस  य",
    ),
    ("औऐआईऊभङघधझढञ", "ओएअइउफऱखथछठ", "ऎ\u0901णऩऴळशष"),
)


@cache
def neighbours(character: str) -> str:
    """Returns the characters on the keys beside a character's own, in its case; a mark's are marks, a letter's letters."""
    key = character.lower()
    for rows in _LAYERS:
        for r, row in enumerate(rows):
            if key in row and key != " ":
                i = row.index(key)
                # Each row begins half a key to the right of the one above it.
                places = ((r, i - 1), (r, i + 1), (r - 1, i), (r - 1, i + 1), (r + 1, i - 1), (r + 1, i))
                near = [rows[y][x] for y, x in places if 0 <= y < len(rows) and 0 <= x < len(rows[y])]
                near = [k for k in near if unicodedata.category(k)[0] == unicodedata.category(key)[0]]
                return "".join(k.upper() if character != key else k for k in near)
    return ""


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with the share `strength` of the letters that have neighbours put one key aside."""
    return edit_rows(rows, setup, _propose)


def _propose(piece: Text, draw: Random) -> list[Edit]:
    edits = []
    for start, end in piece.letters():
        near = [neighbours(character) for character in piece.text[start:end]]
        if all(near):  # a mark that is on no key belongs to its letter: é is no e
            i = draw.randrange(len(near))
            edits.append((start + i, start + i + 1, draw.choice(near[i])))
    return edits
