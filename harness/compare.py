"""Two results side by side: paired differences with intervals and p-values, and what the two differ in.

Examples are matched by id, and only where both sides were tested on the same data. An interval and `p` count the luck of
examples and of seeds, as verdicts do. `p_examples` exchanges the two systems' answers to an example: it speaks of the
models that are there. Where both sides have one seed only, that is all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain as joined
from math import ceil

import numpy as np

from harness.alignment import Drawn, Match, Reader, shared
from harness.canon import Address
from harness.differences import Difference, merged, of_chains, of_signatures
from harness.errors import EvidenceMissing, SpecError
from harness.evidence import N_RESAMPLES
from harness.records import JSON
from harness.sides import Chain, Pair, Side, System, chain
from harness.stats.correction import holm
from harness.stats.effect import Effect
from harness.stats.permutation import N_PERMUTATIONS, exchange

MEAN = "mean"


@dataclass(frozen=True)
class Row:
    """A difference in points on a target in one language, or in the mean over them.

    `state` is `compared`, `same` (one and the same result on both sides) or `not_comparable` (then `note` says in what).
    `decides` says which p-value is adjusted: that which counts `seeds`, or, with one on each side, that of `examples`.
    """

    a: str
    b: str
    encoder: str
    target: str
    language: str
    metric: str
    state: str
    score_a: float | None = None
    score_b: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    p_examples: float | None = None
    p_adjusted: float | None = None
    decides: str | None = None
    n_seeds: int = 0
    n_examples: int = 0
    n_permutations: int = 0
    note: str = ""
    signature_a: str = ""
    signature_b: str = ""
    evidence_a: tuple[Address, ...] = ()
    evidence_b: tuple[Address, ...] = ()

    def to_json(self) -> JSON:
        """Returns the row as JSON-able data."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in self.__dict__.items()}


@dataclass(frozen=True)
class Comparison:
    """All differences of two sides, what they come from, and what could not be compared."""

    a: Side
    b: Side
    alpha: float
    rows: tuple[Row, ...]
    differs: tuple[Difference, ...]
    notes: tuple[str, ...]

    def to_json(self) -> JSON:
        """Returns the comparison as one document."""
        return {
            "schema_version": 1,
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "alpha": self.alpha,
            "correction": f"holm over {sum(row.state == 'compared' for row in self.rows)} rows",
            "rows": [row.to_json() for row in self.rows],
            "differs": [one.to_json() for one in self.differs],
            "notes": list(self.notes),
        }


def compare(
    a: Side,
    b: Side,
    pairs: Sequence[Pair],
    unmatched: Iterable[str] = (),
    *,
    alpha: float = 0.05,
    n_resamples: int = N_RESAMPLES,
    n_permutations: int = N_PERMUTATIONS,
) -> Comparison:
    """Returns all differences of pairs of systems, on each target that both evaluate.

    Raises SpecError if no pair shares a target and a language, EvidenceMissing if the store has nothing of what they
    share, and StoreCorrupt if bytes that are read are not what was written.
    """
    comparer = _Comparer(a, b, Reader(a, b, n_resamples), n_permutations, alpha)
    rows: dict[tuple[int, str], list[Row]] = {}
    targets = dict.fromkeys(target for pair in pairs for target in pair.a.evaluations)
    for target in targets:
        comparer.reader.forget()
        for i, pair in enumerate(pairs):
            matched = comparer.match(pair, target)
            if matched:
                rows[i, target] = comparer.rows(matched)
    listed = [row for i in range(len(pairs)) for target in targets for row in rows.get((i, target), [])]
    if not listed:
        comparer.refuse(pairs)
    found = _adjusted(listed)
    notes = dict.fromkeys([*unmatched, *comparer.notes, *comparer.missing(), *_too_few(found, n_permutations, alpha)])
    return Comparison(a, b, alpha, tuple(found), tuple(merged(comparer.differs)), tuple(notes))


