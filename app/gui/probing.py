"""Covering the film to ask the model, and the lungs' outline over it: connected to what is read."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.gui.film_cache import FrameKey
from app.gui.reading import Reading
from app.gui.reading_page import ReadingPage
from app.gui.remarks import Remarks
from inference.lung_mask import LungMask, outlines
from inference.prediction import Prediction
from widgets.blind_words import hidden_text
from widgets.cover_shapes import COVER_KINDS, Cover, CoverKind
from widgets.cover_tool import CoverTool
from widgets.lung_outline import LungOutline
from widgets.words import in_words


class Probing(QObject):
    """The cover of the main view, and the lungs' outline in every view. Lives on the GUI thread.

    Signals
    -------
    changed
        What menus and the bar tell has changed: shape, what is kept, whether something is covered.
    """

    changed = Signal()

    def __init__(self, page: ReadingPage, reading: Reading, remarks: Remarks) -> None:
        super().__init__(page)
        self._page = page
        self._reading = reading
        self._remarks = remarks
        self.tool = CoverTool(page.viewer)
        self._outlines = [LungOutline(viewer) for viewer in page.grid.viewers]
        self._mask: tuple[FrameKey, LungMask | None] | None = None
        self.tool.covered.connect(self._on_covered)
        page.findings.cover_ended.connect(self.tool.clear)
        reading.covered.connect(self._on_answer)
        reading.cover_failed.connect(self._on_failed)
        reading.lungs_changed.connect(self._on_lungs_changed)

    # -- covering ----------------------------------------------------------------------------------

    @property
    def is_covered(self) -> bool:
        """Whether a part of the film is covered now."""
        return self.tool.cover is not None

    def choose_kind(self, kind: CoverKind) -> None:
        """Draw another shape from now on."""
        self.tool.set_kind(kind)
        self.changed.emit()

    def next_kind(self) -> CoverKind:
        """The shape after the one that is drawn now."""
        return COVER_KINDS[(COVER_KINDS.index(self.tool.kind) + 1) % len(COVER_KINDS)]

    def toggle_keeps(self) -> None:
        """Keep what lies inside the shape instead of covering it, or the other way round."""
        self.tool.set_keeps(not self.tool.keeps)
        self.changed.emit()

    def _on_covered(self, cover: Cover | None) -> None:
        findings = self._page.findings
        if not self._reading.cover(None if cover is None else cover.region):
            self.tool.clear()
            nobody = self.tr("No model answers for this film, so there is nobody to ask.")
            self._remarks.say(hidden_text() if self._reading.is_hidden else nobody)
        elif cover is None:
            findings.end_cover()
        else:
            findings.show_cover(cover.keeps)
        self.changed.emit()

    def _on_answer(self, prediction: Prediction) -> None:
        if (cover := self.tool.cover) is not None:
            probabilities = {f.name: f.probability for f in prediction.findings}
            self._page.findings.show_cover(cover.keeps, probabilities)

    def _on_failed(self, sentence: str) -> None:
        if (cover := self.tool.cover) is not None:
            self._page.findings.show_cover(cover.keeps, problem=in_words(sentence))

    # -- the lungs -----------------------------------------------------------------------------------

    @property
    def are_lungs_shown(self) -> bool:
        return self._outlines[0].is_visible

    def show_lungs(self, is_shown: bool) -> None:
        """Outline the lungs, or do not."""
        for outline in self._outlines:
            outline.set_visible(is_shown)
        self._reading.set_lungs_wanted(is_shown)

    def _on_lungs_changed(self, key: FrameKey, mask: LungMask | None) -> None:
        """The line is worked out once for each mask; it is drawn wherever its film is."""
        if self._mask is not None and self._mask[0] == key and self._mask[1] is mask:
            return
        self._mask = key, mask
        lines = () if mask is None else outlines(mask)
        for outline in self._outlines:
            outline.show_outlines(key, lines)


def kept_kind(name: str) -> CoverKind:
    """The shape of a name that was remembered; a rectangle where it is none."""
    return next((kind for kind in COVER_KINDS if kind == name), "rectangle")
