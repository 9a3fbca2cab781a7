"""Texts over a film: each line is drawn once, with a dark outline, and kept as a small picture.

Outlining a line means drawing it six times. A drag of the window changes one line in a dozen, so the
others come from memory.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from widgets import theme
from widgets.viewer_texts import CornerTexts, ScaleBar

_MARGIN = theme.space(3)
_OUTLINE = QColor(8, 9, 10, 200)
_KEPT = 128
_BESIDE_SCALE = 2  # lines at the bottom share their height with the scale bar
_AROUND = 2  # px around a line for its outline
_LineKey = tuple[str, str, int, int, float]


class TextPainter:
    """Draws the texts in the corners, the letters at the edges and the scale bar."""

    def __init__(self) -> None:
        self._lines: OrderedDict[_LineKey, tuple[QImage, float]] = OrderedDict()
        self._elided: OrderedDict[tuple[str, str, int], str] = OrderedDict()

    def paint_corners(
        self, painter: QPainter, room: QRectF, texts: CornerTexts, font: QFont
    ) -> tuple[float, float]:
        """Draw the lines inside `room`; the first at the top right is drawn heavier.

        Returns
        -------
        tuple of float
            Between which heights the middle of the room is free of texts.
        """
        line = math.ceil(QFontMetricsF(font).height() * 1.1)
        inner = room.adjusted(_MARGIN, _MARGIN - 2, -_MARGIN, -_MARGIN + 2)
        half = inner.width() * (0.5 if texts.top_left else 1.0) - theme.space(2)
        heavy = QFont(font)
        heavy.setWeight(QFont.Weight.DemiBold)
        text, amber = QColor(theme.TOKENS.text), QColor(theme.TOKENS.look_again)
        middle, free_from, free_to = inner.center().x(), inner.top(), inner.bottom()
        for number, words in enumerate(texts.top_left):
            top = inner.top() + number * line
            ends = self._line(painter, words, inner.left(), top, half, font, text)
            free_from = top + line if _crosses(ends, middle) else free_from
        for number, words in enumerate(texts.top_right):
            chosen = heavy if number == 0 else font
            top = inner.top() + number * line
            ends = self._line(painter, words, inner.right() - half, top, half, chosen, text, True)
            free_from = max(free_from, top + line) if _crosses(ends, middle) else free_from
        lower = [(words, amber) for words in texts.warnings] + [(words, text) for words in texts.bottom_left]
        for number, (words, colour) in enumerate(reversed(lower)):
            top = inner.bottom() - (number + 1) * line
            width = inner.width() * (0.7 if number < _BESIDE_SCALE else 1.0)
            ends = self._line(painter, words, inner.left(), top, width, font, colour)
            free_to = top if _crosses(ends, middle) else free_to
        return free_from, free_to

    def paint_orientation(
        self,
        painter: QPainter,
        room: QRectF,
        letters: tuple[str, str, str, str],
        font: QFont,
        free: tuple[float, float],
    ) -> None:
        """Draw the directions at the (left, top, right, bottom) edges, in the middle of each.

        Parameters
        ----------
        free
            Between which heights the middle of the room is free of other texts.
        """
        metrics = QFontMetricsF(font)
        colour = QColor(theme.TOKENS.look_again)
        middle = room.center()
        half = metrics.height() / 2
        left, top, right, bottom = letters
        wide = metrics.horizontalAdvance
        for words, x, y in (
            (left, room.left() + _MARGIN, middle.y() - half),
            (top, middle.x() - wide(top) / 2, free[0]),
            (right, room.right() - _MARGIN - wide(right), middle.y() - half),
            (bottom, middle.x() - wide(bottom) / 2, free[1] - metrics.height()),
        ):
            if words:
                self.draw(painter, QPointF(round(x), round(y + metrics.ascent())), words, font, colour)

    def paint_scale_bar(
        self, painter: QPainter, room: QRectF, bar: ScaleBar, ratio: float, font: QFont
    ) -> None:
        """Draw the scale bar at the lower right; `ratio` is physical pixels a px."""
        metrics = QFontMetricsF(font)
        length = bar.length_px / ratio
        right, bottom = round(room.right() - _MARGIN), round(room.bottom() - _MARGIN) - 1
        left = right - length
        for colour, width in ((_OUTLINE, 3.5), (QColor(theme.TOKENS.text), 1.5)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
            painter.drawLine(QPointF(left, bottom), QPointF(right, bottom))
            painter.drawLine(QPointF(left, bottom - 5), QPointF(left, bottom))
            painter.drawLine(QPointF(right, bottom - 5), QPointF(right, bottom))
        advance = metrics.horizontalAdvance(bar.text)
        at = QPointF(round(right - max(advance, (length + advance) / 2)), bottom - 9)
        self.draw(painter, at, bar.text, font, QColor(theme.TOKENS.text))

    def _line(
        self,
        painter: QPainter,
        words: str,
        left: float,
        top: float,
        width: float,
        font: QFont,
        colour: QColor,
        at_right: bool = False,
    ) -> tuple[float, float]:
        """Draw a line, shortened where it has to be; where it begins and ends."""
        metrics = QFontMetricsF(font)
        words = self._fitting(words, width, font, metrics)
        length = metrics.horizontalAdvance(words)
        if at_right:
            left += width - length
        self.draw(painter, QPointF(round(left), round(top + metrics.ascent())), words, font, colour)
        return left, left + length

    def _fitting(self, words: str, width: float, font: QFont, metrics: QFontMetricsF) -> str:
        key = words, font.key(), round(width)
        if key not in self._elided:
            self._elided[key] = metrics.elidedText(words, Qt.TextElideMode.ElideRight, width)
            if len(self._elided) > _KEPT:
                self._elided.popitem(last=False)
        return self._elided[key]

    def draw(self, painter: QPainter, at: QPointF, words: str, font: QFont, colour: QColor) -> None:
        """One line of text, its baseline at `at`, with a dark outline."""
        ratio = painter.device().devicePixelRatio()
        key = words, font.key(), font.weight().value, int(colour.rgba()), ratio
        kept = self._lines.pop(key, None)
        if kept is None:
            kept = _drawn_line(words, font, colour, ratio)
        self._lines[key] = kept
        if len(self._lines) > _KEPT:
            self._lines.popitem(last=False)
        picture, ascent = kept
        painter.drawImage(at - QPointF(_AROUND, ascent + _AROUND), picture)


def _crosses(ends: tuple[float, float], x: float) -> bool:
    """Whether a line comes too near to what stands in the middle."""
    return ends[0] < x + theme.space(3) and ends[1] > x - theme.space(3)


def _drawn_line(words: str, font: QFont, colour: QColor, ratio: float) -> tuple[QImage, float]:
    """A picture of a line, and how far below its top the baseline lies, less the room for the outline."""
    metrics = QFontMetricsF(font)
    ascent = math.ceil(metrics.ascent())
    width = math.ceil(metrics.horizontalAdvance(words) + 2 * _AROUND + 1)
    height = math.ceil(metrics.ascent() + metrics.descent() + 2 * _AROUND + 1)
    picture = QImage(
        math.ceil(width * ratio), math.ceil(height * ratio), QImage.Format.Format_ARGB32_Premultiplied
    )
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setFont(font)
    outlined_text(painter, QPointF(_AROUND, _AROUND + ascent), words, colour)
    painter.end()
    return picture, ascent


def outlined_text(painter: QPainter, at: QPointF, words: str, colour: QColor) -> None:
    """One line of text in the painter's font, its baseline at `at`, with a dark outline; nothing is kept."""
    painter.setPen(_OUTLINE)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1)):
        painter.drawText(at + QPointF(dx, dy), words)
    painter.setPen(colour)
    painter.drawText(at, words)
