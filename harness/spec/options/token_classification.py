"""Options of token classification (one label a word; the word's first piece carries it)."""

from __future__ import annotations

from pydantic import PositiveInt

from harness.spec.base import Spec


class Options(Spec):
    """Sentences over `max_length` tokens are cut into several windows, so that every word gets a label."""

    max_length: PositiveInt = 128
