"""How well copies of a film are told from films of others, and what that costs.

    python benchmarks/likeness.py --images DIR [--labels DIR/labels.csv] [--films 100000] [--copies 250]

Every pair of films of different patients is compared: how alike the most alike are says how far the
threshold (`studies.likeness.MOST_DIFFERENT`) is from a false match. Of `--copies` films each is changed in
many ways: how unlike a copy becomes says how often one is missed. Then the time of a hash, and of a search
among `--films`.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from studies.display import network_intensities  # noqa: E402
from studies.likeness import (  # noqa: E402
    BITS,
    MOST_DIFFERENT,
    SIZE,
    Likenesses,
    difference,
    likeness_of,
)
from studies.reader import read, read_header  # noqa: E402

Film = NDArray[np.float32]
_RANDOM = np.random.default_rng(0)


def main() -> int:
    """Compare films with each other, then with copies of themselves, then measure time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--labels", type=Path, help="file,label,patient (default: labels.csv of the images)")
    parser.add_argument("--films", type=int, default=100_000)
    parser.add_argument("--copies", type=int, default=250)
    choice = parser.parse_args()
    cv2.setNumThreads(1)
    with (choice.labels or choice.images / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    films = [network_intensities(read(read_header(choice.images / row["file"]))) for row in rows]
    hashes = [likeness_of(film) for film in films]
    print(f"{len(films)} films, {sum(h is None for h in hashes)} with too little on them for a hash")
    told = [(n, h) for n, h in enumerate(hashes) if h is not None]
    _compare(told, [row["patient"] for row in rows])
    some = _RANDOM.permutation(len(told))[: choice.copies]
    _copy([(films[told[n][0]], told[n][1]) for n in some])
    _time(films[0], choice.films)
    return 0


def _compare(told: list[tuple[int, bytes]], patients: list[str]) -> None:
    table = Likenesses()
    table.add([bits for _, bits in told])
    same, other = [], []
    for place, (n, bits) in enumerate(told):
        for near, differing in table.like(bits, BITS):
            if near < place:
                (same if patients[told[near][0]] == patients[n] else other).append(differing)
    differences = np.sort(np.array(other))
    print(f"pairs of different patients: {len(differences):,}, of {BITS} bits differ")
    most, median = differences[:6].tolist(), float(np.median(differences))
    print(f"  in the most alike pairs {most}, in the median pair {median:.0f}")
    for share in (1e-5, 1e-4, 1e-3):
        print(f"  in the most alike {share:g} of them at most {np.quantile(differences, share):.0f}")
    wrong = int((differences <= MOST_DIFFERENT).sum())
    print(f"  false matches at {MOST_DIFFERENT}: {wrong} ({wrong / len(differences):.2g})")
    print(f"pairs of one patient: {len(same)}, the most alike {sorted(same)[:4]}")


def _copy(chosen: list[tuple[Film, bytes]]) -> None:
    print(f"copies of {len(chosen)} films: bits that differ (median, 99%, most), missed at {MOST_DIFFERENT}")
    for name, change in CHANGES.items():
        found = []
        for film, bits in chosen:
            changed = likeness_of(np.ascontiguousarray(change(film), np.float32))
            found.append(BITS if changed is None else difference(bits, changed))
        missed = sum(d > MOST_DIFFERENT for d in found) / len(found)
        print(
            f"  {name:30} {statistics.median(found):4.0f} {np.quantile(found, 0.99):4.0f} {max(found):4d}"
            f"   {missed:7.2%}"
        )


def _time(film: Film, count: int) -> None:
    large = np.asarray(cv2.resize(film, (2500, 3000)))
    for name, one in (("as it is", film), ("3000 x 2500", large)):
        print(f"a hash, film {name}: {_median_ms(lambda one=one: likeness_of(one)):.2f} ms")  # type: ignore[misc]
    table = Likenesses()
    table.add([_RANDOM.bytes(SIZE) for _ in range(count)])
    wanted = likeness_of(film) or bytes(SIZE)
    print(f"a search among {count:,} films: {_median_ms(lambda: table.like(wanted)):.2f} ms")


def _median_ms(work: Callable[[], object], rounds: int = 40) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


# -- copies ----------------------------------------------------------------------------------------


def _bytes(film: Film) -> NDArray[np.uint8]:
    return (np.clip(film, 0, 1) * 255).round().astype(np.uint8)


def _jpeg(film: Film, quality: int) -> Film:
    told = cv2.imencode(".jpg", _bytes(film), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(told, cv2.IMREAD_GRAYSCALE), np.float32) / 255


def _side(film: Film, side: int) -> Film:
    scale = side / max(film.shape)
    size = max(round(film.shape[1] * scale), 1), max(round(film.shape[0] * scale), 1)
    return np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))


def _window(film: Film, low: float, high: float) -> Film:
    return np.clip((film - low) / (high - low), 0, 1)


def _cut(film: Film, share: float) -> Film:
    rows, columns = (round(n * share / 2) for n in film.shape)
    return film[rows : film.shape[0] - rows, columns : film.shape[1] - columns]


def _turned(film: Film, degrees: float) -> Film:
    rows, columns = film.shape
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(film, matrix, (columns, rows)))


def _lettered(film: Film) -> Film:
    pixels = _bytes(film)
    cv2.putText(pixels, "L 12.03.20", (8, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    return pixels.astype(np.float32) / 255


CHANGES: dict[str, Callable[[Film], Film]] = {
    "JPEG, quality 90": lambda f: _jpeg(f, 90),
    "JPEG, quality 50": lambda f: _jpeg(f, 50),
    "JPEG, quality 20": lambda f: _jpeg(f, 20),
    "256 px": lambda f: _side(f, 256),
    "128 px": lambda f: _side(f, 128),
    "1024 px": lambda f: _side(f, 1024),
    "a square of 224 px": lambda f: np.asarray(cv2.resize(f, (224, 224), interpolation=cv2.INTER_AREA)),
    "brighter by 15%": lambda f: _window(f, -0.15, 0.85),
    "darker by 10%": lambda f: _window(f, 0.1, 1.1),
    "window of 80%": lambda f: _window(f, 0.1, 0.9),
    "window of 60%": lambda f: _window(f, 0.2, 0.8),
    "window of 160%": lambda f: _window(f, -0.3, 1.3),
    "gamma 0.7": lambda f: f**0.7,
    "gamma 1.5": lambda f: f**1.5,
    "histogram equalised": lambda f: np.asarray(cv2.equalizeHist(_bytes(f)), np.float32) / 255,
    "CLAHE": lambda f: np.asarray(cv2.createCLAHE(2.0, (8, 8)).apply(_bytes(f)), np.float32) / 255,
    "a pixel cut off, two sides": lambda f: f[1:, 1:],
    "a pixel cut off, all sides": lambda f: f[1:-1, 1:-1],
    "2% cut off": lambda f: _cut(f, 0.02),
    "5% cut off": lambda f: _cut(f, 0.05),
    "turned by 1 degree": lambda f: _turned(f, 1),
    "noise, sd 1.6%": lambda f: f + _RANDOM.normal(0, 0.016, f.shape).astype(np.float32),
    "letters in a corner": _lettered,
    "mirrored": lambda f: f[:, ::-1],
    "negative": lambda f: 1 - f,
}


if __name__ == "__main__":
    raise SystemExit(main())
