"""Options of sentence retrieval (for each English sentence the nearest sentence of the other language).

Layer and pooling belong to the encoder (`specs/models/`), since they mean nothing without it.
"""

from __future__ import annotations

from pydantic import PositiveInt

from harness.spec.base import Spec

TRAINED = False


class Options(Spec):
    """`max_length` counts tokens of one sentence, special tokens included."""

    max_length: PositiveInt = 512
