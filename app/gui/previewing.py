"""Variants of a collected film for the training page: read by the readers, changed in a thread."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.gui.jobs import Jobs
from app.gui.library import Library
from studies.errors import StudyError
from studies.image import Image
from studies.reader_pool import ReaderPool, Urgency, Wanted
from training.learning.preview import variants
from training.plan import Plan

log = logging.getLogger(__name__)

SIDE = 192
"""Pixels of a variant: a third of the column at twice the usual density."""


class Previewing(QObject):
    """Makes the variants; what is asked for last is shown. Lives on the GUI thread.

    Signals
    -------
    ready
        (9, S, S) uint8.
    failed
        Why there is none, in a sentence.
    """

    ready = Signal(object)
    failed = Signal(str)

    def __init__(self, library: Library, readers: ReaderPool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._readers = readers
        self._jobs = Jobs("preview", 1, self)
        self._asked = 0
        self._wanted: Wanted[Image] | None = None

    def show(self, plan: Plan) -> None:
        """Make variants of the film that was decided last, as this plan would."""
        self._asked += 1
        asked = self._asked
        key = next(reversed(self._library.standing), None)
        header = self._library.header_of(key[0]) if key is not None else None
        if key is None or header is None:
            self.failed.emit(self.tr("Decide a film first; its variants are shown here."))
            return
        self._wanted = wanted = self._readers.frame(header, key[1], Urgency.LISTED)

        def work() -> NDArray[np.uint8]:
            return variants(wanted.result(), plan, SIDE)

        def done(made: NDArray[np.uint8]) -> None:
            if asked == self._asked:
                self.ready.emit(made)

        self._jobs.submit(work, done, self._on_error)

    def _on_error(self, error: Exception) -> None:
        if not isinstance(error, StudyError):
            raise error
        log.info("no preview of augmentation: %s", error)
        self.failed.emit(str(error))

    def close(self) -> None:
        """Nobody looks any more."""
        if self._wanted is not None:
            self._wanted.cancel()
        self._jobs.close(wait=False)
