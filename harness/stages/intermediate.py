"""Phase (ii): English intermediate training on one task or several at once. Only the encoder goes on; heads stay here."""

from __future__ import annotations

import json

import torch

from harness import encoders
from harness.records import JSON
from harness.spec.training import TrainingSpec
from harness.stages import Job
from harness.stages._parts import (
    ENCODER,
    EVENTS,
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
MLM_HEAD = "masked_lm.safetensors"


def run(job: Job) -> list[str]:
    """Writes `encoder/`, a head a task under `heads/`, and the events."""
    params = job.params
    training = TrainingSpec.model_validate_json(json.dumps(params["training"]))
    encoder = load_encoder(job)
    # Heads are drawn from the seed, in the order of the tasks.
    torch.manual_seed(params["seed"])
    members: dict[str, Member] = {}
    doubts: list[str] = []

    def add(entry: JSON, fraction: float | None) -> Member:
        task = entry["task"]
        module, prepared = family(task), setup(task, params["pooling"])
        rows = load_rows(entry["train"], job.data, training.max_examples)
        features = module.features(rows, encoder, prepared)
        doubts.extend(truncation(task["name"], features, rows))
        head = module.Head(encoder, prepared).to(device())
        members[task["name"]] = Member(module, head, features, prepared, fraction)
        return members[task["name"]]

    for entry in params["tasks"]:
        add(entry, None)
    if params["mlm"]:
        head = add(params["mlm"], params["mlm"]["fraction"]).head
        if job.inputs and (job.inputs[0] / MLM_HEAD).exists():
            encoders.load_head(head, job.inputs[0] / MLM_HEAD)
    events = fit(
        encoder,
        list(members.values()),
        training,
        seed=params["seed"],
        work=job.work,
        sampling=params["sampling"],
        temperature=params["temperature"],
        checkpoint_seconds=job.checkpoint_seconds,
    )
    encoders.save(encoder, job.out / ENCODER)
    (job.out / "heads").mkdir()
    for name, member in members.items():
        encoders.save_head(member.head, job.out / "heads" / f"{name}.safetensors")
    write_events(job.out / EVENTS, events)
    return doubts
