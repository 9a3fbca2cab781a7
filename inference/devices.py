"""Which device computes."""

from __future__ import annotations

import torch

from inference.errors import NoDevice


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
