"""Trivial baselines of a task: what majority, single sentences or word overlap reach without any encoder."""

from __future__ import annotations

import json

from harness import data, plugin
from harness.records import JSON
from harness.stages import Job
from harness.stages._parts import count, family, finite, load_rows, setup

VERSION = 2


def run(job: Job) -> list[str]:
    """Writes `scores.json`: one value a baseline, language and metric. They learn from the source language alone."""
    params = job.params
    task = params["task"]
    module, prepared = family(task), setup(task, "first")
    train = load_rows(params["train"], job.data) if params["train"] else []
    scores: list[JSON] = []
    limit = params["max_examples"]
    tests = {x: data.sample(data.load(d, x, job.data), limit) for x, d in sorted(params["data"].items())}
    joined = [row for rows in tests.values() for row in rows]
    for baseline in params["baselines"]:
        # One fit serves all languages: the baselines know nothing of a row's language.
        answers = iter(plugin.load("harness.trivial", baseline["name"]).predict(train, joined))
        for language, rows in tests.items():
            predicted = [next(answers) for _ in rows]
            for metric in params["metrics"]:
                scorer = plugin.load("harness.metrics", metric["name"])
                ids, counts = count(scorer, rows, module.gold(rows, prepared), predicted, language)
                value = finite(float(scorer.aggregate(counts.sum(0))))
                entry = {"baseline": baseline["name"], "language": language, "metric": metric["name"]}
                scores.append({**entry, "value": value, "n": len(ids), "key": job.stage.key})
    (job.out / "scores.json").write_text(json.dumps(scores, indent=1, ensure_ascii=False) + "\n")
    return []
