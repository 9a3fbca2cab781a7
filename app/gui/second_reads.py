"""Decisions in doubt, read a second time: the model doubts, a person answers without seeing either.

What is in doubt is worked out in the fitting process when nothing else is asked of it
(`app.fitting.doubting`). While the section of second reads is open, its films show neither the decision that
stands nor what the model says (`Library.second_reads`); the reader's own answer shows both. It is a decision
like any other.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.fitting.messages import Doubted, Doubtful, FittingEvent
from app.gui.adapting import Adapting
from app.gui.film_cache import FrameKey
from app.gui.library import Library
from app.gui.reading import Reading
from app.workplace import Workplace
from reviews.record import Review
from widgets.words import in_words
from widgets.worklist import Worklist

AT_FIRST_MS = 5_000  # after the worklist is loaded
IDLE_MS = 20_000  # after a decision


class SecondReads(QObject):
    """The queue of second reads, and the section of the worklist that shows it. Lives on the GUI thread.

    Signals
    -------
    remarked(str)
        What came of a second read, in a sentence.
    """

    remarked = Signal(str)

    def __init__(
        self,
        workplace: Workplace,
        library: Library,
        reading: Reading,
        adapting: Adapting,
        worklist: Worklist,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._library = library
        self._reading = reading
        self._adapting = adapting
        self._worklist = worklist
        self._doubtful: dict[str, tuple[Doubtful, ...]] = {}  # by model
        self._models_to_ask: list[str] = []
        self._request = 0
        self._earlier: dict[int, Review] = {}  # decisions that are read again, by their id
        self._timer = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._timer.timeout.connect(self.look)
        worklist.second_reads_toggled.connect(self._on_toggled)
        adapting.told.connect(self._on_told)
        adapting.adapted.connect(lambda _: self._timer.start(IDLE_MS))  # films were looked at meanwhile
        reading.decided.connect(self._on_decided)

    def start(self) -> None:
        """The worklist is loaded."""
        self._timer.start(AT_FIRST_MS)

    def look(self) -> None:
        """Ask which decisions are in doubt now, model by model."""
        self._timer.setInterval(IDLE_MS)
        if self._library.standing and self._library.cards:
            self._models_to_ask = [card.id for card in self._library.cards]
            self._ask_next()

    def _ask_next(self) -> None:
        if self._models_to_ask:
            self._adapting.start()
            self._request = self._adapting.fitting.doubt(self._models_to_ask.pop(0))

    def _on_told(self, event: FittingEvent) -> None:
        if isinstance(event, Doubted) and event.request == self._request:
            self._doubtful[event.model_id] = event.doubtful
            self._ask_next()
            if not self._worklist.is_second_reading:
                self._tell()

    def _on_decided(self, review: Review, _: bool) -> None:
        self._timer.start(IDLE_MS)
        if review.second_read_of is not None and review.second_read_of in self._earlier:
            self._tell_outcome(self._earlier.pop(review.second_read_of), review)
        self._tell()

    def queue(self) -> list[Doubtful]:
        """What waits for a second read: others' decisions first, the most doubtful first."""
        reader = self._workplace.settings.reader_name
        in_use = {card.id for card in self._library.cards}
        waiting = []
        for model_id, doubtful in self._doubtful.items():
            for one in doubtful if model_id in in_use else ():
                standing = self._library.standing.get(one.key)
                if standing is not None and standing.id == one.review_id:
                    waiting.append(one)
        return sorted(waiting, key=lambda one: (one.reader == reader, one.margin))

    def _tell(self) -> None:
        waiting = self.queue()
        reader = self._workplace.settings.reader_name
        own = sum(one.reader == reader for one in waiting)
        self._worklist.set_second_reads(len({one.key for one in waiting}), own)

    # -- the section -----------------------------------------------------------------------------

    def _on_toggled(self, is_open: bool) -> None:
        if not is_open:
            self._library.close_second_reads()
            self._worklist.show_only(None)
            self._reading.refresh()
            self._tell()
            return
        waiting = self.queue()
        again: dict[FrameKey, Review] = {one.key: self._library.standing[one.key] for one in waiting}
        self._earlier = {review.id: review for review in again.values()}
        self._library.open_second_reads(again)
        studies = [study for one in waiting if (study := self._library.study_of(one.key[0])) is not None]
        uids = list(dict.fromkeys(study.study_instance_uid for study in studies))
        self._worklist.show_only(uids)
        self._tell()
        if uids and not self._worklist.select(uids[0]):
            return
        if uids:
            self._reading.open_study(uids[0])

    def _tell_outcome(self, earlier: Review, now: Review) -> None:
        """What was decided before, now that the reader has answered."""
        before, after = _present(earlier), _present(now)
        if dict(earlier.findings) == dict(now.findings):
            words = self.tr("Second read: the same as {0} decided on {1}. It will not come back.")
            self.remarked.emit(words.format(earlier.reader, earlier.time[:10]))
        else:
            words = self.tr("Second read: {0} decided {1} on {2}; {3} stands now.")
            said = (self._in_words(before, now), self._in_words(after, now))
            self.remarked.emit(words.format(earlier.reader, said[0], earlier.time[:10], said[1]))

    def _in_words(self, names: list[str], review: Review) -> str:
        header = self._library.header_of(review.sop_instance_uid)
        card = self._reading.model_for(header) if header is not None else None
        if not names:
            return self.tr("no finding that is present")
        return ", ".join(in_words(card.display_of(name)) if card else name for name in names)

    def close(self) -> None:
        self._timer.stop()


def _present(review: Review) -> list[str]:
    return [name for name, answer in review.findings if answer == "present"]
