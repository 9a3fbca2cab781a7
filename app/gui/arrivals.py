"""Images on their way into their studies.

Putting a study together takes long where it has thousands of images, and during an import some come ten
times a second. So it is done in a thread, with all that came meanwhile at once, and never again before
other work had most of the time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, QTimer, Signal

from app.gui.jobs import Jobs
from studies.image import Header, Study
from studies.scan import assemble

PAUSE = 4  # times the time that assembling took
LEAST_PAUSE_MS = 100  # a list of 100,000 takes 10 ms to arrange anew


class Arrivals(QObject):
    """Takes headers, gives studies. Lives on the GUI thread.

    Parameters
    ----------
    studies
        The studies there are, by StudyInstanceUID; images come to those. Only looked at.
    """

    assembled = Signal(list)  # list[Study]: new ones, and known ones with what came to them
    ended = Signal()  # everything that was taken has been given

    def __init__(self, studies: Mapping[str, Study], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._studies = studies
        self._waiting: dict[str, dict[str, Header]] = {}  # by StudyInstanceUID, then SOPInstanceUID
        self._is_assembling = False
        self._jobs = Jobs("assemble", 1, self)
        self._pause = QTimer(self, singleShot=True)
        self._pause.timeout.connect(self._assemble)

    @property
    def is_busy(self) -> bool:
        return self._is_assembling or bool(self._waiting)

    def take(self, headers: Iterable[Header]) -> None:
        """Take images into their studies; one that is known already is replaced."""
        for header in headers:
            self._waiting.setdefault(header.study_instance_uid, {})[header.sop_instance_uid] = header
        if not self._pause.isActive() and not self._is_assembling:
            self._assemble()

    def _assemble(self) -> None:
        if not self._waiting:
            self.ended.emit()
            return
        arrived, self._waiting = self._waiting, {}
        before = {uid: self._studies.get(uid) for uid in arrived}
        self._is_assembling = True

        def done(result: tuple[list[Study], float]) -> None:
            studies, took_s = result
            self._is_assembling = False
            ready = []
            for study in studies:
                uid = study.study_instance_uid
                if self._studies.get(uid) is before[uid]:
                    ready.append(study)
                else:  # it changed meanwhile: once more, with what it has now
                    self._waiting[uid] = {**arrived[uid], **self._waiting.get(uid, {})}
            self.assembled.emit(ready)
            self._pause.start(max(round(1000 * PAUSE * took_s), LEAST_PAUSE_MS))

        self._jobs.submit(lambda: _with_arrived(before, arrived), done)

    def close(self) -> None:
        self._pause.stop()
        self._jobs.close(wait=False)


def _with_arrived(
    before: dict[str, Study | None], arrived: dict[str, dict[str, Header]]
) -> tuple[list[Study], float]:
    """Studies with the images that came to them, and how long putting them together took in s."""
    began = time.perf_counter()
    headers: list[Header] = []
    for uid, study in before.items():
        known = {h.sop_instance_uid: h for series in study.series for h in series.headers} if study else {}
        headers += {**known, **arrived[uid]}.values()
    return assemble(headers), time.perf_counter() - began
