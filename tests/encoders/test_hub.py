"""Encoders from a hub: at a full commit, from the cache without a network, never with remote code."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from pydantic import ValidationError

from harness import encoders
from harness.families import inputs
from harness.spec.model import Hub, ModelSpec

COMMIT = "0123456789abcdef" * 2 + "01234567"
PROGRAM = """
import json, sys, torch
from harness import encoders
from harness.errors import HarnessError
from harness.families import inputs
torch.set_num_threads(1)
found = []
for repository, revision in json.loads(sys.argv[1]):
    try:
        encoder = encoders.load_hub(repository, revision)
    except HarnessError as error:
        found.append(str(error))
        continue
    ids = encoder.tokenizer("the small cat", "xyz")["input_ids"]
    batch = inputs([{"ids": ids}], encoder)
    with torch.no_grad():
        found.append([ids, encoder.hidden(batch["ids"], batch["mask"])[0, 0].tolist()])
print(json.dumps(found))
"""


def cached(encoder, folder, name):
    """Put an encoder where a hub's client would have put it."""
    place = folder / "hub" / f"models--example--{name}"
    encoders.save(encoder, place / "snapshots" / COMMIT)
    (place / "refs").mkdir()
    return place / "snapshots" / COMMIT


@pytest.mark.slow  # the cache's place is read when the client is imported, so a process is needed, and it imports torch
def test_an_encoder_in_the_cache_is_loaded_without_a_network(make_encoder, repository, tmp_path) -> None:
    encoder = make_encoder("xlm-roberta")
    cached(encoder, tmp_path, "tiny")
    # What a repository says about code of its own is not listened to.
    own = cached(encoder, tmp_path, "own")
    config = json.loads((own / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "modeling_own.Own", "AutoConfig": "modeling_own.OwnConfig"}
    (own / "config.json").write_text(json.dumps(config))
    (own / "modeling_own.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\n")
    wanted = [["example/tiny", COMMIT], ["example/own", COMMIT], ["example/tiny", COMMIT[::-1]]]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(wanted)],
        env={"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    plain, with_code, absent = json.loads(done.stdout.splitlines()[-1])
    ids = encoder.tokenizer("the small cat", "xyz")["input_ids"]
    batch = inputs([{"ids": ids}], encoder)
    with torch.no_grad():
        expected = [ids, encoder.hidden(batch["ids"], batch["mask"])[0, 0].tolist()]
    assert plain == with_code == expected
    assert not (tmp_path / "executed").exists()
    assert "offline" in absent or "connect" in absent or "cache" in absent


@pytest.mark.parametrize("revision", ["main", "v1.0", COMMIT[:12], COMMIT.upper(), COMMIT + "0", ""])
def test_only_a_full_commit_will_do(revision) -> None:
    with pytest.raises(ValidationError, match="revision"):
        Hub(id="example/tiny", revision=revision)


@pytest.mark.parametrize("name", ["tiny", "https://example.org/tiny", "../tiny/x", "a/b/c"])
def test_only_an_owner_and_a_name_will_do(name) -> None:
    with pytest.raises(ValidationError, match="id"):
        Hub(id=name, revision=COMMIT)


def test_remote_code_is_no_field_of_a_spec() -> None:
    fields = {"name": "tiny", "title": "Tiny", "n_parameters": 1}
    hub = {"id": "example/tiny", "revision": COMMIT}
    ModelSpec.model_validate_json(json.dumps({**fields, "hub": hub}))
    for where in ({**fields, "hub": {**hub, "trust_remote_code": True}}, {**fields, "hub": hub, "trust_remote_code": True}):
        with pytest.raises(ValidationError, match="trust_remote_code"):
            ModelSpec.model_validate_json(json.dumps(where))
