"""A bundle holds itself together: the same verdicts from its own files, and no byte may change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.bundle import check, fill, write
from harness.canon import digest_file
from harness.errors import EvidenceMissing, HarnessError, SpecError, StoreCorrupt
from harness.evidence import Evidence
from harness.export import bag
from harness.store import Store

NOTHING = "nothing of it is in"


def test_the_bundle_alone_gives_the_same_verdicts(sealed: Path, workspace: Path, harness) -> None:
    found = check(sealed)
    assert found.exit_code == 1
    code, out, err = harness("verify", "claims.yaml", "--study", "small", "--format", "json", cwd=workspace)
    assert (code, err) == (1, "")
    assert json.loads(out) == found.document
    assert (sealed / "claims.json").read_text() == out.rstrip("\n") + "\n"
    assert "Apache-2.0" in (sealed / "report.md").read_text()


def test_checking_needs_nothing_else(sealed: Path, tmp_path: Path, harness) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    code, out, _ = harness("verify-bundle", sealed, cwd=empty)
    assert code == 1
    assert "as they were sealed" in out
    code, out, _ = harness("verify-bundle", sealed, "--json", cwd=empty)
    assert code == 1
    assert json.loads(out)["verdicts"]["summary"]["contradicted"] == 1
    assert not list(empty.iterdir())


def test_encoders_are_left_out_and_listed(sealed: Path, workspace: Path) -> None:
    assert not list(sealed.rglob("*.safetensors"))
    store = Store(workspace / "store")
    entries = [store.manifest(path) for path in store.entries() if path.parent.name != "evaluate"]
    assert entries
    wanted = {
        f"store/{m.stage.kind}/{m.key}/{name}": digest
        for m in entries
        for name, digest in m.outputs.items()
        if name.endswith(".safetensors")
    }
    assert (sealed / "left-out-sha256.txt").read_text() == bag.lines(wanted)
    assert f"{len(wanted)} files" in (sealed / "README.md").read_text()


def test_with_checkpoints_nothing_is_left_out(workspace: Path, tmp_path: Path, request_of) -> None:
    out = write(request_of(workspace, with_checkpoints=True), tmp_path / "whole")
    assert list(out.rglob("model.safetensors"))
    assert (out / "left-out-sha256.txt").read_text() == ""
    assert Store(out / "store").verify() == []
    assert check(out).exit_code == 1


KINDS = ["claims.json", "claims.yaml", "report.md", "bundle.json", "ro-crate-metadata.json", "README.md", bag.MANIFEST]
KINDS += ["left-out-sha256.txt", "requirements-cpu.lock", "specs/tasks/t_qa.yaml", "specs/studies/small.yaml"]
KINDS += [f"store/evaluate/*/{name}" for name in ("manifest.json", "scores.json", "statistics.npz", "predictions.parquet")]
KINDS += [f"store/finetune/*/{name}" for name in ("manifest.json", "scores.json", "events.jsonl")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 0.5, -1])
def test_one_changed_byte_is_refused(bundle: Path, kind: str, place: float) -> None:
    file = min(bundle.glob(kind))
    data = bytearray(file.read_bytes())
    data[int(place * len(data)) if place > 0 else int(place)] ^= 1
    file.write_bytes(data)
    with pytest.raises(StoreCorrupt):
        check(bundle)


def test_the_command_says_which_file_and_exits_5(bundle: Path, harness) -> None:
    (bundle / "claims.yaml").write_text((bundle / "claims.yaml").read_text().replace("40", "41"))
    code, _, err = harness("verify-bundle", bundle, cwd=bundle.parent)
    assert code == 5
    assert "claims.yaml: its bytes are not those of sha256" in err


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_file_is_refused(bundle: Path, kind: str) -> None:
    min(bundle.glob(kind)).unlink()
    with pytest.raises(StoreCorrupt, match="missing"):
        check(bundle)


@pytest.mark.parametrize("name", ["more.txt", "specs/tasks/more.yaml", "store/evaluate/more", "claims.yaml.bak"])
def test_a_file_too_many_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).write_text("more")
    with pytest.raises(StoreCorrupt, match="not in manifest-sha256"):
        check(bundle)


def test_a_link_is_refused(bundle: Path) -> None:
    shutil.move(bundle / "claims.yaml", bundle.parent / "elsewhere.yaml")
    (bundle / "claims.yaml").symlink_to(bundle.parent / "elsewhere.yaml")
    with pytest.raises(StoreCorrupt, match="no links"):
        check(bundle)


def test_a_changed_verdict_is_refused_however_it_is_sealed(bundle: Path) -> None:
    file = bundle / "claims.json"
    file.write_text(file.read_text().replace('"contradicted"', '"reproduced"'))
    bag.seal(bundle)
    with pytest.raises(StoreCorrupt, match=r"states other verdicts[\s\S]*stated 'reproduced', derived 'contradicted'"):
        check(bundle)


def restated(bundle: Path, change: Callable[[Any], None]) -> None:
    """Change what a bundle states, and seal it again."""
    document = json.loads((bundle / "claims.json").read_text())
    change(document["claims"][0]["parts"][0])
    (bundle / "claims.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    bag.seal(bundle)


def test_numbers_may_differ_as_processors_do(bundle: Path, harness) -> None:
    restated(bundle, lambda part: part.update(estimate=part["estimate"] + 1e-9))
    assert 0 < check(bundle).deviation < 1e-8
    code, out, _ = harness("verify-bundle", bundle, cwd=bundle.parent)
    assert code == 1
    assert "numbers differ by up to 1e-09, as on another processor" in out
    code, _, err = harness("verify-bundle", bundle, "--exact", cwd=bundle.parent)
    assert code == 4
    assert "claims[0].parts[0].estimate" in err


@pytest.mark.parametrize("change", [{"estimate": 99.0}, {"interval": None}, {"next": "something else"}])
def test_what_is_told_beside_a_verdict_has_to_follow_too(bundle: Path, change) -> None:
    restated(bundle, lambda part: part.update(change))
    with pytest.raises(HarnessError, match=r"every outcome follows[\s\S]*claims\[0\].parts\[0\]") as caught:
        check(bundle)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("change", [{"n_examples": 13}, {"evidence": []}, {"signature": "other"}, {"expected": {}}])
def test_a_verdict_on_something_else_is_refused(bundle: Path, change) -> None:
    restated(bundle, lambda part: part.update(change))
    with pytest.raises(StoreCorrupt, match="states other verdicts"):
        check(bundle)


def test_changed_evidence_is_refused_however_it_is_sealed(bundle: Path) -> None:
    file = min(bundle.glob("store/evaluate/*/statistics.npz"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    bag.seal(bundle)
    with pytest.raises(StoreCorrupt, match="its bytes are not those of sha256"):
        check(bundle)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"judged_by": {"statistics": 2, "n_resamples": 2000}}, HarnessError, "judged by version 2 of the statistics"),
        ({"schema_version": 9}, HarnessError, "made in form 9"),
        ({"stages": {"planned": 1, "done": 1, "keys": "other"}}, HarnessError, "plans other stages"),
        ({"judged_by": None}, SpecError, "no bundle of a study"),
    ],
)
def test_what_cannot_be_derived_here_says_so(bundle: Path, change, error, says: str) -> None:
    record = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps({**record, **change}))
    bag.seal(bundle)
    with pytest.raises(error, match=says) as caught:
        check(bundle)
    assert caught.value.exit_code == error.exit_code


def test_a_folder_that_is_no_bundle(tmp_path: Path, harness) -> None:
    code, _, err = harness("verify-bundle", tmp_path, cwd=tmp_path)
    assert code == 5
    assert "manifest-sha256.txt: missing" in err
    code, _, err = harness("verify-bundle", "nowhere.zip", cwd=tmp_path)
    assert code == 2
    assert "no such folder or file" in err


def test_the_same_store_gives_the_same_bytes(sealed: Path, workspace: Path, tmp_path: Path, request_of) -> None:
    again = write(request_of(workspace), tmp_path / "again")
    assert bag.checked(again) == bag.checked(sealed)


def test_a_place_that_is_taken_is_left_alone(workspace: Path, tmp_path: Path, request_of) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").write_text("mine")
    with pytest.raises(SpecError, match="something in it already"):
        write(request_of(workspace), tmp_path / "taken")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["taken"]


def test_nothing_run_is_nothing_to_export(workspace: Path, tmp_path: Path, request_of) -> None:
    request = request_of(workspace)
    evidence = Evidence(request.evidence.plan, Store(tmp_path / "none"), request.evidence.catalog)
    with pytest.raises(EvidenceMissing, match=NOTHING):
        fill(replace(request, evidence=evidence), tmp_path / "out")


def test_a_corrupt_store_is_not_exported(workspace: Path, tmp_path: Path, request_of) -> None:
    copy = shutil.copytree(workspace, tmp_path / "copy")
    file = min(copy.glob("store/evaluate/*/predictions.parquet"))
    file.chmod(0o644)
    file.write_bytes(b"other")
    with pytest.raises(StoreCorrupt, match=r"copy/store/evaluate/.*predictions.parquet"):
        write(request_of(copy), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_part_of_a_study_is_a_bundle_too(workspace: Path, tmp_path: Path, request_of) -> None:
    copy = shutil.copytree(workspace, tmp_path / "copy")
    for folder in sorted(copy.glob("store/evaluate/*"))[::2]:
        shutil.rmtree(folder)
    found = check(write(request_of(copy), tmp_path / "part.zip"))
    assert found.exit_code == 3
    assert digest_file(tmp_path / "part.zip")
