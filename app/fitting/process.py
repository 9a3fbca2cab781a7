"""The process that re-fits heads, so that the window neither waits for it nor shares Python's lock with it.

It reads the store and the cache of embeddings by itself and keeps what it read (`app.fitting.memory`): after
the first fit a correction costs the few rows that are new, a fit that starts from the one before, and one
product of matrices for the scores. It is spawned by `app.fitting`, asked over a pipe, and ends when the pipe
does. It writes nothing but the adapted head's file. Free of Qt and torch.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection

import numpy as np
import threadpoolctl

from app.fitting.asking import Asking, Said
from app.fitting.doubting import doubt
from app.fitting.films import ModelFilms
from app.fitting.memory import Memory
from app.fitting.messages import (
    Ask,
    Asked,
    Done,
    Doubt,
    Failed,
    Fit,
    FittingEvent,
    FittingSettings,
    Known,
    Nearest,
    Neighbours,
    Ready,
    Score,
    Scored,
)
from app.fitting.near import nearest_decided
from app.workplace import Workplace, WorkplaceError
from inference.adapted import AdaptedHead
from inference.answer import suggestions_of, uncertainties_of
from inference.card import ModelCard
from inference.errors import InferenceError
from reviews.errors import StoreError
from training.adapting.head import fit_head
from training.errors import TooLittleData, TrainingError

_log = logging.getLogger(__name__)

_TOLD_AT_ONCE = 500  # frames that are named in a message


def main(connection: Connection, settings: FittingSettings) -> None:
    """Answer until the other end of `connection` is closed, by intent or by its process's end."""
    started = time.monotonic()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads of OpenBLAS that wait take a core from the window
    threadpoolctl.threadpool_limits(1, user_api="blas")
    for needed in ("scipy.linalg", "scipy.optimize"):  # now, and not with the first correction
        importlib.import_module(needed)
    try:
        workplace = Workplace(settings.data_folder, settings.bundled_folder)
        connection.send(Ready(time.monotonic() - started))
        Fitter(workplace).serve(connection)
    except WorkplaceError as error:
        connection.send(Failed(0, str(error)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


class Fitter:
    """Fits and scores, one question after the other; between two it brings films into memory."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._memory = Memory(workplace)
        self._heads: dict[str, AdaptedHead] = {}  # the one fitted last
        self._asking = Asking(workplace.store)
        self._doubting: deque[Iterator[FittingEvent | None]] = deque()
        self._asked: deque[Asked] = deque()
        self._is_waited_for: dict[str, int] = {}  # model id: request; scored again once all films are here
        self._early: Ask | None = None  # the same for the order that was asked for last

    def answer_now(self, asked: Asked) -> list[FittingEvent]:
        """Bring every film into memory, then answer: for a command, which can wait."""
        self._memory.films_of(asked.model_ids if isinstance(asked, (Ask, Score)) else (asked.model_id,))
        while self._memory.is_loading:
            for _ in self._load_on():
                pass
        events = list(self._answer(asked))
        while self._doubting:
            events += self._doubt_on()
        return events

    def serve(self, connection: Connection) -> None:
        """Until the pipe is closed."""
        while True:
            while connection.poll(0 if self._asked or self._memory.is_loading or self._doubting else None):
                self._asked.append(connection.recv())
            if self._asked:
                asked = self._asked.popleft()
                for event in self._answer(asked):
                    connection.send(event)
                connection.send(Done(asked.request))
            elif self._memory.is_loading:
                for event in self._load_on():
                    connection.send(event)
            elif self._doubting:
                for event in self._doubt_on():
                    connection.send(event)

    def _answer(self, asked: Asked) -> Iterator[FittingEvent]:
        try:
            if self._memory.take_news():
                self._asking.forget_parts()
            if isinstance(asked, Fit):
                yield from self._fit(asked)
            elif isinstance(asked, Score):
                yield from self._score(asked)
            elif isinstance(asked, Doubt):
                self._begin_to_doubt(asked)
            elif isinstance(asked, Ask):
                yield self._asking.order(asked, self._all_said(asked.model_ids))
                self._early = asked if self._memory.is_loading else None
            else:
                yield self._nearest(asked)
        except TooLittleData as error:
            yield Failed(asked.request, f"The head stays as it is: {error}.")
        except (InferenceError, StoreError, TrainingError) as error:
            yield Failed(asked.request, str(error))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            yield Failed(asked.request, f"The adapted head was not kept: {where}{error.strerror}.")

    def _load_on(self) -> Iterator[FittingEvent]:
        try:
            is_over = self._memory.load_on()
        except StoreError as error:
            _log.warning("Not every film could be brought to mind: %s", error)
            return
        if not is_over:
            for films in self._memory.all_films:
                yield from _told(films)
            return
        for model_id, request in self._is_waited_for.items():
            if (head := self._heads.get(model_id)) is not None:
                (films,) = self._memory.films_of((model_id,))
                yield from self._scored(request, films, head, 0.0, is_fitted=False)
        self._is_waited_for.clear()
        if (early := self._early) is not None:
            yield from self._answer(early)

    # -- answers ---------------------------------------------------------------------------------

    def _fit(self, asked: Fit) -> Iterator[FittingEvent]:
        started = time.monotonic()
        (films,) = self._memory.films_of((asked.model_id,))
        card = films.card
        path, before = self._workplace.adapted_head_path(card), self._heads.get(card.id)
        try:
            head = fit_head(
                films.reviewed(), self._memory.own_head(card), card.finding_names, base=card.id,
                task=card.task, temperature=card.temperature, replay=self._memory.replay(card),
                added=films.added, around=films.around(), start=before,
            )  # fmt: skip
        except TooLittleData:
            if not path.exists():
                raise
            # What it was fitted to was taken back.
            head = AdaptedHead(card.id, *self._memory.own_head(card), card.finding_names, reviews=0)
        head = replace(head, base_sha256=card.weights_sha256)
        head.write(path)
        self._heads[card.id] = head
        if self._memory.is_loading:
            self._is_waited_for[card.id] = asked.request
        yield from self._scored(asked.request, films, head, time.monotonic() - started)

    def _score(self, asked: Score) -> Iterator[FittingEvent]:
        for films in self._memory.films_of(asked.model_ids):
            try:
                yield from self._score_one(asked, films)
            except InferenceError as error:  # it ends in no layer that could be re-fitted
                _log.info("%s is not scored: %s", films.card.id, error)

    def _score_one(self, asked: Score, films: ModelFilms) -> Iterator[FittingEvent]:
        head = self._kept_head(films.card)
        if head is None:
            yield from self._first_fit(asked, films)
        elif head.reviews:  # else the model's own: there is nothing to tell apart
            self._heads[films.card.id] = head
            if self._memory.is_loading:
                self._is_waited_for[films.card.id] = asked.request
            yield from self._scored(asked.request, films, head, 0.0, is_fitted=False)

    def _kept_head(self, card: ModelCard) -> AdaptedHead | None:
        """The head on the disk; None where there is none of this model, which is then fitted anew."""
        path = self._workplace.adapted_head_path(card)
        if not path.exists():
            return None
        try:
            head = AdaptedHead.read(path)
        except InferenceError as error:
            _log.warning("%s; it is fitted anew", error)
            return None
        return head if head.fits(card) else None

    def _first_fit(self, asked: Score, films: ModelFilms) -> Iterator[FittingEvent]:
        """A model that came into use after films were decided: they count for it, too."""
        try:
            yield from self._fit(Fit(asked.request, films.card.id))
        except TooLittleData:
            if films.missing:  # nobody looked at them with this model yet: it is told which
                own = AdaptedHead(
                    films.card.id, *self._memory.own_head(films.card), films.card.finding_names, reviews=0
                )
                yield from self._scored(asked.request, films, own, 0.0, is_fitted=False)

    def _scored(
        self, request: int, films: ModelFilms, head: AdaptedHead, elapsed_s: float, *, is_fitted: bool = True
    ) -> Iterator[FittingEvent]:
        yield from _told(films)
        card = head.card_of(films.card)
        matrix = films.table.matrix
        if head.reviews and len(matrix):
            probabilities = head.probabilities(matrix, card.temperature, card.task)
            suggestion = suggestions_of(card, probabilities)
            suggestion = np.where(films.unfamiliarity > 1.0, -1, suggestion).astype(np.int16)
        else:
            probabilities = np.zeros((0, len(head.findings)), np.float32)
            suggestion = np.zeros(0, np.int16)
        yield Scored(
            request=request,
            model_id=films.card.id,
            findings=tuple((f.name, f.display) for f in card.findings),
            probabilities=probabilities,
            suggestion=suggestion,
            uncertainty=uncertainties_of(probabilities, card.task),
            reviews=head.reviews,
            weights_sha256=head.sha256_on(films.card),
            elapsed_s=elapsed_s,
            missing=films.missing,
            is_fitted=is_fitted,
        )

    def _nearest(self, asked: Nearest) -> Neighbours:
        (films,) = self._memory.films_of((asked.model_id,))
        if asked.key not in films.table:  # looked at a moment ago, or not brought into memory yet
            header = self._workplace.store.header(asked.key[0])
            if header is not None and films.covers(header):
                films.take_frame(header, asked.key[1])
        return nearest_decided(films, self._memory.replay(films.card), asked)

    def _begin_to_doubt(self, asked: Doubt) -> None:
        """It takes a fit a fold, between which everything else is answered. The latest question wins."""
        (films,) = self._memory.films_of((asked.model_id,))
        head, replay = self._memory.own_head(films.card), self._memory.replay(films.card)
        self._doubting = deque([doubt(asked, self._workplace.store, films, head, replay)])

    def _doubt_on(self) -> Iterator[FittingEvent]:
        try:
            event = next(self._doubting[0])
        except StopIteration:
            self._doubting.popleft()
        except (StoreError, TrainingError) as error:
            self._doubting.popleft()
            _log.warning("no decision could be doubted: %s", error)
        else:
            if event is not None:
                yield event

    def _all_said(self, model_ids: tuple[str, ...]) -> list[Said]:
        """What each model says of its films: re-fitted where it is, else by itself."""
        several = []
        for films in self._memory.films_of(model_ids):
            card, head = films.card, self._heads.get(films.card.id)
            if head is None or not head.reviews:
                try:
                    head = AdaptedHead(card.id, *self._memory.own_head(card), card.finding_names, reviews=0)
                except InferenceError:  # it ends in no layer that could be asked here
                    continue
            card = head.card_of(card)
            width = (0, len(head.findings))
            matrix = films.table.matrix
            said = head.probabilities(matrix, card.temperature, card.task) if len(matrix) else np.zeros(width)
            several.append(Said(films, card, np.asarray(said, np.float32)))
        return several


def _told(films: ModelFilms) -> Iterator[Known]:
    """Which frame is in which row, as far as that was not said, in messages that nobody waits for long."""
    while keys := films.new_keys(_TOLD_AT_ONCE):
        yield Known(films.card.id, keys, is_first=not films.is_told)
        films.is_told = True
