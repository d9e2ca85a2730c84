"""The studies that come with the program, cut down: the embedded one anywhere, the real one where its data are."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from harness.spec.catalog import Catalog

LANGUAGES = ["en", "de", "hi", "th", "zh"]


def scores(place: Any, study: str, *options: object) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the scores in a report's metrics by task, language and arm."""
    place("report", study, "--out", "out", *options)
    found = json.loads((place.root / "out" / "metrics.json").read_text())
    assert found
    rows = [json.loads(path.read_text()) for path in place.store.glob("evaluate/*/scores.json")]
    return {(s["task"], s["language"], s["key"]): s for row in rows for s in row}


@pytest.mark.slow  # every file of the embedded benchmark is generated
def test_the_embedded_study_runs_cut_down(new_place, repository) -> None:
    place = new_place()
    shutil.rmtree(place.tree.specs)
    shutil.copytree(repository / "specs", place.tree.specs)
    options = ("run", "mini", "--limit", "16", "--only", "evaluate mini_*l[ae] · none · mini · seed 1", "--jobs", "1")
    done = place(*options)
    # Six targets in two languages of five, five of them fine-tuned, and one encoder.
    assert "18 stages run, all 18 are in store" in done.stdout
    assert place(*options).stdout == "mini: all 18 stages are in store\n"
    assert "18 stages in store, every byte as written" in place("store", "verify").stdout
    found = scores(place, "mini", "--limit", "16", "--claims", repository / "claims.yaml")
    assert {task for task, _, _ in found} == {
        "mini_nli",
        "mini_paraphrase",
        "mini_pos",
        "mini_ner",
        "mini_qa",
        "mini_retrieval",
    }
    assert {s["n"] for s in found.values()} == {16}
    assert all("|sample:16|" in s["signature"] for s in found.values())


@pytest.fixture
def real_place(new_place, repository, mirror) -> Callable[..., Any]:
    """Return a function that makes a place with the real study cut down to two targets and five languages."""

    def make(encoder: str, targets: list[str], arms: list[str], languages: list[str]) -> Any:
        place = new_place()
        shutil.copytree(repository / "specs", place.tree.specs, dirs_exist_ok=True)
        model = place.tree.read("models", "tiny")
        # The real tasks have longer inputs than the tiny ones.
        model["trained"]["architecture"]["max_position_embeddings"] = 512
        place.tree.write("models", "tiny", model)
        study = Catalog(repository / "specs").study("open").data()
        study["vary"] |= {"encoder": [encoder], "target": targets, "intermediate": ["none", *arms], "seed": [1]}
        study["intermediate"] = {arm: study["intermediate"][arm] for arm in arms}
        for field in ("training", "max_test_examples", "options"):
            study[field] = {name: value for name, value in study[field].items() if name in targets}
        place.tree.write("studies", "cut", {**study, "languages": languages})
        done = place("data", "fetch", *targets, *arms, "--edition", "open", "--mirror", mirror)
        assert "digests checked" in done.stdout
        return place

    return make


@pytest.mark.slow  # three dozen stages on real rows, in two processes that import torch
def test_the_real_study_runs_cut_down_on_real_rows(real_place, repository) -> None:
    place = real_place("tiny", ["xnli", "xquad", "tatoeba"], ["commonsense_qa"], LANGUAGES)
    done = place("run", "cut", "--limit", "8", "--jobs", "2")
    assert "stages run, all" in done.stdout
    # A line a stage, however long its label.
    assert all(line.startswith(("[", "warning: ", "cut: ")) for line in done.stderr.splitlines()), done.stderr
    assert "corpus commonsense_qa · after intermediate commonsense_qa · tiny · seed 1 " in done.stderr
    assert "every byte as written" in place("store", "verify").stdout
    found = scores(place, "cut", "--limit", "8", "--claims", repository / "claims.yaml")
    languages = {task: {x for t, x, _ in found if t == task} for task in ("xnli", "xquad", "tatoeba")}
    assert languages == {"xnli": {*LANGUAGES}, "xquad": {*LANGUAGES}, "tatoeba": {*LANGUAGES} - {"en"}}
    assert {s["n"] for s in found.values()} == {8}
    assert all(0 <= s["value"] <= 100 for s in found.values())
    qa = next(s for (task, _, _), s in found.items() if task == "xquad")
    assert "|context:gold_sentence|" in qa["signature"]
    document = json.loads((place.root / "out" / "claims.json").read_text())
    parts = [part for claim in document["claims"] for part in claim["parts"]]
    # Magnitudes on a proxy are no matter of verdicts; arms that are not there are said to be missing.
    assert {p["outcome"] for p in parts if p["kind"] == "value"} <= {"not_comparable", "not_run"}
    assert {p["fidelity"] for p in parts if p["kind"] != "provenance"} == {"proxy"}
    assert "not_run" in {p["outcome"] for p in parts}
    assert place("run", "cut", "--limit", "8").stdout.startswith("cut: all ")


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.skipif(
    "HARNESS_NETWORK_TESTS" not in os.environ,
    reason="downloads an encoder of 90 MB; set HARNESS_NETWORK_TESTS=1 to run it",
)
def test_the_real_study_runs_cut_down_with_its_real_encoder(real_place) -> None:
    place = real_place("multilingual-e5-small", ["xnli", "tatoeba"], [], ["en", "de", "th"])
    place("data", "fetch", "multilingual-e5-small")
    place("run", "cut", "--limit", "32", "--jobs", "1")
    found = {
        score["language"]: score["value"]
        for path in place.store.glob("evaluate/*/scores.json")
        for score in json.loads(path.read_text())
        if score["task"] == "tatoeba"
    }
    # Among 32 sentences a real multilingual encoder finds nearly every translation.
    assert set(found) == {"de", "th"}
    assert min(found.values()) > 80
