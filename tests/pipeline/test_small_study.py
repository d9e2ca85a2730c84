"""From YAML to a report, on a study of every kind of stage; and what has to run again once something is changed."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest

from harness.store import Store

OUTCOMES = {"reproduced", "contradicted", "inconclusive", "not_comparable", "not_run"}


def snapshot(folder):
    return {p.relative_to(folder): (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*") if p.is_file()}


def test_the_specs_are_valid(finished) -> None:
    assert "valid" in finished("validate").stdout


def test_every_stage_has_what_its_kind_writes(finished) -> None:
    store = Store(finished.store)
    encoder = {"encoder/config.json", "encoder/model.safetensors.index.json", "encoder/tokenizer.json"}
    wanted = {
        "pretrain": {*encoder, "masked_lm.safetensors", "events.jsonl", "scores.json"},
        "intermediate": {*encoder, "heads/tiny_nli.safetensors", "heads/tiny_choice.safetensors", "events.jsonl"},
        "finetune": {*encoder, "head.safetensors", "events.jsonl", "scores.json"},
        "evaluate": {"predictions.parquet", "statistics.npz", "scores.json"},
        "trivial": {"scores.json"},
    }
    seen = set()
    for folder in store.entries():
        manifest = store.manifest(folder)
        seen.add(manifest.stage.kind)
        assert wanted[manifest.stage.kind] <= set(manifest.outputs)
        assert not any(name.endswith((".bin", ".pt", ".pkl", ".pickle")) for name in manifest.outputs)
    assert seen == set(wanted)
    assert not list((finished.store / "work").iterdir())
    assert not list(finished.store.glob("attempts/*"))


def test_scores_are_those_of_the_statistics_and_the_predictions(finished) -> None:
    import pyarrow.parquet

    from harness import plugin

    n = 0
    for folder in sorted((finished.store / "evaluate").iterdir()):
        table = pyarrow.parquet.read_table(folder / "predictions.parquet").to_pydict()
        with np.load(folder / "statistics.npz", allow_pickle=False) as arrays:
            statistics = {name: arrays[name] for name in arrays.files}
        assert statistics.pop("ids").tolist() == table["id"]
        assert len(set(table["id"])) == 10
        for score in json.loads((folder / "scores.json").read_text()):
            n += 1
            module = plugin.load("harness.metrics", score["metric"])
            assert score["value"] == pytest.approx(float(module.aggregate(statistics[score["metric"]].sum(0))))
            assert score["key"] == folder.name
            assert set(table["language"]) == {score["language"]}
            assert f"task:{score['task']}|metric:{score['metric']}|lang:{score['language']}" in score["signature"]
            if score["metric"] == "accuracy":
                hits = [g == p for g, p in zip(table["gold"], table["prediction"], strict=True)]
                assert score["value"] == pytest.approx(100 * sum(hits) / len(hits))
    assert n > 20


def test_a_second_run_does_nothing(finished) -> None:
    before = snapshot(finished.store)
    done = finished("run", "small", "--jobs", "2")
    assert done.stdout == f"small: all {len(finished.tree.plan().stages)} stages are in store\n"
    assert snapshot(finished.store) == before
    assert finished.not_done() == []


def test_the_store_is_sound_and_a_changed_byte_is_found(place) -> None:
    assert "every byte as written" in place("store", "verify").stdout
    file = next((place.store / "finetune").glob("*/head.safetensors"))
    file.chmod(0o644)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    assert str(file.relative_to(place.root)) in place("store", "verify", exit_code=5).stderr


def test_claims_are_judged_and_reported(finished, tmp_path) -> None:
    # Two seeds and ten rows decide nothing; that is said, and no verdict is missing.
    done = finished("verify", "claims.yaml", "--study", "small", "--format", "json", exit_code=3)
    claims = {claim["id"]: claim for claim in json.loads(done.stdout)["claims"]}
    assert set(claims) == {"T1", "T2"}
    kinds = {part["kind"]: part for claim in claims.values() for part in claim["parts"]}
    assert {part["outcome"] for part in kinds.values()} <= OUTCOMES - {"not_run"}
    assert kinds["value"]["outcome"] == "not_comparable"
    assert kinds["provenance"]["outcome"] == "reproduced"
    assert kinds["greater"]["fidelity"] == "proxy"
    assert math.isfinite(kinds["greater"]["estimate"])
    for name in ("one", "two"):
        finished("report", "small", "--out", tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert {"index.html", "report.md", "metrics.json", "claims.json"} <= set(files)
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert json.loads((tmp_path / "one" / "claims.json").read_text())["claims"] == list(claims.values())


def test_a_changed_training_reruns_what_depends_on_it(place) -> None:
    study = place.tree.read("studies", "small")
    study["training"]["tiny_qa"]["learning_rate"] = 0.004
    place.tree.write("studies", "small", study)
    again = place.not_done()
    assert {label.split(" · ")[0] for label in again} == {
        "finetune tiny_qa",
        "evaluate tiny_qa en",
        "evaluate tiny_qa la",
    }
    assert len(again) == 4 + 8
    # Until it has run again there is no evidence for the changed spec, whatever the store has of the old one.
    done = place("verify", "claims.yaml", "--study", "small", "--format", "json", exit_code=3)
    parts = {part["kind"]: part for claim in json.loads(done.stdout)["claims"] for part in claim["parts"]}
    assert parts["greater"]["outcome"] == "not_run"
    assert "harness run" in parts["greater"]["next"]
    done = place("run", "small", "--jobs", "2")
    assert f"{len(again)} stages run" in done.stdout
    assert place.not_done() == []


def test_a_changed_intermediate_training_leaves_the_baseline_alone(place) -> None:
    study = place.tree.read("studies", "small")
    study["intermediate"]["nli"]["training"]["learning_rate"] = 0.004
    place.tree.write("studies", "small", study)
    again = place.not_done()
    assert again
    assert all(" nli · " in label for label in again)
    assert not any(label.startswith("pretrain") for label in again)


def test_words_that_change_no_number_rerun_nothing(place) -> None:
    study = place.tree.read("studies", "small")
    study |= {"title": "Another title", "description": "Other words."}
    place.tree.write("studies", "small", study)
    task = place.tree.read("tasks", "tiny_nli")
    task["title"], task["source"]["citation"] = "Another", "Others"
    for parts in task["splits"].values():
        for rows in parts.values():
            rows[0]["files"][0]["url"] = "https://example.com/moved"
    place.tree.write("tasks", "tiny_nli", task)
    assert place.not_done() == []


def test_a_new_language_adds_evaluations_only(place) -> None:
    task = place.tree.read("tasks", "tiny_nli")
    known = place.tree.data.path(task["splits"]["test"]["la"][0]["files"][0]["sha256"])
    rows = [json.loads(line) for line in known.read_text().splitlines()]
    turned = [{**row, "text_a": " ".join(reversed(row["text_a"].split()))} for row in rows]
    task["languages"].append("lb")
    task["splits"]["test"]["lb"] = [place.tree.file("tiny_nli.test.lb.jsonl", turned)]
    place.tree.write("tasks", "tiny_nli", task)
    again = place.not_done()
    assert [label.split(" · ")[0] for label in again] == ["evaluate tiny_nli lb"] * 4 + ["trivial baselines tiny_nli"]
    before = snapshot(place.store / "finetune")
    place("run", "small", "--only", "evaluate tiny_nli lb*", "--jobs", "1")
    assert place.not_done() == ["trivial baselines tiny_nli"]
    assert snapshot(place.store / "finetune") == before


def test_unreached_stages_are_collected_and_nothing_else(place) -> None:
    study = place.tree.read("studies", "small")
    study["vary"]["seed"] = [1]
    place.tree.write("studies", "small", study)
    n_before = len(list(Store(place.store).entries()))
    n_kept = len(place.tree.plan().stages)
    assert f"{n_before - n_kept} stages deleted" in place("store", "gc", "--yes").stdout
    assert place.not_done() == []
    assert "every byte as written" in place("store", "verify").stdout


def test_missing_data_stops_before_anything_is_trained(new_place) -> None:
    place = new_place()
    shutil.rmtree(place.tree.data.root)
    done = place("run", "small", exit_code=3)
    assert "run `harness data fetch --study small`" in done.stderr
    assert not list(place.store.glob("*/*"))


def test_what_is_wrong_with_a_study_is_said_at_once(new_place) -> None:
    place = new_place()
    study = place.tree.read("studies", "small")
    study["vary"]["target"] = ["tiny_nly", "tiny_qa", "tiny_pairs"]
    study["training"] = {"tiny_qa": study["training"]["tiny_qa"]}
    place.tree.write("studies", "small", study)
    done = place("run", "small", exit_code=2)
    assert "did you mean 'tiny_nli'?" in done.stderr
    assert "small.yaml:" in done.stderr
    assert place("run", "smal", exit_code=2).stderr.count("did you mean 'small'?") == 1
    assert not place.store.exists()


def test_a_report_of_nothing_names_the_command(new_place) -> None:
    done = new_place()("report", "small", exit_code=3)
    assert "harness run" in done.stderr


def test_a_failed_stage_holds_up_its_children_only(new_place) -> None:
    place = new_place()
    study = place.tree.read("studies", "small")
    study["vary"] |= {"intermediate": ["none"], "target": ["tiny_nli", "tiny_qa"], "seed": [1]}
    absurd = {"learning_rate": 1e18, "clip_norm": 1e18, "warmup_fraction": 0.0}
    study["training"]["tiny_nli"] = {**absurd, "epochs": 3, "batch_examples": 4}
    place.tree.write("studies", "small", study)
    done = place("run", "small", "--jobs", "1", exit_code=4)
    assert "finetune tiny_nli" in done.stderr
    assert "lower `learning_rate`" in done.stderr
    assert "2 stages wait for these" in done.stderr
    assert {label.split(" · ")[0] for label in place.not_done()} == {
        "finetune tiny_nli",
        "evaluate tiny_nli en",
        "evaluate tiny_nli la",
    }
    (attempt,) = (place.store / "attempts").iterdir()
    assert "last attempt" in place("store", "why", attempt.stem[:12]).stdout
