"""Data sets on a hub, at a full commit, as Parquet: the rows of one split. No code of a data set is ever run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from harness.errors import Gone, HarnessError
from harness.spec.data import File


def fetch(file: File, target: Path) -> None:
    """Writes the split's rows to `target` as one Parquet file, labels by their names."""
    assert file.dataset is not None
    rows = file.dataset
    _write(rows.id, file, target, revision=rows.revision)


def convert(snapshot: Path, file: File, target: Path) -> None:
    """Does what `fetch` does with a copy of the data set's repository in a folder."""
    _write(str(snapshot), file, target)


def _write(where: str, file: File, target: Path, **options: Any) -> None:
    assert file.dataset is not None
    rows = file.dataset
    named = f"{rows.id}@{rows.revision[:12]} {rows.config or ''} {rows.split}"
    try:
        from datasets import ClassLabel, List, Value, disable_progress_bars, load_dataset
        from datasets.exceptions import DatasetNotFoundError
    except ImportError:
        raise HarnessError("data sets on a hub need the package datasets: pip install 'harness[hub]'") from None
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = load_dataset(where, rows.config, split=rows.split, cache_dir=folder, **options)
        except DatasetNotFoundError as error:
            raise Gone(f"{named}: the hub has no such data set ({_first_line(error)})") from None
        except RuntimeError as error:
            if "script" in str(error):
                hint = "pin a commit of its refs/convert/parquet branch instead"
                raise HarnessError(f"{named}: this revision is a script, and no code is run; {hint}") from None
            raise HarnessError(f"{named}: {_first_line(error)}") from None
        except (OSError, ValueError) as error:
            raise HarnessError(f"{named}: the hub does not give it ({_first_line(error)})") from None
        features = found.features.copy()
        names: dict[str, list[str]] = {}
        for column, feature in found.features.items():
            inner = getattr(feature, "feature", feature)
            if isinstance(inner, ClassLabel):
                names[column] = inner.names
                features[column] = Value("string") if inner is feature else List(Value("string"))
        if names:
            found = found.map(lambda row: {k: _named(row[k], labels) for k, labels in names.items()}, features=features)
        found.to_parquet(target)


def _named(value: Any, names: list[str]) -> Any:
    """Returns the name of a label, or of each in a list. No label (-1) stays visible, to be dropped or refused."""
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    return names[value] if value is not None and value >= 0 else "-1"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
