"""Trainings, promotions and roll-backs that are killed at random moments: is anything lost, or there by half?

    python benchmarks/kills.py [--kills 40] [--seed 1]

One training of a small real network on a store of decided films is left alone. Then the same training is
begun again and again in data folders of its own, killed (SIGKILL) at a random moment of a random phase and
resumed, until it ends. Each has to come to the very same model and figures. After every kill the store has to
hold every decision, the registry whole models or none, and one model is in use; after the end there is one
candidate. Then promotions and roll-backs are killed likewise. What was under way at each kill is told.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.workplace import Workplace  # noqa: E402
from inference.registry import sha256_of  # noqa: E402
from reviews.record import Review  # noqa: E402
from studies.reader import read_header  # noqa: E402
from tests.app.making import FINDINGS, film, write_bundled, write_png  # noqa: E402
from tests.reviews.parts import give_part  # noqa: E402

PARTS = {"train": 30, "validation": 24, "test": 12}
EPOCHS = 12
LOOK_S = 0.002
OPTIONS = (
    "--model", "starter", "--depth", "half", "--epochs", EPOCHS, "--patience", 0, "--batch-size", 4,
    "--device", "cpu", "--threads", 1, "--bootstrap", 200,
)  # fmt: skip
PROMOTING = """
import sys
from pathlib import Path
from app.promoting import promote, roll_back
from app.workplace import Workplace

