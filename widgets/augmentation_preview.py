"""What augmentation makes of a film: nine of its variants, side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme import TOKENS, space

COLUMNS = ROWS = 3


class AugmentationPreview(QWidget):
    """A square of nine films, or a sentence where there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._films: list[QImage] = []
        self._words = ""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(self.tr("What the training makes of a film"))
        self.say(self.tr("Decide a film first; its variants are shown here."))

    def show_variants(self, variants: NDArray[np.uint8]) -> None:
        """Show (N, S, S) greys, the first nine of them."""
        self._films = [_image_of(film) for film in variants[: ROWS * COLUMNS]]
        self._words = ""
        told = self.tr("{0} variants of one of the collected films, as single epochs show them to the model")
        self.setAccessibleDescription(told.format(len(self._films)))
        self.setToolTip(self.accessibleDescription())
        self.updateGeometry()
        self.update()

    def say(self, words: str) -> None:
        """Show a sentence in place of films."""
        self._films, self._words = [], words
        self.setAccessibleDescription(words)
        self.setToolTip("")
        self.updateGeometry()
        self.update()

    @property
    def count(self) -> int:
        """How many films are shown."""
        return len(self._films)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return width if self._films else space(18)

    def sizeHint(self) -> QSize:
        return QSize(space(72), self.heightForWidth(space(72)))

    def minimumSizeHint(self) -> QSize:
        return QSize(space(30), space(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not self._films:
            painter.setPen(QColor(TOKENS.text_quiet))
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), int(flags), self._words)
            return
        gap = space(1)
        side = (min(self.width(), self.height()) - gap * (COLUMNS - 1)) // COLUMNS
        for number, film in enumerate(self._films):
            row, column = divmod(number, COLUMNS)
            painter.drawImage(QRect(column * (side + gap), row * (side + gap), side, side), film)


def _image_of(film: NDArray[np.uint8]) -> QImage:
    held = np.ascontiguousarray(film)
    rows, columns = held.shape
    return QImage(held.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
