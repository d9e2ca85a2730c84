"""What attacks on the structure of a task take from other rows, and how they tell words apart in any language."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import TypeVar

from harness.attacks import Row, Setup

T = TypeVar("T")
Range = tuple[int, int]
# Kana and Chinese characters: no spaces between words, and one or two of them are a word.
CHARACTER = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


def pool(rows: Sequence[Row], setup: Setup) -> list[Row]:
    """Returns the rows that material is taken from, by id: the order of the attacked rows must not matter."""
    return sorted(setup.others or rows, key=lambda row: str(row["id"]))


def pick(rng: Random, options: Sequence[T], suits: Callable[[T], bool]) -> T | None:
    """Returns the first option that suits from a random place on, going round; none if none does."""
    start = rng.randrange(max(1, len(options)))
    around = (options[(start + i) % len(options)] for i in range(len(options)))
    return next((option for option in around if suits(option)), None)


def n_units(strength: float, n: int) -> int:
    """Returns how many of `n` units a strength reaches: at least one where it is not 0."""
    # 0.1 × 30 is a hair more than 3.
    return math.ceil(round(strength * n, 9))


def words(text: str) -> Iterator[Range]:
    """Yields the range of each word: what stands between spaces, without the punctuation at its ends."""
    start = 0
    for part in text.split():
        start = text.index(part, start)
        kept = [i for i, character in enumerate(part, start) if unicodedata.category(character)[0] in "LMN"]
        if kept:
            yield kept[0], kept[-1] + 1
        start += len(part)


def folded(text: str) -> list[str]:
    """Returns the words of a text, without regard to case."""
    return [text[start:end].casefold() for start, end in words(text)]


def shape(text: str) -> tuple[str, bool]:
    """Returns if a text starts as a number, as a name or as neither, and if it has several words."""
    kind = "number" if text[:1].isdecimal() else "name" if text[:1].isupper() else "word"
    return kind, " " in text.strip()


def replace(text: str, changes: Iterable[tuple[Range, str]]) -> str:
    """Returns a text with other words in the given ranges, which do not overlap."""
    for (start, end), new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text
