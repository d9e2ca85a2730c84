"""Time and memory of judging a store as large as the paper's study, filled with random answers.

    python benchmarks/verify_speed.py [--study paper] [--store DIR]    # about 12 GB of disk for `paper`

Every evaluation of the study is written as its stage would write it, with as many rows as the task file says. Sets of
unknown size are taken at the sizes below. Nothing is trained. `harness verify` then runs in a process of its own, which
must not load torch. A store that is given and there already is judged as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import plugin
from harness.plan import make_plan
from harness.provenance import cores
from harness.records import JSON, Manifest, Score, Stage
from harness.spec.catalog import Catalog
from harness.stages.evaluate import signature
from harness.store import Store

# BUCC: foreign sentences of the shared task's training sets, rounded.
SIZES = {"bucc2018": {"de": 414_000, "fr": 272_000, "ru": 461_000, "zh": 95_000}}
OTHERWISE = 1000
PROGRAM = """
import sys
from harness.cli import main
try:
    main()
finally:
    assert not {"torch", "transformers"} & set(sys.modules)
"""


def fill(store: Store, study: str, catalog: Catalog) -> int:
    """Publishes every fine-tuning and evaluation of a study; returns how many."""
    plan, view = make_plan(catalog.study(study), catalog), catalog.for_study(catalog.study(study))
    rng, n = np.random.default_rng(1), 0
    for stage in plan.stages:
        folder = store.work(stage) / "out"
        folder.mkdir(exist_ok=True)
        scores: object = {"validation": 70 + rng.standard_normal(), "metric": "none", "n": 10}
        if stage.kind == "evaluate":
            metrics = stage.params["metrics"]
            counts, ids = answers(stage, view, rng)
            np.savez(folder / "statistics.npz", **{metric["name"]: counts for metric in metrics}, ids=ids)
            scores = [score(stage, metric, counts).to_json() for metric in metrics]
        (folder / "scores.json").write_text(json.dumps(scores))
        store.publish(Manifest(stage.key, stage, {}, {}, {}, "cpu", "2026-01-01T00:00:00+00:00", 1.0), folder)
        n += 1
    return n


def score(stage: Stage, metric: JSON, counts: NDArray[np.float64]) -> Score:
    """Returns the score of an evaluation, as its stage writes it."""
    params, language = stage.params, stage.params["language"]
    value = float(plugin.load("harness.metrics", metric["name"]).aggregate(counts.sum(0)))
    signed = signature(params, metric, language)
    where = (params["task"]["name"], language, params["split"], params["attack"])
    return Score(*where, metric["name"], value, len(counts), signed, stage.key)


def answers(stage: Stage, catalog: Catalog, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Returns random statistics [N, K] of an evaluation, alike for all its metrics, and ids."""
    name, language = stage.params["task"]["name"], stage.params["language"]
    n = SIZES.get(name, {}).get(language) or catalog.task(name).n_rows("test", [language]) or OTHERWISE
    right = (rng.random(n) < 0.7).astype(float)
    ids = np.array([f"{i:07d}" for i in range(n)])
    if name == "bucc2018":
        # Gold is the same for every checkpoint: one foreign sentence of thirty has a translation. As many others look as
        # if they had one, and a checkpoint takes a fifth of these for translated.
        kinds = np.random.default_rng(n).random(n)
        has, seems = kinds < 0.03, (kinds > 0.97) & (rng.random(n) < 0.2)
        return np.stack([has * right, has * (1 - right) + seems, has * (1 - right)], -1), ids
    if stage.params["metrics"][0]["name"] in ("chunk_f1", "upos_f1"):
        return np.stack([2 * right, 1 - right, 1 - right], -1), ids
    return np.stack([right, np.ones(n)], -1), ids


def main() -> None:
    """Fills a store, judges, prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--study", default="paper")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--claims", default="claims.yaml")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = options.store or Path(folder) / "store"
        if not place.exists():
            os.fsync = lambda _: None  # type: ignore[assignment]  # what is left of a power cut does not matter
            print(f"{fill(Store(place), options.study, Catalog(Path('specs')))} stages written", flush=True)
        command = ["--store", str(place), "verify", options.claims, "--study", options.study, "--format", "json"]
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", PROGRAM, *command], stdout=subprocess.PIPE, text=True, check=False)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        summary = json.loads(done.stdout)["summary"]
        print(f"verify {options.study}: {seconds:.1f} s, {peak:.2f} GB at most, {cores()} cores; {summary}")


if __name__ == "__main__":
    main()
