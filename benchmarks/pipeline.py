"""From file to suggestion: how much the program adds to decoding, resizing and the network.

    python benchmarks/pipeline.py [--models starter resnet50] [--films 24] [--repeats 7]

Films are 3000 x 2500, 16 bit, a phantom enlarged, each with a UID of its own, so that nothing is answered
from the cache by accident. The worker is the program's own process, asked through `inference.client`, as the
window does. Beside it, in turn with it, stand decoding, resizing and plain eager `network(x)` in this process
with as many threads. Printed for each model and transfer syntax:

- *suggestion*: from `client.ask` to `Looked` for a film nobody has seen, with the maps of all findings; its
  ratio to decode + resize + `network(x)`, and the same of the processor time of either process (in steps of
  10 ms), which other work on the machine changes less.
- *again*: the same for a film that was seen, and after the worker was started anew: from the cache on disk.
- *worklist*: films a second in the background, of the slower of decoding and computing alone.
- *cover*: answers a second while a region is dragged at 60 movements a second (the latest wins).

and once, for a head that was re-fitted: milliseconds for each embedding it is applied to.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import psutil  # noqa: E402
import safetensors.torch  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from pydicom import uid  # noqa: E402

from inference.card import Covers, FindingName, ModelCard, Preprocessing  # noqa: E402
from inference.client import Covered, Failed, InferenceClient, Looked, Ready, WorkerEvent  # noqa: E402
from inference.covering import Region  # noqa: E402
from inference.features import FeatureCache, feature_key  # noqa: E402
from inference.network import LoadedModel, build, load  # noqa: E402
from inference.preprocess import normalise, resize  # noqa: E402
from inference.registry import ModelRegistry  # noqa: E402
from studies.display import network_intensities  # noqa: E402
from studies.image import Header  # noqa: E402
from studies.reader import read, read_header  # noqa: E402
from tests.studies.files import dataset_of, encode_jpeg2000, save, write_frames  # noqa: E402

BUNDLED = ROOT / "resources" / "models"
SAMPLE = ROOT / "resources" / "samples" / "PHANTOM-001" / "chest-1.dcm"
SYNTAXES = ("uncompressed", "JPEG 2000")
DRAG_S = 5.0
PATIENCE_S = 120.0


class Desk:
    """A client with a worker of its own, and the events as they come, with the time."""

    def __init__(self, models: Path, cache: Path):
        self.events: SimpleQueue[tuple[float, WorkerEvent]] = SimpleQueue()
        self.client = InferenceClient(models, BUNDLED, cache, self._on_event, "cpu")
        self.client.start()
        assert isinstance(self.next(), Ready)

    def _on_event(self, event: WorkerEvent) -> None:
        self.events.put((time.perf_counter(), event))

    def next(self) -> WorkerEvent:
        return self.next_at()[1]

    def next_at(self) -> tuple[float, WorkerEvent]:
        at, event = self.events.get(timeout=PATIENCE_S)
        if isinstance(event, Failed):
            sys.exit(event.reason)
        return at, event

    def cpu_s(self) -> float:
        """Processor time of the worker until now, of all its threads."""
        spent = psutil.Process(self.client.worker_pid).cpu_times()
        return float(spent.user + spent.system)

    def look_s(self, header: Header, card: ModelCard) -> float:
        """Seconds from the question to the answer."""
        started = time.perf_counter()
        self.client.ask(header, 1, card.id, maps=card.finding_names, urgent=True)
        at, event = self.next_at()
        assert isinstance(event, Looked)
        assert len(event.look.heatmaps) == len(card.findings)
        return at - started


def main() -> int:
    """Print one block a model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models", nargs="+", default=["starter", "resnet50"], help="starter, or timm's names"
    )
    parser.add_argument("--films", type=int, default=24, help="in the worklist")
    parser.add_argument("--repeats", type=int, default=7)
    choice = parser.parse_args()
    pixels = enlarged_phantom()
    print(f"load {os.getloadavg()[0]:.1f}, {torch.get_num_threads()} threads; medians of {choice.repeats}")
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        registry = ModelRegistry(models, BUNDLED)
        for name in choice.models:
            card = registry.find(name) if name == "starter" else add_model(registry, name, Path(folder))
            for syntax in SYNTAXES:
                films = write_films(Path(folder) / f"{name}-{syntax}", pixels, syntax, choice)
                measure(name, syntax, registry, models, card, films, choice)
                for header in films:
                    Path(header.path).unlink()
    return 0


