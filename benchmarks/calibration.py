"""How often chance is called a result: simulated studies with a known truth, judged by the program's own judges.

    python benchmarks/calibration.py [--studies 2000] [--seeds 3] [--resamples 500]

A study has a baseline, five intermediate arms and four targets of 500 examples, two of them in two parallel languages. A
run answers an example by the toss of a coin whose odds hold the example's difficulty, what the arm has to do with this
example, and the luck of the seed, a part of it the same on all targets. In one half of the studies no arm gains anything,
in the other every arm gains 2 points on every target: so each kind of claim is judged where its null hypothesis is true and
as near to false as it can be, and where its contrary is.

Printed for each kind: how often it is reproduced although its null hypothesis is true, contradicted although it holds
(each at 5 %, uncorrected), how often its 95 % interval holds the truth; and for all parts together, corrected as in
`harness verify`, how often any part of a study is contradicted, or reproduced, wrongly.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness.evidence import Arm, Evidence
from harness.judges import JUDGES
from harness.plan import make_plan
from harness.records import Stage
from harness.selection import View
from harness.spec.catalog import Catalog
from harness.spec.claim import ClaimsSpec
from harness.stats.correction import holm
from harness.store import Store

Array = NDArray[np.float64]
ALPHA, GAIN, N_EXAMPLES = 0.05, 2.0, 500
ENCODER = "example/encoder"
ARMS = {"a": ["mnli"], "b": ["squad_v1"], "c": ["hellaswag"], "d": ["qqp"], "e": ["mnli", "squad_v1", "hellaswag", "qqp"]}
TARGETS = {"xnli": ("en", "la"), "pawsx": ("en", "la"), "xquad": ("en",), "tatoeba": ("la",)}
GROUPS = {"classification": ["xnli", "pawsx"], "qa": ["xquad"], "retrieval": ["tatoeba"]}
# Standard deviation between seeds on one target, in points; half of it is the same on all targets of a seed.
REGIMES = {"steady": 0.2, "like fine-tuning": 1.0, "unstable": 4.0}
NUMBERS = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 5.0}
EQUIVALENT = {"kind": "equivalent", "margin": GAIN}
A, B, ALL = ({"intermediate": own} for own in (["mnli"], ["squad_v1"], "all"))
# Part, the truth of its estimate by gain (none where the arms' luck decides), and when its null hypothesis and its
# contrary's are true: "none" of the arms gain, or "all" do.
PARTS: dict[str, tuple[dict[str, Any], dict[float, float | None], str, str]] = {
    "greater": ({"kind": "greater", "arm": A}, {0.0: 0.0, GAIN: GAIN}, "none", "both"),
    "greater, mean of all": ({"kind": "greater", "arm": "mean_of_all"}, {0.0: 0.0, GAIN: GAIN}, "none", "both"),
    "comparison": ({"kind": "comparison", "arm": A, "over": B}, {0.0: 0.0, GAIN: 0.0}, "both", "both"),
    "selected_greater": ({"kind": "selected_greater"}, {0.0: 0.0, GAIN: GAIN}, "none", "both"),
    "value": ({"kind": "value", "arm": A, "value": GAIN, "margin": GAIN}, {0.0: 0.0, GAIN: GAIN}, "none", "both"),
    "equivalent": (EQUIVALENT, {0.0: 0.0, GAIN: GAIN}, "all", "both"),
    "equivalent, one-sided": ({**EQUIVALENT, "one_sided": True}, {0.0: 0.0, GAIN: GAIN}, "all", "both"),
    "best": ({"kind": "best", "arm": ALL}, {0.0: 0.0, GAIN: 0.0}, "both", "both"),
    "ordering": ({"kind": "ordering", "group": "retrieval"}, {0.0: 0.0, GAIN: 0.0}, "both", "both"),
    "count": ({"kind": "count", "at_least": 0.5}, {0.0: None, GAIN: None}, "none", "both"),
    "correlation": ({"kind": "correlation", "across": "arms", "numbers": NUMBERS}, {0.0: 0.0, GAIN: 0.0}, "both", "both"),
}  # fmt: skip


class Simulated(Evidence):
    """Evidence out of nothing but a truth."""

    def pretend(self, number: int, gain: float, seed_sd: float) -> None:
        """Draws all answers of study `number` anew."""
        self._drawn.clear()
        self._means.clear()
        rng = np.random.default_rng([number, int(100 * gain), int(100 * seed_sd)])
        n_arms, n_seeds = len(self.arms), len(self.seeds)
        shared = rng.standard_normal((n_arms, n_seeds))
        self._counts: dict[str, Array] = {}
        self._scored: dict[tuple[Arm, str], Array] = {}
        for target, languages in TARGETS.items():
            luck = seed_sd / 100 * (shared + rng.standard_normal((n_arms, n_seeds))) / np.sqrt(2)
            if target == "tatoeba":
                luck[0] = 0.0  # the untrained encoder: one evaluation serves all seeds
            difficulty = rng.uniform(-0.2, 0.2, N_EXAMPLES)
            for a, arm in enumerate(self.arms):
                own = rng.uniform(-0.1, 0.1, N_EXAMPLES)
                level = 0.65 + gain / 100 * (a > 0)
                # Luck of its own: were it that of the test rows, arms chosen by it would in truth be better ones.
                self._scored[arm, target] = 100 * level + seed_sd * rng.standard_normal(n_seeds)
                for language in languages:
                    for s, seed in enumerate(self.seeds):
                        stage = self.run(arm, target, seed).evaluate[language]
                        if stage.key not in self._counts:
                            odds = np.clip(level + luck[a, s] + difficulty + own, 0, 1)
                            right = (rng.random(N_EXAMPLES) < odds).astype(float)
                            self._counts[stage.key] = np.stack([right, np.ones_like(right)], -1)

    @cached_property
    def done(self) -> frozenset[str]:
        """Everything."""
        return frozenset(stage.key for stage in self.plan.stages)

    def statistics(self, stage: Stage, metric: str) -> tuple[Array, NDArray[np.str_]]:
        """Returns what was drawn."""
        return self._counts[stage.key], IDS

    def validation(self, arm: Arm, target: str) -> Array | None:
        """Returns validation scores: by arm the true level, and luck."""
        return self._scored[arm, target]


IDS = np.arange(N_EXAMPLES).astype(str)


def catalog(folder: Path, seeds: int) -> Catalog:
    """Writes the study and all that it names; returns the catalogue."""
    source = {"paper": "none", "url": "https://example.org", "licence": "none", "citation": "none"}
    rows = [{"files": [{"generated": "none", "sha256": "0" * 64}], "n": N_EXAMPLES}]
    for name in {*TARGETS, *(task for own in ARMS.values() for task in own)}:
        languages, is_search = TARGETS.get(name, ("en",)), name == "tatoeba"
        family = "sentence_retrieval" if is_search else "sequence_classification"
        splits = {"test": dict.fromkeys(languages, rows)}
        own = {} if is_search else {"train": {"en": rows}, "validation": {"en": rows}}
        more = {"train_language": None} if is_search else {"labels": ["yes", "no"]}
        spec = {"version": 1, "title": name, "role": "both", "family": family, "languages": languages, **more}
        spec |= {"metrics": ["accuracy"], "parallel": True, "reader": {"name": "jsonl_rows"}, "source": source}
        _write(folder, "tasks", name, spec | {"splits": {**splits, **own}})
    _write(folder, "models", "encoder", {"title": "E", "n_parameters": 1, "hub": {"id": ENCODER, "revision": "0" * 40}})
    _write(folder, "benchmarks", "bench", {"title": "B", "groups": GROUPS, "citation": "none"})
    training = {"learning_rate": 0.1, "epochs": 1, "batch_examples": 1}
    vary = {"encoder": ["encoder"], "intermediate": ["none", *ARMS], "target": list(TARGETS), "seed": list(range(seeds))}
    arms = {name: {"tasks": own, "training": training} for name, own in ARMS.items()}
    trained = {name: training for name in TARGETS if name != "tatoeba"}
    study = {"title": "S", "description": "S", "vary": vary, "intermediate": arms, "training": trained}
    _write(folder, "studies", "study", study)
    return Catalog(folder)


def _write(root: Path, folder: str, name: str, spec: dict[str, Any]) -> None:
    path = root / folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": name, **spec}))


def claims() -> ClaimsSpec:
    """Returns the file of all parts, each a claim."""
    quote = {"document": "none", "quote": "none"}
    listed = [
        {"id": f"P{i}", "statement": name, "source": quote, "parts": [part]}
        for i, (name, (part, *_)) in enumerate(PARTS.items())
    ]
    top = {"schema_version": 1, "paper": "none", "benchmark": "bench", "encoder": ENCODER, "claims": listed}
    return ClaimsSpec.model_validate_json(json.dumps(top))


def findings(view: View, spec: ClaimsSpec, number: int, gain: float, seed_sd: float) -> Iterator[tuple[str, Any]]:
    """Yields each part's finding on one study."""
    assert isinstance(view.evidence, Simulated)
    view.evidence.pretend(number, gain, seed_sd)
    for claim in spec.claims:
        yield claim.statement, JUDGES[claim.parts[0].kind](view, claim.parts[0])


