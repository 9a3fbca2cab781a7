"""How a case is drawn: its film, what was decided, how alike it is and when it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from widgets import theme
from widgets.thumbnails import GAP, Index, draw_thumbnail

if TYPE_CHECKING:
    from widgets.similar import SimilarCase, SimilarModel

_SIDE = theme.space(22)
_LINES = 3


class SimilarDelegate(QStyledItemDelegate):
    """A thumbnail with three lines below it."""

    def __init__(self, model: SimilarModel) -> None:
        super().__init__()
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All are equally large."""
        return QSize(_SIDE + 2 * GAP, _SIDE + 4 * GAP + _LINES * _line_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one case."""
        case, whole, state = self._model.item_at(index), option.rect, option.state
        painter.save()
        if state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(whole, QColor(theme.TOKENS.raised))
        place = QRect(whole.left() + GAP, whole.top() + GAP, _SIDE, _SIDE)
        draw_thumbnail(painter, self._model.picture_for(case.key), place)
        if self._model.compared == case.key:
            painter.setPen(QPen(QColor(theme.TOKENS.accent), 2))
            painter.drawRect(place.adjusted(1, 1, -1, -1))
        elif state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(theme.TOKENS.accent), 1, Qt.PenStyle.DotLine))
            painter.drawRect(place.adjusted(0, 0, -1, -1))
        self._write(painter, case, place)
        painter.restore()

    def _write(self, painter: QPainter, case: SimilarCase, place: QRect) -> None:
        tokens = theme.TOKENS
        when = self.tr("same patient") if case.is_same_patient else case.date
        lines = (
            (case.decision, tokens.text),
            (case.likeness, tokens.text_quiet),
            (when, tokens.look_again if case.is_same_patient else tokens.text_quiet),
        )
        top = place.bottom() + 1 + GAP
        font = theme.figures(painter.font())
        font.setPixelSize(theme.small_px())
        painter.setFont(font)
        for words, colour in lines:
            painter.setPen(QColor(colour))
            line = QRect(place.left(), top, place.width(), _line_height())
            shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
            top += _line_height()


def _line_height() -> int:
    return round(theme.small_px() * 1.4)
