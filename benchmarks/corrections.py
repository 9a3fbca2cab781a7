"""How fast a model learns from a reader who corrects the films of a new hospital, one after the other.

    python benchmarks/corrections.py --images DIR --work DIR [--seeds 10] [--first 0] [--slow-seeds 3]
        [--picture PNG]

`--images` holds `labels.csv` (file,label,patient) and the films it names. For each seed a base model is
trained from scratch on films of two labels alone (`no-finding`, `pneumonia`: one source) of a part of the
patients. The others, and all films of `covid-19`, which come from other hospitals and which the base has
never heard of, are the new hospital: some of its patients are kept out of everything and only measure; the
films of the rest wait in a worklist. Its reader answers each as labelled, and names the finding that the
model lacks when it is first seen.

Compared, on the same patients: the head that is re-fitted after each film, when films are read in the order
*ask first* (ordered anew after each) or at random; fine-tuning of the base, as the window suggests it, with
what was read so far; and a
network trained from scratch on the base's films and those. What can be reached is the best of them with
every film read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from inference.adapted import AdaptedHead, probabilities_of  # noqa: E402
from inference.card import FindingName, ModelCard  # noqa: E402
from inference.evidence import run  # noqa: E402
from inference.network import LoadedModel, head_of, load  # noqa: E402
from inference.preprocess import normalise  # noqa: E402
from inference.registry import ModelRegistry  # noqa: E402
from reviews.record import Part  # noqa: E402
from training.adapting.asking import ask_order  # noqa: E402
from training.adapting.head import Around, fit_head  # noqa: E402
from training.adapting.head import Films as Reviewed  # noqa: E402
from training.finetune import fine_tune  # noqa: E402
from training.learning.tensors import Films  # noqa: E402
from training.plan import CHEST_RADIOGRAPHS, Plan  # noqa: E402
from training.presets import preset, suggested  # noqa: E402
from training.replay import Replay  # noqa: E402
from training.samples import Sample, Samples, from_csv  # noqa: E402

KNOWN, NEW = ("no-finding", "pneumonia"), "covid-19"
ALL = (*KNOWN, NEW)
BASE_SHARE = 0.6  # of the patients of the two known labels
HELD_OUT_SHARE = 0.4  # of the new hospital's patients
VALIDATION_SHARE = 0.15
LOOKS = (0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100, 125, 150)
SLOW_LOOKS = (20, 60, 150)
BASE = Plan(
    backbone="resnet18", input_size=96, epochs=20, precision="bfloat16", threads=1, mixup=0.4,
    covers=CHEST_RADIOGRAPHS, bootstrap=0,
)  # fmt: skip
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Hospital:
    """Films as rows of arrays: embeddings (N, D) of the base model, and which of `ALL` is present, (N,)."""

    embeddings: NDArray[np.float32]
    label: NDArray[np.int64]

    def truth(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int8]:
        return np.eye(len(ALL), dtype=np.int8)[self.label[np.asarray(rows, np.int64)]]


def main() -> int:
    """Play every seed that was not played yet, then tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed, for draws of their own")
    parser.add_argument("--slow-seeds", type=int, default=3, help="of them with fine-tuning and from scratch")
    parser.add_argument("--picture", type=Path)
    choice = parser.parse_args()
    torch.set_num_threads(1)
    samples = from_csv(choice.images / "labels.csv", choice.images, ALL, held_out=False)
    played = []
    for seed in range(choice.first, choice.first + choice.seeds):
        is_slow = seed - choice.first < choice.slow_seeds
        path = choice.work / f"seed-{seed}{'-slow' if is_slow else ''}.json"
        if not path.exists():
            told = _play(samples, seed, choice.work, slow=is_slow)
            path.write_text(json.dumps(told))
        played.append(json.loads(path.read_text()))
    _tell(played)
    if choice.picture:
        _draw(played, choice.picture)
    return 0


