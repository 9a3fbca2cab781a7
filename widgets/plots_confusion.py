"""The confusion matrix, painted in the theme's colours."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets import theme
from widgets.plots import caption_font, draw_text
from widgets.theme import TOKENS, space


class ConfusionMatrix(QWidget):
    """Counts by what is true (rows) and what the model found most probable (columns).

    A cell's ground tells its share of the row; its number is the count, so nothing depends on shades alone.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._names: tuple[str, ...] = ()
        self._counts: tuple[tuple[int, ...], ...] = ()
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_title(self, title: str) -> None:
        self._title = title
        self.setAccessibleName(title)
        self.update()

    def set_matrix(self, names: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show counts, (n, n), for the n findings of these names."""
        self._names = tuple(names)
        self._counts = tuple(tuple(int(c) for c in row) for row in counts)
        said = [
            self.tr("{0} read as {1}: {2}").format(truth, found, count)
            for truth, row in zip(self._names, self._counts, strict=True)
            for found, count in zip(self._names, row, strict=True)
        ]
        self.setAccessibleDescription("; ".join(said))
        self.setToolTip("\n".join(said))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        lines = 4 * (theme.small_px() + space(1))
        return QSize(space(72), lines + len(self._names) * space(9) + space(1))

    def minimumSizeHint(self) -> QSize:
        return QSize(space(56), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(caption_font())
        line = painter.fontMetrics().height()
        whole = QRect(0, 0, self.width(), line)
        draw_text(painter, whole, self._title, TOKENS.text, Qt.AlignmentFlag.AlignLeft, is_strong=True)
        if not self._names:
            return
        left = min(
            max(painter.fontMetrics().horizontalAdvance(n) for n in self._names) + space(3), self.width() // 3
        )
        top = 3 * line + space(2)
        width = (self.width() - left) / len(self._names)
        height = space(9)
        corner = QRect(0, top - line - space(1), left - space(2), line)
        draw_text(painter, corner, self.tr("true ↓  model →"), TOKENS.text_quiet, Qt.AlignmentFlag.AlignLeft)
        for number, name in enumerate(self._names):
            head = QRect(round(left + number * width), line, round(width) - 4, 2 * line + space(1))
            painter.setPen(QColor(TOKENS.text_quiet))
            middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            painter.drawText(head, int(middle | Qt.TextFlag.TextWordWrap), name)
            side = QRect(0, top + number * height, left - space(2), height)
            draw_text(painter, side, name, TOKENS.text_quiet, Qt.AlignmentFlag.AlignLeft)
            for column in range(len(self._names)):
                cell = QRect(
                    round(left + column * width), top + number * height, round(width) - 2, height - 2
                )
                self._paint_cell(painter, cell, number, column)

    def _paint_cell(self, painter: QPainter, cell: QRect, row: int, column: int) -> None:
        count, total = self._counts[row][column], sum(self._counts[row])
        share = count / total if total else 0.0
        painter.fillRect(cell, QColor(TOKENS.raised))
        ground = QColor(TOKENS.accent)
        ground.setAlphaF(0.45 * share)  # light enough at most for the text upon it: 4.5:1
        painter.fillRect(cell, ground)
        is_right = row == column
        text = f"{count}" if not count else f"{count}  {share:.0%}"
        colour = TOKENS.text if count else TOKENS.text_quiet
        draw_text(painter, cell, text, colour, Qt.AlignmentFlag.AlignHCenter, is_strong=is_right)
