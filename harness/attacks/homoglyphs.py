"""Letters of another alphabet that look alike: Latin, Cyrillic and Greek.

Boucher et al. (2022), "Bad Characters: Imperceptible NLP Attacks". The table is a part of Unicode's confusables (UTS #39,
https://www.unicode.org/Public/security/latest/confusables.txt): single letters of the three alphabets with one skeleton.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from harness.attacks import Row, Setup
from harness.attacks._texts import FIELDS, Edit, Text, TextOptions, edit_rows

VERSION = 1
Options = TextOptions
FAMILIES = tuple(FIELDS)
CONDITION = (
    "By construction for whoever sees the text: it looks the same, or nearly. Answers are left alone. Not met where no "
    "letter has a double in the table: other scripts than Latin, Cyrillic and Greek."
)
# Each group: Latin, then Cyrillic, then Greek, as far as there are.
_GROUPS = (
    "aаα cс dԁ eе hһ iіι jјϳ oоο pрρ qԛ sѕ uυ vν wԝ xх yуγ AАΑ BВΒ CС EЕΕ HНΗ IІΙ JЈ KКΚ MМΜ NΝ OОΟ PРΡ SЅ TТΤ XХΧ YУΥ ZΖ"
).split()
DOUBLES = {letter: group.replace(letter, "") for group in _GROUPS for letter in group}


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with the share `strength` of the letters that have a double replaced by one."""
    return edit_rows(rows, setup, _propose)


def _propose(piece: Text, draw: Random) -> list[Edit]:
    letters = [(start, piece.text[start]) for start, _ in piece.letters()]
    return [(start, start + 1, draw.choice(DOUBLES[letter])) for start, letter in letters if letter in DOUBLES]
