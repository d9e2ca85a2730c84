"""Where numbers come from: manifests and events → curves, cost, doubts and provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from harness.canon import dumps, number
from harness.evidence import Evidence
from harness.records import JSON, KINDS, Manifest, Stage

MAX_POINTS = 60
TRAINED = ("pretrain", "intermediate", "finetune")


def places(evidence: Evidence) -> dict[str, JSON]:
    """Returns for each stage's key the encoder, arm, target, language and seed it serves; none where it serves several."""
    found: dict[str, JSON] = {}
    for run in evidence.plan.runs:
        own = {"encoder": run.encoder_name, "arm": run.arm, "target": run.spec.target, "seed": run.spec.seed}
        stages: list[tuple[Stage | None, JSON]] = [
            (run.pretrain, {}),
            (run.intermediate, {}),
            (run.finetune, {}),
            *((stage, {"language": x}) for by in (run.evaluate, *run.attacked.values()) for x, stage in by.items()),
        ]
        for stage, more in stages:
            if stage is not None:
                _serve(found, stage, {**own, "language": None, **more})
    for (encoder, arm, target), stage in evidence.plan.similarity.items():
        here = {"encoder": encoder, "arm": arm, "target": target, "seed": None, "language": None}
        # An arm's texts are held against many targets, a target's against many arms.
        for one in (stage, *evidence.plan.parents(stage)):
            _serve(found, one, here)
    for target, stage in evidence.plan.trivial.items():
        found[stage.key] = {"encoder": None, "arm": None, "target": target, "seed": None, "language": None}
    return found


def _serve(found: dict[str, JSON], stage: Stage, here: JSON) -> None:
    known = found.setdefault(stage.key, here)
    found[stage.key] = {k: v if known[k] == v else None for k, v in here.items()}


def curves(evidence: Evidence) -> list[JSON]:
    """Returns the learning curve of every finished training stage, thinned to at most `MAX_POINTS` points."""
    where = places(evidence)
    found = []
    for stage in evidence.plan.stages:
        if stage.kind in TRAINED and stage.key in evidence.done:
            place = where[stage.key]
            found.append(
                {
                    "stage": stage.label,
                    "key": stage.key,
                    "kind": stage.kind,
                    **{k: place[k] for k in ("encoder", "arm", "target", "seed")},
                    "points": thin(evidence.events(stage)),
                }
            )
    return found


