"""The rows of the worklist, made of what is known of their studies: at once, soon, or in slices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from app.gui.slices import Slices
from app.gui.study_row import FrameKey, study_row
from widgets.words import in_words
from widgets.worklist_model import Row
from widgets.worklist_scores import RowScores

if TYPE_CHECKING:
    from app.gui.library import Library

ROWS_A_STEP, ROWS_AT_ONCE = 50, 2000  # made before others have their turn; shown together
SCORED_A_STEP = 1000
REFRESHING_MS = 100


class Rows(QObject):
    """Makes the rows of a library's studies. Lives on the GUI thread.

    Signals
    -------
    changed(list, bool)
        Rows, and whether more will follow at once.
    scored(RowScores)
        What re-fitted heads say of rows that are not made anew.
    """

    changed = Signal(list, bool)
    scored = Signal(object)

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self._library = library
        self._speakers: dict[str, FrameKey] = {}  # by study: the frame whose suggestion its row shows
        self._is_scoring = self._is_scoring_due = self._is_making = False
        self._slices = Slices(self)
        self._due: dict[str, None] = {}  # StudyInstanceUID, in order
        self._made: dict[str, Row] = {}  # made, and not shown yet
        self._touched: dict[str, None] = {}
        self._refreshing = QTimer(self, singleShot=True, interval=REFRESHING_MS)
        self._refreshing.timeout.connect(self._refresh_touched)

    # -- made anew ---------------------------------------------------------------------------------

    def refresh(self, uids: Iterable[str]) -> None:
        """Make the rows of these studies anew, in slices; they move to their places at the end."""
        self._due |= dict.fromkeys(uids)
        if self._due and not self._is_making:
            self._is_making = True
            self._slices.run(self._make())

    def _make(self) -> Iterator[None]:
        while self._due:
            for uid in list(islice(self._due, ROWS_A_STEP)):
                del self._due[uid]
                self._made[uid] = self.row(uid)
            if len(self._made) >= ROWS_AT_ONCE or not self._due:
                made, self._made = self._made, {}
                self.changed.emit(list(made.values()), bool(self._due))
            yield
        self._is_making = False

    def refresh_soon(self, uid: str | None) -> None:
        """What came from the background is shown a few times a second, not each by itself."""
        if uid is not None:
            self._touched[uid] = None
            if not self._refreshing.isActive():
                self._refreshing.start()

    def _refresh_touched(self) -> None:
        touched, self._touched = self._touched, {}
        self.refresh(touched)

    def tell(self, uids: Iterable[str]) -> None:
        """Show at once what a reader did; rows that were made before, and not shown yet, no longer count."""
        told = list(uids)
        for uid in told:
            self._made.pop(uid, None)
        self.changed.emit([self.row(uid) for uid in told], False)

    def row(self, uid: str) -> Row:
        """A study as the worklist shows it."""
        row, speaker = study_row(self._library, self._library.studies[uid])
        if speaker is None:
            self._speakers.pop(uid, None)
        else:
            self._speakers[uid] = speaker
        return row

    # -- scored ------------------------------------------------------------------------------------

    def score(self) -> None:
        """Heads were re-fitted: show what they say of every study, and move the rows to their places."""
        self._is_scoring_due = True
        if not self._is_scoring:
            self._is_scoring = True
            self._slices.run(self._score_all())

    def _score_all(self) -> Iterator[None]:
        """Rows are not made anew: numbers go to the worklist, which puts them into those that are seen."""
        while self._is_scoring_due:
            self._is_scoring_due = False
            told = {uid: key for uid, key in self._speakers.items() if not self._library.is_hidden(key)}
            uids, keys = list(told), list(told.values())
            parts = []
            for first in range(0, len(uids), SCORED_A_STEP):
                parts.append(self._library.adapted.suggested(keys[first : first + SCORED_A_STEP]))
                yield
            if parts and not self._is_scoring_due:  # else there are newer ones by now
                self.scored.emit(
                    RowScores(
                        uids,
                        tuple(in_words(name) for name in parts[0].names),
                        np.concatenate([part.suggestion for part in parts]),
                        np.concatenate([part.confidence for part in parts]),
                        self._with_own(keys, np.concatenate([part.uncertainty for part in parts])),
                    )
                )
        self._is_scoring = False

    def _with_own(self, keys: list[FrameKey], uncertainty: NDArray[np.float64]) -> NDArray[np.float64]:
        """Uncertainties, and where no adapted head says one, that of the model in use."""
        for place in np.flatnonzero(np.isnan(uncertainty)).tolist():
            said = self._library.predictions.get(keys[place])
            if said is not None and said.uncertainty is not None:
                uncertainty[place] = said.uncertainty
        return uncertainty

    def close(self) -> None:
        """Make no more."""
        self._slices.clear()
        self._refreshing.stop()
