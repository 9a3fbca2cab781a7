"""Fine-tuning beside a bare PyTorch loop on the same tensors, and what augmentation and decoding take of it.

    python benchmarks/tuning.py [--networks resnet18 mobilenetv3_small_100] [--side 224] [--films 64]
                                [--batch 16] [--rounds 5] [--threads 2] [--device cpu]

One epoch of `training.learning.learner.Learner` and one of a loop that only does forward, loss, backward and
step take turns; each round gives one ratio of their times, and the median ratio is printed with its
quartiles. In both the same parameters move, and BatchNorm stands still. "On the same tensors": both are
given films that were changed before, and what is compared is the loop. "With its films made": the learner
makes them of bytes, changes and normalises them, and the bare loop has its tensors for nothing.

With kept features (depth head and last, `Plan.copies` 4, 20 epochs) a whole training is set beside the bare
loop's: there the learner does less, because what stands still is worked out once a version.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch.nn import functional as F

from inference.architectures import create
from studies.image import Header
from training.learning.changes import draw
from training.learning.learner import Learner
from training.learning.networks import moving_parameters, set_moving, set_training_mode
from training.learning.tensors import Films
from training.plan import Depth, Plan
from training.samples import Sample

FINDINGS = 3
KEPT_EPOCHS = 20


@dataclass(frozen=True)
class Task:
    """What is measured, and on what."""

    network: str
    side: int
    films: int
    batch: int
    device: torch.device

    def plan(self, depth: Depth, **choices: object) -> Plan:
        return Plan(
            backbone=self.network, input_size=self.side, batch_size=self.batch, depth=depth, epochs=200,
            device=self.device.type, **choices,  # type: ignore[arg-type]
        )  # fmt: skip

    def learner(self, plan: Plan) -> Learner:
        samples = [
            Sample(
                Header(f"{i}", "picture", f"1.{i}", f"1.1.{i}", f"1.2.{i}", self.side, self.side),
                1, f"p{i}", _truth(i), "train",
            )
            for i in range(self.films)
        ]  # fmt: skip
        pixels = torch.randint(0, 256, (self.films, self.side, self.side), dtype=torch.uint8)
        films = Films.of(samples, plan.preprocessing, pixels)
        network = create(self.network, FINDINGS, 1, self.side)
        return Learner(
            plan, network, plan.preprocessing, films, range(self.films), self.device,
            task="multiclass", is_tuned=True, look_up=lambda: None,
        )  # fmt: skip


def _truth(i: int) -> tuple[int | None, ...]:
    return tuple(int(i % FINDINGS == k) for k in range(FINDINGS))


def bare_loop(task: Task, depth: Depth) -> Callable[[], None]:
    """An epoch of a loop that could not do less, on tensors that are ready."""
    network = create(task.network, FINDINGS, 1, task.side).to(task.device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    set_moving(network, moving_parameters(network, depth))
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], 1e-3)
    steps = task.films // task.batch
    shape = (steps, task.batch, 1, task.side, task.side)
    x = torch.randn(shape, device=task.device)
    y = torch.arange(steps * task.batch, device=task.device).view(steps, task.batch) % FINDINGS

    def epoch() -> None:
        set_training_mode(network, freeze_batch_norm=True)
        for films, truth in zip(x, y, strict=True):
            loss = F.cross_entropy(network(films.contiguous(memory_format=torch.channels_last)), truth)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        _finish(task.device)

    return epoch


def our_loop(task: Task, plan: Plan, *, are_ready: bool = False) -> Callable[[], None]:
    """An epoch of the learner; each call is the next one."""
    learner = task.learner(plan)
    if are_ready:
        ready, _ = learner._batches.changed(learner.rows, 1)
        learner._batches.changed = lambda rows, *_: (ready[rows], None)  # type: ignore[method-assign]
    numbers = iter(range(1, 10_000))

    def epoch() -> None:
        learner.learn_epoch(next(numbers))
        _finish(task.device)

    return epoch


def ratios(bare: Callable[[], None], ours: Callable[[], None], rounds: int) -> list[float]:
    """Throughput of ours as a share of the bare loop's, round by round, who begins in turn."""
    for warm in (bare, ours):
        warm()
    told = []
    for number in range(rounds):
        times = {}
        for loop in (bare, ours) if number % 2 else (ours, bare):
            began = time.perf_counter()
            loop()
            times[loop] = time.perf_counter() - began
        told.append(times[bare] / times[ours])
    return told


def kept_ratio(task: Task, depth: Depth) -> float:
    """Throughput over a whole training that keeps what stands still, beside as many bare epochs."""
    plan = Plan(**{**task.plan(depth).as_json(), "epochs": KEPT_EPOCHS, "covers": Plan().covers})
    learner, bare = task.learner(plan), bare_loop(task, depth)
    bare()
    began = time.perf_counter()
    for epoch in range(1, KEPT_EPOCHS + 1):
        learner.learn_epoch(epoch)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(3):
        bare()
    return (time.perf_counter() - began) / 3 * KEPT_EPOCHS / ours


def augmentation_share(task: Task) -> tuple[float, float]:
    """Milliseconds that making a batch takes, and a step of the whole network beside it."""
    plan = task.plan("all", copies=0)
    learner = task.learner(plan)
    part = learner.rows[: task.batch]
    draw(plan, 1, part)
    times = []
    for epoch in range(1, 8):
        began = time.perf_counter()
        learner._batches.changed(part, epoch)
        _finish(task.device)
        times.append(time.perf_counter() - began)
    step = our_loop(task, plan)
    step()
    began = time.perf_counter()
    step()
    return statistics.median(times) * 1000, (time.perf_counter() - began) * 1000 / (task.films // task.batch)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> int:
    """Print every ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["resnet18", "mobilenetv3_small_100"])
    parser.add_argument("--depths", nargs="+", default=["all", "last", "head"])
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--films", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    torch.manual_seed(0)
    for name in choice.networks:
        task = Task(name, choice.side, choice.films, choice.batch, torch.device(choice.device))
        made, step = augmentation_share(task)
        print(f"{name}, {choice.side} px, batch {choice.batch}: films made in {made:.0f} ms of a "
              f"{step:.0f} ms step at depth all ({made / step:.1%})")  # fmt: skip
        for depth in choice.depths:
            bare, plan = bare_loop(task, depth), task.plan(depth, copies=0)
            for words, are_ready in (("on the same tensors", True), ("with its films made", False)):
                found = sorted(ratios(bare, our_loop(task, plan, are_ready=are_ready), choice.rounds))
                low, high = found[len(found) // 4], found[-1 - len(found) // 4]
                print(f"  depth {depth}: {statistics.median(found):.3f} of the bare loop's throughput "
                      f"({low:.3f} to {high:.3f}) {words}")  # fmt: skip
            if depth != "all":
                print(f"  depth {depth}: {kept_ratio(task, depth):.2f} times the bare loop's over "
                      f"{KEPT_EPOCHS} epochs with kept features")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
