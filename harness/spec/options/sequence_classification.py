"""Options of sequence classification (one text or a pair → one label)."""

from __future__ import annotations

from pydantic import PositiveInt

from harness.spec.base import Spec


class Options(Spec):
    """`max_length` counts tokens of the whole input, special tokens included; the longer text is cut first."""

    max_length: PositiveInt = 128
