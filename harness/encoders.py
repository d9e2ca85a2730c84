"""Encoders: load, save, run, pool. A folder in the transformers layout is the only form they have on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast
from transformers.utils import logging

from harness.errors import HarnessError
from harness.provenance import has_bfloat16

# B batch, L tokens, D hidden width, H hidden states
EMBEDDING_SHARD = "model-00001-of-00002.safetensors"
REST_SHARD = "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"


@dataclass
class Encoder:
    """A pretrained transformer without a head, and its tokenizer (a fast one: offsets are needed)."""

    model: Any
    tokenizer: Any
    precision: str = "float32"

    def autocast(self) -> torch.autocast:
        """Returns the context in which matrix products run at the encoder's precision, if the processor has it.

        A processor without bfloat16 would emulate it, several times slower than float32 and no more faithful.
        """
        kind = self.model.device.type
        return torch.autocast(kind, torch.bfloat16, enabled=self.precision == "bfloat16" and has_bfloat16(kind))

    @property
    def predict_tokens(self) -> int:
        """How many padded tokens a batch without gradients has: few enough for a CPU's cache, many for an accelerator."""
        return 2048 if self.model.device.type == "cpu" else 16384

    @property
    def width(self) -> int:
        """The size D of a hidden vector."""
        return int(self.model.config.hidden_size)

    @property
    def n_layers(self) -> int:
        """How many transformer layers there are."""
        return int(self.model.config.num_hidden_layers)

    def hidden(self, ids_BL: Tensor, mask_BL: Tensor) -> Tensor:
        """Returns the last hidden states [B, L, D]."""
        with self.autocast():
            state: Tensor = self.model(input_ids=ids_BL, attention_mask=mask_BL).last_hidden_state
        return state if torch.is_grad_enabled() else state.float()

    def layer(self, ids_BL: Tensor, mask_BL: Tensor, layer: int | None) -> Tensor:
        """Returns the hidden states [B, L, D] after one layer; 0 is the embedding, none the last."""
        if layer is None:
            return self.hidden(ids_BL, mask_BL)
        with self.autocast():
            states = self.model(input_ids=ids_BL, attention_mask=mask_BL, output_hidden_states=True).hidden_states
        if layer >= len(states):
            raise HarnessError(f"layer {layer}: this encoder has layers 0 to {len(states) - 1}; see its `retrieval.layer`")
        state: Tensor = states[layer]
        return state.float()

    def embedding(self) -> nn.Module:
        """Returns the token embedding."""
        module: nn.Module = self.model.get_input_embeddings()
        return module

    def depth(self, name: str) -> int:
        """Returns how deep a weight lies: 0 for embeddings, 1… for layers, one past the last for what lies above."""
        parts = name.split(".")
        for before, part in pairwise(parts):
            if part.isdigit() and before in ("layer", "layers", "h", "block"):
                return int(part) + 1
        return 0 if "embed" in name.lower() else self.n_layers + 1


def pool(hidden_BLD: Tensor, mask_BL: Tensor, how: str) -> Tensor:
    """Returns one vector a sequence [B, D]: that of the first token, or mean or maximum over all real tokens."""
    if how == "first":
        return hidden_BLD[:, 0]
    mask = mask_BL[:, :, None]
    if how == "mean":
        return (hidden_BLD * mask).sum(1) / mask.sum(1)
    return hidden_BLD.masked_fill(mask == 0, torch.finfo(hidden_BLD.dtype).min).amax(1)


def load(folder: Path) -> Encoder:
    """Returns the encoder in a folder. Every weight must match, none may be left over."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    return Encoder(_matched(folder, config, local_files_only=True), tokenizer)


def load_hub(repository: str, revision: str) -> Encoder:
    """Returns an encoder from a hub at a full commit, without remote code; from the local cache if it is there."""
    from transformers import AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(repository, revision=revision, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(repository, revision=revision, trust_remote_code=False)
        return Encoder(_matched(repository, config, revision=revision), tokenizer)
    except OSError as error:
        said = str(error).splitlines()[0]
        raise HarnessError(f"{repository}@{revision[:12]}: {said}; is a hub in reach, or the encoder cached?") from error


def _matched(where: str | Path, config: Any, **options: Any) -> Any:
    # Heads of the pretraining objective are expected to be left over; encoder weights are not.
    keywords = {"add_pooling_layer": False} if config.model_type in ("bert", "roberta", "xlm-roberta") else {}
    model, report = AutoModel.from_pretrained(
        where,
        config=config,
        output_loading_info=True,
        trust_remote_code=False,
        use_safetensors=True,
        ignore_mismatched_sizes=True,  # they are refused below, in words
        dtype=torch.float32,
        **keywords,
        **options,
    )
    missing = sorted(report["missing_keys"]) + sorted(str(k) for k in report["mismatched_keys"])
    head = ("lm_head", "cls.", "pooler", "head.", "decoder.", "classifier")
    unexpected = sorted(k for k in report["unexpected_keys"] if not any(h in k for h in head))
    if missing or unexpected:
        raise HarnessError(
            f"{where}: the weights are not this encoder's: missing {missing[:3]}, unexpected {unexpected[:3]}; "
            "check model type and revision"
        )
    return model


def fresh(model_type: str, architecture: dict[str, Any], tokenizer: PreTrainedTokenizerFast, seed: int) -> Encoder:
    """Returns an untrained encoder of a transformers model type, its weights drawn from `seed`."""
    options = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "cls_token_id": tokenizer.bos_token_id,
        "sep_token_id": tokenizer.eos_token_id,
        **architecture,
    }
    config = AutoConfig.for_model(model_type, **options)
    torch.manual_seed(seed)
    model = AutoModel.from_config(config, attn_implementation="sdpa")  # type: ignore[no-untyped-call]
    return Encoder(model, tokenizer)


def set_dropout(encoder: Encoder, probability: float) -> None:
    """Sets every dropout of the encoder, those inside attention too."""
    for module in encoder.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = probability
        for name in ("attention_dropout", "dropout_prob"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, probability)


def save(encoder: Encoder, folder: Path) -> None:
    """Writes an encoder as a transformers folder of two shards: the token embedding, and the rest.

    Apart, a frozen embedding has the same bytes in every checkpoint, and the store keeps it once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {k: v.detach().cpu().contiguous() for k, v in sorted(encoder.model.state_dict().items())}
    own = {id(p) for p in encoder.embedding().parameters()}
    first = {name for name, p in encoder.model.named_parameters() if id(p) in own}
    shards = {EMBEDDING_SHARD: first, REST_SHARD: set(weights) - first}
    for shard, names in shards.items():
        save_file({k: weights[k].clone() for k in sorted(names)}, folder / shard, metadata={"format": "pt"})
    index = {
        "metadata": {"total_size": sum(v.numel() * v.element_size() for v in weights.values())},
        "weight_map": {name: shard for shard, names in shards.items() for name in sorted(names)},
    }
    (folder / INDEX).write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")
    encoder.model.config.save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)


def save_head(head: nn.Module, path: Path) -> None:
    """Writes a head's weights."""
    save_file({k: v.detach().cpu().contiguous().clone() for k, v in sorted(head.state_dict().items())}, path)


def load_head(head: nn.Module, path: Path) -> None:
    """Reads a head's weights; all must match."""
    head.load_state_dict(load_file(path))