def measure(
    name: str,
    syntax: str,
    registry: ModelRegistry,
    models: Path,
    card: ModelCard,
    films: list[Header],
    choice: argparse.Namespace,
) -> None:
    """Everything for one model and transfer syntax."""
    cache = models.parent / f"cache-{name}-{syntax}"
    model = load(card, registry, torch.device("cpu"))
    new, worklist = films[: choice.repeats], films[choice.repeats : choice.repeats + choice.films]
    warm = films[-2:]
    desk = Desk(models, cache)
    for header in warm:
        desk.look_s(header, card)
    wait_for_fast_path(desk, warm, card)
    ours, plain, parts = [], [], []
    cpu_ours, cpu_plain = 0.0, 0.0
    for header in new:
        before = desk.cpu_s(), time.process_time()
        ours.append(desk.look_s(header, card))
        cpu_ours += desk.cpu_s() - before[0]
        before = desk.cpu_s(), time.process_time()
        parts.append(plain_parts(header, model))
        cpu_plain += time.process_time() - before[1]
        plain.append(sum(parts[-1]))
    again = [desk.look_s(header, card) for header in new]
    decode, resizing, forward = (statistics.median(column) * 1e3 for column in zip(*parts, strict=True))
    print(f"\n{name}, {syntax}: decode {decode:.1f}, resize {resizing:.1f}, network {forward:.1f} ms")
    told("suggestion", ours, plain)
    each = cpu_ours / len(new) * 1e3, cpu_plain / len(new) * 1e3
    print(
        f"  {'... processor time':20}{each[0]:9.1f} ms{each[1]:9.1f} ms plain, ratio {each[0] / each[1]:.3f}"
    )
    told("again", again, plain)
    rate(desk, model, card, worklist)
    cover_rate(desk, card, films[0])
    desk.client.stop()
    desk = Desk(models, cache)
    desk.look_s(warm[0], card)
    told("again, new worker", [desk.look_s(header, card) for header in new], plain)
    desk.client.stop()
    refit(cache, card, new)


def told(what: str, ours: list[float], plain: list[float]) -> None:
    mine, theirs = statistics.median(ours) * 1e3, statistics.median(plain) * 1e3
    print(f"  {what:20}{mine:9.1f} ms{theirs:9.1f} ms plain, ratio {mine / theirs:.3f}", flush=True)


def plain_parts(header: Header, model: LoadedModel) -> tuple[float, float, float]:
    """Seconds of decoding, of resizing, and of the network, eager, without anything else."""
    pre = model.card.preprocessing
    times = [time.perf_counter()]
    image = read(header, 1)
    times.append(time.perf_counter())
    x = normalise(resize(network_intensities(image), pre, pre.input_size), pre)[None]
    times.append(time.perf_counter())
    with torch.inference_mode():
        model.network(x)
    times.append(time.perf_counter())
    return times[1] - times[0], times[2] - times[1], times[3] - times[2]


def wait_for_fast_path(desk: Desk, films: list[Header], card: ModelCard) -> None:
    """The worker exports a faster encoder after its first answers; let it, as a reader's day would."""
    time.sleep(20.0 if (ROOT / "inference" / "fast_export.py").exists() else 0.0)
    for header in films:
        desk.look_s(header, card)


def rate(desk: Desk, model: LoadedModel, card: ModelCard, films: list[Header]) -> None:
    """Films a second in the background, and of decoding and of computing alone."""
    started = time.perf_counter()
    for header in films:
        desk.client.ask(header, 1, card.id)
    together = [desk.next_at()[0] for _ in films][-1] - started
    started = time.perf_counter()
    squares = []
    for header in films:
        pre = model.card.preprocessing
        squares.append(resize(network_intensities(read(header, 1)), pre, pre.input_size))
    decoding = time.perf_counter() - started
    started = time.perf_counter()
    for square in squares:
        with torch.inference_mode():
            model.network(normalise(square, model.card.preprocessing)[None])
    computing = time.perf_counter() - started
    count, slower = len(films), max(decoding, computing)
    alone = f"decoding and resizing alone {count / decoding:.1f}, computing alone {count / computing:.1f}"
    share = f"{slower / together:.2f} of the slower"
    print(f"  {'worklist':20}{count / together:9.1f} films/s, {alone}; {share}", flush=True)


