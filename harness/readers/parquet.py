"""Parquet whose columns only need other names: pairs, single texts and multiple choice of a hub's data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._fields import Fields, shape
from harness.readers._lines import value, wrong
from harness.readers._parquet import UNLABELLED, records

VERSION = 1


class Options(Fields):
    """As in `Fields`; a dotted column (`choices.text`) reaches into a struct. Without `fields` columns are the fields."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a row a record, of classification or (with `choices`) multiple choice.

    A record without a label is an error, unless `dropped_labels` names what stands there: the split's labels were
    held back.
    """
    number = 0
    column = str(options.fields.get("label", "label"))
    for path in paths:
        for line, record in records(path):
            label = value(record, column, path, line)
            if label in (None, "", -1, UNLABELLED) and str(label) not in options.dropped_labels:
                hint = "a split whose labels are held back? or name it under dropped_labels"
                raise wrong(path, line, f"no label: {column!r} is {label!r}", hint)
            row = shape(record, options, number=number, language=language, path=path, line=line)
            number += 1
            if row is not None:
                yield row
