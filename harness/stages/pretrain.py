"""Phase (i): a tokenizer and a masked LM from nothing, on the text of one task."""

from __future__ import annotations

import json

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from harness import encoders
from harness.encoders import Encoder
from harness.families import by_length, masked_lm
from harness.spec.training import TrainingSpec
from harness.stages import Job
from harness.stages._parts import ENCODER, EVENTS, device, load_rows, setup, truncation, write_events
from harness.training.loop import Member, fit

VERSION = 2
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def run(job: Job) -> list[str]:
    """Writes `encoder/`, the masked-LM head, `scores.json` with the validation loss, and the events."""
    params = job.params
    training = TrainingSpec.model_validate_json(json.dumps(params["training"]))
    rows = load_rows(params["data"]["train"], job.data, training.max_examples)
    tokenizer = train_tokenizer([row["text"] for row in rows], params["tokenizer"]["n_pieces"])
    encoder = encoders.fresh(params["model_type"], params["architecture"], tokenizer, params["seed"])
    encoder.precision = params["precision"]
    encoder.model.to(device())
    prepared = setup(params["task"], "first")
    head = masked_lm.Head(encoder, prepared).to(device())
    features = masked_lm.features(rows, encoder, prepared)
    member = Member(masked_lm, head, features, prepared)
    events = fit(
        encoder,
        [member],
        training,
        seed=params["seed"],
        work=job.work,
        checkpoint_seconds=job.checkpoint_seconds,
    )
    encoders.save(encoder, job.out / ENCODER)
    encoders.save_head(head, job.out / "masked_lm.safetensors")
    write_events(job.out / EVENTS, events)
    held_out = load_rows(params["data"]["validation"], job.data, training.max_examples)
    scores = {"validation_loss": validation_loss(encoder, Member(masked_lm, head, [], prepared), held_out)}
    (job.out / "scores.json").write_text(json.dumps(scores) + "\n")
    return truncation("pretraining text", features, rows)


@torch.no_grad()
def validation_loss(encoder: Encoder, member: Member, rows: list[dict[str, object]]) -> float | None:
    """Returns the mean cross-entropy a masked token on held-out rows, with one fixed masking; none without rows."""
    features = masked_lm.features(rows, encoder, member.setup)
    total, n = 0.0, 0
    torch.manual_seed(0)
    for indices in by_length(features, encoder.predict_tokens):
        batch = masked_lm.collate([features[i] for i in indices], encoder)
        total += float(masked_lm.loss(encoder, member.head, batch, member.setup)) * len(indices)
        n += len(indices)
    return round(total / n, 6) if n else None


def train_tokenizer(texts: list[str], n_pieces: int) -> PreTrainedTokenizerFast:
    """Returns a byte-pair tokenizer; words keep a mark before them, pairs become `<s> A </s> B </s>`."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=n_pieces, special_tokens=SPECIAL, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> $B </s>",
        special_tokens=[(token, SPECIAL.index(token)) for token in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    )
