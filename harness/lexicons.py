"""A bilingual lexicon out of sentence pairs, by IBM's Model 1 (Brown et al. 1993)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from harness.attacks._texts import Text

VERSION = 1
_EMPTY = ""


def bilingual_lexicon(
    pairs: Sequence[tuple[str, str]], *, min_count: int = 3, threshold: float = 0.5, n_iterations: int = 10
) -> dict[str, str]:
    """Returns the likeliest translation of each lower-case word on the pairs' first side.

    Words that occur less than `min_count` times are left out, and so are those whose best translation has a probability
    below `threshold`. Expectation maximisation from uniform probabilities, so that the same pairs give the same lexicon.
    """
    sentences = [(_words(first), _words(second)) for first, second in pairs]
    counts = Counter(word for first, _ in sentences for word in first)
    # The empty word takes what has no counterpart.
    words, others = [_EMPTY, *sorted(counts)], sorted({word for _, second in sentences for word in second})
    number, other_number = {w: i for i, w in enumerate(words)}, {w: i for i, w in enumerate(others)}
    # A link is a word of one side and a place of the other in the same pair.
    links, places, n_places = [], [], 0
    for first, second in sentences:
        ids = [number[_EMPTY], *(number[w] for w in first)]
        for word in second:
            links += [i * len(others) + other_number[word] for i in ids]
            places += [n_places] * len(ids)
            n_places += 1
    if not links:
        return {}
    types, type_of_link = np.unique(np.array(links), return_inverse=True)
    word_of_type, place_of_link = types // len(others), np.array(places)
    probability = np.ones(len(types))
    for _ in range(n_iterations):
        weight = probability[type_of_link]
        weight /= np.bincount(place_of_link, weight)[place_of_link]
        expected = np.bincount(type_of_link, weight, minlength=len(types))
        probability = expected / np.bincount(word_of_type, expected)[word_of_type]
    lexicon, best = {}, np.zeros(len(words))
    for kind, p in zip(types.tolist(), probability.tolist(), strict=True):
        word = kind // len(others)
        if p > best[word]:
            best[word] = p
            if p >= threshold and counts[words[word]] >= min_count:
                lexicon[words[word]] = others[kind % len(others)]
    return dict(sorted(lexicon.items()))


def _words(text: str) -> list[str]:
    piece = Text(text)
    return [text[start:end].lower() for start, end in piece.words()]
