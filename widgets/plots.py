"""Charts of a training and an evaluation, painted in the theme's colours.

They are drawn here, with a `QPainter`, because a plotting library would bring a style, a start-up time and a
size of its own for some simple figures. Series differ by stroke as well as by colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets import theme
from widgets.theme import TOKENS, space

STROKES: tuple[tuple[str, Qt.PenStyle], ...] = (
    (TOKENS.accent, Qt.PenStyle.SolidLine),
    (TOKENS.text, Qt.PenStyle.DashLine),
    (TOKENS.text_quiet, Qt.PenStyle.DotLine),
)
"""Colour and stroke of the first, second and third series."""


@dataclass(frozen=True, slots=True)
class Series:
    """A named line; `points` are (x, y) in the chart's units, in the order in which they are joined."""

    name: str
    points: tuple[tuple[float, float], ...]


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between low and high, at most about `most` of them."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


class Chart(QWidget):
    """A title, a frame with round numbers, a legend, and series joined by lines.

    Parameters
    ----------
    title, x_name, y_name
        What it shows; the title is also its accessible name.
    limits
        (x low, x high, y low, y high); None fits the axes to the points, y from zero.
    """

    shows_diagonal = False
    is_square = False
    counts_x = False

    def __init__(
        self,
        title: str,
        x_name: str,
        y_name: str,
        limits: tuple[float, float, float, float] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._x_name, self._y_name = title, x_name, y_name
        self._x_limits = None if limits is None else limits[:2]
        self._y_limits = None if limits is None else limits[2:]
        self._series: tuple[Series, ...] = ()
        self._empty_text = self.tr("Nothing to draw yet")
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def series(self) -> tuple[Series, ...]:
        return self._series

    def set_title(self, title: str) -> None:
        self._title = title
        self.setAccessibleName(title)
        self.update()

    def set_limits(self, x: tuple[float, float], y: tuple[float, float] | None = None) -> None:
        """Low and high; without `y` the axis fits the points."""
        self._x_limits, self._y_limits = x, y
        self.update()

    def set_empty_text(self, text: str) -> None:
        """What stands in the chart while there are no points."""
        self._empty_text = text
        self.update()

    def set_series(self, series: Sequence[Series]) -> None:
        """Replace every line; the last point of each is told to screen readers."""
        self._series = tuple(series)
        ends = [f"{s.name}: {s.points[-1][1]:.3g}" for s in self._series if s.points]
        self.setAccessibleDescription(", ".join(ends) or self._empty_text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(space(60), space(55) if self.is_square else space(45))

    def minimumSizeHint(self) -> QSize:
        return QSize(space(40), space(40))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(caption_font())
        line = painter.fontMetrics().height()
        title = QRect(0, 0, self.width(), line)
        draw_text(painter, title, self._title, TOKENS.text, Qt.AlignmentFlag.AlignLeft, is_strong=True)
        top = line + space(1)
        if len(self._series) > 1 or (self._series and self._series[0].name != self._title):
            self._paint_legend(painter, QRect(0, top, self.width(), line))
            top += line
        frame = self._frame(line, top + space(1))
        if not any(series.points for series in self._series):
            painter.setPen(QColor(TOKENS.line))
            painter.drawRect(frame)
            draw_text(
                painter, frame.toRect(), self._empty_text, TOKENS.text_quiet, Qt.AlignmentFlag.AlignCenter
            )
            return
        limits = self._limits()
        self._paint_axes(painter, frame, limits, line)
        self._paint_series(painter, frame, limits)

    def _frame(self, line: int, top: int) -> QRectF:
        left = line + space(7)
        frame = QRectF(left, top, self.width() - left - space(2), self.height() - top - 2 * line - space(2))
        if self.is_square:
            side = min(frame.width(), frame.height())
            frame = QRectF(left, top, side, side)
        return frame

    def _limits(self) -> tuple[float, float, float, float]:
        fitted = self._fitted()
        return (*(self._x_limits or fitted[:2]), *(self._y_limits or fitted[2:]))

    def _fitted(self) -> tuple[float, float, float, float]:
        xs = [x for series in self._series for x, _ in series.points]
        ys = [y for series in self._series for _, y in series.points if math.isfinite(y)]
        low_x, high_x = min(xs), max(xs)
        high_y = max(ys, default=1.0) or 1.0
        return (low_x, high_x if high_x > low_x else low_x + 1, 0.0, high_y * 1.05)

    def _paint_legend(self, painter: QPainter, place: QRect) -> None:
        x = place.left()
        for number, series in enumerate(self._series):
            middle = place.center().y() + 1
            painter.setPen(stroke(number))
            painter.drawLine(x, middle, x + space(5), middle)
            x += space(6)
            width = painter.fontMetrics().horizontalAdvance(series.name) + 2
            text = QRect(x, place.top(), width, place.height())
            draw_text(painter, text, series.name, TOKENS.text_quiet, Qt.AlignmentFlag.AlignLeft)
            x += width + space(3)

    def _paint_axes(
        self, painter: QPainter, frame: QRectF, limits: tuple[float, float, float, float], line: int
    ) -> None:
        low_x, high_x, low_y, high_y = limits
        for y in nice_ticks(low_y, high_y, max(int(frame.height() // (2 * line)), 2)):
            at = _place(frame, limits, low_x, y).y()
            painter.setPen(QColor(TOKENS.line))
            painter.drawLine(QPointF(frame.left(), at), QPointF(frame.right(), at))
            text = QRect(0, round(at) - line // 2, round(frame.left()) - space(2), line)
            draw_text(painter, text, f"{y:g}", TOKENS.text_quiet, Qt.AlignmentFlag.AlignRight)
        below = round(frame.bottom()) + space(1)
        for x in nice_ticks(low_x, high_x, max(int(frame.width() // space(10)), 2)):
            if self.counts_x and x != round(x):
                continue
            at = _place(frame, limits, x, low_y).x()
            text = QRect(round(at) - space(5), below, space(10), line)
            draw_text(painter, text, f"{x:g}", TOKENS.text_quiet, Qt.AlignmentFlag.AlignHCenter)
        painter.setPen(QColor(TOKENS.control))
        painter.drawLine(frame.bottomLeft(), frame.bottomRight())
        names = QRect(round(frame.left()), below + line, round(frame.width()), line)
        draw_text(painter, names, self._x_name, TOKENS.text_quiet, Qt.AlignmentFlag.AlignRight)
        painter.save()
        painter.translate(0, frame.bottom())
        painter.rotate(-90)
        upright = QRect(0, 0, round(frame.height()), line)
        draw_text(painter, upright, self._y_name, TOKENS.text_quiet, Qt.AlignmentFlag.AlignRight)
        painter.restore()
        if self.shows_diagonal:
            painter.setPen(QPen(QColor(TOKENS.control), 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(frame.bottomLeft(), frame.topRight())

    def _paint_series(
        self, painter: QPainter, frame: QRectF, limits: tuple[float, float, float, float]
    ) -> None:
        painter.setClipRect(frame.adjusted(-3, -3, 3, 3))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for number, series in reversed(list(enumerate(self._series))):
            places = [_place(frame, limits, x, y) for x, y in series.points if math.isfinite(y)]
            painter.setPen(stroke(number))
            painter.drawPolyline(QPolygonF(places))
            if len(places) == 1:
                painter.drawEllipse(places[0], 2.5, 2.5)
        painter.setClipping(False)


class LineChart(Chart):
    """Figures by epoch; grows as they come."""

    counts_x = True  # there is no half epoch

    def append(self, name: str, x: float, y: float) -> None:
        """Add a point to the line of this name, which begins with it if it is new."""
        known = {series.name: series.points for series in self._series}
        known[name] = (*known.get(name, ()), (x, y))
        self.set_series([Series(n, points) for n, points in known.items()])

    def clear(self) -> None:
        self.set_series([])


class RocChart(Chart):
    """Sensitivity over 1 - specificity; points are (false positive rate, true positive rate)."""

    shows_diagonal = True
    is_square = True

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, "", "", (0.0, 1.0, 0.0, 1.0), parent)
        self._x_name, self._y_name = self.tr("1 − specificity"), self.tr("sensitivity")


class PrecisionRecallChart(Chart):
    """Precision over sensitivity; points are (recall, precision), from the surest films to all of them."""

    is_square = True

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, "", "", (0.0, 1.0, 0.0, 1.0), parent)
        self._x_name, self._y_name = self.tr("sensitivity"), self.tr("precision")


class ReliabilityChart(Chart):
    """How often a finding is there, over how probable the model says it is; dotted: exactly as often."""

    shows_diagonal = True
    is_square = True

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, "", "", (0.0, 1.0, 0.0, 1.0), parent)
        self._x_name, self._y_name = self.tr("stated probability"), self.tr("observed share")

    def _paint_series(
        self, painter: QPainter, frame: QRectF, limits: tuple[float, float, float, float]
    ) -> None:
        super()._paint_series(painter, frame, limits)
        for number, series in enumerate(self._series):
            painter.setPen(QPen(stroke(number).color(), 1.5))
            painter.setBrush(QColor(TOKENS.panel))
            for x, y in series.points:
                painter.drawEllipse(_place(frame, limits, x, y), 3.0, 3.0)


def stroke(number: int) -> QPen:
    """The pen of a chart's series by its place."""
    colour, style = STROKES[number % len(STROKES)]
    return QPen(QColor(colour), 1.75, style)


def caption_font() -> QFont:
    font = theme.figures(QFont())
    font.setPixelSize(theme.small_px())
    return font


def draw_text(
    painter: QPainter,
    place: QRect,
    text: str,
    colour: str,
    align: Qt.AlignmentFlag,
    *,
    is_strong: bool = False,
) -> None:
    """Draw one line in its place, shortened where it does not fit."""
    font = painter.font()
    font.setWeight(QFont.Weight.DemiBold if is_strong else QFont.Weight.Normal)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, int(align | Qt.AlignmentFlag.AlignVCenter), shown)


def _place(frame: QRectF, limits: tuple[float, float, float, float], x: float, y: float) -> QPointF:
    low_x, high_x, low_y, high_y = limits
    across = (x - low_x) / (high_x - low_x)
    up = (y - low_y) / (high_y - low_y)
    return QPointF(frame.left() + across * frame.width(), frame.bottom() - up * frame.height())
