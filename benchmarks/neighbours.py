"""How long the exact search for the nearest films takes, and by which measure near films show the same.

    python benchmarks/neighbours.py [--films 100000] [--values 512] [--runs 200]
    python benchmarks/neighbours.py --labels LABELS.csv --images FOLDER [--model starter]

The first searches made-up embeddings, on one thread of BLAS as the fitting process does, and compares each
answer with that of comparing all films in double precision. The second looks through real films with a model
and counts how many of the six films nearest to each, of other patients, have its label.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from inference.neighbours import NearestFilms  # noqa: E402

NEAREST = 6
CHECKED = 8  # of so many searches one is checked against brute force, which takes a second


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=100_000)
    parser.add_argument("--values", type=int, default=512)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--model", default="starter")
    choice = parser.parse_args()
    threadpoolctl.threadpool_limits(1, user_api="blas")
    if choice.labels is not None:
        compare_measures(choice.labels, choice.images or choice.labels.parent, choice.model)
        return 0
    return search(choice.films, choice.values, choice.runs)


def search(films: int, values: int, runs: int) -> int:
    """Time searches among embeddings like a network's, and among such that have no structure at all."""
    random = np.random.default_rng(0)
    print(f"{films} films of {values} values; the {NEAREST} nearest; {runs} searches each, one thread")
    titles = "".join(f"{title:>9}" for title in ("median", "95th", "longest", "product", "first"))
    print(f"{'embeddings':20}{'read':>8} {titles}   (ms)")
    made = {"like a network's": in_clusters, "without structure": at_random}
    wrong = sum(measured(kind, make(films, values, random), runs, random) for kind, make in made.items())
    print("Every answer that was checked is that of brute force." if not wrong else f"{wrong} ANSWERS DIFFER")
    return int(wrong > 0)


def measured(kind: str, matrix: NDArray[np.float32], runs: int, random: np.random.Generator) -> int:
    """Print a line for all films and one for few of them; how many answers were not those of brute force."""
    films, wrong = len(matrix), 0
    centre = matrix[: min(films, 2000)].mean(axis=0, dtype=np.float64)
    index = NearestFilms(centre)
    queries = random.integers(0, films, runs)
    bare = np.median([timed(lambda q=q: matrix @ matrix[q])[0] for q in queries[: runs // 4]]) * 1e3  # type: ignore[misc]
    for share in (1.0, 0.05):
        rows = np.sort(random.permutation(films)[: int(films * share)]).astype(np.intp)
        first, _ = timed(lambda r=rows: index.nearest(matrix, matrix[0], NEAREST, r))  # type: ignore[misc]
        taken = []
        for number, query in enumerate(queries):
            seconds, (found, _) = timed(
                lambda q=query, r=rows: index.nearest(matrix, matrix[q], NEAREST, r)  # type: ignore[misc]
            )
            taken.append(seconds)
            if number % CHECKED == 0:
                wrong += not np.array_equal(found, brute_force(matrix, centre, int(query), rows))
        low, high, most = np.percentile(taken, [50, 95, 100]) * 1e3
        words = "".join(f"{figure:9.1f}" for figure in (low, high, most, bare, first * 1e3))
        print(f"{kind:20}{len(rows):8} {words}")
    return wrong


def in_clusters(films: int, values: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Embeddings as pooled ReLUs give them: positive, of few dimensions, in groups."""
    groups = random.gamma(1.0, 1.0, (32, values)).astype(np.float32)
    directions = random.normal(size=(24, values)).astype(np.float32) / 6
    made = groups[random.integers(0, len(groups), films)]
    made += random.normal(size=(films, 24)).astype(np.float32) @ directions
    made += 0.05 * random.standard_normal((films, values), np.float32)
    return np.maximum(made, 0, out=made)


def at_random(films: int, values: int, random: np.random.Generator) -> NDArray[np.float32]:
    """The worst case: no direction tells more than another."""
    return random.standard_normal((films, values), np.float32)


def brute_force(
    matrix: NDArray[np.float32], centre: NDArray[np.float64], query: int, rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Every film compared in double precision, some at a time, and sorted."""
    away = matrix[query].astype(np.float64) - centre
    told = []
    for few in np.array_split(rows, max(1, len(rows) // 4096)):
        directions = matrix[few].astype(np.float64) - centre
        told.append((directions * away).sum(axis=1) / np.sqrt((directions**2).sum(axis=1)))
    order = np.argsort(-np.concatenate(told), kind="stable")[:NEAREST]
    return np.asarray(rows[order])


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = act()
    return time.perf_counter() - started, answer


def compare_measures(labels: Path, images: Path, model: str) -> None:
    """Print, for each measure, how many of the nearest films of other patients have the same label."""
    from app.predicting import Predictors
    from app.workplace import Workplace
    from studies.reader import read, read_header

    rows = list(csv.DictReader(labels.open(newline="")))
    with tempfile.TemporaryDirectory() as folder:
        workplace = Workplace(Path(folder))
        predictor = Predictors(workplace, "cpu").get(workplace.registry.find(model))
        seen = [predictor.look(read(read_header(images / row["file"]), 1)).embedding for row in rows]
        workplace.close()
    embeddings = np.stack(seen).astype(np.float64)
    label = np.array([row["label"] for row in rows])
    patient = np.array([row.get("patient") or row["file"] for row in rows])
    centred = embeddings - embeddings.mean(axis=0)
    measures = {
        "distance": -apart(embeddings),
        "cosine": cosines(embeddings),
        "cosine from the middle": cosines(centred),
    }
    names = sorted(set(label))
    print(f"{len(rows)} films; share of the {NEAREST} nearest, of other patients, with the same label")
    print(f"{'measure':26}" + "".join(f"{name:>14}" for name in (*names, "mean")))
    for measure, near in measures.items():
        near[patient[:, None] == patient[None]] = -np.inf
        same = label[np.argsort(-near, axis=1)[:, :NEAREST]] == label[:, None]
        shares = [same[label == name].mean() for name in names]
        print(f"{measure:26}" + "".join(f"{share:14.3f}" for share in (*shares, np.mean(shares))))
    off = patient[:, None] != patient[None]
    levels = np.percentile(cosines(centred)[off & (label[:, None] != label[None])], [50, 95, 99])
    print(f"cosine from the middle, films of other labels: median {levels[0]:.2f}, 95th {levels[1]:.2f}, "
          f"99th {levels[2]:.2f}")  # fmt: skip


def apart(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, N) squared distances."""
    squares = (x**2).sum(axis=1)
    return np.asarray(squares[:, None] + squares[None] - 2 * x @ x.T)


def cosines(x: NDArray[np.float64]) -> NDArray[np.float64]:
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)


if __name__ == "__main__":
    sys.exit(main())
