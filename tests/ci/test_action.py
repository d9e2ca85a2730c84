"""The GitHub action and the workflows: what they may use, and their scripts run as a runner would run them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "action.yml", *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
# What GitHub runs for `shell: bash`; workflows without a shell lack the last option.
BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def steps_of(path: Path) -> list[dict[str, Any]]:
    document = load(path)
    return (
        document["runs"]["steps"] if "runs" in document else [s for job in document["jobs"].values() for s in job["steps"]]
    )


def step(path: Path, name: str) -> dict[str, Any]:
    return next(step for step in steps_of(path) if step["name"] == name)


@dataclass(frozen=True)
class Done:
    """What a step left behind."""

    code: int
    text: str
    outputs: dict[str, str]
    summary: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a step of the action, its `env:` given by name, in a folder with specs and claims."""
    for name in ("outputs", "summary"):
        (tmp_path / name).touch()

    def do(name: str, **variables: str | Path) -> Done:
        own = step(ROOT / "action.yml", name)
        assert set(own["env"]) <= set(variables)
        files = {"GITHUB_OUTPUT": tmp_path / "outputs", "GITHUB_STEP_SUMMARY": tmp_path / "summary"}
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            **{k: str(v) for k, v in (files | variables).items()},
        }
        command = [*BASH, "-c", own["run"]]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        pairs = (line.partition("=") for line in (tmp_path / "outputs").read_text().splitlines())
        outputs = {key: value for key, _, value in pairs}
        return Done(done.returncode, done.stdout + done.stderr, outputs, (tmp_path / "summary").read_text())

    return do


