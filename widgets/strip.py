"""The strip below the film: every series and frame of the study, each as a thumbnail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from studies.image import Series, Study
from widgets import theme
from widgets.viewer_pictures import picture_of

_SIDE = theme.space(18)
_GAP = theme.space(1)
_NO_INDEX = QModelIndex()

Index = QModelIndex | QPersistentModelIndex


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


class StripModel(QAbstractListModel):
    """Frames of one study; a thumbnail that is painted and not there yet is asked for once."""

    thumbnail_wanted = Signal(str, int)

    def __init__(self) -> None:
        super().__init__()
        self._frames: list[Frame] = []
        self._positions: dict[tuple[str, int], int] = {}
        self._pictures: dict[tuple[str, int], QPixmap] = {}
        self._asked: set[tuple[str, int]] = set()
        self._decided: frozenset[tuple[str, int]] = frozenset()

    def set_frames(self, frames: list[Frame]) -> None:
        """Show other frames; thumbnails of frames that stay are kept."""
        self.beginResetModel()
        self._frames = frames
        self._positions = {frame.key: row for row, frame in enumerate(frames)}
        self._pictures = {key: p for key, p in self._pictures.items() if key in self._positions}
        self._asked = set(self._pictures)
        self.endResetModel()

    def set_picture(self, key: tuple[str, int], picture: QPixmap) -> None:
        """Put a thumbnail in its place; one of a study that is no longer shown is let go."""
        if key in self._positions:
            self._pictures[key] = picture
            self._tell(key)

    def set_decided(self, keys: Iterable[tuple[str, int]]) -> None:
        """Say on which frames a reader has decided."""
        before, self._decided = self._decided, frozenset(keys)
        for key in before ^ self._decided:
            self._tell(key)

    def _tell(self, key: tuple[str, int]) -> None:
        if (row := self._positions.get(key)) is not None:
            self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, key: tuple[str, int]) -> int | None:
        """Where a frame stands."""
        return self._positions.get(key)

    def frame_at(self, index: Index) -> Frame:
        """The frame of a row."""
        return self._frames[index.row()]

    def is_decided(self, frame: Frame) -> bool:
        """Whether a reader has decided on this frame."""
        return frame.key in self._decided

    def picture_for(self, frame: Frame) -> QPixmap | None:
        """The thumbnail, or None, and then it is asked for."""
        if frame.key not in self._asked:
            self._asked.add(frame.key)
            self.thumbnail_wanted.emit(*frame.key)
        return self._pictures.get(frame.key)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Number of frames."""
        return 0 if parent.isValid() else len(self._frames)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        """Words for tooltips and for screen readers."""
        if role not in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        frame = self.frame_at(index)
        place = self.tr("{series}, {number} of {of}").format(
            series=frame.series, number=frame.number, of=frame.of
        )
        return self.tr("{0}, decided").format(place) if self.is_decided(frame) else place


class _Thumbnail(QStyledItemDelegate):
    """Draws a thumbnail, the series' name below its first frame, the number below the others."""

    def __init__(self, model: StripModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._decided = theme.icon("check-circle", theme.TOKENS.saved)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All are equally large, so that thousands cost nothing to lay out."""
        return QSize(_SIDE + 2 * _GAP, _SIDE + 3 * _GAP + round(theme.small_px() * 1.4))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one frame's thumbnail."""
        frame = self._model.frame_at(index)
        state, whole = option.state, option.rect
        painter.save()
        if state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(whole, QColor(theme.TOKENS.raised))
        place = QRect(whole.left() + _GAP, whole.top() + _GAP, _SIDE, _SIDE)
        painter.fillRect(place, QColor(theme.TOKENS.film))
        picture = self._model.picture_for(frame)
        if picture is not None:
            size = (
                picture.deviceIndependentSize()
                .toSize()
                .scaled(_SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio)
            )
            target = QRect(0, 0, size.width(), size.height())
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, picture)
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
            place.left(), place.bottom() + _GAP, place.width(), whole.bottom() - place.bottom() - _GAP
        )
        words = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)


class ThumbnailStrip(QListView):
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
        super().__init__(parent)
        self._model = StripModel()
        self._model.thumbnail_wanted.connect(self.thumbnail_wanted, Qt.ConnectionType.QueuedConnection)
        self._is_told = False
        self.setModel(self._model)
        delegate = _Thumbnail(self._model, self)
        self.setItemDelegate(delegate)
        self.setAccessibleName(self.tr("Series and frames of the study"))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        hint = delegate.sizeHint(QStyleOptionViewItem(), _NO_INDEX)
        self.setFixedHeight(hint.height() + self.horizontalScrollBar().sizeHint().height() + _GAP)
        self.selectionModel().currentChanged.connect(self._on_current)

    def set_study(self, study: Study | None) -> None:
        """Show the frames of a study, none of them chosen."""
        self._is_told = True
        self._model.set_frames([] if study is None else frames_of(study))
        self._is_told = False

    def set_thumbnail(self, sop_instance_uid: str, frame: int, pixels: NDArray[np.uint8]) -> None:
        """Put a thumbnail, (h, w) grey or (h, w, 3) RGB uint8, in its place."""
        kept = np.ascontiguousarray(pixels)
        self._model.set_picture((sop_instance_uid, frame), QPixmap.fromImage(picture_of(kept).copy()))

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
            self.frame_chosen.emit(*self._model.frame_at(current).key)
