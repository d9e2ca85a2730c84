"""An encoder's folder: what is written is what is read, bit for bit, and nothing else is accepted."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

from harness import encoders
from harness.encoders import EMBEDDING_SHARD, INDEX, REST_SHARD, set_dropout
from harness.errors import HarnessError
from harness.families import inputs

FILES = ["config.json", EMBEDDING_SHARD, REST_SHARD, INDEX, "tokenizer.json", "tokenizer_config.json"]


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def states(encoder, text="the small cat sees 42 dogs"):
    batch = inputs([{"ids": encoder.tokenizer(text, "a tree")["input_ids"]}], encoder)
    with torch.no_grad():
        return encoder.hidden(batch["ids"], batch["mask"])


def test_what_was_saved_comes_back_bit_by_bit(kind, make_encoder, tmp_path) -> None:
    encoder = make_encoder(kind)
    encoders.save(encoder, tmp_path / "one")
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == sorted(FILES)
    loaded = encoders.load(tmp_path / "one")
    loaded.model.eval()
    own, found = encoder.model.state_dict(), loaded.model.state_dict()
    # The pooler of the pretraining objective is no part of an encoder.
    assert {name for name in own.keys() - found.keys() if "pooler" not in name} == set()
    assert all(torch.equal(own[name], found[name]) for name in found)
    assert torch.equal(states(encoder), states(loaded))
    assert (loaded.width, loaded.n_layers) == (16, 2)
    assert not loaded.model.training
    encoders.save(loaded, tmp_path / "two")
    again = encoders.load(tmp_path / "two")
    encoders.save(again, tmp_path / "three")
    assert digests(tmp_path / "two") == digests(tmp_path / "three")


def test_the_embedding_lies_apart_and_the_index_names_every_weight(kind, make_encoder, tmp_path) -> None:
    encoder = make_encoder(kind)
    encoders.save(encoder, tmp_path)
    embedding, rest = load_file(tmp_path / EMBEDDING_SHARD), load_file(tmp_path / REST_SHARD)
    assert [tuple(v.shape) for v in embedding.values()] == [(100, 16)]
    assert set(embedding) | set(rest) == set(encoder.model.state_dict())
    index = json.loads((tmp_path / INDEX).read_text())
    expected = dict.fromkeys(embedding, EMBEDDING_SHARD) | dict.fromkeys(rest, REST_SHARD)
    assert index["weight_map"] == expected
    assert index["metadata"]["total_size"] == sum(4 * v.numel() for v in encoder.model.state_dict().values())


def test_a_frozen_embedding_has_the_same_bytes_after_training(make_encoder, tmp_path) -> None:
    encoder = make_encoder()
    encoders.save(encoder, tmp_path / "before")
    with torch.no_grad():
        encoder.model.layers[0].mlp.Wo.weight += 1
    encoders.save(encoder, tmp_path / "after")
    before, after = digests(tmp_path / "before"), digests(tmp_path / "after")
    assert [name for name in before if before[name] != after[name]] == [REST_SHARD]


def test_transformers_reads_the_folder_as_its_own(kind, make_encoder, tmp_path) -> None:
    encoder = make_encoder(kind)
    encoders.save(encoder, tmp_path)
    model = AutoModel.from_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer("the small cat", "xyz")["input_ids"] == encoder.tokenizer("the small cat", "xyz")["input_ids"]
    model.eval()
    with torch.no_grad():
        found = model(**inputs_of(tokenizer)).last_hidden_state
        own = encoder.hidden(*inputs_of(encoder.tokenizer).values())
    assert torch.equal(found, own)


def inputs_of(tokenizer):
    encoded = tokenizer("the small cat", return_tensors="pt")
    return {name: encoded[name] for name in ("input_ids", "attention_mask")}


@pytest.mark.parametrize("change", ["missing", "unexpected", "renamed", "wrong shape"])
def test_weights_that_do_not_match_are_refused(change, kind, make_encoder, tmp_path) -> None:
    encoders.save(make_encoder(kind), tmp_path)
    rest = load_file(tmp_path / REST_SHARD)
    index = json.loads((tmp_path / INDEX).read_text())
    name = next(n for n in sorted(rest) if "1." in n and rest[n].ndim == 2)
    if change == "unexpected":
        rest["layers.9.attn.Wo.weight"] = rest[name].clone()
        index["weight_map"]["layers.9.attn.Wo.weight"] = REST_SHARD
    elif change == "wrong shape":
        rest[name] = rest[name][:-1].clone()
    else:
        weight = rest.pop(name)
        del index["weight_map"][name]
        if change == "renamed":
            rest[f"{name}s"] = weight
            index["weight_map"][f"{name}s"] = REST_SHARD
    save_file(rest, tmp_path / REST_SHARD, metadata={"format": "pt"})
    (tmp_path / INDEX).write_text(json.dumps(index))
    with pytest.raises(HarnessError, match=r"the weights are not this encoder's: missing .*unexpected .*check model type"):
        encoders.load(tmp_path)


def test_heads_match_whole_or_not_at_all(tmp_path) -> None:
    torch.manual_seed(1)
    one, other, wider = torch.nn.Linear(4, 2), torch.nn.Linear(4, 2), torch.nn.Linear(5, 2)
    encoders.save_head(one, tmp_path / "head")
    encoders.load_head(other, tmp_path / "head")
    assert torch.equal(one.weight, other.weight)
    assert torch.equal(one.bias, other.bias)
    with pytest.raises(RuntimeError, match="size mismatch"):
        encoders.load_head(wider, tmp_path / "head")


def test_the_seed_makes_the_weights(kind, make_encoder) -> None:
    one, same, other = (make_encoder(kind, seed).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[n], same[n]) for n in one)
    assert any(not torch.equal(one[n], other[n]) for n in one)


def test_dropout_is_set_everywhere(kind, make_encoder) -> None:
    encoder = make_encoder(kind)
    encoder.model.train()
    batch = inputs([{"ids": [0, 7, 8, 9, 2]}], encoder)
    found = {}
    for probability in (0.0, 0.5):
        set_dropout(encoder, probability)
        torch.manual_seed(1)
        found[probability] = [encoder.hidden(batch["ids"], batch["mask"]) for _ in range(2)]
    assert torch.equal(*found[0.0])
    assert not torch.equal(*found[0.5])
    names = {n: m.p for n, m in encoder.model.named_modules() if isinstance(m, torch.nn.Dropout)}
    assert set(names.values()) <= {0.5}


def test_a_copied_folder_is_the_same_encoder(make_encoder, tmp_path) -> None:
    encoders.save(make_encoder(), tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    for name in ("here", "there"):
        encoders.save(encoders.load(tmp_path / name), tmp_path / f"{name} again")
    assert digests(tmp_path / "here again") == digests(tmp_path / "there again")
