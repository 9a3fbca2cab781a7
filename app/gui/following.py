"""Views that are moved, turned, zoomed and windowed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from PySide6.QtCore import QObject, Signal

from studies.display import DisplayState
from studies.image import Image
from widgets.view_grid import ViewGrid
from widgets.viewer import Viewer
from widgets.viewer_linking import is_same_space, linked_view, shared_window

Linking = Literal["off", "same space", "all"]


class Following(QObject):
    """Lets views follow the one that the reader moves. Lives on the GUI thread.

    Two views of the very same frame always follow each other. Views of one frame of reference do unless
    linking is off; all do when the reader links them by hand.
    """

    linking_changed = Signal(str)

    def __init__(self, grid: ViewGrid, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._grid = grid
        self._linking: Linking = "same space"
        self._is_following = False
        for viewer in grid.viewers:
            viewer.view_changed.connect(lambda v=viewer: self._on_view_changed(v))
            viewer.state_changed.connect(lambda state, v=viewer: self._on_state_changed(v, state))

    @property
    def linking(self) -> Linking:
        return self._linking

    def set_linking(self, linking: Linking) -> None:
        """Let views follow each other: never, in one frame of reference, or always."""
        self._linking = linking
        self.linking_changed.emit(linking)
        self._on_view_changed(self._grid.active)

    def lay_like_main(self, viewer: Viewer) -> None:
        """Lay a view as the main one is, if it follows it: a film came into it."""
        main = self._grid.main
        if self._are_linked(main, viewer):
            with self._leading():
                _lay_like(main, viewer)
                if main.image is not None and viewer.image is not None and _same(main.image, viewer.image):
                    viewer.set_state(main.state)

    @contextmanager
    def _leading(self) -> Iterator[None]:
        """While one view leads, what the others do in turn leads nothing."""
        before, self._is_following = self._is_following, True
        try:
            yield
        finally:
            self._is_following = before

    def _are_linked(self, one: Viewer, other: Viewer) -> bool:
        if one is other or one.image is None or other.image is None:
            return False
        if self._linking == "all" or _same(one.image, other.image):
            return True
        return self._linking == "same space" and is_same_space(one.image.header, other.image.header)

    def _on_view_changed(self, viewer: Viewer) -> None:
        if self._is_following:
            return
        with self._leading():
            for other in self._grid.shown:
                if self._are_linked(viewer, other):
                    _lay_like(viewer, other)

    def _on_state_changed(self, viewer: Viewer, state: DisplayState) -> None:
        image = viewer.image
        if self._is_following or image is None:
            return
        with self._leading():
            for other in self._grid.shown:
                if not self._are_linked(viewer, other) or other.image is None:
                    continue
                if _same(image, other.image):
                    other.set_state(state)
                elif shared_window(state.voi, image, other.image):
                    other.apply_window(state.voi)


def _same(one: Image, other: Image) -> bool:
    """Whether both are the very same frame."""
    return (one.header.sop_instance_uid, one.frame) == (other.header.sop_instance_uid, other.frame)


def _lay_like(source: Viewer, target: Viewer) -> None:
    placement, other = source.placement, target.placement
    if source.image is None or target.image is None or placement is None or other is None:
        return
    target.set_view(linked_view(placement, source.image, other, target.image))
