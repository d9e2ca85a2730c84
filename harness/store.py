"""The store: content-addressed, write-once, manifest last.

    store/<kind>/<key>/manifest.json   and beside it the files it lists
    store/files/<sha256>               large files, hard-linked into every entry that has the same bytes
    store/work/<key>/                  where a stage computes; its checkpoints survive a kill
    store/attempts/<key>.json          the last failure of a stage that is not done
    store/locks/<key>                  held while a stage is computed, so that two processes do it once

An entry appears by one rename of a complete folder. Whatever is interrupted leaves the store as it was.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import canon
from harness.canon import Address
from harness.errors import EvidenceMissing, StoreCorrupt
from harness.records import JSON, KINDS, Manifest, Stage

MANIFEST = "manifest.json"
LARGE = 1 << 20
# One space: nothing below the top of a manifest stands so far to the left.
_NO_DIGEST = b'\n "digest": ""'
_OWN_DIGEST = re.compile(rb'\n "digest": "[0-9a-f]{64}"')


class Store:
    """Finished stages under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, stage: Stage) -> Path:
        """Returns the folder of a stage, whether or not it is there."""
        return self.root / stage.kind / stage.key

    def has(self, stage: Stage) -> bool:
        """Returns whether the stage is done."""
        return (self.path(stage) / MANIFEST).exists()

    def find(self, key: Address) -> Path:
        """Returns the folder of a finished stage by its key or an unambiguous beginning of it."""
        if not key or set(key) - set("0123456789abcdef"):
            raise EvidenceMissing(f"{key!r} is no key: keys are hex digits; `harness store ls` lists what is there")
        found = [p.parent for kind in KINDS for p in (self.root / kind).glob(f"{key}*/{MANIFEST}")]
        if len(found) == 1:
            return found[0]
        if not found:
            raise EvidenceMissing(f"no stage {key!r} in {self.root}; `harness store ls` lists what is there")
        shown = ", ".join(sorted(p.name[: len(key) + 6] for p in found)[:4])
        raise EvidenceMissing(f"{key!r} is the beginning of {len(found)} keys: {shown}; give more of it")

    def manifest(self, folder: Path) -> Manifest:
        """Returns the manifest in an entry's folder. Raises StoreCorrupt if it cannot be read."""
        path = folder / MANIFEST
        try:
            text = path.read_bytes()
            data = json.loads(text)
            # Over the text, not the data: a changed space or a doubled key says nothing else, and is no less a changed byte.
            if canon.digest(_OWN_DIGEST.sub(_NO_DIGEST, text, count=1)) != data["digest"]:
                raise StoreCorrupt(f"{path}: the manifest is not what was written; run `harness store verify`")
            return Manifest.from_json(data)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreCorrupt(f"{path}: not a manifest ({error}); run `harness store verify`") from None

    def entries(self) -> Iterator[Path]:
        """Yields the folders of all finished stages, in a fixed order."""
        for kind in KINDS:
            yield from sorted(path.parent for path in (self.root / kind).glob(f"*/{MANIFEST}"))

    def work(self, stage: Stage) -> Path:
        """Returns the folder in which a stage computes, made if it is missing."""
        folder = self.root / "work" / stage.key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def sweep(self) -> None:
        """Removes work folders of stages that are finished: a kill came after the entry and before they were gone."""
        for folder in (self.root / "work").glob("*"):
            if any((self.root / kind / folder.name / MANIFEST).exists() for kind in KINDS):
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def lock(self, stage: Stage) -> Iterator[None]:
        """Waits for, then holds, the right to compute a stage. The kernel frees it if the process dies."""
        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / stage.key).open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    @contextmanager
    def lock_if_free(self, key: Address) -> Iterator[bool]:
        """Holds the right to compute a stage if nobody has it, and tells whether it does."""
        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / key).open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def publish(self, manifest: Manifest, folder: Path) -> Path:
        """Moves a folder of outputs to the stage's place, its manifest written last. Returns that place.

        If another process was faster, its entry stays and this one is dropped: both have the same key.
        """
        outputs = {}
        for file in _files(folder):
            digest = canon.digest_file(file)
            outputs[file.relative_to(folder).as_posix()] = digest
            self._share(file, digest)
        _write(folder / MANIFEST, _rendered(Manifest(**{**manifest.__dict__, "outputs": outputs})))
        for inside in sorted({file.parent for file in _files(folder)}):
            _sync(inside)
        place = self.path(manifest.stage)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists() and not self.has(manifest.stage):
            shutil.rmtree(place)  # left by an interrupted `collect`
        try:
            folder.rename(place)
        except OSError:
            if not self.has(manifest.stage):
                raise
            shutil.rmtree(folder)
        _sync(place.parent)
        (self.root / "attempts" / f"{manifest.key}.json").unlink(missing_ok=True)
        return place

    def _share(self, file: Path, digest: Address) -> None:
        """Keeps one copy of equal large files: a frozen embedding costs its bytes once in a whole study."""
        file.chmod(0o444)
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
        if file.stat().st_size < LARGE:
            return
        pool = self.root / "files"
        pool.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file, pool / digest)
        except FileExistsError:
            if canon.digest_file(pool / digest) != digest:
                raise StoreCorrupt(f"{pool / digest}: changed since it was written; run `harness store verify`") from None
            twin = file.with_name(f"{file.name}.twin")
            os.link(pool / digest, twin)
            twin.replace(file)

    def fail(self, stage: Stage, record: JSON) -> Path:
        """Writes down a failed attempt, never in the stage's own place. Returns the file."""
        folder = self.root / "attempts"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{stage.key}.json"
        text = json.dumps({"stage": stage.to_json(), **record}, indent=1, ensure_ascii=False) + "\n"
        _write(path, text.encode())
        return path

    def verify(self) -> list[str]:
        """Reads every byte and returns what does not match its address; empty if all does."""
        problems = [problem for folder in self.entries() for problem in self._problems(folder)]
        pool = sorted((self.root / "files").glob("*"))
        problems += [f"{p}: its bytes are not those of its name" for p in pool if canon.digest_file(p) != p.name]
        incomplete = [p for kind in KINDS for p in sorted((self.root / kind).glob("*")) if not (p / MANIFEST).exists()]
        return problems + [f"{path}: an entry without a manifest" for path in incomplete]

    def checked(self, stage: Stage, name: str | None = None) -> Path:
        """Returns the folder of a finished stage after reading every byte of it, or of one of its files.

        Raises StoreCorrupt where they are not what was written.
        """
        folder = self.path(stage)
        problems = self._problems(folder, name)
        if problems:
            raise StoreCorrupt("\n".join([*problems, "delete what is named here and run the study again"]))
        return folder

    def _problems(self, folder: Path, only: str | None = None) -> list[str]:
        try:
            manifest = self.manifest(folder)
        except StoreCorrupt as error:
            return [str(error)]
        problems = []
        if not manifest.key == manifest.stage.key == folder.name or manifest.stage.kind != folder.parent.name:
            problems.append(f"{folder}: its manifest belongs to stage {manifest.stage.key}")
        names = _names(folder) if only is None else [only] if (folder / only).is_file() else []
        present = [name for name in names if name != MANIFEST]
        wanted = [only] if only else sorted(manifest.outputs)
        problems += [f"{folder / name}: missing" for name in wanted if name not in present]
        for name in present:
            if name not in manifest.outputs:
                problems.append(f"{folder / name}: not listed in the manifest")
            elif canon.digest_file(folder / name) != manifest.outputs[name]:
                problems.append(f"{folder / name}: its bytes are not those of sha256 {manifest.outputs[name]}")
        return problems

    def collect(self, keep: set[Address]) -> tuple[int, int]:
        """Deletes every entry whose key is not kept, then unused shared files. Returns entries and bytes freed."""
        n, freed = 0, 0
        for folder in list(self.entries()):
            if folder.name in keep:
                continue
            freed += sum(f.stat().st_size for f in _files(folder) if f.stat().st_nlink <= 1)
            # The manifest goes first: a half-deleted entry must not look finished.
            (folder / MANIFEST).unlink()
            shutil.rmtree(folder)
            n += 1
        for file in (self.root / "files").glob("*"):
            if file.stat().st_nlink == 1:
                freed += file.stat().st_size
                file.unlink()
        for folder in (self.root / "work").glob("*"):
            if folder.name not in keep:
                shutil.rmtree(folder)
        return n, freed


def _files(folder: Path) -> list[Path]:
    return [folder / name for name in _names(folder)]


def _names(folder: Path) -> list[str]:
    """Returns the names of the files under a folder, sorted. Ten thousand entries are judged at once: no Paths."""
    top = len(str(folder)) + 1
    return sorted(f"{place}/{name}"[top:] for place, _, names in os.walk(folder) for name in names)


def _rendered(manifest: Manifest) -> bytes:
    """Returns a manifest's text with the digest of that text, counted while the digest is empty."""
    data = {**manifest.to_json(), "digest": ""}
    text = (json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    return text.replace(_NO_DIGEST, _NO_DIGEST[:-1] + f'{canon.digest(text)}"'.encode(), 1)


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
