"""A tokenizer of a hundred pieces, an encoder of two layers, rows of every family, and a tree of specs over them.

No test module: the `conftest.py` of the folders that train something runs it and takes what they need.
"""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import torch

from harness import encoders
from harness.data import DataFolder
from harness.encoders import Encoder
from harness.plan import Plan, make_plan
from harness.spec.catalog import Catalog
from harness.stages.pretrain import train_tokenizer

Row = dict[str, Any]
# A line is a sentence in English and in the other language: every word has its counterpart.
EN = "the small cat sees a big dog near the old house and runs to the green tree".split()
LA = "da pilu mato vino ri gano kuro lepo da suto domi et kuri ad da vero bosu".split()
LANGUAGES = {"en": EN, "la": LA}
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 128,
}
MODERNBERT = {
    **SMALL,
    "global_attn_every_n_layers": 1,
    "attention_dropout": 0.0,
    "embedding_dropout": 0.0,
    "mlp_dropout": 0.0,
}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "modernbert": MODERNBERT,
    # Positions are counted from the padding's id on, which is 1.
    "xlm-roberta": {**SMALL, "max_position_embeddings": 130, "type_vocab_size": 1},
}


def sentence(seed: object, language: str = "en", n: int = 6) -> list[str]:
    """Return n words that depend on the seed alone; the same words in every language."""
    places = random.Random(str(seed)).choices(range(len(EN)), k=n)
    return [LANGUAGES[language][i] for i in places]


def make_tokenizer() -> Any:
    return train_tokenizer([" ".join(words) for words in (EN, LA)] * 2 + ["0 1 2 3 4 5 6 7 8 9 . ? ! ,"], 100)


def make_encoder(kind: str = "modernbert", seed: int = 1) -> Encoder:
    torch.set_num_threads(1)
    encoder = encoders.fresh(kind, ARCHITECTURES[kind], make_tokenizer(), seed)
    encoder.model.eval()
    return encoder


def nli(split: str, language: str, n: int) -> list[Row]:
    rows = []
    for i in range(n):
        same = i % 2 == 0
        first, other = sentence((split, i), language), sentence((split, i if same else -i), language)
        row = {"text_a": " ".join(first), "text_b": " ".join(other[:3]), "label": "yes" if same else "no"}
        rows.append({"id": f"{split}-{i}", **row})
    return rows


def pos(split: str, language: str, n: int) -> list[Row]:
    rows = []
    for i in range(n):
        words = sentence((split, i), language, 3 + i % 5)
        tags = ["DET" if word in ("the", "a", "da", "ri") else "X" for word in words]
        rows.append({"id": f"{split}-{i}", "tokens": words, "tags": tags})
    return rows


def qa(split: str, language: str, n: int) -> list[Row]:
    rows = []
    for i in range(n):
        words = sentence((split, i), language, 8)
        start = len(" ".join(words[:3])) + 1
        row = {"question": words[2], "context": " ".join(words)}
        rows.append({"id": f"{split}-{i}", **row, "answers": [{"text": words[3], "start": start}]})
    return rows


def choice(split: str, language: str, n: int) -> list[Row]:
    rows = []
    for i in range(n):
        words = sentence((split, i), language, 5)
        choices = [" ".join(sentence((split, i, j), language, 2)) for j in range(2 + i % 2)]
        choices[i % 2] = words[-1]
        rows.append({"id": f"{split}-{i}", "prompt": " ".join(words), "choices": choices, "label": i % 2})
    return rows


def pairs(split: str, language: str, n: int) -> list[Row]:
    texts = [(" ".join(sentence((split, i))), " ".join(sentence((split, i), language))) for i in range(n)]
    return [{"id": f"{split}-{i}", "source": a, "target": b} for i, (a, b) in enumerate(texts)]


