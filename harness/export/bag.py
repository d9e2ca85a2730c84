"""A sealed folder: the sha256 of every file in it, in BagIt's line form; as a folder, or packed into one zip file.

A zip file holds its members as they are, uncompressed, in one order and with one time, so that the same folder gives the
same bytes everywhere and every byte of the archive can be accounted for.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from harness.canon import Address, digest_file
from harness.errors import StoreCorrupt

MANIFEST = "manifest-sha256.txt"
_LINE = re.compile(r"([0-9a-f]{64})  (\S(?:[^\x00-\x1f\x7f]*\S)?)")
_SHOWN = 10
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold
_REGULAR = 0o100644 << 16
# What zipfile raises for bytes that make no sense, and which of these say nothing about the bytes.
_UNREADABLE = (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
_OURS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EIO)


def names(folder: Path) -> list[str]:
    """Returns the files under a folder, sorted. Raises StoreCorrupt for anything that is neither file nor folder."""
    found = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        odd = [p for p in (here / name for name in (*folders, *files)) if p.is_symlink() or not (p.is_file() or p.is_dir())]
        if odd:
            raise StoreCorrupt(f"{odd[0]}: neither a file nor a folder; a bundle holds no links")
        found += [(here / name).relative_to(folder).as_posix() for name in files]
    return sorted(found)


def lines(digests: Mapping[str, Address]) -> str:
    """Returns digests by name as the lines that `sha256sum --check` reads."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))


def seal(folder: Path) -> Path:
    """Writes the manifest of all files of a folder, itself left out. Returns it."""
    digests = {name: digest_file(folder / name) for name in names(folder) if name != MANIFEST}
    path = folder / MANIFEST
    path.write_text(lines(digests), encoding="utf-8", newline="\n")
    return path


def checked(folder: Path) -> dict[str, Address]:
    """Returns the digests of a sealed folder by name, after reading every byte of it.

    Raises StoreCorrupt, with what is wrong, if a byte is changed, a file is missing or there is one too many.
    """
    digests = _sealed(folder)
    there = [name for name in names(folder) if name != MANIFEST]
    problems = [f"{name}: missing" for name in sorted(set(digests) - set(there))]
    problems += [f"{name}: not in {MANIFEST}" for name in there if name not in digests]
    changed = [name for name in there if name in digests and digest_file(folder / name) != digests[name]]
    problems += [f"{name}: its bytes are not those of sha256 {digests[name]}" for name in changed]
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        advice = "this is not what was exported; get the bundle again, or export it anew"
        raise StoreCorrupt("\n".join([f"{folder}: not as it was sealed", *problems[:_SHOWN], *more, advice]))
    return digests


def _sealed(folder: Path) -> dict[str, Address]:
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        raise StoreCorrupt(f"{path}: missing; `harness export ro-crate` makes bundles, each with this file")
    text = path.read_bytes()
    found = [_LINE.fullmatch(line) for line in text.decode("utf-8", "replace").split("\n")[:-1]]
    digests = {match[2]: match[1] for match in found if match}
    # Written anew it must be the same: a changed space is a changed byte too, and no name stands in it twice.
    if lines(digests).encode() != text:
        raise StoreCorrupt(f"{path}: not what was written: lines of sha256, two spaces and a name, sorted by name")
    return digests


def pack(folder: Path, path: Path) -> Path:
    """Writes a folder's files into a zip file, which is there whole or as it was before. Returns it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            _pack(folder, stream)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _pack(folder: Path, stream: IO[bytes]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in names(folder):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system, member.external_attr = 3, _REGULAR
            member.file_size = (folder / name).stat().st_size
            with (folder / name).open("rb") as source, archive.open(member, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)


def unpack(path: Path, folder: Path) -> None:
    """Writes the members of a zip file that `pack` made into an empty folder.

    Raises StoreCorrupt if any byte of the archive is not as `pack` writes it, and before a file is written outside of
    the folder or more is written than the archive is long.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _refuse_strange(path, members)
            for member in members:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("xb") as stream:
                    shutil.copyfileobj(source, stream, 1 << 20)
    except _UNREADABLE as error:
        if isinstance(error, OSError) and error.errno in _OURS:
            raise
        raise StoreCorrupt(f"{path}: not a zip file that can be read ({error}); get the bundle again") from None
    with tempfile.TemporaryFile() as again:
        _pack(folder, again)
        again.seek(0)
        with path.open("rb") as stream:
            same = _same(again, stream)
    if not same:
        raise StoreCorrupt(f"{path}: a byte between its members is not as it was written; get the bundle again")


def _refuse_strange(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    outside = [m.filename for m in members if not _is_inside(m.filename)]
    if outside:
        raise StoreCorrupt(f"{path}: the member {outside[0]!r} leads out of the bundle; nothing was unpacked")
    if any(m.compress_type != zipfile.ZIP_STORED or m.flag_bits & 1 for m in members):
        raise StoreCorrupt(f"{path}: packed by another program; unpack it and give the folder instead")
    if sum(m.file_size for m in members) > path.stat().st_size:
        raise StoreCorrupt(f"{path}: its members are said to be longer than the archive; nothing was unpacked")


def _is_inside(name: str) -> bool:
    return not re.search(r"[\\:\x00-\x1f\x7f]", name) and all(part not in ("", ".", "..") for part in name.split("/"))


def _same(one: IO[bytes], other: IO[bytes]) -> bool:
    while True:
        a, b = one.read(1 << 20), other.read(1 << 20)
        if a != b:
            return False
        if not a:
            return True
