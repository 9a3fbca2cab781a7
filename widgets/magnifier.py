"""A lens over a film: as long as the left button is held, what lies under the mouse is enlarged.

It shows the stored values through the film's own window, turned and flipped as the film is, without the
heatmap and without what was drawn. The wheel changes its power.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPainterPath, QPen, QWheelEvent

from studies.image import Image
from widgets import theme
from widgets.viewer import Viewer
from widgets.viewer_geometry import MOST_ZOOM, Placement
from widgets.viewer_layers import stored_point
from widgets.viewer_mapping import FilmMapper
from widgets.viewer_pictures import picture_of
from widgets.viewer_planes import ShutterPainter
from widgets.viewer_sampling import FilmSampler, mappable
from widgets.viewer_text_painting import outlined_text

RADIUS_PX = 120
LEAST_POWER, MOST_POWER = 1.5, 8.0
_POWER_A_NOTCH = 1.25
_NOTCH = 120
_OUTLINE = QColor(8, 9, 10, 210)


@dataclass(frozen=True, slots=True, eq=False)
class _Glass:
    """What one film needs to be enlarged; made when the lens is first held over it."""

    image: Image
    sampler: FilmSampler
    mapper: FilmMapper
    shutter: ShutterPainter | None

    @classmethod
    def of(cls, image: Image) -> _Glass:
        shown = mappable(image)
        shutter = None if image.shutter is None else ShutterPainter(image.shutter, image.shape)
        return cls(image, FilmSampler(shown), FilmMapper(shown), shutter)


class Magnifier(QObject):
    """The lens of one viewer: a layer above all others, and a pointer while the tool is in hand."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self._at: QPointF | None = None
        self._glass: _Glass | None = None
        self._wheel = 0
        self.power = 2.0
        viewer.add_layer(self)
        viewer.add_pointer(self)
        viewer.installEventFilter(self)
        viewer.image_changed.connect(self._on_image_changed)

    @property
    def is_held(self) -> bool:
        return self._at is not None

    # -- the pointer -------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> bool:
        """Hold the lens over the film."""
        if self._viewer.left_tool != "magnifier" or event.button() != Qt.MouseButton.LeftButton:
            return False
        self._hold(event.position())
        return True

    def move(self, event: QMouseEvent) -> None:
        """Carry it."""
        if self._at is not None:
            self._hold(event.position())

    def release(self, event: QMouseEvent) -> None:
        """Put it away."""
        self._hold(None)

    def hover(self, event: QMouseEvent) -> Qt.CursorShape | None:
        """A cross where it would be held."""
        return Qt.CursorShape.CrossCursor if self._viewer.left_tool == "magnifier" else None

    def double_click(self, event: QMouseEvent) -> bool:
        """The second press of a quick pair holds it too."""
        return self.press(event)

    def cancel(self) -> bool:
        """Put it away (Esc)."""
        was_held = self.is_held
        self._hold(None)
        return was_held

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel changes the power while the lens is held."""
        if self._at is None or not isinstance(event, QWheelEvent):
            return False
        notches = event.angleDelta().y() / _NOTCH
        self.power = min(max(self.power * _POWER_A_NOTCH**notches, LEAST_POWER), MOST_POWER)
        self._viewer.update()
        return True

    def _hold(self, at: QPointF | None) -> None:
        if at != self._at:
            self._at = at
            self._viewer.update()

    def _on_image_changed(self) -> None:
        self._glass = None
        if self._viewer.image is None:
            self._at = None

    # -- the layer ---------------------------------------------------------------------------------

    def paint(self, painter: QPainter, placement: Placement, ratio: float) -> None:
        """Draw the lens about the mouse."""
        image = self._viewer.image
        if self._at is None or image is None:
            return
        if self._glass is None or self._glass.image is not image:
            self._glass = _Glass.of(image)
        corner = self._at - QPointF(RADIUS_PX, RADIUS_PX)
        corner = QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio)
        lens = QPainterPath()
        lens.addEllipse(QRectF(corner.x(), corner.y(), 2 * RADIUS_PX, 2 * RADIUS_PX))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.setClipPath(lens)
        painter.fillPath(lens, QColor(theme.TOKENS.film))
        painter.translate(corner)
        self._paint_film(painter, self._glass, self.enlarged(placement, ratio), ratio)
        painter.restore()
        for colour, width in ((_OUTLINE, 4.0), (QColor(theme.TOKENS.text), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawPath(lens)
        self._paint_power(painter, corner + QPointF(RADIUS_PX, 2 * RADIUS_PX))

    def enlarged(self, placement: Placement, ratio: float) -> Placement:
        """The film as it lies in the lens: the point under the mouse stays in its middle."""
        assert self._at is not None
        zoom = min(placement.zoom * self.power, MOST_ZOOM)
        view = replace(placement.view, zoom=zoom, centre=stored_point(placement, ratio, self._at))
        size = round(2 * RADIUS_PX * ratio)
        return Placement(placement.film, view, size, size)

    def _paint_film(self, painter: QPainter, glass: _Glass, placement: Placement, ratio: float) -> None:
        sampled = glass.sampler.sample(placement)
        if sampled is None:
            return
        grey = np.ascontiguousarray(glass.mapper.map(sampled, self._viewer.state))  # outlives the picture
        picture = picture_of(grey)
        picture.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(sampled.box[0] / ratio, sampled.box[1] / ratio), picture)
        if glass.shutter is not None:
            glass.shutter.paint(painter, placement, ratio)

    def _paint_power(self, painter: QPainter, at: QPointF) -> None:
        font = QFont(theme.figures(self._viewer.font()))
        font.setPixelSize(theme.small_px())
        words = f"{self.power:.1f}×"
        width = QFontMetricsF(font).horizontalAdvance(words)
        painter.setFont(font)
        outlined_text(
            painter, at - QPointF(round(width / 2), theme.space(2)), words, QColor(theme.TOKENS.text)
        )
