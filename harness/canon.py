"""Canonical JSON and content addresses. Knows nothing of machine learning."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

Address = str


def dumps(value: Any) -> str:
    """Returns `value` as canonical JSON: sorted keys, no spaces, shortest float repr, NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def pretty(value: Any) -> str:
    """Returns `value` as JSON for people and programs: indented, in the order it has, ending in a newline; NaN refused."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def number(value: float) -> float | None:
    """Returns a number to four decimals, the same on every machine; none for nan and infinities."""
    return round(float(value), 4) + 0.0 if math.isfinite(value) else None


def address(value: Any) -> Address:
    """Returns the sha256 (64 hex digits) of the canonical JSON of `value`."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()


def digest(data: bytes) -> Address:
    """Returns the sha256 (64 hex digits) of `data`."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> Address:
    """Returns the sha256 (64 hex digits) of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
