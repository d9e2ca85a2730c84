"""What a result was computed with: commit, packages, processor, thread count."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from harness import requirements
from harness.canon import address, digest_file

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "pyarrow", "scikit-learn")


@cache
def code(folder: Path = Path(__file__).parent) -> dict[str, Any]:
    """Returns the commit that the program runs from and whether files differ from it; nulls where nothing tells."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    if commit:
        return {"commit": commit, "dirty": bool(git("status", "--porcelain", "--", "."))}
    told = os.environ.get("HARNESS_COMMIT", "")  # by an image, in which there is no git
    return {"commit": told.removesuffix("-dirty") or None, "dirty": told.endswith("-dirty") if told else None}


@cache
def environment() -> dict[str, Any]:
    """Returns Python, platform, the versions of the packages that compute, and how they stand to the lock.

    `lock` is the sha256 of the lock that they are as in, or null; `outside_lock` says in words what is not as locked.
    """
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    lock = requirements.at_hand(packages, PACKAGES)
    outside = [*lock.differences(packages, PACKAGES)] if lock else ["no lock at hand"]
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        "lock": lock.sha256 if lock and not outside else None,
        "outside_lock": outside,
    }


@cache
def source(folder: Path = Path(__file__).parent) -> str:
    """Returns the digest of the program's modules: equal in two places where the same code runs."""
    files = sorted(folder.rglob("*.py"))
    return address({path.relative_to(folder).as_posix(): digest_file(path) for path in files})


def docker_host() -> str:
    """Returns where a container engine is looked for."""
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def hub_cache() -> Path:
    """Returns where encoders from a model hub are kept, as its own library decides it."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub")


def processor() -> dict[str, Any]:
    """Returns what numbers depend on beside the code: thread count and the CPU's instruction set. Loads torch."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine()
    return {
        "device": device,
        "threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "bfloat16": has_bfloat16("cuda" if torch.cuda.is_available() else "cpu"),
    }


def has_bfloat16(device: str) -> bool:
    """Returns whether a kind of device (`cpu`, `cuda`) multiplies matrices of bfloat16 natively. Loads torch."""
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 - the public API does not tell


def cores() -> int:
    """Returns how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def quiet_libraries() -> None:
    """Tells the libraries that read environment variables: one thread a process, no telemetry, no bars."""
    for name, value in {
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    }.items():
        os.environ.setdefault(name, value)
