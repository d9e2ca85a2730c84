"""Rules that every source file of the package keeps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "harness"
FILES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 400
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "registry"}
# compute.py is a program of its own in a container: one line, which the engine reads.
MAY_PRINT = {"console.py", "cli.py", "compute.py"}
MAY_READ_ENVIRONMENT = {"cli.py", "provenance.py"}
UNPICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for an attribute chain, the name for a name, and nothing for all else."""
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return node.id if isinstance(node, ast.Name) else ""


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield every imported module, and every name imported from one as `module.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def used(tree: ast.Module) -> set[str]:
    """Return all dotted names that the code mentions or imports."""
    return {dotted(node) for node in ast.walk(tree)} | set(imported(tree))


def test_there_are_files() -> None:
    assert FILES


@every_file
def test_only_the_command_line_prints(file: Path) -> None:
    if file.relative_to(PACKAGE).as_posix() in MAY_PRINT:
        return
    calls = [node for node in ast.walk(parsed(file)) if isinstance(node, ast.Call)]
    assert not [call.lineno for call in calls if dotted(call.func) in {"print", "sys.stdout.write"}]


@every_file
def test_the_environment_is_read_in_two_places(file: Path) -> None:
    if file.relative_to(PACKAGE).as_posix() in MAY_READ_ENVIRONMENT:
        return
    forbidden = {"os.environ", "os.getenv", "os.putenv", "os.environb"}
    assert not used(parsed(file)) & forbidden


@every_file
def test_nothing_is_unpickled(file: Path) -> None:
    tree = parsed(file)
    assert not {name.split(".")[0] for name in imported(tree)} & UNPICKLES
    assert not used(tree) & {"torch.load", "pandas.read_pickle"}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


@every_file
def test_files_are_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@every_file
def test_names_say_something(file: Path) -> None:
    assert not set(file.relative_to(PACKAGE).with_suffix("").parts) & VAGUE


@every_file
def test_public_modules_have_a_docstring(file: Path) -> None:
    if file.stem.startswith("_") and not file.stem.startswith("__"):
        return
    assert ast.get_docstring(parsed(file))
