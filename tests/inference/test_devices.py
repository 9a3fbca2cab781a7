"""What is done when a device's memory does not suffice; a layer that takes few images stands for it."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import nn

from inference.devices import Memory, is_out_of_memory

CPU = torch.device("cpu")


class Narrow(nn.Module):
    """Doubles what it is given, and runs out of memory for more than `most` images."""

    def __init__(self, most: int):
        super().__init__()
        self.most = most
        self.sizes: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(x))
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return 2 * x


def batch_of(count: int) -> torch.Tensor:
    return torch.arange(float(count)).reshape(count, 1, 1, 1)


@pytest.mark.parametrize("count", [1, 3, 7, 8])
@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.expects_warnings
def test_a_batch_is_taken_in_parts_that_fit(count: int, most: int) -> None:
    computed = Memory(CPU).compute(batch_of(count), Narrow(most), pytest.fail)
    assert torch.equal(torch.cat(computed.parts), 2 * batch_of(count))
    assert bool(computed.warnings) == (count > most)


@pytest.mark.expects_warnings
def test_what_fits_is_remembered() -> None:
    memory, narrow = Memory(CPU), Narrow(2)
    memory.compute(batch_of(8), narrow, pytest.fail)
    narrow.sizes.clear()
    memory.compute(batch_of(8), narrow, pytest.fail)
    assert narrow.sizes == [2, 2, 2, 2]


def test_the_cpu_computes_what_is_left_when_not_one_image_fits(caplog: pytest.LogCaptureFixture) -> None:
    device = torch.device("cpu", 0)
    with caplog.at_level(logging.WARNING):
        computed = Memory(device).compute(batch_of(4), Narrow(0), lambda part: 2 * part)
    assert torch.equal(torch.cat(computed.parts), 2 * batch_of(4))
    assert computed.device == CPU
    assert computed.warnings == (f"The memory of {device} did not suffice; the CPU was used.",)
    assert "computing on the CPU" in caplog.text


def test_other_errors_are_not_taken_for_it() -> None:
    def broken(_part: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("The size of tensor a must match")

    with pytest.raises(RuntimeError, match="must match"):
        Memory(CPU).compute(batch_of(4), broken, pytest.fail)


def test_what_mps_says_counts_as_out_of_memory() -> None:
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"))
    assert not is_out_of_memory(ValueError("out of memory"))
