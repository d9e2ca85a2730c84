"""Tables: tab-separated (or comma-separated), with a header or without, quoted or not."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from harness.readers._fields import Fields, shape
from harness.readers._lines import lines, read_text, wrong

VERSION = 1
DELIMITERS = {"tab": "\t", "comma": ","}


class Options(Fields):
    """`columns` names the columns of a file without a header; `fields` says which of them make the row.

    `quoting: none` splits at each delimiter and keeps quotation marks as text; `csv` undoes what a CSV writer
    does. Both kinds are published side by side, and reading one as the other spoils the text unnoticed.
    """

    header: bool = False
    columns: tuple[str, ...] = ()
    delimiter: Literal["tab", "comma"] = "tab"
    quoting: Literal["none", "csv"] = "none"
    crlf: bool = False

    @model_validator(mode="after")
    def _columns_known(self) -> Self:
        if self.header == bool(self.columns):
            raise ValueError("columns: name them if and only if the file has no header")
        if self.header and not self.fields:
            raise ValueError("fields: say which columns of the header make the row")
        return self


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a row a record, of classification or (with `choices`) multiple choice."""
    number = 0
    for path in paths:
        names = options.columns
        for line, cells in _records(path, options):
            if not names:
                names = tuple(cells)
                _check_header(names, options, path)
                continue
            if len(cells) != len(names):
                hint = f"columns: {', '.join(names)}; quoting: {options.quoting}"
                raise wrong(path, line, f"{len(cells)} columns instead of {len(names)}", hint)
            record = dict(zip(names, cells, strict=True))
            row = shape(record, options, number=number, language=language, path=path, line=line)
            number += 1
            if row is not None:
                yield row


def _records(path: Path, options: Options) -> Iterator[tuple[int, list[str]]]:
    """Yields number of the (last) line and cells of each record."""
    delimiter = DELIMITERS[options.delimiter]
    if options.quoting == "none":
        for number, line in enumerate(lines(path, crlf=options.crlf), start=1):
            yield number, line.split(delimiter)
        return
    # The CSV reader needs the line ends, since a quoted cell may hold them; it knows LF and CR LF itself.
    found = (line + "\n" for line in read_text(path).removesuffix("\n").split("\n"))
    reader = csv.reader(found, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise wrong(path, reader.line_num, f"not quoted as CSV: {error}", "set quoting: none?") from None


def _check_header(names: tuple[str, ...], options: Options, path: Path) -> None:
    if len(set(names)) != len(names):
        raise wrong(path, 1, "a column name stands in the header twice")
    for columns in options.fields.values():
        for column in (columns,) if isinstance(columns, str) else columns:
            if column not in names:
                raise wrong(path, 1, f"no column {column!r}", f"the header has {', '.join(names)}")
