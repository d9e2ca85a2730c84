"""How alike the domains of an intermediate training and of a target are, by every measure that the study names."""

from __future__ import annotations

import json
from pathlib import Path

from harness import data, encoders, plugin
from harness.attacks._texts import text_of
from harness.encoders import Encoder
from harness.families import Row
from harness.records import JSON
from harness.similarity import Corpus, compare
from harness.similarity._vectors import features, fisher
from harness.stages import Job
from harness.stages._parts import ENCODER, device, family, load_encoder, load_rows, setup
from harness.stages.finetune import HEAD

VERSION = 1
SIMILARITY = "similarity.json"
# What a measure reads that says nothing of domains where two corpora are of different languages.
ONE_LANGUAGE = ("text", "tokens")


def run(job: Job) -> list[str]:
    """Writes `similarity.json`: for each language of the target every measure that can be taken there."""
    params, found = job.params, []
    needs = {m["name"]: plugin.load("harness.similarity", m["name"]).NEEDS for m in params["measures"]}
    by_text = [name for name, need in needs.items() if need != "fisher"]
    by_task = [name for name, need in needs.items() if need == "fisher"]
    made = {"features": _made(job), "fisher": {"rows": params["fisher"]["max_examples"]} if by_task else {}}
    encoder, n, source = load_encoder(job), params["max_examples"], params["source"]
    rows = [(row, entry["task"]["family"]) for entry in params["tasks"] for row in load_rows(entry["train"], job.data, n)]
    name = "+".join(entry["task"]["name"] for entry in params["tasks"])
    ours = _texts(encoder, name, source, [text_of(row, kind) for row, kind in rows], params)
    trained = _by_task(job) if by_task else None
    for language, described in sorted(params["data"].items()):
        theirs = data.load(described, language, job.data)
        texts = [text_of(row, params["task"]["family"]) for row in data.sample(theirs, n)]
        other = _texts(encoder, params["task"]["name"], language, texts, params)
        names = [m for m in by_text if language == source or needs[m] not in ONE_LANGUAGE]
        pairs = [(ours, other, names)]
        if trained:
            pairs.append((trained[0], trained[1].corpus(theirs, language), by_task))
        for a, b, measures in pairs:
            alike = compare(a, b, measures, params["seed"], params["n_resamples"], made)
            found += [{"language": language, **one.to_json()} for one in alike]
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    (job.out / SIMILARITY).write_text(text + "\n", encoding="utf-8")
    return []


def _made(job: Job) -> JSON:
    """Returns what features come from, for the signature."""
    params = job.params
    start = params["encoder"]
    which = job.stage.inputs[0] if start["from"] == "parent" else start.get("id") or start["weights"]
    layer = "last" if params["layer"] is None else str(params["layer"])
    return {"encoder": which[:40], "layer": layer, "pool": params["pooling"]}


def _texts(encoder: Encoder, name: str, language: str, texts: list[str], params: JSON) -> Corpus:
    tokens = encoder.tokenizer(texts, add_special_tokens=False)["input_ids"]
    return Corpus(name, language, texts, tokens, features(encoder, texts, params["pooling"], params["layer"]))


class _Trained:
    """An encoder as a task has left it, with the task's head: what texts ask of it is their Fisher information."""

    def __init__(self, job: Job, task: JSON, folder: Path, head: Path) -> None:
        self._params, self._seed, self._task = job.params["fisher"], job.params["seed"], task
        self._family, self._setup = family(task), setup(task, self._params["pooling"])
        self._encoder = encoders.load(folder / ENCODER)
        self._encoder.precision = job.params["precision"]
        self._encoder.model.to(device()).eval()
        self._head = self._family.Head(self._encoder, self._setup).to(device())
        encoders.load_head(self._head, head)

    def corpus(self, rows: list[Row], language: str) -> Corpus:
        """Returns some of the rows, as many as are asked for."""
        rows = data.sample(rows, self._params["max_examples"])
        squares = fisher(self._encoder, self._head, self._family, rows, self._setup, self._seed)
        return Corpus(self._task["name"], language, [text_of(row, self._task["family"]) for row in rows], fisher=squares)


def _by_task(job: Job) -> tuple[Corpus, _Trained]:
    """Returns the intermediate task's corpus by the encoder after it, and what the target was fine-tuned to without it."""
    (entry,) = job.params["tasks"]
    intermediate, finetuned = job.inputs[-2:]
    head = intermediate / "heads" / f"{entry['task']['name']}.safetensors"
    own = _Trained(job, entry["task"], intermediate, head).corpus(load_rows(entry["train"], job.data), job.params["source"])
    return own, _Trained(job, job.params["task"], finetuned, finetuned / HEAD)
