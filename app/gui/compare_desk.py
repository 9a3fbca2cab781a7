"""Everything about views beside the main one, put together and connected to the page."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.gui.compare_menu import CompareMenu
from app.gui.comparing import Comparing
from app.gui.films import Films
from app.gui.following import Following
from app.gui.library import Library
from app.gui.reading import Reading
from app.gui.reading_page import ReadingPage
from inference.prediction import Heatmap
from widgets.words import in_words


class CompareDesk(QObject):
    """Connects the grid of views to what is read. While the evidence stands beside, the film is bare."""

    def __init__(
        self, page: ReadingPage, library: Library, reading: Reading, films: Films, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._reading = reading
        self.following = Following(page.grid, self)
        self.comparing = Comparing(page.grid, library, reading, films, self.following, self)
        self.menu = CompareMenu(page, self.comparing, self.following, page)
        self._is_evidence_beside = False
        reading.heatmap_changed.connect(self._on_heatmap_changed)
        self.comparing.evidence_beside_changed.connect(self._on_evidence_beside_changed)

    def _on_heatmap_changed(self, heatmap: Heatmap | None) -> None:
        title = ""
        if heatmap is not None and self._reading.position is not None:
            card = self._reading.model_for(self._reading.position.header_and_frame[0])
            title = in_words(card.display_of(heatmap.finding)) if card else heatmap.finding
        self.comparing.show_heatmap(heatmap, title)

    def _on_evidence_beside_changed(self, is_beside: bool) -> None:
        if is_beside == self._is_evidence_beside:
            return
        self._is_evidence_beside = is_beside
        self._page.viewer.set_heatmap_visible(self._page.evidence.is_shown and not is_beside)
        self._page.evidence.set_beside(is_beside)
        self._reading.set_maps_beside(is_beside)
