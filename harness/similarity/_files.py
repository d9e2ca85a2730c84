"""Corpora in a folder: of each language `LANGUAGE.texts.json`, and an array of numbers a text beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from harness.similarity import Corpus

ARRAYS = ("features", "fisher")
TEXTS = ".texts.json"


def write(corpus: Corpus, folder: Path) -> None:
    """Writes a corpus; `read` returns it."""
    held = {"name": corpus.name, "texts": corpus.texts, "tokens": corpus.tokens, "made": corpus.made}
    text = json.dumps(held, ensure_ascii=False)
    (folder / f"{corpus.language}{TEXTS}").write_text(text + "\n", encoding="utf-8")
    for name in ARRAYS:
        if getattr(corpus, name) is not None:
            np.save(folder / f"{corpus.language}.{name}.npy", getattr(corpus, name), allow_pickle=False)


def read(folder: Path, language: str) -> Corpus:
    """Returns the corpus of a language."""
    held = json.loads((folder / f"{language}{TEXTS}").read_text(encoding="utf-8"))
    paths = {name: folder / f"{language}.{name}.npy" for name in ARRAYS}
    arrays = {name: np.load(path, allow_pickle=False) for name, path in paths.items() if path.exists()}
    return Corpus(held["name"], language, held["texts"], held["tokens"], made=held["made"], **arrays)


def languages(folder: Path) -> list[str]:
    """Returns the languages of a folder's corpora."""
    return sorted(path.name.removesuffix(TEXTS) for path in folder.glob(f"*{TEXTS}"))
