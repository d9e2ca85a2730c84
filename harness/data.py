"""The way from a task to its rows: what is there, what determines them, how they are made.

`describe` says which rows a split is, as plain data that holds nothing but what can change them: digests,
reader, slice. `load` makes the rows from such a description. Between the two lies the store's key: where a
file was fetched from is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from harness import plugin
from harness.canon import digest, dumps
from harness.errors import EvidenceMissing, SpecError, StoreCorrupt
from harness.folder import DataFolder, origin
from harness.mirror import find_in_mirror
from harness.spec.base import Spec, options
from harness.spec.catalog import Catalog
from harness.spec.data import File, Reader, Rows, Split
from harness.spec.task import TaskSpec

__all__ = ["DataFolder", "origin"]
READERS = "harness.readers"
# So many rows of one label are no accident.
FEWEST_TO_DOUBT = 50
Row = dict[str, Any]
Description = list[dict[str, Any]]
Lookup = Callable[[str], TaskSpec]
State = Literal["ready", "fetchable", "bring your own", "gone", "missing"]


@dataclass(frozen=True)
class Availability:
    """What can be said of one split in one language: its state, and why. An `edition` of "" is the task's own sources."""

    task: str
    edition: str
    split: str
    language: str
    state: State
    why: str


def files(task: TaskSpec, lookup: Lookup | None = None) -> Iterator[tuple[Split, str, File]]:
    """Yields split, language and file of everything a task's rows are made of.

    With `lookup` (task name → spec) the files that rows are kept apart from are among them, and those of the task that it
    is fine-tuned as.
    """
    for split, languages in task.splits.items():
        for language, parts in languages.items():
            for rows in parts:
                for file in _files_of(rows, lookup):
                    yield split, language, file
    if task.finetuned_as and lookup:
        for split, language, file in files(lookup(task.finetuned_as), lookup):
            if split in ("train", "validation"):
                yield split, language, file


def _files_of(rows: Rows, lookup: Lookup | None) -> Iterator[File]:
    yield from rows.files
    apart = rows.disjoint_from
    if apart is not None and lookup is not None:
        for other in lookup(apart.task).rows(apart.split, apart.language):
            yield from other.files


def status(
    task: TaskSpec, data: DataFolder, *, lookup: Lookup | None = None, mirror: Path | None = None, edition: str = ""
) -> list[Availability]:
    """Returns the state of each split and language of a task. Reads what is there; asks no network."""
    needed: dict[tuple[str, str], dict[str, File]] = {}
    for split, language, file in files(task, lookup):
        needed.setdefault((split, language), {})[file.identity] = file
    return [
        Availability(task.name, edition, split, language, *_worst([_state(file, data, mirror) for file in found.values()]))
        for (split, language), found in sorted(needed.items())
    ]


def standing(name: str, catalog: Catalog, folder: DataFolder) -> dict[str, State]:
    """Returns how a task's own sources stand, and those of each edition: the worst state of any split and language."""
    found: dict[str, State] = {}
    for edition in ("", *catalog.editions(name)):
        view = catalog.in_edition(edition)
        states = status(view.task(name), folder, lookup=view.task)
        found[edition or "own"] = _worst([(a.state, a.why) for a in states])[0]
    return found


def _worst(states: list[tuple[State, str]]) -> tuple[State, str]:
    order: tuple[State, ...] = ("missing", "gone", "bring your own", "fetchable", "ready")
    worst = min((state for state, _ in states), key=order.index)
    reasons = sorted({why for state, why in states if state == worst})
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return worst, reasons[0] + more


def _state(file: File, data: DataFolder, mirror: Path | None) -> tuple[State, str]:
    if data.has(file):
        try:
            data.checked(file.identity)
        except StoreCorrupt as error:
            return "missing", str(error)
        return "ready", "digest checked"
    if file.place == "generated":
        return "fetchable", f"made on demand: {file.generated}"
    if mirror is not None and find_in_mirror(mirror, file) is not None:
        return "fetchable", f"in the mirror {mirror}"
    if file.own is not None:
        put = data.root / "own" / file.own.path
        there = f"yours at {put}, not taken in yet" if put.is_file() else f"put it at {put}: {file.own.what}"
        return ("fetchable" if put.is_file() else "bring your own"), there
    gone = data.why_gone(file)
    if gone is not None:
        return "gone", gone
    if mirror is not None and file.place != "packaged":
        return "missing", f"{origin(file)}: not in the mirror {mirror}"
    return "fetchable", f"not fetched yet: {origin(file)}"


def prepare(task: TaskSpec, needed: Iterable[str], data: DataFolder, lookup: Lookup, command: str | None = None) -> None:
    """Makes those of a task's files that are generated and needed (by identity), and checks that all others are there.

    Raises EvidenceMissing, with the command that fetches them (that of the task, if none is given), if any is not.
    """
    wanted = set(needed)
    absent: dict[str, File] = {}
    for _, _, file in files(task, lookup):
        if file.identity in wanted and not data.has(file):
            if file.place == "generated":
                data.fetch(file)
            else:
                absent[file.identity] = file
    if absent:
        first = origin(next(iter(absent.values())))
        raise EvidenceMissing(
            f"{task.name}: {len(absent)} of its files are not in {data.root} yet, the first is {first}; "
            f"run `{command or f'harness data fetch {task.name}'}`"
        )


def reader_options(reader: Reader) -> Spec:
    """Returns a reader's options, defaults filled in. Raises SpecError for one that it does not know."""
    return options(READERS, reader.name, reader.options, f"reader.{reader.name}.options")


