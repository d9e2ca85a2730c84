"""Files behind a URL; after `#` the name of a member of the zip archive that the URL gives."""

from __future__ import annotations

import http.client
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path
from typing import IO

from harness.errors import HarnessError
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
        extract(archive, member, target, address)


def extract(archive: IO[bytes] | Path, member: str, target: Path, origin: str) -> None:
    """Writes a member of a zip archive (or wheel) to `target`."""
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(member) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise HarnessError(f"{origin}: not a sound zip archive ({error})") from None
    except KeyError:
        raise HarnessError(f"{origin}: no member {member!r} in the archive") from None


def _download(address: str, stream: IO[bytes]) -> None:
    # S310 asks for the scheme to be checked: a File's URL is http or https by its pattern.
    request = urllib.request.Request(address, headers={"User-Agent": USER_AGENT})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            shutil.copyfileobj(answer, stream)
    except urllib.error.HTTPError as error:
        raise HarnessError(f"{address}: the server answers {error.code} {error.reason}") from None
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        hint = "check the network, or take the files from a folder: harness data fetch --mirror DIR"
        raise HarnessError(f"{address}: no answer ({reason}); {hint}") from None
