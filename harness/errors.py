"""The errors a user can meet, each with its exit code.

HarnessError             4   something outside the specs failed
├── Gone                 4   a source answers that it does not have the file any more
├── OwnFileMissing       4   a file that only you can put where it belongs: which, and where
├── SpecError            2   a file or the command line is wrong: path, line, field, rule, near miss
├── EvidenceMissing      3   never computed: names the command that would
├── StageFailed          4   a stage raised: where its log is
└── StoreCorrupt         5   bytes do not match their address
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class HarnessError(Exception):
    """Any failure the program explains in words; `exit_code` is what the process returns."""

    exit_code = 4


class Gone(HarnessError):
    """A source answers that it has no such file, not now and not later."""


class OwnFileMissing(HarnessError):
    """A file that cannot be fetched is not where its owner has to put it."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a file: where it stands, what is wrong, and what to do next."""

    path: str
    line: int | None
    field: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        text = f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class SpecError(HarnessError):
    """A spec, a claim file or the command line is wrong. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        if isinstance(problems, str):
            self.problems: tuple[Problem, ...] = ()
            super().__init__(problems)
            return
        self.problems = tuple(sorted(problems, key=lambda p: (p.path, p.line or 0, p.field, p.message)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class EvidenceMissing(HarnessError):
    """What was asked for has never been computed; the message names the command that computes it."""

    exit_code = 3


class StageFailed(HarnessError):
    """A stage raised; the message says which one and where its log is."""

    exit_code = 4

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


class StoreCorrupt(HarnessError):
    """Bytes in the store do not match their address."""

    exit_code = 5
