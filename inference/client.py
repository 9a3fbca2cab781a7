"""The window's handle to the inference worker. Free of torch, and nothing here ever blocks its caller.

Questions wait here, not in the pipe: the worker has the urgent ones, one cover and a few of the background,
so that it decodes ahead while it computes, an urgent question waits for one image at most, and one that
nobody needs any more is never computed. Each that it was given comes off its hands by one message.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from inference.companion import Companion
from inference.covering import Region
from inference.messages import (
    Asked,
    Cover,
    Covered,
    Died,
    Explain,
    Failed,
    Forget,
    Forgotten,
    Looked,
    Progressed,
    Question,
    Ready,
    WorkerEvent,
    WorkerSettings,
)
from inference.worker import main
from studies.image import Header

__all__ = ["Covered", "Died", "Failed", "InferenceClient", "Looked", "Progressed", "Ready", "WorkerEvent"]

_DEATHS_AT_START = 3  # a worker that never comes up is not started for ever

# How many questions of a kind the worker has at a time. Together they fit in the pipe, so that handing
# one over never waits.
_URGENT_AHEAD = 4
_BACKGROUND_AHEAD = 8
_EXPLANATIONS_AHEAD = 2


class InferenceClient:
    """Starts the worker, asks it, starts it again when it dies.

    Parameters
    ----------
    models_folder, bundled_folder, cache_folder
        Where the worker finds models and keeps what it saw.
    on_event
        Called with every event, from this client's own thread. It has to be quick.
    device
        See `inference.devices.best_device`.
    """

    def __init__(
        self,
        models_folder: Path,
        bundled_folder: Path,
        cache_folder: Path,
        on_event: Callable[[WorkerEvent], None],
        device: str = "auto",
    ):
        self._worker = Companion(
            "inference", main, WorkerSettings(models_folder, bundled_folder, cache_folder, device),
            hand_over=self._hand_over, on_message=self._on_message, on_death=self._on_death,
        )  # fmt: skip
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards what is waiting and what is with the worker
        self._urgent: list[Question] = []  # the latest last, and asked first
        self._background: deque[Question] = deque()
        self._explanations: list[Explain] = []  # the latest last, and asked first
        self._cover: Cover | None = None  # the latest; older ones are dropped
        self._with_worker: dict[int, Asked] = {}  # in the order in which they were handed over
        self._forgotten: set[int] = set()  # of these, nobody wants the answer
        self._to_forget: list[int] = []  # and the worker has not been told yet
        self._being_sent = 0
        self._is_ready = False
        self._deaths_at_start = 0
        self._suspects: set[int] = set()  # a worker died with them; they are handed over one at a time
        self._last_words = ""

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker, None while there is none."""
        return self._worker.pid

    @property
    def waiting(self) -> int:
        """How much waits here to be handed over; what is with the worker does not count."""
        with self._lock:
            return self._being_sent + len(self._to_forget) + sum(1 for _ in self._all_waiting())

    def start(self) -> None:
        """Start the worker; `Ready` tells when it is up. Questions may be asked before."""
        self._worker.start()

    def stop(self) -> None:
        """End the worker; questions that are waiting stay without an answer. Waits for a few seconds."""
        self._worker.stop()

    # -- asking ----------------------------------------------------------------------------------

    def ask(
        self,
        header: Header,
        frame: int,
        model_id: str,
        *,
        maps: Sequence[str] = (),
        method: str = "gradcam",
        adapted_head: Path | None = None,
        urgent: bool = False,
        agreement: bool = False,
    ) -> int:
        """Ask about a frame; `Looked` or `Failed` with the number that is returned here follows.

        Parameters
        ----------
        maps, method, agreement
            See `inference.predictor.Predictor.look`.
        adapted_head
            An .npz file of `AdaptedHead.write`.
        urgent
            Urgent questions go before all others, the latest first.
        """
        number = next(self._numbers)
        question = Question(
            number, header, frame, model_id, tuple(maps), method, adapted_head, urgent, agreement
        )
        with self._lock:
            (self._urgent if urgent else self._background).append(question)
            self._worker.wake()
        return number

    def explain(
        self,
        header: Header,
        frame: int,
        model_id: str,
        *,
        maps: Sequence[str],
        method: str,
        seed: int = 0,
    ) -> int:
        """Ask for an explanation by any method; `Progressed` follows, then `Looked` or `Failed`.

        Other questions are answered meanwhile; the latest explanation goes on first. `forget` gives it up.

        Parameters
        ----------
        maps, method, seed
            See `inference.predictor.Predictor.explain`.
        """
        number = next(self._numbers)
        explanation = Explain(number, header, frame, model_id, tuple(maps), method, seed)
        with self._lock:
            self._explanations.append(explanation)
            self._worker.wake()
        return number

    def cover(self, header: Header, frame: int, model_id: str, region: Region) -> int:
        """Ask what the model says while a region is covered; `Covered` or `Failed` follows.

        The latest wins: one that still waits when the next is asked is dropped, and nothing follows it.
        """
        number = next(self._numbers)
        with self._lock:
            self._cover = Cover(number, header, frame, model_id, region)
            self._worker.wake()
        return number

    def forget(self, request: int) -> None:
        """No answer to this question is wanted any more; what is under way for it is given up."""
        with self._lock:
            self._drop(lambda asked: asked.request == request)

    def forget_background(self) -> None:
        """No answer to any question is wanted that is not urgent; explanations and covers are."""
        with self._lock:
            self._drop(lambda asked: isinstance(asked, Question) and not asked.urgent)

    def _drop(self, is_unwanted: Callable[[Asked], bool]) -> None:
        """The lock is held."""
        self._urgent = [q for q in self._urgent if not is_unwanted(q)]
        self._background = deque(q for q in self._background if not is_unwanted(q))
        self._explanations = [e for e in self._explanations if not is_unwanted(e)]
        if self._cover is not None and is_unwanted(self._cover):
            self._cover = None
        for request, asked in self._with_worker.items():
            if is_unwanted(asked) and request not in self._forgotten:
                self._forgotten.add(request)
                self._to_forget.append(request)
                self._worker.wake()

    # -- what the worker is given, and says ---------------------------------------------------------

    def _hand_over(self, send: Callable[[object], None]) -> None:
        """Give the worker what it may have."""
        if not self._is_ready:
            return
        messages: list[Asked | Forget] = []
        with self._lock:
            messages += [Forget(request) for request in self._to_forget if request in self._with_worker]
            self._to_forget.clear()
            while (asked := self._next()) is not None:
                self._with_worker[asked.request] = asked
                messages.append(asked)
            self._being_sent = len(messages)
        try:
            for message in messages:
                send(message)
        finally:
            self._being_sent = 0

    def _next(self) -> Asked | None:
        """Take the next question that may be handed over from those that wait. The lock is held."""
        there = list(self._with_worker.values())
        if any(asked.request in self._suspects for asked in there):
            return None
        questions = [asked for asked in there if isinstance(asked, Question)]
        urgent = sum(question.urgent for question in questions)
        explanations = sum(isinstance(asked, Explain) for asked in there)
        found: Asked | None = None
        if self._urgent and urgent < _URGENT_AHEAD:
            found = self._urgent[-1]
        elif self._cover is not None and not any(isinstance(asked, Cover) for asked in there):
            found = self._cover
        elif self._explanations and explanations < _EXPLANATIONS_AHEAD:
            found = self._explanations[-1]
        elif self._background and len(questions) - urgent < _BACKGROUND_AHEAD:
            found = self._background[0]
        if found is None or (found.request in self._suspects and there):
            return None
        self._take(found)
        return found

    def _take(self, asked: Asked) -> None:
        if isinstance(asked, Cover):
            self._cover = None
        elif isinstance(asked, Explain):
            self._explanations.remove(asked)
        elif asked.urgent:
            self._urgent.remove(asked)
        else:
            self._background.remove(asked)

    def _all_waiting(self) -> Iterable[Asked]:
        """In the order in which they would be handed over. The lock is held."""
        yield from reversed(self._urgent)
        if self._cover is not None:
            yield self._cover
        yield from reversed(self._explanations)
        yield from self._background

    def _on_message(self, message: WorkerEvent | Forgotten) -> None:
        if isinstance(message, Died):  # it says why before it goes
            self._last_words = message.reason
            return
        if isinstance(message, Ready):
            self._is_ready, self._deaths_at_start = True, 0
            self._on_event(message)
            return
        with self._lock:
            is_wanted = message.request not in self._forgotten
            if not isinstance(message, Progressed):
                self._with_worker.pop(message.request, None)
                self._forgotten.discard(message.request)
                self._suspects.discard(message.request)
        if is_wanted and not isinstance(message, Forgotten):
            self._on_event(message)

    # -- its death -------------------------------------------------------------------------------

    def _on_death(self, exit_code: int | None, problem: str) -> None:
        """Tell, and see to it that what was with the worker is asked again: alone, and once."""
        was_ready, last_words = self._is_ready, self._last_words or problem
        self._is_ready, self._last_words = False, ""
        reason = last_words or f"The prediction process ended unexpectedly (exit code {exit_code})."
        if not was_ready:
            self._deaths_at_start += 1
            gives_up = bool(last_words) or self._deaths_at_start >= _DEATHS_AT_START
            self._on_event(Died(reason, will_restart=not gives_up))
            if gives_up:
                self._give_up(reason)
            return
        self._on_event(Died(reason))
        with self._lock:
            there = [asked for r, asked in self._with_worker.items() if r not in self._forgotten]
            self._with_worker.clear()
            self._forgotten.clear()
            self._to_forget.clear()
            deadly = [asked for asked in there if asked.request in self._suspects]
            for asked in deadly:
                self._suspects.discard(asked.request)
            self._ask_again([asked for asked in there if asked not in deadly])
        for asked in deadly:
            name = Path(asked.header.path).name
            self._on_event(
                Failed(asked.request, f"{name} ended the prediction process twice and is passed over.")
            )

    def _ask_again(self, those: list[Asked]) -> None:
        """Put questions back before those that wait, in their order. The lock is held."""
        self._suspects.update(asked.request for asked in those)
        questions = [asked for asked in those if isinstance(asked, Question)]
        self._urgent += [question for question in reversed(questions) if question.urgent]
        self._background.extendleft(question for question in reversed(questions) if not question.urgent)
        self._explanations += [asked for asked in those if isinstance(asked, Explain)]
        for asked in those:
            if isinstance(asked, Cover) and self._cover is None:
                self._cover = asked

    def _give_up(self, reason: str) -> None:
        """The worker does not come up: fail what is waiting; the next question is the next attempt."""
        with self._lock:
            waiting = list(self._all_waiting())
            self._drop(lambda _: True)
        for asked in waiting:
            self._on_event(Failed(asked.request, reason))
        self._deaths_at_start = _DEATHS_AT_START - 1  # one more attempt at each further question
        self._worker.sleep_until(lambda: self.waiting > 0)
