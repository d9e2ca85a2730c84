"""Words replaced by ones that nobody knows, with their endings kept (Kasai and Frank 2019, "Jabberwocky parsing").

What is left to a tagger is what stands around a word and how it ends. The new stem has the old one's letters in another
order, so that it looks like a word of the language in any script.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from random import Random

from harness.attacks import Row, Setup
from harness.attacks._material import n_units, pool
from harness.spec.base import Spec

VERSION = 1
FAMILIES = ("token_classification",)
CONDITION = (
    "The row has a word of four letters or more that is a noun, name, verb, adjective or adverb wherever it stands in the "
    "row, and its stem has an order of letters that no row has. The word class is read off the sentence and the ending."
)
_OPEN = {"NOUN", "PROPN", "VERB", "ADJ", "ADV"}
_SHORTEST, _LONG, _TRIES = 4, 6, 20


class Options(Spec):
    """None."""


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns rows with that fraction of their words of an open class replaced."""
    if not setup.strength:
        return list(rows)
    seen = {token.casefold() for row in (*pool(rows, setup), *rows) for token in row["tokens"]}
    return [_attacked(row, seen, setup) for row in rows]


def _attacked(row: Row, seen: set[str], setup: Setup) -> Row | None:
    pairs = list(zip(row["tokens"], row["tags"], strict=True))
    closed = {token for token, tag in pairs if tag not in _OPEN}
    open_ = [token for token in dict.fromkeys(row["tokens"]) if token not in closed]
    new = {token: _scramble(token, setup.rng(row, token), seen) for token in open_}
    known = [token for token in open_ if new[token] is not None]
    if not known:
        return None
    chosen = set(setup.rng(row).sample(known, len(known))[: n_units(setup.strength, len(known))])
    return {**row, "tokens": [new[token] if token in chosen else token for token in row["tokens"]]}


def _scramble(word: str, rng: Random, seen: set[str]) -> str | None:
    """Returns a word with its stem's letters in an order that was not seen; none if it is short or has none."""
    letters = _letters(word)
    if len(letters) < _SHORTEST:
        return None
    n_kept = 2 if len(letters) >= _LONG else 1
    stem, ending = letters[:-n_kept], letters[-n_kept:]
    for _ in range(_TRIES):
        rng.shuffle(stem)
        new = "".join([*stem, *ending])
        if word[0].isupper() and word[1:].islower():
            new = new[0].upper() + new[1:].lower()
        if new.casefold() not in seen:
            return new
    return None


def _letters(word: str) -> list[str]:
    """Returns the letters of a word, each with the marks that belong to it; none if it has other characters."""
    kinds = "".join(unicodedata.category(character)[0] for character in word)
    return [word[slice(*match.span())] for match in re.finditer("LM*", kinds)] if re.fullmatch("(LM*)+", kinds) else []
