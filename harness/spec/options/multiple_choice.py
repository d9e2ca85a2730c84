"""Options of multiple choice (a prompt and n endings → the index of the right one)."""

from __future__ import annotations

from pydantic import PositiveInt

from harness.spec.base import Spec


class Options(Spec):
    """`max_length` counts tokens of prompt and choice together; the prompt is cut from its start."""

    max_length: PositiveInt = 128
