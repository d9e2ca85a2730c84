"""The workflows that release: their scripts run as a runner would, with programs of our own in place of docker and gh."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = {path.stem: YAML(typ="safe").load(path.read_text()) for path in (ROOT / ".github/workflows").glob("*.yml")}
BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c"]
IMAGE = "ghcr.io/owner/harness"
DIGEST = "sha256:" + "0123456789abcdef" * 4


def steps(workflow: str) -> list[dict[str, Any]]:
    return [step for job in WORKFLOWS[workflow]["jobs"].values() for step in job["steps"]]


@dataclass(frozen=True)
class Done:
    """What a step left behind."""

    code: int
    text: str
    outputs: str
    summary: str
    calls: list[str]


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a step, with shell scripts as the programs that it calls."""
    for name in ("outputs", "summary", "calls", "work/harness", "bin"):
        path = tmp_path / name
        path.mkdir(parents=True) if name in ("work/harness", "bin") else path.touch()

    def do(workflow: str, name: str, programs: dict[str, str] | None = None, **variables: str) -> Done:
        (own,) = [step for step in steps(workflow) if step["name"] == name]
        assert set(own.get("env", {})) <= set(variables)
        for program, text in (programs or {}).items():
            file = tmp_path / "bin" / program
            file.write_text(f'#!/bin/bash\necho "{program} $*" >> {tmp_path}/calls\n{text}\n')
            file.chmod(0o755)
        given = {
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(tmp_path / "outputs"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_SHA": "c0ffee",
            **variables,
        }
        done = subprocess.run(
            [*BASH, own["run"]], cwd=tmp_path / "work", env=given, capture_output=True, text=True, check=False
        )
        read = {file: (tmp_path / file).read_text() for file in ("outputs", "summary", "calls")}
        return Done(done.returncode, done.stdout + done.stderr, read["outputs"], read["summary"], read["calls"].splitlines())

    return do


def docker(*digests: str) -> dict[str, str]:
    """Return a docker that says these digests of an image, and writes down what it is told on stdin."""
    lines = "\\n".join(digests)
    return {"docker": f'case "$1 $2" in "image inspect") printf "{lines}\\n\\n" ;; "login "*) cat > token ;; esac'}


PUSH = {"IMAGE": "ghcr.io/Owner/harness", "REGISTRY_USER": "me", "REGISTRY_TOKEN": "secret"}


@pytest.mark.parametrize("workflow", ["release", "image"])
def test_permissions_are_the_least_that_do(workflow: str) -> None:
    own = WORKFLOWS[workflow]
    assert own["permissions"] == {}
    expected = {"release": {"contents": "write"}, "image": {"contents": "read", "packages": "write"}}
    assert [job["permissions"] for job in own["jobs"].values()] == [expected[workflow]]
    # The token is given to the one step that needs it.
    tokens = [step["name"] for step in steps(workflow) if re.search(r"token|secrets\.", str(step.get("env", "")))]
    assert tokens == [{"release": "Publish", "image": "Push"}[workflow]]


def test_the_image_is_pushed_and_named_by_digest(run: Run, tmp_path: Path) -> None:
    done = run("image", "Push", docker(f"other.example/harness@{DIGEST[:-1]}0", f"{IMAGE}@{DIGEST}"), **PUSH)
    assert done.code == 0, done.text
    assert done.outputs == f"reference={IMAGE}@{DIGEST}\n"
    assert f"`{IMAGE}@{DIGEST}`" in done.summary
    assert "docker push ghcr.io/owner/harness:c0ffee" in done.calls
    assert "docker logout ghcr.io" in done.calls
    assert (tmp_path / "work/token").read_text() == "secret\n"
    assert not [call for call in done.calls if "secret" in call]


@pytest.mark.parametrize("digests", [(), (f"other.example/harness@{DIGEST}",), (f"{IMAGE}@sha256:short",)])
def test_without_a_digest_nothing_is_named(digests: tuple[str, ...], run: Run) -> None:
    done = run("image", "Push", docker(*digests), **PUSH)
    assert done.code == 1
    assert "gave no digest" in done.text
    assert done.outputs == done.summary == ""


@pytest.mark.parametrize(("base", "fine"), [("", True), (f"base@{DIGEST}", True), ("base:latest", False), ("x y", False)])
def test_a_base_is_named_by_digest(base: str, fine: bool, run: Run, tmp_path: Path) -> None:
    (tmp_path / "work/requirements.lock").touch()
    (tmp_path / "listed").mkdir()
    done = run("image", "Build", docker(), BASE_IMAGE=base)
    assert done.code == (0 if fine else 1), done.text
    built = [call for call in done.calls if call.startswith("docker build")]
    assert len(built) == (2 if fine else 0)
    if fine:
        assert ("--build-arg BASE_IMAGE=" in built[0]) == bool(base)


@pytest.mark.parametrize(("tag", "code"), [("v1.2.3", 0), ("v1.2.4", 1), ("1.2.3", 1)])
def test_the_tag_is_the_version(tag: str, code: int, run: Run, tmp_path: Path) -> None:
    (tmp_path / "work/harness/__init__.py").write_text('__version__ = "1.2.3"\n')
    assert run("release", "The tag is the version", GITHUB_REF_NAME=tag).code == code


def test_the_version_is_where_the_workflow_looks() -> None:
    assert re.search(r'^__version__ = "[0-9.]+"$', (ROOT / "harness/__init__.py").read_text(), re.MULTILINE)


def test_what_is_released_is_listed_with_its_digest(run: Run, tmp_path: Path) -> None:
    for lock in ("requirements-cpu.lock", "requirements-cuda.lock"):
        (tmp_path / "work" / lock).write_text("pinned\n")
    tools = tmp_path / "tools/bin"
    tools.mkdir(parents=True)
    for name, text in {
        "python": 'test -n "$SOURCE_DATE_EPOCH"; mkdir dist; echo x > dist/x.whl',
        "cyclonedx-py": "echo {} > dist/sbom.cdx.json",
    }.items():
        (tools / name).write_text(f"#!/bin/bash\nset -e\n{text}\n")
        (tools / name).chmod(0o755)
    done = run("release", "Build", {"git": "echo 1700000000"})
    assert done.code == 0, done.text
    listed = [line.split()[1] for line in (tmp_path / "work/dist/SHA256SUMS").read_text().splitlines()]
    assert listed == ["requirements-cpu.lock", "requirements-cuda.lock", "sbom.cdx.json", "x.whl"]
