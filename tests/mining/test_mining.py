"""Mining beside a slow implementation of XTREME's rules, written from their description."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.mining import Heap, extract, fit_threshold, mine

TEXTS = ["a", "b", "c", "d", "e", "f", "g", " a", "b ", "h"]
texts = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=12)


def heap(language: str, sentences: list[str], seed: int) -> Heap:
    """Return sentences with vectors that depend on the text, all in one half of the space."""
    drawn = {t: np.random.default_rng([seed, ord(language[0]), i]).normal(size=5) + 1 for i, t in enumerate(TEXTS)}
    vectors = np.array([drawn[t] for t in sentences], np.float32)
    return Heap([f"{language}-{i}" for i in range(len(sentences))], sentences, vectors)


def slowly(foreign: Heap, english: Heap, k: int) -> list[tuple[float, str, str]]:
    def cosine(a, b) -> float:
        return float(np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b)))

    sides = [dict(zip(h.texts, h.vectors.astype(float), strict=True)) for h in (foreign, english)]
    near = {}
    for own, other in (sides, sides[::-1]):
        for text, vector in own.items():
            found = sorted(other, key=lambda t, v=vector, o=other: -cosine(v, o[t]))[:k]
            near[id(own), text] = (found, sum(cosine(vector, other[t]) for t in found) / len(found))

    def margin(f: str, e: str) -> float:
        mean = (near[id(sides[0]), f][1] + near[id(sides[1]), e][1]) / 2
        return cosine(sides[0][f], sides[1][e]) / mean

    pairs = [(f, max(near[id(sides[0]), f][0], key=lambda e: margin(f, e))) for f in sides[0]]
    pairs += [(max(near[id(sides[1]), e][0], key=lambda f: margin(f, e)), e) for e in sides[1]]
    taken: list[tuple[str, str]] = []
    for f, e in sorted(pairs, key=lambda pair: -margin(*pair)):
        if all(f != other[0] and e != other[1] for other in taken):
            taken.append((f, e))
    found = []
    for f, e in taken:
        ids = [
            [name for name, text in zip(h.ids, h.texts, strict=True) if text.strip() == wanted.strip()]
            for h, wanted in ((foreign, f), (english, e))
        ]
        if len(ids[0]) == len(ids[1]) == 1:
            found.append((margin(f, e), ids[0][0], ids[1][0]))
    return found


@given(texts, texts, st.integers(0, 9), st.integers(1, 5))
def test_pairs_are_those_of_the_slow_way(foreign, english, seed, k) -> None:
    heaps = heap("foreign", foreign, seed), heap("english", english, seed)
    found, wanted = mine(*heaps, k), slowly(*heaps, k)
    assert [pair[1:] for pair in found] == [pair[1:] for pair in wanted]
    assert [pair[0] for pair in found] == pytest.approx([pair[0] for pair in wanted], rel=1e-4)


def test_nothing_is_mined_from_an_empty_heap() -> None:
    full, empty = heap("foreign", ["a", "b"], 1), Heap([], [], np.zeros((0, 5), np.float32))
    assert mine(full, empty) == mine(empty, full) == mine(empty, empty) == []


def test_sentences_without_a_direction_are_not_mined() -> None:
    zeros = Heap(["f-0", "f-1"], ["a", "b"], np.zeros((2, 5), np.float32))
    assert mine(zeros, heap("english", ["c", "d"], 1)) == []


def f1(found: dict[str, str], gold: set[tuple[str, str]]) -> float:
    n_right = len(gold & set(found.items()))
    precision, recall = n_right / max(1, len(found)), n_right / max(1, len(gold))
    return 2 * precision * recall / (precision + recall) if n_right else 0.0


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), unique_by=lambda x: x[0], max_size=9), st.integers(0, 3))
def test_no_threshold_is_better(drawn, n_absent) -> None:
    ordered = sorted(drawn, reverse=True)
    found = [(score / 16, f"f-{i}", f"e-{i}") for i, (score, _) in enumerate(ordered)]
    gold = {(f"f-{i}", f"e-{i}") for i, (_, is_gold) in enumerate(ordered) if is_gold}
    gold |= {(f"absent-{i}", f"e-{i}") for i in range(n_absent)}
    threshold = fit_threshold(found, gold)
    best = max((f1(extract(found, score), gold) for score, _, _ in found), default=0.0)
    assert f1(extract(found, threshold), gold) == pytest.approx(best)


def test_a_threshold_lies_midway_and_is_the_highest_of_equally_good_ones() -> None:
    found = [(1.4, "f-0", "e-0"), (1.2, "f-1", "e-1"), (1.1, "f-2", "e-2"), (1.0, "f-3", "e-3")]
    assert fit_threshold(found, {("f-0", "e-0")}) == pytest.approx(1.3)
    # F1 is 2/3 after the first, and again after the third.
    assert fit_threshold(found, {("f-0", "e-0"), ("f-2", "e-2"), ("f-9", "e-9")}) == pytest.approx(1.05)
    assert fit_threshold(found, {("f-0", "e-0"), ("f-2", "e-2")}) == pytest.approx(1.05)
    assert fit_threshold(found, {("f-3", "e-3")}) == 1.0
    assert fit_threshold(found, {("f-0", "e-9")}) == fit_threshold([], {("f-0", "e-0")}) == 0.0
    assert extract(found, 1.1) == dict(itertools.islice(((f, e) for _, f, e in found), 3))
