"""TaskSpec: a task is a YAML file over a family."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, PositiveInt, ValidationError, model_validator

from harness import plugin
from harness.errors import SpecError
from harness.spec.base import Lang, Name, Source, Spec
from harness.spec.data import Reader, Rows, Split

FAMILIES = "harness.spec.options"


class Edition(Spec):
    """The same task from other sources, e.g. those that are open to everyone. What it does not give is the task's.

    `options` changes single options of the task, where these sources allow less; `deviation` has to say so. `of` names
    another edition, which then gives what this one does not, split by split.
    """

    of: Name | None = None
    languages: tuple[Lang, ...] = Field(min_length=1)
    options: dict[str, Any] = {}
    reader: Reader | None = None
    splits: dict[Split, dict[Lang, tuple[Rows, ...]]]
    deviation: str | None = None
    licence: str | None = None


class TaskSpec(Spec):
    """One task: its family, its data in every language, how it is scored.

    `version` is raised by hand whenever a change of this file changes numbers in a way that the data digests do not
    show. `proxy_for` names tasks of a paper that this one stands in for; `deviation` says in words how its
    data differ from the benchmark's own. Either makes every verdict on it a proxy. `editions` holds other sources of the
    same task by name; a study says which edition it takes, and takes the task's own where there is none of that name.
    `finetuned_as` names the target task whose fine-tuned encoder is evaluated on this one, which has no training rows of
    its own: one training on SQuAD serves XQuAD and MLQA, as in the benchmark. `parallel` promises that a test item has the
    same id in every language: then languages are resampled together, and a set that breaks the promise is refused.
    """

    name: Name
    version: PositiveInt
    title: str
    role: Literal["intermediate", "target", "both", "pretraining"]
    family: Name
    benchmarks: tuple[Name, ...] = ()
    languages: tuple[Lang, ...] = Field(min_length=1)
    train_language: Lang | None = "en"
    finetuned_as: Name | None = None
    parallel: bool = False
    labels: tuple[str, ...] = ()
    metrics: tuple[Name, ...] = ()
    trivial: tuple[Name, ...] = ()
    options: dict[str, Any] = {}
    reader: Reader | None = None
    splits: dict[Split, dict[Lang, tuple[Rows, ...]]]
    proxy_for: tuple[Name, ...] = ()
    deviation: str | None = None
    source: Source
    editions: dict[Name, Edition] = {}

    @model_validator(mode="after")
    def _options_fit_family(self) -> TaskSpec:
        problem = self.options_problem()
        if problem:
            raise ValueError(problem)
        return self

    def options_problem(self) -> str | None:
        """Returns what is wrong with the options for the task's family; None if they fit."""
        try:
            module = plugin.load(FAMILIES, self.family)
        except SpecError as error:
            return f"family: {error}"
        try:
            module.Options.model_validate_json(_json(self.options))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in ("options", *first["loc"]))
            hint = ""
            if first["type"] == "extra_forbidden":
                hint = f" ({plugin.near(str(first['loc'][-1]), module.Options.model_fields)})"
            return f"{where}: {first['msg']}{hint}"
        return None

    @model_validator(mode="after")
    def _languages_have_data(self) -> TaskSpec:
        for name, edition in self.editions.items():
            if edition.of and (edition.of not in self.editions or self.editions[edition.of].of):
                raise ValueError(f"editions.{name}.of: {edition.of!r} is no edition that stands by itself")
        for prefix, task in (("", self), *((f"editions.{name}.", self.in_edition(name)) for name in self.editions)):
            problem = task.sources_problem() or task.options_problem()
            if problem:
                raise ValueError(prefix + problem)
        return self

    def sources_problem(self) -> str | None:
        """Returns what is wrong with the sources as a whole; None if every language has data and every part a reader."""
        if self.role in ("target", "both") and not self.metrics:
            return "metrics: a target task needs at least one metric"
        missing = sorted(set(self.languages) - set(self.splits.get("test", {})))
        if missing and self.role in ("target", "both"):
            return f"languages: no test split for {', '.join(missing)}"
        if self.finetuned_as and self.splits.get("train"):
            return f"splits.train: it is fine-tuned as {self.finetuned_as!r}, and so on the rows of that task"
        rows = [r for by_lang in self.splits.values() for parts in by_lang.values() for r in parts]
        if self.reader is None and any(r.reader is None for r in rows):
            return "reader: neither the task nor all of its rows name a reader"
        return None

    def in_edition(self, name: str | None) -> TaskSpec:
        """Returns the task with the sources of an edition; itself where it has none of that name."""
        edition = self.editions.get(name or "")
        if edition is None:
            return self
        below = self.in_edition(edition.of)
        source = below.source.model_copy(update={"licence": edition.licence}) if edition.licence else below.source
        changed = {
            "languages": edition.languages,
            "options": {**below.options, **edition.options},
            "reader": edition.reader or below.reader,
            "splits": {**(below.splits if edition.of else {}), **edition.splits},
            "deviation": edition.deviation or (below.deviation if edition.of else None),
            "source": source,
            "editions": {},
        }
        return self.model_copy(update=changed)

    @property
    def metric(self) -> str:
        """The metric the task is reported in: the first of `metrics`."""
        return self.metrics[0]

    def n_rows(self, split: Split, languages: Iterable[str] | None = None) -> int | None:
        """Returns how many rows a split has in some languages, all by default; None where the file does not say.

        Rows that are dropped by `disjoint_from` are counted.
        """
        by_language = self.splits.get(split, {})
        parts = [p for x in (by_language if languages is None else languages) for p in by_language.get(x, ())]
        if not parts or any(p.n is None and p.stop is None for p in parts):
            return None
        return sum((p.stop or p.n or 0) - p.start for p in parts)

    def entry(self, trainer: TaskSpec) -> dict[str, Any]:
        """Returns what a list of tasks says about this one, fine-tuned as `trainer`, as JSON-able data."""
        train = (self.train_language or "en",)
        return {
            "name": self.name,
            "role": self.role,
            "family": self.family,
            "benchmarks": list(self.benchmarks),
            "languages": list(self.languages),
            "editions": list(self.editions),
            "finetuned_as": self.finetuned_as,
            "rows": {"train": trainer.n_rows("train", train), "test": self.n_rows("test")},
            "metric": self.metrics[0] if self.metrics else None,
            "metrics": list(self.metrics),
            "source": self.source.data(),
            "licence": self.source.licence,
            "version": self.version,
        }

    def resolved_options(self) -> Any:
        """Returns the family's Options object, every default filled in."""
        return plugin.load(FAMILIES, self.family).Options.model_validate_json(_json(self.options))

    def rows(self, split: Split, language: str) -> tuple[Rows, ...]:
        """Returns the sources of a split in a language, each with its reader filled in; empty if there are none."""
        parts = self.splits.get(split, {}).get(language, ())
        return tuple(p if p.reader else p.model_copy(update={"reader": self.reader}) for p in parts)


def _json(value: Any) -> str:
    from harness.canon import dumps

    return dumps(value)
