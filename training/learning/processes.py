"""Several processes that train one network together, as `torchrun` starts them; and the case of one alone.

Each process learns from its share of every batch, and `DistributedDataParallel` averages the gradients: by
NCCL between GPUs, by gloo otherwise. The first process alone writes events, checkpoints and models. torch is
imported when a group is joined, not before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.alone import alone_in
from training.errors import Cancelled, RunIsBusy, UnusablePlan

if TYPE_CHECKING:
    import torch
    from torch import nn

LOOK_S = 0.05
LONGEST_WAIT = timedelta(minutes=30)  # for a process that reads its films from a slow disk
_WISH = "somebody wished that it stop"


class Group:
    """The processes of a training; this one is number `rank` of `count`.

    All methods but `look` have to be called by every process, in the same order.
    """

    rank, count = 0, 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def share(self, films: int) -> slice:
        """Which of so many films of a batch are this process's; they differ by one film at most."""
        each, more = divmod(films, self.count)
        first = self.rank * each + min(self.rank, more)
        return slice(first, first + each + (self.rank < more))

    def look(self, look_up: Callable[[], None]) -> None:
        """Raise `Cancelled` where `look_up` does in the first process, without waiting for each other."""
        look_up()

    def look_together(self, look_up: Callable[[], None]) -> None:
        """Raise `Cancelled` in every process where `look_up` does in the first."""
        look_up()

    def meet(self, look_up: Callable[[], None]) -> None:
        """Wait until every process is here, and for the wish that it stop."""

    def from_first(self, value: Any) -> Any:
        """What the first process has."""
        return value

    def with_others(self, own: torch.Tensor, films: int) -> torch.Tensor:
        """(films, K): the rows of the whole batch in order; gradients reach this process's alone."""
        return own

    def sum(self, value: torch.Tensor) -> float:
        """Of all processes."""
        return float(value.detach())

    def wrapped(self, module: nn.Module) -> nn.Module:
        """The module as it is to be called, so that gradients are averaged."""
        return module


ALONE = Group()


class _Together(Group):
    """Processes that reach each other by torch.distributed."""

    def __init__(self, rank: int, count: int, store: Any, device: torch.device) -> None:
        self.rank, self.count, self._store, self._device = rank, count, store, device
        self._meetings = 0

    def look(self, look_up: Callable[[], None]) -> None:
        if not self.is_first:
            if self._store.check([_WISH]):
                raise Cancelled
            return
        try:
            look_up()
        except Cancelled:
            self._store.set(_WISH, "yes")
            raise

    def look_together(self, look_up: Callable[[], None]) -> None:
        import torch
        import torch.distributed as dist

        is_wished = torch.zeros(1, device=self._device)
        if self.is_first:
            try:
                look_up()
            except Cancelled:
                is_wished += 1
        dist.broadcast(is_wished, 0)
        if is_wished.item():
            raise Cancelled

    def meet(self, look_up: Callable[[], None]) -> None:
        self._meetings += 1
        name = f"here {self._meetings}"
        self._store.add(name, 1)
        while self._store.add(name, 0) < self.count:
            self.look(look_up)
            time.sleep(LOOK_S)

    def from_first(self, value: Any) -> Any:
        import torch.distributed as dist

        told = [value if self.is_first else None]
        dist.broadcast_object_list(told, 0)
        return told[0]

    def with_others(self, own: torch.Tensor, films: int) -> torch.Tensor:
        import torch
        import torch.distributed as dist

        most = -(-films // self.count)
        padded = own.detach().new_zeros((most, *own.shape[1:]))
        padded[: len(own)] = own.detach()
        found = [torch.empty_like(padded) for _ in range(self.count)]
        dist.all_gather(found, padded)
        parts = []
        for rank, part in enumerate(found):
            each = _Together(rank, self.count, None, self._device).share(films)
            parts.append(own if rank == self.rank else part[: each.stop - each.start])
        return torch.cat(parts)

    def sum(self, value: torch.Tensor) -> float:
        import torch.distributed as dist

        total = value.detach().clone()
        dist.all_reduce(total)
        return float(total)

    def wrapped(self, module: nn.Module) -> nn.Module:
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(module)


def rank_here() -> int:
    """Which of the processes that torchrun started this one is, from 0; 0 where it started none."""
    return int(os.environ.get("RANK", "0"))


def is_one_of_many() -> bool:
    """Whether torchrun started this process together with others."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def joined(device_name: str) -> Iterator[Group]:
    """The group that torchrun started this process in; `ALONE` where it was started otherwise.

    Parameters
    ----------
    device_name
        As in `Plan.device`. On GPUs each process takes the one of its local rank.
    """
    if not is_one_of_many():
        yield ALONE
        return
    import torch
    import torch.distributed as dist

    from inference.devices import best_device

    device = best_device(device_name)
    if device.type == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise UnusablePlan(
                f"this machine has {torch.cuda.device_count()} GPUs, and torchrun started a process for "
                f"number {local + 1}; --nproc_per_node has to be the number of GPUs, or fewer"
            )
        torch.cuda.set_device(local)
        device = torch.device("cuda", local)
    store, rank, count = next(iter(dist.rendezvous("env://", timeout=LONGEST_WAIT)))  # type: ignore[attr-defined]
    own = dist.PrefixStore("overread", store)  # type: ignore[attr-defined]
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=LONGEST_WAIT)
    try:
        yield _Together(rank, count, own, device)
    finally:
        dist.destroy_process_group()


@contextmanager
def alone_together_in(folder: Path, group: Group) -> Iterator[None]:
    """The first of several processes holds the folder for all, or none of them works there.

    Raises
    ------
    RunIsBusy
        In every one of them: another process works there.
    """
    busy: RunIsBusy | None = None
    with ExitStack() as held:
        if group.is_first:
            try:
                held.enter_context(alone_in(folder))
            except RunIsBusy as error:
                busy = error
        if (busy := group.from_first(busy)) is not None:
            raise busy
        yield
