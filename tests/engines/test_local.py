"""The local engine: parents first, one failure fails one stage, and no process outlives the work."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from harness.engines import Options, local
from harness.records import Failure, Stage, Success

NOWHERE = Options(Path("nowhere"))


@pytest.fixture
def functions(monkeypatch) -> Any:
    """Return the module of worker functions, importable in the workers too."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import engine_functions

    return engine_functions


def make(name: str, kind: Any = "finetune", *parents: Stage, **what: Any) -> Stage:
    return Stage(kind, {"name": name, **what}, tuple(parent.key for parent in parents), name)


def log(path: Path) -> dict[str, dict[str, Any]]:
    entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {entry["name"]: entry for entry in entries}


def test_parents_come_before_children_and_all_come_once(functions, tmp_path) -> None:
    pretrain, trivial = make("p", "pretrain"), make("t", "trivial")
    intermediate = make("i", "intermediate", pretrain)
    f1, f2 = (make(name, "finetune", intermediate) for name in ("f1", "f2"))
    stages = [make("e1", "evaluate", f1), f1, make("e2", "evaluate", f2), f2, intermediate, pretrain, trivial]
    names = {stage.key: stage.label for stage in stages}
    outcomes = list(local.make(2, NOWHERE).map(functions.Behave(tmp_path / "log"), stages))
    assert sorted(o.key for o in outcomes if isinstance(o, Success)) == sorted(s.key for s in stages)
    assert outcomes[0] == Success(outcomes[0].key, computed=True, seconds=1.5, doubts=("hm",))
    seen = log(tmp_path / "log")
    for stage in stages:
        for parent in stage.inputs:
            assert seen[names[parent]]["ended"] <= seen[stage.label]["began"]
    assert multiprocessing.active_children() == []


def test_two_stages_run_at_once(functions, tmp_path) -> None:
    stages = [make(f"f{i}", seconds=0.4) for i in range(2)]
    running: list[int] = []
    list(local.make(2, NOWHERE).map(functions.Behave(tmp_path / "log"), stages, lambda now: running.append(len(now))))
    first, second = log(tmp_path / "log").values()
    assert first["pid"] != second["pid"]
    assert max(running) == 2


def test_a_worker_keeps_to_the_parent_that_it_holds(functions, tmp_path) -> None:
    parents = [make(f"p{i}", "finetune") for i in range(2)]
    leaves = [make(f"{language} of {p.label}", "evaluate", p) for language in "abc" for p in parents]
    list(local.make(1, NOWHERE).map(functions.Behave(tmp_path / "log"), [*parents, *leaves]))
    assert [name[-2:] for name in log(tmp_path / "log")] == ["p0", "p1", "p0", "p0", "p0", "p1", "p1", "p1"]


def test_what_nothing_waits_for_comes_last(functions, tmp_path) -> None:
    trivial, pretrain = make("trivial", "trivial"), make("pretrain", "pretrain")
    list(
        local.make(1, NOWHERE).map(
            functions.Behave(tmp_path / "log"), [trivial, pretrain, make("leaf", "evaluate", pretrain)]
        )
    )
    assert list(log(tmp_path / "log")) == ["pretrain", "leaf", "trivial"]


def test_children_of_a_failure_are_left_out_and_the_rest_goes_on(functions, tmp_path) -> None:
    bad, good = make("bad", fails=True), make("good")
    stages = [bad, make("child", "evaluate", bad), good, make("its child", "evaluate", good)]
    outcomes = list(local.make(1, NOWHERE).map(functions.Behave(tmp_path / "log"), stages))
    failures = [o for o in outcomes if isinstance(o, Failure)]
    assert [(f.stage.label, f.message, f.log) for f in failures] == [("bad", "it failed", "a/log")]
    assert sorted(log(tmp_path / "log")) == ["bad", "good", "its child"]


@pytest.mark.parametrize(("how", "said"), [("dies", "SIGKILL: out of memory"), ("leaves", "exit status 7")])
def test_a_dead_worker_fails_its_own_stage_only(how, said, functions, tmp_path) -> None:
    stages = [make("a"), make("b", **{how: True}), make("c"), make("d")]
    outcomes = list(local.make(1, NOWHERE).map(functions.Behave(tmp_path / "log"), stages))
    (failure,) = [o for o in outcomes if isinstance(o, Failure)]
    assert failure.stage.label == "b"
    assert said in failure.message
    assert "the same command goes on from the last checkpoint" in failure.message
    assert sorted(log(tmp_path / "log")) == ["a", "c", "d"]


def test_a_worker_that_dies_before_its_first_stage_is_a_failure_too(functions) -> None:
    outcomes = list(local.make(2, NOWHERE).map(functions.Unloadable(), [make("a"), make("b"), make("c")]))
    assert [type(o) for o in outcomes] == [Failure] * 3
    assert all("exit status 3" in o.message for o in outcomes)
    assert multiprocessing.active_children() == []


def test_whoever_stops_listening_stops_the_workers(functions, tmp_path) -> None:
    stages = [make("quick"), *(make(f"slow{i}", seconds=60) for i in range(3))]
    outcomes = local.make(2, NOWHERE).map(functions.Behave(tmp_path / "log"), stages)
    assert isinstance(next(outcomes), Success)
    outcomes.close()
    assert multiprocessing.active_children() == []
    assert sorted(log(tmp_path / "log")) == ["quick"]


def test_nothing_to_do_starts_nothing(functions, tmp_path) -> None:
    assert list(local.make(4, NOWHERE).map(functions.Behave(tmp_path / "log"), [])) == []
