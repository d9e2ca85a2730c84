"""Tiny encoders of two model types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from runpy import run_path

import pytest

from harness.encoders import Encoder

TINY = run_path(str(Path(__file__).parents[1] / "stages" / "tiny.py"))


@pytest.fixture(scope="session")
def make_encoder() -> Callable[..., Encoder]:
    return TINY["make_encoder"]


@pytest.fixture(params=["modernbert", "xlm-roberta"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param