@pytest.fixture
def programs(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes shell scripts into a folder of programs, and returns the folder."""

    def make(**scripts: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name, text in scripts.items():
            (folder / name).write_text(f"#!/bin/bash\n{text}\n")
            (folder / name).chmod(0o755)
        return folder

    return make


VERIFY = {"CLAIMS": "claims.yaml", "STUDY": "mini", "ALLOW": "", "STORE": "store", "FORMAT": "table", "OUT": "verdicts"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_foreign_and_nothing_injected(path: Path) -> None:
    for own in steps_of(path):
        assert own.get("uses", "./") == "./"
        script = own.get("run", "")
        assert "${{" not in script
        assert subprocess.run(["bash", "-n", "-c", script], check=False).returncode == 0
        if path.name == "action.yml":
            assert own["shell"] == "bash"
            named = set(re.findall(r"\$\{?([A-Z_]+)", script)) - {
                "PATH",
                "GITHUB_OUTPUT",
                "GITHUB_STEP_SUMMARY",
                "RUNNER_TOOL_CACHE",
            }
            assert named == set(own["env"]) - {"BIN"} or named == set(own["env"])


def test_inputs_are_used_and_explained() -> None:
    action = load(ROOT / "action.yml")
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    guide = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    for name, given in action["inputs"].items():
        assert given["description"]
        assert isinstance(given["default"], str)
        assert f"inputs.{name}" in text
        assert f"`{name}`" in guide
    (own,) = [s for s in steps_of(ROOT / ".github" / "workflows" / "verify.yml") if "uses" in s]
    assert set(own["with"]) <= set(action["inputs"])
    assert all(permission == "read" for name, permission in load(FILES[1])["permissions"].items())


def test_claims_are_judged_once_and_everything_is_written(run: Run, programs: Callable[..., Path], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    shutil.copy(ROOT / "claims.yaml", tmp_path)
    done = run("Verify", BIN=programs(harness=f'echo once >> calls; exec {sys.executable} -m harness "$@"'), **VERIFY)
    assert (done.code, done.outputs) == (0, {"exit-code": "3"}), done.text
    assert (tmp_path / "calls").read_text() == "once\n"
    assert sorted(path.name for path in (tmp_path / "verdicts").iterdir()) == [
        "junit.xml", "summary.md", "verdicts.json", "verdicts.sarif",
    ]  # fmt: skip
    assert done.summary == (tmp_path / "verdicts" / "summary.md").read_text()
    assert "What would decide the rest" in done.text


@pytest.mark.parametrize(
    ("code", "fails"), [(0, False), (1, False), (3, False), (2, True), (4, True), (5, True), (130, True)]
)
def test_a_verdict_is_no_failure_of_the_step(code: int, fails: bool, run: Run, programs: Callable[..., Path]) -> None:
    folder = programs(harness=f"mkdir -p verdicts; echo shown > verdicts/summary.md; exit {code}")
    done = run("Verify", BIN=folder, **VERIFY)
    assert done.code == (code if fails else 0)
    assert done.outputs == {"exit-code": str(code)}
    assert done.summary == ("" if fails else "shown\n")


@pytest.mark.parametrize("code", ["0", "1", "3"])
def test_the_verdict_is_the_exit_code(code: str, run: Run) -> None:
    assert run("Verdict", CODE=code).code == int(code)


def test_inputs_are_never_read_as_shell(run: Run, programs: Callable[..., Path], tmp_path: Path) -> None:
    nasty = "$(touch pwned)`touch pwned`; touch pwned; \"'"
    folder = programs(harness='printf "%s\\n" "$@" > arguments; exit 2')
    run("Verify", BIN=folder, **{**dict.fromkeys(VERIFY, nasty), "CLAIMS": "--study"})
    assert not (tmp_path / "pwned").exists()
    options = ["--store", nasty, "verify", "--format", nasty, "--allow", nasty, "--write", nasty, "--study", nasty]
    assert (tmp_path / "arguments").read_text().splitlines() == [*options, "--", "--study"]


def test_without_a_study_all_count(run: Run, programs: Callable[..., Path], tmp_path: Path) -> None:
    folder = programs(harness='printf "%s\\n" "$@" > arguments; exit 2')
    run("Verify", BIN=folder, **{**VERIFY, "STUDY": ""})
    assert "--study" not in (tmp_path / "arguments").read_text()


@pytest.mark.parametrize(
    ("remote", "command", "expected"),
    [
        ("archive", "", ["pull --remote archive store"]),
        ("s3://bucket/x", "", ["remote add --local --force verify s3://bucket/x", "pull --remote verify store"]),
        ("/mnt/share", "", ["remote add --local --force verify /mnt/share", "pull --remote verify store"]),
        ("", "dvc fetch | cat", ["fetch"]),
    ],
)
def test_the_store_is_pulled(
    remote: str, command: str, expected: list[str], run: Run, programs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = programs(dvc='echo "$*" >> calls')
    done = run("Pull the store", BIN=folder, DVC_REMOTE=remote, PULL_COMMAND=command, STORE="store")
    assert done.code == 0, done.text
    assert (tmp_path / "calls").read_text().splitlines() == expected


def test_a_failed_pull_stops(run: Run, programs: Callable[..., Path]) -> None:
    folder = programs(dvc="exit 9")
    assert run("Pull the store", BIN=folder, DVC_REMOTE="x", PULL_COMMAND="", STORE="store").code == 9
    assert run("Pull the store", BIN=folder, DVC_REMOTE="", PULL_COMMAND="false; true", STORE="store").code == 1


def test_python_is_found(run: Run, tmp_path: Path) -> None:
    program = tmp_path / "tools" / "Python" / "3.99.1" / "x64" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.symlink_to("/bin/true")
    done = run("Find Python", PYTHON_VERSION="3.99", RUNNER_TOOL_CACHE=tmp_path / "tools")
    assert (done.code, done.outputs) == (0, {"path": str(program)})
    done = run("Find Python", PYTHON_VERSION="3.98", RUNNER_TOOL_CACHE=tmp_path / "tools")
    assert done.code == 4
    assert "no Python 3.98" in done.text


def test_installing_is_what_make_does(run: Run, programs: Callable[..., Path], tmp_path: Path) -> None:
    folder = programs(make='printf "%s\\n" "$@" > arguments')
    path = f"{folder}:{os.environ['PATH']}"
    run("Install", ACTION="/an action", PYTHON="/a python", LOCK="", PATH=path)
    assert (tmp_path / "arguments").read_text().splitlines() == ["-C", "/an action", ".venv", "PYTHON=/a python", "LOCK="]


@pytest.mark.skipif(not shutil.which("jq"), reason="no jq")
def test_sarif_is_sent_as_github_wants_it(programs: Callable[..., Path], tmp_path: Path) -> None:
    folder = programs(gh='echo "$*" > arguments; cat > sent')
    (tmp_path / "verdicts").mkdir()
    log = json.dumps({"version": "2.1.0", "text": "字" * 200_000})
    (tmp_path / "verdicts" / "verdicts.sarif").write_text(log, encoding="utf-8")
    own = step(ROOT / ".github" / "workflows" / "verify.yml", "Upload SARIF")
    given = {"GITHUB_SHA": "c0ffee", "GITHUB_REF": "refs/heads/main", "GITHUB_REPOSITORY": "o/r", "GH_TOKEN": "x"}
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", **given}
    subprocess.run(["bash", "-e", "-c", own["run"]], cwd=tmp_path, env=environment, check=True)
    sent = json.loads((tmp_path / "sent").read_text())
    assert (tmp_path / "arguments").read_text() == "api --method POST --input - repos/o/r/code-scanning/sarifs\n"
    assert {k: v for k, v in sent.items() if k != "sarif"} == {"commit_sha": "c0ffee", "ref": "refs/heads/main"}
    assert gzip.decompress(base64.b64decode(sent["sarif"])).decode() == log
