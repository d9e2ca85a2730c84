"""A token and its tag on each line, a blank line between sentences (CoNLL 2003 in its many coats)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from harness.readers._fields import Ids
from harness.readers._lines import lines, wrong

VERSION = 1
SEPARATORS = {"tab": "\t", "space": " "}


class Options(Ids):
    """`strip_prefix` cuts off a token's `xx:` (WikiANN); `tags` replaces tags, e.g. B-DATE by O."""

    separator: Literal["tab", "space"] = "tab"
    strip_prefix: bool = False
    tags: dict[str, str] = Field(default={})


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a token_classification row a sentence, as the file tokenises it."""
    number = 0
    for path in paths:
        tokens: list[str] = []
        tags: list[str] = []
        for line_number, line in enumerate([*lines(path), ""], start=1):
            if line.strip():
                token, tag = _token(line, options, path, line_number)
                tokens.append(token)
                tags.append(options.tags.get(tag, tag))
            elif tokens:
                yield {"id": options.name(number, language), "tokens": tokens, "tags": tags}
                number += 1
                tokens, tags = [], []


def _token(line: str, options: Options, path: Path, number: int) -> tuple[str, str]:
    cells = line.split(SEPARATORS[options.separator])
    if len(cells) != 2 or not all(cells):
        raise wrong(path, number, f"{line!r} is not a token, one {options.separator} and a tag", "unlabelled file?")
    token, tag = cells
    if options.strip_prefix:
        prefix, colon, token = token.partition(":")
        if not colon or not token:
            raise wrong(path, number, f"{prefix!r} has no language prefix", "set strip_prefix: false")
    return token, tag
