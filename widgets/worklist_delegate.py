"""Draws a study's row: who it is, what was made, what the model suggests, what is left to do."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from widgets import theme
from widgets.numbers import probability_text
from widgets.theme import TOKENS, space
from widgets.words import in_words
from widgets.worklist_model import ROW_ROLE, Row, Status, name_of, status_text

THUMBNAIL_PX = 64
TEXT_LINES = 5
_KEPT_PIXMAPS = 400

STATUS_LOOKS: dict[Status, tuple[str, str]] = {
    "to read": ("circle-outline", TOKENS.text),
    "part read": ("circle-half-full", TOKENS.text),
    "read": ("check", TOKENS.saved),
    "no suggestion": ("minus-circle-outline", TOKENS.text_quiet),
    "reading failed": ("alert-circle-outline", TOKENS.failed),
}
"""Icon and colour of every status; the word always stands beside them."""


def row_height() -> int:
    """Height of a row in px: five lines of text, never less than the thumbnail."""
    line = QFontMetrics(_font()).height() + 1
    return max(TEXT_LINES * line, THUMBNAIL_PX) + space(4)


def _font(is_strong: bool = False) -> QFont:
    font = theme.figures(QFont())
    font.setPixelSize(theme.text_px())
    font.setWeight(QFont.Weight.DemiBold if is_strong else QFont.Weight.Normal)
    return font


def _image_of(row: Row) -> QImage:
    """The thumbnail as an image of its own memory."""
    pixels = row.thumbnail
    assert pixels is not None
    is_colour = pixels.ndim == 3
    layout = QImage.Format.Format_RGB888 if is_colour else QImage.Format.Format_Grayscale8
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, width * (3 if is_colour else 1), layout).copy()


class StudyDelegate(QStyledItemDelegate):
    """Paints rows of a `WorklistModel`; keeps the pixmaps of the rows last seen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pixmaps: dict[tuple[str, int, float], QPixmap] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(space(40), row_height())

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, Row):
            return
        painter.save()
        place: QRect = option.rect
        self._paint_ground(painter, option, place)
        inner = place.adjusted(space(3), space(2), -space(3), -space(2))
        film = QRect(inner.left(), inner.center().y() - THUMBNAIL_PX // 2, THUMBNAIL_PX, THUMBNAIL_PX)
        self._paint_film(painter, row, film)
        self._paint_text(painter, row, inner.adjusted(THUMBNAIL_PX + space(3), 0, 0, 0))
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, place: QRect) -> None:
        state = option.state
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        if is_chosen:
            painter.fillRect(place, QColor(TOKENS.selection))
            painter.fillRect(QRect(place.left(), place.top(), 3, place.height()), QColor(TOKENS.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(place, QColor(TOKENS.raised))
        painter.fillRect(QRect(place.left(), place.bottom(), place.width(), 1), QColor(TOKENS.line))
        if is_chosen and state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(TOKENS.accent))
            painter.drawRect(place.adjusted(0, 0, -1, -1))

    def _paint_film(self, painter: QPainter, row: Row, film: QRect) -> None:
        painter.fillRect(film, QColor(TOKENS.film))
        if row.thumbnail is None:
            painter.setPen(QColor(TOKENS.line))
            painter.drawRect(film.adjusted(0, 0, -1, -1))
            return
        ratio = painter.device().devicePixelRatioF()
        pixmap = self._pixmap(row, ratio)
        size = pixmap.deviceIndependentSize().toSize()
        painter.drawPixmap(
            film.left() + (film.width() - size.width()) // 2,
            film.top() + (film.height() - size.height()) // 2,
            pixmap,
        )

    def _pixmap(self, row: Row, ratio: float) -> QPixmap:
        key = (row.study_uid, id(row.thumbnail), ratio)
        kept = self._pixmaps.get(key)
        if kept is not None:
            return kept
        side = round(THUMBNAIL_PX * ratio)
        scaled = _image_of(row).scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        pixmap = QPixmap.fromImage(scaled)
        pixmap.setDevicePixelRatio(ratio)
        if len(self._pixmaps) >= _KEPT_PIXMAPS:
            self._pixmaps.pop(next(iter(self._pixmaps)))
        self._pixmaps[key] = pixmap
        return pixmap

    def _paint_text(self, painter: QPainter, row: Row, place: QRect) -> None:
        who = "  ".join(part for part in (row.patient_id, row.birth_date, row.sex) if part)
        lines = _lines(place, TEXT_LINES if who else TEXT_LINES - 1)
        painter.setFont(_font())
        taken = self._paint_urgency(painter, row, lines[0])
        painter.setFont(_font(is_strong=row.status != "read"))
        name = name_of(row) or self.tr("Name not in the file")
        _draw(painter, lines[0].adjusted(0, 0, -taken, 0), name, TOKENS.text)
        painter.setFont(_font())
        if who:
            _draw(painter, lines[1], who, TOKENS.text_quiet)
        made = "  ".join(part for part in (row.modality, row.date, row.description) if part)
        _draw(painter, lines[-3], made, TOKENS.text_quiet)
        self._paint_suggestion(painter, row, lines[-2])
        taken = self._paint_status(painter, row, lines[-1])
        rest = lines[-1].adjusted(taken + space(3), 0, 0, 0)
        if row.decided:
            _draw(painter, rest, row.decided, TOKENS.text)
        elif row.adapted is not None and row.adapted != row.suggestion:
            self._paint_named(painter, rest, f"→ {row.adapted}", probability_text(row.adapted_confidence))
        elif row.images > 1:
            _draw(painter, rest, self.tr("{0} images").format(row.images), TOKENS.text_quiet)

    def _paint_urgency(self, painter: QPainter, row: Row, place: QRect) -> int:
        """Draw flag and word at the right of a study that is marked; return the width they take in px."""
        if not row.urgent_by:
            return 0
        colour = TOKENS.look_again if row.is_urgent else TOKENS.text_quiet
        word = self.tr("urgent")
        width = space(5) + painter.fontMetrics().horizontalAdvance(word) + 2
        left = place.right() + 1 - width
        flag = theme.icon("flag" if row.is_urgent else "flag-outline", colour)
        flag.paint(painter, QRect(left, place.center().y() - 6, 14, 14))
        _draw(painter, QRect(left + space(5), place.top(), width - space(5), place.height()), word, colour)
        return width + space(2)

    def _paint_status(self, painter: QPainter, row: Row, place: QRect) -> int:
        """Draw icon and word; return the width they take in px."""
        name, colour = STATUS_LOOKS[row.status]
        word = status_text(row.status)
        theme.icon(name, colour).paint(painter, QRect(place.left(), place.center().y() - 6, 14, 14))
        _draw(painter, place.adjusted(space(5), 0, 0, 0), word, colour)
        return space(5) + painter.fontMetrics().horizontalAdvance(word)

    def _paint_suggestion(self, painter: QPainter, row: Row, place: QRect) -> None:
        if row.suggestion is not None:
            number = probability_text(row.confidence)
            if row.adapted_confidence is not None and row.adapted == row.suggestion:
                number = f"{number} → {probability_text(row.adapted_confidence)}"
            self._paint_named(painter, place, row.suggestion, number)
        elif row.is_hidden:
            icon = QRect(place.left(), place.center().y() - 6, 14, 14)
            theme.icon("eye-off-outline", TOKENS.text_quiet).paint(painter, icon)
            _draw(painter, place.adjusted(space(5), 0, 0, 0), self.tr("answer first"), TOKENS.text_quiet)
        elif row.is_waiting:
            bar = QRect(place.left(), place.center().y() - 3, min(place.width(), space(22)), space(2))
            painter.fillRect(bar, QColor(TOKENS.hover))
        else:
            _draw(painter, place, in_words(row.note), TOKENS.text_quiet)

    def _paint_named(self, painter: QPainter, place: QRect, name: str, number: str) -> None:
        """Draw a name and, right behind it, its number, which is never cut."""
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(number) + 2
        room = max(place.width() - width - space(2), 0)
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        _draw(painter, place, shown, TOKENS.text)
        taken = metrics.horizontalAdvance(shown) + space(2)
        _draw(
            painter,
            QRect(place.left() + taken, place.top(), width, place.height()),
            number,
            TOKENS.text_quiet,
        )


def _lines(place: QRect, count: int) -> list[QRect]:
    """So many lines of text, in the middle of what has room for `TEXT_LINES`."""
    height = place.height() / TEXT_LINES
    top = place.top() + (TEXT_LINES - count) * height / 2
    return [QRect(place.left(), round(top + i * height), place.width(), round(height)) for i in range(count)]


def _draw(painter: QPainter, place: QRect, text: str, colour: str) -> None:
    painter.setPen(QColor(colour))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)
