"""What attacks do to a study's arms, and whether domain similarity goes with it: evidence → lines of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from harness import plugin
from harness.attacked import Quantity, Under
from harness.canon import number
from harness.data import n_rows
from harness.errors import SpecError
from harness.evidence import Arm, Drawn, Evidence
from harness.records import JSON
from harness.spec.attack import WORST
from harness.stats.association import Association, association
from harness.stats.correction import holm

ALPHA = 0.05
QUANTITIES: tuple[Quantity, ...] = ("score", "drop", "flips")
# Fewer arms have too few orders for a permutation to say anything.
FEWEST_ARMS = 5


def lines(evidence: Evidence) -> list[JSON]:
    """Returns a line for each arm on each target under each attack, as far as the store has them.

    Each quantity is a mean over languages that have rows for the attack, with its 95 % interval (`score` on attacked rows,
    `drop` from the same rows as they were, `flips`), and one number a language. `relative_drop` is in percent of the score
    that it is taken from. `worst_language` has the lowest score under attack.
    """
    found = []
    for encoder in evidence.plan.study.vary.encoder:
        for target in evidence.targets:
            for attack in evidence.attacks(target):
                where = {"encoder": encoder, "target": target, "attack": attack}
                try:
                    drawn = {q: evidence.drawn(encoder, target, under=Under(attack, q)) for q in QUANTITIES}
                except SpecError:
                    continue  # no example has a value of its own, so none has a worst
                found += [{**where, "arm": arm.name, **_line(drawn, arm)} for arm in drawn["score"].arms]
    return found


def _line(drawn: Mapping[Quantity, Drawn], arm: Arm) -> JSON:
    line: JSON = {"n_examples": sum(drawn["score"].n_examples)}
    by_language: dict[str, JSON] = {x: {"language": x} for x in drawn["score"].languages}
    for quantity, own in drawn.items():
        place, met = own.arms.index(arm), [i for i, n in enumerate(own.n_examples) if n]
        weights = np.zeros((len(own.arms), len(own.languages)))
        weights[place, met] = 1 / max(1, len(met))
        effect = own.sample.effect(weights)
        low, high = effect.interval(ALPHA)
        line |= {quantity: number(effect.estimate), f"{quantity}_interval": [number(low), number(high)]}
        for x, value in zip(own.languages, own.sample.by_seed.mean(0)[place], strict=True):
            by_language[x][quantity] = number(value)
    clean = None if line["score"] is None or line["drop"] is None else line["score"] + line["drop"]
    line["relative_drop"] = number(100 * line["drop"] / clean) if clean else None
    scored = [entry for entry in by_language.values() if entry["score"] is not None]
    line["worst_language"] = min(scored, key=lambda entry: entry["score"])["language"] if scored else None
    return {**line, "languages": list(by_language.values())}


def examples(evidence: Evidence) -> list[JSON]:
    """Returns an attacked row of each target and attack, in the source language and in another, with the predictions.

    They are of the study's first arm and seed; one whose prediction has changed, if there is one.
    """
    found = []
    for target, task in evidence.targets.items():
        run = evidence.run(evidence.arms[0], target, evidence.seeds[0])
        for attack, by_language in run.attacked.items():
            foreign = [x for x in by_language if x != task.train_language]
            for language in [x for x in by_language if x == task.train_language] + foreign[:1]:
                stage = by_language[language]
                where = {"target": target, "attack": attack, "language": language, "arm": run.arm}
                if stage.key in evidence.done:
                    found += [{**where, **row} for row in evidence.read(stage, "examples.json")[:1]]
    return found


def associations(evidence: Evidence) -> list[JSON]:
    """Returns, for each measure of similarity and each quantity, whether arms nearer to a target are more robust on it.

    A rank correlation over arms within each target, language and attack, averaged over these; p-values from dealing the
    arms' similarities out anew, the same for all of them, since their scores hang together; Holm over the measures of a
    quantity. `partial` takes out what goes with the clean score and with how many rows an arm has. A measure that speaks of
    one language only is that of the source language everywhere. Signs are turned so that positive means: nearer and higher.
    """
    found = []
    for encoder in evidence.plan.study.vary.encoder:
        for quantity in QUANTITIES:
            measured = list(_measures(evidence, encoder, quantity))
            adjusted = [holm([getattr(a, p) for _, a in measured]) for p in ("p", "p_partial")] if measured else []
            for i, (measure, a) in enumerate(measured):
                found.append(
                    {
                        "encoder": encoder,
                        "measure": measure,
                        "quantity": quantity,
                        "rho": number(a.rho),
                        "p": a.p,
                        "p_adjusted": float(adjusted[0][i]),
                        "partial": number(a.partial),
                        "p_partial": a.p_partial,
                        "p_partial_adjusted": float(adjusted[1][i]),
                        "n_arms": a.n_units,
                        "n_strata": a.n_strata,
                    }
                )
    return found


@dataclass(frozen=True)
class _Stratum:
    """What stands side by side in a target, language and attack, by arm. `source` is the target's source language."""

    target: str
    language: str
    source: str
    measured: list[float]
    clean: list[float]


