"""Parquet with a column of running text, one document a record: rows of masked LM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import text, value
from harness.readers._parquet import records
from harness.spec.base import Lang, Spec

VERSION = 1


class Options(Spec):
    """`text` and `id` are the columns; `language` says what language the text is in, where several train as one.

    `max_characters` keeps the beginning of each document: what lies behind the model's length is never read.
    """

    text: str = "text"
    id: str = "id"
    language: Lang | None = None
    max_characters: int = 4000


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a row a document, its white space made single."""
    own = options.language or language
    for path in paths:
        for line, record in records(path):
            yield {
                "id": f"{own}-{value(record, options.id, path, line)}",
                "language": own,
                "text": " ".join(text(record, options.text, path, line)[: options.max_characters].split()),
                "spans": [],
            }
