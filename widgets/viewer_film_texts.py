"""Which texts stand on a film, and drawing them."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QPainter

from studies.display import DisplayState
from studies.geometry import letters_of
from studies.image import Header, Image
from widgets.viewer_geometry import Placement
from widgets.viewer_text_painting import TextPainter
from widgets.viewer_texts import (
    IDENTITY,
    NOTHING,
    CornerTexts,
    TextField,
    display_texts,
    header_texts,
    laid_texts,
    scale_bar,
    screen_letters,
    spoken,
    warnings_of,
)


class FilmTexts:
    """What a view says of its film. Who the patient is can be hidden whatever else is chosen.

    Attributes
    ----------
    chosen_hidden
        Fields that the reader leaves out.
    remarks
        What the window says of this view, among the warnings.
    """

    def __init__(self) -> None:
        self.chosen_hidden: frozenset[TextField] = NOTHING
        self.is_identity_hidden = False
        self.remarks: tuple[str, ...] = ()
        self._painter = TextPainter()
        self._known: tuple[Header, frozenset[TextField], CornerTexts] | None = None

    @property
    def hidden(self) -> frozenset[TextField]:
        """The fields that are not shown now."""
        return self.chosen_hidden | (IDENTITY if self.is_identity_hidden else NOTHING)

    def spoken(self, header: Header) -> tuple[str, ...]:
        """The same for a screen reader."""
        return spoken(header, self.hidden)

    def _of(self, header: Header) -> CornerTexts:
        """The texts of a header, worked out once as long as it is shown."""
        hidden = self.hidden
        if self._known is None or self._known[0] is not header or self._known[1] != hidden:
            self._known = header, hidden, header_texts(header, hidden)
        return self._known[2]

    def paint_header(self, painter: QPainter, room: QRectF, header: Header, font: QFont) -> None:
        """Draw what is known of a film that is not there yet."""
        self._painter.paint_corners(painter, room, self._of(header), font)

    def paint(
        self,
        painter: QPainter,
        room: QRectF,
        image: Image,
        state: DisplayState,
        placement: Placement,
        position: tuple[int, int],
        font: QFont,
        ratio: float,
    ) -> None:
        """Draw corners, directions and scale bar; `position` is the frame, from 0, of how many."""
        known, hidden = self._of(image.header), self.hidden
        shown = display_texts(image, state, placement.zoom, *position, hidden)
        warnings = (*self.remarks, *laid_texts(placement.view), *warnings_of(image))
        texts = CornerTexts(known.top_left, known.top_right, shown, warnings)
        free = self._painter.paint_corners(painter, room, texts, font)
        if "orientation" not in hidden:
            letters = screen_letters(letters_of(image), placement.view)
            self._painter.paint_orientation(painter, room, letters, font, free)
        bar = None if "scale" in hidden else scale_bar(image, placement)
        if bar is not None:
            self._painter.paint_scale_bar(painter, room, bar, ratio, font)
