"""What measures of similarity read of some tasks' texts: the texts, their subwords, and what an encoder makes of them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from harness import data, encoders
from harness.attacks._texts import text_of
from harness.encoders import Encoder
from harness.families import Row
from harness.similarity import Corpus
from harness.similarity._files import write
from harness.similarity._vectors import features, fisher
from harness.stages import Job
from harness.stages._parts import device, family, load_encoder, setup

VERSION = 1


def run(job: Job) -> list[str]:
    """Writes a corpus a language: of features, or of Fisher information where the encoder's parent has heads for it."""
    params, rows = job.params, _rows(job)
    encoder = load_encoder(job)
    name = "+".join(entry["task"]["name"] for entry in params["tasks"])
    for language, by_task in sorted(rows.items()):
        texts = [
            text_of(row, entry["task"]["family"])
            for entry, some in zip(params["tasks"], by_task, strict=True)
            for row in some
        ]
        if params["fisher"]:
            made = {"fisher": {"rows": params["max_examples"]}}
            corpus = Corpus(name, language, texts, fisher=_fisher(job, encoder, by_task), made=made)
        else:
            corpus = _features(job, encoder, name, language, texts)
        write(corpus, job.out)
    return []


def _rows(job: Job) -> dict[str, list[list[Row]]]:
    """Returns for each language the rows of each task: those of all languages are one corpus where `language` names one."""
    params = job.params
    found: dict[str, list[list[Row]]] = defaultdict(list)
    for entry in params["tasks"]:
        by_language: dict[str, list[Row]] = defaultdict(list)
        for language, described in sorted(entry["rows"].items()):
            by_language[params["language"] or language] += data.load(described, language, job.data)
        for language, rows in by_language.items():
            found[language].append(data.sample(rows, params["max_examples"]))
    return found


def _features(job: Job, encoder: Encoder, name: str, language: str, texts: list[str]) -> Corpus:
    params = job.params
    start, layer = params["encoder"], params["layer"]
    which = job.stage.inputs[0] if start["from"] == "parent" else start.get("id") or start["weights"]
    by = {"encoder": which[:40], "layer": "last" if layer is None else str(layer), "pool": params["pooling"]}
    tokens = encoder.tokenizer(texts, add_special_tokens=False)["input_ids"]
    vectors = features(encoder, texts, params["pooling"], layer)
    return Corpus(name, language, texts, tokens, vectors, made={"tokens": {"encoder": which[:40]}, "features": by})


def _fisher(job: Job, encoder: Encoder, by_task: list[list[Row]]) -> Any:
    """Returns the squared gradients of each row, each task's with the head that it was trained with."""
    squares = []
    for entry, rows in zip(job.params["tasks"], by_task, strict=True):
        module, prepared = family(entry["task"]), setup(entry["task"], job.params["pooling"])
        head = module.Head(encoder, prepared).to(device())
        encoders.load_head(head, job.inputs[0] / entry["head"])
        squares.append(fisher(encoder, head, module, rows, prepared, job.params["seed"]))
    return np.concatenate(squares)
