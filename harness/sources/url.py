"""Files behind a URL; after `#` the name of a member of the zip or tar archive that the URL gives."""

from __future__ import annotations

import http.client
import lzma
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path
from typing import IO

from harness.errors import Gone, HarnessError
from harness.spec.data import File

TIMEOUT_SECONDS = 60
USER_AGENT = "harness (research; pinned data files)"


def fetch(file: File, target: Path) -> None:
    """Writes the file's bytes to `target`. Raises HarnessError where server, network or archive fails."""
    assert file.url is not None
    address, _, member = file.url.partition("#")
    if not member:
        with target.open("wb") as stream:
            _download(address, stream)
        return
    with tempfile.TemporaryFile() as archive:
        _download(address, archive)
        archive.seek(0)
        extract(archive, member, target, address)


def extract(archive: IO[bytes] | Path, member: str, target: Path, origin: str) -> None:
    """Writes a member of a zip archive (or wheel), or of a tar archive, to `target`."""
    if tarfile.is_tarfile(archive):
        _extract_tar(archive, member, target, origin)
        return
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(member) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise HarnessError(f"{origin}: not a sound zip archive ({error})") from None
    except KeyError:
        raise HarnessError(f"{origin}: no member {member!r} in the archive") from None


def _extract_tar(archive: IO[bytes] | Path, member: str, target: Path, origin: str) -> None:
    try:
        place = {"name": archive} if isinstance(archive, Path) else {"fileobj": archive}
        with tarfile.open(**place) as opened, target.open("wb") as stream:
            source = opened.extractfile(member)
            if source is None:
                raise HarnessError(f"{origin}: {member!r} is no file in the archive")
            shutil.copyfileobj(source, stream)
    except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError) as error:
        raise HarnessError(f"{origin}: not a sound tar archive ({error})") from None
    except KeyError:
        raise HarnessError(f"{origin}: no member {member!r} in the archive") from None


def _download(address: str, stream: IO[bytes]) -> None:
    # S310 asks for the scheme to be checked: a File's URL is http or https by its pattern.
    request = urllib.request.Request(address, headers={"User-Agent": USER_AGENT})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            shutil.copyfileobj(answer, stream)
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            raise Gone(f"{address}: the server answers {error.code} {error.reason}") from None
        raise HarnessError(f"{address}: the server answers {error.code} {error.reason}") from None
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        hint = "check the network, or take the files from a folder: harness data fetch --mirror DIR"
        raise HarnessError(f"{address}: no answer ({reason}); {hint}") from None
