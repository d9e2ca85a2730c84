"""The packed format E5S1, written by hand here, and what the converter makes of it."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import AutoModel, PreTrainedTokenizerFast

from harness.errors import HarnessError
from harness.packaged_encoder import convert

HIDDEN, LAYERS, HEADS, WIDE, ROWS, POSITIONS, TYPES = 32, 2, 4, 64, 12, 16, 2
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "▁a", "<mask>"]


def block(scale: float, first: list[int], last: list[int]) -> bytes:
    """Return 32 weights: the 16 of `first` in the low nibbles, the 16 of `last` in the high ones."""
    return struct.pack("<e16B", scale, *(low | high << 4 for low, high in zip(first, last, strict=True)))


def tensors(rng: np.random.Generator) -> dict[str, tuple[int, int, bytes]]:
    """Return name → (kind, number of weights, bytes), in the order of the format."""
    found: dict[str, tuple[int, int, bytes]] = {}

    def packed(name: str, n: int) -> None:
        blocks = [
            block(float(rng.normal(0, 0.02)), rng.integers(0, 16, 16).tolist(), rng.integers(0, 16, 16).tolist())
            for _ in range(n // 32)
        ]
        found[name] = (1, n, b"".join(blocks))

    def plain(name: str, n: int) -> None:
        found[name] = (0, n, rng.normal(0, 1, n).astype("<f4").tobytes())

    packed("emb.word", ROWS * HIDDEN)
    plain("emb.pos", POSITIONS * HIDDEN)
    plain("emb.type", TYPES * HIDDEN)
    plain("emb.ln.w", HIDDEN)
    plain("emb.ln.b", HIDDEN)
    for layer in range(LAYERS):
        for short in ("q", "k", "v", "ao"):
            packed(f"l{layer}.{short}.w", HIDDEN * HIDDEN)
            plain(f"l{layer}.{short}.b", HIDDEN)
        plain(f"l{layer}.aln.w", HIDDEN)
        plain(f"l{layer}.aln.b", HIDDEN)
        packed(f"l{layer}.fi.w", WIDE * HIDDEN)
        plain(f"l{layer}.fi.b", WIDE)
        packed(f"l{layer}.fo.w", HIDDEN * WIDE)
        plain(f"l{layer}.fo.b", HIDDEN)
        plain(f"l{layer}.oln.w", HIDDEN)
        plain(f"l{layer}.oln.b", HIDDEN)
    return found


def encode(parts: dict[str, tuple[int, int, bytes]], *, magic: bytes = b"E5S1", version: int = 1) -> bytes:
    """Return a whole file: header, tokenizer, normalisation, directory, tensors at multiples of 32."""
    sizes = (HIDDEN, LAYERS, HEADS, WIDE, ROWS, POSITIONS, TYPES)
    head = magic + struct.pack("<I7ifi", version, *sizes, 1e-12, 32)
    blob = [piece.encode() for piece in PIECES]
    bounds = np.cumsum([0, *map(len, blob)])
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, blob)))
    head += struct.pack(f"<{len(bounds)}I", *bounds) + bytes(4 * len(PIECES)) + b"".join(blob)
    head += struct.pack("<iI", 2, 5 + 9) + struct.pack("<IB", 1, 0) + struct.pack("<IBI", 65, 1, 97)
    size = len(head) + 4 + sum(2 + len(name) + 21 for name in parts)
    at, directory, body = size, struct.pack("<i", len(parts)), b""
    for name, (kind, n_weights, content) in parts.items():
        gap = -at % 32
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, n_weights, at + gap, len(content))
        body += bytes(gap) + content
        at += gap + len(content)
    return head + directory + body


@pytest.fixture
def parts() -> dict[str, tuple[int, int, bytes]]:
    return tensors(np.random.default_rng(7))


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """Return a tokenizer.json of a Unigram model with the same pieces."""
    specials = [
        {"id": PIECES.index(piece), "content": piece, "special": True}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        for piece in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    ]
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    vocabulary = [[piece, 0.0 if piece.startswith("<") else -1.0 - i] for i, piece in enumerate(PIECES)]
    value = {
        "version": "1.0",
        "added_tokens": specials,
        "pre_tokenizer": space,
        "decoder": space,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": vocabulary, "byte_fallback": False},
    } | dict.fromkeys(("truncation", "padding", "normalizer", "post_processor"))
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(value))
    return path


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    return path


def test_transformers_loads_it_without_a_key_too_many_or_too_few(tmp_path, parts, tokenizer) -> None:
    folder = tmp_path / "encoder"
    convert(write(tmp_path, encode(parts)), tokenizer, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    model, report = AutoModel.from_pretrained(folder, add_pooling_layer=False, output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"))
    assert model.config.layer_norm_eps == 1e-12
    assert model.config.pad_token_id == 1
    pieces = PreTrainedTokenizerFast.from_pretrained(folder)
    assert pieces("a b")["input_ids"] == [7, 4, 6]
    assert (pieces.pad_token_id, pieces.cls_token, pieces.sep_token, pieces.mask_token_id) == (
        1,
        "<s>",
        "</s>",
        8,
    )
    assert pieces.model_max_length == POSITIONS
    with torch.inference_mode():
        assert model(input_ids=torch.tensor([[0, 7, 2]])).last_hidden_state.shape == (1, 3, HIDDEN)


def test_weights_are_unpacked_as_the_format_says(tmp_path, parts, tokenizer) -> None:
    first = block(-0.5, [*range(16)], [15] * 16)
    kind, n_weights, content = parts["emb.word"]
    parts["emb.word"] = (kind, n_weights, first + content[len(first) :])
    folder = tmp_path / "encoder"
    convert(write(tmp_path, encode(parts)), tokenizer, folder)
    shard = load_file(folder / "model-00001-of-00002.safetensors")
    assert list(shard) == ["embeddings.word_embeddings.weight"]
    embedding = shard["embeddings.word_embeddings.weight"]
    assert embedding.shape == (ROWS, HIDDEN)
    assert embedding[0].tolist() == [(i - 8) * -0.5 for i in range(16)] + [7 * -0.5] * 16
    rest = load_file(folder / "model-00002-of-00002.safetensors")
    wide = rest["encoder.layer.1.intermediate.dense.weight"]
    assert wide.shape == (WIDE, HIDDEN)
    raw = parts["l1.fi.w"][2][-18:]
    scale = struct.unpack("<e", raw[:2])[0]
    assert wide[-1].tolist() == pytest.approx(
        [((b & 15) - 8) * scale for b in raw[2:]] + [((b >> 4) - 8) * scale for b in raw[2:]]
    )
    norm = rest["encoder.layer.0.output.LayerNorm.weight"]
    assert norm.tobytes() == parts["l0.oln.w"][2]


def test_layers_can_be_left_out(tmp_path, parts, tokenizer) -> None:
    weights = write(tmp_path, encode(parts))
    convert(weights, tokenizer, tmp_path / "one", n_layers=1)
    config = json.loads((tmp_path / "one" / "config.json").read_text())
    assert config["num_hidden_layers"] == 1
    rest = load_file(tmp_path / "one" / "model-00002-of-00002.safetensors")
    assert not any("layer.1." in name for name in rest)
    with pytest.raises(HarnessError, match="n_layers: 3 is not between 1 and 2"):
        convert(weights, tokenizer, tmp_path / "three", n_layers=3)


def test_same_inputs_same_bytes(tmp_path, parts, tokenizer) -> None:
    weights = write(tmp_path, encode(parts))
    digests = []
    for name in ("a", "b"):
        convert(weights, tokenizer, tmp_path / name)
        files = sorted((tmp_path / name).iterdir())
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert digests[0] == digests[1]


def test_files_of_another_kind(tmp_path, parts, tokenizer) -> None:
    with pytest.raises(HarnessError, match=r"begins with b'GGUF', not b'E5S1'"):
        convert(write(tmp_path, encode(parts, magic=b"GGUF")), tokenizer, tmp_path / "x")
    with pytest.raises(HarnessError, match="E5S1 version 2; this program reads version 1"):
        convert(write(tmp_path, encode(parts, version=2)), tokenizer, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_truncated_files(tmp_path, parts, tokenizer) -> None:
    whole = encode(parts)
    for length in (0, 3, 30, 60, 200, 500, len(whole) - 1):
        with pytest.raises(HarnessError, match=r"weights\.bin: (not a sound packed encoder|begins with)"):
            convert(write(tmp_path, whole[:length]), tokenizer, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_tensor_that_is_missing_or_too_small(tmp_path, parts, tokenizer) -> None:
    short = dict(parts)
    short["l0.q.b"] = (0, HIDDEN - 1, parts["l0.q.b"][2][:-4])
    with pytest.raises(HarnessError, match=r"tensor 'l0\.q\.b' is .*, which is no \(32,\)"):
        convert(write(tmp_path, encode(short)), tokenizer, tmp_path / "x")
    del short["l0.q.b"]
    with pytest.raises(HarnessError, match=r"it has no tensor 'l0\.q\.b'"):
        convert(write(tmp_path, encode(short)), tokenizer, tmp_path / "x")


def test_a_tokenizer_with_other_pieces(tmp_path, parts, tokenizer) -> None:
    weights = write(tmp_path, encode(parts))
    tokenizer.write_text(tokenizer.read_text().replace("\\u2581a", "\\u2581z"))
    with pytest.raises(HarnessError, match="they differ from number 7 on"):
        convert(weights, tokenizer, tmp_path / "x")
    tokenizer.write_text("{}")
    with pytest.raises(HarnessError, match=r"not a tokenizer\.json of a Unigram model"):
        convert(weights, tokenizer, tmp_path / "x")
