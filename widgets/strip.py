"""The strip below the film: every series and frame of the study, each as a thumbnail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from studies.image import Series, Study
from widgets import theme
from widgets.thumbnails import GAP, IN_WORDS, Index, ThumbnailModel, ThumbnailRow, draw_thumbnail

_SIDE = theme.space(18)


@dataclass(frozen=True, slots=True)
class Frame:
    """One thumbnail's place: which frame, and what is written below it."""

    sop_instance_uid: str
    frame: int
    number: int
    of: int
    series: str
    is_first: bool

    @property
    def key(self) -> tuple[str, int]:
        return self.sop_instance_uid, self.frame


def frames_of(study: Study) -> list[Frame]:
    """Every frame of a study, series after series, in the order in which they are scrolled."""
    return [
        Frame(header.sop_instance_uid, frame, number, len(series.frames), _name_of(series), number == 1)
        for series in study.series
        for number, (header, frame) in enumerate(series.frames, start=1)
    ]


def _name_of(series: Series) -> str:
    header = series.headers[0]
    words = series.description or header.view_position or header.body_part.lower()
    return " ".join(part for part in (series.modality, words) if part)


class StripModel(ThumbnailModel[Frame]):
    """Frames of one study, and which are decided."""

    def __init__(self) -> None:
        super().__init__()
        self._decided: frozenset[tuple[str, int]] = frozenset()

    def set_decided(self, keys: Iterable[tuple[str, int]]) -> None:
        """Say on which frames a reader has decided."""
        before, self._decided = self._decided, frozenset(keys)
        for key in before ^ self._decided:
            self.tell_changed(key)

    def is_decided(self, frame: Frame) -> bool:
        """Whether a reader has decided on this frame."""
        return frame.key in self._decided

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        """Series and number, and whether it is decided."""
        if role not in IN_WORDS:
            return None
        frame = self.item_at(index)
        place = self.tr("{series}, {number} of {of}").format(
            series=frame.series, number=frame.number, of=frame.of
        )
        return self.tr("{0}, decided").format(place) if self.is_decided(frame) else place


class _Thumbnail(QStyledItemDelegate):
    """Draws a thumbnail, the series' name below its first frame, the number below the others."""

    def __init__(self, model: StripModel) -> None:
        super().__init__()
        self._model = model
        self._decided = theme.icon("check-circle", theme.TOKENS.saved)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All are equally large, so that thousands cost nothing to lay out."""
        return QSize(_SIDE + 2 * GAP, _SIDE + 3 * GAP + round(theme.small_px() * 1.4))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one frame's thumbnail."""
        frame = self._model.item_at(index)
        state, whole = option.state, option.rect
        painter.save()
        if state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(whole, QColor(theme.TOKENS.raised))
        place = QRect(whole.left() + GAP, whole.top() + GAP, _SIDE, _SIDE)
        draw_thumbnail(painter, self._model.picture_for(frame.key), place)
        if self._model.is_decided(frame):
            mark = theme.space(4)
            self._decided.paint(painter, QRect(place.right() - mark - 1, place.top() + 2, mark, mark))
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        if is_chosen:
            painter.setPen(QPen(QColor(theme.TOKENS.accent), 2))
            painter.drawRect(place.adjusted(0, 0, -1, -1))
        self._write(painter, frame, place, whole, is_chosen)
        painter.restore()

    def _write(self, painter: QPainter, frame: Frame, place: QRect, whole: QRect, is_chosen: bool) -> None:
        font = theme.figures(painter.font())
        font.setPixelSize(theme.small_px())
        painter.setFont(font)
        painter.setPen(QColor(theme.TOKENS.text if is_chosen else theme.TOKENS.text_quiet))
        words = frame.series if frame.is_first else str(frame.number)
        below = QRect(
            place.left(), place.bottom() + GAP, place.width(), whole.bottom() - place.bottom() - GAP
        )
        words = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)


class ThumbnailStrip(ThumbnailRow):
    """Thumbnails from left to right; only those in sight are ever asked for.

    Signals
    -------
    frame_chosen
        SOPInstanceUID and frame (from 1) that the reader chose by mouse or keys.
    thumbnail_wanted
        SOPInstanceUID and frame whose thumbnail came into sight; answer with `set_thumbnail`.
    """

    frame_chosen = Signal(str, int)
    thumbnail_wanted = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._model = StripModel()
        super().__init__(self._model, _Thumbnail(self._model), parent)
        self._model.thumbnail_wanted.connect(self.thumbnail_wanted, Qt.ConnectionType.QueuedConnection)
        self._is_told = False
        self.setAccessibleName(self.tr("Series and frames of the study"))
        self.selectionModel().currentChanged.connect(self._on_current)

    def set_study(self, study: Study | None) -> None:
        """Show the frames of a study, none of them chosen."""
        self._is_told = True
        self._model.set_items([] if study is None else frames_of(study))
        self._is_told = False

    def set_thumbnail(self, sop_instance_uid: str, frame: int, pixels: NDArray[np.uint8]) -> None:
        """Put a thumbnail, (h, w) grey or (h, w, 3) RGB uint8, in its place."""
        self._model.set_thumbnail((sop_instance_uid, frame), pixels)

    def set_decided(self, frames: Iterable[tuple[str, int]]) -> None:
        """Mark the frames (SOPInstanceUID, frame) on which a reader has decided."""
        self._model.set_decided(frames)

    def set_current(self, sop_instance_uid: str, frame: int) -> None:
        """Mark the frame on the screen and bring it into sight; emits nothing."""
        row = self._model.row_of((sop_instance_uid, frame))
        if row is None:
            return
        self._is_told = True
        self.setCurrentIndex(self._model.index(row))
        self._is_told = False
        self.scrollTo(self._model.index(row))

    @property
    def count(self) -> int:
        """Number of frames in the strip."""
        return self._model.rowCount()

    def _on_current(self, current: QModelIndex, before: QModelIndex) -> None:
        if current.isValid() and not self._is_told:
            self.frame_chosen.emit(*self._model.item_at(current).key)
