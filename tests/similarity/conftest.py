"""Corpora of the generator's words whose domains overlap as much as one likes, and an untrained encoder that reads them."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
import torch

from harness import encoders, plugin
from harness.encoders import Encoder
from harness.families import Setup, sequence_classification
from harness.generator.lexicon import SOURCE, forms
from harness.similarity import Corpus
from harness.similarity._vectors import features, fisher
from harness.stages.pretrain import train_tokenizer

TINY = run_path(str(Path(__file__).parents[1] / "stages" / "tiny.py"))
WORDS = sorted({word for word in forms()[SOURCE] if word.isalpha()})
LABELS = ("yes", "no")


@pytest.fixture(scope="session")
def tiny() -> dict[str, Any]:
    return TINY


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    torch.set_num_threads(1)
    # Pieces enough for most words to be one: letters are no domain.
    tokenizer = train_tokenizer([" ".join(WORDS)] * 3, 600)
    architecture = {**TINY["MODERNBERT"], "hidden_size": 32, "intermediate_size": 64}
    made = encoders.fresh("modernbert", architecture, tokenizer, 1)
    made.model.eval()
    return made


@pytest.fixture(scope="session")
def make_corpus(encoder) -> Callable[..., Corpus]:
    """Return corpora whose words are an `overlap` of one half of the vocabulary, the others of the other half.

    Which words are in which half depends on `seed`, which texts there are on `name` as well.
    """
    setup = Setup(plugin.load("harness.spec.options", "sequence_classification").Options(), LABELS, "mean")
    torch.manual_seed(0)
    head = sequence_classification.Head(encoder, setup)

    @cache
    def make(name: str, overlap: float, seed: int, n: int = 80) -> Corpus:
        words = random.Random(seed).sample(WORDS, len(WORDS))
        half = len(words) // 2
        n_shared = round(overlap * half)
        vocabulary = words[:n_shared] + words[half : 2 * half - n_shared]
        rng = random.Random(f"{name}:{overlap}:{seed}")
        texts = [" ".join(rng.choices(vocabulary, k=rng.randint(2, 5))) for _ in range(n)]
        rows = [{"id": f"{i}", "text_a": text, "label": LABELS[0]} for i, text in enumerate(texts)]
        return Corpus(
            name,
            "en",
            texts,
            [encoder.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts],
            features(encoder, texts, "mean"),
            fisher(encoder, head, sequence_classification, rows, setup),
        )

    return make
