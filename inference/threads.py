"""Threads that work beside the one that computes, each on one core."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import torch


def decoders() -> ThreadPoolExecutor:
    """As many threads as decode what comes next while the others compute."""
    return beside(max(1, torch.get_num_threads() // 2), "decode")


def beside(count: int, name: str) -> ThreadPoolExecutor:
    """A pool of `count` threads, started, in which torch uses one thread each.

    What they do is many small things one after the other; with torch's own threads below each of them they
    would wait for each other. torch remembers the number that was last set for threads to come, so that the
    caller's own is set again when all have begun.
    """
    own = torch.get_num_threads()
    started = threading.Barrier(count + 1)

    def begin() -> None:
        torch.get_num_threads()  # or torch would set the caller's number at the first thing that is computed
        torch.set_num_threads(1)
        started.wait()

    pool = ThreadPoolExecutor(count, thread_name_prefix=name, initializer=begin)
    for _ in range(count):
        pool.submit(int)  # a thread begins when there is something to do and nobody is free
    started.wait()
    torch.set_num_threads(own)
    return pool
