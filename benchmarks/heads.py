"""What each rule of the re-fitted head is worth, where a finding comes that the model has never seen.

    python benchmarks/heads.py --images DIR --work DIR [--seeds 5] [--first 0] [--orders 6] [--rules NAME ...]

On the base models and draws of `benchmarks/corrections.py` (the same `--images` and `--work`; base models
that are not there yet are trained, about a minute each), of which only embeddings are needed. For each rule
and draw films are read in several random orders, the same for all rules. Printed for 10, 20, 40 and all films
read: accuracy on patients who are kept aside, and less that of the head *as it was* (with the standard error
over draws); log-loss; expected calibration error (ten bins); and how many films of the base's own validation
are right, of the base's two findings alone and among all three. Choose on some draws, and tell of others.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from benchmarks.corrections import ALL, BASE, KNOWN, NEW, _seen, _split, _trained  # noqa: E402
from inference.adapted import AdaptedHead  # noqa: E402
from inference.card import FindingName  # noqa: E402
from inference.network import head_of, load  # noqa: E402
from inference.registry import ModelRegistry  # noqa: E402
from training.adapting import head as fitting  # noqa: E402
from training.adapting import waiting as told  # noqa: E402
from training.replay import Replay  # noqa: E402
from training.samples import Samples, from_csv  # noqa: E402

LOOKS = (10, 20, 40)
FIGURES = ("accuracy", "log-loss", "calibration error", "base, of two", "base, of three")
EYE = np.eye(len(ALL), dtype=np.int8)


@dataclass(frozen=True)
class Rule:
    """The head with other constants, or with something left out.

    Parameters
    ----------
    of_head, of_waiting
        Constants of `training.adapting.head` and of `training.adapting.waiting`.
    is_open
        Whether films of the base say nothing of the new finding.
    waits
        Whether films that wait say something of it.
    """

    of_head: dict[str, float] = field(default_factory=dict)
    of_waiting: dict[str, float] = field(default_factory=dict)
    pull: float = fitting.PULL
    is_open: bool = False
    waits: bool = True


RULES: dict[str, Rule] = {
    "as it was": Rule({"LEAST_REPLAY": 120}, is_open=True, waits=False),
    "as it is": Rule(),
    "none waits": Rule(waits=False),
    "the base leaves it open": Rule(is_open=True),
    "120 films of the base": Rule({"LEAST_REPLAY": 120}),
    "no doubt": Rule({"DOUBT": 0.0}),
    "as it was, no doubt": Rule({"LEAST_REPLAY": 120, "DOUBT": 0.0}, is_open=True, waits=False),
    "as it was, pull 0.1": Rule({"LEAST_REPLAY": 120}, pull=0.1, is_open=True, waits=False),
    "as it was, pull 1": Rule({"LEAST_REPLAY": 120}, pull=1.0, is_open=True, waits=False),
    "as it was, stillness 10": Rule({"LEAST_REPLAY": 120, "STILLNESS": 10.0}, is_open=True, waits=False),
    "pull 0.1": Rule(pull=0.1),
    "evenness 1": Rule(of_waiting={"EVENNESS": 1.0}),
    "evenness 10": Rule(of_waiting={"EVENNESS": 10.0}),
    "one round": Rule(of_waiting={"ROUNDS": 1}),
    "six rounds": Rule(of_waiting={"ROUNDS": 6}),
    "those that wait count half": Rule({"TOLD": 1.0}),
    "those that wait count twice": Rule({"TOLD": 4.0, "WAITING": 200.0}, {"WAITING": 200.0}),
}


def main() -> int:
    """Play every rule, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--orders", type=int, default=6)
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES), metavar="NAME")
    choice = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(choice.first, choice.first + choice.seeds)
    draws = {seed: drawn(seed, choice.images, choice.work) for seed in seeds}
    before: np.ndarray | None = None
    for name in dict.fromkeys(("as it was", *choice.rules)):
        with _ruled(RULES[name]) as fit:
            played = np.array([_play(draws[seed], seed, fit, choice.orders) for seed in seeds])  # (S, L, F)
        before = played if before is None else before
        _tell(name, played, before)
    return 0


