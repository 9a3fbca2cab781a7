"""The film on the screen: one frame with its heatmap, texts and scale, drawn by the processor alone.

`FilmCanvas` is told what to show and how; `widgets.viewer.Viewer` adds mouse, keys and drops.
Geometry, sampling and texts live in modules of their own and know no widget.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inference.overlay import HeatmapStyle
from inference.prediction import Heatmap
from studies.display import DisplayState, initial_state
from studies.image import Header, Image, LookupTable, Window
from widgets import theme
from widgets.viewer_colour_bar import ColourBar
from widgets.viewer_film import FilmPainter
from widgets.viewer_film_texts import FilmTexts
from widgets.viewer_geometry import Film, Placement, View
from widgets.viewer_heatmap import HeatmapPainter
from widgets.viewer_layers import Layer
from widgets.viewer_notice import Notice
from widgets.viewer_texts import TextField

SETTLED_MS = 120
"""So long after the last step of a zoom the film is reduced exactly."""


class FilmCanvas(QWidget):
    """One film with its heatmap, texts and scale.

    Signals
    -------
    window_changed
        The VOI in force (`Window`, `LookupTable` or None for the full range), after every change of it.
    zoom_changed
        Physical pixels of the screen for one stored pixel.
    cursor_left
        There is no stored pixel under the mouse any more.
    view_changed
        The film was moved, turned, flipped or zoomed.
    state_changed
        Window or inversion changed (`DisplayState`).
    image_changed
        Another frame is shown, or none.
    open_requested
        The button of an empty viewer was pressed.
    """

    window_changed = Signal(object)
    zoom_changed = Signal(float)
    view_changed = Signal()
    state_changed = Signal(object)
    image_changed = Signal()
    cursor_left = Signal()
    open_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: Image | None = None
        self._waiting_for: Header | None = None
        self._state = DisplayState(None)
        self._view = View()
        self._index, self._count = 0, 1
        self._film: FilmPainter | None = None
        self._layers: list[Layer] = []
        self._texts = FilmTexts()
        self._are_planes_shown = True
        self._is_marked = False
        self._is_moving = False
        self._settling = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._settling.timeout.connect(self._on_settled)
        self._heatmap: HeatmapPainter | None = None
        self._heatmap_title = ""
        self._heatmap_style = HeatmapStyle()
        self._is_heatmap_wanted = False
        self._is_bare = False
        self._are_texts_shown = True
        self._colour_bar = ColourBar(self)
        self._colour_bar.hide()
        self._notice = Notice(self)
        self._notice.open_requested.connect(self.open_requested)
        self.setAccessibleName(self.tr("Film"))
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
            self._image = image
            self._film = FilmPainter(image)
        self._waiting_for = None
        self._notice.hide()
        self._state = state
        self._describe(image.header)
        self._on_heatmap_changed()
        if before is not image:
            self.image_changed.emit()
        self.window_changed.emit(state.voi)
        self.zoom_changed.emit(self.zoom)
        self.update()

    def show_waiting(self, header: Header) -> None:
        """Show the outline of a film that is being read, with the texts that its header gives already."""
        self._drop_image()
        self._waiting_for = header
        self._notice.hide()
        self._describe(header, self.tr("Reading the film"))
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
        self._film = self._heatmap = None
        self._on_heatmap_changed()
        self.image_changed.emit()
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

    def set_view(self, view: View) -> None:
        """Lay the film as another view is laid; the film is held as after any other move."""
        self._set_view(view)

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

    def set_hidden_texts(self, hidden: frozenset[TextField]) -> None:
        """Choose which texts are left out; warnings always stand."""
        self._texts.chosen_hidden = hidden
        self.update()

    def set_identity_hidden(self, is_hidden: bool) -> None:
        """Hide who the patient is, for showing the film to others, whatever else is chosen."""
        self._texts.is_identity_hidden = is_hidden
        header = self._waiting_for if self._image is None else self._image.header
        if header is not None:
            self._describe(header)
        self.update()

    @property
    def is_identity_hidden(self) -> bool:
        return self._texts.is_identity_hidden

    @property
    def hidden_texts(self) -> frozenset[TextField]:
        """The fields that are not shown now."""
        return self._texts.hidden

    def _describe(self, header: Header, *before: str) -> None:
        self.setAccessibleDescription("; ".join((*before, *self._texts.spoken(header))))

    # What lies over the film

    def add_layer(self, layer: Layer) -> None:
        """Draw something over the film, above what was added before."""
        self._layers.append(layer)
        self.update()

    def set_remarks(self, remarks: tuple[str, ...]) -> None:
        """Say something about this view among the warnings, such as that the film is another patient's."""
        self._texts.remarks = remarks
        self.update()

    @property
    def remarks(self) -> tuple[str, ...]:
        return self._texts.remarks

    def set_marked(self, is_marked: bool) -> None:
        """Draw a line around this view: it is the active one of several."""
        self._is_marked = is_marked
        self.update()

    def set_planes_visible(self, visible: bool) -> None:
        """Show or hide the graphics that files carry over their own images (60xx)."""
        self._are_planes_shown = visible
        self.update()

    @property
    def are_planes_visible(self) -> bool:
        return self._are_planes_shown

    # Heatmap

    def set_heatmap(self, heatmap: Heatmap | None, title: str = "") -> None:
        """Lay a map over the film that is shown; `title` says what it is evidence of."""
        self._heatmap = None
        if heatmap is not None and self._image is not None:
            self._heatmap = HeatmapPainter(heatmap)
            self._heatmap_title = title or heatmap.finding
        self._on_heatmap_changed()

    def set_heatmap_visible(self, visible: bool) -> None:
        """Show the map, or keep it off."""
        self._is_heatmap_wanted = visible
        self._on_heatmap_changed()

    def set_heatmap_style(self, style: HeatmapStyle) -> None:
        """How the map looks in this view."""
        if style != self._heatmap_style:
            self._heatmap_style = style
            self._on_heatmap_changed()

    @property
    def heatmap_style(self) -> HeatmapStyle:
        return self._heatmap_style

    def set_bare(self, bare: bool) -> None:
        """Hide map and marks for as long as this is on, whatever else is asked for (Alt is held)."""
        if bare != self._is_bare:
            self._is_bare = bare
            self._on_heatmap_changed()

    @property
    def is_bare(self) -> bool:
        """Whether nothing shall lie over the film now."""
        return self._is_bare

    @property
    def is_heatmap_drawn(self) -> bool:
        """Whether the map can be seen now."""
        return self._heatmap is not None and self._is_heatmap_wanted and not self._is_bare

    def _on_heatmap_changed(self) -> None:
        if self._heatmap is not None and self.is_heatmap_drawn:
            self._colour_bar.show_heatmap(self._heatmap.heatmap, self._heatmap_style, self._heatmap_title)
            self._place_colour_bar()
        self._colour_bar.setVisible(self.is_heatmap_drawn)
        self.update()

    def _place_colour_bar(self) -> None:
        bar = self._colour_bar
        below_texts = theme.space(5) + 6 * round(theme.text_px() * 1.4)
        y = max((self.height() - bar.height()) // 2, min(below_texts, self.height() - bar.height()))
        beside_letter = theme.space(7)  # the direction at the right edge stays readable
        bar.move(self.width() - bar.width() - beside_letter, y)

    # Laying the film, and its grey

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
        self._set_view(placement.zoomed(placement.zoom * factor, x, y), is_moving=True)

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

    def set_state(self, state: DisplayState) -> None:
        """Show the film in another state of display."""
        if state != self._state:
            self._set_state(state)

    def _set_view(self, view: View, is_moving: bool = False) -> None:
        """Lay the film anew; while it is moving, quickly, and exactly as soon as it stands still."""
        if self._image is None or view == self._view:
            return
        before = self.zoom
        self._view = view
        if self.zoom != before:
            self._is_moving = is_moving
            self.zoom_changed.emit(self.zoom)
        if self._is_moving:
            self._settling.start()
        self.view_changed.emit()
        self.update()

    def _on_settled(self) -> None:
        self._is_moving = False
        self.update()

    def _set_state(self, state: DisplayState) -> None:
        if self._image is None:
            return
        is_other_window = state.voi is not self._state.voi
        self._state = state
        if is_other_window:
            self.window_changed.emit(state.voi)
        self.state_changed.emit(state)
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, film, map and texts."""
        painter = QPainter(self)
        placement, room = self.placement, QRectF(self.rect())
        font = theme.figures(self.font())
        font.setPixelSize(theme.text_px())
        if self._image is not None and placement is not None:
            ratio = self.devicePixelRatioF()
            self._paint_film(painter, placement, ratio)
            if self._are_texts_shown:
                position = self._index, self._count
                self._texts.paint(painter, room, self._image, self._state, placement, position, font, ratio)
        else:
            painter.fillRect(self.rect(), QColor(theme.TOKENS.film))
            if self._waiting_for is not None:
                self._paint_waiting(painter, self._waiting_for, font)
        if self.hasFocus() or self._is_marked:
            painter.setPen(QPen(QColor(theme.TOKENS.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_film(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """The film, and in this order over it: heatmap, the file's own graphics, layers."""
        assert self._film is not None
        self._film.paint(painter, self.rect(), placement, ratio, self._state, self._is_moving)
        if self._heatmap is not None and self.is_heatmap_drawn:
            self._heatmap.paint(painter, placement, ratio, self._heatmap_style)
        if self._are_planes_shown:
            self._film.paint_planes(painter, placement, ratio)
        for layer in self._layers:
            painter.save()
            layer.paint(painter, placement, ratio)
            painter.restore()

    def _paint_waiting(self, painter: QPainter, header: Header, font: QFont) -> None:
        rows, columns = max(header.rows, 1), max(header.columns, 1)
        part = min(self.width() / columns, self.height() / rows)
        outline = QRect(0, 0, round(columns * part) - 1, round(rows * part) - 1)
        outline.moveCenter(self.rect().center())
        painter.fillRect(outline, QColor(theme.TOKENS.panel))
        painter.setPen(QColor(theme.TOKENS.hover))
        painter.drawRect(outline)
        painter.setFont(font)
        painter.setPen(QColor(theme.TOKENS.text_quiet))
        words = self.tr("Reading {name}").format(name=Path(header.path).name)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
        if self._are_texts_shown:
            self._texts.paint_header(painter, QRectF(self.rect()), header, font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what floats over the film in its place."""
        self._notice.setGeometry(self.rect())
        self._place_colour_bar()
        if self._view.zoom is None and self._image is not None:
            self.zoom_changed.emit(self.zoom)


def _frame_of(image: Image) -> tuple[str, int]:
    return image.header.sop_instance_uid, image.frame
