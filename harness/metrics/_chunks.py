"""Chunks as seqeval reads them by default (the rules of conlleval.pl), over whole arrays.

A tag's first character is its prefix; what its kind is depends on the version. Whether a chunk ends before a
token, or begins with it, depends on the token's tag and the one before alone, so both are looked up in a table
over pairs of tags. Source: seqeval 1.2.2 and 0.0.12, `seqeval/metrics/sequence_labeling.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from harness.metrics._ratio import percent

_OUTSIDE = "O"


def kind_of(tag: str) -> str:
    """Returns a tag's kind in seqeval 1.2.2: what follows its first letter and a first hyphen, `_` when empty."""
    return tag[1:].split("-", maxsplit=1)[-1] or "_"


def kind_of_v0(tag: str) -> str:
    """Returns a tag's kind in seqeval 0.0.12: what follows its last hyphen, the whole tag where it has none."""
    return tag.rsplit("-", maxsplit=1)[-1]


def count_chunks(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], kind: Callable[[str], str] = kind_of
) -> NDArray[np.float64]:
    """Returns [N, 3]: chunks found (tp), invented (fp) and missed (fn) in each sentence.

    A chunk belongs to the sentence in which it ends. A predicted chunk is found if kind, first and last
    token are those of a gold chunk.

    Raises:
        ValueError: numbers of sentences or tokens differ, or a tag is the empty string.
    """
    lengths = np.array([len(tags) for tags in gold], dtype=np.int64)
    if [len(tags) for tags in predicted] != lengths.tolist():
        raise ValueError("gold and predicted tags differ in the number of sentences or of tokens in a sentence")
    vocabulary = sorted({_OUTSIDE, *chain.from_iterable(gold), *chain.from_iterable(predicted)})
    if vocabulary[0] == "":
        raise ValueError("a tag is the empty string")

    # Code 0 is the state before the first token: outside, and of a kind that no tag has.
    code = {tag: i for i, tag in enumerate(vocabulary, start=1)}
    prefixes = np.array([_OUTSIDE] + [tag[0] for tag in vocabulary])
    names = [""] + [kind(tag) for tag in vocabulary]
    kinds = np.unique(names, return_inverse=True)[1]
    ends, begins = _boundaries(prefixes, kinds)

    gold_chunks, predicted_chunks = (
        _chunk_at(_stream(sentences, code), kinds, ends, begins) for sentences in (gold, predicted)
    )
    is_gold, is_predicted = gold_chunks >= 0, predicted_chunks >= 0
    found = is_gold & (gold_chunks == predicted_chunks)
    owner = np.repeat(np.arange(len(lengths)), lengths + 1)
    counts = [
        np.bincount(owner, weights=mask, minlength=len(lengths)) for mask in (found, is_predicted & ~found, is_gold & ~found)
    ]
    return np.stack(counts, axis=-1)


def micro_f1(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns F1 in percent from totals [..., 3] of tp, fp and fn; nan where there was no chunk."""
    totals = np.asarray(totals, np.float64)
    doubled = 2.0 * totals[..., 0]
    return percent(doubled, doubled + totals[..., 1] + totals[..., 2])


def _stream(sentences: Sequence[Sequence[str]], code: dict[str, int]) -> NDArray[np.int64]:
    """Returns all tags as one row of codes: the start state, then each sentence and an O behind it."""
    outside = code[_OUTSIDE]
    codes = chain([0], *([*(code[tag] for tag in tags), outside] for tags in sentences))
    return np.fromiter(codes, dtype=np.int64)


def _boundaries(prefixes: NDArray[np.str_], kinds: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Returns for each pair (tag before, tag) if a chunk ends between the two, and if one begins."""
    before, now = prefixes[:, None], prefixes[None, :]
    changed = kinds[:, None] != kinds[None, :]
    ends = (
        np.isin(before, ["E", "S"])
        | (np.isin(before, ["B", "I"]) & np.isin(now, ["B", "S", "O"]))
        | (~np.isin(before, ["O", "."]) & changed)
    )
    begins = (
        np.isin(now, ["B", "S"])
        | (np.isin(before, ["E", "S", "O"]) & np.isin(now, ["E", "I"]))
        | (~np.isin(now, ["O", "."]) & changed)
    )
    return ends, begins


def _chunk_at(
    stream: NDArray[np.int64],
    kinds: NDArray[np.int64],
    ends: NDArray[np.bool_],
    begins: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Returns for each position a number that names kind and begin of the chunk ending before it.

    -1 where none ends. A chunk begins at the latest position where one began, as in seqeval, even if another
    chunk was closed since: that is how its reading of tags without B- and I- comes about.
    """
    before, now = stream[:-1], stream[1:]
    positions = np.arange(len(now))
    latest = np.maximum.accumulate(np.where(begins[before, now], positions, 0))
    begin = np.concatenate([[0], latest[:-1]]) if len(now) else latest
    return np.where(ends[before, now], kinds[before] * (len(now) + 1) + begin, -1)
