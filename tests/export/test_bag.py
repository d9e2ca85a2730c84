"""Bundles as one file: the same bytes every time, every byte accounted for, nothing written outside."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from harness.bundle import check
from harness.errors import StoreCorrupt
from harness.export import bag


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a small sealed folder."""
    root = tmp_path / "folder"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "a.txt").write_text("a\n" * 100)
    (root / "deep" / "b.bin").write_bytes(bytes(range(256)))
    (root / "deep" / "er" / "empty").write_bytes(b"")
    bag.seal(root)
    return root


def test_the_manifest_is_bagits(folder: Path) -> None:
    text = (folder / bag.MANIFEST).read_text()
    assert [line.split("  ")[1] for line in text.splitlines()] == ["a.txt", "deep/b.bin", "deep/er/empty"]
    assert set(bag.checked(folder)) == {"a.txt", "deep/b.bin", "deep/er/empty"}


def test_packing_is_deterministic_and_unpacks_to_the_same(folder: Path, tmp_path: Path) -> None:
    one = bag.pack(folder, tmp_path / "one.zip")
    copy = shutil.copytree(folder, tmp_path / "copy")
    for file in copy.rglob("*"):
        file.chmod(0o755)
    (copy / "a.txt").touch()
    assert bag.pack(copy, tmp_path / "two.zip").read_bytes() == one.read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    bag.unpack(one, out)
    assert bag.checked(out) == bag.checked(folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy", "folder", "one.zip", "out", "two.zip"]


def test_every_single_byte_of_an_archive_counts(folder: Path, tmp_path: Path) -> None:
    data = bag.pack(folder, tmp_path / "one.zip").read_bytes()
    for place in range(len(data)):
        (tmp_path / "changed.zip").write_bytes(data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :])
        out = tmp_path / "out"
        out.mkdir()
        with pytest.raises(StoreCorrupt):
            unpacked(tmp_path / "changed.zip", out)
        shutil.rmtree(out)


def unpacked(path: Path, out: Path) -> None:
    bag.unpack(path, out)
    bag.checked(out)


@pytest.mark.parametrize("change", [lambda d: d + b"x", lambda d: d[:-1], lambda d: d[: len(d) // 2], lambda d: b"x" + d])
def test_archives_that_are_longer_or_shorter(folder: Path, tmp_path: Path, change) -> None:
    path = bag.pack(folder, tmp_path / "one.zip")
    path.write_bytes(change(path.read_bytes()))
    (tmp_path / "out").mkdir()
    with pytest.raises(StoreCorrupt):
        bag.unpack(path, tmp_path / "out")


STRANGE = ["../outside", "/outside", "deep/../../outside", "..\\outside", "C:outside", "deep//b", "./a", "deep/", "a\nb"]


@pytest.mark.parametrize("name", STRANGE)
def test_no_member_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"")
    out = tmp_path / "in" / "out"
    out.mkdir(parents=True)
    with pytest.raises(StoreCorrupt, match="leads out of the bundle"):
        bag.unpack(tmp_path / "odd.zip", out)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["in", "odd.zip", "out"]


def test_what_another_program_packed_is_to_be_unpacked_first(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "a.txt", "a.txt")
    with pytest.raises(StoreCorrupt, match="unpack it and give the folder"):
        bag.unpack(tmp_path / "odd.zip", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.write(folder / "a.txt", "a.txt")
    with pytest.raises(StoreCorrupt, match="a byte between its members"):
        bag.unpack(tmp_path / "odd.zip", tmp_path / "out")


def test_a_name_that_stands_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("a"), b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(zipfile.ZipInfo("a"), b"two")
    (tmp_path / "out").mkdir()
    with pytest.raises(StoreCorrupt, match="File exists"):
        bag.unpack(tmp_path / "odd.zip", tmp_path / "out")


def test_members_said_to_be_longer_than_the_archive(tmp_path: Path) -> None:
    """Two members that share their bytes: more would be written than there is."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a"), bytes(5000))
        twin = zipfile.ZipInfo("b")
        first = archive.filelist[0]
        for field in ("header_offset", "file_size", "compress_size", "CRC"):
            setattr(twin, field, getattr(first, field))
        archive.filelist.append(twin)
        archive.NameToInfo["b"] = twin
    (tmp_path / "odd.zip").write_bytes(stream.getvalue())
    with pytest.raises(StoreCorrupt, match="longer than the archive"):
        bag.unpack(tmp_path / "odd.zip", tmp_path / "out")


def test_a_packed_bundle_holds_like_its_folder(sealed: Path, tmp_path: Path) -> None:
    path = bag.pack(sealed, tmp_path / "small.zip")
    assert check(path) == check(sealed)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreCorrupt):
        check(path)
