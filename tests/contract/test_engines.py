"""What every engine keeps: one outcome a stage, parents first, and a worker that dies fails its own stage alone."""

from __future__ import annotations

import importlib
import inspect
import os
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from harness import plugin
from harness.engines import Engine, Function, Options
from harness.records import Failure, Outcome, Stage, Success

ENGINES = plugin.names("harness.engines")
every_engine = pytest.mark.parametrize("name", ENGINES)
# A module of its own, since a worker process imports the function by name.
WORK = """
    import json, os, signal, time
    from harness.records import Stage

    def work(text):
        stage = Stage.from_json(json.loads(text))
        do = stage.params["do"]
        with open(stage.params["log"], "a") as log:
            print(stage.label, file=log)
        if do == "fail":
            return json.dumps({"failure": {"message": "no luck", "traceback": "line 1", "log": "a.log"}})
        if do == "exit":
            os._exit(7)
        if do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if do == "raise":
            raise ValueError("not caught by the function")
        return json.dumps({"success": {"key": stage.key, "computed": True, "seconds": 0.5, "doubts": ["a doubt"]}})
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("work")
    (folder / "contract_work.py").write_text(textwrap.dedent(WORK))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("contract_work").work


@pytest.fixture
def make(name: str, tmp_path: Path) -> Callable[[int], Engine]:
    """Return what makes the engine for a number of jobs; skip where it needs an image that is not there."""
    image = os.environ.get("HARNESS_TEST_IMAGE", "")
    if name == "container" and not image:
        pytest.skip("no container engine with an image of this program: HARNESS_TEST_IMAGE is not set (make container-test)")
    return lambda jobs: plugin.load("harness.engines", name).make(jobs, Options(tmp_path / "store", image))


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Stage]:
    def make(label: str, *parents: Stage, do: str = "succeed", kind: str = "finetune") -> Stage:
        params = {"do": do, "label": label, "log": str(tmp_path / "log")}
        return Stage(kind, params, tuple(parent.key for parent in parents), label)

    return make


def labels(outcomes: Sequence[Outcome], stages: Sequence[Stage], kind: type) -> list[str]:
    by_key = {stage.key: stage.label for stage in stages}
    keys = [o.key if isinstance(o, Success) else o.stage.key for o in outcomes if isinstance(o, kind)]
    return [by_key[key] for key in keys]


@every_engine
def test_it_has_the_shape_of_an_engine(make) -> None:
    engine = make(2)
    assert callable(engine.compute)
    promised = inspect.signature(Engine.map).parameters
    assert list(inspect.signature(engine.map).parameters) == list(promised)[1:]


@every_engine
@pytest.mark.parametrize("jobs", [1, 3])
def test_all_well(make, jobs, work, stage, tmp_path) -> None:
    root = stage("root", kind="pretrain")
    arms = [stage(f"arm {i}", root, kind="intermediate") for i in range(2)]
    stages = [root, *arms, *(stage(f"leaf {i}", arm, kind="evaluate") for i, arm in enumerate(arms))]
    watched: list[str] = []
    engine = make(jobs)
    found = list(engine.map(work, stages, lambda running: watched.extend(s.label for s in running)))
    assert sorted(labels(found, stages, Success)) == sorted(s.label for s in stages)
    assert all(outcome.computed and outcome.doubts == ("a doubt",) for outcome in found)
    started = (tmp_path / "log").read_text().splitlines()
    assert len(started) == len(stages)
    assert all(started.index("root") < started.index(f"arm {i}") < started.index(f"leaf {i}") for i in range(2))
    assert set(watched) == {s.label for s in stages}


@every_engine
@pytest.mark.parametrize(
    ("do", "said"), [("fail", "no luck"), ("exit", "exit status 7"), ("kill", "SIGKILL"), ("raise", "exit status 1")]
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_one_failure_holds_up_its_dependents_alone(make, do, said, jobs, work, stage, tmp_path, capfd) -> None:
    bad = stage("bad", do=do)
    child = stage("child", bad, kind="evaluate")
    grandchild = stage("grandchild", child, kind="trivial")
    good = [stage(f"good {i}") for i in range(2)]
    leaf = stage("leaf", good[1], kind="evaluate")
    stages = [bad, *good, child, leaf, grandchild]
    found = list(make(jobs).map(work, stages))
    assert labels(found, stages, Failure) == ["bad"]
    assert sorted(labels(found, stages, Success)) == ["good 0", "good 1", "leaf"]
    (failure,) = (outcome for outcome in found if isinstance(outcome, Failure))
    assert said in failure.message
    assert not {"child", "grandchild"} & set((tmp_path / "log").read_text().splitlines())


@every_engine
def test_no_stages(make, work) -> None:
    assert list(make(2).map(work, [])) == []


@every_engine
def test_who_stops_listening_stops_the_workers(make, work, stage, tmp_path) -> None:
    stages = [stage(f"stage {i}") for i in range(5)]
    outcomes = make(1).map(work, stages)
    assert isinstance(next(outcomes), Success)
    outcomes.close()
    assert len((tmp_path / "log").read_text().splitlines()) < len(stages)