def _play(samples: Samples, seed: int, work: Path, *, slow: bool) -> dict[str, Any]:
    """All curves of one seed."""
    started = time.monotonic()
    base_films, waiting, held_out = _split(samples.samples, seed)
    registry = ModelRegistry(work / "models", ROOT / "resources" / "models")
    known = Samples(KNOWN, tuple(replace(s, truth=s.truth[:2]) for s in base_films))
    base = registry.find(_trained(BASE, known, registry, work, f"base-{seed}", seed, None))
    model = load(base, registry, torch.device("cpu"))
    read_of = {name: _seen(model, some, work) for name, some in
               (("base", base_films), ("waiting", waiting), ("held out", held_out))}  # fmt: skip
    curves: dict[str, dict[str, list[float]]] = {
        order: _adapted(order, base, model, read_of, seed) for order in ("ask first", "random")
    }
    if slow:
        order = np.random.default_rng(seed).permutation(len(waiting))
        for way in ("fine-tuned", "from scratch"):
            curves[way] = _trained_on(way, order, base_films, waiting, held_out, base, registry, work, seed)
    sys.stderr.write(f"seed {seed}: {time.monotonic() - started:.0f} s\n")
    return {"seed": seed, "waiting": len(waiting), "held_out": len(held_out), "curves": curves}


def _split(
    samples: Sequence[Sample], seed: int
) -> tuple[tuple[Sample, ...], tuple[Sample, ...], tuple[Sample, ...]]:
    """By patient: the base's films (training, validation), those that wait, those that measure."""
    rng = np.random.default_rng(seed)
    labels: dict[str, set[int | None]] = {}
    for sample in samples:
        labels.setdefault(sample.patient, set()).add(sample.present)
    patients = sorted(labels)
    rng.shuffle(patients)
    new = len(KNOWN)
    old = [p for p in patients if new not in labels[p]]
    of_base = set(old[: round(BASE_SHARE * len(old))])
    validating = set(old[: round(VALIDATION_SHARE * len(of_base))])
    others = [p for p in patients if p not in of_base]
    measuring: set[str] = set()
    for has_new in (True, False):  # of both kinds of patients alike
        kind = [p for p in others if (new in labels[p]) == has_new]
        measuring.update(kind[: round(HELD_OUT_SHARE * len(kind))])

    def part_of(sample: Sample) -> Part:
        return "validation" if sample.patient in validating else "train"

    base = tuple(replace(s, part=part_of(s)) for s in samples if s.patient in of_base)
    rest = [s for s in samples if s.patient not in of_base]
    waiting = tuple(replace(s, part="train") for s in rest if s.patient not in measuring)
    return base, waiting, tuple(replace(s, part="test") for s in rest if s.patient in measuring)


def _trained(
    plan: Plan, samples: Samples, registry: ModelRegistry, work: Path, run_name: str, seed: int,
    base: ModelCard | None,
) -> str:  # fmt: skip
    """Train, or go on; the candidate's id."""
    run_folder, films = work / "runs" / run_name, work / "films"
    *_, last = fine_tune(replace(plan, seed=seed), samples, registry, run_folder, base, cache_folder=films)
    if last.event != "done":
        raise SystemExit(f"{run_name}: {last.values}")
    return str(last.values["model"])


def _seen(model: LoadedModel, samples: Sequence[Sample], work: Path) -> Hospital:
    """What the base model sees in films."""
    films = Films(samples, model.card.preprocessing, work / "films")
    for _ in films.decode():
        pass
    embeddings = []
    for first in range(0, len(samples), 64):
        rows = np.arange(first, min(first + 64, len(samples)))
        shown = normalise(films.batch(rows, torch.device("cpu")), model.card.preprocessing)
        embeddings.append(run(model, shown).embedding)
    return Hospital(np.concatenate(embeddings), np.array([s.present for s in samples], np.int64))