def cover_rate(desk: Desk, card: ModelCard, header: Header) -> None:
    """Answers a second while a region is dragged across the film."""
    desk.client.cover(header, 1, card.id, square_at(header, 0.0))
    desk.next()
    stop, answers, started = threading.Event(), 0, time.perf_counter()

    def drag() -> None:
        n = 0
        while not stop.wait(1 / 60):
            n += 1
            desk.client.cover(header, 1, card.id, square_at(header, (n % 120) / 120))

    hand = threading.Thread(target=drag)
    hand.start()
    while time.perf_counter() - started < DRAG_S:
        answers += isinstance(desk.next(), Covered)
    stop.set()
    hand.join()
    print(f"  {'cover':20}{answers / (time.perf_counter() - started):9.1f} answers/s", flush=True)
    drain(desk)


def drain(desk: Desk) -> None:
    """The answer to the last cover may still be on its way."""
    time.sleep(1.0)
    while not desk.events.empty():
        desk.next()


def refit(cache: Path, card: ModelCard, films: list[Header]) -> None:
    """What a re-fitted head costs for each embedding."""
    features = FeatureCache(cache / "features")
    keys = [feature_key(card, header, 1) for header in films]

    def fetch() -> None:
        assert all(features.get(key) is not None for key in keys)

    each = milliseconds(fetch, 20) / len(keys)
    print(f"  {'embedding':20}{each:9.3f} ms from the cache, for a re-fitted head")


def milliseconds(job: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        job()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3


def square_at(header: Header, share: float) -> Region:
    """A square of a fifth of the film, somewhere on its diagonal."""
    top, left = share * 0.8 * header.rows, share * 0.8 * header.columns
    bottom, right = top + header.rows / 5, left + header.columns / 5
    return Region((((top, left), (top, right), (bottom, right), (bottom, left)),))


def enlarged_phantom() -> NDArray[np.uint16]:
    """A chest of 3000 x 2500 pixels of 12 bits, with grain."""
    image = read(read_header(SAMPLE), 1)
    grey = network_intensities(image)
    large = cv2.resize(grey, (2500, 3000), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, 0.003, large.shape)
    return np.asarray(np.clip((large + grain) * 4095, 0, 4095), np.uint16)


def write_films(
    folder: Path, pixels: NDArray[np.uint16], syntax: str, choice: argparse.Namespace
) -> list[Header]:
    """As many films as are needed, each an image of its own."""
    folder.mkdir()
    encoded = encode_jpeg2000(pixels, 12) if syntax != "uncompressed" else b""
    headers = []
    for n in range(choice.repeats + choice.films + 2):
        path, instance = folder / f"{n}.dcm", f"1.2.826.0.1.{n + 1}"
        told = {"Modality": "DX", "BodyPartExamined": "CHEST", "BitsStored": 12, "SOPInstanceUID": instance}
        if encoded:
            write_frames(path, uid.JPEG2000Lossless, [encoded], pixels, **told)
        else:
            save(path, dataset_of(pixels, **told), pixels.astype("<u2").tobytes())
        headers.append(read_header(path))
    return headers


def add_model(registry: ModelRegistry, architecture: str, folder: Path) -> ModelCard:
    """A model of random weights for chest films, in the registry."""
    names = ("one", "two", "three", "four")
    card = ModelCard(
        id="",
        name=architecture,
        architecture=architecture,
        findings=tuple(FindingName(name, name) for name in names),
        preprocessing=Preprocessing(224),
        covers=Covers(modalities=("CR", "DX"), body_parts=("CHEST",)),
    )
    torch.manual_seed(0)
    path = folder / f"{architecture}.safetensors"
    safetensors.torch.save_file({k: v.contiguous() for k, v in build(card).state_dict().items()}, path)
    return registry.add(card, path)


if __name__ == "__main__":
    sys.exit(main())
