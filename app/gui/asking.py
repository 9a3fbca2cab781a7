"""The worklist in the order *ask first*: asks for it, and lays it out around what the reader has before them.

The order is worked out in the fitting process (`app.fitting.asking`). Here it is laid out so that nothing
jumps away: studies that were read under this order stay above in the order in which they were read, the one
on the screen stays below them, and what is asked next follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from app.fitting.messages import FittingEvent, Ordered
from app.gui.adapting import Adapting
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.reading import Position, Reading
from app.workplace import Workplace
from reviews.errors import StoreError
from training.adapting.asking import WHY
from widgets.worklist import Asked, Order, Row, Worklist

ASK_FIRST: Order = "ask first"
SOON_MS = 150  # after what may change the order
SELDOM_MS = 3000  # between two orders while the model is still looking at films
_LATER, _MARKED = WHY.index("later"), WHY.index("urgent")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the list tells of one study's place, as the reader saw it."""

    why: int
    leading: tuple[int, int]
    said: tuple[float, float]


class Asking(QObject):
    """Keeps the order up to date, and the readers' marks. Lives on the GUI thread.

    Signals
    -------
    order_chosen(Order)
        The reader chose another order of the list.
    failed(str)
        A mark was not kept: a sentence.
    """

    order_chosen = Signal(str)
    failed = Signal(str)

    def __init__(
        self,
        workplace: Workplace,
        library: Library,
        reading: Reading,
        adapting: Adapting,
        worklist: Worklist,
        store_jobs: Jobs,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._library = library
        self._adapting = adapting
        self._worklist = worklist
        self._store_jobs = store_jobs
        self._ordered: Ordered | None = None
        self._places: dict[str, int] = {}  # in `_ordered`
        self._shown: dict[str, _Entry] = {}  # of studies that stand above the next
        self._visited: dict[str, None] = {}  # studies that were on the screen under this order
        self._current = ""
        self._request = 0
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._ask)
        self._seldom = QTimer(self, singleShot=True, interval=SELDOM_MS)
        self._seldom.timeout.connect(self._ask)
        worklist.order_changed.connect(self._on_order_changed)
        reading.position_changed.connect(self._on_position_changed)
        library.rows_changed.connect(self._on_rows_changed)
        adapting.told.connect(self._on_told)
        adapting.adapted.connect(lambda _: self._ask())
        adapting.failed.connect(lambda *_: self.refresh_soon())

    # -- the order -------------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        """Whether the list is in this order."""
        return self._worklist.order == ASK_FIRST

    def start(self) -> None:
        """The worklist is loaded: put it in the order that was chosen last."""
        self._worklist.set_order(_known(self._workplace.settings.order))
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Something changed that the order follows from."""
        if self.is_wanted:
            self._soon.start()

    def _on_order_changed(self, order: Order) -> None:
        self._visited = {self._current: None} if self._current else {}
        self.order_chosen.emit(order)
        self.refresh_soon()

    def _on_position_changed(self, position: Position, _: bool) -> None:
        self._current = position.study.study_instance_uid
        if self.is_wanted:
            self._visited.setdefault(self._current)

    def _on_rows_changed(self, rows: list[Row], more_follow: bool) -> None:
        """Suggestions came: the films that they are about can be asked for."""
        if self.is_wanted and not self._seldom.isActive() and any(row.awaits_reader for row in rows):
            self._seldom.start()

    def _ask(self) -> None:
        cards = self._library.cards
        if self.is_wanted and cards and self._library.studies:
            self._soon.stop()
            self._adapting.start()
            reader = self._workplace.settings.reader_name
            model_ids = tuple(card.id for card in cards)
            self._request = self._adapting.fitting.order(model_ids, reader, self._current)

    def _on_told(self, event: FittingEvent) -> None:
        if isinstance(event, Ordered) and event.request == self._request:
            self._ordered = event
            self._places = {uid: place for place, uid in enumerate(event.study_uids)}
            self._lay_out()

    def _lay_out(self) -> None:
        """Read studies, the one on the screen, marked ones, then all others as they are asked about."""
        ordered = self._ordered
        if ordered is None or not self.is_wanted:
            return
        above = [uid for uid in self._visited if uid == self._current or not self._awaits(uid)]
        self._visited = dict.fromkeys(above)
        marked = [uid for uid in self._own_marks() if uid not in self._visited and self._awaits(uid)]
        first = dict.fromkeys((*above, *marked))
        rest = [place for uid, place in self._places.items() if uid not in first]
        self._shown = {uid: self._entry(uid) for uid in first}
        entries = list(self._shown.values())
        count = len(entries)
        leading = np.array([e.leading for e in entries], np.int16).reshape(count, 2)
        said = np.array([e.said for e in entries], np.float32).reshape(count, 2)
        self._worklist.ask(
            Asked(
                (*first, *(ordered.study_uids[place] for place in rest)),
                _joined(np.array([e.why for e in entries], np.int8), ordered.why[rest]),
                ordered.names,
                _joined(leading, ordered.leading[rest]),
                _joined(said, ordered.said[rest]),
            )
        )

    def _entry(self, uid: str) -> _Entry:
        """What is told of a study that stands before its turn: what was told when it came there."""
        ordered, place = self._ordered, self._places.get(uid)
        if uid in self._own_marks():
            return _Entry(_MARKED, (-1, -1), (0.0, 0.0))
        if uid in self._shown and self._shown[uid].why != _MARKED:
            return self._shown[uid]
        if ordered is None or place is None:
            return _Entry(_LATER, (-1, -1), (0.0, 0.0))
        first, second = (int(n) for n in ordered.leading[place])
        said = float(ordered.said[place, 0]), float(ordered.said[place, 1])
        return _Entry(int(ordered.why[place]), (first, second), said)

    def _own_marks(self) -> dict[str, None]:
        reader = self._workplace.settings.reader_name
        return {uid: None for uid, readers in self._library.urgent.items() if reader in readers}

    def _awaits(self, uid: str) -> bool:
        row = self._worklist.row_of(uid)
        return row is not None and row.awaits_reader

    # -- marks -----------------------------------------------------------------------------------

    def toggle_urgent(self) -> None:
        """The reader marks the study on the screen urgent, or takes their own mark back."""
        uid, reader = self._current, self._workplace.settings.reader_name
        if uid not in self._library.studies:
            return
        is_urgent = reader not in self._library.urgent.get(uid, ())
        workplace = self._workplace

        def work() -> dict[str, tuple[str, ...]]:
            workplace.store.mark_study_urgent(uid, reader, is_urgent)
            return workplace.store.studies_urgent()

        def done(urgent: dict[str, tuple[str, ...]]) -> None:
            self._library.set_urgent({uid: urgent.get(uid, ())})
            self._lay_out()
            self.refresh_soon()

        self._store_jobs.submit(work, done, self._on_store_error)

    def is_marked(self) -> bool:
        """Whether the study on the screen bears the reader's own mark."""
        return self._current in self._own_marks()

    def _on_store_error(self, error: Exception) -> None:
        if not isinstance(error, StoreError):
            raise error
        self.failed.emit(str(error))

    def close(self) -> None:
        self._soon.stop()
        self._seldom.stop()


def _known(order: str) -> Order:
    known: dict[str, Order] = {
        "newest": "newest",
        "ask first": "ask first",
        "uncertain": "uncertain",
        "patient": "patient",
        "to read": "to read",
    }
    return known.get(order, "newest")


def _joined(first: NDArray[np.generic], rest: NDArray[np.generic]) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate((first, rest)) if len(first) else rest
