"""The folder of pinned files, by their identity: brought from a mirror, from where you put them, or from their source."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import plugin
from harness.canon import digest_file
from harness.errors import EvidenceMissing, Gone, HarnessError, StoreCorrupt
from harness.mirror import find_in_mirror
from harness.spec.data import File

SOURCES = "harness.sources"


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
            self._unchanged_at_home(file)
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._scratch() as fetched:
            try:
                came_from = _bring(file, fetched, self.root, mirror)
            except Gone as error:
                self._gone(file).parent.mkdir(exist_ok=True)
                self._gone(file).write_text(f"{error}\n", encoding="utf-8")
                raise
            self._check(file, fetched, came_from)
            _publish(fetched, target)
        self._gone(file).unlink(missing_ok=True)
        return target

    def _check(self, file: File, fetched: Path, came_from: str) -> None:
        """Holds fetched bytes against the pinned digest, or the one written down before; writes a first one down."""
        found = digest_file(fetched)
        known = file.sha256 or self.digest(file.identity)
        if file.sha256 is None and known == file.identity:
            self._write_down(file.identity, found)
        elif found != known:
            size = fetched.stat().st_size
            pinned = "pinned bytes" if file.sha256 else "bytes that were fetched here before"
            hint = "the copy is damaged, or it was changed since it was pinned" if file.sha256 else self._to_take(file)
            raise HarnessError(
                f"{came_from}: not the {pinned}: expected sha256 {known}, found {found} ({size} bytes); {hint}"
            )

    def _unchanged_at_home(self, file: File) -> None:
        own = self.root / "own" / file.own.path if file.own else None
        if own and own.is_file() and digest_file(own) != self.digest(file.identity):
            raise HarnessError(f"{own}: not the bytes that were taken in before; {self._to_take(file)}")

    def _to_take(self, file: File) -> str:
        return f"to take the new ones, delete {self.path(file.identity)} and the file with its name and .sha256"

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
            repository = file.hub or file.dataset
            how = f"as hub/{repository.id}/{repository.revision}" if repository else "by digest or by name"
            raise HarnessError(f"{origin(file)}: not in the mirror {mirror}, {how}")
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
