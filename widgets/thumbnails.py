"""Thumbnails in a row: the model that asks for those in sight, the view, and how a picture is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from widgets import theme
from widgets.viewer_pictures import picture_of

FrameKey = tuple[str, int]
Index = QModelIndex | QPersistentModelIndex
GAP = theme.space(1)
NO_INDEX = QModelIndex()
IN_WORDS = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
"""Roles of which a model says what stands in a row, for tooltips and for screen readers."""


class OfFrame(Protocol):
    """What stands under a thumbnail, and of which frame (SOPInstanceUID, frame) that is."""

    @property
    def key(self) -> FrameKey: ...


Item = TypeVar("Item", bound=OfFrame)


class ThumbnailModel(QAbstractListModel, Generic[Item]):
    """Frames in an order; a thumbnail that is painted and not there yet is asked for once.

    Signals
    -------
    thumbnail_wanted
        SOPInstanceUID and frame; answer with `set_thumbnail`.
    """

    thumbnail_wanted = Signal(str, int)

    def __init__(self) -> None:
        super().__init__()
        self._items: tuple[Item, ...] = ()
        self._rows: dict[FrameKey, int] = {}
        self._pictures: dict[FrameKey, QPixmap] = {}
        self._asked: set[FrameKey] = set()

    def set_items(self, items: Sequence[Item]) -> None:
        """Show other frames; thumbnails of those that stay are kept."""
        self.beginResetModel()
        self._items = tuple(items)
        self._rows = {item.key: row for row, item in enumerate(items)}
        self._pictures = {key: picture for key, picture in self._pictures.items() if key in self._rows}
        self._asked = set(self._pictures)
        self.endResetModel()

    def set_thumbnail(self, key: FrameKey, pixels: NDArray[np.uint8]) -> None:
        """Put a thumbnail, (h, w) grey or (h, w, 3) RGB uint8, in its place; one that is no longer shown is
        let go."""
        if key in self._rows:
            kept = np.ascontiguousarray(pixels)
            self._pictures[key] = QPixmap.fromImage(picture_of(kept).copy())
            self.tell_changed(key)

    def tell_changed(self, key: FrameKey) -> None:
        """A frame looks otherwise now."""
        if (row := self._rows.get(key)) is not None:
            self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, key: FrameKey) -> int | None:
        """Where a frame stands."""
        return self._rows.get(key)

    def item_at(self, index: Index) -> Item:
        """What stands in a row."""
        return self._items[index.row()]

    def picture_for(self, key: FrameKey) -> QPixmap | None:
        """The thumbnail, or None, and then it is asked for."""
        if key not in self._asked:
            self._asked.add(key)
            self.thumbnail_wanted.emit(*key)
        return self._pictures.get(key)

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        """Number of frames."""
        return 0 if parent.isValid() else len(self._items)


class ThumbnailRow(QListView):
    """Thumbnails from left to right, each as large as the delegate says, one of them chosen."""

    def __init__(
        self, model: QAbstractListModel, delegate: QStyledItemDelegate, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setModel(model)
        delegate.setParent(self)
        self.setItemDelegate(delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        hint = delegate.sizeHint(QStyleOptionViewItem(), NO_INDEX)
        self.setFixedHeight(hint.height() + self.horizontalScrollBar().sizeHint().height() + GAP)


def draw_thumbnail(painter: QPainter, picture: QPixmap | None, place: QRect) -> None:
    """Draw a picture as large as its place allows, on the colour that is around films."""
    painter.fillRect(place, QColor(theme.TOKENS.film))
    if picture is None:
        return
    size = picture.deviceIndependentSize().toSize()
    target = QRect(0, 0, 0, 0)
    target.setSize(size.scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio))
    target.moveCenter(place.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(target, picture)