def describe(task: TaskSpec, split: Split, language: str, lookup: Lookup) -> Description:
    """Returns all that determines the rows of a split in a language, as JSON-able data; no URL is among it.

    A list of parts, each `{"files", "reader": {"name", "options", "version"}, "n", "start", "stop",
    "disjoint"}`; `disjoint` is None or `{"field", "language", "rows": [parts]}`. Pure. Raises SpecError if
    there are no such rows.
    """
    return _describe(task, split, language, lookup, ())


def _describe(
    task: TaskSpec, split: Split, language: str, lookup: Lookup, above: tuple[tuple[str, str, str], ...]
) -> Description:
    place = (task.name, split, language)
    if place in above:
        raise SpecError(f"disjoint_from: {task.name} {split} {language} is kept apart from itself")
    parts = task.rows(split, language)
    if not parts:
        there = sorted(f"{s} in {', '.join(sorted(by))}" for s, by in task.splits.items())
        raise SpecError(f"task {task.name!r} has no {split} rows in {language!r}; it has {'; '.join(there)}")
    found: Description = []
    for rows in parts:
        assert rows.reader is not None
        apart, disjoint = rows.disjoint_from, None
        if apart is not None:
            others = _describe(lookup(apart.task), apart.split, apart.language, lookup, (*above, place))
            disjoint = {"field": apart.field, "language": apart.language, "rows": others}
        reader = {
            "name": rows.reader.name,
            "options": reader_options(rows.reader).data(),
            "version": plugin.version(READERS, rows.reader.name),
        }
        digests = [file.identity for file in rows.files]
        found.append(
            {"files": digests, "reader": reader, "n": rows.n, "start": rows.start, "stop": rows.stop}
            | {"disjoint": disjoint}
        )
    return found


def n_rows(description: Description) -> int | None:
    """Returns how many rows a description has, as far as it says so without reading them; none where it does not."""
    ends = [part["n"] if part["stop"] is None else part["stop"] for part in description]
    return None if None in ends else sum(end - part["start"] for end, part in zip(ends, description, strict=True))


def load(description: Description, language: str, data: DataFolder) -> list[Row]:
    """Returns the rows of a description: read, counted, sliced, kept apart, each id once.

    Raises EvidenceMissing for a file that is not there, StoreCorrupt for one with other bytes, SpecError for
    wrong contents.
    """
    rows: list[Row] = []
    for part in description:
        rows += _load_part(part, language, data)
    _refuse_placeholders(rows, language, description)
    seen: set[str] = set()
    for row in rows:
        if row["id"] in seen:
            names = ", ".join(identity[:12] for part in description for identity in part["files"])
            raise SpecError(f"the id {row['id']!r} occurs twice in {language} ({names}); give an id_prefix")
        seen.add(row["id"])
    return rows


def _refuse_placeholders(rows: list[Row], language: str, description: Description) -> None:
    """Raises SpecError where all of many rows have the same label, or all words the same tag.

    Published test sets with held-back labels are often filled up with one label, and would be scored without a word.
    """
    found = {tag for row in rows for tag in row.get("tags", [row.get("label")])}
    if len(rows) < FEWEST_TO_DOUBT or len(found) != 1 or None in found:
        return
    names = ", ".join(identity[:12] for part in description for identity in part["files"])
    raise SpecError(
        f"all {len(rows)} rows in {language} ({names}) have the label {found.pop()!r}: a placeholder for labels that were "
        f"held back; take a file with the true ones"
    )


def sample(rows: list[Row], limit: int | None) -> list[Row]:
    """Returns at most `limit` rows in file order, the same ones of any list of that length; all without a limit.

    Not the first ones: many files stand in blocks of one label, one topic or one language. Not every n-th one: in
    others labels take turns. A larger limit keeps the rows of a smaller one. Rows of one `group` are kept or left together;
    the groups are drawn by their place, and the first one that does not fit any more ends the sample.
    """
    if limit is None or limit >= len(rows):
        return rows
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(row.get("group", str(i)), []).append(i)
    members = list(groups.values())
    drawn: list[int] = []
    for place in sorted(range(len(members)), key=lambda i: digest(str(i).encode())):
        if len(drawn) + len(members[place]) > limit:
            break
        drawn += members[place]
    return [rows[i] for i in sorted(drawn)]


def _load_part(part: dict[str, Any], language: str, data: DataFolder) -> list[Row]:
    paths = [data.checked(identity) for identity in part["files"]]
    name = part["reader"]["name"]
    module = plugin.load(READERS, name)
    options = module.Options.model_validate_json(dumps(part["reader"]["options"]))
    rows: list[Row] = list(module.read(paths, options=options, language=language))
    start, stop = part["start"], part["stop"]
    if part["n"] is not None and len(rows) != part["n"]:
        raise SpecError(f"{paths[0]}: reader {name} finds {len(rows)} rows, but n says {part['n']}")
    if (stop is not None and stop > len(rows)) or start >= (stop or len(rows)):
        raise SpecError(f"{paths[0]}: no slice {start}:{stop} of {len(rows)} rows")
    rows = list(islice(rows, start, stop))
    if part["disjoint"] is not None:
        rows = _apart(rows, part["disjoint"], data)
        if not rows:
            raise SpecError(f"{paths[0]}: disjoint_from leaves none of the rows {start}:{stop}")
    return rows


def _apart(rows: list[Row], disjoint: dict[str, Any], data: DataFolder) -> list[Row]:
    name = disjoint["field"]
    others = load(disjoint["rows"], disjoint["language"], data)
    for row in (rows[0], others[0]):
        if name not in row:
            raise SpecError(f"disjoint_from: no field {name!r} in the rows: {plugin.near(name, row)}")
    kept_from = {dumps(row[name]) for row in others}
    return [row for row in rows if dumps(row[name]) not in kept_from]
