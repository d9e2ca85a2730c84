"""A reader run over contents as if they were files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from harness import plugin

Read = Callable[..., list[dict[str, Any]]]


def run_reader(name: str, paths: list[Path], language: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    module = plugin.load("harness.readers", name)
    parsed = module.Options.model_validate_json(json.dumps(options))
    return list(module.read(paths, options=parsed, language=language))


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that runs a reader over texts (or bytes) as if they were files."""

    def run(name: str, *contents: str | bytes, language: str = "en", **options: Any) -> list[dict[str, Any]]:
        paths = [tmp_path / f"file{i}" for i in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return run_reader(name, paths, language, options)

    return run


@pytest.fixture
def read_table(tmp_path: Path) -> Read:
    """Return a function that runs a reader over a Parquet file with these columns."""

    def run(name: str, columns: dict[str, list[Any]], *, language: str = "en", **options: Any) -> list[dict[str, Any]]:
        path = tmp_path / "table"
        parquet.write_table(pyarrow.table(columns), path)
        return run_reader(name, [path], language, options)

    return run
