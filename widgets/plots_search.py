"""Plots of a search: a line a trial through its settings, and how much each setting mattered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.plots import caption_font, draw_text
from widgets.theme import TOKENS, space

NEAR_PX = 8.0
_FAINT, _GROUND = 0.45, 0.85


@dataclass(frozen=True, slots=True)
class Axis:
    """An upright axis: numbers from `low` to `high`, or the names in `choices` from below."""

    name: str
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False
    choices: tuple[str, ...] = ()

    def place(self, value: float | str) -> float:
        """Where a value stands, from 0 (below) to 1."""
        if self.choices:
            last = max(len(self.choices) - 1, 1)
            return self.choices.index(str(value)) / last if value in self.choices else 0.0
        low, high, at = self.low, self.high, float(value)
        if self.is_log:
            low, high, at = (math.log(max(v, 1e-300)) for v in (low, high, at))
        return min(max((at - low) / (high - low), 0.0), 1.0) if high > low else 0.5


@dataclass(frozen=True, slots=True)
class Strand:
    """One trial: its number, and its value on each axis (None: not known yet)."""

    number: int
    values: tuple[float | str | None, ...]
    is_ended_early: bool = False


class ParallelChart(QWidget):
    """A line a trial from axis to axis. The best is drawn in the accent, the chosen one brightest; those that
    were ended early are dashed.

    Signals
    -------
    chosen(number)
        A line was clicked.
    """

    chosen = Signal(int)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._axes: tuple[Axis, ...] = ()
        self._strands: tuple[Strand, ...] = ()
        self._best = self._chosen = -1
        self._empty_text = self.tr("Lines begin with the first trial")
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_trials(self, axes: Sequence[Axis], strands: Sequence[Strand], best: int) -> None:
        """Replace everything; `best` is the number of the best trial, -1 for none."""
        self._axes, self._strands, self._best = tuple(axes), tuple(strands), best
        told = next((s for s in self._strands if s.number == best), None)
        self.setAccessibleDescription(self._in_words(told) if told is not None else self._empty_text)
        self.update()

    def choose(self, number: int) -> None:
        """Draw this trial brightest; -1 for none."""
        self._chosen = number
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(space(120), space(58))

    def minimumSizeHint(self) -> QSize:
        return QSize(space(60), space(44))

    def strand_at(self, place: QPointF) -> int | None:
        """The trial whose line passes here; None where there is none."""
        near: tuple[float, int] | None = None
        for strand in self._strands:
            points = self._points(strand)
            for a, b in pairwise(points):
                distance = _distance(place, a, b)
                if distance <= NEAR_PX and (near is None or distance < near[0]):
                    near = (distance, strand.number)
        return near[1] if near is not None else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.strand_at(event.position())
        if found is not None:
            self.chosen.emit(found)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(caption_font())
        line = painter.fontMetrics().height()
        title = QRect(0, 0, self.width(), line)
        draw_text(painter, title, self._title, TOKENS.text, Qt.AlignmentFlag.AlignLeft, is_strong=True)
        if len(self._axes) < 2:
            place = self.rect().adjusted(0, line, 0, 0)
            draw_text(painter, place, self._empty_text, TOKENS.text_quiet, Qt.AlignmentFlag.AlignCenter)
            return
        for number, axis in enumerate(self._axes):
            self._paint_axis(painter, number, axis, line)
        for strand in sorted(self._strands, key=self._rank):
            self._paint_strand(painter, strand)
        for number, axis in enumerate(self._axes):  # over the lines, so that they can be read
            self._paint_choices(painter, number, axis, line)

    def _rank(self, strand: Strand) -> int:
        """What is drawn later lies above."""
        return 2 * (strand.number == self._chosen) + (strand.number == self._best)

    def _paint_axis(self, painter: QPainter, number: int, axis: Axis, line: int) -> None:
        frame, x = self._frame(), self._across(number)
        painter.setPen(QPen(QColor(TOKENS.control), 1.0))
        painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
        align, left, width = self._beside(number)
        name = QRect(left, round(frame.top()) - 2 * line - space(1), width, line)
        draw_text(painter, name, axis.name, TOKENS.text, align)
        if not axis.choices:
            above = QRect(left, round(frame.top()) - line - space(1), width, line)
            below = QRect(left, round(frame.bottom()) + space(1), width, line)
            draw_text(painter, above, _short(axis.high), TOKENS.text_quiet, align)
            draw_text(painter, below, _short(axis.low), TOKENS.text_quiet, align)

    def _paint_choices(self, painter: QPainter, number: int, axis: Axis, line: int) -> None:
        x = round(self._across(number))
        for choice in axis.choices:
            y = round(self._up(axis.place(choice)))
            width = min(painter.fontMetrics().horizontalAdvance(choice) + space(2), round(self._step()))
            at = QRect(x + space(2), y - line // 2, width, line)
            ground = QColor(TOKENS.panel)
            ground.setAlphaF(_GROUND)
            painter.fillRect(at.adjusted(-2, 0, 0, 0), ground)
            draw_text(painter, at, choice, TOKENS.text_quiet, Qt.AlignmentFlag.AlignLeft)

    def _paint_strand(self, painter: QPainter, strand: Strand) -> None:
        points = self._points(strand)
        colour, width = QColor(TOKENS.text_quiet), 1.25
        colour.setAlphaF(_FAINT)
        if strand.number == self._best:
            colour, width = QColor(TOKENS.accent), 2.25
        if strand.number == self._chosen:
            colour, width = QColor(TOKENS.text), 2.25
        style = Qt.PenStyle.DashLine if strand.is_ended_early else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, width, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
        if strand.number in (self._best, self._chosen) and points:
            painter.setBrush(colour)
            for point in points:
                painter.drawEllipse(point, 2.5, 2.5)

    # Places

    def _frame(self) -> QRectF:
        line = self.fontMetrics().height()
        side = float(space(3))
        return QRectF(side, 3 * line + space(3), self.width() - 2 * side, self.height() - 4 * line - space(5))

    def _step(self) -> float:
        return self._frame().width() / max(len(self._axes) - 1, 1)

    def _across(self, number: int) -> float:
        return self._frame().left() + number * self._step()

    def _up(self, share: float) -> float:
        frame = self._frame()
        return frame.bottom() - share * frame.height()

    def _beside(self, number: int) -> tuple[Qt.AlignmentFlag, int, int]:
        """How an axis' texts are aligned, and their left edge and width."""
        x, step = round(self._across(number)), round(self._step())
        if number == 0:
            return Qt.AlignmentFlag.AlignLeft, x - space(2), step * 2 // 3
        if number == len(self._axes) - 1:
            width = step * 2 // 3
            return Qt.AlignmentFlag.AlignRight, x - width + space(2), width
        return Qt.AlignmentFlag.AlignHCenter, x - step // 2 + space(1), step - space(2)

    def _points(self, strand: Strand) -> list[QPointF]:
        return [
            QPointF(self._across(number), self._up(axis.place(value)))
            for number, (axis, value) in enumerate(zip(self._axes, strand.values, strict=True))
            if value is not None
        ]

    def _in_words(self, strand: Strand) -> str:
        told = [
            f"{axis.name} {value if isinstance(value, str) else _short(value)}"
            for axis, value in zip(self._axes, strand.values, strict=True)
            if value is not None
        ]
        return self.tr("Best, trial {0}: {1}").format(strand.number + 1, ", ".join(told))


