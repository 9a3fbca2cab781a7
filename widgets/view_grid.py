"""Views side by side: one, two or four films, one of them active, any of them with all the room."""

from __future__ import annotations

from typing import Literal, get_args

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from widgets.viewer import Viewer

Layout = Literal["1x1", "1x2", "2x2"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
_SHAPES: dict[Layout, tuple[int, int]] = {"1x1": (1, 1), "1x2": (1, 2), "2x2": (2, 2)}
MOST_VIEWS = 4
_GAP_PX = 2


class ViewGrid(QWidget):
    """Four viewers, of which as many are shown as the layout has places.

    The first is the main one: the film that findings and decisions are about. The active one is what
    keys and the buttons of the bar act on; it was touched last.

    Signals
    -------
    active_changed
        The active `Viewer`.
    layout_changed
        The `Layout` in force.
    """

    active_changed = Signal(object)
    layout_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewers = tuple(Viewer() for _ in range(MOST_VIEWS))
        self._layout: Layout = "1x1"
        self._maximised: Viewer | None = None
        self._active = self.viewers[0]
        self._places = QGridLayout(self)
        self._places.setContentsMargins(0, 0, 0, 0)
        self._places.setSpacing(_GAP_PX)
        for number, viewer in enumerate(self.viewers):
            self._places.addWidget(viewer, number // 2, number % 2)
            viewer.touched.connect(lambda v=viewer: self.set_active(v))
            viewer.maximise_requested.connect(lambda v=viewer: self._on_maximise_requested(v))
            if number:
                viewer.setAccessibleName(self.tr("Film {0}").format(number + 1))
        self._lay_out()

    @property
    def main(self) -> Viewer:
        """The film that findings and decisions are about."""
        return self.viewers[0]

    @property
    def active(self) -> Viewer:
        """The view that was touched last."""
        return self._active

    @property
    def layout_name(self) -> Layout:
        return self._layout

    @property
    def shown(self) -> tuple[Viewer, ...]:
        """The views that the layout has a place for, the main one first."""
        rows, columns = _SHAPES[self._layout]
        return self.viewers[: rows * columns]

    def set_layout(self, name: Layout) -> None:
        """Show one, two or four views; no view has all the room any more."""
        changed = name != self._layout
        self._layout = name
        self._maximised = None
        self._lay_out()
        if self._active not in self.shown:
            self.set_active(self.main)
        if changed:
            self.layout_changed.emit(name)

    def set_active(self, viewer: Viewer) -> None:
        """Let keys and buttons act on another view."""
        if viewer is self._active:
            return
        self._active = viewer
        self._mark()
        self.active_changed.emit(viewer)

    def step_active(self, by: int) -> None:
        """Make the next view (or the one before) the active one, and give it the focus."""
        views = self.shown
        place = views.index(self._active) if self._active in views else 0
        chosen = views[(place + by) % len(views)]
        if self._maximised is not None and self._maximised is not chosen:
            self._maximised = chosen
            self._lay_out()
        self.set_active(chosen)
        chosen.setFocus()

    def toggle_maximised(self, viewer: Viewer) -> None:
        """Give a view all the room, or give the others theirs again."""
        self._maximised = None if self._maximised is viewer else viewer
        self._lay_out()
        self.set_active(viewer)

    def _on_maximise_requested(self, viewer: Viewer) -> None:
        if len(self.shown) > 1:
            self.toggle_maximised(viewer)
        else:
            viewer.fit()

    def _lay_out(self) -> None:
        seen = self.shown if self._maximised is None else (self._maximised,)
        for viewer in self.viewers:
            viewer.setVisible(viewer in seen)
        self._mark()

    def _mark(self) -> None:
        """The active one of several views has a line around it."""
        for viewer in self.viewers:
            viewer.set_marked(viewer is self._active and len(self.shown) > 1)
