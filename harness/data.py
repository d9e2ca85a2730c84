"""The folder of pinned files, and the way from a task to its rows.

`describe` says which rows a split is, as plain data that holds nothing but what can change them: digests,
reader, slice. `load` makes the rows from such a description. Between the two lies the store's key: where a
file was fetched from is no part of it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from harness import plugin
from harness.canon import digest, digest_file, dumps
from harness.errors import EvidenceMissing, Gone, HarnessError, SpecError, StoreCorrupt
from harness.mirror import find_in_mirror
from harness.spec.base import Spec
from harness.spec.data import File, Reader, Rows, Split
from harness.spec.task import TaskSpec

READERS = "harness.readers"
SOURCES = "harness.sources"
Row = dict[str, Any]
Description = list[dict[str, Any]]
Lookup = Callable[[str], TaskSpec]
State = Literal["ready", "fetchable", "bring your own", "gone", "missing"]


class DataFolder:
    """Files by their identity, `<root>/files/<identity>`. A file is there whole or not at all.

    The identity is the sha256. Of a file that is pinned by its place alone it is the place's address, and the sha256
    that it had when it was first fetched stands beside it in `<identity>.sha256`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, identity: str) -> Path:
        """Returns where a file stands or would stand."""
        return self.root / "files" / identity

    def digest(self, identity: str) -> str:
        """Returns the sha256 that a file has to have: the one written down when it was fetched, else its name."""
        written = self.path(f"{identity}.sha256")
        return written.read_text(encoding="ascii").strip() if written.is_file() else identity

    def has(self, file: File) -> bool:
        """Tells whether the file is there. Does not read it."""
        return self.path(file.identity).is_file()

    def checked(self, identity: str) -> Path:
        """Returns the path of a file whose bytes have the digest they have to have.

        Raises EvidenceMissing if it is absent, StoreCorrupt if its bytes are others.
        """
        path = self.path(identity)
        if not path.is_file():
            raise EvidenceMissing(f"{path}: the file was never fetched; run `harness data fetch`")
        if digest_file(path) != self.digest(identity):
            raise StoreCorrupt(f"{path}: the bytes are not those of its name; delete it and run `harness data fetch`")
        return path

    def get(self, file: File, task: str = "") -> Path:
        """Returns the file's path, making it first if it is a generated one.

        Raises EvidenceMissing, with the command that fetches it for `task`, if it has to be fetched.
        """
        if not self.has(file):
            if file.place != "generated":
                command = f"harness data fetch {task}".rstrip()
                raise EvidenceMissing(f"{origin(file)}: not in {self.root} yet; run `{command}`")
            return self.fetch(file)
        return self.checked(file.identity)

    def fetch(self, file: File, *, mirror: Path | None = None) -> Path:
        """Returns the file's path, bringing its bytes from the mirror or from its source, digest checked.

        With a mirror nothing is taken from a URL or a hub. Bytes with another digest are never kept; a sound
        file that is there already is. Safe with any number of processes fetching the same file.
        """
        target = self.path(file.identity)
        if target.is_file() and digest_file(target) == self.digest(file.identity):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._scratch() as fetched:
            try:
                came_from = _bring(file, fetched, self.root, mirror)
            except Gone as error:
                self._gone(file).parent.mkdir(exist_ok=True)
                self._gone(file).write_text(f"{error}\n", encoding="utf-8")
                raise
            found = digest_file(fetched)
            if file.sha256 is None:
                self._write_down(file.identity, found)
            elif found != file.sha256:
                size = fetched.stat().st_size
                raise HarnessError(
                    f"{came_from}: not the pinned bytes: expected sha256 {file.sha256}, found {found} "
                    f"({size} bytes); the copy is damaged, or it was changed since it was pinned"
                )
            _publish(fetched, target)
        self._gone(file).unlink(missing_ok=True)
        return target

    def why_gone(self, file: File) -> str | None:
        """Returns what the source answered when it last said that it has no such file; None if it never did."""
        path = self._gone(file)
        return path.read_text(encoding="utf-8").strip() if path.is_file() else None

    def _gone(self, file: File) -> Path:
        return self.root / "gone" / file.identity

    def _write_down(self, identity: str, sha256: str) -> None:
        with self._scratch() as note:
            note.write_text(f"{sha256}\n", encoding="ascii")
            _publish(note, self.path(f"{identity}.sha256"))

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        handle, name = tempfile.mkstemp(dir=self.root / "files", prefix=".fetching-")
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


