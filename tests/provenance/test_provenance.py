"""What the program says of its own code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import provenance


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("c0ffee", {"commit": "c0ffee", "dirty": False}),
        ("c0ffee-dirty", {"commit": "c0ffee", "dirty": True}),
        ("", {"commit": None, "dirty": None}),
    ],
)
def test_where_there_is_no_checkout_the_image_tells_the_commit(told, found, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HARNESS_COMMIT", told)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.code.__wrapped__(tmp_path) == found


def test_a_checkout_is_believed_before_anybody_else(repository: Path, monkeypatch) -> None:
    monkeypatch.setenv("HARNESS_COMMIT", "c0ffee")
    if not (repository / ".git").exists():
        pytest.skip("not a checkout")
    assert provenance.code.__wrapped__(repository)["commit"] != "c0ffee"


def test_the_digest_of_the_modules_is_that_of_names_and_bytes(tmp_path: Path) -> None:
    source = provenance.source.__wrapped__
    package = Path(provenance.__file__).parent
    assert source(package) == provenance.source()
    copy = tmp_path / "copy"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert source(copy) == provenance.source()
    (copy / "errors.py").rename(copy / "mistakes.py")
    renamed = source(copy)
    (copy / "mistakes.py").write_text("")
    assert len({provenance.source(), renamed, source(copy)}) == 3
