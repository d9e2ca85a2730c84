"""Which column becomes which field of a row: for tables of any kind whose mapping is only a renaming."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from harness.readers._lines import value, wrong
from harness.spec.base import Spec

FieldName = Literal["id", "text_a", "text_b", "prompt", "choices", "label"]


class Ids(Spec):
    """How rows without an id of their own are called: `<language>-<prefix><running number>`, from 0.

    `parallel` leaves the language out, so that translations of one item share its id.
    """

    id_prefix: str = ""
    parallel: bool = False

    def name(self, own: str | int, language: str) -> str:
        """Returns the id of a row that is called `own` in its file."""
        return f"{self.id_prefix}{own}" if self.parallel else f"{language}-{self.id_prefix}{own}"


class Fields(Ids):
    """Row field → column or columns: those of `prompt` are joined by a space, `choices` are a list.

    `labels` translates labels and then has to know each of them; rows whose label (as the file spells it) is
    in `dropped_labels` are left out. In a row with choices the label, so translated, is an index from 0.
    """

    fields: dict[FieldName, str | tuple[str, ...]] = Field(default={})
    labels: dict[str, str] = Field(default={})
    dropped_labels: tuple[str, ...] = ()


def shape(
    record: dict[str, Any], options: Fields, *, number: int, language: str, path: Path, line: int
) -> dict[str, Any] | None:
    """Returns a record's row, or None where its label is one to drop. `number` is its place in the files."""
    columns: dict[str, str | tuple[str, ...]] = {key: key for key in record}
    if options.fields:
        columns = {str(field): column for field, column in options.fields.items()}
    found = {field: _take(record, column, path, line) for field, column in columns.items()}
    if "label" not in found:
        raise wrong(path, line, "no column for 'label'", "name it under fields")
    label = str(found["label"])
    if label in options.dropped_labels:
        return None
    if options.labels:
        if label not in options.labels:
            raise wrong(path, line, f"unknown label {label!r}", f"labels knows {', '.join(options.labels)}")
        label = options.labels[label]
    name = options.name(str(found.get("id", number)), language)
    if "choices" in found:
        choices, prompt = _strings(found["choices"], path, line), _strings(found.get("prompt"), path, line)
        if not label.isdecimal() or int(label) >= len(choices):
            raise wrong(path, line, f"label {label!r} is no index of {len(choices)} choices", "translate it by labels")
        return {"id": name, "prompt": " ".join(prompt), "choices": choices, "label": int(label)}
    first = _strings(found.get("text_a"), path, line)
    second = _strings(found["text_b"], path, line) if "text_b" in found else None
    return {"id": name, "text_a": " ".join(first), "text_b": second and " ".join(second), "label": label}


def _take(record: dict[str, Any], column: str | tuple[str, ...], path: Path, line: int) -> Any:
    if isinstance(column, tuple):
        return [value(record, one, path, line) for one in column]
    return value(record, column, path, line)


def _strings(found: Any, path: Path, line: int) -> list[str]:
    many = found if isinstance(found, list) else [found]
    for one in many:
        if not isinstance(one, str):
            raise wrong(path, line, f"{one!r} is not a string", "see fields")
    return many
