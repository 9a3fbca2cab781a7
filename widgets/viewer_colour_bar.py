"""The colour bar beside a heatmap: which colour is how much evidence."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from inference.contours import Contour
from inference.overlay import HeatmapStyle, argb_table, contour_picture, contour_styles
from inference.prediction import Heatmap
from widgets import theme
from widgets.evidence_methods import SPREAD
from widgets.viewer_heatmap import argb_of_bgra
from widgets.viewer_pictures import picture_of_argb
from widgets.viewer_text_painting import outlined_text
from widgets.viewer_texts import number_text

_BAR = theme.space(3)
_HEIGHT = theme.space(48)
_LEAST_APART = 0.4  # a threshold above it would stand on the value in the middle


class ColourBar(QWidget):
    """A strip from no evidence to the strongest of this image, in the style in force."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Colour bar of the heatmap: evidence, not location"))
        self._heatmap: Heatmap | None = None
        self._style = HeatmapStyle()
        self._title = ""
        self._font = theme.figures(self.font())
        self._font.setPixelSize(theme.small_px())

    def show_heatmap(self, heatmap: Heatmap, style: HeatmapStyle, title: str) -> None:
        """Show the scale of a heatmap; `title` says what it is evidence of."""
        self._heatmap, self._style, self._title = heatmap, style, title
        self._font = theme.figures(self.font())
        self._font.setPixelSize(theme.small_px())
        self.setAccessibleDescription(
            self.tr("{finding}, 0 to {peak}").format(finding=title, peak=number_text(heatmap.peak))
        )
        self.resize(self.sizeHint())
        self.update()

    @property
    def lines(self) -> tuple[str, ...]:
        """The words under the bar."""
        if self._heatmap is not None and self._heatmap.method == SPREAD:
            return (self._title, self.tr("spread over"), self.tr("repeated runs"))
        return (self._title, self.tr("evidence,"), self.tr("not location"))

    @property
    def values(self) -> tuple[str, ...]:
        """The numbers beside the bar, from the top."""
        peak = 0.0 if self._heatmap is None else self._heatmap.peak
        return tuple(number_text(peak * part) for part in self._marked())

    def sizeHint(self) -> QSize:
        heavy = QFont(self._font)
        heavy.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetricsF(heavy)
        widest = max(metrics.horizontalAdvance(line) for line in (*self.lines, "0.000"))
        height = _HEIGHT + metrics.height() * (len(self.lines) + 1) + theme.space(3)
        return QSize(round(max(widest, _BAR + 60)) + theme.space(3), round(height))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar at the right edge, its values beside it, its words below it."""
        if self._heatmap is None:
            return
        painter = QPainter(self)
        metrics = QFontMetricsF(self._font)
        text = QColor(theme.TOKENS.text)
        painter.setFont(self._font)
        right = self.width() - theme.space(1)
        top = round(metrics.height() / 2) + 1
        bar = QRectF(right - _BAR, top, _BAR, _HEIGHT)
        painter.fillRect(bar.adjusted(-1, -1, 1, 1), QColor(theme.TOKENS.control))
        painter.fillRect(bar, QColor(theme.TOKENS.film))
        self._paint_scale(painter, bar)
        for part, words in zip(self._marked(), self.values, strict=True):
            y = bar.top() + (1.0 - part) * _HEIGHT
            at = QPointF(
                bar.left() - theme.space(2) - metrics.horizontalAdvance(words), y + metrics.ascent() / 2 - 1
            )
            outlined_text(painter, QPointF(round(at.x()), round(at.y())), words, text)
        baseline = bar.bottom() + theme.space(2) + metrics.ascent()
        heavy = QFont(self._font)
        heavy.setWeight(QFont.Weight.DemiBold)
        for number, line in enumerate(self.lines):
            painter.setFont(heavy if number == 0 else self._font)
            advance = QFontMetricsF(painter.font()).horizontalAdvance(line)
            y = baseline + number * metrics.height()
            outlined_text(painter, QPointF(round(right - advance), round(y)), line, text)
        painter.end()

    def _marked(self) -> tuple[float, ...]:
        """The shares of the peak whose values stand beside the bar: what is drawn begins and ends there."""
        if self._style.mode == "contours":
            return tuple(line.level for line in reversed(contour_styles(self._style)))
        threshold = self._style.threshold
        return (1.0, 0.5, threshold) if threshold <= _LEAST_APART else (1.0, threshold)

    def _paint_scale(self, painter: QPainter, bar: QRectF) -> None:
        """Every strength as it is drawn over the film: all of them, or the lines alone."""
        if self._style.mode != "contours":
            painter.drawImage(bar, _strip(self._style))
            return
        across = {
            line.level: (Contour(np.array([[line.level, -1.0], [line.level, 2.0]]), is_closed=False),)
            for line in contour_styles(self._style)
        }
        ratio = self.devicePixelRatioF()
        size = round(bar.height() * ratio), round(bar.width() * ratio)
        to_picture = np.array([[size[1], 0.0, 0.0], [0.0, -size[0], size[0]]])
        lines = contour_picture(across, self._style, to_picture, size, ratio)
        painter.drawImage(bar, picture_of_argb(argb_of_bgra(lines)))


def _strip(style: HeatmapStyle) -> QImage:
    """(256, 1) picture of all strengths, the strongest on top."""
    return picture_of_argb(argb_table(style)[::-1].reshape(-1, 1))
