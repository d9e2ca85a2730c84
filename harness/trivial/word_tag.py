"""The most frequent tag that the word had in training; the most frequent of all for unseen words."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from harness.trivial.majority_tag import most_frequent

VERSION = 1


def predict(train: list[dict[str, Any]], test: list[dict[str, Any]]) -> list[list[str]]:
    """Return a tag for each token, from the token alone."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in train:
        for token, tag in zip(row["tokens"], row["tags"], strict=True):
            counts[token][tag] += 1
    total: Counter[str] = sum(counts.values(), Counter())
    default = most_frequent(total)
    known = {token: most_frequent(tags) for token, tags in counts.items()}
    return [[known.get(token, default) for token in row["tokens"]] for row in test]