def origin(file: File) -> str:
    """Returns where a file comes from, in words for people."""
    if file.hub is not None:
        return f"{file.hub.id}@{file.hub.revision[:12]}/{file.hub.path}"
    if file.packaged is not None:
        return f"{file.packaged.requirement}/{file.packaged.member}"
    if file.dataset is not None:
        rows = file.dataset
        return " ".join(x for x in (f"{rows.id}@{rows.revision[:12]}", rows.config, rows.split) if x)
    if file.own is not None:
        return f"own/{file.own.path}"
    return file.url or f"generated {file.generated}"


def _bring(file: File, target: Path, root: Path, mirror: Path | None) -> str:
    """Writes a file's bytes to `target` and returns where they came from."""
    own = root / "own" / file.own.path if file.own else None
    found = own if own and own.is_file() else None
    if found is None and mirror is not None and file.place != "generated":
        found = find_in_mirror(mirror, file)
        if found is None and file.place not in ("packaged", "own"):
            raise HarnessError(f"{origin(file)}: not in the mirror {mirror}, by digest or by name")
    source = plugin.load(SOURCES, file.place)
    if found is None:
        source.fetch(file, target)
        return origin(file)
    if found.is_dir():
        source.convert(found, file, target)
    else:
        _copy(found, target)
    return str(found)


def _copy(source: Path, target: Path) -> None:
    try:
        target.write_bytes(source.read_bytes())
    except OSError as error:
        raise HarnessError(f"{source}: the mirror lists this file but it cannot be read ({error.strerror})") from None


def _publish(fetched: Path, target: Path) -> None:
    fetched.chmod(0o644)
    with fetched.open("rb") as stream:
        os.fsync(stream.fileno())
    fetched.replace(target)


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

    With `lookup` (task name → spec) the files that rows are kept apart from are among them.
    """
    for split, languages in task.splits.items():
        for language, parts in languages.items():
            for rows in parts:
                for file in _files_of(rows, lookup):
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


def prepare(
    task: TaskSpec, needed: Iterable[tuple[Split, str]], data: DataFolder, lookup: Lookup, command: str | None = None
) -> None:
    """Makes the generated files of the needed (split, language) pairs, and checks that all others are there.

    Raises EvidenceMissing, with the command that fetches them (that of the task, if none is given), if any is not.
    """
    wanted = set(needed)
    absent: dict[str, File] = {}
    for split, language, file in files(task, lookup):
        if (split, language) in wanted and not data.has(file):
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
    model: type[Spec] = plugin.load(READERS, reader.name).Options
    try:
        return model.model_validate_json(dumps(reader.options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(("reader", reader.name, "options", *map(str, first["loc"])))
        hint = ""
        if first["type"] == "extra_forbidden":
            hint = f" ({plugin.near(str(first['loc'][-1]), model.model_fields)})"
        raise SpecError(f"{where}: {first['msg'].removeprefix('Value error, ')}{hint}") from None


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


def load(description: Description, language: str, data: DataFolder) -> list[Row]:
    """Returns the rows of a description: read, counted, sliced, kept apart, each id once.

    Raises EvidenceMissing for a file that is not there, StoreCorrupt for one with other bytes, SpecError for
    wrong contents.
    """
    rows: list[Row] = []
    for part in description:
        rows += _load_part(part, language, data)
    seen: set[str] = set()
    for row in rows:
        if row["id"] in seen:
            names = ", ".join(identity[:12] for part in description for identity in part["files"])
            raise SpecError(f"the id {row['id']!r} occurs twice in {language} ({names}); give an id_prefix")
        seen.add(row["id"])
    return rows


def sample(rows: list[Row], limit: int | None) -> list[Row]:
    """Returns at most `limit` rows in file order, the same ones of any list of that length; all without a limit.

    Not the first ones: many files stand in blocks of one label, one topic or one language. Not every n-th one: in
    others labels take turns. A larger limit keeps the rows of a smaller one.
    """
    if limit is None or limit >= len(rows):
        return rows
    drawn = sorted(range(len(rows)), key=lambda i: digest(str(i).encode()))[:limit]
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
