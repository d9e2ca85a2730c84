"""The models' own rules, and addresses that are the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness import canon, plugin
from harness.errors import SpecError
from harness.spec.benchmark import BenchmarkSpec
from harness.spec.catalog import FOLDERS, Catalog
from harness.spec.claim import Arm, ClaimsSpec, Provenance
from harness.spec.data import File, Rows
from harness.spec.model import ModelSpec
from harness.spec.run import IntermediateSpec, MlmSpec
from harness.spec.study import StudySpec, Vary
from harness.spec.task import TaskSpec
from harness.spec.training import TrainingSpec

SHA = "0123456789abcdef" * 4
PLACES: dict[str, Any] = {
    "url": "https://example.org/a",
    "hub": {"id": "a/b", "revision": SHA[:40], "path": "c"},
    "packaged": {"requirement": "a==1", "member": "a/b"},
    "generated": "nli.test.en.jsonl",
}
TRAINING = {"learning_rate": 0.1, "epochs": 1, "batch_examples": 8}
FILE = {"sha256": SHA, "url": "https://example.org/a"}
SOURCE = {"paper": "p", "url": "u", "licence": "l", "citation": "c"}
TASK = {
    "name": "t", "version": 1, "title": "T", "role": "both", "family": "sequence_classification", "languages": ["en"],
    "labels": ["a", "b"], "metrics": ["accuracy"], "reader": {"name": "tsv"}, "source": SOURCE,
    "splits": {"train": {"en": [{"files": [FILE]}]}, "test": {"en": [{"files": [FILE]}]}},
}  # fmt: skip
VARY = {"encoder": ["e"], "intermediate": ["none"], "target": ["t"], "seed": [1]}
STUDY = {"name": "s", "title": "S", "description": "d", "vary": VARY, "training": {"t": TRAINING}}
MODEL = {"name": "m", "title": "M", "n_parameters": 1}
HUB = {"hub": {"id": "a/b", "revision": SHA[:40]}}
CLAIM = {"id": "C1", "statement": "s", "source": {"document": "d", "quote": "q"}, "parts": [{"kind": "selected_greater"}]}
CLAIMS = {"schema_version": 1, "paper": "p", "benchmark": "b", "encoder": "e", "claims": [CLAIM]}


def make(model: Any, *parts: dict[str, Any]) -> Any:
    """Return the spec that a file with these fields, later ones first, would be."""
    return model.model_validate_json(canon.dumps({k: v for part in parts for k, v in part.items()}))


@pytest.mark.parametrize("place", PLACES)
def test_a_file_from_one_place(place) -> None:
    assert make(File, {"sha256": SHA, place: PLACES[place]}).place == place


@pytest.mark.parametrize("places", [[], ["url", "generated"], ["hub", "packaged"], list(PLACES)])
def test_a_file_from_any_other_number_of_places(places) -> None:
    with pytest.raises(ValidationError, match="exactly one of url, hub, dataset, own, packaged, generated"):
        make(File, {"sha256": SHA}, {place: PLACES[place] for place in places})


@pytest.mark.parametrize(
    ("model", "base", "change", "said"),
    [
        (Rows, {"files": [FILE]}, {"files": []}, "at least 1 item"),
        (Rows, {"files": [FILE]}, {"start": -1}, "greater than or equal to 0"),
        (Rows, {"files": [FILE]}, {"n": 0}, "greater than 0"),
        (TrainingSpec, TRAINING, {"max_steps": 3}, "exactly one of epochs, max_steps"),
        (TrainingSpec, TRAINING, {"epochs": None}, "exactly one of epochs, max_steps"),
        (TrainingSpec, TRAINING, {"batch_tokens": 3}, "exactly one of batch_examples, batch_tokens"),
        (TrainingSpec, TRAINING, {"batch_examples": None}, "exactly one of batch_examples, batch_tokens"),
        (TrainingSpec, TRAINING, {"warmup_fraction": 1.0}, "less than 1"),
        (TrainingSpec, TRAINING, {"dropout": -0.1}, "greater than or equal to 0"),
        (TrainingSpec, TRAINING, {"layer_decay": 0.0}, "greater than 0"),
        (TrainingSpec, TRAINING, {"betas": [0.9]}, "betas"),
        (MlmSpec, {"task": "t", "fraction": 0.5}, {"fraction": 1.0}, "less than 1"),
        (IntermediateSpec, {"tasks": ["t"], "training": TRAINING}, {"tasks": ["t", "t"]}, "each task once"),
        (IntermediateSpec, {"tasks": ["t"], "training": TRAINING}, {"temperature": 2.0}, "only with sampling"),
        (IntermediateSpec, {"tasks": ["t"], "training": TRAINING}, {"tasks": []}, "at least 1 item"),
        (TaskSpec, TASK, {"family": "nonsense"}, "family"),
        (TaskSpec, TASK, {"options": {"max_lenght": 3}}, "did you mean 'max_length'"),
        (TaskSpec, TASK, {"metrics": []}, "at least one metric"),
        (TaskSpec, TASK, {"languages": ["en", "de"]}, "no test split for de"),
        (TaskSpec, TASK, {"reader": None}, "name a reader"),
        (TaskSpec, TASK, {"version": 0}, "greater than 0"),
        (TaskSpec, TASK, {"languages": []}, "at least 1 item"),
        (Vary, VARY, {"seed": [1, 1]}, "seed: each value once"),
        (Vary, VARY, {"encoder": []}, "at least 1 item"),
        (StudySpec, STUDY, {"vary": {**VARY, "intermediate": ["nli"]}}, "no arm 'nli'"),
        (StudySpec, STUDY, {"intermediate": {"none": {"tasks": ["t"], "training": TRAINING}}}, "baseline"),
        (StudySpec, STUDY, {"max_test_examples": {"u": 3}}, "not a target"),
        (TaskSpec, TASK, {"finetuned_as": "u"}, "splits.train: it is fine-tuned as 'u'"),
        (ModelSpec, MODEL, {}, "exactly one of trained, hub, packaged"),
        (ModelSpec, MODEL, {**HUB, "packaged": {"weights": FILE, "tokenizer": FILE}}, "exactly one of trained, hub"),
        (ModelSpec, {**MODEL, **HUB}, {"retrieval": {"layer": -1}}, "greater than or equal to 0"),
        (BenchmarkSpec, {"name": "b", "title": "B", "citation": "c"}, {"groups": {"a": ["t", "t"]}}, "given twice: t"),
        (Provenance, {"kind": "provenance"}, {}, "at least one of"),
        (Arm, {"intermediate": "all"}, {"intermediate": "some"}, "all"),
        (ClaimsSpec, CLAIMS, {"claims": [CLAIM, CLAIM]}, "id given twice: C1"),
        (ClaimsSpec, CLAIMS, {"claims": []}, "at least 1 item"),
    ],
)  # fmt: skip
def test_rules(model, base, change, said) -> None:
    if model not in (ModelSpec, Provenance, BenchmarkSpec):
        make(model, base)
    with pytest.raises(ValidationError, match=said):
        make(model, base, change)


def test_specs_are_frozen_and_closed() -> None:
    spec = make(TrainingSpec, TRAINING)
    with pytest.raises(ValidationError):
        spec.epochs = 3
    with pytest.raises(ValidationError, match="Extra inputs"):
        make(TrainingSpec, TRAINING, {"epoch": 3})


def test_a_limit_cuts_rows_steps_and_tests() -> None:
    arm = {"tasks": ["t"], "training": {**TRAINING, "max_examples": 3}}
    study = make(
        StudySpec, STUDY, {"intermediate": {"nli": arm}, "vary": {**VARY, "intermediate": ["none", "nli"]}}
    ).limited(5)
    assert study.training["t"].max_examples == study.max_test_examples["t"] == 5
    assert study.training["t"].max_steps is None
    assert study.intermediate["nli"].training.max_examples == 3
    steps = make(TrainingSpec, {"learning_rate": 0.1, "max_steps": 100, "batch_tokens": 64}).limited(5)
    assert (steps.max_steps, steps.epochs) == (5, None)


def test_a_task_may_stand_in_two_groups_and_counts_once(repository) -> None:
    benchmark = Catalog(repository / "specs").benchmark("xtreme-r")
    assert "xcopa" in benchmark.groups["classification"]
    assert "xcopa" in benchmark.groups["multi_choice"]
    assert len(benchmark.tasks) == len(set(benchmark.tasks)) == len(benchmark.scoring) == 10
    assert benchmark.tasks[-1] == "lareqa"  # in no group, as in evaluate.py
    assert benchmark.rule is not None


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_file_name_is_the_name(folder, repository, tmp_path) -> None:
    catalog = Catalog(repository / "specs")
    one = {"studies": "study", "reference": "reference"}.get(folder, folder[:-1])
    get = getattr(catalog, one)
    names = catalog.names(folder)
    assert names
    for name in names:
        assert get(name).name == name
        assert get(name) is get(name)
        with pytest.raises(SpecError, match=f"did you mean '{name}'"):
            get(f"{name}q")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "other.yaml").write_bytes(catalog.path(folder, names[0]).read_bytes())
    with pytest.raises(SpecError, match=rf"other\.yaml:\d+: name: '{names[0]}' is not the file's name"):
        getattr(Catalog(tmp_path), one)("other")


class TestAddresses:
    def test_canonical_json(self) -> None:
        assert canon.dumps({"b": [1, 2.0, None], "a": {"é": True}}) == '{"a":{"é":true},"b":[1,2.0,null]}'
        with pytest.raises(ValueError, match="JSON compliant"):
            canon.dumps(float("nan"))

    def test_a_known_address(self) -> None:
        # echo -n '{"a":1}' | sha256sum
        assert canon.address({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"

    @given(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"])),
            st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        )
    )
    def test_the_order_of_keys_does_not_matter(self, data) -> None:
        assert canon.address(dict(reversed(data.items()))) == canon.address(data)

    def test_specs_have_the_same_address_in_every_process(self, repository) -> None:
        program = (
            "from pathlib import Path; from harness.canon import address; from harness.spec.catalog import Catalog\n"
            "c = Catalog(Path('specs'))\n"
            "print(address([t.data() for t in c.tasks] + [c.study(n).data() for n in c.names('studies')]))"
        )
        found = set()
        for seed in ("0", "1", "random"):
            environment = {**os.environ, "PYTHONHASHSEED": seed}
            command = [sys.executable, "-c", program]
            done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=True)
            found.add(done.stdout)
        assert len(found) == 1


class TestPlugins:
    @pytest.mark.parametrize("package", ["metrics", "readers", "sources", "families", "stages", "engines", "trivial"])
    def test_names_are_modules(self, package, repository) -> None:
        names = plugin.names(f"harness.{package}")
        assert names == tuple(sorted(names))
        assert all((repository / "harness" / package / f"{name}.py").is_file() for name in names)

    @pytest.mark.parametrize("name", ["acuracy", "", "../cli", "_answers", "Accuracy"])
    def test_no_such_module(self, name) -> None:
        with pytest.raises(SpecError, match="among metrics"):
            plugin.load("harness.metrics", name)

    def test_a_version_is_read_without_an_import(self, repository) -> None:
        program = (
            "import sys; from harness import plugin\n"
            "print(plugin.version('harness.families', 'masked_lm'), 'torch' in sys.modules)"
        )
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
        assert done.stdout.split()[1] == "False"
        assert int(done.stdout.split()[0]) >= 1

    @pytest.mark.parametrize(
        ("known", "said"), [(["abc"], "did you mean 'abc'?"), (["xyz", "u"], "there is u, xyz"), ([], "there is none")]
    )
    def test_near(self, known, said) -> None:
        assert plugin.near("abd", known) == said
