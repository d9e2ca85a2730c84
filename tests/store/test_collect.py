"""`collect` frees what nothing reaches and leaves the rest as it is."""

from __future__ import annotations

from harness import canon
from harness.store import MANIFEST


def snapshot(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_is_kept_stays_and_the_rest_goes(store, make_stage, put, big) -> None:
    kept, gone, shared = make_stage("kept"), make_stage("gone"), make_stage("shared", "pretrain")
    other = big[::-1]
    put(store, kept, {"weights": big, "scores.json": b"[]"})
    put(store, shared, {"weights": big})
    put(store, gone, {"weights": big, "own": other, "twice": other, "scores.json": b"[1]"})
    before = snapshot(store.path(kept))
    n, freed = store.collect({kept.key, shared.key})
    assert n == 1
    # The shared file lives on in two entries; the own one counted once, whatever its names.
    assert len(other) < freed < len(other) + 4096
    assert not store.path(gone).exists()
    assert sorted(p.name for p in (store.root / "files").iterdir()) == [canon.digest(big)]
    assert snapshot(store.path(kept)) == before
    assert store.verify() == []


def test_all_or_nothing_can_be_kept(store, make_stage, put, big) -> None:
    stages = [make_stage(name) for name in "abc"]
    for one in stages:
        put(store, one, {"weights": big})
    assert store.collect({one.key for one in stages}) == (0, 0)
    n, freed = store.collect(set())
    assert n == 3
    assert len(big) <= freed < len(big) + 3 * 4096
    assert list(store.entries()) == []
    assert list((store.root / "files").iterdir()) == []


def test_work_folders_go_with_their_stage(store, make_stage, put) -> None:
    kept, gone = make_stage("kept"), make_stage("gone")
    for one in (kept, gone):
        (store.work(one) / "checkpoint.safetensors").write_bytes(b"x")
    store.collect({kept.key})
    assert [p.name for p in (store.root / "work").iterdir()] == [kept.key]


def test_links_out_of_an_entry_are_cut_not_followed(store, make_stage, put, tmp_path) -> None:
    kept, gone = make_stage("kept"), make_stage("gone")
    put(store, kept)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    place = put(store, gone)
    (place / "a-folder").symlink_to(outside)
    (place / "an-entry").symlink_to(store.path(kept))
    store.collect({kept.key})
    assert (outside / "precious").read_text() == "mine"
    assert store.has(kept)
    assert not place.exists()
    assert store.verify() == []


def test_an_entry_that_is_half_gone_never_looks_finished(store, make_stage, put) -> None:
    one = make_stage()
    place = put(store, one)
    (place / MANIFEST).unlink()
    assert not store.has(one)
    assert list(store.entries()) == []
    assert store.verify() == [f"{place}: an entry without a manifest"]


def test_nothing_is_collected_from_nothing(store) -> None:
    assert store.collect(set()) == (0, 0)


def test_the_work_of_a_finished_stage_is_swept_and_no_other(store, make_stage, put) -> None:
    finished, begun = make_stage("a"), make_stage("b")
    put(store, finished)
    for stage in (finished, begun):
        (store.work(stage) / "progress").write_text("1 2")
    store.sweep()
    assert [folder.name for folder in (store.root / "work").iterdir()] == [begun.key]
    assert store.has(finished)
