"""Options of bitext mining (which sentences of two heaps translate each other).

Layer and pooling belong to the encoder (`specs/models/`), as in sentence retrieval. The score from which on a pair is
taken is tuned on the validation rows of each language.
"""

from __future__ import annotations

from pydantic import PositiveInt

from harness.spec.base import Spec

TRAINED = False
TUNED = True


class Options(Spec):
    """`max_length` counts tokens of one sentence; a pair's cosine is taken relative to `n_neighbours` of both ends."""

    max_length: PositiveInt = 512
    n_neighbours: PositiveInt = 4
