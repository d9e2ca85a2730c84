"""Processes that are forks of one that has loaded torch, so that each starts at once. No test module.

There is one such server in a test run, so all tests that use it make it in the same way.
"""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.context import ForkServerContext

KINDS = ("pretrain", "intermediate", "finetune", "evaluate", "trivial")
# What a stage imports only as it runs.
LATE = ("torch._dynamo", "transformers.models.modernbert.modeling_modernbert", "pyarrow.parquet", "pandas")


def context() -> ForkServerContext:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([*(f"harness.stages.{kind}" for kind in KINDS), *LATE])
    return found
