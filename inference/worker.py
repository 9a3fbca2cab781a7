"""The process that looks at images, so that the window's process needs no torch and never waits.

It is spawned by `inference.client`, asked over a pipe, and ends when the pipe does. What it has to do it does
in steps of one image, or of one batch of an explanation, and before each it looks into the pipe: urgent
questions go first, then covers, then what is in the background and explanations in turn. Meanwhile a thread
decodes what comes next. Importing this module does not import torch: that happens in `main`, after the
environment is set.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import threadpoolctl

from inference.card import ModelCard
from inference.errors import InferenceError
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
from inference.prediction import Look
from inference.registry import ModelRegistry
from studies.errors import StudyError

if TYPE_CHECKING:
    from inference.features import Seen
    from inference.finding_ahead import FindingAhead
    from inference.lightbox import Ahead, Lightbox, Wanted
    from inference.perturbation import Progress
    from inference.predictor import Prepared

_log = logging.getLogger(__name__)

_QUIET_S = 0.25  # after a cover nothing of the background is begun: the reader is dragging, and asks again
_TELL_EVERY_S = 0.1  # how an explanation goes on

Event = WorkerEvent | Forgotten
Answer = Callable[[], Event]


def main(connection: Connection, settings: WorkerSettings) -> None:
    """Answer questions until the other end of `connection` is closed, by intent or by its process's end."""
    started = time.monotonic()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    threads = _share_the_machine()
    try:
        try:
            worker = Worker(settings, threads)
        except InferenceError as error:
            connection.send(Died(str(error)))
            return
        connection.send(Ready(worker.device, time.monotonic() - started))
        worker.serve(connection)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _share_the_machine() -> int:
    """Set what OpenMP reads when torch is loaded; return the number of threads to use.

    Waiting threads that spin made inference twenty times slower beside a training process. Those of
    numpy's OpenBLAS cannot be told not to (a product of 64 x 8192 took 28 ms instead of 0.05), so that
    there is one. One core is left to the window and to others where there are more than two.
    """
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for libraries to come; numpy is loaded
    threadpoolctl.threadpool_limits(1, user_api="blas")
    allowed = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else None
    there_are = psutil.cpu_count() or 1
    cores = min(psutil.cpu_count(logical=False) or there_are, allowed or there_are)
    threads = cores - 1 if cores > 2 else cores
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    return threads


@dataclass(slots=True, eq=False)
class _Background:
    """A question of the background, and what is being found for it in another thread."""

    question: Question
    ahead: Ahead


@dataclass(slots=True, eq=False)
class _Explanation:
    """An explanation under way."""

    question: Explain
    steps: Iterator[Progress | Look]
    began: float = field(default_factory=time.monotonic)
    told: float = 0.0


