"""`verify` finds any changed byte, and whatever is missing or too much."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import StoreCorrupt
from harness.store import MANIFEST, Store


@pytest.fixture(scope="module")
def filled(tmp_path_factory, make_stage, put, big) -> Store:
    """Return a store of three stages that each property puts back as it was."""
    store = Store(tmp_path_factory.mktemp("store"))
    parent = make_stage("a", "pretrain")
    child = make_stage("b", "finetune", (parent.key,))
    put(store, parent, {"encoder/embedding": big, "encoder/config.json": b"{}"})
    put(store, child, {"encoder/embedding": big, "scores.json": b"[1.5]\n", "empty": b""})
    put(store, make_stage("c", "evaluate", (child.key,)))
    assert store.verify() == []
    return store


def entry_files(store: Store) -> list[Path]:
    return sorted(p for folder in store.entries() for p in folder.rglob("*") if p.is_file() and p.stat().st_size)


@settings(max_examples=150)
@given(data=st.data())
def test_any_changed_byte_of_any_file_is_found(filled, data) -> None:
    file = data.draw(st.sampled_from(entry_files(filled)), label="file")
    content = file.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != content[place]), label="byte")
    mode = file.stat().st_mode
    file.chmod(0o644)
    try:
        with file.open("r+b") as stream:
            stream.seek(place)
            stream.write(bytes([byte]))
        assert any(str(file) in problem for problem in filled.verify())
    finally:
        with file.open("r+b") as stream:
            stream.seek(place)
            stream.write(content[place : place + 1])
        file.chmod(mode)


def test_a_space_in_a_manifest_is_a_byte_like_any_other(filled) -> None:
    file = next(filled.entries()) / MANIFEST
    content = file.read_bytes()
    try:
        for place, byte in enumerate(content):
            if byte in b" \n":
                file.write_bytes(content[:place] + (b"\t" if place % 2 else b"\r") + content[place + 1 :])
                with pytest.raises(StoreCorrupt, match=r"manifest\.json: .*; run `harness store verify`"):
                    filled.manifest(file.parent)
    finally:
        file.write_bytes(content)


@pytest.mark.parametrize("text", ["", "[]", "1", "null", "{}", '{"digest": "0"}', "\x00", '{"key": NaN}', "[" * 2000])
def test_what_is_no_manifest_is_said_to_be_none(text, store, make_stage, put) -> None:
    place = put(store, make_stage())
    (place / MANIFEST).write_text(text)
    (problem,) = store.verify()
    assert problem.startswith(f"{place / MANIFEST}: ")


def test_bytes_before_after_and_away_are_found(store, make_stage, put) -> None:
    place = put(store, make_stage(), {"scores.json": b"[1.5]\n", "empty": b""})
    for name in ("scores.json", "empty", MANIFEST):
        file = place / name
        content = file.read_bytes()
        file.chmod(0o644)
        for other in (content + b"\n", b" " + content, content[:-1]):
            if other != content:
                file.write_bytes(other)
                assert len(store.verify()) == 1
        file.write_bytes(content)
    assert store.verify() == []


def test_missing_and_unlisted_files_are_named(store, make_stage, put) -> None:
    place = put(store, make_stage(), {"encoder/config.json": b"{}", "scores.json": b"[]"})
    (place / "encoder" / "config.json").unlink()
    (place / "encoder" / "notes.txt").write_text("mine")
    (place / "notes.txt").write_text("mine")
    assert sorted(store.verify()) == [
        f"{place}/encoder/config.json: missing",
        f"{place}/encoder/notes.txt: not listed in the manifest",
        f"{place}/notes.txt: not listed in the manifest",
    ]


def test_an_entry_without_a_manifest_is_named(store, make_stage, put) -> None:
    place = put(store, make_stage())
    (place / MANIFEST).unlink()
    assert store.verify() == [f"{place}: an entry without a manifest"]


def test_an_entry_in_anothers_place_is_found(store, make_stage, put) -> None:
    place = put(store, make_stage())
    elsewhere = place.with_name("0" * 64)
    place.rename(elsewhere)
    assert store.verify() == [f"{elsewhere}: its manifest belongs to stage {make_stage().key}"]


def test_a_swap_of_two_equal_sized_files_is_found(store, make_stage, put) -> None:
    place = put(store, make_stage(), {"a": b"1", "b": b"2"})
    (place / "a").rename(place / "c")
    (place / "b").rename(place / "a")
    (place / "c").rename(place / "b")
    assert len(store.verify()) == 2


def test_the_shared_files_are_read_as_well(store, make_stage, put, big) -> None:
    place = put(store, make_stage(), {"weights": big})
    (shared,) = (store.root / "files").iterdir()
    (place / "weights").unlink()  # only the shared copy is left, and it is damaged
    shared.chmod(0o644)
    with shared.open("r+b") as stream:
        stream.write(b"\xff")
    assert store.verify() == [
        f"{place / 'weights'}: missing",
        f"{shared}: its bytes are not those of its name",
    ]


def test_a_manifest_is_what_was_written(store, make_stage, make_manifest, put) -> None:
    place = put(store, make_stage())
    data = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    assert data["status"] == "done"
    assert data["stage"]["label"] == "finetune a"
    assert {name: data[name] for name in ("started", "seconds", "device", "doubts")} == {
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 0.25,
        "device": "x86_64",
        "doubts": ["a doubt, with “quotes”"],
    }


def test_nothing_is_a_sound_store(tmp_path) -> None:
    assert Store(tmp_path / "nowhere").verify() == []
    assert list(Store(tmp_path / "nowhere").entries()) == []
    assert not (tmp_path / "nowhere").exists()
