"""Tiny encoders and rows."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tiny() -> dict[str, Any]:
    return run_path(str(Path(__file__).parents[1] / "stages" / "tiny.py"))
