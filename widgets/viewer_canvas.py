"""The film on the screen: one frame with its heatmap, texts and scale, drawn by the processor alone.

`FilmCanvas` is told what to show and how; `widgets.viewer.Viewer` adds mouse, keys and drops.
Geometry, sampling and texts live in modules of their own and know no widget.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inference.prediction import Heatmap
from studies.display import DisplayState, initial_state
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
    open_requested
        The button of an empty viewer was pressed.
    """

    window_changed = Signal(object)
    zoom_changed = Signal(float)
    cursor_left = Signal()
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
            self._image, self._mapped = image, None
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
        self._sampler = self._mapper = self._mapped = self._heatmap = None
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
            before = self.zoom
            self._view = view
            if self.zoom != before:
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
        painter.fillRect(outline, QColor(theme.TOKENS.panel))
        painter.setPen(QColor(theme.TOKENS.hover))
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


def _frame_of(image: Image) -> tuple[str, int]:
    return image.header.sop_instance_uid, image.frame


def _spoken(header: Header) -> tuple[str, ...]:
    texts = header_texts(header)
    return (*texts.top_right, *texts.top_left)
