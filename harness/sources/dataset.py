"""Data sets on a hub, at a full commit, as Parquet: the rows of one split. No code of a data set is ever run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from harness.errors import Gone, HarnessError
from harness.spec.data import File

SCRIPT = "this revision is a script, and no code is run; pin a commit of its refs/convert/parquet branch instead"


def fetch(file: File, target: Path) -> None:
    """Writes the split's rows to `target` as one Parquet file, labels by their names."""
    assert file.dataset is not None
    rows = file.dataset
    _write(rows.id, file, target, revision=rows.revision)


def convert(snapshot: Path, file: File, target: Path) -> None:
    """Does what `fetch` does with a copy of the data set's repository in a folder."""
    assert file.dataset is not None
    if (snapshot / f"{file.dataset.id.split('/')[1]}.py").is_file():
        raise HarnessError(f"{_named(file)}: {SCRIPT}")
    _write(str(snapshot), file, target)


def _named(file: File) -> str:
    rows = file.dataset
    assert rows is not None
    return " ".join(x for x in (f"{rows.id}@{rows.revision[:12]}", rows.config, rows.split) if x)


def _write(where: str, file: File, target: Path, **options: Any) -> None:
    assert file.dataset is not None
    rows = file.dataset
    named = _named(file)
    try:
        from datasets import ClassLabel, List, Value, disable_progress_bars, load_dataset
        from datasets.exceptions import DatasetNotFoundError, DatasetsError
        from huggingface_hub import errors
    except ImportError:
        raise HarnessError("data sets on a hub need the package datasets: pip install 'harness[hub]'") from None
    client_error = getattr(errors, "HTTPError", OSError)  # of the HTTP client, which changes with the package's versions
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = load_dataset(where, rows.config, split=rows.split, cache_dir=folder, **options)
        except (DatasetNotFoundError, errors.RevisionNotFoundError) as error:
            raise Gone(f"{named}: the hub has no such data set ({_first_line(error)})") from None
        except RuntimeError as error:
            raise HarnessError(f"{named}: {SCRIPT if 'script' in str(error) else _first_line(error)}") from None
        except (DatasetsError, client_error, OSError, ValueError) as error:
            raise HarnessError(f"{named}: the hub does not give it ({_first_line(error)})") from None
        features = found.features.copy()
        names: dict[str, list[str]] = {}
        for column, feature in found.features.items():
            inner = getattr(feature, "feature", feature)
            if isinstance(inner, ClassLabel):
                names[column] = inner.names
                features[column] = Value("string") if inner is feature else List(Value("string"))
        if names:
            columns = list(names)
            found = found.map(
                lambda batch: {column: _by_name(batch[column], names[column]) for column in columns},
                batched=True,
                features=features,
            )
        found.to_parquet(target)


def _by_name(value: Any, names: list[str]) -> Any:
    """Returns the name of a label, or names of a list of labels. No label stays visible as -1, to be dropped or refused."""
    if isinstance(value, list):
        return [_by_name(one, names) for one in value]
    return names[value] if value is not None and value >= 0 else "-1"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
