"""Runs → stages: pure, each stage once, keys that change with what can change a result and with nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness import plugin
from harness.estimate import estimate
from harness.plan import Plan, make_plan
from harness.records import KINDS, Stage
from harness.spec.catalog import Catalog
from harness.spec.study import BASELINE, StudySpec

ROOT = Path(__file__).resolve().parents[2]
CATALOG = Catalog(ROOT / "specs")
PLANS = {name: make_plan(CATALOG.study(name), CATALOG) for name in CATALOG.names("studies")}
every_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


def keys(plan: Plan, *kinds: str) -> set[str]:
    return {stage.key for stage in plan.stages if not kinds or stage.kind in kinds}


def edited(study: StudySpec, edit: Callable[[dict[str, Any]], Any]) -> StudySpec:
    """Return the study that a changed file would hold."""
    data = study.data()
    edit(data)
    return StudySpec.model_validate_json(json.dumps(data))


class Edited(Catalog):
    """A catalogue in which some specs are others."""

    def __init__(self, **edits: Callable[[dict[str, Any]], Any]) -> None:
        super().__init__(ROOT / "specs")
        self.edits = edits

    def _get(self, folder: str, name: str, model: Any) -> Any:
        spec = super()._get(folder, name, model)
        if f"{folder}_{name}" not in self.edits:
            return spec
        data = spec.data()
        self.edits[f"{folder}_{name}"](data)
        return model.model_validate_json(json.dumps(data))


@every_plan
class TestEveryStudy:
    def test_the_same_twice(self, plan) -> None:
        again = make_plan(CATALOG.study(plan.study.name), Catalog(ROOT / "specs"))
        assert [stage.key for stage in again.stages] == [stage.key for stage in plan.stages]
        assert [stage.label for stage in again.stages] == [stage.label for stage in plan.stages]

    def test_each_stage_once_and_parents_first(self, plan) -> None:
        seen: set[str] = set()
        for stage in plan.stages:
            assert stage.key not in seen
            assert set(stage.inputs) <= seen
            assert [parent.key for parent in plan.parents(stage)] == list(stage.inputs)
            seen.add(stage.key)

    def test_labels_tell_stages_apart(self, plan) -> None:
        assert len({stage.label for stage in plan.stages}) == len(plan.stages)

    def test_every_run_has_its_chain(self, plan) -> None:
        vary, all_keys = plan.study.vary, keys(plan)
        assert len(plan.runs) == len(vary.encoder) * len(vary.intermediate) * len(vary.target) * len(vary.seed)
        for run in plan.runs:
            assert tuple(run.evaluate) == run.spec.evaluate
            assert run.evaluate
            assert (run.intermediate is None) == (run.arm == BASELINE)
            assert (run.finetune is None) == (run.spec.training is None)
            assert (run.pretrain is None) == (CATALOG.model(run.encoder_name).trained is None)
            chain = [stage for stage in (run.pretrain, run.intermediate, run.finetune) if stage]
            for parent, child in pairwise(chain):
                assert child.inputs == (parent.key,)
            for stage in run.evaluate.values():
                assert stage.inputs == tuple(parent.key for parent in chain[-1:])
                assert stage.params["task"]["name"] == run.spec.target
            assert {stage.key for stage in (*chain, *run.evaluate.values())} <= all_keys

    def test_no_stage_is_for_nothing(self, plan) -> None:
        used = {s.key for r in plan.runs for s in (r.pretrain, r.intermediate, r.finetune, *r.evaluations) if s}
        beside = {stage.key for stage in (*plan.trivial.values(), *plan.similarity.values())}
        corpora = {corpus.key for stage in plan.similarity.values() for corpus in plan.parents(stage)}
        assert used | beside | corpora == keys(plan)

    def test_params_are_json_without_places_and_names_of_runs(self, plan) -> None:
        for stage in plan.stages:
            text = json.dumps(stage.params)
            assert Stage.from_json(json.loads(json.dumps(stage.to_json()))).key == stage.key
            assert not any(word in text for word in ("http", "/tmp", plan.study.title, "generated", "device", "engine"))

    def test_estimates_are_positive(self, plan) -> None:
        owners = {
            stage.key: CATALOG.model(run.encoder_name)
            for run in plan.runs
            for stage in (run.pretrain, run.intermediate, run.finetune, *run.evaluations)
            if stage
        }
        for (encoder, _, _), stage in plan.similarity.items():
            owners |= {corpus.key: CATALOG.model(encoder) for corpus in plan.parents(stage)}
        found = [estimate(stage, owners.get(stage.key)) for stage in plan.stages]
        assert all(each["disk_bytes"] > 0 for each in found)
        # A microsecond of a GPU is rounded away.
        assert all(each["gpu_hours"] >= 0 for each in found)
        assert sum(each["gpu_hours"] for each in found) > 0
        needs_none = ("trivial", "similarity")
        assert all(each["memory_bytes"] > 0 or s.kind in needs_none for s, each in zip(plan.stages, found, strict=True))

    def test_a_limit_is_another_result(self, plan) -> None:
        limited = make_plan(plan.study, CATALOG, limit=7)
        assert len(limited.stages) == len(plan.stages)
        assert not keys(limited) & keys(plan)
        assert not keys(limited) & keys(make_plan(plan.study, CATALOG, limit=8))
        for stage in limited.stages:
            training = stage.params.get("training")
            assert training is None or training["max_examples"] <= 7
            assert training is None or (training["max_steps"] or 0) <= 7
            assert stage.kind not in ("evaluate", "trivial") or stage.params["max_examples"] <= 7


def test_a_plan_touches_no_file_but_specs_and_modules(tmp_path) -> None:
    program = (
        "import sys; from pathlib import Path; opened = []\n"
        "sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == 'open' else None)\n"
        "from harness.plan import make_plan; from harness.spec.catalog import Catalog\n"
        "catalog = Catalog(Path(sys.argv[1]) / 'specs'); plan = make_plan(catalog.study('mini'), catalog)\n"
        "print([s.key for s in plan.stages]); print([p for p in opened if not p.endswith(('.py', '.pyc', '.yaml'))])\n"
        "print(sorted({'torch', 'transformers', 'pyarrow'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    found, opened, heavy = done.stdout.splitlines()
    assert found == str([stage.key for stage in PLANS["mini"].stages])
    assert not any(str(ROOT / folder) in opened for folder in ("store", "data", "reports"))
    assert str(tmp_path) not in opened
    assert heavy == "[]"
    assert not list(tmp_path.iterdir())


def test_stages_are_shared() -> None:
    plan = PLANS["mini"]
    vary = plan.study.vary
    n_arms, n_seeds = len([arm for arm in vary.intermediate if arm != BASELINE]), len(vary.seed)
    trained = [name for name in vary.target if name in plan.study.training]
    counts = {kind: len(keys(plan, kind)) for kind in KINDS}
    assert counts["pretrain"] == len(vary.encoder)
    assert counts["intermediate"] == n_arms * n_seeds * len(vary.encoder)
    assert counts["finetune"] == len(trained) * (n_arms + 1) * n_seeds * len(vary.encoder)


def test_an_untrained_baseline_is_evaluated_once_for_all_seeds() -> None:
    runs = [run for run in PLANS["mini"].runs if run.spec.target == "mini_retrieval" and run.arm == BASELINE]
    assert len(runs) > 1
    assert len({tuple(stage.key for stage in run.evaluate.values()) for run in runs}) == len(
        PLANS["mini"].study.vary.encoder
    )


MINI = PLANS["mini"].study
CHANGES_NOTHING = {
    "name": lambda data: data.update(name="other"),
    "title": lambda data: data.update(title="Another title"),
    "description": lambda data: data.update(description="Other words"),
    "name of an arm": lambda data: (
        data["intermediate"].update(other=data["intermediate"].pop("nli")),
        data["vary"].update(intermediate=["other" if arm == "nli" else arm for arm in data["vary"]["intermediate"]]),
    ),
}


@pytest.mark.parametrize("edit", CHANGES_NOTHING.values(), ids=CHANGES_NOTHING)
def test_what_is_not_in_a_key(edit) -> None:
    assert keys(make_plan(edited(MINI, edit), CATALOG)) == keys(PLANS["mini"])


def test_the_order_of_what_varies_is_not_in_a_key() -> None:
    turned = edited(MINI, lambda data: [values.reverse() for values in data["vary"].values()])
    assert keys(make_plan(turned, CATALOG)) == keys(PLANS["mini"])


def first_file(task: dict[str, Any], split: str, language: str = "en") -> dict[str, Any]:
    return task["splits"][split][language][0]["files"][0]


SOURCE_CHANGES_NOTHING = {
    "URL": (
        "open",
        {
            "tasks_xnli": lambda task: first_file(task["editions"]["open"], "test").update(
                url="https://example.org/elsewhere"
            )
        },
    ),
    "wording": ("mini", {"tasks_mini_nli": lambda task: task.update(title="T", deviation="d", proxy_for=[])}),
    "licence": ("mini", {"tasks_mini_nli": lambda task: task["source"].update(licence="none")}),
    "encoder's wording": ("mini", {"models_mini": lambda model: model.update(title="M", disclosure="d", n_parameters=7)}),
}


@pytest.mark.parametrize(("name", "edits"), SOURCE_CHANGES_NOTHING.values(), ids=SOURCE_CHANGES_NOTHING)
def test_what_of_a_task_or_encoder_is_not_in_a_key(name, edits) -> None:
    assert keys(make_plan(PLANS[name].study, Edited(**edits))) == keys(PLANS[name])


# What changes → edit of study or catalogue, label of a stage that must change, label of one that must not.
SPLIT = "0" * 64
CHANGES = {
    "learning rate": (
        lambda data: data["training"]["mini_pos"].update(learning_rate=0.5), {},
        "finetune mini_pos · none · mini · seed 1", "finetune mini_ner · none · mini · seed 1",
    ),
    "learning rate of an arm": (
        lambda data: data["intermediate"]["nli"]["training"].update(learning_rate=0.5), {},
        "evaluate mini_pos la · nli · mini · seed 1", "evaluate mini_pos la · qa · mini · seed 1",
    ),
    "digest of training rows": (
        None, {"tasks_mini_pos": lambda task: first_file(task, "train").update(sha256=SPLIT)},
        "evaluate mini_pos la · none · mini · seed 1", "intermediate all · mini · seed 1",
    ),
    "digest of test rows": (
        None, {"tasks_mini_pos": lambda task: first_file(task, "test", "la").update(sha256=SPLIT)},
        "evaluate mini_pos la · none · mini · seed 1", "evaluate mini_pos lb · none · mini · seed 1",
    ),
    "version of a task": (
        None, {"tasks_mini_pos": lambda task: task.update(version=99)},
        "evaluate mini_pos la · none · mini · seed 1", "evaluate mini_ner la · none · mini · seed 1",
    ),
    "option of a task": (
        None, {"tasks_mini_pos": lambda task: task["options"].update(max_length=77)},
        "finetune mini_pos · none · mini · seed 1", "finetune mini_ner · none · mini · seed 1",
    ),
    "seed of the encoder": (
        None, {"models_mini": lambda model: model["trained"].update(seed=99)},
        "evaluate mini_ner la · none · mini · seed 1", "trivial baselines mini_nli",
    ),
    "layer for retrieval": (
        None, {"models_mini": lambda model: model["retrieval"].update(layer=1)},
        "evaluate mini_retrieval la · nli · mini · seed 1", "evaluate mini_ner la · nli · mini · seed 1",
    ),
    "pooling": (
        None, {"models_mini": lambda model: model.update(pooling="first" if model["pooling"] != "first" else "mean")},
        "finetune mini_nli · none · mini · seed 1", "pretrain mini",
    ),
    "number of test rows": (
        lambda data: data.update(max_test_examples={"mini_ner": 17}), {},
        "evaluate mini_ner la · none · mini · seed 1", "finetune mini_ner · none · mini · seed 1",
    ),
    "version of a family": (
        None, {"harness.families.token_classification": 99},
        "evaluate mini_pos la · none · mini · seed 1", "evaluate mini_qa la · none · mini · seed 1",
    ),
    "version of a metric": (
        None, {"harness.metrics.chunk_f1": 99},
        "evaluate mini_ner la · none · mini · seed 1", "evaluate mini_qa la · none · mini · seed 1",
    ),
    "version of a reader": (
        None, {"harness.readers.jsonl_rows": 99}, "pretrain mini", None,
    ),
    "version of the loop": (
        None, {"harness.training.loop": 99}, "pretrain mini", "trivial baselines mini_nli",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "others", "changed", "kept"), CHANGES.values(), ids=CHANGES)
def test_what_is_in_a_key(edit, others, changed, kept, monkeypatch) -> None:
    study = edited(MINI, edit) if edit else MINI
    versions = {name: value for name, value in others.items() if "." in name}
    true = plugin.version
    monkeypatch.setattr(plugin, "version", lambda package, name: versions.get(f"{package}.{name}") or true(package, name))
    plan = make_plan(study, Edited(**{name: value for name, value in others.items() if "." not in name}))
    now, then = ({stage.label: stage.key for stage in p.stages} for p in (plan, PLANS["mini"]))
    assert now[changed] != then[changed]
    if kept in then:
        assert now[kept] == then[kept]


def test_another_seed_adds_stages_and_changes_none() -> None:
    more = make_plan(edited(MINI, lambda data: data["vary"]["seed"].append(99)), CATALOG)
    added = keys(more) - keys(PLANS["mini"])
    assert keys(PLANS["mini"]) < keys(more)
    assert all("seed 99" in stage.label for stage in more.stages if stage.key in added)
    assert {stage.kind for stage in more.stages if stage.key in added} == {"intermediate", "finetune", "evaluate"}


def test_another_language_adds_evaluations_alone() -> None:
    fewer = make_plan(edited(MINI, lambda data: data.update(languages=["en", "la"])), CATALOG)
    more = make_plan(edited(MINI, lambda data: data.update(languages=["en", "la", "lb"])), CATALOG)
    runs = [stage for stage in fewer.stages if stage.kind != "trivial"]
    assert {stage.key for stage in runs} < keys(more)
    added = [stage for stage in more.stages if stage.key not in keys(fewer) and stage.kind != "trivial"]
    assert {(stage.kind, stage.params["language"]) for stage in added} == {("evaluate", "lb")}


def test_another_target_or_arm_adds_and_changes_nothing() -> None:
    for field in ("target", "intermediate"):
        values = getattr(MINI.vary, field)
        gone = values[-1]

        def without(data: dict[str, Any], field: str = field, gone: str = gone) -> None:
            data["vary"][field].remove(gone)
            data["training"].pop(gone, None)

        assert keys(make_plan(edited(MINI, without), CATALOG)) < keys(PLANS["mini"])


def test_translated_rows_and_masked_lm_are_in_the_key() -> None:
    base = {stage.label: stage for stage in PLANS["mini"].stages}["intermediate nli · mini · seed 1"]
    for change in ({"translate_to": ["la"]}, {"mlm": {"task": "mini_pretrain_n1", "fraction": 0.5}}):
        plan = make_plan(edited(MINI, lambda data, change=change: data["intermediate"]["nli"].update(change)), CATALOG)
        stage = {stage.label: stage for stage in plan.stages}[base.label]
        assert stage.key != base.key
        assert stage.inputs == base.inputs


class TestFinetunedAsAnother:
    """One training on SQuAD serves XQuAD and MLQA."""

    def test_its_encoder_is_the_other_ones(self) -> None:
        by_target = {run.spec.target: run for run in PLANS["paper"].runs if run.arm == BASELINE and run.spec.seed == 1}
        assert by_target["mlqa"].finetune is by_target["xquad"].finetune
        assert {stage.inputs for stage in by_target["mlqa"].evaluate.values()} == {(by_target["xquad"].finetune.key,)}

    def test_alone_it_is_trained_all_the_same(self) -> None:
        alone = edited(PLANS["paper"].study, lambda data: data["vary"].update(target=["mlqa"]))
        alone = alone.model_copy(update={"training": {"xquad": alone.training["xquad"]}})
        plan = make_plan(alone, CATALOG)
        assert {stage.label.split()[1] for stage in plan.stages if stage.kind == "finetune"} == {"xquad"}
        assert keys(plan, "finetune") <= keys(PLANS["paper"], "finetune")
        assert "xquad" in CATALOG.read_by(alone)

    def test_its_trivial_baseline_learns_from_the_same_rows(self) -> None:
        plan = PLANS["open"]
        assert plan.trivial["masakhaner"].params["train"] == plan.trivial["panx"].params["train"]


def test_candidates_of_no_question_are_in_the_key() -> None:
    study = PLANS["xtreme-r"].study
    (label,) = {
        s.label for s in PLANS["xtreme-r"].stages if s.label.startswith("evaluate mewslix de · none · xlmr-large · seed 1")
    }
    stage = next(s for s in PLANS["xtreme-r"].stages if s.label == label)
    assert list(stage.params["candidates"]) == ["mul"]
    other = Edited(tasks_mewslix=lambda task: task["splits"]["candidates"]["mul"][0].update(n=7))
    changed = next(s for s in make_plan(study, other).stages if s.label == label)
    assert changed.params["data"] == stage.params["data"]
    assert changed.key != stage.key
