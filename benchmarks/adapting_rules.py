"""What holds a re-fitted head back, and what that is worth: replayed films, stillness, doubt.

    python benchmarks/adapting_rules.py [--seeds 5]

Takes the embeddings that the starter model brings along (`replay.safetensors`): three fifths of the films are
replayed, the others are films of a hospital here. "Elsewhere" they are moved in a direction of their own, as
another scanner's films are. Embeddings are moved, not films: this shows what the rules do, and measures no
starter on another hospital.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402

from inference.card import FindingName, ModelCard  # noqa: E402
from inference.heads import read_head  # noqa: E402
from inference.registry import ModelRegistry  # noqa: E402
from training.adapting.head import Around, Films, fit_head  # noqa: E402
from training.replay import Replay, replay_of  # noqa: E402

RULES = ("neither", "replay", "replay and stillness")


@dataclass(frozen=True)
class Hospital:
    """Films of a hospital, and the others that are replayed."""

    card: ModelCard
    head: tuple[np.ndarray, np.ndarray]
    replay: Replay
    here: np.ndarray
    elsewhere: np.ndarray
    truth: np.ndarray

    def fitted(self, films: np.ndarray, truth: np.ndarray, rule: str, **more: object):  # type: ignore[no-untyped-def]
        return fit_head(
            Films(films, truth), self.head, self.card.finding_names, task=self.card.task,
            temperature=self.card.temperature, replay=None if rule == "neither" else self.replay,
            around=Around.of(self.elsewhere) if rule == "replay and stillness" else None, **more,
        )  # fmt: skip

    def said(self, head, films: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
        return head.probabilities(films, self.card.temperature, self.card.task)

    def own(self, films: np.ndarray) -> np.ndarray:
        weight, bias = self.head
        return films @ weight.T + bias


def hospital(seed: int) -> Hospital:
    registry = ModelRegistry(ROOT / "none", ROOT / "resources" / "models")
    card = registry.find("starter")
    known = replay_of(registry, card)
    assert known is not None, "the starter model brings no films along; see resources/describe_replay.py"
    random = np.random.default_rng(seed)
    order = random.permutation(len(known.truth))
    first, second = order[: len(order) * 3 // 5], order[len(order) * 3 // 5 :]
    here = known.embeddings[second]
    direction = random.normal(size=here.shape[1]).astype(np.float32) * here.std()
    return Hospital(
        card, read_head(card, registry.weights_path(card)),
        Replay(known.embeddings[first], known.truth[first], known.findings),
        here, np.maximum(here + 0.7 * direction, 0), known.truth[second],
    )  # fmt: skip


def share_right(said: np.ndarray, truth: np.ndarray) -> float:
    return float((said.argmax(1) == truth.argmax(1)).mean())


def single(h: Hospital, rule: str) -> tuple[float, float]:
    """After one correction: how much its own film gains, and accuracy on all films of the hospital."""
    own = h.own(h.elsewhere)
    wrong = np.flatnonzero(own.argmax(1) != h.truth.argmax(1))[:15]
    gained, right = [], []
    for n in wrong:
        head = h.fitted(h.elsewhere[[n]], h.truth[[n]], rule)
        said, answer = h.said(head, h.elsewhere), h.truth[n].argmax()
        before = np.exp(own[n] / h.card.temperature)
        gained.append(said[n, answer] - before[answer] / before.sum())
        right.append(share_right(said, h.truth))
    return float(np.mean(gained)), float(np.mean(right))


def one_sided(h: Hospital, rule: str, random: np.random.Generator) -> tuple[float, float]:
    """After thirty corrections of one finding: accuracy on base films of the others before, and after."""
    finding = int(h.truth.sum(axis=0).argmax())
    chosen = random.permutation(np.flatnonzero(h.truth[:, finding] == 1))[:30]
    others = h.truth[:, finding] != 1
    said = h.said(h.fitted(h.elsewhere[chosen], h.truth[chosen], rule), h.here[others])
    return share_right(h.own(h.here[others]), h.truth[others]), share_right(said, h.truth[others])


def learnt(h: Hospital, rule: str, count: int, random: np.random.Generator) -> tuple[float, float]:
    """After so many corrections: accuracy on other films of the hospital, and on base films."""
    order = random.permutation(len(h.truth))
    chosen, rest = order[:count], order[len(order) // 2 :]
    head = h.fitted(h.elsewhere[chosen], h.truth[chosen], rule)
    return (
        share_right(h.said(head, h.elsewhere[rest]), h.truth[rest]),
        share_right(h.said(head, h.here[rest]), h.truth[rest]),
    )


def added(h: Hospital, count: int, random: np.random.Generator) -> tuple[float, float]:
    """A finding that the model has never seen, after so many examples: its probability on others that show
    it, and on films that do not."""
    sign = random.normal(size=h.here.shape[1]).astype(np.float32) * h.here.std()
    showing = np.maximum(h.elsewhere[:80] + sign, 0)
    known = np.zeros((count + 40, 4), np.int8)
    known[:count, 3] = 1
    known[count:, :3] = h.truth[80:120]
    films = np.vstack([showing[:count], h.elsewhere[80:120]])
    new = FindingName("tuberculosis", "Tuberculosis")
    head = h.fitted(films, known, "replay and stillness", added=[new])
    return float(h.said(head, showing[40:])[:, 3].mean()), float(h.said(head, h.elsewhere[120:])[:, 3].mean())


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    hospitals = {seed: hospital(seed) for seed in range(parser.parse_args().seeds)}

    def mean(figures: Callable[[Hospital, np.random.Generator], tuple[float, float]]) -> tuple[float, float]:
        pairs = [figures(h, np.random.default_rng(seed)) for seed, h in hospitals.items()]
        first, second = np.mean(pairs, axis=0)
        return float(first), float(second)

    there, here = mean(
        lambda h, _: (share_right(h.own(h.elsewhere), h.truth), share_right(h.own(h.here), h.truth))
    )
    print(f"the starter's own head: right on {there:.3f} of the films elsewhere, {here:.3f} of base films")
    for rule in RULES:
        gained, right = mean(lambda h, _, rule=rule: single(h, rule))  # type: ignore[misc]
        print(f"{rule:21} one correction: its own film +{gained:.2f}, right elsewhere {right:.3f}")
    for rule in RULES:
        before, after = mean(lambda h, random, rule=rule: one_sided(h, rule, random))  # type: ignore[misc]
        print(f"{rule:21} 30 of one finding: base films of the others {before:.3f} -> {after:.3f}")
    for rule in RULES:
        told = []
        for count in (5, 20, 60, 150):
            there, here = mean(lambda h, random, rule=rule, n=count: learnt(h, rule, n, random))  # type: ignore[misc]
            told.append(f"{count}: {there:.3f} / {here:.3f}")
        print(f"{rule:21} corrections: elsewhere / base  " + "   ".join(told))
    for count in (1, 2, 3, 5, 10, 30):
        shown, others = mean(lambda h, random, n=count: added(h, n, random))  # type: ignore[misc]
        print(f"new finding, {count:2} films: {shown:.2f} on others that show it, {others:.3f} on the rest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