class Worker:
    """Answers questions, the most urgent first, in steps of one image."""

    def __init__(self, settings: WorkerSettings, threads: int):
        import torch

        from inference.devices import best_device

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", threads)))
        device: torch.device = best_device(settings.device)
        from inference.finding_ahead import FindingAhead
        from inference.lightbox import Lightbox  # timm: seconds that the first question need not wait for

        registry = ModelRegistry(settings.models_folder, settings.bundled_folder)
        lungs = settings.bundled_folder.parent / "lungs"
        self._lightbox: Lightbox = Lightbox(registry, device, lungs, settings.cache_folder)
        self._urgent: list[Question] = []  # the latest last, and answered first
        self._covers: list[Cover] = []
        self._explanations: list[_Explanation] = []  # the latest last, and gone on with
        self._background: deque[_Background] = deque()
        self._explained_last = False
        self._quiet_until = 0.0
        self._ahead: FindingAhead[Wanted, Seen | Prepared] = FindingAhead(self._lightbox.find)

    @property
    def device(self) -> str:
        return str(self._lightbox.device)

    def serve(self, connection: Connection) -> None:
        """Answer what comes until the other end is closed."""
        try:
            while True:
                for event in self._receive(connection):
                    connection.send(event)
                for event in self._step():
                    connection.send(event)
                    if isinstance(event, Looked | Covered):
                        self._lightbox.settle()
                        self._lightbox.speed_up()
        finally:
            self._ahead.close()

    # -- what is asked ---------------------------------------------------------------------------

    def _receive(self, connection: Connection) -> Iterator[Event]:
        """Take in everything that was asked by now; wait for it where there is nothing to do."""
        while not connection.poll(0) and not self._has_something_to_do():
            quiet_s = self._quiet_until - time.monotonic()
            rests = self._background or self._explanations
            wait([connection, self._ahead.wake_up], quiet_s if quiet_s > 0 and rests else None)
            self._ahead.clear()
        while connection.poll(0):
            yield from self._take_in(connection.recv())

    def _take_in(self, message: Asked | Forget) -> Iterator[Event]:
        if isinstance(message, Forget):
            yield from self._forget(message.request)
        elif isinstance(message, Cover):
            yield from (Forgotten(older.request) for older in self._covers)
            self._covers = [message]
        elif isinstance(message, Explain):
            yield from self._begin(message)
        elif message.urgent:
            self._urgent.append(message)
            self._urgent.sort(key=lambda question: question.request)
        else:
            yield from self._work_ahead(message)

    def _work_ahead(self, question: Question) -> Iterator[Event]:
        from inference.lightbox import Ahead

        try:
            wanted = self._wanted(question)
        except Exception as error:  # noqa: BLE001  (the edge of this process: one image, not the worker)
            yield _failed(question, error)
            return
        self._background.append(_Background(question, Ahead(wanted, self._ahead.begin(wanted))))

    def _forget(self, request: int) -> Iterator[Event]:
        """Drop a question. One that was answered meanwhile came off our hands by its answer."""
        before = len(self._urgent) + len(self._covers) + len(self._background) + len(self._explanations)
        self._urgent = [q for q in self._urgent if q.request != request]
        self._covers = [c for c in self._covers if c.request != request]
        for asked in [b for b in self._background if b.question.request == request]:
            asked.ahead.found.cancel()
            self._background.remove(asked)
        for explanation in [e for e in self._explanations if e.question.request == request]:
            _close(explanation)
            self._explanations.remove(explanation)
        after = len(self._urgent) + len(self._covers) + len(self._background) + len(self._explanations)
        if after < before:
            yield Forgotten(request)

    # -- what is done ----------------------------------------------------------------------------

    def _has_something_to_do(self) -> bool:
        if self._urgent or self._covers:
            return True
        return time.monotonic() >= self._quiet_until and (self._has_found() or bool(self._explanations))

    def _has_found(self) -> bool:
        return bool(self._background) and self._background[0].ahead.found.done()

    def _step(self) -> Iterator[Event]:
        """Do the most urgent thing, and no more."""
        if self._urgent or self._covers:
            self._ahead.hold()
            yield self._answer_urgent()
            self._ahead.go_on()
        elif not self._has_something_to_do():
            return
        elif self._explanations and not (self._explained_last and self._has_found()):
            self._explained_last = True
            yield from self._go_on_explaining(self._explanations[-1])
        else:
            self._explained_last = False
            yield from self._answer_background()

    def _answer_urgent(self) -> Event:
        if self._urgent:
            question = self._urgent.pop()
            return self._answered(question, lambda: self._look(question))
        cover = self._covers.pop()
        try:
            return self._answered(cover, lambda: self._cover(cover))
        finally:
            self._quiet_until = time.monotonic() + _QUIET_S

    def _look(self, question: Question) -> Looked:
        wanted = self._wanted(question)
        same = next((b.ahead for b in self._background if _is_of_same_frame(b.ahead.wanted, wanted)), None)
        if same is None or same.found.cancel():
            look = self._lightbox.look(wanted)
        else:  # it is being decoded already, or is decoded
            self._ahead.go_on()  # or it may wait for us, who wait for it
            look = self._lightbox.look(wanted, same.found.result())
        if same is not None and same.found.cancelled():
            same.found = self._ahead.begin(same.wanted)
        return Looked(question.request, look)

    def _cover(self, cover: Cover) -> Covered:
        card = self._lightbox.card(cover.model_id)
        said = self._lightbox.cover(card, cover.header, cover.frame, cover.region)
        return Covered(cover.request, said)

    def _answer_background(self) -> Iterator[Event]:
        """Answer the first question of the background, with those after it that fit in the same pass."""
        first = self._background[0].question
        try:
            answers = self._lightbox.look_ahead([asked.ahead for asked in self._background])
        except Exception as error:  # noqa: BLE001  (the edge of this process: one image, not the worker)
            self._background.popleft()
            yield _failed(first, error)
            return
        for answer in answers:
            yield self._answer_of(self._background.popleft().question, answer)

    def _answer_of(self, question: Question, answer: Look | StudyError | InferenceError) -> Event:
        if isinstance(answer, Look):
            return Looked(question.request, answer)
        return _failed(question, answer)

    def _answered(self, asked: Asked, answer: Answer) -> Event:
        """The answer; whatever goes wrong with it is an answer too."""
        try:
            return answer()
        except Exception as error:  # noqa: BLE001  (the edge of this process: one image, not the worker)
            return _failed(asked, error)

    def _wanted(self, question: Question | Explain) -> Wanted:
        from inference.lightbox import Wanted

        card: ModelCard = self._lightbox.card(question.model_id)
        wanted = Wanted(card, question.header, question.frame, question.maps, question.method)
        if isinstance(question, Explain):
            return wanted
        return Wanted(
            card,
            question.header,
            question.frame,
            question.maps,
            question.method,
            question.adapted_head,
            question.agreement,
        )

    # -- explanations ----------------------------------------------------------------------------

    def _begin(self, question: Explain) -> Iterator[Event]:
        try:
            steps = self._lightbox.explain(self._wanted(question), question.seed)
        except Exception as error:  # noqa: BLE001  (the edge of this process: one image, not the worker)
            yield _failed(question, error)
            return
        self._explanations.append(_Explanation(question, steps))
        self._explanations.sort(key=lambda explanation: explanation.question.request)

    def _go_on_explaining(self, explanation: _Explanation) -> Iterator[Event]:
        """One step of an explanation."""
        event = self._answered(explanation.question, lambda: _next_of(explanation))
        if not isinstance(event, Progressed):
            _close(explanation)
            self._explanations.remove(explanation)
            yield event
        elif time.monotonic() - explanation.told >= _TELL_EVERY_S:
            explanation.told = time.monotonic()
            yield event


