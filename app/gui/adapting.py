"""How a correction counts at once: a process re-fits heads, and the window shows what they say."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Qt, Signal

from app.fitting.handle import Fitting
from app.fitting.messages import Died, Failed, FittingEvent, Known, Ready, Scored
from app.gui.library import Library
from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import reason_not_covered
from inference.embeddings import FrameKey
from reviews.record import News

log = logging.getLogger(__name__)


class Adapting(QObject):
    """Asks for re-fitted heads and gives the library what they say. Lives on the GUI thread."""

    adapted = Signal(object)  # Scored: a head was re-fitted, and the library has what it says
    scored = Signal(object)  # Scored: the same, and where a head was read from the disk
    told = Signal(object)  # FittingEvent: what others asked the process
    missing = Signal(list)  # FrameKeys of decided films that nobody has an embedding of
    failed = Signal(int, str)  # request, a sentence
    died = Signal(str)  # a sentence

    _came = Signal(object)  # FittingEvent, from the handle's thread

    def __init__(self, workplace: Workplace, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._came.connect(self._on_event, Qt.ConnectionType.QueuedConnection)
        self.fitting = Fitting(workplace.folder, workplace.bundled, self._came.emit)
        self._asked_for: set[FrameKey] = set()  # told to be missing; nobody is asked for them twice
        self._incomplete: set[str] = set()  # models whose head lacks some of these
        self._is_closed = False

    def start(self) -> None:
        """Start the process; it needs a while, and nobody waits for it."""
        self.fitting.start()

    def fit_soon(self, card: ModelCard) -> None:
        """Re-fit the head of a model; while one fit runs, at most one more waits."""
        self.fitting.start()
        self.fitting.fit(card.id)

    def fit_again(self) -> None:
        """The films that heads lacked were looked at."""
        models, self._incomplete = self._incomplete, set()
        for card in (self._library.card_of(model_id) for model_id in models):
            if card is not None:
                self.fit_soon(card)

    def take_news(self, news: News) -> None:
        """Somebody else decided: that counts as well."""
        headers = [h for uid, _ in news.standing if (h := self._library.header_of(uid)) is not None]
        for card in self._library.cards:
            if any(reason_not_covered(card, header) is None for header in headers):
                self.fit_soon(card)

    def score(self) -> None:
        """Show what the adapted heads on disk say of every frame, as after a start or a promotion."""
        if self._library.cards and not self._library.is_loading:
            self.fitting.start()
            self.fitting.score(tuple(card.id for card in self._library.cards))

    def _on_event(self, event: FittingEvent) -> None:
        if self._is_closed:
            return
        if isinstance(event, Known):
            self._library.adapted.take_known(event)
        elif isinstance(event, Scored):
            self._on_scored(event)
        elif isinstance(event, Failed):
            # Too few answers to fit anything yet is no failure; the suggestions stay the base model's.
            log.info("the head was not re-fitted: %s", event.reason)
            self.failed.emit(event.request, event.reason)
        elif isinstance(event, Died):
            log.info("the fitting process ended, will_restart=%s", event.will_restart)
            self.died.emit(event.reason)
        elif not isinstance(event, Ready):
            self.told.emit(event)

    def _on_scored(self, scored: Scored) -> None:
        card = self._library.card_of(scored.model_id)
        if card is None:  # it went out of use
            return
        self._library.take_scores(scored, card)
        self.scored.emit(scored)
        if scored.is_fitted:
            self.adapted.emit(scored)
        new = set(scored.missing) - self._asked_for
        if new:
            self._asked_for |= new
            self._incomplete.add(card.id)
            self.missing.emit(sorted(new))

    def close(self) -> None:
        """End the process."""
        self._is_closed = True
        self.fitting.stop()
