"""What the image is built from, and the part of a lock that goes into it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "scripts" / "runtime-lock"
TEXT = (ROOT / "Dockerfile").read_text()
LINES = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}")

both = pytest.mark.parametrize("name", ["requirements-cpu.lock", "requirements-cuda.lock"])


def runtime_lock(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, check=False)


def entries(text: str) -> dict[str, str]:
    """Return the text of every entry of a lock by the entry's name, in order."""
    return {
        canonicalize_name(name): rest for name, rest in re.findall(r"^([\w.-]+)==((?:.*\n)(?:[ ].*\n)*)", text, re.MULTILINE)
    }


def askers(entry: str) -> set[str]:
    """Return the names that an entry's comment gives as the reason for it."""
    return {canonicalize_name(name) for name in re.findall(r"^    #(?: via)?\s+([\w.-]+)", entry, re.MULTILINE)}


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) < 60


def test_the_base_is_pinned_and_nothing_else_is_fetched() -> None:
    (base,) = re.findall(r"^ARG BASE_IMAGE=(.*)$", TEXT, re.MULTILINE)
    assert re.fullmatch(r"[\w./:-]+@sha256:[0-9a-f]{64}", base)
    stages = {line.split(" AS ")[1] for line in LINES if " AS " in line}
    for line in (line for line in LINES if line.startswith("FROM ")):
        assert line.startswith("FROM --platform=linux/amd64 ${BASE_IMAGE}") or line.split()[1] in stages
    assert not re.search(r"^# *syntax", TEXT, re.MULTILINE)
    assert not re.search(r"://|--mount|index-url|\bADD\b|\b(curl|wget|apt|apt-get)\b", "\n".join(LINES))


def test_pip_asks_no_index_and_installs_what_is_locked() -> None:
    installs = [line for line in LINES if "pip install" in line]
    assert len(installs) == 2
    assert all("--no-index" in line for line in installs)
    assert "--require-hashes" in installs[0]
    assert "--no-deps" in installs[1]


def test_the_program_is_copied_after_its_packages_are_installed() -> None:
    order = [
        "COPY wheelhouse",
        "COPY runtime.lock",
        "RUN pip",
        "COPY harness",
        "COPY --from=packages",
        "COPY --from=program",
    ]
    order += ["COPY requirements.lock", "ARG COMMIT"]
    places = [next(i for i, line in enumerate(LINES) if line.startswith(start)) for start in order]
    assert places == sorted(places)
    # The folder of wheels is in no layer of the last stage.
    last = LINES[max(i for i, line in enumerate(LINES) if line.startswith("FROM ")) :]
    assert not [line for line in last if "wheelhouse" in line]


def test_it_runs_as_nobody_in_particular() -> None:
    users = [line for line in LINES if line.startswith("USER ")]
    assert users == ["USER 10001:10001"]
    assert 'ENTRYPOINT ["harness"]' in LINES
    assert "HARNESS_COMMIT=$COMMIT" in TEXT
    assert "org.opencontainers.image.base.name=$BASE_IMAGE" in TEXT
    assert "harness.lock.sha256=$LOCK_SHA256" in TEXT


def test_what_is_copied_reaches_the_builder() -> None:
    let_in = set(re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {name for line in LINES if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]}
    assert copied == let_in


@both
def test_a_run_needs_a_closed_part_of_the_lock(name: str) -> None:
    done = runtime_lock(ROOT / name)
    assert done.returncode == 0, done.stderr
    whole, part = entries((ROOT / name).read_text()), entries(done.stdout)
    assert list(part) == [package for package in whole if package in part], "the order is the lock's"
    for package, entry in part.items():
        assert entry == whole[package]
        assert HASH.search(entry)
    assert {"torch", "transformers", "statsmodels", "typing-extensions", "setuptools"} <= part.keys()
    assert not part.keys() & {"pytest", "dvc", "ruff", "docker", "datasets", "cryptography"}
    assert ("triton" in part) == ("cuda" in name)
    # Closed: what was left out is wanted by nothing that was kept.
    assert not {package for package, entry in whole.items() if askers(entry) & part.keys()} - part.keys()


def test_what_is_no_lock_is_said(tmp_path: Path) -> None:
    done = runtime_lock(tmp_path / "none.lock")
    assert (done.returncode, done.stdout) == (2, "")
    assert "none.lock cannot be read" in done.stderr
    (tmp_path / "other.lock").write_text("numpy==1.0 \\\n    --hash=sha256:0\n    # via nothing\n")
    done = runtime_lock(tmp_path / "other.lock")
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not lock jinja2" in done.stderr
    assert runtime_lock().returncode == 2
