"""Container images: which one a study is computed in, what identifies it, and whether a Dockerfile's base is pinned."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from harness.errors import SpecError
from harness.records import JSON

LOCAL = "harness:latest"
FILE = Path("image.digest")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_BASE = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)


def digest_of(reference: str) -> str | None:
    """Returns the digest that a reference ends in, `sha256:…`; none if it has none, or one that is a placeholder."""
    _, _, digest = reference.rpartition("@")
    found = _DIGEST.fullmatch(digest)
    return digest if found and len(set(found[1])) > 1 else None


def named(file: Path = FILE) -> str:
    """Returns the image that a study is computed in: the one in `image.digest`, or else the one that is built here.

    Raises SpecError if the file names one without its digest: a tag moves.
    """
    text = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if not text or text.startswith("none:"):
        return LOCAL
    if digest_of(text) is None:
        raise SpecError(f"{file}: {text!r} is not pinned; name the image as NAME@sha256:DIGEST, or write `none: …`")
    return text


def base(dockerfile: Path) -> tuple[str, bool]:
    """Returns the image that a Dockerfile builds on by default, and whether that is pinned by a digest."""
    found = _BASE.search(dockerfile.read_text(encoding="utf-8"))
    reference = found[1] if found else ""
    return reference, "@" in reference and digest_of(reference) is not None


def identity(attributes: JSON, engine: str) -> JSON:
    """Returns what identifies an image, from what the engine says of it: never part of a key, always in a manifest.

    `repo_digests` is empty until an image was pushed or pulled. The ID depends on the engine that built it; the
    `diff_ids`, the sha256 of each layer, do not.
    """
    labels: dict[str, Any] = attributes.get("Config", {}).get("Labels") or {}
    return {
        "id": attributes["Id"],
        "repo_digests": sorted(attributes.get("RepoDigests") or ()),
        "diff_ids": list(attributes.get("RootFS", {}).get("Layers") or ()),
        "base": labels.get("org.opencontainers.image.base.name", ""),
        "commit": labels.get("org.opencontainers.image.revision", ""),
        "lock": labels.get("harness.lock.sha256", ""),
        "engine": engine,
    }


def is_meant(attributes: JSON, reference: str) -> bool:
    """Tells whether an image is the one that a digest means: by ID, by that of its last layer, or as it was pushed."""
    digest = digest_of(reference) or ""
    pushed = {pushed.rpartition("@")[2] for pushed in attributes.get("RepoDigests") or ()}
    layers = attributes.get("RootFS", {}).get("Layers") or [""]
    return digest in {attributes["Id"], layers[-1], *pushed}
