"""The menu from which a reader chooses layout, what stands beside the film, and how views are linked."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from app.gui.comparing import Comparing, Kind
from app.gui.following import Following, Linking
from app.gui.reading_page import ReadingPage
from widgets.view_grid import LAYOUTS, Layout
from widgets.viewer import Viewer

_MOST_CHOICES = 20


class CompareMenu(QMenu):
    """Filled anew whenever it opens: what there is to compare with changes with every film."""

    def __init__(
        self, page: ReadingPage, comparing: Comparing, following: Following, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._grid = page.grid
        self._comparing = comparing
        self._following = following
        self.setTitle(self.tr("Compare"))
        self.aboutToShow.connect(self._fill)
        comparing.choices_wanted.connect(self._on_choices_wanted)

    def _fill(self) -> None:
        self.clear()
        self._add_layouts()
        self.addSeparator()
        for number, viewer in enumerate(self._grid.shown[1:], start=2):
            menu = self.addMenu(self.tr("In view {0}").format(number))
            self.add_choices(menu, viewer)
        self._add_shortcuts()
        self.addSeparator()
        self._add_linking()

    def _add_layouts(self) -> None:
        names: dict[Layout, str] = {
            "1x1": self.tr("One view"),
            "1x2": self.tr("Two views side by side"),
            "2x2": self.tr("Four views"),
        }
        group = QActionGroup(self)
        for layout in LAYOUTS:
            action = self._checkable(self, names[layout], self._grid.layout_name == layout)
            action.triggered.connect(lambda _=False, name=layout: self._grid.set_layout(name))
            group.addAction(action)
        apart = self._checkable(self, self.tr("Films in a window of their own"), self._page.are_films_apart)
        apart.triggered.connect(lambda is_apart: self._page.set_films_apart(is_apart))

    def _add_shortcuts(self) -> None:
        evidence = self._checkable(
            self, self.tr("Film and evidence side by side"), bool(self._comparing.evidence_views)
        )
        evidence.triggered.connect(lambda: self._comparing.toggle_evidence_beside())
        prior = self.addAction(self.tr("Compare with the last earlier study"))
        prior.setEnabled(any(choice.kind == "prior" for choice in self._comparing.choices()))
        prior.triggered.connect(lambda: self._comparing.compare_with_prior())

    def _add_linking(self) -> None:
        names: dict[Linking, str] = {
            "same space": self.tr("Link views of one frame of reference"),
            "all": self.tr("Link all views from here"),
            "off": self.tr("Do not link views"),
        }
        group = QActionGroup(self)
        for linking, name in names.items():
            action = self._checkable(self, name, self._following.linking == linking)
            action.triggered.connect(lambda _=False, chosen=linking: self._following.set_linking(chosen))
            group.addAction(action)

    def add_choices(self, menu: QMenu, viewer: Viewer) -> None:
        """Offer what a view beside the main one may show, in its groups."""
        current = self._comparing.content_of(viewer)
        before: Kind | None = None
        choices = self._comparing.choices()
        for choice in choices[:_MOST_CHOICES]:
            if before is not None and choice.kind != before:
                menu.addSeparator()
            before = choice.kind
            action = self._checkable(menu, choice.label.replace("&", "&&"), choice == current)
            action.triggered.connect(lambda _=False, c=choice: self._comparing.show(viewer, c))
        if current is not None:
            menu.addSeparator()
            menu.addAction(self.tr("Nothing"), lambda: self._comparing.clear(viewer))

    @staticmethod
    def _checkable(menu: QMenu, words: str, is_checked: bool) -> QAction:
        action = menu.addAction(words)
        action.setCheckable(True)
        action.setChecked(is_checked)
        return action

    def _on_choices_wanted(self, viewer: Viewer) -> None:
        menu = QMenu(viewer)
        self.add_choices(menu, viewer)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(viewer.mapToGlobal(QPoint(viewer.width() // 2, viewer.height() // 2)))
