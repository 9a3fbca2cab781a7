"""Films made in memory for the tests of the viewer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from studies.image import Header, Image


def header(rows: int = 60, columns: int = 80, **fields: Any) -> Header:
    values: dict[str, Any] = {
        "path": "/films/a.dcm",
        "kind": "dicom",
        "sop_instance_uid": "1.2.3",
        "study_instance_uid": "1.2",
        "series_instance_uid": "1.2.1",
        "rows": rows,
        "columns": columns,
        "modality": "DX",
    }
    return Header(**(values | fields))


def film(
    pixels: NDArray[Any], frame: int = 1, header_fields: dict[str, Any] | None = None, **fields: Any
) -> Image:
    """An image of these stored values; 16 bit unless its pixels are 8 bit or real numbers."""
    bits = 8 if pixels.dtype == np.uint8 else 16
    signed = pixels.dtype.kind == "i"
    low = -(1 << (bits - 1)) if signed else 0
    values: dict[str, Any] = {
        "header": header(*pixels.shape[:2], **(header_fields or {})),
        "frame": frame,
        "pixels": pixels,
        "stored_range": (float(low), float(low + (1 << bits) - 1)),
        "bits_stored": bits,
    }
    return Image(**(values | fields))


def noise(rows: int = 60, columns: int = 80, seed: int = 0, top: int = 4096) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, top, (rows, columns)).astype(np.uint16)
