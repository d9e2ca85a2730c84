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
    tasks = _Tasks(job) if by_task else None
    for language, described in sorted(params["data"].items()):
        theirs = data.load(described, language, job.data)
        texts = [text_of(row, params["task"]["family"]) for row in data.sample(theirs, n)]
        other = _texts(encoder, params["task"]["name"], language, texts, params)
        names = [m for m in by_text if language == source or needs[m] not in ONE_LANGUAGE]
        pairs = [(ours, other, names)]
        if tasks:
            pairs.append((tasks.intermediate, tasks.target(theirs, language), by_task))
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


class _Tasks:
    """The Fisher information of an encoder after intermediate training, and of one fine-tuned on the target without it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._params = job.params["fisher"]
        (entry,) = job.params["tasks"]
        folder, self._folder = job.inputs[-2:]
        rows = load_rows(entry["train"], job.data, self._params["max_examples"])
        head = folder / "heads" / f"{entry['task']['name']}.safetensors"
        self.intermediate = self._corpus(entry["task"], folder, head, rows, job.params["source"])

    def target(self, rows: list[Row], language: str) -> Corpus:
        """Returns the corpus of some rows of the target."""
        rows = data.sample(rows, self._params["max_examples"])
        return self._corpus(self._job.params["task"], self._folder, self._folder / HEAD, rows, language)

    def _corpus(self, task: JSON, folder: Path, head: Path, rows: list[Row], language: str) -> Corpus:
        module, prepared = family(task), setup(task, self._params["pooling"])
        encoder = encoders.load(folder / ENCODER)
        encoder.precision = self._job.params["precision"]
        encoder.model.to(device()).eval()
        own = module.Head(encoder, prepared).to(device())
        encoders.load_head(own, head)
        squares = fisher(encoder, own, module, rows, prepared, self._job.params["seed"])
        return Corpus(task["name"], language, [text_of(row, task["family"]) for row in rows], fisher=squares)
