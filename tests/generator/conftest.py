"""The files of the benchmark, each generated once a session."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest

from harness import generator

Rows = list[dict[str, Any]]


@functools.cache
def _content(name: str) -> bytes:
    return generator.generate(name)


@functools.cache
def _rows(name: str) -> Rows:
    return [json.loads(line) for line in _content(f"{name}.jsonl").decode("utf-8").splitlines()]


@pytest.fixture(scope="session")
def content() -> Callable[[str], bytes]:
    """Return a function from a file's name to its bytes."""
    return _content


@pytest.fixture(scope="session")
def rows() -> Callable[[str], Rows]:
    """Return a function from a file's name, without its ending, to its rows."""
    return _rows
