"""Trainings, a search and a promotion at once in one data folder: each does what it would have done alone."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from app.promoting import promote
from inference.registry import sha256_of
from tests.app.conftest import Overread

ROOT = Path(__file__).resolve().parents[2]
QUICK = (
    "--model", "starter", "--depth", "all", "--epochs", 2, "--batch-size", 8, "--device", "cpu",
    "--threads", 1, "--bootstrap", 50, "--name", "Twin",
)  # fmt: skip


def test_two_trainings_a_search_and_a_promotion_at_once_do_not_disturb_each_other(
    overread: Overread, hospital: Path, data_dir: Path, bundled: Path, workplace: Any
) -> None:
    films = ("--labels", hospital / "labels.csv", "--images", hospital)
    commands = [
        ("train", *films, *QUICK, "--seed", 0),
        ("train", *films, *QUICK, "--seed", 1),
        ("search", *films, *QUICK, "--trials", 2, "--over", "learning_rate"),
    ]
    place = ["--data", data_dir, "--bundled", bundled]

    def type_in(typed: tuple[object, ...]) -> int:
        words = [sys.executable, "-m", "app", *place, *typed, "--json"]
        return subprocess.run([str(w) for w in words], cwd=ROOT, capture_output=True, check=False).returncode

    with ThreadPoolExecutor(3) as threads:
        ended = threads.map(type_in, commands)  # in the same second, and without a name
        promote(workplace, workplace.registry.find("starter"), "A. Smith")
        assert list(ended) == [0, 0, 0]
    runs = sorted((data_dir / "runs").iterdir())
    assert len(runs) == 3
    assert not list(data_dir.rglob("*.part"))
    assert workplace.registry.problems() == []
    together = {card.id for card in workplace.registry.cards() if not card.bundled}
    assert len(together) == 3
    for card in workplace.registry.cards():
        assert sha256_of(workplace.registry.weights_path(card)) == card.weights_sha256
    assert workplace.store.promoted().popitem()[1] == "starter"
    alone = {
        overread(*command, "--run", f"alone-{n}").lines[-1]["model"] for n, command in enumerate(commands)
    }
    assert alone == together
