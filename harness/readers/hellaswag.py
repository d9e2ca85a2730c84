"""HellaSwag, as JSON lines or as Parquet: an unfinished description and four endings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers import _parquet
from harness.readers._lines import records, text, value, wrong
from harness.spec.base import Spec

VERSION = 1


class Options(Spec):
    """None."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a multiple_choice row a record, as jiant builds it: prompt ctx_a, choices ctx_b with each ending.

    WikiHow rows have an empty ctx_b: there the ending alone is the choice. The label may be a number or a
    string.
    """
    for path in paths:
        for line, record in _parquet.records(path) if _parquet.is_parquet(path) else records(path):
            start = text(record, "ctx_b", path, line)
            endings = value(record, "endings", path, line)
            label = str(value(record, "label", path, line))
            if not label.isdecimal() or int(label) >= len(endings):
                raise wrong(path, line, f"label {label!r} is no index of {len(endings)} endings", "a test file?")
            yield {
                "id": str(value(record, "ind", path, line)),
                "prompt": text(record, "ctx_a", path, line),
                "choices": [f"{start} {ending}" if start else ending for ending in endings],
                "label": int(label),
            }
