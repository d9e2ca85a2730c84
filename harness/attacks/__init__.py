"""Attacks: rows → rows that a reader would answer alike. One perturbation a module, all of the same shape.

A module has `VERSION`, `FAMILIES` (the task families whose rows it attacks), `Options` (a `Spec`), `CONDITION` (in words,
when an attacked row keeps its gold) and `attack(rows, setup)`, which returns one row for each row, in order, or none where
the condition is not met: those are dropped, and counted. Ids are kept, gold stays valid (answer spans are set anew,
exactly), and fields that are not attacked are untouched. What is drawn depends on the seed, the attack and the row's id
alone, never on the other rows' order; a strength of 0 is the identity, and whatever a strength changes a higher one
changes too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Setup:
    """What an attack needs beside rows: where they come from, how strong it is in [0, 1], and its options.

    `lexicon` maps a lower-case word of the rows' language to its likeliest translation; a module with `LEXICON = True` needs
    it, and a study makes it of its own parallel data.
    `others` are further rows of the same set that material may be taken from; none means the attacked ones.
    """

    attack: str
    family: str
    language: str
    strength: float
    seed: int
    options: Any
    labels: tuple[str, ...] = ()
    lexicon: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[Row] = ()

    def rng(self, row: Row, *what: object) -> Random:
        """Returns the generator of one row, and of one thing in it: the same in every language of a parallel set."""
        return Random("\x1f".join(map(str, (self.seed, self.attack, row["id"], *what))))
