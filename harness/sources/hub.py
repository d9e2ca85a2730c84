"""Files of a repository on a hub, at a full commit. Only files are taken; nothing there is executed."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.errors import Gone, HarnessError
from harness.spec.data import File


def fetch(file: File, target: Path) -> None:
    """Writes the file's bytes to `target`. A data set of that name is looked for first, then a model."""
    assert file.hub is not None
    try:
        from huggingface_hub import errors, hf_hub_download
    except ImportError:
        raise HarnessError("files on a hub need the package huggingface_hub: pip install 'harness[hub]'") from None
    client_error = getattr(errors, "HTTPError", OSError)  # of the HTTP client, which changes with the package's versions
    where = f"{file.hub.id}@{file.hub.revision[:12]}/{file.hub.path}"
    for kind in ("dataset", "model"):
        try:
            found = hf_hub_download(file.hub.id, file.hub.path, repo_type=kind, revision=file.hub.revision)
        except errors.RepositoryNotFoundError:
            continue
        except (errors.RemoteEntryNotFoundError, errors.RevisionNotFoundError) as error:
            raise Gone(f"{where}: the hub has no such file ({_first_line(error)})") from None
        except (client_error, OSError) as error:
            raise HarnessError(f"{where}: the hub does not give it ({_first_line(error)})") from None
        shutil.copyfile(found, target)
        return
    raise Gone(f"{where}: the hub has no data set and no model of this name")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
