"""Two processes that learn together give the model that one gives; the first alone writes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from inference.card import ModelCard
from inference.registry import ModelRegistry
from tests.training.conftest import FINDINGS, QUICK
from training.finetune import fine_tune
from training.learning.processes import ALONE, Group, is_one_of_many, joined
from training.plan import Plan
from training.runs import ask_to_cancel, read_events
from training.samples import Samples, from_csv

PLAN = replace(
    QUICK, epochs=2, batch_size=9, depth="all", learning_rate=1e-3, optimiser="sgd", precision="float32",
    class_balance=0.5, erase=0.3, ema=0.9,
)  # fmt: skip
ONE_OF_SEVERAL = """
import json, sys
from pathlib import Path
from inference.registry import ModelRegistry
from training.finetune import fine_tune
from training.plan import Plan
from training.learning.processes import joined
from training.samples import from_csv

told = json.loads(Path(sys.argv[1]).read_text())
labels = Path(told["labels"])
samples = from_csv(labels, labels.parent, tuple(told["findings"]), seed=3, shares=(0.6, 0.2, 0.2))
registry = ModelRegistry(Path(told["models"]), Path(told["models"]) / "none")
base = registry.find(told["base"]) if told["base"] else None
plan = Plan.from_json(told["plan"])
with joined(plan.device) as group:
    for event in fine_tune(plan, samples, registry, Path(told["run"]), base, group=group):
        print(event.event, flush=True)
"""


@given(st.integers(0, 300), st.integers(1, 9))
def test_every_film_of_a_batch_is_in_one_share(films: int, count: int) -> None:
    shares = []
    for rank in range(count):
        group = Group()
        group.rank, group.count = rank, count
        own = group.share(films)
        shares.append(list(range(films))[own])
    assert [film for share in shares for film in share] == list(range(films))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_process_alone_needs_nobody() -> None:
    assert not is_one_of_many()
    with joined("cpu") as group:
        assert group is ALONE
        assert group.is_first
        assert group.share(7) == slice(0, 7)


class Together:
    """Two processes as torchrun would start them, on this machine."""

    def __init__(self, folder: Path, plan: Plan, labels: Path, registry_folder: Path, base: str) -> None:
        self.run = folder / "run"
        told = {
            "plan": plan.as_json(), "labels": str(labels), "models": str(registry_folder), "base": base,
            "run": str(self.run), "findings": list(FINDINGS),
        }  # fmt: skip
        (folder / "told.json").write_text(json.dumps(told))
        (folder / "one.py").write_text(ONE_OF_SEVERAL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.processes = [
            subprocess.Popen(
                [sys.executable, str(folder / "one.py"), str(folder / "told.json")],
                env=os.environ | {
                    "RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1",
                    "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd()),
                    "GLOO_SOCKET_IFNAME": "lo",
                },
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for rank in range(2)
        ]  # fmt: skip

    def end(self) -> list[str]:
        """What each said, once both are done."""
        said = []
        for process in self.processes:
            out, err = process.communicate(timeout=110)
            assert process.returncode == 0, err[-2000:]
            said.append(out)
        return said


def weights_of(registry: ModelRegistry, events: list[Any]) -> dict[str, torch.Tensor]:
    assert events[-1].event == "done", events[-1]
    return load_file(registry.weights_path(registry.find(events[-1].values["model"])))


@pytest.fixture(scope="session")
def parent(trained: dict[str, object], shared_registry: ModelRegistry) -> ModelCard:
    return shared_registry.find(str(trained["model"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {
            "optimiser": "adamw",
            "head_epochs": 1,
            "depth": "half",
            "distillation": 0.5,
            "sampling": "balanced",
        },
        {"mixup": 0.4, "depth": "last"},
    ],
    ids=["all", "head first", "mixup"],
)
def test_two_processes_give_the_model_that_one_gives(
    changed: dict[str, Any], parent: ModelCard, labelled: Samples, hospital: Path, tmp_path: Path,
    shared_registry: ModelRegistry,
) -> None:  # fmt: skip
    plan = replace(PLAN, **changed)
    registry = ModelRegistry(tmp_path / "models", tmp_path / "models" / "none")
    base = registry.add(parent, shared_registry.weights_path(parent))
    together = Together(tmp_path, plan, hospital / "labels.csv", tmp_path / "models", base.id)
    samples = from_csv(hospital / "labels.csv", hospital, FINDINGS, seed=3, shares=(0.6, 0.2, 0.2))
    alone = list(fine_tune(plan, samples, registry, tmp_path / "alone", base))
    said = together.end()
    assert said[1] == ""  # the first alone speaks
    events = read_events(together.run)
    one, two = weights_of(registry, alone), weights_of(registry, events)
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.allclose(value, two[name], rtol=0, atol=1e-5), name
    assert any(not torch.equal(one[n], load_file(registry.weights_path(base))[n]) for n in one)
    losses = [[e.values["loss"] for e in told if e.event == "epoch"] for told in (alone, events)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert [e.event for e in events if e.event != "prepare"] == ["plan", "epoch", "epoch", "done"]


@pytest.mark.slow
def test_processes_are_cancelled_together_and_go_on_together(
    parent: ModelCard, hospital: Path, tmp_path: Path, shared_registry: ModelRegistry
) -> None:
    long = replace(PLAN, epochs=400, ema=0.0)
    registry = ModelRegistry(tmp_path / "models", tmp_path / "models" / "none")
    base = registry.add(parent, shared_registry.weights_path(parent))
    last = 0
    for _ in range(2):
        together = Together(tmp_path, long, hospital / "labels.csv", tmp_path / "models", base.id)
        stdout = together.processes[0].stdout
        assert stdout is not None
        for line in stdout:
            if line.strip() == "epoch":
                break
        ask_to_cancel(together.run)
        together.end()
        events = read_events(together.run)
        assert events[-1].event == "cancelled"
        epochs = [e.values["epoch"] for e in events if e.event == "epoch"]
        assert epochs == list(range(1, len(epochs) + 1))  # nothing was done twice
        assert len(epochs) > last
        last = len(epochs)
    assert [card.id for card in registry.cards()] == [base.id]
