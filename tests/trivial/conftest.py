"""Rows of the embedded benchmark, each file generated once a session."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest

from harness import generator


@functools.cache
def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in generator.generate(f"{name}.jsonl").decode("utf-8").splitlines()]


@pytest.fixture(scope="session")
def rows() -> Callable[[str], list[dict[str, Any]]]:
    """Return a function from a file's name, without its ending, to its rows."""
    return _rows
