"""Whose work a study rests on: data sets, encoders and benchmarks with licence and citation."""

from __future__ import annotations

from collections.abc import Iterable

from harness.evidence import Evidence
from harness.records import JSON
from harness.spec.model import ModelSpec


def sources(evidence: Evidence, benchmarks: Iterable[str] = ()) -> list[JSON]:
    """Returns everything that a study uses, each once: kind, name, title, paper, url, licence and citation.

    Data sets are those of the study's edition. Benchmarks are the study's, those that its targets belong to, and those
    that are named, such as the one that claims are about.
    """
    catalog, study = evidence.catalog, evidence.plan.study
    tasks = [catalog.task(name) for name in catalog.read_by(study)]
    named = [study.benchmark, *(b for target in evidence.targets.values() for b in target.benchmarks), *benchmarks]
    known = catalog.names("benchmarks")
    found: list[JSON] = [
        {"kind": "data set", "name": t.name, "title": t.title, **t.source.data(), "note": t.deviation or ""} for t in tasks
    ]
    found += [_encoder(evidence, catalog.model(name)) for name in study.vary.encoder]
    for name in dict.fromkeys(b for b in named if b in known):
        spec = catalog.benchmark(name)
        own = {"paper": spec.title, "url": spec.url or "", "licence": spec.licence or "", "citation": spec.citation}
        found.append({"kind": "benchmark", "name": name, "title": spec.title, **own, "note": ""})
    return found


def _encoder(evidence: Evidence, model: ModelSpec) -> JSON:
    """Returns an encoder's line; one that is trained here has the terms of the text that it is trained on."""
    line: JSON = {"kind": "encoder", "name": model.name, "title": model.title}
    if model.source:
        return {**line, **model.source.data(), "note": f"{model.hub.id}@{model.hub.revision}" if model.hub else ""}
    if model.trained:
        text = evidence.catalog.task(model.trained.task)
        return {**line, **text.source.data(), "note": f"trained here on {text.name}"}
    url = f"https://huggingface.co/{model.hub.id}/tree/{model.hub.revision}" if model.hub else ""
    return {**line, "paper": "", "url": url, "licence": "", "citation": "", "note": "its file names no source"}
