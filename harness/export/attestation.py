"""Verdicts as an in-toto Statement v1 with the predicate test-result v0.1, and signed as a DSSE envelope.

A claim is a test: reproduced is passed, contradicted failed, and what is left open (inconclusive, not comparable, not run)
warned. The result of the whole follows the exit code of `harness verify`: 0 PASSED, 1 FAILED, 3 WARNED.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.canon import Address, digest, pretty
from harness.errors import HarnessError, SpecError, StoreCorrupt
from harness.export.bag import MANIFEST
from harness.records import JSON, OUTCOMES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD = "application/vnd.in-toto+json"
RESULTS = {0: "PASSED", 1: "FAILED", 3: "WARNED"}
TESTS = {"reproduced": "passedTests", "contradicted": "failedTests"} | dict.fromkeys(OUTCOMES[2:], "warnedTests")
# What the statement is about: the seal of the whole bundle, and in it the question and the answer.
SUBJECTS = (MANIFEST, "claims.yaml", "claims.json")


@dataclass(frozen=True)
class Judged:
    """What is attested: a bundle's digests by name, what made it, its verdicts and the exit code that they give.

    `deviation` is how far numbers were from those that are stated when the verdicts were derived anew.
    """

    digests: Mapping[str, Address]
    record: JSON
    document: JSON
    exit_code: int
    deviation: float = 0.0


def statement(judged: Judged, url: str | None = None) -> JSON:
    """Returns the statement on a bundle's verdicts. `url` is where the run can be seen, if anywhere."""
    tests: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for claim in judged.document["claims"]:
        tests[TESTS[claim["outcome"]]].append(claim["id"])
    predicate = {"result": RESULTS[judged.exit_code], "configuration": _configuration(judged)}
    predicate |= {"url": url} if url else {}
    subjects = [{"name": name, "digest": {"sha256": judged.digests[name]}} for name in SUBJECTS]
    return {"_type": STATEMENT, "subject": subjects, "predicateType": PREDICATE, "predicate": {**predicate, **tests}}


def _configuration(judged: Judged) -> list[JSON]:
    """Returns what decides the outcome beside the evidence: claims, the study and every spec, lock files, the code."""
    study = f"specs/studies/{judged.record['study']}.yaml"
    others = [n for n in judged.digests if (n.startswith("specs/") and n != study) or n.endswith(".lock")]
    found: list[JSON] = [{"name": n, "digest": {"sha256": judged.digests[n]}} for n in ("claims.yaml", study, *others)]
    made = judged.record["harness"]
    if made["commit"]:
        marks = {"version": made["version"], "dirty": made["dirty"]}
        found.append({"name": "harness", "digest": {"gitCommit": made["commit"]}, "annotations": marks})
    return found


def signed(content: JSON, key: Path) -> JSON:
    """Returns a statement in a DSSE envelope, signed with the private key (Ed25519, or ECDSA on P-256) in a PEM file."""
    private = _private(key)
    payload = pretty(content).encode()
    signature = {"keyid": _key_id(private.public_key()), "sig": base64.b64encode(_sign(private, _framed(payload))).decode()}
    return {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD, "signatures": [signature]}


def read(path: Path, public_key: Path | None) -> JSON:
    """Returns the statement in a file, signed or not.

    Raises:
        SpecError: a key is needed and none is given, or one is given and the file is not signed.
        StoreCorrupt: no signature in the file is one of this key on these bytes.
    """
    content = _parsed(path.read_bytes(), path)
    if "payload" not in content:
        if public_key:
            raise SpecError(f"{path}: not signed, so {public_key} proves nothing; `harness export attestation --key` signs")
        return content
    if public_key is None:
        raise SpecError(f"{path}: signed; say by whose key with --public-key FILE")
    try:
        payload = base64.b64decode(content["payload"], validate=True)
        signatures = [base64.b64decode(signature["sig"], validate=True) for signature in content["signatures"]]
    except (binascii.Error, KeyError, TypeError, ValueError):
        raise StoreCorrupt(f"{path}: not a DSSE envelope that can be read; get it again") from None
    if content.get("payloadType") != PAYLOAD:
        raise StoreCorrupt(f"{path}: its payload is {content.get('payloadType')!r}, not {PAYLOAD}")
    public = _public(public_key)
    if not any(_holds(public, one, _framed(payload)) for one in signatures):
        raise StoreCorrupt(f"{path}: no signature in it is one of {public_key} on these bytes; it is forged or changed")
    return _parsed(payload, path)


def compare(content: JSON, judged: Judged, path: Path) -> None:
    """Raises StoreCorrupt, with what differs, unless a statement is the one to be made on a bundle that has been checked."""
    wanted = statement(judged)
    for field in ("_type", "predicateType", "subject"):
        if content.get(field) != wanted[field]:
            raise StoreCorrupt(
                f"{path}: of another bundle: {field} is not that of this one; {_told(content, wanted, field)}"
            )
    predicate = content.get("predicate")
    for field, value in wanted["predicate"].items():
        if not isinstance(predicate, dict) or predicate.get(field) != value:
            raise StoreCorrupt(f"{path}: its predicate states another {field} than follows from the bundle")


def _told(content: JSON, wanted: JSON, field: str) -> str:
    if field != "subject" or not isinstance(content.get(field), list):
        return f"it is {content.get(field)!r}, not {wanted[field]!r}"
    other = [s["name"] for s in wanted[field] if s not in content[field]]
    return f"other digests: {', '.join(other) or 'more subjects than this bundle has'}"


def _parsed(text: bytes, path: Path) -> JSON:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise SpecError(f"{path}: neither an in-toto statement nor a DSSE envelope; `harness export attestation` writes one")
    return content


def _framed(payload: bytes) -> bytes:
    """Returns what is signed: DSSE's pre-authentication encoding, version 1."""
    kind = PAYLOAD.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _key_id(public: PublicKey) -> str:
    """Returns the sha256 of a public key in DER, by which several keys can be told apart; it proves nothing."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return digest(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _private(path: Path) -> PrivateKey:
    serialization = _serialization()
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise SpecError(f"{path}: no private key in PEM without a password ({error}); see docs/provenance.md") from None
    private: PrivateKey = _fitting(key, path, "PrivateKey")
    return private


def _public(path: Path) -> PublicKey:
    serialization = _serialization()
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (ValueError, TypeError) as error:
        raise SpecError(f"{path}: no public key in PEM ({error}); see docs/provenance.md") from None
    public: PublicKey = _fitting(key, path, "PublicKey")
    return public


def _serialization() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise HarnessError("signatures need the package cryptography: pip install cryptography") from None
    return serialization


def _fitting(key: Any, path: Path, kind: str) -> Any:
    """Returns a key of one of the two algorithms. Raises SpecError for any other, which few could check."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    is_ec = isinstance(key, getattr(ec, f"EllipticCurve{kind}")) and isinstance(key.curve, ec.SECP256R1)
    if not is_ec and not isinstance(key, getattr(ed25519, f"Ed25519{kind}")):
        raise SpecError(f"{path}: neither an Ed25519 key nor one of ECDSA on P-256; see docs/provenance.md")
    return key


def _sign(private: PrivateKey, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(data, ec.ECDSA(SHA256()))
    return private.sign(data)


def _holds(public: PublicKey, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, data, ec.ECDSA(SHA256()))
        else:
            public.verify(signature, data)
    except InvalidSignature:
        return False
    return True
