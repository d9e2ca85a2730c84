"""Domain similarity of two corpora: an intermediate task's training text and a target's text. One measure a module.

A module has `VERSION`, `SYMMETRIC`, `NEEDS` (`text`, `tokens`, `features` or `fisher`: what of a corpus it reads), `HIGHER`
(`similar` or `different`: what a higher number means) and `measure(a, b, seed)`. Measures are never blended into one score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Corpus:
    """What is known of N texts of one language; none where it was not made.

    `tokens` holds subword ids, `features` [N, D] one vector a text from an encoder, `fisher` [N, P] the squared gradients of
    a fine-tuned encoder for each example, whose mean is the diagonal of its Fisher information.
    """

    name: str
    language: str
    texts: Sequence[str]
    tokens: Sequence[Sequence[int]] | None = None
    features: Any = None
    fisher: Any = None
