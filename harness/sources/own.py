"""Files that only their owner can bring: licensed corpora, and files whose host gives them to people alone."""

from __future__ import annotations

from pathlib import Path

from harness.errors import OwnFileMissing
from harness.spec.data import File


def fetch(file: File, target: Path) -> None:
    """Always raises OwnFileMissing: where the file lies already, it was taken from there."""
    assert file.own is not None
    raise OwnFileMissing(f"bring your own: put {file.own.what} at own/{file.own.path} in the data folder")