def _measures(evidence: Evidence, encoder: str, quantity: Quantity) -> Iterator[tuple[str, Association]]:
    rows = [row for row in evidence.similarities() if row["encoder"] == encoder]
    arms = sorted({row["arm"] for row in rows})
    if len(arms) < FEWEST_ARMS:
        return
    strata, sizes = _strata(evidence, encoder, quantity, arms), _sizes(evidence, encoder, arms)
    for measure in evidence.plan.study.similarity:
        sign = 1 if plugin.load("harness.similarity", measure).HIGHER == "similar" else -1
        known = {(r["arm"], r["target"], r["language"]): sign * r["value"] for r in rows if r["measure"] == measure}
        found = []
        for s in strata:
            # A measure that is taken in the source language alone speaks for the others.
            where = s.language if (arms[0], s.target, s.language) in known else s.source
            alike = [known[arm, s.target, where] for arm in arms if (arm, s.target, where) in known]
            if len(alike) == len(arms) and np.ptp(alike):
                found.append((alike, s.measured, s.clean, sizes))
        if found:
            similarity, measured, clean, size = (np.array(table, np.float64) for table in zip(*found, strict=True))
            yield measure, association(similarity, measured, [clean, size])


def _strata(evidence: Evidence, encoder: str, quantity: Quantity, arms: list[str]) -> list[_Stratum]:
    strata = []
    for target, task in evidence.targets.items():
        clean = evidence.drawn(encoder, target)
        for attack in evidence.attacks(target):
            if attack == WORST:
                continue
            own = evidence.drawn(encoder, target, under=Under(attack, quantity))
            if not {Arm(encoder, arm) for arm in arms} <= set(own.arms):
                continue
            for i, language in enumerate(own.languages):
                columns = [[d.sample.by_seed.mean(0)[d.arms.index(Arm(encoder, a)), i] for a in arms] for d in (own, clean)]
                if np.isfinite(columns).all():
                    measured, before = (list(map(float, column)) for column in columns)
                    strata.append(_Stratum(target, language, task.train_language or "en", measured, before))
    return strata


def _sizes(evidence: Evidence, encoder: str, arms: list[str]) -> list[float]:
    """Returns how many rows each arm's intermediate training has; nothing but zeros where the specs do not say."""
    target, sizes = next(iter(evidence.targets)), []
    for arm in arms:
        intermediate = evidence.run(Arm(encoder, arm), target, evidence.seeds[0]).intermediate
        assert intermediate  # a similarity is one of an intermediate task
        limit, total = intermediate.params["training"]["max_examples"], 0
        for entry in intermediate.params["tasks"]:
            known = [n_rows(described) for described in entry["train"].values()]
            n = None if None in known else sum(filter(None, known))
            if n is None and limit is None:
                return [0.0] * len(arms)
            total += min(each for each in (n, limit) if each is not None)
        sizes.append(float(total))
    return sizes
