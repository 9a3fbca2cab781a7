"""The viewer: a film, and everything that mouse and keys do with it.

What is shown is decided by the window around it (see `FilmCanvas`); what the reader does is told in
signals. The meaning of drags as numbers lives in `widgets.viewer_tools`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from studies.display import DisplayState, stored_to_modality
from studies.image import Image, Window
from widgets.viewer_canvas import FilmCanvas
from widgets.viewer_layers import Pointer
from widgets.viewer_tools import (
    Tool,
    drag_step,
    dragged_window,
    dragged_zoom,
    is_shown_inverted,
    window_of,
)

_NOTCH = 120
_ZOOM_A_NOTCH = 1.15
_DRAG_BEGINS_PX = 3
_PAGE = 10
_KEY_STEPS = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -_PAGE,
    Qt.Key.Key_PageDown: _PAGE,
}


@dataclass(frozen=True, slots=True)
class _Drag:
    """A drag as it began."""

    tool: Tool
    button: Qt.MouseButton
    start: QPointF
    last: QPointF
    window: Window | None
    step: float
    zoom: float
    index: int
    is_under_way: bool = False


class Viewer(FilmCanvas):
    """A film that is windowed, moved, enlarged and scrolled by hand.

    Left drag: the chosen tool (window, at first). Middle drag: pan. Right drag: zoom; right click: menu.
    Wheel: frames, or zoom where there is one only. Ctrl and wheel: zoom at the mouse. Double click: told,
    for the window to give this view all the room. Alt held: bare film.

    Signals
    -------
    scroll_requested
        Frames to go forward (negative: back).
    menu_requested
        The right button was clicked: where, as a global position (QPoint).
    maximise_requested
        The film was double-clicked.
    touched
        A button was pressed here, the wheel turned, or the focus came by key: this view is the active one.
    tool_changed
        What the left button does now (`Tool`).
    cursor_value
        Row, column (from 0) and value under the mouse in modality units (RGB tuple for colour).
    files_dropped
        Paths that were dropped onto the viewer.
    """

    scroll_requested = Signal(int)
    menu_requested = Signal(object)
    maximise_requested = Signal()
    touched = Signal()
    tool_changed = Signal(str)
    cursor_value = Signal(int, int, object)
    files_dropped = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._left_tool: Tool = "window"
        self._pointers: list[Pointer] = []
        self._taken_by: Pointer | None = None
        self._is_up_brighter = True
        self._drag: _Drag | None = None
        self._wheel = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)

    def show_image(self, image: Image, state: DisplayState | None = None, keep_view: bool = False) -> None:
        """Show a frame (see `FilmCanvas.show_image`); a drag that began on another one ends.

        Scrolling by drag goes on: it is what brought the other frame.
        """
        if image is not self.image and not (self._drag is not None and self._drag.tool == "scroll"):
            self._drag = None
        super().show_image(image, state, keep_view)

    def set_left_tool(self, tool: Tool) -> None:
        """Choose what dragging with the left button does."""
        if tool != self._left_tool:
            self._left_tool = tool
            self.tool_changed.emit(tool)

    @property
    def left_tool(self) -> Tool:
        return self._left_tool

    @property
    def position(self) -> tuple[int, int]:
        """Which frame (from 0) of how many this view is at."""
        return self._index, self._count

    def set_up_brighter(self, is_up_brighter: bool) -> None:
        """Whether dragging a window upwards brightens the film, or darkens it."""
        self._is_up_brighter = is_up_brighter

    def add_pointer(self, pointer: Pointer) -> None:
        """Ask something before the viewer's own tools; what was added last is asked first."""
        self._pointers.insert(0, pointer)

    def cancel(self) -> bool:
        """Give up what is being drawn or dragged (Esc); whether there was anything."""
        if self._drag is not None:
            self._drag = None
            self.unsetCursor()
            return True
        return any(pointer.cancel() for pointer in self._pointers)

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag: left for the chosen tool, middle to pan, right to zoom."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.touched.emit()
        if self._image is not None and self._drag is None and self._taken_by is None:
            self._taken_by = next((pointer for pointer in self._pointers if pointer.press(event)), None)
        if self._taken_by is not None:
            return
        tools: dict[Qt.MouseButton, Tool] = {
            Qt.MouseButton.LeftButton: self._left_tool,
            Qt.MouseButton.MiddleButton: "pan",
            Qt.MouseButton.RightButton: "zoom",
        }
        tool = tools.get(event.button())
        if tool is None or self._image is None or self._drag is not None:
            return
        window, step = None, 0.0
        if tool == "window" and not self._image.is_colour:
            window = window_of(self._image, self._state)
            step = drag_step(self._image, window)
        at = event.position()
        self._drag = _Drag(tool, event.button(), at, at, window, step, self.zoom, self._index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a drag, and tell what is under the mouse."""
        self._check_alt(event.modifiers())
        at = event.position()
        if self._taken_by is not None:
            self._taken_by.move(event)
            self._tell_value(at)
            return
        drag = self._drag
        if drag is None:
            self._tell_value(at)
            self._show_what_a_press_would_do(event)
            return
        moved = at - drag.start
        if not drag.is_under_way and moved.manhattanLength() < _DRAG_BEGINS_PX:
            return
        self._drag = replace(drag, last=at, is_under_way=True)
        if drag.tool == "pan":
            self._pan(at - drag.last)
        elif drag.tool == "zoom":
            self._zoom_from(drag, moved.y())
        elif drag.tool == "scroll":
            self._scroll_from(drag, moved.y())
        elif drag.window is not None and self._image is not None:
            up_is_greater = is_shown_inverted(self._image, self._state) == self._is_up_brighter
            self.apply_window(dragged_window(drag.window, drag.step, moved.x(), moved.y(), up_is_greater))

    def _scroll_from(self, drag: _Drag, dy: float) -> None:
        """A whole series takes about the height of the view, a step never less than 4 px."""
        px = max(self.height() * 0.8 / max(self._count, 1), 4.0)
        wanted = min(max(drag.index + round(dy / px), 0), self._count - 1)
        if wanted != self._index:
            self.scroll_requested.emit(wanted - self._index)

    def _show_what_a_press_would_do(self, event: QMouseEvent) -> None:
        shapes = (pointer.hover(event) for pointer in self._pointers)
        shape = next((shape for shape in shapes if shape is not None), None)
        if shape is not None:
            self.setCursor(shape)
        else:
            self.unsetCursor()

    def _pan(self, by: QPointF) -> None:
        if (placement := self.placement) is not None:
            ratio = self.devicePixelRatioF()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._set_view(placement.panned(by.x() * ratio, by.y() * ratio))

    def _zoom_from(self, drag: _Drag, dy: float) -> None:
        if (placement := self.placement) is not None:
            ratio = self.devicePixelRatioF()
            self.setCursor(Qt.CursorShape.SizeVerCursor)
            zoom = dragged_zoom(drag.zoom, dy)
            at = drag.start.x() * ratio, drag.start.y() * ratio
            self._set_view(placement.zoomed(zoom, *at), is_moving=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag that this button began."""
        if self._taken_by is not None:
            if not event.buttons():
                taker, self._taken_by = self._taken_by, None
                taker.release(event)
            return
        drag = self._drag
        if drag is not None and event.button() == drag.button:
            self._drag = None
            self.unsetCursor()
            if drag.button == Qt.MouseButton.RightButton and not drag.is_under_way:
                self.menu_requested.emit(event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for all the room, unless something on the film takes the double click."""
        if event.button() != Qt.MouseButton.LeftButton or self._image is None:
            return
        self._drag = None
        if not any(pointer.double_click(event) for pointer in self._pointers):
            self.maximise_requested.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """This view is the active one."""
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:
            self.touched.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        self.cursor_left.emit()

    def _tell_value(self, at: QPointF) -> None:
        image, placement = self._image, self.placement
        if image is None or placement is None:
            return
        ratio = self.devicePixelRatioF()
        row, column = (int(np.floor(v)) for v in placement.view_to_image(at.x() * ratio, at.y() * ratio))
        if not (0 <= row < image.shape[0] and 0 <= column < image.shape[1]):
            self.cursor_left.emit()
        elif image.is_colour:
            self.cursor_value.emit(row, column, tuple(int(v) for v in image.pixels[row, column]))
        else:
            value = stored_to_modality(image, image.pixels[row : row + 1, column])
            self.cursor_value.emit(row, column, float(value[0]))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll through frames; with Ctrl, or where there is one frame only, zoom at the mouse."""
        event.accept()
        self.touched.emit()
        turned = event.angleDelta().y()
        zooms = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier) or self._count <= 1
        if zooms:
            self.zoom_by(_ZOOM_A_NOTCH ** (turned / _NOTCH), event.position())
            return
        if (turned > 0) != (self._wheel > 0):
            self._wheel = 0
        self._wheel += turned
        notches = int(self._wheel / _NOTCH)
        if notches:
            self._wheel -= notches * _NOTCH
            self.scroll_requested.emit(-notches)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space for the texts, arrows and pages for frames; all else is the window's."""
        step = _KEY_STEPS.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() == Qt.Key.Key_Space and plain:
            self.toggle_text()
        elif event.key() == Qt.Key.Key_Home and plain:
            self.scroll_requested.emit(-self._index)
        elif event.key() == Qt.Key.Key_End and plain:
            self.scroll_requested.emit(self._count - 1 - self._index)
        elif step is not None and plain:
            self.scroll_requested.emit(step)
        else:
            super().keyPressEvent(event)

    # Alt shows the bare film, wherever in the window the focus is

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to the window's keys for Alt."""
        self.window().installEventFilter(self)

    def hideEvent(self, event: QHideEvent) -> None:
        """Listen no more."""
        self.window().removeEventFilter(self)
        self.set_bare(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow Alt in the window's keys; nothing is ever swallowed."""
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Alt:
                self.set_bare(event.type() == QEvent.Type.KeyPress)
        elif event.type() == QEvent.Type.WindowDeactivate:
            self.set_bare(False)
        return False

    def _check_alt(self, modifiers: Qt.KeyboardModifier) -> None:
        if self._is_bare and not modifiers & Qt.KeyboardModifier.AltModifier:
            self.set_bare(False)

    # Drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell which files were dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)