def thin(events: list[JSON], most: int = MAX_POINTS) -> list[JSON]:
    """Returns at most `most` points: of each stretch its last step, its mean loss and its last validation score."""
    n = min(most, len(events))
    bounds = [len(events) * i // n for i in range(n + 1)] if n else []
    points = []
    for start, stop in pairwise(bounds):
        stretch = events[start:stop]
        losses = [e["loss"] for e in stretch if e.get("loss") is not None]
        validations = [e["validation"] for e in stretch if e.get("validation") is not None]
        points.append(
            {
                "step": stretch[-1]["step"],
                "loss": number(sum(losses) / len(losses)) if losses else None,
                "validation": number(validations[-1]) if validations else None,
            }
        )
    return points


def plot_points(learned: Iterable[JSON]) -> list[JSON]:
    """Returns curves as one flat list of stage, step and loss, for `dvc plots`."""
    return [
        {"stage": curve["stage"], "step": point["step"], "loss": point["loss"]}
        for curve in learned
        for point in curve["points"]
        if point["loss"] is not None
    ]


def trivial(evidence: Evidence) -> list[JSON]:
    """Returns the scores of trivial baselines: target, baseline, language, metric, value, n, key."""
    rows: list[JSON] = []
    for target, stage in evidence.plan.trivial.items():
        if stage.key in evidence.done:
            read = evidence.read(stage, "scores.json")
            rows += [{"target": target, **row, "value": number(row["value"])} for row in read]
    return rows


def manifests(evidence: Evidence) -> dict[str, Manifest]:
    """Returns the manifests of the plan's finished stages by key, in the plan's order."""
    return {stage.key: evidence.manifest(stage) for stage in evidence.plan.stages if stage.key in evidence.done}


def cost(evidence: Evidence, known: dict[str, Manifest]) -> list[JSON]:
    """Returns for each kind of stage how many there are, how many are done, and the seconds they took."""
    rows = []
    for kind in KINDS:
        stages = [stage for stage in evidence.plan.stages if stage.kind == kind]
        spent = [known[stage.key].seconds for stage in stages if stage.key in known]
        if stages:
            rows.append({"kind": kind, "n_stages": len(stages), "n_done": len(spent), "seconds": round(sum(spent), 3)})
    return rows


def doubts(evidence: Evidence, known: dict[str, Manifest]) -> list[JSON]:
    """Returns every doubt of every finished stage."""
    return [
        {"doubt": doubt, "stage": stage.label, "kind": stage.kind, "key": stage.key}
        for stage in evidence.plan.stages
        if stage.key in known
        for doubt in known[stage.key].doubts
    ]


def provenance(evidence: Evidence, known: dict[str, Manifest]) -> JSON:
    """Returns code, environments, devices, images, data and every stage with its manifest's place."""
    done = list(known.values())
    where = places(evidence)
    return {
        "code": _distinct([m.code for m in done]),
        "environments": _distinct([m.environment for m in done]),
        "devices": _distinct([{"device": m.device} for m in done]),
        "images": _distinct([m.image for m in done if m.image]),
        "data": _data(evidence.plan.stages),
        "stages": [
            {
                "label": stage.label,
                "kind": stage.kind,
                "key": stage.key,
                "done": stage.key in known,
                "seconds": known[stage.key].seconds if stage.key in known else None,
                "manifest": f"{stage.kind}/{stage.key}/manifest.json",
                **where.get(stage.key, {}),
            }
            for stage in evidence.plan.stages
        ],
    }


def _distinct(records: list[JSON]) -> list[JSON]:
    """Returns each different record once, with the number of stages that have it; the most frequent first."""
    counts: dict[str, int] = {}
    first: dict[str, JSON] = {}
    for record in records:
        text = dumps(record)
        counts[text] = counts.get(text, 0) + 1
        first[text] = record
    order = sorted(counts, key=lambda text: (-counts[text], text))
    return [{**first[text], "n_stages": counts[text]} for text in order]


def _data(stages: Iterable[Stage]) -> list[JSON]:
    """Returns the files behind every task, split and language, each combination once."""
    found: dict[tuple[str, str, str], JSON] = {}
    for stage in stages:
        for task, split, language, parts in _described(stage):
            digests = list(dict.fromkeys(d for part in parts for d in part["files"]))
            line = {"task": task, "split": split, "language": language, "sha256": digests}
            found.setdefault((task, split, language), line)
    return [found[key] for key in sorted(found)]


def _described(stage: Stage) -> Iterator[tuple[str, str, str, Any]]:
    """Yields task, split, language and the description of the rows, for everything that a stage reads."""
    params = stage.params
    if stage.kind == "intermediate":
        mixed = [*params["tasks"], *([params["mlm"]] if params["mlm"] else [])]
        split_data = [(e["task"]["name"], {"train": e["train"]}) for e in mixed]
    elif stage.kind == "evaluate":
        split_data = [(params["task"]["name"], {params["split"]: {params["language"]: params["data"]}})]
    elif stage.kind == "trivial":
        split_data = [(params["task"]["name"], {"train": params["train"], params["split"]: params["data"]})]
    elif stage.kind == "corpus":
        split_data = [(e["task"]["name"], {params["split"]: e["rows"]}) for e in params["tasks"]]
    elif stage.kind == "similarity":
        split_data = []
    else:
        split_data = [(params["task"]["name"], params["data"])]
    for task, splits in split_data:
        for split, languages in splits.items():
            for language, parts in languages.items():
                yield (
                    task,
                    "intermediate" if stage.kind == "intermediate" and split == "train" else split,
                    language,
                    parts,
                )
