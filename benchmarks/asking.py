"""What it takes to put waiting films in the order of asking.

    python benchmarks/asking.py [--films 2000,20000] [--width 512] [--runs 7]

Times `training.adapting.asking.ask_order` on one thread, and beside it, in the same run, what cannot be done
without: one product of the embeddings with a head, and sorting by margin alone. As many films were read as
wait. On a busy machine look at the processor's time, not at the clock's.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from training.adapting.asking import ask_order  # noqa: E402


def main() -> int:
    """Print a line for each number of films."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", default="2000,20000")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--runs", type=int, default=7)
    choice = parser.parse_args()
    random = np.random.default_rng(0)
    print(
        "films | order, ms (best, median; processor's best) | scores and sort, ms | ratio of processor's time"
    )
    for count in (int(text) for text in choice.films.split(",")):
        waiting, read = (random.standard_normal((count, choice.width), np.float32) for _ in range(2))
        head = random.standard_normal((3, choice.width), np.float32)
        said = random.dirichlet(np.ones(3), count).astype(np.float32)
        urgent, hidden = random.random(count) < 0.001, random.random(count) < 0.2
        names = [f"1.2.826.0.1.3680043.{number}" for number in range(count)]

        def order(waiting=waiting, said=said, read=read, urgent=urgent, hidden=hidden, names=names) -> object:  # type: ignore[no-untyped-def]
            return ask_order(waiting, said, read, urgent, hidden, names=names)

        def plainly(waiting=waiting, head=head) -> object:  # type: ignore[no-untyped-def]
            logits = np.sort(waiting @ head.T, axis=1)
            return np.argsort(logits[:, -1] - logits[:, -2], kind="stable")

        taken, plain = _times(order, choice.runs), _times(plainly, choice.runs)
        best, middle, own = taken[0][0], taken[len(taken) // 2][0], min(pair[1] for pair in taken)
        least = min(pair[1] for pair in plain)
        print(f"{count:,} | {best:.0f}, {middle:.0f}; {own:.0f} | {plain[0][0]:.1f} | {own / least:.0f}")
    return 0


def _times(act: Callable[[], object], runs: int) -> list[tuple[float, float]]:
    """Milliseconds of each run by the clock, rising, and of the processor."""
    taken = []
    for _ in range(runs):
        started, used = time.perf_counter(), time.process_time()
        act()
        taken.append(((time.perf_counter() - started) * 1000, (time.process_time() - used) * 1000))
    return sorted(taken)


if __name__ == "__main__":
    sys.exit(main())
