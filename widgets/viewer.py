"""The film, and everything a hand does with it.

The viewer shows one frame at a time, drawn by the processor alone: no OpenGL is needed. What it
shows is decided by the window around it; what the reader does with mouse and keys is told in
signals. Geometry, sampling, texts and the meaning of drags live in the `viewer_*` modules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QFont,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from inference.prediction import Heatmap
from studies.display import DisplayState, initial_state, stored_to_modality
from studies.image import Header, Image, LookupTable, Window
from widgets import theme
from widgets.viewer_colour_bar import ColourBar
from widgets.viewer_geometry import Film, Placement, View
from widgets.viewer_notice import Notice
from widgets.viewer_painting import FilmMapper, FilmSampler, HeatmapPainter, Sampled, picture_of
from widgets.viewer_texts import (
    CornerTexts,
    display_texts,
    header_texts,
    paint_corner_texts,
    paint_scale_bar,
    scale_bar,
)
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
    is_under_way: bool = False


class Viewer(QWidget):
    """One film with its heatmap, texts and scale.

    Signals
    -------
    window_changed
        The VOI in force (`Window`, `LookupTable` or None for the full range), after every change of it.
    zoom_changed
        Physical pixels of the screen for one stored pixel.
    scroll_requested
        Frames to go forward (negative: back).
    cursor_value
        Row, column (from 0) and value under the mouse in modality units (RGB tuple for colour).
    files_dropped
        Paths that were dropped onto the viewer.
    """

    window_changed = Signal(object)
    zoom_changed = Signal(float)
    scroll_requested = Signal(int)
    cursor_value = Signal(int, int, object)
    cursor_left = Signal()
    files_dropped = Signal(list)
    open_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: Image | None = None
        self._waiting_for: Header | None = None
        self._state = DisplayState(None)
        self._view = View()
        self._index, self._count = 0, 1
        self._sampler: FilmSampler | None = None
        self._mapper: FilmMapper | None = None
        self._mapped: tuple[Sampled, DisplayState, NDArray[np.uint8]] | None = None
        self._heatmap: HeatmapPainter | None = None
        self._heatmap_title = ""
        self._opacity = 0.5
        self._is_heatmap_wanted = False
        self._is_bare = False
        self._are_texts_shown = True
        self._left_tool: Tool = "window"
        self._drag: _Drag | None = None
        self._wheel = 0
        self._colour_bar = ColourBar(self)
        self._colour_bar.hide()
        self._notice = Notice(self)
        self._notice.open_requested.connect(self.open_requested)
        self.setAccessibleName(self.tr("Film"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(theme.space(60), theme.space(60))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # What is shown

    def show_image(self, image: Image, state: DisplayState | None = None, keep_view: bool = False) -> None:
        """Show a frame.

        Parameters
        ----------
        state
            How it is shown; None keeps what is in force with `keep_view`, else shows it as the file asks.
        keep_view
            Keep turn, flip, zoom and place (and without `state` the window): scrolling in one series.
            A film of another size is fitted again.

        A heatmap of another frame is dropped: a map is never drawn over a film that it is not of.
        """
        before = self._image
        if before is None or _frame_of(before) != _frame_of(image):
            self._heatmap = None
        if state is None:
            state = self._state if keep_view and before is not None else initial_state(image)
        if not keep_view:
            self._view = View()
        elif before is None or Film.of(before) != Film.of(image):
            self._view = replace(self._view, zoom=None, centre=None)
        if before is not image:
            self._image, self._mapped, self._drag = image, None, None
            self._sampler, self._mapper = FilmSampler(image), FilmMapper(image)
        self._waiting_for = None
        self._notice.hide()
        self._state = state
        self.setAccessibleDescription("; ".join(_spoken(image.header)))
        self._on_heatmap_changed()
        self.window_changed.emit(state.voi)
        self.zoom_changed.emit(self.zoom)
        self.update()

    def show_waiting(self, header: Header) -> None:
        """Show the outline of a film that is being read, with the texts that its header gives already."""
        self._drop_image()
        self._waiting_for = header
        self._notice.hide()
        self.setAccessibleDescription("; ".join((self.tr("Reading the film"), *_spoken(header))))
        self.update()

    def show_problem(self, sentence: str) -> None:
        """Show why there is no film."""
        self._drop_image()
        self._notice.show_problem(sentence)
        self.setAccessibleDescription(sentence)
        self.update()

    def show_empty(self, text: str, button_text: str) -> None:
        """Show that there is nothing to look at yet; the button emits `open_requested`."""
        self._drop_image()
        self._notice.show_empty(text, button_text)
        self.setAccessibleDescription(text)
        self.update()

    def _drop_image(self) -> None:
        self._image = self._waiting_for = None
        self._sampler = self._mapper = self._mapped = self._heatmap = self._drag = None
        self._on_heatmap_changed()
        self.cursor_left.emit()

    @property
    def image(self) -> Image | None:
        """The frame on the screen."""
        return self._image

    @property
    def state(self) -> DisplayState:
        """Window and inversion in force."""
        return self._state

    @property
    def view(self) -> View:
        """Turn, flip, zoom and place in force."""
        return self._view

    @property
    def zoom(self) -> float:
        """Physical pixels of the screen for one stored pixel."""
        placement = self.placement
        return 1.0 if placement is None else placement.zoom

    @property
    def placement(self) -> Placement | None:
        """Where the film lies in this widget, in physical pixels; None without a film."""
        if self._image is None:
            return None
        ratio = self.devicePixelRatioF()
        width, height = max(round(self.width() * ratio), 1), max(round(self.height() * ratio), 1)
        return Placement(Film.of(self._image), self._view, width, height)

    def set_position(self, index: int, count: int) -> None:
        """Say which frame (from 0) of how many this is."""
        self._index, self._count = index, count
        self.update()

    def set_text_visible(self, visible: bool) -> None:
        """Show or hide the texts in the corners and the scale bar."""
        self._are_texts_shown = visible
        self.update()

    def toggle_text(self) -> None:
        """Show the texts in the corners if they are hidden, else hide them."""
        self.set_text_visible(not self._are_texts_shown)

    @property
    def is_text_visible(self) -> bool:
        return self._are_texts_shown

    # Heatmap

    def set_heatmap(self, heatmap: Heatmap | None, title: str = "") -> None:
        """Lay a map over the film that is shown; `title` says what it is evidence of."""
        self._heatmap = None
        if heatmap is not None and self._image is not None:
            self._heatmap = HeatmapPainter(heatmap, self._image.shape)
            self._heatmap_title = title or heatmap.finding
        self._on_heatmap_changed()

    def set_heatmap_visible(self, visible: bool) -> None:
        """Show the map, or keep it off."""
        self._is_heatmap_wanted = visible
        self._on_heatmap_changed()

    def set_heatmap_opacity(self, opacity: float) -> None:
        """Opacity of the strongest evidence, 0 to 1."""
        self._opacity = min(max(opacity, 0.0), 1.0)
        self._on_heatmap_changed()

    def set_bare(self, bare: bool) -> None:
        """Hide the map for as long as this is on, whatever else is asked for (Alt is held)."""
        if bare != self._is_bare:
            self._is_bare = bare
            self._on_heatmap_changed()

    @property
    def is_heatmap_drawn(self) -> bool:
        """Whether the map can be seen now."""
        return self._heatmap is not None and self._is_heatmap_wanted and not self._is_bare

    def _on_heatmap_changed(self) -> None:
        if self._heatmap is not None and self.is_heatmap_drawn:
            self._colour_bar.show_heatmap(self._heatmap.heatmap, self._opacity, self._heatmap_title)
            self._place_colour_bar()
        self._colour_bar.setVisible(self.is_heatmap_drawn)
        self.update()

    def _place_colour_bar(self) -> None:
        bar = self._colour_bar
        below_texts = theme.space(5) + 6 * round(theme.text_px() * 1.4)
        y = max((self.height() - bar.height()) // 2, min(below_texts, self.height() - bar.height()))
        bar.move(self.width() - bar.width() - theme.space(2), y)

    # What a hand does

    def set_left_tool(self, tool: Tool) -> None:
        """Choose what dragging with the left button does."""
        self._left_tool = tool

    def fit(self) -> None:
        """Show the whole film."""
        self._set_view(replace(self._view, zoom=None, centre=None))

    def zoom_to(self, zoom: float) -> None:
        """Zoom about the middle; 1 is one pixel of the screen for one stored pixel."""
        if (placement := self.placement) is not None:
            self._set_view(placement.zoomed(zoom))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom by a factor about a point of this widget, else about the middle."""
        if (placement := self.placement) is None:
            return
        ratio = self.devicePixelRatioF()
        x, y = (None, None) if at is None else (at.x() * ratio, at.y() * ratio)
        self._set_view(placement.zoomed(placement.zoom * factor, x, y))

    def rotate(self, degrees: int) -> None:
        """Turn the film clockwise by a multiple of 90 degrees."""
        self._set_view(self._view.turned(degrees))

    def flip_horizontal(self) -> None:
        """Exchange left and right of what is on the screen."""
        self._set_view(self._view.mirrored())

    def invert(self) -> None:
        """Exchange black and white."""
        self._set_state(replace(self._state, inverted=not self._state.inverted))

    def apply_window(self, voi: Window | LookupTable | None) -> None:
        """Show the film with another window, table, or its full range (None)."""
        self._set_state(replace(self._state, voi=voi))

    def reset_view(self) -> None:
        """Show the film as it was first shown."""
        if self._image is not None:
            self._set_state(initial_state(self._image))
        self._set_view(View())

    def _set_view(self, view: View) -> None:
        if self._image is not None and view != self._view:
            self._view = view
            self.zoom_changed.emit(self.zoom)
            self.update()

    def _set_state(self, state: DisplayState) -> None:
        if self._image is None:
            return
        is_other_window = state.voi is not self._state.voi
        self._state = state
        if is_other_window:
            self.window_changed.emit(state.voi)
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, film, map and texts."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.TOKENS.film))
        placement = self.placement
        font = theme.figures(self.font())
        font.setPixelSize(theme.text_px())
        if self._image is not None and placement is not None:
            self._paint_film(painter, placement)
            if self._are_texts_shown:
                self._paint_texts(painter, self._image, placement, font)
        elif self._waiting_for is not None:
            self._paint_waiting(painter, self._waiting_for, font)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.TOKENS.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_film(self, painter: QPainter, placement: Placement) -> None:
        assert self._sampler is not None
        assert self._mapper is not None
        sampled = self._sampler.sample(placement)
        if sampled is None:
            return
        if self._mapped is None or self._mapped[0] is not sampled or self._mapped[1] is not self._state:
            self._mapped = sampled, self._state, self._mapper.map(sampled, self._state)
        ratio = self.devicePixelRatioF()
        at = QPointF(sampled.box[0] / ratio, sampled.box[1] / ratio)
        grey = np.ascontiguousarray(self._mapped[2])
        picture = picture_of(grey)
        picture.setDevicePixelRatio(ratio)
        painter.drawImage(at, picture)
        if self._heatmap is not None and self.is_heatmap_drawn:
            colours = self._heatmap.picture(placement, self._opacity)
            colours.setDevicePixelRatio(ratio)
            painter.drawImage(at, colours)

    def _paint_texts(self, painter: QPainter, image: Image, placement: Placement, font: QFont) -> None:
        known = header_texts(image.header)
        shown = display_texts(image, self._state, placement.zoom, self._index, self._count)
        texts = CornerTexts(known.top_left, known.top_right, shown, image.warnings)
        paint_corner_texts(painter, QRectF(self.rect()), texts, font)
        if (bar := scale_bar(image, placement)) is not None:
            paint_scale_bar(painter, QRectF(self.rect()), bar, self.devicePixelRatioF(), font)

    def _paint_waiting(self, painter: QPainter, header: Header, font: QFont) -> None:
        rows, columns = max(header.rows, 1), max(header.columns, 1)
        part = min(self.width() / columns, self.height() / rows)
        outline = QRect(0, 0, round(columns * part) - 1, round(rows * part) - 1)
        outline.moveCenter(self.rect().center())
        painter.fillRect(outline, QColor(theme.TOKENS.ground))
        painter.setPen(QColor(theme.TOKENS.line))
        painter.drawRect(outline)
        painter.setFont(font)
        painter.setPen(QColor(theme.TOKENS.text_quiet))
        words = self.tr("Reading {name}").format(name=Path(header.path).name)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
        if self._are_texts_shown:
            paint_corner_texts(painter, QRectF(self.rect()), header_texts(header), font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what floats over the film in its place."""
        self._notice.setGeometry(self.rect())
        self._place_colour_bar()
        if self._view.zoom is None and self._image is not None:
            self.zoom_changed.emit(self.zoom)

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag: left for the chosen tool, middle to pan, right to zoom."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
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
        self._drag = _Drag(tool, event.button(), at, at, window, step, self.zoom)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a drag, and tell what is under the mouse."""
        self._check_alt(event.modifiers())
        at = event.position()
        drag = self._drag
        if drag is None:
            self._tell_value(at)
            return
        moved = at - drag.start
        if not drag.is_under_way and moved.manhattanLength() < _DRAG_BEGINS_PX:
            return
        self._drag = replace(drag, last=at, is_under_way=True)
        if drag.tool == "pan":
            self._pan(at - drag.last)
        elif drag.tool == "zoom":
            self._zoom_from(drag, moved.y())
        elif drag.window is not None and self._image is not None:
            inverted = is_shown_inverted(self._image, self._state)
            self.apply_window(dragged_window(drag.window, drag.step, moved.x(), moved.y(), inverted))

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
            self._set_view(placement.zoomed(zoom, drag.start.x() * ratio, drag.start.y() * ratio))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag that this button began."""
        if self._drag is not None and event.button() == self._drag.button:
            self._drag = None
            self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit the film."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = None
            self.fit()

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


def _frame_of(image: Image) -> tuple[str, int]:
    return image.header.sop_instance_uid, image.frame


def _spoken(header: Header) -> tuple[str, ...]:
    texts = header_texts(header)
    return (*texts.top_right, *texts.top_left)
