"""Words, and how often each text has what: N texts, V different things that are counted, R resamples."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import chain, count
from typing import Any

import numpy as np

from harness.similarity import Array

# Thai, Lao, Tibetan, Burmese, Khmer, Japanese and Chinese put no spaces between words; Korean does.
_SPACELESS = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_SPACELESS}]|[^\s{_SPACELESS}]+")


def words(text: str) -> list[str]:
    """Returns what stands between spaces, in lower case; in scripts without spaces each character is a word."""
    return _WORD.findall(text.lower())


def counts(a: Sequence[Iterable[Hashable]], b: Sequence[Iterable[Hashable]]) -> tuple[Any, Any]:
    """Returns how often each text of either corpus has each thing, as sparse matrices [N, V] and [M, V]."""
    from scipy.sparse import csr_array

    texts = [list(text) for text in (*a, *b)]
    columns = dict(zip(dict.fromkeys(chain.from_iterable(texts)), count()))
    places = [columns[thing] for text in texts for thing in text]
    rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    shape = (len(texts), max(1, len(columns)))  # of nothing at all, a share is nan
    matrix = csr_array((np.ones(len(places)), (rows, places)), shape=shape)
    return matrix[: len(a)], matrix[len(a) :]


def totals(weights: Array, matrix: Any) -> Array:
    """Returns how often each thing occurs in each resample [R, V]."""
    found: Array = (matrix.T @ weights.T).T
    return found


def shares(weights: Array, matrix: Any) -> Array:
    """Returns what share of a resample each thing is [R, V]; nan in a resample without any."""
    found = totals(weights, matrix)
    with np.errstate(invalid="ignore"):
        part: Array = found / found.sum(1, keepdims=True)
    return part
