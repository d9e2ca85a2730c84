"""Options of masked language modelling."""

from __future__ import annotations

from pydantic import Field, PositiveInt

from harness.spec.base import Spec


class Options(Spec):
    """`mask_fraction` of the tokens are predicted: 80 % become the mask, 10 % a random piece, 10 % stay.

    In a row with `spans` one of them is masked whole, always by the mask, and of the rest `fraction_beside_span`.
    """

    max_length: PositiveInt = 128
    mask_fraction: float = Field(default=0.15, gt=0, lt=1)
    fraction_beside_span: float = Field(default=0.15, ge=0, lt=1)
