"""Everything a report says about a study, as one plain JSON document: the content of `metrics.json`."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from harness import robustness
from harness.evidence import Evidence
from harness.records import JSON, OUTCOMES, Verdict
from harness.report import origins, published, scores
from harness.report.sources import sources
from harness.spec.study import BASELINE

SCHEMA_VERSION = 1


def summarize(evidence: Evidence, verdicts: Sequence[Verdict]) -> JSON:
    """Returns a study's results as JSON-able data; the same store gives the same document.

    `metrics` and `verdicts` are nested numbers, for `dvc metrics diff`; the rest are lists of flat lines. Scores are
    percent, differences points, intervals 95 % over seeds and examples, paired.
    """
    study = evidence.plan.study
    # JSON has no nan: a score of a set in which nothing was counted is null.
    rows = [{**row, "value": row["value"] if isfinite(row["value"] or 0) else None} for row in evidence.scores()]
    table, languages, overall = scores.tables(evidence, rows)
    known = origins.manifests(evidence)
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "title": study.title,
        "description": study.description,
        "baseline": BASELINE,
        "split": study.split,
        "seeds": list(evidence.seeds),
        "n_resamples": evidence.n_resamples,
        "metrics": _nested(evidence, table, overall),
        "verdicts": {word: sum(v.outcome == word for v in verdicts) for word in OUTCOMES},
        "encoders": _encoders(evidence),
        "arms": _arms(evidence),
        "targets": _targets(evidence),
        "overall": overall,
        "table": table,
        "languages": languages,
        "scores": rows,
        "trivial": origins.trivial(evidence),
        "robustness": robustness.lines(evidence),
        "attacked_rows": robustness.examples(evidence),
        "similarity": evidence.similarities(),
        "associations": robustness.associations(evidence),
        "published": published.lines(evidence, table),
        "not_found": published.gaps(evidence),
        "curves": origins.curves(evidence),
        "cost": origins.cost(evidence, known),
        "doubts": origins.doubts(evidence, known),
        "provenance": origins.provenance(evidence, known),
        "sources": sources(evidence),
    }


def _nested(evidence: Evidence, table: Sequence[JSON], overall: Sequence[JSON]) -> JSON:
    """Returns {arm: {target: mean}}; what is incomplete is left out. Several encoders stand before their arms' names."""
    several = len(evidence.plan.study.vary.encoder) > 1
    nested: JSON = {}
    for line in [*table, *({**line, "target": "mean"} for line in overall)]:
        if line["mean"] is not None:
            name = f"{line['encoder']}/{line['arm']}" if several else line["arm"]
            nested.setdefault(name, {})[line["target"]] = line["mean"]
    return nested


def _encoders(evidence: Evidence) -> list[JSON]:
    models = [evidence.catalog.model(name) for name in evidence.plan.study.vary.encoder]
    return [{"name": m.name, "title": m.title, "n_parameters": m.n_parameters, "disclosure": m.disclosure} for m in models]


def _arms(evidence: Evidence) -> list[JSON]:
    arms = []
    for arm in evidence.arms:
        spec = evidence.plan.study.intermediate.get(arm.name)
        arms.append(
            {
                "encoder": arm.encoder,
                "name": arm.name,
                "tasks": list(spec.tasks) if spec else [],
                "mlm_fraction": spec.mlm.fraction if spec and spec.mlm else None,
                "translate_to": list(spec.translate_to) if spec else [],
            }
        )
    return arms


def _targets(evidence: Evidence) -> list[JSON]:
    return [
        {
            "name": task.name,
            "title": task.title,
            "family": task.family,
            "metric": task.metric,
            "languages": list(evidence.languages(name)),
            "source_language": task.train_language,
            "deviation": task.deviation,
            "proxy_for": list(task.proxy_for),
            "trivial": list(task.trivial),
        }
        for name, task in evidence.targets.items()
    ]
