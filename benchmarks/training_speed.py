"""Speed of the training loop beside `transformers.Trainer`: the same encoder, rows, batch size and steps, one thread.

    pip install accelerate    # Trainer wants it; nothing else here does
    python benchmarks/training_speed.py [--steps 150] [--rounds 3]

Prints real tokens (no padding) a CPU-second, the median of the rounds. The two take turns, so that a change of the
machine's speed meets both. Set-up is not counted: texts are tokenized before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from tabulate import tabulate
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    DataCollatorForLanguageModeling,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from harness import generator
from harness.encoders import Encoder, fresh
from harness.families import Feature, Setup, masked_lm, sequence_classification
from harness.spec.catalog import Catalog
from harness.spec.options import masked_lm as masked_lm_options
from harness.spec.options import sequence_classification as classification_options
from harness.spec.training import TrainingSpec
from harness.stages.pretrain import train_tokenizer
from harness.training.loop import Member, fit
from harness.training.mixture import schedule

SEED = 1
N_ROWS = 10_000
LABELS = ("entailment", "neutral", "contradiction")
Measure = Callable[[], float]


def rows(name: str) -> list[dict[str, Any]]:
    """Returns the first rows of a generated file."""
    return [json.loads(line) for line in generator.generate(name).decode().splitlines()[:N_ROWS]]


def ours(new: Callable[[], Encoder], family: Any, features: list[Feature], setup: Setup, training: TrainingSpec) -> Measure:
    """Returns a function that trains with the harness's loop and returns its tokens a CPU-second."""
    lengths = [len(f["ids"]) for f in features]
    n_tokens = sum(lengths[i] for _, batch in schedule([lengths], training, SEED) for i in batch)

    def measure() -> float:
        encoder = new()
        member = Member(family, family.Head(encoder, setup), features, setup)
        with tempfile.TemporaryDirectory() as work:
            start = time.process_time()
            fit(encoder, [member], training, seed=SEED, work=Path(work))
            return n_tokens / (time.process_time() - start)

    return measure


def peer(
    new: Callable[[], Any], examples: list[dict[str, Any]], collator: Any, how: str, n_batch: int, steps: int
) -> Measure:
    """Returns a function that trains with `Trainer`, rows drawn in the way `how`, and returns its tokens a CPU-second."""

    def measure() -> float:
        seen = 0

        def collate(batch: list[dict[str, Any]]) -> Any:
            nonlocal seen
            seen += sum(len(example["input_ids"]) for example in batch)
            return collator(batch)

        with tempfile.TemporaryDirectory() as out:
            arguments = TrainingArguments(
                output_dir=out,
                max_steps=steps,
                per_device_train_batch_size=n_batch,
                train_sampling_strategy=how,
                learning_rate=0.003,
                seed=SEED,
                use_cpu=True,
                report_to=[],
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
                remove_unused_columns=False,
            )
            trainer = Trainer(new(), arguments, data_collator=collate, train_dataset=examples)
            start = time.process_time()
            trainer.train()
            return seen / (time.process_time() - start)

    return measure


def workloads(steps: int) -> dict[str, dict[str, Measure]]:
    """Returns for each workload the measures by the name of who is measured."""
    trained = Catalog(Path("specs")).model("mini").trained
    assert trained is not None
    text, pairs = rows("pretrain.n1.jsonl"), rows("nli.train.en.jsonl")
    tokenizer = train_tokenizer([row["text"] for row in text], trained.tokenizer.n_pieces)

    def encoder() -> Encoder:
        return fresh(trained.model_type, trained.architecture, tokenizer, SEED)

    setup = Setup(classification_options.Options(max_length=128), LABELS, "max")
    features = sequence_classification.features(pairs, encoder(), setup)
    training = TrainingSpec(learning_rate=0.003, max_steps=steps, batch_examples=32, dropout=0.0)
    examples = [{"input_ids": f["ids"], "attention_mask": [1] * len(f["ids"]), "labels": f["label"]} for f in features]

    def classifier() -> Any:
        torch.manual_seed(SEED)
        config = encoder().model.config
        config.num_labels = len(LABELS)
        return AutoModelForSequenceClassification.from_config(config, attn_implementation="sdpa")

    collator = DataCollatorWithPadding(tokenizer)
    found = {
        "sequence classification, 32 pairs a step": {
            "harness": ours(encoder, sequence_classification, features, setup, training),
            "Trainer, random": peer(classifier, examples, collator, "random", 32, steps),
            "Trainer, grouped by length": peer(classifier, examples, collator, "group_by_length", 32, steps),
        }
    }

    lm_setup = Setup(masked_lm_options.Options())
    lm_features = masked_lm.features(text, encoder(), lm_setup)
    n_batch = round(1024 / float(np.mean([len(f["ids"]) for f in lm_features])))
    lm_training = TrainingSpec(learning_rate=0.003, max_steps=steps, batch_tokens=1024, dropout=0.0)
    lm_examples = [{"input_ids": f["ids"], "attention_mask": [1] * len(f["ids"])} for f in lm_features]

    def language_model() -> Any:
        torch.manual_seed(SEED)
        return AutoModelForMaskedLM.from_config(encoder().model.config, attn_implementation="sdpa")

    lm_collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.2)
    found["masked LM, about 1,024 tokens a step"] = {
        "harness": ours(encoder, masked_lm, lm_features, lm_setup, lm_training),
        "Trainer, random": peer(language_model, lm_examples, lm_collator, "random", n_batch, steps),
        "Trainer, grouped by length": peer(language_model, lm_examples, lm_collator, "group_by_length", n_batch, steps),
    }
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines = []
    for workload, measures in workloads(options.steps).items():
        speeds: dict[str, list[float]] = {name: [] for name in measures}
        for _ in range(options.rounds):
            for name, measure in measures.items():
                speeds[name].append(measure())
        own = median(speeds["harness"])
        for name, values in speeds.items():
            lines.append([workload, name, f"{median(values):,.0f}", f"{min(values):,.0f}", f"{max(values):,.0f}"])
            lines[-1].append(f"{own / median(values):.2f}")
    print(tabulate(lines, headers=["workload", "who", "tokens/CPU-s", "min", "max", "harness is faster by"]))


if __name__ == "__main__":
    main()
