"""A count of rows: reads whatever is there of a task, in full, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.data import DataFolder, describe, load, status
from harness.errors import HarnessError
from harness.spec.catalog import Catalog
from harness.spec.task import TaskSpec


@dataclass(frozen=True)
class Counted:
    """One split in one language: how many rows it has (none if it cannot be read), and what is wrong, "" if nothing."""

    task: str
    split: str
    language: str
    n: int | None
    problem: str


def census(tasks: Iterable[TaskSpec], catalog: Catalog, folder: DataFolder) -> Iterator[Counted]:
    """Yields every split and language of tasks whose files are ready, each read as a stage would read it.

    Reading checks digests, row counts, ids and placeholders; of a `parallel` task the ids of all languages are compared.
    """
    for task in tasks:
        is_ready = {(a.split, a.language): a.state == "ready" for a in status(task, folder, lookup=catalog.task)}
        for split, languages in task.splits.items():
            first: tuple[str, frozenset[str]] | None = None
            for language in languages:
                if not is_ready.get((split, language)):
                    continue
                try:
                    rows = load(describe(task, split, language, catalog.task), language, folder)
                except HarnessError as error:
                    yield Counted(task.name, split, language, None, str(error))
                    continue
                ids = frozenset(row["id"] for row in rows)
                first = first or (language, ids)
                differs = task.parallel and split == "test" and ids != first[1]
                yield Counted(task.name, split, language, len(rows), f"not the ids of {first[0]}" if differs else "")
