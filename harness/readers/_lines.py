"""Lines and records of a file, and the error that names where one is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import Problem, SpecError


def wrong(path: Path, line: int | None, message: str, hint: str = "") -> SpecError:
    """Returns the error that says what is wrong in which line (counted from 1) of a data file."""
    return SpecError([Problem(str(path), line, "", message, hint)])


def read_text(path: Path) -> str:
    """Returns a file's text. Raises SpecError where the bytes are not UTF-8."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise wrong(path, line, f"byte {error.start} is not UTF-8") from None


def lines(path: Path, *, crlf: bool = False) -> list[str]:
    """Returns the lines of a file, cut at line feeds only; the end of the last line makes no further line.

    With `crlf` every line must end in CR LF (the last may end in neither) and the CR is taken away.
    """
    found = read_text(path).split("\n")
    if found[-1] == "":
        found.pop()
    if not crlf:
        return found
    for number, line in enumerate(found, start=1):
        if not line.endswith("\r") and number < len(found):
            raise wrong(path, number, "the line does not end in CR LF", "set crlf: false")
    return [line.removesuffix("\r") for line in found]


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields line number and object of each line of a JSON-lines file."""
    for number, line in enumerate(lines(path), start=1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise wrong(path, number, f"not JSON: {error}") from None
        if not isinstance(record, dict):
            raise wrong(path, number, f"a JSON object is wanted, not {type(record).__name__}")
        yield number, record


def value(record: dict[str, Any], key: str, path: Path, line: int | None) -> Any:
    """Returns what stands at a dotted key, e.g. `question.stem`. Raises SpecError with the keys there are."""
    found: Any = record
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            there = ", ".join(sorted(found)) if isinstance(found, dict) else type(found).__name__
            raise wrong(path, line, f"no {key!r}", f"there is {there}")
        found = found[part]
    return found


def text(record: dict[str, Any], key: str, path: Path, line: int | None) -> str:
    """Returns the string at a dotted key. Raises SpecError for anything but a string."""
    found = value(record, key, path, line)
    if not isinstance(found, str):
        raise wrong(path, line, f"{key!r} is {found!r}, not a string")
    return found
