"""How alike the domains of an intermediate training and of a target are, by every measure that the study names."""

from __future__ import annotations

import json

from harness import data, plugin
from harness.attacks._texts import text_of
from harness.similarity import Corpus, compare
from harness.similarity._vectors import features
from harness.stages import Job
from harness.stages._parts import load_encoder, load_rows

VERSION = 1
SIMILARITY = "similarity.json"
# What a measure reads that says nothing of domains where two corpora are of different languages.
ONE_LANGUAGE = ("text", "tokens")


def run(job: Job) -> list[str]:
    """Writes `similarity.json`: for each language of the target every measure that can be taken there."""
    params = job.params
    encoder = load_encoder(job)
    n, source = params["max_examples"], params["source"]
    rows = [(row, entry["task"]["family"]) for entry in params["tasks"] for row in load_rows(entry["train"], job.data, n)]
    name = "+".join(entry["task"]["name"] for entry in params["tasks"])

    def corpus(name: str, language: str, texts: list[str]) -> Corpus:
        tokens = encoder.tokenizer(texts, add_special_tokens=False)["input_ids"]
        return Corpus(name, language, texts, tokens, features(encoder, texts, params["pooling"], params["layer"]))

    ours = corpus(name, source, [text_of(row, family) for row, family in rows])
    made = {"features": {"encoder": "".join(job.stage.inputs)[:12] or params["encoder"]["id"]}}
    made["features"] |= {"layer": "last" if params["layer"] is None else str(params["layer"]), "pool": params["pooling"]}
    found = []
    for language, described in sorted(params["data"].items()):
        theirs = data.sample(data.load(described, language, job.data), n)
        texts = [text_of(row, params["task"]["family"]) for row in theirs]
        needs = {m["name"]: plugin.load("harness.similarity", m["name"]).NEEDS for m in params["measures"]}
        names = [m for m, need in needs.items() if language == source or need not in ONE_LANGUAGE]
        other = corpus(params["task"]["name"], language, texts)
        found += [
            {"language": language, **one.to_json()}
            for one in compare(ours, other, names, params["seed"], params["n_resamples"], made)
        ]
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    (job.out / SIMILARITY).write_text(text + "\n", encoding="utf-8")
    return []
