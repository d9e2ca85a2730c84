"""The embedded benchmark: an English-like source language, five languages derived from it, six tasks.

A controlled experiment in the manner of K et al. (2020, "Cross-lingual ability of multilingual BERT"),
Dufter and Schütze (2020), Artetxe et al. (2020) and Conneau et al. (2020): lexical overlap, word order,
script, code-switching and the overlap of domains are knobs. What it says about a real encoder is a proxy.
Every file is the same, byte for byte, on every machine: one fixed seed, integer weights, no hashing of strings.
"""

from __future__ import annotations

import json
from typing import Final

from harness.generator import items, pretraining
from harness.generator.lexicon import DERIVED, LANGUAGES, SOURCE

TASKS: Final = ("nli", "paraphrase", "pos", "ner", "qa")
TRANSLATED: Final = ("la", "lb")
OVERLAPS: Final = ("o0", "o25", "o50", "o75", "o100")

FILES: Final[tuple[str, ...]] = (
    *(f"pretrain.{knob}{split}.jsonl" for knob in ("n0", "n1") for split in ("", ".validation")),
    *(f"{task}.{split}.{SOURCE}.jsonl" for task in TASKS for split in ("train", "validation", "intermediate")),
    *(f"nli.intermediate.{language}.jsonl" for language in TRANSLATED),
    *(f"{task}.test.{language}.jsonl" for task in TASKS for language in LANGUAGES),
    *(f"retrieval.test.{language}.jsonl" for language in DERIVED),
    *(f"{task}.{split}.a.{SOURCE}.jsonl" for task in TASKS for split in ("train", "validation")),
    *(f"{task}.test.a.{language}.jsonl" for task in TASKS for language in LANGUAGES),
    *(f"retrieval.test.a.{language}.jsonl" for language in DERIVED),
    *(f"{task}.intermediate.{overlap}.{SOURCE}.jsonl" for task in items.N_DOSED for overlap in OVERLAPS),
)


def generate(name: str) -> bytes:
    """Return the bytes of one file of the benchmark: UTF-8, one JSON row a line.

    Args:
        name: One of `FILES`, such as `nli.test.la.jsonl`, `pretrain.n1.jsonl`, `nli.test.a.la.jsonl` (of domain `a`) or
            `nli.intermediate.o25.en.jsonl` (a quarter of domain `a`, the rest of `b`).

    Raises:
        KeyError: `name` is no file of the benchmark.
    """
    if name not in FILES:
        raise KeyError(name)
    parts = name.removesuffix(".jsonl").split(".")
    if parts[0] == "pretrain":
        rows = pretraining.rows(parts[1] == "n1", "validation" if "validation" in parts else "train")
    else:
        task, split, *domain, language = parts
        rows = items.rows(task, split, language, *domain)
    lines = (json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode("utf-8")