def _adapted(
    order: str, base: ModelCard, model: LoadedModel, read_of: dict[str, Hospital], seed: int
) -> dict[str, list[float]]:
    """Accuracy on the patients that measure, after each number of films read."""
    linear = head_of(model.network)
    assert linear is not None
    head = (linear[0].numpy(), linear[1].numpy())
    known, waiting, held_out = (read_of[name] for name in ("base", "waiting", "held out"))
    replay = Replay.chosen(known.embeddings, known.truth(range(len(known.label)))[:, :2], KNOWN)
    added, around = (FindingName(NEW, NEW),), Around.of(waiting.embeddings)
    read: list[int] = []
    fitted: AdaptedHead | None = None
    at_random = list(np.random.default_rng(seed).permutation(len(waiting.label)))
    curve: dict[str, list[float]] = {"films": [], "accuracy": [], "balanced": [], "log_loss": []}
    looks = [n for n in LOOKS if n < len(waiting.label)] + [len(waiting.label)]
    while True:
        if read:
            reviewed = Reviewed(waiting.embeddings[read], waiting.truth(read))
            fitted = fit_head(
                reviewed, head, KNOWN, base=base.id, temperature=base.temperature, replay=replay,
                added=added, around=around, start=fitted,
            )  # fmt: skip
        if len(read) in looks:
            said = _spread(fitted, head, base, held_out.embeddings)
            _note(curve, len(read), said, held_out.label)
        if len(read) == looks[-1]:
            return curve
        if len(read) >= looks[-2]:  # between the last looks the order makes no difference
            read += [int(row) for row in at_random if row not in set(read)]
        elif order == "random":
            read.append(int(at_random[len(read)]))
        else:
            left = np.setdiff1d(np.arange(len(waiting.label)), read)
            none = np.zeros(len(left), bool)
            said = _spread(fitted, head, base, waiting.embeddings[left])
            asked = ask_order(
                waiting.embeddings[left], said, waiting.embeddings[read], none, none, seed,
                names=[str(row) for row in left], turn=len(read),
            )  # fmt: skip
            read.append(int(left[asked.order[0]]))


def _spread(
    fitted: AdaptedHead | None,
    head: tuple[NDArray[np.float32], NDArray[np.float32]],
    base: ModelCard,
    embeddings: NDArray[np.float32],
) -> NDArray[np.float32]:
    """(N, 3) probabilities in the order of `ALL`; what a head does not know has none."""
    used = fitted or AdaptedHead(base.id, *head, KNOWN, 0)
    said = used.probabilities(embeddings, base.temperature, "multiclass")
    spread = np.zeros((len(embeddings), len(ALL)), np.float32)
    spread[:, [ALL.index(name) for name in used.findings]] = said
    return spread


def _note(
    curve: dict[str, list[float]], films: int, said: NDArray[np.float32], label: NDArray[np.int64]
) -> None:
    best = said.argmax(axis=1)
    curve["films"].append(films)
    curve["accuracy"].append(float((best == label).mean()))
    curve["balanced"].append(float(np.mean([(best[label == k] == k).mean() for k in range(len(ALL))])))
    sure = np.clip(said[np.arange(len(label)), label], 1e-3, 1.0)
    curve["log_loss"].append(float(-np.log(sure).mean()))


def _trained_on(
    way: str, order: NDArray[np.int64], base_films: Sequence[Sample], waiting: Sequence[Sample],
    held_out: Sequence[Sample], base: ModelCard, registry: ModelRegistry, work: Path, seed: int,
) -> dict[str, list[float]]:  # fmt: skip
    """The same for a network that is trained on what was read: from the base on, or from random weights."""
    curve: dict[str, list[float]] = {"films": [], "accuracy": [], "balanced": [], "log_loss": []}
    label = np.array([s.present for s in held_out], np.int64)
    for films in [*SLOW_LOOKS, len(waiting)]:
        read = [waiting[i] for i in order[:films]]
        validating = {s.patient for s in read[::7]}  # a seventh chooses the epoch
        read = [replace(s, part="validation" if s.patient in validating else "train") for s in read]
        if way == "fine-tuned":
            samples = Samples(ALL, (*read,))
            counts = {name: sum(s.present == n for s in read) for n, name in enumerate(ALL)}
            as_suggested = replace(BASE, mixup=0.0, **preset(suggested(counts).depth, base, films=len(read)))
            found = _trained(as_suggested, samples, registry, work, f"suggested-{seed}-{films}", seed, base)
        else:
            samples = Samples(ALL, (*base_films, *read))
            found = _trained(BASE, samples, registry, work, f"scratch-{seed}-{films}", seed, None)
        card = registry.find(found)
        model = load(card, registry, torch.device("cpu"))
        linear = head_of(model.network)
        assert linear is not None
        logits = _seen(model, held_out, work).embeddings @ linear[0].numpy().T + linear[1].numpy()
        _note(curve, films, probabilities_of(logits, card.temperature, card.task), label)
    return curve


