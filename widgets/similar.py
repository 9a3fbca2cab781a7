"""Cases like this: films already read that are like the one on the screen, with what was decided on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.key_hints import stands_for
from widgets.similar_painting import SimilarDelegate
from widgets.theme import space
from widgets.viewer_pictures import picture_of

FrameKey = tuple[str, int]
Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A film that is like the one on the screen.

    Parameters
    ----------
    decision
        What its reader decided, in words.
    likeness
        How much the two films are alike for the model, in words.
    is_same_patient
        Whether it is a film of the patient on the screen.
    about
        All of it in a sentence or two, for a tooltip and for who does not see the picture.
    """

    key: FrameKey
    decision: str
    likeness: str
    date: str = ""
    is_same_patient: bool = False
    about: str = ""


class SimilarModel(QAbstractListModel):
    """The cases, the most alike first; a picture that is painted and not there yet is asked for once."""

    thumbnail_wanted = Signal(str, int)

    def __init__(self) -> None:
        super().__init__()
        self._cases: tuple[SimilarCase, ...] = ()
        self._pictures: dict[FrameKey, QPixmap] = {}
        self._asked: set[FrameKey] = set()
        self.compared: FrameKey | None = None  # that stands beside the film

    def set_cases(self, cases: Sequence[SimilarCase]) -> None:
        """Show other cases; pictures of those that stay are kept."""
        if tuple(cases) == self._cases:
            return
        self.beginResetModel()
        self._cases = tuple(cases)
        here = {case.key for case in cases}
        self._pictures = {key: p for key, p in self._pictures.items() if key in here}
        self._asked = set(self._pictures)
        self.endResetModel()

    def set_picture(self, key: FrameKey, picture: QPixmap) -> None:
        """Put a thumbnail in its place; one that is no longer shown is let go."""
        if (row := self._row_of(key)) is not None:
            self._pictures[key] = picture
            self.dataChanged.emit(self.index(row), self.index(row))

    def set_compared(self, key: FrameKey | None) -> None:
        """Mark the case that stands beside the film."""
        self.compared = key
        if self._cases:
            self.dataChanged.emit(self.index(0), self.index(len(self._cases) - 1))

    def _row_of(self, key: FrameKey) -> int | None:
        return next((n for n, case in enumerate(self._cases) if case.key == key), None)

    def case_at(self, index: Index) -> SimilarCase:
        """The case of a row."""
        return self._cases[index.row()]

    def picture_for(self, case: SimilarCase) -> QPixmap | None:
        """The thumbnail, or None, and then it is asked for."""
        if case.key not in self._asked:
            self._asked.add(case.key)
            self.thumbnail_wanted.emit(*case.key)
        return self._pictures.get(case.key)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Number of cases."""
        return 0 if parent.isValid() else len(self._cases)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        """Words for tooltips and for screen readers."""
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.case_at(index).about
        return None


class _Row(QListView):
    """Cases from left to right; a click, Enter or Space chooses one."""

    chosen = Signal(object)  # FrameKey

    def __init__(self, model: SimilarModel) -> None:
        super().__init__()
        self.setModel(model)
        self._cases = model
        delegate = SimilarDelegate(model, self)
        self.setItemDelegate(delegate)
        self.setAccessibleName(self.tr("Films read already that are like this one"))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        hint = delegate.sizeHint(QStyleOptionViewItem(), _NO_INDEX)
        self.setFixedHeight(hint.height() + self.horizontalScrollBar().sizeHint().height() + space(1))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid():
            self.chosen.emit(self._cases.case_at(index).key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_press = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if is_press and self.currentIndex().isValid():
            self.chosen.emit(self._cases.case_at(self.currentIndex()).key)
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(space(64), self.height())


class SimilarPanel(QWidget):
    """A section that can be closed. It is told what to show, and tells what the reader chose.

    Signals
    -------
    chosen
        (SOPInstanceUID, frame) that the reader wants beside the film, or not any more.
    thumbnail_wanted
        SOPInstanceUID and frame; answer with `set_thumbnail`.
    expanded_changed
        The reader opened the section, or closed it.
    """

    chosen = Signal(object)
    thumbnail_wanted = Signal(str, int)
    expanded_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Cases like this"))
        self._cases = SimilarModel()
        self._cases.thumbnail_wanted.connect(self.thumbnail_wanted, Qt.ConnectionType.QueuedConnection)
        self._row = _Row(self._cases)
        self._row.chosen.connect(self.chosen)
        self._is_expanded = True
        self._words = QLabel()
        self._words.setProperty("role", "quiet")
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._toggle = QToolButton()
        self._toggle.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._toggle.clicked.connect(self.toggle)
        self._lay_out()
        self.set_expanded(True)
        self.show_words("")

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Cases like this"))
        title.setProperty("role", "title")
        title.setToolTip(
            self.tr(
                "The films read already that are most like this one for the model, with what their readers "
                "decided. Likeness is no diagnosis."
            )
        )
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self._toggle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(space(3), space(2), space(3), space(3))
        layout.setSpacing(space(1))
        layout.addLayout(head)
        layout.addWidget(self._words)
        layout.addWidget(self._row)

    @property
    def is_expanded(self) -> bool:
        """Whether the section is open."""
        return self._is_expanded

    def set_expanded(self, is_expanded: bool) -> None:
        """Open or close the section; emits nothing."""
        self._is_expanded = is_expanded
        self._toggle.setIcon(theme.icon("chevron-up" if is_expanded else "chevron-down"))
        name = self.tr("Close the cases like this") if is_expanded else self.tr("Show cases like this")
        self._toggle.setAccessibleName(name)
        stands_for(self._toggle, "similar", name)
        self._show_parts()

    def toggle(self) -> None:
        """Open the section, or close it."""
        self.set_expanded(not self._is_expanded)
        self.expanded_changed.emit(self._is_expanded)

    def show_cases(self, cases: Sequence[SimilarCase]) -> None:
        """Show films, the most alike first."""
        self._words.clear()
        self._cases.set_cases(cases)
        self._show_parts()

    def show_words(self, words: str) -> None:
        """Say why there are no films to show; nothing while they are looked for."""
        self._words.setText(words)
        self._cases.set_cases(())
        self._show_parts()

    def set_compared(self, key: FrameKey | None) -> None:
        """Mark the film that stands beside the one that is read."""
        self._cases.set_compared(key)

    def set_thumbnail(self, sop_instance_uid: str, frame: int, pixels: NDArray[np.uint8]) -> None:
        """Put a thumbnail, (h, w) grey or (h, w, 3) RGB uint8, in its place."""
        kept = np.ascontiguousarray(pixels)
        self._cases.set_picture((sop_instance_uid, frame), QPixmap.fromImage(picture_of(kept).copy()))

    def _show_parts(self) -> None:
        """Films and words take the same room, so that nothing jumps from one study to the next."""
        has_words = bool(self._words.text())
        self._words.setMinimumHeight(self._row.height())
        self._words.setVisible(self._is_expanded and has_words)
        self._row.setVisible(self._is_expanded and not has_words)
