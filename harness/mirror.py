"""A folder that holds pinned files under other names: looked up by digest in its manifest, else by name."""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

from harness.canon import digest_file
from harness.errors import HarnessError
from harness.spec.data import File

MANIFESTS = ("MANIFEST.tsv", "sources/MANIFEST.tsv")


def find_in_mirror(folder: Path, file: File) -> Path | None:
    """Returns where a file stands in the mirror, or None. What stands there is the caller's to check.

    A `MANIFEST.tsv` (columns `path`, `sha256` and others; paths relative to `folder`) in the folder or its
    `sources/` is asked first; then any file with the name that the URL, the hub path or the wheel's member
    ends in. Of several files of that name the one with the pinned digest is taken. A repository on a hub is copied to
    `hub/<owner>/<name>/<revision>`: of a data set that folder is returned, else the file in it. A file of one's own
    lies under `own/`.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder}: the mirror is not a folder")
    if file.dataset is not None:
        snapshot = folder / "hub" / file.dataset.id / file.dataset.revision
        return snapshot if snapshot.is_dir() else None
    if file.own is not None:
        own = folder / "own" / file.own.path
        return own if own.is_file() else None
    if file.hub is not None:
        inside = folder / "hub" / file.hub.id / file.hub.revision / file.hub.path
        if inside.is_file():
            return inside
    if file.sha256 is None:
        return None  # a name alone would prove nothing
    listed = _manifest(folder).get(file.sha256)
    if listed is not None:
        return listed
    named = sorted(path for path in folder.rglob(_base_name(file)) if path.is_file())
    if len(named) > 1:
        return next((path for path in named if digest_file(path) == file.sha256), named[0])
    return named[0] if named else None


def _manifest(folder: Path) -> dict[str, Path]:
    for name in MANIFESTS:
        path = folder / name
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as stream:
                table = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
                if not {"path", "sha256"} <= set(table.fieldnames or ()):
                    raise HarnessError(f"{path}: the columns path and sha256 are wanted")
                return {line["sha256"]: folder / line["path"] for line in table}
    return {}


def _base_name(file: File) -> str:
    if file.packaged is not None:
        place = file.packaged.member
    elif file.hub is not None:
        place = file.hub.path
    else:
        assert file.url is not None
        place = file.url.partition("#")[2] or file.url.partition("?")[0]
    return PurePosixPath(place).name
