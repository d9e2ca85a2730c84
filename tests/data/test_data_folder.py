"""The folder of pinned files: what is kept, what is refused, what is said."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from harness.data import DataFolder
from harness.errors import EvidenceMissing, HarnessError, StoreCorrupt
from harness.mirror import find_in_mirror
from harness.spec.data import File

TEXT = b"one\ntwo\n"
SHA = hashlib.sha256(TEXT).hexdigest()
FILE = File(sha256=SHA, url="https://example.org/raw/abc/dev-de.tsv")


def make_mirror(folder: Path, content: bytes = TEXT, *, manifest: str = "sources/MANIFEST.tsv") -> Path:
    (folder / "sources" / "set").mkdir(parents=True)
    (folder / "sources" / "set" / "renamed.tsv").write_bytes(content)
    header = "path\tbytes\tsha256\tdataset"
    (folder / manifest).write_text(f"{header}\nsources/set/renamed.tsv\t{len(TEXT)}\t{SHA}\tset\n")
    return folder


@pytest.mark.parametrize("manifest", ["MANIFEST.tsv", "sources/MANIFEST.tsv"])
def test_a_mirror_is_looked_up_by_digest(tmp_path, manifest) -> None:
    data, mirror = DataFolder(tmp_path / "data"), make_mirror(tmp_path / "mirror", manifest=manifest)
    assert not data.has(FILE)
    path = data.fetch(FILE, mirror=mirror)
    assert path == tmp_path / "data" / "files" / SHA
    assert path.read_bytes() == TEXT
    assert data.has(FILE)
    assert data.get(FILE) == data.checked(SHA) == path


def test_a_mirror_without_manifest_is_looked_up_by_name(tmp_path) -> None:
    for name, content in (("a", b"other"), ("b", TEXT)):
        (tmp_path / "mirror" / name).mkdir(parents=True)
        (tmp_path / "mirror" / name / "dev-de.tsv").write_bytes(content)
    assert DataFolder(tmp_path / "data").fetch(FILE, mirror=tmp_path / "mirror").read_bytes() == TEXT


def test_names_of_other_places(tmp_path) -> None:
    (tmp_path / "member.txt").write_bytes(TEXT)
    (tmp_path / "e5.bin").write_bytes(TEXT)
    inside = File(sha256=SHA, url="https://example.org/x.zip#deep/member.txt")
    wheel = File.model_validate({"sha256": SHA, "packaged": {"requirement": "x==1", "member": "x/e5.bin"}})
    assert find_in_mirror(tmp_path, inside) == tmp_path / "member.txt"
    assert find_in_mirror(tmp_path, wheel) == tmp_path / "e5.bin"


def test_a_truncated_file_is_refused_with_both_digests(tmp_path) -> None:
    data, mirror = DataFolder(tmp_path / "data"), make_mirror(tmp_path / "mirror", TEXT[:-1])
    found = hashlib.sha256(TEXT[:-1]).hexdigest()
    with pytest.raises(HarnessError, match=rf"renamed\.tsv: .*expected sha256 {SHA}, found {found} \(7 bytes\)"):
        data.fetch(FILE, mirror=mirror)
    assert list((tmp_path / "data" / "files").iterdir()) == []
    assert (mirror / "sources" / "set" / "renamed.tsv").read_bytes() == TEXT[:-1]


def test_a_failed_fetch_leaves_other_files_alone(tmp_path) -> None:
    data, mirror = DataFolder(tmp_path / "data"), make_mirror(tmp_path / "mirror")
    path = data.fetch(FILE, mirror=mirror)
    (mirror / "dev-de.tsv").write_bytes(b"x")
    with pytest.raises(HarnessError):
        data.fetch(FILE.model_copy(update={"sha256": "1" * 64}), mirror=mirror)
    assert [p.name for p in path.parent.iterdir()] == [SHA]


def test_a_file_that_the_mirror_lists_but_has_not(tmp_path) -> None:
    mirror = make_mirror(tmp_path / "mirror")
    (mirror / "sources" / "set" / "renamed.tsv").unlink()
    with pytest.raises(HarnessError, match="the mirror lists this file but it cannot be read"):
        DataFolder(tmp_path / "data").fetch(FILE, mirror=mirror)


def test_a_mirror_without_the_file_never_falls_back_to_the_network(tmp_path) -> None:
    (tmp_path / "mirror").mkdir()
    with pytest.raises(HarnessError, match=r"dev-de\.tsv: not in the mirror .*, by digest or by name"):
        DataFolder(tmp_path / "data").fetch(FILE, mirror=tmp_path / "mirror")
    with pytest.raises(HarnessError, match="the mirror is not a folder"):
        DataFolder(tmp_path / "data").fetch(FILE, mirror=tmp_path / "nowhere")


def test_a_sound_file_is_not_fetched_again(tmp_path) -> None:
    data, mirror = DataFolder(tmp_path / "data"), make_mirror(tmp_path / "mirror")
    data.fetch(FILE, mirror=mirror)
    (mirror / "sources" / "set" / "renamed.tsv").unlink()
    assert data.fetch(FILE, mirror=mirror).read_bytes() == TEXT


def test_a_changed_file_is_found_and_mended(tmp_path) -> None:
    data, mirror = DataFolder(tmp_path / "data"), make_mirror(tmp_path / "mirror")
    path = data.fetch(FILE, mirror=mirror)
    path.write_bytes(b"one\ntwa\n")
    with pytest.raises(StoreCorrupt, match=r"the bytes are not those of its name; .*harness data fetch"):
        data.get(FILE)
    assert data.fetch(FILE, mirror=mirror).read_bytes() == TEXT


def test_a_missing_file_names_the_command(tmp_path) -> None:
    data = DataFolder(tmp_path / "data")
    with pytest.raises(EvidenceMissing, match=r"dev-de\.tsv: not in .*data yet; run `harness data fetch pawsx`"):
        data.get(FILE, "pawsx")
    with pytest.raises(EvidenceMissing, match="run `harness data fetch`"):
        data.checked(SHA)


def test_generated_files_are_made_on_demand(tmp_path) -> None:
    from harness.generator import generate

    name = "ner.validation.en.jsonl"
    data = DataFolder(tmp_path / "data")
    file = File(sha256=hashlib.sha256(generate(name)).hexdigest(), generated=name)
    assert data.get(file).read_bytes() == generate(name)
    with pytest.raises(HarnessError, match="not the pinned bytes"):
        data.get(File(sha256="0" * 64, generated=name))


def test_many_fetch_the_same_file(tmp_path) -> None:
    data, mirror = DataFolder(tmp_path / "data"), make_mirror(tmp_path / "mirror")
    errors: list[Exception] = []

    def fetch() -> None:
        try:
            assert data.fetch(FILE, mirror=mirror).read_bytes() == TEXT
        except (OSError, HarnessError, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [path.name for path in (tmp_path / "data" / "files").iterdir()] == [SHA]
