"""Writing arrays as picture files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W) grey or (H, W, 3) RGB uint8 as PNG, whatever the name's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="PNG")