place = Workplace(Path(sys.argv[1]), Path(sys.argv[2]))
card = place.registry.find(sys.argv[3])
print("ready", flush=True)
while True:
    promote(place, card, "A. Smith", "a trial")
    roll_back(place, "A. Smith")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=40, help="of trainings; a quarter as many of promotions")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bundled = write_bundled(folder / "bundled")
        decided = _decided(folder / "decided", folder / "films")
        whole = folder / "whole"
        shutil.copytree(decided, whole)
        lasts = _phases_of(whole, bundled)
        wanted = _ended(whole)
        told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in lasts.items())
        print(f"left alone: {wanted['model']}, {wanted['gate']['verdict']} ({told})", flush=True)
        killed: Counter[str] = Counter()
        trainings = 0
        while sum(killed.values()) < options.kills:
            data = folder / f"killed-{trainings}"
            shutil.copytree(decided, data)
            _until_it_ends(data, bundled, lasts, draw, killed, wanted)
            shutil.rmtree(data)
            trainings += 1
        told = ", ".join(f"{n} {name}" for name, n in sorted(killed.items()))
        print(f"{trainings} trainings, {sum(killed.values())} kills ({told}): all came to {wanted['model']}")
        kills = max(options.kills // 4, 1)
        _promotions(whole, bundled, wanted["model"], draw, kills)
        print(f"{kills} kills of promotions and roll-backs: one model in use, every time")


def _decided(data: Path, films: Path) -> Path:
    """A data folder with films that a reader decided."""
    n = 0
    for part, count in PARTS.items():
        for _ in range(count):
            path = write_png(films / f"{n:03d}.png", film(FINDINGS[n % 3], seed=n))
            give_part(data / "overread.sqlite", [read_header(path).split_key], part)  # type: ignore[arg-type]
            n += 1
    place = Workplace(data, None)
    for n, path in enumerate(sorted(films.iterdir())):
        header = read_header(path)
        place.store.add_images([header])
        answers = tuple((f, "present" if f == FINDINGS[n % 3] else "absent") for f in FINDINGS)
        place.store.append(Review(header.sop_instance_uid, 1, "R", answers))  # type: ignore[arg-type]
    place.close()
    return data


def _train(data: Path, bundled: Path) -> subprocess.Popen[bytes]:
    line = [
        sys.executable,
        "-m",
        "app",
        "--data",
        data,
        "--bundled",
        bundled,
        "train",
        "--run",
        "r",
        "--json",
    ]
    return subprocess.Popen(
        [str(word) for word in (*line, *OPTIONS)], cwd=ROOT, stdout=subprocess.DEVNULL,
        env=dict(os.environ) | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
    )  # fmt: skip


def _events(data: Path) -> list[dict[str, Any]]:
    path = data / "runs" / "r" / "events.jsonl"
    if not path.exists():
        return []
    told = []
    for line in path.read_text().splitlines():
        try:
            told.append(json.loads(line))
        except ValueError:
            continue  # a line that a kill cut off
    return told


def _ended(data: Path) -> dict[str, Any]:
    events = _events(data)
    assert events, "no event was told"
    assert events[-1]["event"] == "done", events[-1]
    return events[-1]


PHASES: dict[str, str] = {"loading": "", "decoding": "plan", "learning": "prepare", "concluding": "epoch"}
"""Of a training, and the event that each follows."""

MOMENTS: dict[str, tuple[str, str]] = {
    "a checkpoint": ("runs/r", "checkpoint.pt.part"),
    "the films' cache": ("cache/films", "*.part"),
    "adding": ("models", ".adding-*"),
    "the report": ("models", "[!.]*"),
}
"""Short ones, and the file by which they are known."""
AT_MOST_S = 0.03  # after that file was seen


def _phases_of(data: Path, bundled: Path) -> dict[str, float]:
    """Let a training be, and see how many seconds each of its phases takes."""
    process, began = _train(data, bundled), time.monotonic()
    at = {"loading": 0.0}
    while process.poll() is None and "over" not in at:
        events = _events(data)
        passed = time.monotonic() - began
        for phase in PHASES:
            if phase not in at and _has_reached(phase, events):
                at[phase] = passed
        if events and events[-1]["event"] == "done":
            at["over"] = passed
        time.sleep(LOOK_S)
    process.wait()
    names = [*PHASES, "over"]
    return {name: at[after] - at[name] for name, after in itertools.pairwise(names)}


def _has_reached(phase: str, events: list[dict[str, Any]]) -> bool:
    """Whether these events of one process say that it is in a phase, or past it."""
    if phase == "concluding":
        return any(e["event"] == "epoch" and e["epoch"] == EPOCHS for e in events)
    return phase == "loading" or any(e["event"] == PHASES[phase] for e in events)


def _until_it_ends(
    data: Path,
    bundled: Path,
    lasts: dict[str, float],
    draw: random.Random,
    killed: Counter[str],
    wanted: dict[str, Any],
) -> None:
    """Kill one training up to four times, and let it come to its end then."""
    for _ in range(draw.randint(1, 4)):
        process, before = _train(data, bundled), len(_events(data))
        phase = draw.choice([*PHASES, *MOMENTS])
        if phase in MOMENTS:
            folder, pattern = MOMENTS[phase]
            while process.poll() is None and not any((data / folder).glob(pattern)):
                time.sleep(0.0002)  # it is there for some milliseconds
        while phase in PHASES and process.poll() is None and not _has_reached(phase, _events(data)[before:]):
            if phase == "concluding" and any(e["event"] == "prepare" for e in _events(data)[before:]):
                break  # where no epoch was left
            time.sleep(LOOK_S)
        time.sleep(draw.uniform(0, lasts.get(phase, AT_MOST_S)))
        process.kill()
        process.wait()
        killed[_moment(data, before)] += 1
        _check(data, bundled, wanted)
        if any(e["event"] == "done" for e in _events(data)):
            break
    else:
        assert _train(data, bundled).wait() == 0, _events(data)[-1:]
    assert _ended(data)["model"] == wanted["model"], "another model came of it"
    assert _figures(_ended(data)) == _figures(wanted), "other figures were told"
    _check(data, bundled, wanted, is_over=True)


def _figures(done: dict[str, Any]) -> Any:
    return done["evaluation"], done["current_evaluation"], done["gate"]


def _moment(data: Path, before: int) -> str:
    """What was under way, as far as the folder tells."""
    events = _events(data)
    kinds = [e["event"] for e in events[before:]]
    if "done" in kinds:
        return "after its last word"
    if any(not p.name.startswith(".") for p in (data / "models").glob("*")):
        return "between candidate and last word"
    if any((data / "models").glob(".adding-*")):
        return "amid adding the candidate"
    if any((data / "runs" / "r").glob("*.part")) or any((data / "cache").rglob("*.part")):
        return "amid a file"
    if kinds and any(e["event"] == "epoch" and e["epoch"] == EPOCHS for e in events) and "prepare" in kinds:
        return "amid calibration and measurement"
    if not kinds:
        return "while loading"
    return {"plan": "while decoding", "prepare": "amid the first epoch"}.get(kinds[-1], "amid an epoch")


def _check(data: Path, bundled: Path, wanted: dict[str, Any], *, is_over: bool = False) -> None:
    place = Workplace(data, bundled)
    try:
        assert len(place.store.standing_reviews()) == sum(PARTS.values()), "a decision was lost"
        assert place.registry.problems() == [], place.registry.problems()
        made = [card for card in place.registry.cards() if not card.bundled]
        assert len(made) == is_over or (not is_over and len(made) <= 1), made
        for card in made:
            assert card.id == wanted["model"]
            assert sha256_of(place.registry.weights_path(card)) == card.weights_sha256
            assert "gate" in card.figures, "a candidate without its verdict"
        assert {c.id for c in place.models_in_use()} == {"starter", "phantom"}
        if is_over and (data / "runs" / "r").is_dir():
            left = [p.name for p in (data / "runs" / "r").iterdir() if p.name.endswith(".part")]
            assert not left, left
    finally:
        place.close()


def _promotions(data: Path, bundled: Path, model: str, draw: random.Random, kills: int) -> None:
    for _ in range(kills):
        words = [sys.executable, "-c", PROMOTING, str(data), str(bundled), model]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(draw.uniform(0, 0.3))
        child.kill()
        child.wait()
        child.stdout.close()
        place = Workplace(data, bundled)
        now = {card.id for card in place.models_in_use()} - {"phantom"}
        assert now in ({"starter"}, {model}), now
        assert len(place.store.standing_reviews()) == sum(PARTS.values())
        place.close()


if __name__ == "__main__":
    main()
