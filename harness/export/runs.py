"""What happened, as entities of an RO-Crate: the run of the study, the run of each stage, what each read and wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from harness.canon import Address, dumps
from harness.evidence import Evidence
from harness.export.credits import ref, refs
from harness.folder import origin
from harness.records import JSON, Manifest, Stage
from harness.spec.data import File

COMPLETED = "http://schema.org/CompletedActionStatus"
_IDENTITY = re.compile(r'"([0-9a-f]{64})"')


def study_file(evidence: Evidence) -> str:
    """Returns the id of the study's file, which is the workflow."""
    return f"specs/studies/{evidence.plan.study.name}.yaml"


def entry(stage: Stage) -> str:
    """Returns the id of a stage's entry in the store."""
    return f"store/{stage.kind}/{stage.key}/"


def ended(manifest: Manifest) -> str:
    """Returns when a stage was done, in whole seconds."""
    end = datetime.fromisoformat(manifest.started) + timedelta(seconds=manifest.seconds)
    return end.replace(microsecond=0).isoformat()


def workflow_run(
    evidence: Evidence, stages: Sequence[Stage], manifests: Mapping[Address, Manifest], engines: Sequence[str]
) -> list[JSON]:
    """Returns the run of a study and what orchestrated it."""
    study = evidence.plan.study
    when = {
        "startTime": min(manifest.started for manifest in manifests.values()),
        "endTime": max(map(ended, manifests.values())),
    }
    seeds = [f"#seed-{seed}" for seed in _seeds(stages)]
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run of the study {study.name}",
        "description": f"{len(stages)} of {len(evidence.plan.stages)} stages, and the verdicts that follow from them",
        "instrument": ref(study_file(evidence)),
        "object": refs(["claims.yaml", "specs/", *seeds]),
        "result": refs(["claims.json", "report.md", "store/"]),
        **when,
        "actionStatus": COMPLETED,
    }
    engine = {
        "@id": "#engine-run",
        "@type": "OrganizeAction",
        "name": f"harness run {study.name}",
        "instrument": refs(engines),
        "object": refs(f"#control-{stage.key}" for stage in stages),
        "result": ref("#run"),
        **when,
    }
    return [run, engine]


def stage_runs(evidence: Evidence, stages: Sequence[Stage], manifests: Mapping[Address, Manifest]) -> Iterator[JSON]:
    """Yields for each finished stage the run of its tool, the step that it is a run of, and its entry in the store.

    Then every pinned file and every seed that some stage read.
    """
    pinned = _pinned(evidence)
    # Entries that were read as a parent, and by which kinds of stage.
    roles: dict[str, dict[str, None]] = {}
    read: dict[str, None] = {}
    for stage in stages:
        manifest, run = manifests[stage.key], f"#run-{stage.key}"
        parents = [entry(parent) for parent in evidence.plan.parents(stage)]
        files = [name for name in dict.fromkeys(_IDENTITY.findall(dumps(stage.params))) if name in pinned]
        seed = [f"#seed-{stage.params['seed']}"] if "seed" in stage.params else []
        read |= dict.fromkeys(files)
        for name in parents:
            roles.setdefault(name, {})[f"#tool-{stage.kind}-parents"] = None
        yield {
            "@id": run,
            "@type": "CreateAction",
            "name": stage.label,
            "description": f"{stage.kind} stage {stage.key}, {manifest.seconds} s on {manifest.device}",
            "instrument": ref(f"#tool-{stage.kind}"),
            "object": refs([*parents, *(f"#file-{name}" for name in files), *seed]),
            "result": ref(entry(stage)),
            "startTime": manifest.started,
            "endTime": ended(manifest),
            "actionStatus": COMPLETED,
        }
        control = {"@id": f"#control-{stage.key}", "@type": "ControlAction", "name": f"orchestrate {stage.label}"}
        yield {**control, "instrument": ref(f"#step-{stage.kind}"), "object": ref(run)}
    yield from (_entry(stage, manifests[stage.key], roles.get(entry(stage), {})) for stage in stages)
    yield from (pinned[name] for name in read)
    yield from (_seed(seed) for seed in _seeds(stages))


def _entry(stage: Stage, manifest: Manifest, roles: Iterable[str]) -> JSON:
    return {
        "@id": entry(stage),
        "@type": "Dataset",
        "name": stage.label,
        "identifier": stage.key,
        "description": f"{len(manifest.outputs)} files, which its manifest.json lists with their sha256",
        "exampleOfWork": refs([f"#tool-{stage.kind}-entry", *roles]),
    }


def _seeds(stages: Iterable[Stage]) -> list[int]:
    return sorted({stage.params["seed"] for stage in stages if "seed" in stage.params})


def _seed(seed: int) -> JSON:
    return {
        "@id": f"#seed-{seed}",
        "@type": "PropertyValue",
        "name": "seed",
        "value": seed,
        "exampleOfWork": ref("#in-seed"),
    }


def _pinned(evidence: Evidence) -> dict[str, JSON]:
    """Returns an entity for every pinned file of the study's tasks and encoders, by its identity."""
    found: dict[str, JSON] = {}
    for name in evidence.catalog.read_by(evidence.plan.study):
        task = evidence.catalog.task(name)
        for by_language in task.splits.values():
            for rows in (rows for parts in by_language.values() for rows in parts):
                found |= {f.identity: _file(f, f"#data-set-{name}") for f in rows.files if f.identity not in found}
    for name in evidence.plan.study.vary.encoder:
        packaged = evidence.catalog.model(name).packaged
        if packaged:
            found |= {f.identity: _file(f, f"#encoder-{name}") for f in (packaged.weights, packaged.tokenizer)}
    return found


def _file(file: File, whole: str) -> JSON:
    """Returns a file that stages read and the bundle has not: where it came from, and its digest if it is pinned by one."""
    found: JSON = {"@id": f"#file-{file.identity}", "@type": "CreativeWork", "name": origin(file), "isPartOf": ref(whole)}
    return {**found, "sha256": file.sha256} if file.sha256 else {**found, "identifier": file.identity}
