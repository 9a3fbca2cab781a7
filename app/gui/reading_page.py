"""The reading page: worklist, film with its strip, findings and evidence, side by side."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSplitter, QVBoxLayout, QWidget

from widgets.evidence import EvidencePanel
from widgets.findings import FindingsPanel
from widgets.strip import ThumbnailStrip
from widgets.theme import space
from widgets.view_grid import ViewGrid
from widgets.viewer import Viewer
from widgets.worklist import Worklist

WORKLIST_WIDTH = 300
FINDINGS_WIDTH = 320


class ReadingPage(QWidget):
    """Layout only; the panels know nothing of each other.

    `viewer` is the main view, which findings and decisions are about; `active` is the one that keys and
    buttons act on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.worklist = Worklist()
        self.grid = ViewGrid()
        self.viewer = self.grid.main
        self.strip = ThumbnailStrip()
        self.strip.hide()  # until a study has more than one frame
        self.is_strip_wanted = True
        self.findings = FindingsPanel()
        self.evidence = EvidencePanel()
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

    def show_strip(self) -> None:
        """Show the thumbnails where there is more than one, unless the reader has hidden them."""
        self.strip.setVisible(self.strip.count > 1 and self.is_strip_wanted)

    def want_strip(self, is_wanted: bool) -> None:
        self.is_strip_wanted = is_wanted
        self.show_strip()

    def _made_side(self) -> QWidget:
        """Findings above evidence, scrolled when the window is low."""
        inner = _column(self.findings, self.evidence)
        inner.setProperty("surface", "panel")
        inner.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(inner)
        scroll.setMinimumWidth(space(64))
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return scroll


def _column(first: QWidget, second: QWidget) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(first, 1)
    layout.addWidget(second)
    return column
