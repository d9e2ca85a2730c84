"""Bitext mining as XTREME's scripts for BUCC 2018 define it: pairs of translations out of two heaps of sentences.

Artetxe and Schwenk 2019 (Margin-based Parallel Corpus Mining): a pair's score is its cosine over the mean cosine of
both sentences' k nearest neighbours (ratio margin). Candidates are each sentence's best pair, from both directions,
taken greedily from the best score down so that no sentence is in two pairs ("max" retrieval).

XTREME's rules for sentences that occur more than once in a file: mining sees each distinct line once; a candidate
with a sentence that, spaces at its ends aside, occurs more than once is dropped afterwards, since it has no one id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.neighbours import Floats, Neighbours, nearest_both_ways, unit

# N foreign sentences, M English ones, k neighbours
K = 4
# Score, foreign id, English id.
Candidate = tuple[float, str, str]


@dataclass(frozen=True)
class Heap:
    """The sentences of one language: ids, texts, and vectors [N, D] of any length."""

    ids: Sequence[str]
    texts: Sequence[str]
    vectors: Floats


def mine(foreign: Heap, english: Heap, k: int = K) -> list[Candidate]:
    """Returns the candidates, the best score first, each id in one of them at most."""
    if not foreign.ids or not english.ids:
        return []
    heaps = (foreign, english)
    places = [_distinct(heap.texts) for heap in heaps]
    x, y = (unit(_taken(heap.vectors, place)) for heap, place in zip(heaps, places, strict=True))
    forward, backward = nearest_both_ways(x, y, k)
    is_single = [_single(heap, place) for heap, place in zip(heaps, places, strict=True)]
    candidates = []
    for score, i, j in _one_to_one(forward, backward):
        if is_single[0][i] and is_single[1][j]:
            candidates.append((score, foreign.ids[places[0][i]], english.ids[places[1][j]]))
    return candidates


def _distinct(texts: Sequence[str]) -> list[int]:
    """Returns where each distinct text stands first, in order."""
    first: dict[str, int] = {}
    for i, text in enumerate(texts):
        first.setdefault(text, i)
    return list(first.values())


def _taken(vectors: Floats, place: Sequence[int]) -> Floats:
    # A copy of all vectors is a third of a gigabyte at 200,000 sentences.
    return vectors if len(place) == len(vectors) else vectors[place]


def _single(heap: Heap, place: Sequence[int]) -> list[bool]:
    counts = Counter(text.strip() for text in heap.texts)
    return [counts[heap.texts[i].strip()] == 1 for i in place]


def _one_to_one(forward: Neighbours, backward: Neighbours) -> list[tuple[float, int, int]]:
    """Returns (score, foreign, English) of pairs taken greedily by score, above 0, none with an end in common."""
    means = [side.scores.mean(1, dtype=np.float64) for side in (forward, backward)]
    best, scores = [], []
    for side, own, others in ((forward, *means), (backward, *means[::-1])):
        margins = _ratio(side.scores, (own[:, None] + others[side.ids]) / 2)
        chosen = margins.argmax(1)
        best.append(np.take_along_axis(side.ids, chosen[:, None], 1)[:, 0])
        scores.append(np.take_along_axis(margins, chosen[:, None], 1)[:, 0])
    first = np.concatenate([np.arange(len(best[0])), best[1]])
    second = np.concatenate([best[0], np.arange(len(best[1]))])
    flat = np.concatenate(scores)
    order = np.argsort(-flat, kind="stable")
    taken: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for score, i, j in zip(flat[order].tolist(), first[order].tolist(), second[order].tolist(), strict=True):
        if score > 0 and i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            pairs.append((score, i, j))
    return pairs


def _ratio(scores_Nk: Floats, means_Nk: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = np.zeros(means_Nk.shape)
    np.divide(scores_Nk, means_Nk, out=ratio, where=np.abs(means_Nk) > 1e-9)
    return ratio


def fit_threshold(candidates: Sequence[Candidate], gold: Set[tuple[str, str]]) -> float:
    """Returns the score from which on candidates are to be taken, so that F1 against the gold pairs is highest.

    It lies midway between two neighbouring scores; the first, that is highest, of equally good ones is taken. 0 if
    no candidate is in the gold.
    """
    threshold, best, n_right = 0.0, 0.0, 0
    for n, (score, foreign, english) in enumerate(candidates, start=1):
        n_right += (foreign, english) in gold
        f1 = 2 * n_right / (n + len(gold))
        if f1 > best:
            # XTREME's script fails where the last candidate is the best place to stop.
            following = candidates[n][0] if n < len(candidates) else score
            threshold, best = (score + following) / 2, f1
    return threshold


def extract(candidates: Sequence[Candidate], threshold: float) -> dict[str, str]:
    """Returns the English id by the foreign one, of all candidates that reach the threshold."""
    return {foreign: english for score, foreign, english in candidates if score >= threshold}