def _next_of(explanation: _Explanation) -> Progressed | Looked:
    """What the next step of an explanation gives."""
    request = explanation.question.request
    step = next(explanation.steps)
    if isinstance(step, Look):
        return Looked(request, step)
    elapsed_s = time.monotonic() - explanation.began
    remaining_s = elapsed_s / max(step.done, 1) * (step.total - step.done)
    return Progressed(request, step.done, step.total, remaining_s)


def _failed(asked: Asked, error: Exception) -> Failed:
    """What a reader is told of an error; of one that nobody foresaw, the log has more."""
    if isinstance(error, StudyError | InferenceError):
        return Failed(asked.request, str(error))
    _log.error("A question could not be answered", exc_info=error)
    name = Path(asked.header.path).name
    what = (str(error).splitlines() or ["no reason given"])[0]
    return Failed(asked.request, f"{name} could not be predicted: {type(error).__name__}: {what}")


def _close(explanation: _Explanation) -> None:
    """Give up what is under way; a generator that has ended is closed already."""
    close = getattr(explanation.steps, "close", None)
    if close is not None:
        close()


def _is_of_same_frame(one: Wanted, other: Wanted) -> bool:
    """Whether what was found for the one serves the other."""
    return (one.card, one.header, one.frame, one.agreement) == (
        other.card,
        other.header,
        other.frame,
        other.agreement,
    )
