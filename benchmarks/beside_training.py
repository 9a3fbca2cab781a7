"""What a suggestion takes while a training runs on the same machine.

    python benchmarks/beside_training.py [--rounds 3] [--looks 20] [--backbone resnet18]

A data folder of its own; phantoms are the films of the training, which is started as the window starts one
(`app.runs.Run`) and cancelled at the end. In every round films that nobody has seen are looked at with the
starter model by the program's own worker, first without, then with the training running beside it. Medians
and 95th percentiles; the ratio is that of the medians. Covers (no decoding, one pass) are measured likewise.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.runs import Run, new_run  # noqa: E402
from app.workplace import Workplace  # noqa: E402
from benchmarks.pipeline import Desk, enlarged_phantom, square_at, wait_for_fast_path, write_films  # noqa: E402
from inference.card import ModelCard  # noqa: E402
from inference.client import Covered  # noqa: E402
from studies.image import Header  # noqa: E402
from studies.phantom import write_training_set  # noqa: E402

PATIENCE_S = 240.0


def main() -> int:
    """Print a line a round and the medians of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--looks", type=int, default=20)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--films", type=int, default=160, help="in the training")
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workplace = Workplace(Path(folder) / "data")
        labels = write_labels(Path(folder) / "training", choice.films)
        card = workplace.registry.find("starter")
        choice.repeats = 0
        count, choice.films = choice.films, 2 * choice.rounds * choice.looks
        films = write_films(Path(folder) / "films", enlarged_phantom(), "uncompressed", choice)
        desk = Desk(workplace.models_folder, workplace.cache_folder)
        for header in films[-2:]:
            desk.look_s(header, card)
        wait_for_fast_path(desk, films[-2:], card)
        print(f"load {os.getloadavg()[0]:.1f}; training {choice.backbone} on {count} films of 224 x 224")
        alone, beside, ratios = [], [], []
        for _ in range(choice.rounds):
            alone.append(measure(desk, card, [films.pop() for _ in range(choice.looks)]))
            run = start_training(workplace, labels, choice.backbone)
            beside.append(measure(desk, card, [films.pop() for _ in range(choice.looks)]))
            if not run.look().is_alive:
                sys.exit(f"the training ended too early: {run.last_words()}")
            end(run)
            ratios.append([b[0] / a[0] for a, b in zip(alone[-1], beside[-1], strict=True)])
            print(
                f"  look {line(alone[-1][0])} alone, {line(beside[-1][0])} beside, ratio {ratios[-1][0]:.2f}"
            )
            print(
                f"  cover {line(alone[-1][1])} alone, {line(beside[-1][1])} beside, ratio {ratios[-1][1]:.2f}"
            )
        look, cover = (statistics.median(column) for column in zip(*ratios, strict=True))
        print(f"median ratio: look {look:.2f}, cover {cover:.2f}")
        desk.client.stop()
        workplace.close()
    return 0


def measure(desk: Desk, card: ModelCard, films: list[Header]) -> list[tuple[float, float]]:
    """Median and 95th percentile, in seconds, of a look and of a cover."""
    looks = [desk.look_s(header, card) for header in films]
    covers = []
    for n in range(len(films)):
        started = time.perf_counter()
        desk.client.cover(films[0], 1, card.id, square_at(films[0], n / len(films)))
        at, event = desk.next_at()
        assert isinstance(event, Covered)
        covers.append(at - started)
    return [(statistics.median(some), sorted(some)[int(0.95 * len(some))]) for some in (looks, covers)]


def line(figures: tuple[float, float]) -> str:
    return f"{figures[0] * 1e3:.0f} ms (95 %: {figures[1] * 1e3:.0f})"


def write_labels(folder: Path, count: int) -> tuple[Path, Path]:
    """Phantoms with their labels; the CSV file and the folder of the images."""
    folder.mkdir()
    for _ in write_training_set(folder, count, seed=0):
        pass
    return folder / "labels.csv", folder


def start_training(workplace: Workplace, labels: tuple[Path, Path], backbone: str) -> Run:
    """A training that is learning by now."""
    run = new_run(workplace.runs_folder)
    arguments = ["--labels", str(labels[0]), "--images", str(labels[1]), "--backbone", backbone]
    run.start(workplace.options, [*arguments, "--epochs", "500", "--patience", "500"])
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        told = run.look()
        if any(event["event"] == "epoch" for event in told.events):
            return run
        if not told.is_alive:
            sys.exit(f"the training did not start: {run.last_words()}")
        time.sleep(0.5)
    sys.exit("the training did not begin to learn in time")


def end(run: Run) -> None:
    run.cancel()
    deadline = time.monotonic() + PATIENCE_S
    while run.look().is_alive and time.monotonic() < deadline:
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
