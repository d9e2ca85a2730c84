"""A tiny encoder that nothing changes, rows, and set-ups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from harness import plugin
from harness.encoders import Encoder
from harness.families import Setup

TINY = run_path(str(Path(__file__).parents[1] / "stages" / "tiny.py"))


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return TINY["make_encoder"]()


@pytest.fixture(scope="session")
def words() -> list[str]:
    """Return words that the tokenizer has seen."""
    return [*TINY["EN"], *TINY["LA"]]


@pytest.fixture(scope="session")
def tiny_rows() -> Callable[..., list[dict[str, Any]]]:
    return lambda task, n=12: TINY["TASKS"][task][0]("test", "en", n)


@pytest.fixture(scope="session")
def setup_of() -> Callable[..., Setup]:
    def make(family: str, labels: tuple[str, ...] = (), pooling: str = "mean", **options: Any) -> Setup:
        return Setup(plugin.load("harness.spec.options", family).Options(**options), labels, pooling)

    return make
