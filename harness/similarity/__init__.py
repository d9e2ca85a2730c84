"""Domain similarity of two corpora: an intermediate task's training text and a target's text. One measure a module.

A module has `VERSION`, `SYMMETRIC`, `NEEDS` (`text`, `tokens`, `features` or `fisher`: what of a corpus it reads), `HIGHER` (`similar`
or `different`: what a higher number means) and `measure(a, b, seed)`. Measures are never blended into one score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Corpus:
    """What is known of N texts of one language: the texts, their subword ids, one feature vector a text [N, D] from an
    encoder, and the diagonal of a fine-tuned encoder's Fisher information, one example a row [N, P]; none where not made.
    """

    name: str
    language: str
    texts: Sequence[str]
    tokens: Sequence[Sequence[int]] | None = None
    features: Any = None
    fisher: Any = None
