"""Options of passage retrieval (a question → the sentences that answer it, out of those of all languages)."""

from __future__ import annotations

from pydantic import PositiveFloat, PositiveInt

from harness.spec.base import Spec

POOLED = True


class Options(Spec):
    """`max_query_length` and `max_length` count tokens of a question and of a candidate with its paragraph.

    A cosine times `scale` is a logit. The defaults are those of XTREME-R's scripts for LAReQA.
    """

    max_query_length: PositiveInt = 96
    max_length: PositiveInt = 256
    scale: PositiveFloat = 100.0
