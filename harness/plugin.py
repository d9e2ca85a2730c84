"""The name is the path: `load("harness.metrics", "accuracy")` is `harness/metrics/accuracy.py`.

There is no table to register in. `version` reads a module's `VERSION` without importing it, so that a plan can
name the version of a family that needs torch without loading torch.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType

from harness.errors import SpecError


@cache
def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    assert spec.submodule_search_locations, package
    return Path(spec.submodule_search_locations[0])


@cache
def names(package: str) -> tuple[str, ...]:
    """Returns the names of the modules of `package`, sorted; private ones left out."""
    found = {path.stem for path in _folder(package).glob("*.py")}
    return tuple(sorted(name for name in found if not name.startswith("_")))


def near(name: str, known: Iterable[str]) -> str:
    """Returns `did you mean 'x'?` for the nearest known name, else the list of what there is."""
    choices = sorted(known)
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there is {', '.join(choices)}" if choices else "there is none"


def check(package: str, name: str) -> None:
    """Raises SpecError, with the nearest name, if `package` has no module `name`."""
    if name not in names(package):
        kind = package.rsplit(".", 1)[-1].replace("_", " ")
        raise SpecError(f"no {name!r} among {kind}: {near(name, names(package))}")


def load(package: str, name: str) -> ModuleType:
    """Returns the module `package.name`. Raises SpecError, with the nearest name, if there is none."""
    check(package, name)
    return importlib.import_module(f"{package}.{name}")


@cache
def version(package: str, name: str) -> int:
    """Returns the integer `VERSION` assigned at the top level of module `name`, without importing it."""
    check(package, name)
    tree = ast.parse((_folder(package) / f"{name}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == "VERSION":
            value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            assert isinstance(value, int)
            return value
    raise AssertionError(f"{package}.{name} has no VERSION")