def _too_few(rows: Sequence[Row], n_permutations: int, alpha: float) -> list[str]:
    """Returns a line if so many rows are adjusted that permutations could not show even the largest difference."""
    n_asked = sum(row.state == "compared" for row in rows)
    if not any(row.decides == "examples" for row in rows) or n_asked <= alpha * (n_permutations + 1):
        return []
    few = f"{n_permutations} permutations are too few for {n_asked} rows: none can be below {alpha:g} adjusted"
    return [f"{few}; give --permutations {10 * ceil(n_asked / alpha)}, or compare fewer arms"]


def _adjusted(rows: Sequence[Row]) -> list[Row]:
    """Returns the rows with the p-values that decide raised for all comparisons of the table (Holm)."""
    asked = [i for i, row in enumerate(rows) if row.state == "compared"]
    decisive = [rows[i].p if rows[i].decides == "seeds" else rows[i].p_examples for i in asked]
    adjusted = dict(zip(asked, holm([1.0 if p is None else p for p in decisive]).tolist(), strict=True))
    return [replace(row, p_adjusted=adjusted[i]) if i in adjusted else row for i, row in enumerate(rows)]


@dataclass(eq=False)
class _Comparer:
    """Makes the rows of pairs of systems, target by target, and gathers what they differ in and what is missing."""

    a: Side
    b: Side
    reader: Reader
    n_permutations: int
    alpha: float
    differs: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lacks: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    _chains: tuple[dict[Address, Chain], dict[Address, Chain]] = field(default_factory=lambda: ({}, {}))

    def refuse(self, pairs: Sequence[Pair]) -> None:
        """Raises what explains that there is no row."""
        if not any(shared(pair, target) for pair in pairs for target in pair.a.evaluations):
            own, other = (", ".join(_listed(one, pairs[0])) for one in (pairs[0].a, pairs[0].b))
            what = f"{self.a.name} and {self.b.name} have no target and language in common"
            raise SpecError(f"{what}: {own} on the one side, {other} on the other")
        commands = "; ".join(dict.fromkeys((self.a.command, self.b.command)))
        raise EvidenceMissing(f"nothing to compare is in {self.a.store.root}: {commands}")

    def missing(self) -> list[str]:
        """Returns a line for each system whose study plans evaluations that the store has not."""
        return [
            f"{title}: evaluations that the store lacks: {', '.join(f'{t} {n}' for t, n in own.items())}; {command}"
            for (title, command), own in self.lacks.items()
        ]

    def match(self, pair: Pair, target: str) -> Match | None:
        """Returns what is compared of two systems on a target; none if they share nothing of it."""
        languages = shared(pair, target)
        if not languages:
            return None
        notes = []
        for side, system in ((self.a, pair.a), (self.b, pair.b)):
            if system.lacks.get(target):
                self.lacks.setdefault((side.title(system), side.command), {})[target] = system.lacks[target]
            alone = [x for x in system.evaluations[target] if x not in languages]
            if alone:
                self.notes.append(f"{side.title(system)}, {target}: {', '.join(alone)} not on the other side")
        own, other = (system.seeds(target, languages) for system in (pair.a, pair.b))
        both = tuple(seed for seed in own if seed in other)
        seeds = (both, both)
        if not both:
            n = min(len(own), len(other))
            seeds = (own[:n], other[:n])
            notes += ["seeds not paired: none is the same"] if n else []
        elif {*own} != {*other}:
            notes.append(f"with the seeds that both have: {', '.join(map(str, both))}")
        if not seeds[0]:
            return None
        first = pair.a.stages(target, languages[0], seeds[0])[0]
        return Match(pair, target, first.params["metrics"][0]["name"], languages, seeds, tuple(notes))

    def rows(self, match: Match) -> list[Row]:
        """Returns the row of each language and that of their mean, and notes what the two differ in."""
        self._differ(match)
        found = {language: self.reader.common(match, language) for language in match.languages}
        used = tuple(language for language, (ids, _) in found.items() if ids)
        rows = []
        numbers = self.reader.drawn(match, {language: found[language][0] for language in used}) if used else None
        for language, (ids, note) in found.items():
            notes = "; ".join(filter(None, (*match.notes, note)))
            plain = self._plain(match, (language,), language, notes)
            if numbers and ids:
                rows.append(self._filled(plain, numbers, (language,)))
            else:
                rows.append(replace(plain, state="not_comparable"))
        if numbers and len(used) > 1:
            left_out = len(match.languages) - len(used)
            partial = f"mean over {len(used)} of {len(match.languages)} languages" if left_out else ""
            notes = "; ".join(filter(None, (*match.notes, partial)))
            rows.append(self._filled(self._plain(match, used, MEAN, notes), numbers, used))
        return rows

    def _plain(self, match: Match, languages: Sequence[str], name: str, note: str) -> Row:
        """Returns a row without numbers."""
        a, b = match.pair.a, match.pair.b
        sides = [list(joined(*(match.stages(language)[i] for language in languages))) for i in (0, 1)]
        keys = [tuple(dict.fromkeys(stage.key for stage in own)) for own in sides]
        signatures = ("", "") if name == MEAN else self.reader.signatures(match, name)
        return Row(
            a=self.a.title(a),
            b=self.b.title(b),
            encoder=" / ".join(dict.fromkeys(filter(None, (a.arm.encoder, b.arm.encoder)))),
            target=match.target,
            language=name,
            metric=match.metric,
            state="same" if keys[0] == keys[1] and self.a.place == self.b.place else "compared",
            note=note,
            signature_a=signatures[0],
            signature_b=signatures[1],
            evidence_a=keys[0],
            evidence_b=keys[1],
        )

    def _filled(self, row: Row, drawn: Drawn, languages: Sequence[str]) -> Row:
        """Returns a row with the numbers of one language, or of the mean over several."""
        a, b = drawn.places
        columns = [drawn.languages.index(language) for language in languages]
        score_a, score_b = (float(drawn.sample.by_seed[:, i, columns].mean()) for i in (a, b))
        n_examples = sum(len(drawn.cells[c].ids) for c in columns)
        found = replace(row, score_a=_number(score_a), score_b=_number(score_b))
        found = replace(found, n_examples=n_examples, n_seeds=drawn.n_seeds)
        if row.state == "same":
            return replace(found, difference=0.0, interval=(0.0, 0.0), p_examples=1.0, p_adjusted=1.0)
        weights = np.zeros(drawn.sample.by_seed.shape[1:])
        weights[a, columns], weights[b, columns] = 1 / len(columns), -1 / len(columns)
        effect = drawn.sample.effect(weights)
        exchanged = exchange(drawn.two(columns), n_permutations=self.n_permutations)
        low, high = effect.interval(self.alpha)
        return replace(
            found,
            difference=_number(effect.estimate),
            interval=(low, high) if np.isfinite(low) else None,
            p=_two_sided(effect) if drawn.n_seeds > 1 else None,
            p_examples=exchanged.p,
            n_permutations=exchanged.n_permutations,
            decides="seeds" if drawn.n_seeds > 1 else "examples",
        )

    def _differ(self, match: Match) -> None:
        """Notes what the two systems differ in on a target."""
        names = [match.pair.a.arm.name, match.pair.b.arm.name]
        arms = tuple(filter(None, [" / ".join(dict.fromkeys(filter(None, names)))]))
        for i, language in enumerate(match.languages):
            sides = match.stages(language)
            found = list(of_signatures(*self.reader.signatures(match, language)))
            for a, b in zip(*sides, strict=True):
                chains = [chain(s, x, k) for s, x, k in zip((self.a.store, self.b.store), (a, b), self._chains, strict=True)]
                # Ancestors are the same for all languages.
                left, right = chains if i == 0 else ({"evaluate": own["evaluate"]} for own in chains)
                found += of_chains(left, right)
            self.differs += [replace(d, targets=(match.target,), languages=(language,), arms=arms) for d in found]


def _listed(system: System, pair: Pair) -> list[str]:
    """Returns a system's targets, with their languages where both have the target."""
    both = pair.a.evaluations.keys() & pair.b.evaluations.keys()
    return [f"{t} ({', '.join(x)})" if t in both else t for t, x in system.evaluations.items()]


def _two_sided(effect: Effect) -> float:
    return min(1.0, 2 * min(effect.p_above(), effect.p_below()))


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
