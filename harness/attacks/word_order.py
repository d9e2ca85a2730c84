"""Words change places within a window of a sentence.

Sinha et al. (2021), "UnNatural Language Inference": models hardly mind. Here it is done within a few words, and only where
the gold survives.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from random import Random

from pydantic import Field

from harness.attacks import Row, Setup
from harness.attacks._texts import Edit, Text, TextOptions, edit_rows, entities, is_word
from harness.sentences import spans

VERSION = 1
FAMILIES = ("token_classification", "sentence_retrieval", "bitext_mining", "passage_retrieval")
CONDITION = (
    "Tags move with their words and entities stay whole, by construction; that a word keeps its tag and a sentence its "
    "translation in another order is convention. Inference, paraphrase, choice and answers turn on word order and are not "
    "attacked. Not met without two different words in a window, in scripts without spaces (but for given tokens), and where "
    "an entity begins without B-."
)


class Options(TextOptions):
    """`window` is the number of consecutive words that are shuffled among themselves."""

    window: int = Field(default=3, ge=2)


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns the rows with the share `strength` of the windows shuffled, each into an order that is not its own."""
    if setup.family == "token_classification":
        return [_shuffle_tokens(row, setup) for row in rows]
    return edit_rows(rows, setup, partial(_propose, window=setup.options.window))


def _order(draw: Random, items: Sequence[object]) -> list[int] | None:
    """Returns an order in which the items read differently; none if they are all the same."""
    order = list(range(len(items)))
    draw.shuffle(order)
    if [items[i] for i in order] == list(items):
        order = [*order[1:], *order[:1]]
    return order if [items[i] for i in order] != list(items) else None


def _propose(piece: Text, draw: Random, window: int) -> list[Edit]:
    edits = []
    for words in _runs(piece):
        for i in range(0, len(words), window):
            block = words[i : i + window]
            order = _order(draw, [piece.text[start:end] for start, end in block])
            if order:
                gaps = [piece.text[left[1] : right[0]] for left, right in pairwise(block)]
                said = [piece.text[slice(*block[j])] for j in order]
                shuffled = said[0] + "".join(gap + word for gap, word in zip(gaps, said[1:], strict=True))
                edits.append((block[0][0], block[-1][1], shuffled))
    return edits


def _runs(piece: Text) -> list[list[tuple[int, int]]]:
    """Returns the words of each sentence, apart where a kept span parts them."""
    runs: list[list[tuple[int, int]]] = []
    for first, last in spans(piece.text):
        runs.append([])
        for start, end in piece.spaced_words():
            if first <= start and end <= last:
                if runs[-1] and not piece.is_free(runs[-1][-1][0], end):
                    runs.append([])
                runs[-1].append((start, end))
    return runs


def _shuffle_tokens(row: Row, setup: Setup) -> Row | None:
    units = entities(row["tags"])
    if units is None:
        return None
    draw, when = setup.rng(row, "tokens"), setup.rng(row, "tokens", "when")
    pairs = [[(row["tokens"][i], row["tags"][i]) for i in unit] for unit in units]
    places = [i for i, pair in enumerate(pairs) if any(is_word(token) for token, _ in pair)]
    after, n_windows = list(pairs), 0
    for i in range(0, len(places), setup.options.window):
        block = places[i : i + setup.options.window]
        order = _order(draw, [pairs[place] for place in block])
        if order:
            n_windows += 1
            if when.random() < setup.strength:
                for place, j in zip(block, order, strict=True):
                    after[place] = pairs[block[j]]
    words = [pair for unit in after for pair in unit]
    return {**row, "tokens": [token for token, _ in words], "tags": [tag for _, tag in words]} if n_windows else None
