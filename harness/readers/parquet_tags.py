"""Parquet with lists of tokens and of their tags: named entities, parts of speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from harness.readers._fields import Ids
from harness.readers._lines import value, wrong
from harness.readers._parquet import UNLABELLED, records

VERSION = 1


class Options(Ids):
    """`tokens` and `tags` are the columns; `replaced` replaces tags, e.g. B-DATE by O."""

    tokens: str = "tokens"
    tags: str = "ner_tags"
    replaced: dict[str, str] = Field(default={})


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a token_classification row a record. Tags that are missing, or mere numbers, are an error."""
    number = 0
    for path in paths:
        for line, record in records(path):
            tokens, tags = (value(record, column, path, line) for column in (options.tokens, options.tags))
            if not tokens or not all(isinstance(token, str) and token for token in tokens):
                raise wrong(path, line, f"{options.tokens!r} is {tokens!r}, not a list of words")
            if not tags or UNLABELLED in tags:
                raise wrong(path, line, f"no tags in {options.tags!r}", "a split whose tags are held back?")
            if len(tags) != len(tokens) or not all(isinstance(tag, str) for tag in tags):
                raise wrong(path, line, f"{len(tokens)} words, but the tags are {tags!r}")
            yield {
                "id": options.name(number, language),
                "tokens": tokens,
                "tags": [options.replaced.get(tag, tag) for tag in tags],
            }
            number += 1
