"""Writing arrays as picture files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to write, in a folder that is made if it is missing; no half of one stays behind.

    Raises
    ------
    OSError
        With `filename`, also where only writing failed (a full disk has no name of its own).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("wb")
    try:
        with file:
            yield file
    except OSError as error:
        if path.is_file():
            path.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W) grey or (H, W, 3) RGB uint8 as PNG, whatever the name's ending."""
    with written(path) as file:
        PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="PNG")
