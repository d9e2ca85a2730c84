"""Parquet with a column of running text, one document a record: rows of masked LM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import wrong
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
    import pyarrow.parquet

    own = options.language or language
    for path in paths:
        table = pyarrow.parquet.read_table(path)
        for column in (options.text, options.id):
            if column not in table.column_names:
                raise wrong(path, 1, f"no column {column!r}", f"there is {', '.join(table.column_names)}")
        for name, text in zip(table[options.id].to_pylist(), table[options.text].to_pylist(), strict=True):
            yield {
                "id": f"{own}-{name}",
                "language": own,
                "text": " ".join(text[: options.max_characters].split()),
                "spans": [],
            }
