"""What the model would say if a part of the film could not be seen: asked while the reader drags.

One question is with the worker at a time, and the next is asked when its answer is there: as fast as
answers come, never faster, and always about where the shape is now. Nothing of it is kept.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.gui.film_cache import FrameKey
from inference.client import InferenceClient
from inference.covering import Region
from inference.prediction import Prediction
from studies.image import Header


class Covering(QObject):
    """Questions about a covered film, and their answers. Lives on the GUI thread.

    Signals
    -------
    answered
        What the model says with the part covered (`Prediction`).
    failed
        Why it says nothing, in a sentence.
    """

    answered = Signal(object)
    failed = Signal(str)

    def __init__(self, client: InferenceClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._request: int | None = None  # with the worker
        self._wanted: tuple[Header, int, str, Region] | None = None
        self._asked: tuple[Header, int, str, Region] | None = None

    def ask(self, header: Header, frame: int, model_id: str, region: Region) -> None:
        """Ask about a region, now or as soon as the answer to the question before is there."""
        self._wanted = header, frame, model_id, region
        self._ask_next()

    def end(self) -> None:
        """Nothing is covered any more: an answer that still comes is nobody's."""
        self._wanted = self._asked = None
        if self._request is not None:
            self._client.forget(self._request)
            self._request = None

    @property
    def frame(self) -> FrameKey | None:
        """The frame that is being asked about."""
        return None if self._wanted is None else (self._wanted[0].sop_instance_uid, self._wanted[1])

    def _ask_next(self) -> None:
        if self._request is None and self._wanted is not None and self._wanted != self._asked:
            self._asked = self._wanted
            self._request = self._client.cover(*self._asked)

    def on_covered(self, request: int, prediction: Prediction) -> None:
        """The worker's answer."""
        if request == self._request:
            self._request = None
            self.answered.emit(prediction)
            self._ask_next()

    def on_failed(self, request: int, reason: str) -> bool:
        """Whether it was a question of this one that failed."""
        if request != self._request:
            return False
        self._request = None
        self.failed.emit(reason)
        self._ask_next()
        return True
