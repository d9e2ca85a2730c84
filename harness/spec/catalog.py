"""The catalogue: every spec under `specs/`, found by its file name."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from harness import plugin
from harness.errors import Problem, SpecError
from harness.spec import document
from harness.spec.attack import AttackSpec
from harness.spec.base import Spec
from harness.spec.benchmark import BenchmarkSpec
from harness.spec.claim import ClaimsSpec
from harness.spec.model import ModelSpec
from harness.spec.reference import ReferenceSpec
from harness.spec.run import IntermediateSpec
from harness.spec.study import StudySpec
from harness.spec.task import TaskSpec

S = TypeVar("S", bound=Spec)
FOLDERS: dict[str, type[Spec]] = {
    "studies": StudySpec,
    "tasks": TaskSpec,
    "models": ModelSpec,
    "attacks": AttackSpec,
    "benchmarks": BenchmarkSpec,
    "reference": ReferenceSpec,
}


class Catalog:
    """Specs by name, read when asked for and kept. The file name is the name.

    A view of it (`in_edition`, `for_study`) gives tasks with the sources of an edition and with a study's options.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.edition: str | None = None
        self.options: Mapping[str, Mapping[str, Any]] = {}
        self._kept: dict[Path, Spec] = {}
        self._tasks: dict[str, TaskSpec] = {}

    def in_edition(self, edition: str | None) -> Catalog:
        """Returns the catalogue whose tasks have the sources of an edition, where they have one of that name."""
        return self._view(edition, {})

    def for_study(self, study: StudySpec) -> Catalog:
        """Returns the catalogue as a study sees it: in its edition, with its options."""
        return self._view(study.edition, study.options)

    def views(self, study: StudySpec) -> list[Catalog]:
        """Returns the catalogue as a study sees it, and as those of its arms do that take other editions."""
        own = self.for_study(study)
        arms = {arm.edition: arm for arm in study.intermediate.values() if arm.edition not in (None, study.edition)}
        return [own, *map(own.for_arm, arms.values())]

    def for_arm(self, arm: IntermediateSpec) -> Catalog:
        """Returns the catalogue as an intermediate training sees it: in its own edition, if it names one."""
        return self._view(arm.edition, self.options) if arm.edition else self

    def _view(self, edition: str | None, options: Mapping[str, Mapping[str, Any]]) -> Catalog:
        view = copy(self)  # what was read is shared
        view.edition, view.options = edition, options
        view._forget_tasks()  # noqa: SLF001 - a view is of this class
        return view

    def _forget_tasks(self) -> None:
        self._tasks = {}
        self.__dict__.pop("tasks", None)

    def names(self, folder: str) -> tuple[str, ...]:
        """Returns the names in one folder of `specs/`, sorted."""
        return tuple(sorted(path.stem for path in (self.root / folder).glob("*.yaml")))

    def path(self, folder: str, name: str) -> Path:
        """Returns the file of a spec, whether or not it exists."""
        return self.root / folder / f"{name}.yaml"

    def _get(self, folder: str, name: str, model: type[S]) -> S:
        path = self.path(folder, name)
        if path not in self._kept:
            if name not in self.names(folder):
                raise SpecError(f"no {name!r} under {self.root / folder}: {plugin.near(name, self.names(folder))}")
            loaded = document.load(path, model)
            _check_name(loaded, path)
            self._kept[path] = loaded
        spec = self._kept[path]
        assert isinstance(spec, model)
        return spec

    def task(self, name: str) -> TaskSpec:
        """Returns a task as this view sees it. Raises SpecError with the nearest name if there is none."""
        if name not in self._tasks:
            task = self._get("tasks", name, TaskSpec).in_edition(self.edition)
            options = {**task.options, **self.options.get(name, {})}
            self._tasks[name] = task.model_copy(update={"options": options}) if name in self.options else task
        return self._tasks[name]

    def trainer(self, task: TaskSpec) -> TaskSpec:
        """Returns the task that a task is fine-tuned as: nearly always itself."""
        return self.task(task.finetuned_as) if task.finetuned_as else task

    def editions(self, name: str) -> tuple[str, ...]:
        """Returns the names of a task's editions."""
        return tuple(self._get("tasks", name, TaskSpec).editions)

    def model(self, name: str) -> ModelSpec:
        """Returns an encoder's spec. Raises SpecError with the nearest name if there is none."""
        return self._get("models", name, ModelSpec)

    def attack(self, name: str) -> AttackSpec:
        """Returns an attack. Raises SpecError with the nearest name if there is none."""
        return self._get("attacks", name, AttackSpec)

    def benchmark(self, name: str) -> BenchmarkSpec:
        """Returns a benchmark. Raises SpecError with the nearest name if there is none."""
        return self._get("benchmarks", name, BenchmarkSpec)

    def reference(self, name: str) -> ReferenceSpec:
        """Returns the published numbers of a source. Raises SpecError with the nearest name if there is none."""
        return self._get("reference", name, ReferenceSpec)

    def study(self, name_or_path: str) -> StudySpec:
        """Returns a study by name or by the path of its file."""
        if name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path:
            path = Path(name_or_path)
            study = document.load(path, StudySpec)
            _check_name(study, path)
            return study
        return self._get("studies", name_or_path, StudySpec)

    def read_by(self, study: StudySpec) -> tuple[str, ...]:
        """Returns the names of the tasks that a study reads, sorted; those of unknown encoders are left out."""
        used = {name for arm in study.intermediate.values() for name in arm.tasks} | set(study.vary.target)
        used |= {arm.mlm.task for arm in study.intermediate.values() if arm.mlm}
        used |= {study.lexicon} if study.lexicon else set()
        used |= {self.trainer(self.task(name)).name for name in study.vary.target if name in self.names("tasks")}
        known = [name for name in study.vary.encoder if name in self.names("models")]
        return tuple(sorted(used | {trained.task for name in known if (trained := self.model(name).trained)}))

    @cached_property
    def tasks(self) -> tuple[TaskSpec, ...]:
        """Every task, sorted by name."""
        return tuple(self.task(name) for name in self.names("tasks"))

    @cached_property
    def references(self) -> tuple[ReferenceSpec, ...]:
        """Every file of published numbers, sorted by name."""
        return tuple(self.reference(name) for name in self.names("reference"))


def claims(path: Path) -> ClaimsSpec:
    """Returns the claims in a file."""
    return document.load(path, ClaimsSpec)


def _check_name(spec: Spec, path: Path) -> None:
    name = getattr(spec, "name", None)
    if name != path.stem:
        _, lines = document.read(path)
        hint = f"rename the file to {name}.yaml, or the field to {path.stem}"
        message = f"{name!r} is not the file's name"
        raise SpecError([Problem(str(path), document.line_of(("name",), lines), "name", message, hint)])
