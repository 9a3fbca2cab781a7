"""What a training needs of memory, with ten times the films.

    python benchmarks/training_memory.py [--films 1500] [--times 10]

Pictures are made, the starter model is tuned for one epoch by the command `train --labels`, and its process
is looked at meanwhile: memory of its own (what files hold and the system can let go of is told apart).
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
MB = 1e6


def main() -> int:
    """Measure both, one after the other; print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=1500)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--depth", default="head")
    parser.add_argument("--work", type=Path, help="where films and models lie (default: a temporary folder)")
    choice = parser.parse_args()
    print("| films | as bytes, MB | own memory at most, MB | with what files hold, MB | s |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=choice.work) as folder:
        for count in (choice.films, choice.films * choice.times):
            own, all_, took = measure(Path(folder) / str(count), count, choice.depth)
            size = count * 224 * 224 / MB
            print(
                f"| {count:,} | {size:,.0f} | {own / MB:,.0f} | {all_ / MB:,.0f} | {took:.0f} |", flush=True
            )
    return 0


def measure(folder: Path, count: int, depth: str) -> tuple[int, int, float]:
    """Bytes of its own and in all that a training of so many films had at most, and its seconds."""
    make_films(folder / "films", count)
    words = ["--data", str(folder / "data"), "train", "--labels", str(folder / "films" / "labels.csv")]
    words += ["--images", str(folder / "films"), "--model", "starter", "--depth", depth, "--epochs", "1"]
    words += ["--threads", "1", "--json"]
    started = time.monotonic()
    log = folder / "log"
    with log.open("wb") as stream:
        train = subprocess.Popen(
            [sys.executable, "-m", "app", *words], cwd=ROOT, stdout=stream, stderr=stream
        )
        own = all_ = 0
        process = psutil.Process(train.pid)
        while train.poll() is None:
            try:
                told = process.memory_info()
            except psutil.Error:
                break
            own, all_ = max(own, told.rss - told.shared), max(all_, told.rss)
            time.sleep(0.05)
    if train.wait():
        raise SystemExit(log.read_text()[-2000:])
    return own, all_, time.monotonic() - started


def make_films(folder: Path, count: int) -> None:
    """Pictures of grey noise, each of another patient, with a label by turns."""
    folder.mkdir(parents=True)
    labels = ("covid-19", "no-finding", "pneumonia")
    random = np.random.default_rng(0)
    with (folder / "labels.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("file", "label", "patient"))
        for n in range(count):
            coarse = random.integers(0, 256, (14, 14), np.uint8)
            Image.fromarray(coarse).resize((64, 64), Image.Resampling.BILINEAR).save(folder / f"{n}.png")
            table.writerow((f"{n}.png", labels[n % 3], f"p{n}"))


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
