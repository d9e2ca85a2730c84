"""Phase (iii), first half: the encoder and a new head are trained on the target task's source-language data."""

from __future__ import annotations

import json

import torch

from harness import encoders, plugin
from harness.spec.training import TrainingSpec
from harness.stages import Job
from harness.stages._parts import (
    ENCODER,
    EVENTS,
    collapse,
    device,
    family,
    load_encoder,
    load_rows,
    setup,
    truncation,
    write_events,
)
from harness.training.loop import Member, fit

VERSION = 2
HEAD = "head.safetensors"


def run(job: Job) -> list[str]:
    """Writes `encoder/`, the head, `scores.json` with the source-language validation score, and the events.

    Validation data are of the source language alone: nothing of a target language is seen before evaluation.
    """
    params = job.params
    task, training = params["task"], TrainingSpec.model_validate_json(json.dumps(params["training"]))
    encoder = load_encoder(job)
    module, prepared = family(task), setup(task, params["pooling"])
    rows = load_rows(params["data"]["train"], job.data, training.max_examples)
    features = module.features(rows, encoder, prepared)
    torch.manual_seed(params["seed"])
    head = module.Head(encoder, prepared).to(device())
    stopping = training.early_stopping
    held_out = load_rows(params["data"]["validation"], job.data, stopping.max_examples if stopping else None)
    held_features = module.features(held_out, encoder, prepared)
    metric = plugin.load("harness.metrics", params["metric"]["name"])
    predicted: list[str] = []

    @torch.no_grad()
    def validate() -> float:
        predicted[:] = module.predict(encoder, head, held_features, held_out, prepared)
        language = min(params["data"]["validation"])
        counts = metric.statistics(module.gold(held_out, prepared), predicted, language=language)
        return float(metric.aggregate(counts.sum(0)))

    events = fit(
        encoder,
        [Member(module, head, features, prepared)],
        training,
        seed=params["seed"],
        work=job.work,
        validate=validate,
        checkpoint_seconds=job.checkpoint_seconds,
    )
    score = round(validate(), 6)
    encoders.save(encoder, job.out / ENCODER)
    encoders.save_head(head, job.out / HEAD)
    write_events(job.out / EVENTS, events)
    scores = {"validation": score, "metric": params["metric"]["name"], "n": len(held_out)}
    (job.out / "scores.json").write_text(json.dumps(scores) + "\n")
    return truncation(task["name"], features, rows) + collapse(f"{task['name']} validation", predicted)
