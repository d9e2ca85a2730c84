"""Attestations: what they state, whose signature they carry, and of which bundle they are."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from harness.bundle import check
from harness.canon import digest_file, pretty
from harness.errors import SpecError, StoreCorrupt
from harness.export import attestation, bag

pytest.importorskip("cryptography", reason="signatures need the package cryptography")


@pytest.fixture(scope="session")
def judged(sealed: Path) -> attestation.Judged:
    return check(sealed)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pairs of keys: `ed`, `ec`, another `ed`, and `rsa`, which is not taken."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    folder = tmp_path_factory.mktemp("keys")
    made = {
        "ed": ed25519.Ed25519PrivateKey.generate(),
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "other": ed25519.Ed25519PrivateKey.generate(),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "rsa": rsa.generate_private_key(65537, 2048),
    }
    for name, key in made.items():
        secret = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
        (folder / f"{name}.pem").write_bytes(secret)
        public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
        (folder / f"{name}.pub").write_bytes(public)
    locked = made["ed"].private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"secret"))
    (folder / "locked.pem").write_bytes(locked)
    return folder


@pytest.fixture
def signed(judged: attestation.Judged, keys: Path, tmp_path: Path) -> Path:
    path = tmp_path / "signed.json"
    path.write_text(pretty(attestation.signed(attestation.statement(judged), keys / "ed.pem")))
    return path


def test_the_statement_is_about_the_bundle_and_its_claims(judged: attestation.Judged, sealed: Path) -> None:
    found = attestation.statement(judged, url="https://example.org/run/1")
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert {s["name"]: s["digest"]["sha256"] for s in found["subject"]} == {
        name: digest_file(sealed / name) for name in (bag.MANIFEST, "claims.yaml", "claims.json")
    }
    predicate = found["predicate"]
    assert predicate["url"] == "https://example.org/run/1"
    assert (predicate["result"], predicate["failedTests"]) == ("FAILED", ["size"])
    assert predicate["passedTests"] + predicate["warnedTests"] == ["better"]
    configuration = {c["name"]: c["digest"] for c in predicate["configuration"]}
    assert configuration["harness"] == {"gitCommit": "c0ffee"}
    for name in ("claims.yaml", "specs/studies/small.yaml", "requirements-cpu.lock", "specs/tasks/t_qa.yaml"):
        assert configuration[name] == {"sha256": digest_file(sealed / name)}


@pytest.mark.parametrize(
    ("outcomes", "code", "result", "lists"),
    [
        (["reproduced"], 0, "PASSED", (["0"], [], [])),
        (["reproduced", "inconclusive", "not_run", "not_comparable"], 3, "WARNED", (["0"], ["1", "2", "3"], [])),
        (["contradicted", "not_run"], 1, "FAILED", ([], ["1"], ["0"])),
    ],
)
def test_outcomes_as_tests(judged: attestation.Judged, outcomes, code: int, result: str, lists) -> None:
    document = {"claims": [{"id": str(i), "outcome": outcome} for i, outcome in enumerate(outcomes)]}
    found = attestation.statement(attestation.Judged(judged.digests, judged.record, document, code))["predicate"]
    assert found["result"] == result
    assert (found["passedTests"], found["warnedTests"], found["failedTests"]) == lists


@pytest.mark.parametrize("name", ["ed", "ec"])
def test_what_is_signed_can_be_checked(judged: attestation.Judged, keys: Path, tmp_path: Path, name: str) -> None:
    content = attestation.statement(judged)
    path = tmp_path / "signed.json"
    path.write_text(pretty(attestation.signed(content, keys / f"{name}.pem")))
    assert attestation.read(path, keys / f"{name}.pub") == content
    attestation.compare(content, judged, path)


def test_the_framing_is_that_of_the_specification() -> None:
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
    assert attestation._framed(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


@pytest.mark.parametrize("name", ["ec", "other"])
def test_another_key_is_refused(signed: Path, keys: Path, name: str) -> None:
    with pytest.raises(StoreCorrupt, match="no signature in it is one of"):
        attestation.read(signed, keys / f"{name}.pub")


def test_a_changed_payload_or_signature_is_refused(signed: Path, keys: Path) -> None:
    envelope = json.loads(signed.read_text())
    payload = base64.b64decode(envelope["payload"]).replace(b"FAILED", b"PASSED")
    other = base64.b64encode(bytes(64)).decode()
    for change in (
        {"payload": base64.b64encode(payload).decode()},
        {"signatures": [{**envelope["signatures"][0], "sig": other}]},
        {"signatures": []},
        {"payloadType": "text/plain"},
        {"payload": "no base 64"},
        {"signatures": "none"},
    ):
        signed.write_text(json.dumps({**envelope, **change}))
        with pytest.raises(StoreCorrupt):
            attestation.read(signed, keys / "ed.pub")


@pytest.mark.parametrize("name", ["rsa", "p384", "locked"])
def test_keys_that_are_not_taken(judged: attestation.Judged, keys: Path, name: str) -> None:
    with pytest.raises(SpecError, match=r"docs/provenance\.md"):
        attestation.signed(attestation.statement(judged), keys / f"{name}.pem")


def test_a_key_where_none_belongs_and_none_where_one_does(signed: Path, keys: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="--public-key FILE"):
        attestation.read(signed, None)
    bare = tmp_path / "bare.json"
    bare.write_text("{}")
    with pytest.raises(SpecError, match="not signed"):
        attestation.read(bare, keys / "ed.pub")
    with pytest.raises(SpecError, match="no public key"):
        attestation.read(signed, keys / "ed.pem")
    with pytest.raises(SpecError, match="no private key"):
        attestation.signed({}, keys / "ed.pub")
    bare.write_text("[1")
    with pytest.raises(SpecError, match="neither"):
        attestation.read(bare, None)


def test_a_statement_of_another_bundle_is_refused(judged: attestation.Judged) -> None:
    path = Path("statement.json")
    content = attestation.statement(judged)
    subject = [{**content["subject"][0], "digest": {"sha256": "0" * 64}}, *content["subject"][1:]]
    with pytest.raises(StoreCorrupt, match=r"of another bundle.*other digests: manifest-sha256\.txt"):
        attestation.compare({**content, "subject": subject}, judged, path)
    with pytest.raises(StoreCorrupt, match="of another bundle"):
        attestation.compare({**content, "subject": content["subject"][:2]}, judged, path)
    with pytest.raises(StoreCorrupt, match="predicateType"):
        attestation.compare({**content, "predicateType": "https://slsa.dev/provenance/v1"}, judged, path)
    predicate = {**content["predicate"], "failedTests": [], "result": "PASSED"}
    with pytest.raises(StoreCorrupt, match="another result"):
        attestation.compare({**content, "predicate": predicate}, judged, path)
    with pytest.raises(StoreCorrupt, match="predicate"):
        attestation.compare({**content, "predicate": None}, judged, path)


def test_the_commands(workspace: Path, sealed: Path, keys: Path, tmp_path: Path, harness) -> None:
    out = tmp_path / "a.json"
    arguments = ("--bundle", sealed, "--out", out, "--key", keys / "ec.pem")
    code, _, err = harness("export", "attestation", "small", *arguments, cwd=workspace)
    assert code == 0
    assert err == "FAILED, signed\n"
    check_it = ("verify-bundle", sealed, "--attestation", out)
    code, printed, _ = harness(*check_it, "--public-key", keys / "ec.pub", cwd=tmp_path)
    assert code == 1
    assert "a.json: signed, and about this bundle" in printed
    assert harness(*check_it, "--public-key", keys / "ed.pub", cwd=tmp_path)[0] == 5
    assert harness(*check_it, cwd=tmp_path)[0] == 2
    assert harness("verify-bundle", sealed, "--public-key", keys / "ed.pub", cwd=tmp_path)[0] == 2
    code, _, err = harness("export", "attestation", "other", *arguments, cwd=workspace)
    assert code == 2
    assert "of the study 'small'" in err


def test_without_a_bundle_it_is_of_the_one_that_would_be_written(workspace: Path, tmp_path: Path, harness) -> None:
    assert harness("export", "ro-crate", "small", "--out", tmp_path / "b.zip", cwd=workspace)[0] == 0
    code, _, err = harness("export", "attestation", "small", "--out", tmp_path / "a.json", cwd=workspace)
    assert (code, err) == (0, "FAILED, not signed: --key FILE signs\n")
    code, out, _ = harness("verify-bundle", tmp_path / "b.zip", "--attestation", tmp_path / "a.json", cwd=tmp_path)
    assert code == 1
    assert "a.json: unsigned, and about this bundle" in out
