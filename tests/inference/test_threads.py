"""Threads beside the one that computes leave its own number of threads as it was."""

from __future__ import annotations

import torch

from inference.threads import beside


def test_each_thread_of_a_pool_computes_alone_and_the_caller_as_before() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        with beside(2, "beside") as pool:
            assert list(pool.map(lambda _: torch.get_num_threads(), range(8))) == [1] * 8
            assert torch.get_num_threads() == 3
        with beside(1, "later") as pool:
            pool.submit(int).result()
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
