"""Stages in containers: the same bytes as outside, and nothing left behind, whoever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness import provenance
from harness.engines import Options, _docker, container
from harness.errors import HarnessError, SpecError
from harness.execute import execute, execute_text
from harness.records import Failure, Stage, Success
from harness.store import Store


@pytest.fixture
def run(tree, tmp_path, image) -> Callable[..., list[Any]]:
    """Return a function that runs stages in containers and returns the outcomes."""

    def go(stages: list[Stage], jobs: int = 2, **options: Any) -> list[Any]:
        store = tmp_path / "store"
        engine = container.make(jobs, Options(store, image, **options))
        function = partial(execute_text, store=store, data=tree.data.root, checkpoint_seconds=0.0, how=engine.compute)
        return list(engine.map(function, stages))

    return go


def family(tree: Any, *labels: str) -> list[Stage]:
    """Return the first stages whose labels begin so."""
    stages = tree.plan().stages
    return [next(stage for stage in stages if stage.label.startswith(label)) for label in labels]


CHAIN = ("pretrain tiny", "intermediate nli", "finetune tiny_nli · nli", "evaluate tiny_nli la · nli", "trivial")


def test_the_same_stages_give_the_same_bytes_inside_and_outside(tree, run, tmp_path, client, image) -> None:
    stages = family(tree, *CHAIN)
    assert stages[3].inputs == (stages[2].key,)
    outcomes = run(stages)
    assert sorted(o.key for o in outcomes if isinstance(o, Success)) == sorted(stage.key for stage in stages), outcomes
    inside, outside = Store(tmp_path / "store"), Store(tmp_path / "outside")
    for stage in stages:
        assert isinstance(execute(stage, outside, tree.data, checkpoint_seconds=0.0), Success)
    assert inside.verify() == []
    same = 0
    for stage in stages:
        a, b = (store.manifest(store.path(stage)) for store in (inside, outside))
        weights = {name: digest for name, digest in a.outputs.items() if name.endswith((".safetensors", "scores.json"))}
        assert weights == {name: b.outputs[name] for name in weights}
        same += len(weights)
        assert set(a.outputs) == set(b.outputs)
        assert b.image is None
        assert a.image is not None
        assert a.image["id"] == client.images.get(image).id
        assert len(a.image["lock"]) == 64
        assert a.environment["lock"] == a.image["lock"], a.environment["outside_lock"]
        assert a.environment["threads"] == b.environment["threads"]
        assert (inside.path(stage) / "manifest.json").stat().st_uid == os.getuid()
    assert same >= 5
    assert not list((tmp_path / "store" / "work").glob("*"))


def test_a_stage_that_raises_says_so_with_the_traceback_from_inside(tree, run) -> None:
    (stage,) = family(tree, "pretrain tiny")
    broken = Stage(stage.kind, {**stage.params, "model_type": "nosuch"}, (), "broken")
    (outcome,) = run([broken])
    assert isinstance(outcome, Failure)
    assert "nosuch" in outcome.message
    assert "harness/stages/pretrain.py" in outcome.traceback
    assert outcome.log.endswith(f"{broken.key}.json")


def test_memory_and_time_that_run_out_are_told_apart_and_the_same_command_goes_on(tree, run) -> None:
    (stage,) = family(tree, "pretrain tiny")
    (outcome,) = run([stage], memory_bytes=96 << 20)
    assert isinstance(outcome, Failure)
    assert "it wanted more than 0.1 GiB of memory: raise --memory or lower --jobs" in outcome.message
    (outcome,) = run([stage], timeout_seconds=1.5)
    assert isinstance(outcome, Failure)
    assert "not done within --timeout 1.5 seconds; the same command goes on" in outcome.message
    assert [type(o) for o in run([stage])] == [Success]


def test_an_image_of_something_else_is_refused_before_anything_runs(tree, small, tmp_path, image, monkeypatch) -> None:
    with pytest.raises(HarnessError, match="is no image of this program"):
        container.make(1, Options(tmp_path / "store", small))
    monkeypatch.setattr(provenance, "source", lambda: "0123456789abcdef" * 4)
    with pytest.raises(HarnessError, match=r"holds other code \([0-9a-f]{12}\) than this program \(0123456789ab\)"):
        container.make(1, Options(tmp_path / "store", image))


@pytest.mark.parametrize("gpus", ["some", "0", "-1", ""])
def test_a_number_of_gpus_that_is_none_is_refused(gpus, tmp_path) -> None:
    with pytest.raises(SpecError, match="it is `none`, `all` or a number"):
        container.make(1, Options(tmp_path, gpus=gpus))


class Running:
    """`harness run --engine container` in a process of its own, with a stage that takes long."""

    def __init__(self, tree: Any, store: Path, image: str) -> None:
        model = tree.read("models", "tiny")
        model["trained"]["training"]["max_steps"] = 100_000
        tree.write("models", "slow", {**model, "name": "slow"})
        study = tree.read("studies", "small")
        vary = {**study["vary"], "encoder": ["slow"]}
        tree.write("studies", "slow", {**study, "vary": vary})
        self.store = store
        command = [sys.executable, "-m", "harness", "--store", str(store), "--data", str(tree.data.root)]
        command += ["--specs", str(tree.specs), "run", "slow", "--engine", "container", "--image", image, "--jobs", "2"]
        command += ["--checkpoint-seconds", "0.5"]
        # A shell that starts tests in the background has them ignore Ctrl-C, and what they start as well.
        command = ["env", "--default-signal=INT", *command]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def keys(self, client: Any) -> set[str]:
        return _docker.labelled(client, {container.STORE: str(self.store.resolve())}, container.KEY)

    def wait_for_a_training(self, client: Any) -> None:
        for _ in range(900):
            if any((self.store / "work").glob("*/progress")):
                assert self.keys(client)
                return
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.1)
        raise AssertionError("no training began")


@pytest.fixture
def running(tree, tmp_path, image) -> Any:
    started = Running(tree, tmp_path / "store", image)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.communicate()


def test_ctrl_c_leaves_no_container_behind(running, client) -> None:
    running.wait_for_a_training(client)
    os.killpg(running.process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, said = running.process.communicate(timeout=60)
    assert running.process.returncode == 130, said
    assert "interrupted: what is finished is in the store" in said
    assert running.keys(client) == set()


def test_what_a_killed_harness_leaves_is_removed_by_the_next_one(running, client, image) -> None:
    running.wait_for_a_training(client)
    running.process.kill()
    running.process.communicate()
    left = running.keys(client)
    assert left
    locks = running.store / "locks"
    for _ in range(100):  # the workers are gone when their locks are free
        with Store(running.store).lock_if_free(next(iter(left))) as free:
            if free:
                break
        time.sleep(0.1)
    assert locks.is_dir()
    container.make(1, Options(running.store, image))
    assert running.keys(client) == set()


def test_containers_of_a_run_that_is_still_going_are_left_alone(running, client, image) -> None:
    running.wait_for_a_training(client)
    before = running.keys(client)
    container.make(1, Options(running.store, image))
    assert running.keys(client) >= before
    assert running.process.poll() is None


@pytest.mark.slow  # the whole way, from the shipped study's specs to verdicts, and half of it again
def test_claims_are_verified_on_the_embedded_study_cut_down(tmp_path, image, repository) -> None:
    """One run of the embedded study in all languages: its weights as outside, the image in the report, and a verdict."""

    def harness(store: str, *arguments: str) -> str:
        place = ["--store", str(tmp_path / store), "--data", str(tmp_path / "data")]
        command = [sys.executable, "-m", "harness", *place, *arguments, "--limit", "16"]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 3), done.stderr
        return done.stdout

    run = ("run", "mini", "--jobs", "2", "--only")
    harness("inside", *run, "evaluate mini_ner * · qa · mini · seed 1", "--engine", "container", "--image", image)
    harness("outside", *run, "finetune mini_ner · qa · mini · seed 1")
    inside, outside = Store(tmp_path / "inside"), Store(tmp_path / "outside")
    entries = list(inside.entries())
    assert {entry.parent.name for entry in entries} == {"pretrain", "intermediate", "finetune", "evaluate"}
    trained = list(outside.entries())
    assert len(trained) == 3
    for entry in trained:
        a, b = inside.manifest(inside.root / entry.relative_to(outside.root)), outside.manifest(entry)
        weights = [name for name in a.outputs if name.endswith(".safetensors")]
        assert weights
        assert {name: a.outputs[name] for name in weights} == {name: b.outputs[name] for name in weights}
    harness("inside", "report", "mini", "--out", str(tmp_path / "report"))
    (image_id,) = {inside.manifest(entry).image["id"] for entry in entries}
    assert image_id in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    judged = json.loads(harness("inside", "verify", "claims.yaml", "--study", "mini", "--format", "json"))
    assert {claim["id"]: claim["outcome"] for claim in judged["claims"]}["C8"] == "reproduced"