def _tell(played: list[dict[str, Any]]) -> None:
    """The curves' means, and whether the goals are met."""
    ways = ("ask first", "random", "fine-tuned", "from scratch")
    told = sys.stdout.write
    for figure in ("accuracy", "balanced", "log_loss"):
        told(f"\n{figure}, mean over seeds (standard error)\n\n| films read | " + " | ".join(ways) + " |\n")
        told("|---" * (len(ways) + 1) + "|\n")
        for films in [*LOOKS, -1]:
            cells = [_cell(played, way, figure, films) for way in ways]
            told(f"| {'all' if films < 0 else films} | " + " | ".join(cells) + " |\n")
    ends = {way: _at(played, way, "accuracy", -1) for way in ways}
    reached = {way: float(np.mean(values)) for way, values in ends.items() if values}
    best = max(reached, key=lambda way: reached[way])
    played_out = [one for one in played if best in one["curves"]]
    start = float(np.mean(_at(played_out, "random", "accuracy", 0)))
    told(
        f"\nWithout any film read {start:.3f}; with all of them {reached[best]:.3f} ({best}, "
        f"{len(played_out)} seeds).\n"
    )
    for way in ("ask first", "random"):
        at_20 = float(np.mean(_at(played_out, way, "accuracy", 20)))
        told(f"{way}: {(at_20 - start) / (reached[best] - start):.0%} of the gain with 20 films\n")
    gains = np.array([_area(p, "ask first") - _area(p, "random") for p in played])
    error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else float("nan")
    told(f"area under the curve, ask first less random: {gains.mean():+.4f} (standard error {error:.4f})\n")


def _at(played: list[dict[str, Any]], way: str, figure: str, films: int) -> list[float]:
    found = []
    for one in played:
        curve = one["curves"].get(way)
        if curve is None:
            continue
        if films < 0:
            found.append(curve[figure][-1])
        elif films in curve["films"][:-1]:
            found.append(curve[figure][curve["films"].index(films)])
    return found


def _cell(played: list[dict[str, Any]], way: str, figure: str, films: int) -> str:
    values = _at(played, way, figure, films)
    if not values:
        return ""
    error = f" ({np.std(values, ddof=1) / np.sqrt(len(values)):.3f})" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{error}"


def _area(one: dict[str, Any], way: str) -> float:
    """Mean accuracy over the films read, up to the last look before all."""
    curve = one["curves"][way]
    films, accuracy = np.array(curve["films"][:-1]), np.array(curve["accuracy"][:-1])
    return float(np.trapezoid(accuracy, films) / films[-1])


def _draw(played: list[dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=120)
    for way, style in {"ask first": "-o", "random": "-s", "fine-tuned": "--^", "from scratch": ":v"}.items():
        films = [n for n in LOOKS if _at(played, way, "accuracy", n)]
        values = [_at(played, way, "accuracy", n) for n in films]
        means = [float(np.mean(found)) for found in values]
        spread = [float(np.std(found) / np.sqrt(len(found))) for found in values]
        axes.errorbar(films, means, spread, fmt=style, markersize=4, capsize=2, label=way)
    axes.set_xlabel("films of the new hospital that were read")
    axes.set_ylabel("accuracy on its held-out patients")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    sys.exit(main())