class ImportanceChart(QWidget):
    """A bar a setting: the share of the differences between trials that it accounts for."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._bars: tuple[tuple[str, float], ...] = ()
        self._empty_text = self.tr("Told from four finished trials on")
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def bars(self) -> tuple[tuple[str, float], ...]:
        return self._bars

    def show_shares(self, shares: Mapping[str, float]) -> None:
        """Shares by what people call the setting, the largest first; empty where they are not known."""
        self._bars = tuple(sorted(shares.items(), key=lambda bar: -bar[1]))
        said = [f"{name} {share:.0%}" for name, share in self._bars]
        self.setAccessibleDescription(", ".join(said) or self._empty_text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(space(60), space(58))

    def minimumSizeHint(self) -> QSize:
        return QSize(space(40), space(30))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(caption_font())
        line = painter.fontMetrics().height()
        title = QRect(0, 0, self.width(), line)
        draw_text(painter, title, self._title, TOKENS.text, Qt.AlignmentFlag.AlignLeft, is_strong=True)
        if not self._bars:
            place = self.rect().adjusted(0, line, 0, 0)
            draw_text(painter, place, self._empty_text, TOKENS.text_quiet, Qt.AlignmentFlag.AlignCenter)
            return
        metrics = painter.fontMetrics()
        number_width = metrics.horizontalAdvance("100%") + space(1)
        wanted = max(metrics.horizontalAdvance(name) for name, _ in self._bars) + space(3)
        left = min(wanted, self.width() // 2)
        room = self.width() - left - number_width - space(2)
        top, step = 2 * line, line + space(2)
        for row, (name, share) in enumerate(self._bars):
            y = top + row * step
            at = QRect(0, y, left - space(2), line)
            draw_text(painter, at, name, TOKENS.text_quiet, Qt.AlignmentFlag.AlignLeft)
            bar = QRectF(left, y + line / 4, max(room * share, 1.0), line / 2)
            painter.fillRect(QRectF(left, y + line / 4, room, line / 2), QColor(TOKENS.raised))
            painter.fillRect(bar, QColor(TOKENS.accent))
            number = QRect(self.width() - number_width, y, number_width, line)
            draw_text(painter, number, f"{share:.0%}", TOKENS.text, Qt.AlignmentFlag.AlignRight)


def _short(value: float) -> str:
    """A number in three digits."""
    return f"{value:.3g}"


def _distance(p: QPointF, a: QPointF, b: QPointF) -> float:
    """From a point to the stretch from a to b."""
    across, down = b.x() - a.x(), b.y() - a.y()
    length = across * across + down * down
    t = 0.0 if length == 0 else ((p.x() - a.x()) * across + (p.y() - a.y()) * down) / length
    t = min(max(t, 0.0), 1.0)
    return math.hypot(p.x() - a.x() - t * across, p.y() - a.y() - t * down)
