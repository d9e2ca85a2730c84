"""JSON lines whose keys only need other names; a dotted key reaches into an object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._fields import Fields, shape
from harness.readers._lines import records

VERSION = 1


class Options(Fields):
    """As in `Fields`, with keys as columns; without `fields` the keys are the fields."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a row a line, of classification or (with `choices`) multiple choice."""
    number = 0
    for path in paths:
        for line, record in records(path):
            row = shape(record, options, number=number, language=language, path=path, line=line)
            number += 1
            if row is not None:
                yield row
