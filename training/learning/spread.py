"""Room for the pixels of many films: in memory while they are few, in a file where they are many.

A training reads a batch of them at a time. What lies in a file the operating system brings in and lets go as
it likes, so that a training of a hundred thousand films needs no more memory than one of ten thousand.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
import torch

IN_MEMORY = 256 << 20  # bytes: 5,000 films of 224 x 224
_CHUNK = 16 << 20


def room_for(shape: tuple[int, ...], folder: Path | None) -> torch.Tensor:
    """Zeros of a shape, uint8.

    Parameters
    ----------
    folder
        Where the file is made, if one is: it has no name that anybody else would find, and is gone with the
        tensor. None: memory, however many there are.

    Raises
    ------
    OSError
        There is no room for the file, which is written once in full: a memory map of a file with holes ends
        the process where the disk fills up later.
    """
    count = math.prod(shape)
    if folder is None or count <= IN_MEMORY:
        return torch.zeros(shape, dtype=torch.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder, suffix=".part") as stream:
        zeros = bytes(_CHUNK)
        for begin in range(0, count, _CHUNK):
            stream.write(zeros[: count - begin])
        stream.flush()
        return torch.from_numpy(np.memmap(stream, np.uint8, "r+", shape=shape))
