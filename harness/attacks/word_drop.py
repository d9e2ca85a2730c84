"""Words left out.

Iyyer et al. (2015), "Deep Unordered Composition Rivals Syntactic Methods for Text Classification", drop words in training;
Gal and Ghahramani (2016) whole word types. Here it is done to the test, and only where the gold survives.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from harness.attacks import Row, Setup
from harness.attacks._texts import Edit, Text, TextOptions, edit_rows, entities, is_word

VERSION = 1
Options = TextOptions
FAMILIES = ("token_classification", "sentence_retrieval", "bitext_mining", "passage_retrieval")
CONDITION = (
    "The words that stay keep their tags and no entity is dropped, by construction; that a sentence with fewer words is "
    "nearest to the same one is convention. Where a dropped `not` would change the gold (inference, paraphrase, choice, "
    "answers) nothing is attacked. Not met without two words that may go: one always stays."
)


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with the share `strength` of the words left out, of all but one that is drawn to stay."""
    if setup.family == "token_classification":
        return [_drop_tokens(row, setup) for row in rows]
    return edit_rows(rows, setup, _propose)


def _propose(piece: Text, draw: Random) -> list[Edit]:
    words = piece.spaced_words()
    stays = draw.randrange(len(words)) if words else None
    return [(start, _next(piece, end), "") for i, (start, end) in enumerate(words) if i != stays]


def _next(piece: Text, end: int) -> int:
    """Returns where the spaces after a word end."""
    return end + len(piece.kinds[end:]) - len(piece.kinds[end:].lstrip("S"))


def _drop_tokens(row: Row, setup: Setup) -> Row | None:
    units = entities(row["tags"])
    may_go = [unit[0] for unit in units or () if row["tags"][unit[0]][:2] != "B-" and is_word(row["tokens"][unit[0]])]
    if len(may_go) < 2:
        return None
    may_go.pop(setup.rng(row, "tokens").randrange(len(may_go)))
    when = setup.rng(row, "tokens", "when")
    dropped = {i for i in may_go if when.random() < setup.strength}
    return {**row, **{field: [x for i, x in enumerate(row[field]) if i not in dropped] for field in ("tokens", "tags")}}
