"""JSON lines that are rows already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import records, text
from harness.spec.base import Spec

VERSION = 1


class Options(Spec):
    """None."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields the objects of the files as they stand; each has to have an `id`."""
    for path in paths:
        for line, row in records(path):
            text(row, "id", path, line)
            yield row
