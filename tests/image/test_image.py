"""Which image a study is computed in, and what counts as pinned."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import image
from harness.errors import SpecError

DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "fedcba9876543210" * 4


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (f"name@{DIGEST}", DIGEST),
        (f"example.org:5000/a/b:tag@{DIGEST}", DIGEST),
        (DIGEST, DIGEST),
        ("name:latest", None),
        ("name", None),
        (f"name@{DIGEST[:-1]}", None),
        (f"name@{DIGEST.upper()}", None),
        (f"name@{DIGEST}0", None),
        ("name@sha256:" + "0" * 64, None),
        ("name@sha256:" + "a" * 64, None),
        (f"name@sha512:{'ab' * 64}", None),
        ("", None),
    ],
)
def test_a_placeholder_is_no_digest(reference, found) -> None:
    assert image.digest_of(reference) == found


def test_the_file_names_the_image(tmp_path: Path) -> None:
    file = tmp_path / "image.digest"
    assert image.named(file) == image.LOCAL
    file.write_text("none: run on the host\n")
    assert image.named(file) == image.LOCAL
    file.write_text(f"example.org/harness@{DIGEST}\n")
    assert image.named(file) == f"example.org/harness@{DIGEST}"
    file.write_text("example.org/harness:latest\n")
    with pytest.raises(SpecError, match=r"image\.digest: 'example.org/harness:latest' is not pinned"):
        image.named(file)


def test_the_shipped_dockerfile_builds_on_a_pinned_base(repository: Path) -> None:
    reference, pinned = image.base(repository / "Dockerfile")
    assert pinned, reference


@pytest.mark.parametrize("reference", ["cuda:12", "cuda:12@sha256:" + "0" * 64, "", DIGEST])
def test_a_base_without_a_digest_is_not_pinned(reference, tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(f"ARG BASE_IMAGE={reference}\nFROM ${{BASE_IMAGE}}\n")
    assert image.base(file) == (reference, False)


ATTRIBUTES = {
    "Id": DIGEST,
    "RepoDigests": [f"example.org/harness@{OTHER}"],
    "RootFS": {"Layers": ["sha256:" + "12" * 32, "sha256:" + "34" * 32]},
    "Config": {"Labels": {"harness.lock.sha256": "beef", "org.opencontainers.image.revision": "cafe"}},
}


@pytest.mark.parametrize(
    ("digest", "meant"), [(DIGEST, True), (OTHER, True), ("sha256:" + "34" * 32, True), ("sha256:" + "12" * 32, False)]
)
def test_a_digest_means_id_last_layer_or_manifest(digest, meant) -> None:
    assert image.is_meant(ATTRIBUTES, f"anything@{digest}") is meant


def test_identity_names_all_and_asks_for_no_field_that_may_be_missing() -> None:
    found = image.identity(ATTRIBUTES, "20.10")
    assert found["id"] == DIGEST
    assert found["repo_digests"] == ATTRIBUTES["RepoDigests"]
    assert found["diff_ids"] == ATTRIBUTES["RootFS"]["Layers"]
    assert (found["lock"], found["commit"], found["base"], found["engine"]) == ("beef", "cafe", "", "20.10")
    bare = image.identity({"Id": DIGEST, "RepoDigests": None, "Config": {"Labels": None}}, "1")
    assert (bare["repo_digests"], bare["diff_ids"], bare["lock"]) == ([], [], "")
