"""Files of a repository on a hub, at a full commit. Only files are taken; nothing there is executed."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.errors import HarnessError
from harness.spec.data import File


def fetch(file: File, target: Path) -> None:
    """Writes the file's bytes to `target`. A data set of that name is looked for first, then a model."""
    assert file.hub is not None
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
    except ImportError:
        raise HarnessError("files on a hub need the package huggingface_hub: pip install 'harness[hub]'") from None
    where = f"{file.hub.id}@{file.hub.revision[:12]}/{file.hub.path}"
    for kind in ("dataset", "model"):
        try:
            found = hf_hub_download(file.hub.id, file.hub.path, repo_type=kind, revision=file.hub.revision)
        except RepositoryNotFoundError:
            continue
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
            reason = str(error).strip().splitlines()[0]
            raise HarnessError(f"{where}: the hub does not give it ({reason})") from None
        shutil.copyfile(found, target)
        return
    raise HarnessError(f"{where}: the hub has no data set and no model of this name")
