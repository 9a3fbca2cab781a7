"""How many labels that were made wrong on purpose are queued for a second read, and how many sound ones.

    python benchmarks/suspects.py --xrays DIR [--shares 0.05,0.1] [--seeds 5]
    python benchmarks/suspects.py --xrays DIR --models DATA/models --model ID --fold 0

Labels are moved to another finding by chance; heads are re-fitted out of fold on the model's embeddings as
the window does (`training.adapting.suspects`). The first takes the starter, whose encoder was trained on
these very films with their true labels: an upper bound. The second takes a model that was trained on four
fifths of the patients (`train --folds 5 --fold 0`) and counts the films of the other patients alone, which
is what a hospital sees. The labels of the collection are noisy themselves: a film that counts as sound may
be none.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from inference.evidence import run  # noqa: E402
from inference.heads import read_head  # noqa: E402
from inference.network import load  # noqa: E402
from inference.preprocess import intensities_to_tensor  # noqa: E402
from inference.registry import ModelRegistry  # noqa: E402
from studies.display import network_intensities  # noqa: E402
from studies.reader import read  # noqa: E402
from training.adapting.head import Films  # noqa: E402
from training.adapting.suspects import find_suspects, out_of_fold  # noqa: E402
from training.samples import Sample, from_csv  # noqa: E402


def main() -> int:
    """Look at every film once, then move labels again and again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xrays", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=ROOT / "none")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--fold", type=int, help="of five: count its films alone")
    parser.add_argument("--shares", default="0.05,0.1")
    parser.add_argument("--seeds", type=int, default=5)
    choice = parser.parse_args()
    torch.set_num_threads(1)
    registry = ModelRegistry(choice.models, ROOT / "resources" / "models")
    card = registry.find(choice.model)
    parts = {"shares": (1.0, 0.0, 0.0), "folds": 5, "fold": choice.fold}
    every = from_csv(
        choice.xrays / "labels.csv",
        choice.xrays,
        card.finding_names,
        **({"held_out": False} if choice.fold is None else parts),
    )
    samples = every.samples if choice.fold is None else every.of_part("test")
    model = load(card, registry, torch.device("cpu"))
    embeddings = np.stack(
        [
            run(
                model,
                intensities_to_tensor(network_intensities(read(s.header, s.frame)), card.preprocessing)[None],
            ).embedding[0]
            for s in samples
        ]
    ).astype(np.float32)
    head = read_head(card, registry.weights_path(card))
    print(f"{len(samples)} films of {len({s.patient for s in samples})} patients, model {card.id}")
    print("wrong | queue | of it wrong | of the wrong queued | by chance | seconds | (mean of the seeds)")
    for share in (float(text) for text in choice.shares.split(",")):
        rows = [
            _once(samples, embeddings, head, card.finding_names, card.temperature, share, seed)
            for seed in range(choice.seeds)
        ]
        queue, precision, recall, chance, took = np.mean(rows, axis=0)
        print(f"{share:.0%} | {queue:.0f} | {precision:.2f} | {recall:.2f} | {chance:.2f} | {took:.1f}")
    return 0


def _once(
    samples: tuple[Sample, ...],
    embeddings: NDArray[np.float32],
    head: tuple[NDArray[np.float32], NDArray[np.float32]],
    names: tuple[str, ...],
    temperature: float,
    share: float,
    seed: int,
) -> tuple[float, float, float, float, float]:
    """Queue, its precision and recall, precision by chance, seconds."""
    random = np.random.default_rng(seed)
    label = np.array([s.truth.index(1) for s in samples])
    wrong = random.random(len(label)) < share
    label[wrong] = (label[wrong] + random.integers(1, len(names), wrong.sum())) % len(names)
    films = Films(embeddings, np.eye(len(names), dtype=np.int8)[label])
    started = time.perf_counter()
    said = out_of_fold(films, [s.patient for s in samples], head, names, temperature=temperature)
    queued = [one.film for one in find_suspects(films.truth, said)]
    took = time.perf_counter() - started
    hits = int(wrong[queued].sum())
    return len(queued), hits / max(len(queued), 1), hits / max(int(wrong.sum()), 1), float(wrong.mean()), took


if __name__ == "__main__":
    sys.exit(main())
