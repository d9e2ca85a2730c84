"""Records of a Parquet file, such as `harness.sources.dataset` writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.readers._lines import wrong

MAGIC = b"PAR1"
# How `harness.sources.dataset` writes a label that is not there.
UNLABELLED = "-1"


def is_parquet(path: Path) -> bool:
    """Tells whether a file begins as a Parquet file does."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields number (counted from 1) and columns of each row. Raises SpecError for anything but a sound Parquet file."""
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as opened:
            for batch in opened.iter_batches():
                for record in batch.to_pylist():
                    number += 1
                    yield number, record
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise wrong(path, number or None, f"not a sound Parquet file: {reason}") from None
