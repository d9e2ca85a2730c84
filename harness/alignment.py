"""Two systems' evaluations of the same examples, matched by id, and scores of them with examples resampled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain as joined

import numpy as np
from numpy.typing import NDArray

from harness import plugin
from harness.canon import Address
from harness.evidence import statistics_in
from harness.records import Stage, fields
from harness.sides import Pair, Side, System
from harness.stats.bootstrap import Cell, resample
from harness.stats.effect import Sample
from harness.store import Store

# What a score is of. Where any of these differs, two scores are of different things, whatever the ids say.
_SAME = ("task", "metric", "lang", "split", "attack", "context", "data")

Keys = tuple[str, ...]
Stages = tuple[Stage, ...]


@dataclass(frozen=True, eq=False)
class Match:
    """The evaluations of two systems on a target that are compared, seeds in the same order on both sides."""

    pair: Pair
    target: str
    metric: str
    languages: tuple[str, ...]
    seeds: tuple[tuple[int, ...], tuple[int, ...]]
    notes: tuple[str, ...] = ()

    def stages(self, language: str) -> tuple[Stages, Stages]:
        """Returns the evaluations of both systems in a language."""
        a, b = self.pair.a, self.pair.b
        return a.stages(self.target, language, self.seeds[0]), b.stages(self.target, language, self.seeds[1])


@dataclass(frozen=True, eq=False)
class Read:
    """One finished evaluation, of one metric; `places` maps an example's id to its row of `counts`."""

    signature: str
    counts: NDArray[np.float64]
    places: dict[str, int]


@dataclass(frozen=True, eq=False)
class Drawn:
    """The scores of a target's systems, two of which, at `places`, are compared; columns are languages.

    `n_seeds` counts different models: one that is evaluated as it is, untrained, is the same for all seeds.
    """

    sample: Sample
    cells: list[Cell]
    languages: tuple[str, ...]
    places: tuple[int, int]
    n_seeds: int

    def two(self, columns: Sequence[int]) -> list[Cell]:
        """Returns the statistics of the two systems, a cell for each of some languages."""
        found = [self.cells[column] for column in columns]
        return [Cell(cell.statistics[list(self.places)], cell.ids, cell.group, cell.aggregate) for cell in found]


def shared(pair: Pair, target: str) -> tuple[str, ...]:
    """Returns the languages in which both systems are evaluated on a target."""
    return tuple(x for x in pair.a.evaluations.get(target, {}) if x in pair.b.evaluations.get(target, {}))