def passages(split: str, language: str, n: int) -> list[Row]:
    rows = []
    for i in range(n):
        sentences = [" ".join(sentence((split, i // 2, j), language)) for j in range(3)]
        context, question = " ".join(sentences), " ".join(sentence((split, i // 2, i % 2), language, 3))
        names = [f"{language}-{split}-{i // 2}-{j}" for j in range(3)]
        row = {"question": question, "context": context, "passages": sentences, "names": names, "accepted": [names[i % 2]]}
        rows.append({"id": f"{split}-{i}", **row})
    return rows


def text(split: str, language: str, n: int) -> list[Row]:
    rows = []
    for i in range(n):
        words = sentence((split, i), ("en", "la")[i % 2], 6 + i % 7)
        spans = [[0, len(words[0])]] if i % 3 == 0 else []
        rows.append({"id": f"{split}-{i}", "language": language, "text": " ".join(words), "spans": spans})
    return rows


# Short, so that a small batch has several answers to choose from.
PASSAGE_OPTIONS = {"max_length": 20, "max_query_length": 12, "scale": 8.0}
# Name → rows, family, metrics, labels, options, languages of the test.
TASKS: dict[str, tuple[Any, str, list[str], list[str], dict[str, Any], list[str]]] = {
    "tiny_text": (text, "masked_lm", [], [], {"max_length": 32}, []),
    "tiny_nli": (nli, "sequence_classification", ["accuracy"], ["yes", "no"], {"max_length": 48}, ["en", "la"]),
    "tiny_pos": (pos, "token_classification", ["upos_f1"], ["DET", "X"], {"max_length": 32}, ["en", "la"]),
    "tiny_qa": (
        qa,
        "extractive_qa",
        ["squad_f1", "squad_exact_match"],
        [],
        {"max_length": 64, "doc_stride": 16, "max_question_length": 16},
        ["en", "la"],
    ),
    "tiny_choice": (choice, "multiple_choice", ["accuracy"], [], {"max_length": 48}, ["en"]),
    "tiny_passages": (passages, "passage_retrieval", ["mean_average_precision"], [], PASSAGE_OPTIONS, ["en", "la"]),
    "tiny_pairs": (pairs, "sentence_retrieval", ["accuracy"], [], {"max_length": 32}, ["la"]),
}
PROXY = {"tiny_nli": ["xnli", "mnli"], "tiny_qa": ["xquad", "squad_v1"], "tiny_pairs": ["tatoeba"]}
TRAINING = {"learning_rate": 0.003, "epochs": 1, "batch_examples": 4}
MODEL = {
    "name": "tiny",
    "title": "A tiny encoder",
    "n_parameters": 10000,
    "trained": {
        "task": "tiny_text",
        "model_type": "modernbert",
        "architecture": MODERNBERT,
        "tokenizer": {"n_pieces": 100},
        "training": {"learning_rate": 0.003, "max_steps": 6, "batch_tokens": 160, "dropout": 0.1},
    },
    "pooling": "mean",
    "retrieval": {"layer": 1, "pooling": "mean", "centre": True},
}
STUDY = {
    "name": "small",
    "title": "A small study",
    "description": "Every kind of stage, as small as can be.",
    "vary": {
        "encoder": ["tiny"],
        "intermediate": ["none", "nli"],
        "target": ["tiny_nli", "tiny_qa", "tiny_pairs"],
        "seed": [1, 2],
    },
    "intermediate": {"nli": {"tasks": ["tiny_nli", "tiny_choice"], "training": TRAINING}},
    "training": {
        "tiny_nli": {**TRAINING, "early_stopping": {"every_steps": 2, "patience": 2}},
        "tiny_qa": {**TRAINING, "freeze_embeddings": True},
    },
}
BENCHMARK = {
    "title": "A benchmark",
    "groups": {"classification": ["xnli"], "qa": ["xquad"], "retrieval": ["tatoeba"]},
    "citation": "none",
}


class Tree:
    """A folder with `specs/` and `data/`, and where a `store/` would be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.specs, self.store = root / "specs", root / "store"
        self.data = DataFolder(root / "data")
        for name in TASKS:
            self._write_task(name)
        self.write("models", "tiny", MODEL)
        self.write("studies", "small", STUDY)
        self.write("benchmarks", "xtreme", BENCHMARK)

    def write(self, folder: str, name: str, spec: dict[str, Any]) -> Path:
        """Write one spec; JSON is YAML."""
        path = self.specs / folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**spec, "name": name}, indent=1), encoding="utf-8")
        return path

    def file(self, name: str, rows: list[Row]) -> dict[str, Any]:
        """Put rows into the data folder; return their place in a spec."""
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        digest = hashlib.sha256(content).hexdigest()
        path = self.data.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {"files": [{"url": f"https://example.org/{name}", "sha256": digest}], "n": len(rows)}

    def read(self, folder: str, name: str) -> dict[str, Any]:
        """Return a spec as it stands, to be changed and written again."""
        spec: dict[str, Any] = json.loads((self.specs / folder / f"{name}.yaml").read_text(encoding="utf-8"))
        return spec

    def _write_task(self, name: str, *, n_train: int = 24, n_test: int = 10) -> None:
        rows, family, metrics, labels, options, languages = TASKS[name]

        def split(kind: str, n: int, wanted: list[str]) -> dict[str, Any]:
            return {x: [self.file(f"{name}.{kind}.{x}.jsonl", rows(kind, x, n))] for x in wanted}

        splits = {"test": split("test", n_test, languages)} if languages else {}
        is_trained = family != "sentence_retrieval"
        if is_trained:
            splits |= {"train": split("train", n_train, ["en"]), "validation": split("validation", 8, ["en"])}
        spec = {
            "version": 1,
            "title": name,
            "role": "pretraining" if family == "masked_lm" else "both" if is_trained else "target",
            "family": family,
            "languages": languages or ["en"],
            "train_language": "en" if is_trained else None,
            "labels": labels,
            "metrics": metrics,
            "options": options,
            "trivial": ["majority"] if name == "tiny_nli" else [],
            "proxy_for": PROXY.get(name, []),
            "reader": {"name": "jsonl_rows"},
            "splits": splits,
            "source": {"paper": "none", "url": "https://example.org", "licence": "Apache-2.0", "citation": "none"},
        }
        self.write("tasks", name, spec)

    def plan(self, study: str = "small", limit: int | None = None) -> Plan:
        """Return the plan of a study, the specs read anew."""
        catalog = Catalog(self.specs)
        return make_plan(catalog.study(study), catalog, limit=limit)