def is_true(when: str, gain: float) -> bool:
    """Returns whether what holds when "none", "all" or "both" gain holds at this gain."""
    return when == "both" or (when == "none") == (gain == 0.0)


def measure(view: View, spec: ClaimsSpec, studies: int, seed_sd: float) -> tuple[list[list[str]], list[str]]:
    """Returns a line a kind, and the line of all together."""
    wrong: dict[str, dict[str, list[bool]]] = {name: {"for": [], "against": [], "held": []} for name in PARTS}
    family: dict[str, list[bool]] = {"for": [], "against": []}
    for gain in (0.0, GAIN):
        for number in range(studies // 2):
            found = dict(findings(view, spec, number, gain, seed_sd))
            up, down = (holm([getattr(f, name) for f in found.values()]) for name in ("p_for", "p_against"))
            true = {name: is_true(PARTS[name][2], gain) for name in found}
            family["for"].append(any(p <= ALPHA and true[name] for p, name in zip(up, found, strict=True)))
            contrary = [is_true(PARTS[name][3], gain) for name in found]
            family["against"].append(
                any(p <= ALPHA and not u <= ALPHA and c for p, u, c in zip(down, up, contrary, strict=True))
            )
            for name, finding in found.items():
                if true[name]:
                    wrong[name]["for"].append(finding.p_for <= ALPHA)
                if is_true(PARTS[name][3], gain):
                    wrong[name]["against"].append(finding.p_against <= ALPHA)
                truth = PARTS[name][1][gain]
                if truth is not None:
                    wrong[name]["held"].append(finding.interval[0] <= truth <= finding.interval[1])
    lines = [[name, *(_percent(values) for values in own.values())] for name, own in wrong.items()]
    return lines, ["any part, corrected", *(_percent(values) for values in family.values()), ""]


def _percent(values: list[bool]) -> str:
    return f"{100 * np.mean(values):.1f}" if values else ""


def main() -> None:
    """Simulates, judges, prints a table a regime."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--regime", choices=REGIMES, action="append")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        known, spec = catalog(Path(folder), options.seeds), claims()
        plan = make_plan(known.study("study"), known)
        evidence = Simulated(plan, Store(Path(folder) / "store"), known, options.resamples)
        view = View(evidence, "encoder", spec, known.benchmark("bench"))
        for regime in options.regime or REGIMES:
            lines, together = measure(view, spec, options.studies, REGIMES[regime])
            print(f"{regime}: {REGIMES[regime]} points between seeds, {options.seeds} seeds, {options.studies} studies")
            headers = ["kind", "wrongly reproduced %", "wrongly contradicted %", "truth in the interval %"]
            print(tabulate([*lines, together], headers=headers, disable_numparse=True), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