def drawn(seed: int, images: Path, work: Path) -> dict[str, np.ndarray]:
    """Embeddings and labels of a draw's base, of its films that wait, and of those that measure."""
    path = work / "embeddings" / f"{seed}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = from_csv(images / "labels.csv", images, ALL, held_out=False).samples
        base_films, waiting, held_out = _split(samples, seed)
        registry = ModelRegistry(work / "models", ROOT / "resources" / "models")
        known = Samples(KNOWN, tuple(replace(s, truth=s.truth[:2]) for s in base_films))
        card = registry.find(_trained(BASE, known, registry, work, f"base-{seed}", seed, None))
        model = load(card, registry, torch.device("cpu"))
        linear = head_of(model.network)
        assert linear is not None
        kept: dict[str, Any] = {"w": linear[0].numpy(), "b": linear[1].numpy(), "T": card.temperature}
        for name, films in (("base", base_films), ("waiting", waiting), ("held", held_out)):
            seen = _seen(model, films, work)
            kept |= {name: seen.embeddings, f"{name}_y": seen.label}
        np.savez(path, base_train=np.array([s.part == "train" for s in base_films]), **kept)
    with np.load(path) as stored:
        return dict(stored)


Fit = Callable[[dict[str, np.ndarray], Replay, fitting.Around, list[int]], AdaptedHead]


@contextmanager
def _ruled(rule: Rule) -> Iterator[Fit]:
    """Gives what fits a head by a rule."""
    counted = fitting._counted

    def left_open(reviewed: Any, replay: Any, known: int, *more: Any) -> Any:
        films = counted(reviewed, replay, known, *more)
        importance = films.importance.copy()
        importance[len(reviewed.truth) :, known:] = 0.0
        return replace(films, importance=importance, excess=np.zeros_like(films.excess))

    def fit(
        draw: dict[str, np.ndarray], replay: Replay, around: fitting.Around, read: list[int]
    ) -> AdaptedHead:
        return fitting.fit_head(
            fitting.Films(draw["waiting"][read], EYE[draw["waiting_y"][read]]), (draw["w"], draw["b"]), KNOWN,
            temperature=float(draw["T"]), pull=rule.pull, replay=replay, added=(FindingName(NEW, NEW),),
            around=around if rule.waits else replace(around, films=around.films[:0]),
        )  # fmt: skip

    with ExitStack() as stack:
        for module, constants in ((fitting, rule.of_head), (told, rule.of_waiting)):
            for name, value in constants.items():
                stack.enter_context(mock.patch.object(module, name, value))
        if rule.is_open:
            stack.enter_context(mock.patch.object(fitting, "_counted", left_open))
        told._lie_of.cache_clear()
        yield fit
        told._lie_of.cache_clear()


def _play(draw: dict[str, np.ndarray], seed: int, fit: Fit, orders: int) -> np.ndarray:
    """(looks, figures): the mean over orders."""
    replay = Replay.chosen(draw["base"], EYE[draw["base_y"]][:, :2], KNOWN)
    around = fitting.Around.of(draw["waiting"])
    assert around is not None
    count = len(draw["waiting_y"])
    numbers = [seed, *(1000 * n + seed for n in range(1, orders))]
    rows = [np.random.default_rng(number).permutation(count).tolist() for number in numbers]
    looks = [np.mean([_note(draw, fit(draw, replay, around, r[:n])) for r in rows], axis=0) for n in LOOKS]
    return np.array([*looks, _note(draw, fit(draw, replay, around, rows[0]))])


def _note(draw: dict[str, np.ndarray], head: AdaptedHead) -> list[float]:
    """The `FIGURES` of a head."""
    label, temperature = draw["held_y"], float(draw["T"])

    def said(films: np.ndarray) -> np.ndarray:
        spread = np.zeros((len(films), len(ALL)))
        columns = [ALL.index(name) for name in head.findings]
        spread[:, columns] = head.probabilities(films, temperature, "multiclass")
        return spread

    here = said(draw["held"])
    sure, is_right = here.max(axis=1), here.argmax(axis=1) == label
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [abs((sure - is_right)[bins == n].sum()) for n in range(10)]
    aside = ~draw["base_train"]
    base = said(draw["base"][aside])
    return [
        float(is_right.mean()),
        float(-np.log(np.clip(here[np.arange(len(label)), label], 1e-3, 1.0)).mean()),
        float(sum(gaps) / len(label)),
        float((base[:, :2].argmax(axis=1) == draw["base_y"][aside]).mean()),
        float((base.argmax(axis=1) == draw["base_y"][aside]).mean()),
    ]


def _tell(name: str, played: np.ndarray, before: np.ndarray) -> None:
    gain = (played - before)[:, :, 0]
    error = gain.std(axis=0, ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.full(len(gain.T), np.nan)
    sys.stdout.write(f"{name}\n")
    for column, figure in enumerate(FIGURES):
        values = "  ".join(f"{value:.3f}" for value in played.mean(axis=0)[:, column])
        sys.stdout.write(f"    {figure:18} {values}\n")
    gains = "  ".join(f"{g:+.3f} ({e:.3f})" for g, e in zip(gain.mean(axis=0), error, strict=True))
    sys.stdout.write(f"    {'accuracy gained':18} {gains}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
