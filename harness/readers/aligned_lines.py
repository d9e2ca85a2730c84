"""Several line-aligned files, one a column (e-SNLI: premises, hypotheses, labels)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._fields import Fields, shape
from harness.readers._lines import lines, wrong

VERSION = 1


class Options(Fields):
    """`columns` names the files in order; `strip` takes spaces away at both ends of each line."""

    columns: tuple[str, ...]
    strip: bool = False


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a row for line n of all files, of classification or (with `choices`) multiple choice."""
    if len(paths) != len(options.columns):
        raise wrong(paths[0], None, f"{len(paths)} files for {len(options.columns)} columns")
    columns = [lines(path) for path in paths]
    for path, column in zip(paths, columns, strict=True):
        if len(column) != len(columns[0]):
            raise wrong(path, None, f"{len(column)} lines, but {len(columns[0])} in {paths[0]}")
    for number, cells in enumerate(zip(*columns, strict=True)):
        found = (cell.strip(" ") for cell in cells) if options.strip else cells
        record = dict(zip(options.columns, found, strict=True))
        row = shape(record, options, number=number, language=language, path=paths[0], line=number + 1)
        if row is not None:
            yield row
