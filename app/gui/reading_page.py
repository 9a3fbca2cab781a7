"""The reading page: worklist, film with its strip, findings and evidence, side by side."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.gui.film_window import FilmWindow
from widgets.evidence import EvidencePanel
from widgets.findings import FindingsPanel
from widgets.scrolling import ColumnArea
from widgets.similar import SimilarPanel
from widgets.strip import ThumbnailStrip
from widgets.theme import space
from widgets.view_grid import ViewGrid
from widgets.viewer import Viewer
from widgets.wheel import leave_wheel_to_scrolling
from widgets.worklist import Worklist

WORKLIST_WIDTH = 300
FINDINGS_WIDTH = 320


class ReadingPage(QWidget):
    """Layout only; the panels know nothing of each other.

    `viewer` is the main view, which findings and decisions are about; `active` is the one that keys and
    buttons act on.
    """

    films_moved = Signal(bool)  # whether they are in a window of their own now

    def __init__(self) -> None:
        super().__init__()
        self._film_window: FilmWindow | None = None
        self._film_geometry: QByteArray | None = None
        self._sizes_together: list[int] = []
        self.worklist = Worklist()
        self.grid = ViewGrid()
        self.viewer = self.grid.main
        self.strip = ThumbnailStrip()
        self.strip.hide()  # until a study has more than one frame
        self.is_strip_wanted = True
        self.findings = FindingsPanel()
        self.evidence = EvidencePanel()
        self.similar = SimilarPanel()
        self.middle = _column(self.grid, self.strip)
        self.side = self._made_side()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        for panel in (self.worklist, self.middle, self.side):
            self.splitter.addWidget(panel)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setStretchFactor(2, 0)
        self.splitter.setSizes([WORKLIST_WIDTH, 900, FINDINGS_WIDTH])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)

    @property
    def active(self) -> Viewer:
        """The view that keys and the buttons of the bar act on."""
        return self.grid.active

    @property
    def are_films_apart(self) -> bool:
        """Whether the films are in a window of their own."""
        return self._film_window is not None

    def set_films_apart(self, are_apart: bool) -> None:
        """Move the films into a window of their own, on another screen where there is one, or back."""
        if are_apart == self.are_films_apart:
            return
        if self._film_window is None:
            self._sizes_together = self.splitter.sizes()
            self._film_window = FilmWindow(self.window())
            self._film_window.closed.connect(lambda: self.set_films_apart(False))
            self._film_window.take(self.middle, self._film_geometry)
        else:
            window, self._film_window = self._film_window, None
            self._film_geometry = window.give()
            self.splitter.insertWidget(1, self.middle)
            self.middle.show()
            self.splitter.setStretchFactor(1, 1)
            self.splitter.setSizes(self._sizes_together)
            window.deleteLater()
        self.grid.active.setFocus()
        self.films_moved.emit(are_apart)

    def show_strip(self) -> None:
        """Show the thumbnails where there is more than one, unless the reader has hidden them."""
        self.strip.setVisible(self.strip.count > 1 and self.is_strip_wanted)

    def want_strip(self, is_wanted: bool) -> None:
        self.is_strip_wanted = is_wanted
        self.show_strip()

    def show_similar(self) -> None:
        """Bring the cases like this into sight, where they are open and the window is low."""
        if self.similar.is_expanded:
            QTimer.singleShot(0, self, lambda: self.side.ensureWidgetVisible(self.similar))

    def _made_side(self) -> ColumnArea:
        """Findings above evidence above cases like this, scrolled when the window is low."""
        inner = _column(self.findings, self.evidence, self.similar)
        inner.setProperty("surface", "panel")
        inner.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        scroll = ColumnArea(inner, space(64), space(110))
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        leave_wheel_to_scrolling(inner)
        return scroll


def _column(first: QWidget, *others: QWidget) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(first, 1)
    for other in others:
        layout.addWidget(other)
    return column
