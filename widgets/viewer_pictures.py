"""Arrays as Qt's pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage


def picture_of_argb(argb: NDArray[np.uint32]) -> QImage:
    """A picture of (h, w) premultiplied ARGB; it owns its pixels."""
    argb = np.ascontiguousarray(argb)
    height, width = argb.shape
    return QImage(argb.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()


def picture_of(grey: NDArray[np.uint8]) -> QImage:
    """A picture of (h, w) grey or (h, w, 3) RGB that borrows the array, which must outlive it."""
    grey = np.ascontiguousarray(grey)
    height, width = grey.shape[:2]
    depth = QImage.Format.Format_Grayscale8 if grey.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(grey.data, width, height, grey.strides[0], depth)
