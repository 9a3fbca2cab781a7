"""What an order of asking is worth to the re-fitted head, against films at random.

    python benchmarks/orders.py --images DIR --work DIR [--seeds 10] [--first 0] [--lots 2]

On the base models and draws of `benchmarks/heads.py` (the same `--images` and `--work`). The learning
curve of `benchmarks/corrections.py` plays one reading of each draw; here each is read several times with
other lots, and at random twice as often, so that the luck of one reading weighs less. Printed are
accuracies on patients who are kept aside with 10, 20, 40, 80 and 150 films read, and their mean less
that of random reading, with its standard error over draws.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from benchmarks.corrections import ALL, KNOWN, NEW  # noqa: E402
from benchmarks.heads import EYE, drawn  # noqa: E402
from inference.adapted import AdaptedHead  # noqa: E402
from inference.card import FindingName  # noqa: E402
from training.adapting import asking  # noqa: E402
from training.adapting.head import Around, Films, fit_head  # noqa: E402
from training.replay import Replay  # noqa: E402

LOOKS = (10, 20, 40, 80, 150)
ORDERS: dict[str, tuple[asking.Why, ...]] = {
    "as it is": asking.TURNS,
    "half by lot": ("unlike", "lot", "unsure", "lot"),
    "margins and lots": ("unsure", "lot"),
    "unlike and lots": ("unlike", "lot"),
    "margins twice": ("unsure", "unsure", "unlike", "lot"),
    "three fifths by lot": ("lot", "lot", "unlike", "unsure", "lot"),
}


class Hospital:
    """A draw: films that wait, a head that is fitted to some of them, films that measure."""

    def __init__(self, draw: dict[str, np.ndarray]) -> None:
        self.films, self.label = draw["waiting"], draw["waiting_y"]
        self._draw = draw
        self._replay = Replay.chosen(draw["base"], EYE[draw["base_y"]][:, :2], KNOWN)
        self._around = Around.of(self.films)

    def fitted(self, read: list[int], start: AdaptedHead | None = None) -> AdaptedHead:
        return fit_head(
            Films(self.films[read], EYE[self.label[read]]), (self._draw["w"], self._draw["b"]), KNOWN,
            temperature=float(self._draw["T"]), replay=self._replay, added=(FindingName(NEW, NEW),),
            around=self._around, start=start,
        )  # fmt: skip

    def said(self, head: AdaptedHead | None, films: np.ndarray) -> np.ndarray:
        """(N, K): a finding that the head does not know has 0."""
        used = head or AdaptedHead("", self._draw["w"], self._draw["b"], KNOWN, 0)
        spread = np.zeros((len(films), len(ALL)), np.float32)
        columns = [ALL.index(name) for name in used.findings]
        spread[:, columns] = used.probabilities(films, float(self._draw["T"]), "multiclass")
        return spread

    def accuracy(self, head: AdaptedHead) -> float:
        found = self.said(head, self._draw["held"]).argmax(axis=1)
        return float((found == self._draw["held_y"]).mean())

    def read_at_random(self, seed: int) -> list[float]:
        rows = np.random.default_rng(seed).permutation(len(self.label)).tolist()
        return [self.accuracy(self.fitted(rows[:count])) for count in LOOKS]

    def read_as_asked(self, seed: int) -> list[float]:
        """The first film of each new order is read, as by a reader who follows it."""
        read: list[int] = []
        head, told = None, []
        while len(read) < LOOKS[-1]:
            left = np.setdiff1d(np.arange(len(self.label)), read)
            none = np.zeros(len(left), bool)
            order = asking.ask_order(
                self.films[left], self.said(head, self.films[left]), self.films[read], none, none, seed,
                names=[str(row) for row in left], turn=len(read),
            )  # fmt: skip
            read.append(int(left[order.order[0]]))
            head = self.fitted(read, head)
            if len(read) in LOOKS:
                told.append(self.accuracy(head))
        return told


def main() -> int:
    """Play every order, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--lots", type=int, default=2)
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=list(ORDERS), metavar="NAME")
    choice = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(choice.first, choice.first + choice.seeds)
    hospitals = {seed: Hospital(drawn(seed, choice.images, choice.work)) for seed in seeds}
    chance = np.array([
        np.mean([hospitals[seed].read_at_random(1000 * seed + n) for n in range(2 * choice.lots)], axis=0)
        for seed in seeds
    ])  # (S, L)  # fmt: skip
    tell("at random", chance, chance)
    for name in choice.orders:
        with mock.patch.object(asking, "TURNS", ORDERS[name]):
            asked = np.array([
                np.mean([hospitals[seed].read_as_asked(100 * seed + n) for n in range(choice.lots)], axis=0)
                for seed in seeds
            ])  # fmt: skip
        tell(name, asked, chance)
    return 0


def tell(name: str, played: np.ndarray, chance: np.ndarray) -> None:
    gained = (played - chance).mean(axis=1)
    error = gained.std(ddof=1) / np.sqrt(len(gained)) if len(gained) > 1 else np.nan
    accuracies = " ".join(f"{value:.3f}" for value in played.mean(axis=0))
    sys.stdout.write(f"{name:20} {accuracies}  {gained.mean():+.4f} ({error:.4f})\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
