"""Cases like this: films already read that are like the one on the screen, with what was decided on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.key_hints import stands_for
from widgets.similar_painting import SimilarDelegate
from widgets.theme import space
from widgets.thumbnails import IN_WORDS, FrameKey, Index, ThumbnailModel, ThumbnailRow


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


class SimilarModel(ThumbnailModel[SimilarCase]):
    """The cases, the most alike first, and which of them stands beside the film."""

    def __init__(self) -> None:
        super().__init__()
        self.compared: FrameKey | None = None

    def set_cases(self, cases: Sequence[SimilarCase]) -> None:
        """Show other cases."""
        if tuple(cases) != self._items:
            self.set_items(cases)

    def set_compared(self, key: FrameKey | None) -> None:
        """Mark the case that stands beside the film."""
        before, self.compared = self.compared, key
        for changed in (before, key):
            if changed is not None:
                self.tell_changed(changed)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        """All of it in words."""
        return self.item_at(index).about if role in IN_WORDS else None


class _Row(ThumbnailRow):
    """Cases from left to right; a click, Enter or Space chooses one."""

    chosen = Signal(object)  # FrameKey

    def __init__(self, model: SimilarModel) -> None:
        super().__init__(model, SimilarDelegate(model))
        self._cases = model
        self.setAccessibleName(self.tr("Films read already that are like this one"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid():
            self.chosen.emit(self._cases.item_at(index).key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_press = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if is_press and self.currentIndex().isValid():
            self.chosen.emit(self._cases.item_at(self.currentIndex()).key)
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
        self._cases.set_thumbnail((sop_instance_uid, frame), pixels)

    def _show_parts(self) -> None:
        """Films and words take the same room, so that nothing jumps from one study to the next."""
        has_words = bool(self._words.text())
        self._words.setMinimumHeight(self._row.height())
        self._words.setVisible(self._is_expanded and has_words)
        self._row.setVisible(self._is_expanded and not has_words)