class Reader:
    """Reads each evaluation of a target once, and draws examples once for all systems that have the same."""

    def __init__(self, a: Side, b: Side, n_resamples: int) -> None:
        self.a = a
        self.b = b
        self.n_resamples = n_resamples
        self._read: dict[tuple[Store, Address, str], Read] = {}
        self._drawn: dict[tuple[object, ...], tuple[Sample, list[Cell]]] = {}

    def forget(self) -> None:
        """Frees what was read for the last target."""
        self._read.clear()
        self._drawn.clear()

    def read(self, store: Store, stage: Stage, metric: str) -> Read:
        """Returns a finished evaluation, after checking every byte of it."""
        place = (store, stage.key, metric)
        if place not in self._read:
            folder = store.checked(stage)
            scores = json.loads((folder / "scores.json").read_bytes())
            own_first = sorted(scores, key=lambda score: score["metric"] != metric)
            signature = own_first[0]["signature"] if scores else "metric:none"
            counts, ids = statistics_in(folder, metric) or (np.empty((0, 0)), np.empty(0, str))
            self._read[place] = Read(signature, counts, {name: i for i, name in enumerate(ids.tolist())})
        return self._read[place]

    def _reads(self, match: Match, language: str) -> tuple[list[Read], list[Read]]:
        a, b = match.stages(language)
        own = [self.read(self.a.store, stage, match.metric) for stage in a]
        return own, [self.read(self.b.store, stage, match.metric) for stage in b]

    def signatures(self, match: Match, language: str) -> tuple[str, str]:
        """Returns the signatures of both sides; they are those of all seeds."""
        a, b = self._reads(match, language)
        return a[0].signature, b[0].signature

    def common(self, match: Match, language: str) -> tuple[tuple[str, ...], str]:
        """Returns the ids of the examples that are compared, and a note; none, and why not, if nothing can be."""
        a, b = self._reads(match, language)
        signature_a, signature_b = fields(a[0].signature), fields(b[0].signature)
        wrong = [name for name in _SAME if signature_a.get(name) != signature_b.get(name)]
        if _versions(signature_a) != _versions(signature_b):
            wrong.append("v")
        if wrong:
            return (), ", ".join(f"`{name}` differs" for name in wrong)
        every = [own.places for own in (*a, *b)]
        ids = tuple(name for name in every[0] if all(name in other for other in every))
        if all(len(own) == len(ids) for own in every):
            return ids, "" if ids else "there is no example"
        reason = "`sample` differs" if signature_a.get("sample") != signature_b.get("sample") else "ids differ"
        if not ids or any(_needs_all(own[0], match.metric) for own in match.stages(language)):
            return (), reason
        return ids, f"{reason}: the {len(ids)} examples with the same id, of {len(a[0].places)} and {len(b[0].places)}"

    def drawn(self, match: Match, ids: dict[str, tuple[str, ...]]) -> Drawn:
        """Returns the scores of both systems, with all others beside them that tell how much seeds matter.

        `ids` are the examples of each language that is compared.
        """
        members: dict[Keys, dict[str, list[Read]]] = {}
        own: list[Keys] = []
        mine = [(self.a, match.pair.a, match.seeds[0]), (self.b, match.pair.b, match.seeds[1])]
        for side, system, seeds in mine + self._others(match):
            stages = {language: system.stages(match.target, language, seeds) for language in ids}
            keys = tuple(f"{side.place}/{stage.key}" for stage in joined(*stages.values()))
            found = {x: [self.read(side.store, stage, match.metric) for stage in stages[x]] for x in ids}
            if len(own) < 2:
                own.append(keys)
            elif not all(name in read.places for x in ids for read in found[x] for name in ids[x]):
                continue
            members.setdefault(keys, found)
        order = sorted(members)
        place = (tuple(order), tuple(ids.items()))
        if place not in self._drawn:
            aggregate = plugin.load("harness.metrics", match.metric).aggregate
            counts = {x: _counts([members[k][x] for k in order], own) for x, own in ids.items()}
            cells = [Cell(counts[x], np.array(own), match.target, aggregate) for x, own in ids.items()]
            self._drawn[place] = (Sample(*resample(cells, n_resamples=self.n_resamples)), cells)
        n = len(match.seeds[0])
        n_seeds = max(len({keys[s::n] for s in range(n)}) for keys in own)
        return Drawn(*self._drawn[place], tuple(ids), (order.index(own[0]), order.index(own[1])), n_seeds)

    def _others(self, match: Match) -> list[tuple[Side, System, tuple[int, ...]]]:
        """Returns all systems of the encoders that are compared, where several seeds make them worth pooling."""
        found = []
        for side, one, seeds in ((self.a, match.pair.a, match.seeds[0]), (self.b, match.pair.b, match.seeds[1])):
            for system in side.systems if len(seeds) > 1 else ():
                own = system.evaluations.get(match.target, {})
                if system.arm.encoder == one.arm.encoder and all(
                    s in own.get(x, {}) for x in match.languages for s in seeds
                ):
                    found.append((side, system, seeds))
        return found


def _versions(signature: dict[str, str]) -> list[str]:
    """Returns the versions of task and metric. Between them stands the family's: another one only answers otherwise."""
    parts = signature.get("v", "").split(".")
    return parts[:1] + parts[2:]


def _needs_all(stage: Stage, metric: str) -> bool:
    """Returns whether an evaluation of fewer examples is another task: candidates are among them, or groups are cut."""
    is_grouped = getattr(plugin.load("harness.metrics", metric), "GROUPED", False)
    return is_grouped or not {"retrieval", "pool", "tuning"}.isdisjoint(stage.params)


def _counts(reads: Sequence[Sequence[Read]], ids: Sequence[str]) -> NDArray[np.float64]:
    """Returns statistics [A, S, N, K] of systems and seeds, examples in the order of `ids`."""
    return np.array([[one.counts[[one.places[name] for name in ids]] for one in own] for own in reads], np.float64)
