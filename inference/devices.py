"""Which device computes, and what is done when its memory does not suffice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from inference.errors import NoDevice

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


def best_device(name: str = "auto") -> torch.device:
    """The device called `name`; ``"auto"`` is CUDA where there is one, else MPS, else the CPU.

    Parameters
    ----------
    name
        ``"auto"``, ``"cpu"``, ``"mps"``, ``"cuda"`` or ``"cuda:1"``.

    Raises
    ------
    NoDevice
        The device is not there, or no device has this name.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (number and not number.isdigit()):
        raise NoDevice(f"There is no device called {name!r}; expected auto, cpu, cuda or mps.")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise NoDevice("The device mps was asked for, but this machine has no Apple GPU that torch can use.")
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number or 0) >= count:
            raise NoDevice(f"The device {name} was asked for, but torch finds {count} CUDA devices here.")
    return torch.device(name)


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA has a type of its own for it, MPS a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
    )


@dataclass(frozen=True, slots=True)
class Computed(Generic[Result]):
    """What was computed of a batch: one result a part, in the batch's order.

    `device` is where the last part was computed; `warnings` has a sentence where that is not the
    device that was asked for, or the batch had to be taken in parts.
    """

    parts: list[Result]
    device: torch.device
    warnings: tuple[str, ...] = ()


class Memory:
    """Computes batches on a device in parts that its memory holds, and on the CPU where not even one fits.

    What fitted is remembered, so that running out of memory is paid for once and not with every batch.
    """

    def __init__(self, device: torch.device):
        self._device = device
        self._most: int | None = None  # images at once that are known to fit; None: no bound known

    def compute(
        self,
        batch: torch.Tensor,
        on_device: Callable[[torch.Tensor], Result],
        on_cpu: Callable[[torch.Tensor], Result],
    ) -> Computed[Result]:
        """Compute a batch.

        Parameters
        ----------
        batch
            (B, C, S, S) on the CPU.
        on_device
            Is given a part (b, C, S, S) on the device; may run out of memory.
        on_cpu
            The same on the CPU, for what remains when one image alone does not fit.
        """
        parts: list[Result] = []
        done = 0
        while done < len(batch):
            size = min(self._most or len(batch), len(batch) - done)
            part = batch[done : done + size]
            found = self._attempt(part, on_device)
            if found is not None:
                parts.append(found[0])
                done += size
            elif size > 1:
                self._most = size // 2
                _log.warning("Out of memory on %s: %d images at once from here on", self._device, self._most)
            else:
                _log.warning("Out of memory on %s: computing on the CPU", self._device)
                parts.append(on_cpu(batch[done:]))
                warning = f"The memory of {self._device} did not suffice; the CPU was used."
                return Computed(parts, torch.device("cpu"), (warning,))
        if self._most is not None and self._most < len(batch):
            warning = (
                f"The memory of {self._device} did not suffice for {len(batch)} images at once; "
                f"they were computed {self._most} at a time."
            )
            return Computed(parts, self._device, (warning,))
        return Computed(parts, self._device)

    def _attempt(
        self, part: torch.Tensor, on_device: Callable[[torch.Tensor], Result]
    ) -> tuple[Result] | None:
        """The result, or None when memory ran out; on return the failed attempt has let go of its memory."""
        try:
            return (on_device(part.to(self._device)),)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        elif self._device.type == "mps":
            torch.mps.empty_cache()
        return None
