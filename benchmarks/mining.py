"""Time and memory of bitext mining beside faiss's flat index on the same random vectors, each in a process of its own.

    pip install --target DIR faiss-cpu    # the peer; nothing here needs it
    PYTHONPATH=DIR python benchmarks/mining.py [--n 200000] [--dim 384] [--rounds 1]

"search" are the 4 nearest neighbours in both directions, "mine" all of BUCC's mining: lengths, search, margins, pairs.
faiss only searches (`IndexFlatIP`, one search a direction). The vectors have length one already. Peak memory is
that of the whole process, the vectors included. Without faiss only the harness is measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness.mining import Heap, K, mine
from harness.neighbours import Floats, Ints, nearest_both_ways
from harness.provenance import cores

COLUMNS = ("seconds", "CPU-seconds", "peak MB")
WHO = ("harness: search", "harness: mine", "faiss: search")


def vectors(n: int, dim: int) -> tuple[Floats, Floats]:
    """Returns two heaps of `n` vectors of length one; every other one has a noisy copy in the other heap."""
    generator = np.random.default_rng(1)
    x = generator.standard_normal((n, dim), np.float32)
    y = generator.standard_normal((n, dim), np.float32)
    half = generator.permutation(n)[: n // 2]
    y[half] *= 0.5
    y[half] += x[np.sort(half)]
    for heap in (x, y):
        heap /= np.sqrt(np.einsum("nd,nd->n", heap, heap))[:, None]
    return x, y


def measure(who: str, n: int, dim: int, out: Path) -> dict[str, Any]:
    """Returns seconds and peak memory of one measurement in this process; saves the neighbours that it found."""
    x, y = vectors(n, dim)
    if who == "harness: mine":
        names = [str(i) for i in range(n)]
        start = time.perf_counter(), time.process_time()
        found = {"n": len(mine(Heap(names, names, x), Heap(names, names, y)))}
        return {**spent(*start), **found}
    start = time.perf_counter(), time.process_time()
    ids = _faiss(x, y) if who.startswith("faiss") else tuple(side.ids for side in nearest_both_ways(x, y, K))
    used = spent(*start)
    np.savez(out, forward=ids[0], backward=ids[1])
    return used


def _faiss(x: Floats, y: Floats) -> tuple[Ints, Ints]:
    import faiss  # type: ignore[import-not-found,unused-ignore]

    found: list[NDArray[np.int64]] = []
    for queries, index in ((x, y), (y, x)):
        flat = faiss.IndexFlatIP(x.shape[1])
        flat.add(index)
        found.append(flat.search(queries, K)[1])
        del flat
    return found[0], found[1]


def spent(clock: float, processor: float) -> dict[str, float]:
    """Returns seconds and CPU-seconds since then, and the most memory that this process has had, in MB."""
    used = {"seconds": time.perf_counter() - clock, "CPU-seconds": time.process_time() - processor}
    return {**used, "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}


def main() -> None:
    """Measures each in a process of its own, by turns, and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--measure", choices=WHO, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.n, options.dim, options.out)))
        return
    who = WHO if importlib.util.find_spec("faiss") else WHO[:2]
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in who}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for number, name in enumerate(who):
                out = Path(folder) / f"{number}.npz"
                size = ["--n", str(options.n), "--dim", str(options.dim)]
                command = [sys.executable, __file__, "--measure", name, *size, "--out", str(out)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                seen[name].append(json.loads(done.stdout))
        if len(who) == len(WHO):
            ours, theirs = (np.load(Path(folder) / f"{number}.npz") for number in (0, 2))
            same = np.mean([np.mean(ours[name] == theirs[name]) for name in ("forward", "backward")])
            print(f"neighbours that both find at the same place: {100 * same:.4f} %")
    lines = [[name, *(f"{median(run[what] for run in runs):,.1f}" for what in COLUMNS)] for name, runs in seen.items()]
    print(f"2 x {options.n:,} vectors of {options.dim} dimensions, {cores()} cores, median of {options.rounds}")
    print(tabulate(lines, headers=["who", *COLUMNS]))


if __name__ == "__main__":
    main()
