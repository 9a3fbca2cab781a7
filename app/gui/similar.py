"""Cases like this: films already read that are most like the one on the screen, and one of them beside it.

They are looked for where the embeddings are (`app.fitting`), among films on which a decision stands, by the
model that answers for the film on the screen. A film that hides what models say of it has none: what others
decided on films like it would be a suggestion too. Nor is it one of the cases of other films.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from app.fitting.messages import FittingEvent, Neighbours
from app.gui.adapting import Adapting
from app.gui.comparing import Choice, Comparing
from app.gui.film_cache import FrameKey
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.reading import Position, Reading
from app.gui.reading_page import ReadingPage
from inference.card import ModelCard
from reviews.record import Review
from studies.image import Series
from studies.reader_pool import ReaderPool
from widgets.numbers import counted
from widgets.similar import SimilarCase
from widgets.view_grid import Layout
from widgets.words import in_words

MOST_CASES = 6
ASKED_FOR = 60  # several slices of one series are one case, and hidden films are none
SOON_MS = 60  # while a reader scrolls, only the film at which they stop is asked about
AGAIN_MS = 2000
THUMBNAILS_KEPT = 200
MOST_LOOKED_THROUGH = 500  # of the films read, for one that the model answers for
MUCH, SOMEWHAT, LEAST = 0.85, 0.6, 0.3
"""Cosines from which on films are called much alike and alike; what is below the last is not shown. Of pairs
of films with different findings one in a hundred is above .72; of the nearest of other patients half are
above .85."""


class Similar(QObject):
    """Asks for cases, shows them, and puts one beside the film. Lives on the GUI thread."""

    def __init__(
        self,
        page: ReadingPage,
        library: Library,
        reading: Reading,
        comparing: Comparing,
        adapting: Adapting,
        readers: ReaderPool,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._panel = page.similar
        self._library = library
        self._reading = reading
        self._comparing = comparing
        self._adapting = adapting
        self._readers = readers
        self._jobs = Jobs("similar", 1, self)
        self._thumbnails: OrderedDict[FrameKey, NDArray[np.uint8]] = OrderedDict()
        self._request: int | None = None
        self._asked_about: FrameKey | None = None
        self._is_unknown = False  # the model had not looked at the film when it was asked about
        self._was_hidden = False  # the film on the screen, when it was asked about
        self._compared: FrameKey | None = None
        self._before: tuple[Layout, Choice | None] = ("1x1", None)
        self._asking = QTimer(self, singleShot=True, interval=SOON_MS)
        self._asking.timeout.connect(self._ask)
        self._asking_again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._asking_again.timeout.connect(self._ask)
        reading.position_changed.connect(self._on_position_changed)
        reading.decided.connect(lambda *_: self.refresh())
        reading.looked.connect(lambda *_: self._on_looked())
        reading.findings_changed.connect(lambda _: self._on_findings_changed())
        adapting.told.connect(self._on_told)
        adapting.failed.connect(self._on_failed)
        self._panel.chosen.connect(self.choose)
        self._panel.thumbnail_wanted.connect(self._make_thumbnail)
        self._panel.expanded_changed.connect(lambda _: self.refresh())
        page.grid.layout_changed.connect(self._on_layout_changed)

    # -- asking ----------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look again in a moment: another film, or other decisions."""
        self._asking_again.stop()
        self._asking.start()

    def _on_position_changed(self, position: Position, _: bool) -> None:
        if position.key != self._asked_about:
            self._request = self._asked_about = None
            self._panel.show_words("")
            study = self._compared and self._library.study_of(self._compared[0])
            if study is not None and study.study_instance_uid == position.study.study_instance_uid:
                self.close()  # it is the film on the screen now
        shown = self._comparing.content_of(self._page.grid.viewers[1])
        if self._compared is not None and (shown is None or shown.kind != "similar"):
            self.close()  # another study: what was beside it has gone
        self.refresh()

    def _ask(self) -> None:
        position = self._reading.position
        if position is None or not self._panel.is_expanded:
            return
        header, _ = position.header_and_frame
        model = self._reading.model_for(header)
        self._was_hidden = self._library.is_hidden(position.key)
        self._request = None
        if model is None:
            self._panel.show_words(self.tr("No model in use answers for this film, so none can compare it."))
        elif self._was_hidden:
            self._panel.show_words(self.tr("Answer first; then films like this one are shown."))
        else:
            self._adapting.start()
            self._asked_about = position.key
            self._request = self._adapting.fitting.nearest(model.id, position.key, ASKED_FOR)

    def _on_findings_changed(self) -> None:
        """An answer may have ended the hiding, or a second read begun it."""
        position = self._reading.position
        if position is not None and self._library.is_hidden(position.key) != self._was_hidden:
            self.refresh()

    def _on_looked(self) -> None:
        if self._is_unknown:
            self.refresh()

    # -- answers ---------------------------------------------------------------------------------

    def _on_told(self, event: FittingEvent) -> None:
        position = self._reading.position
        if not isinstance(event, Neighbours) or event.request != self._request or position is None:
            return
        self._is_unknown = not event.is_known
        header, _ = position.header_and_frame
        model = self._reading.model_for(header)
        if event.key != position.key or model is None or self._library.is_hidden(position.key):
            return
        cases = self._cases(event, position, model)
        if cases:
            self._panel.show_cases(cases)
            self._panel.set_compared(self._compared)
            for case in cases:
                if (pixels := self._thumbnails.get(case.key)) is not None:
                    self._panel.set_thumbnail(*case.key, pixels)
        else:
            self._panel.show_words(self._why_none(event, model))
        if not event.keys and (event.compared or not event.is_known or self._awaits_films(event, model)):
            self._asking_again.start()  # films are still being brought into memory, or looked at

    def _on_failed(self, request: int, sentence: str) -> None:
        if request == self._request:
            self._panel.show_words(sentence)

    def _awaits_films(self, event: Neighbours, model: ModelCard) -> bool:
        """Whether films of the model's were read that it has not looked at, as after a change of models."""
        if event.compared:
            return False
        read = (key for key, review in self._library.standing.items() if review.findings and key != event.key)
        headers = (self._library.header_of(uid) for uid, _ in islice(read, MOST_LOOKED_THROUGH))
        return any(h is not None and self._reading.model_for(h) == model for h in headers)

    def _why_none(self, event: Neighbours, model: ModelCard) -> str:
        if not event.is_known:
            return self.tr("The model is looking at this film.")
        if self._awaits_films(event, model):
            return self.tr("The model is looking at the films read so far.")
        if not event.compared:
            return self.tr(
                "No other film of this kind is read yet. Answer a few; those most like this one stand here."
            )
        if not event.keys:
            return self.tr("Too few films are known yet to tell which are like this one.")
        return counted(
            event.compared,
            self.tr("The one film read so far is not like this one."),
            self.tr("None of the {0} films read so far is like this one."),
        )

    def _cases(self, event: Neighbours, position: Position, model: ModelCard) -> list[SimilarCase]:
        """The films to show: those alike, not hidden, still decided, one of each series."""
        mine, _ = position.header_and_frame
        series = {mine.series_instance_uid}
        cases: list[SimilarCase] = []
        for key, similarity in zip(event.keys, event.similarities, strict=True):
            if similarity < LEAST or len(cases) == MOST_CASES:
                break
            review, header = self._library.decision(key), self._library.header_of(key[0])
            if review is None or header is None or self._library.is_hidden(key):
                continue
            if header.series_instance_uid in series:
                continue
            series.add(header.series_instance_uid)
            is_same = header.split_key == mine.split_key
            decision, likeness = self._decided(review, model), self._likeness(similarity)
            date = header.study_date or review.time[:10]  # of a picture only when it was read is known
            when = header.study_date or self.tr("read {0}").format(date)
            about = self.tr("{reader} decided: {decision}. {date}. For the model the films are {likeness}.")
            words = about.format(reader=review.reader, decision=decision, date=when, likeness=likeness)
            if is_same:
                words += " " + self.tr("It is a film of the same patient.")
            cases.append(SimilarCase(key, decision, likeness, date, is_same, words))
        return cases

    def _decided(self, review: Review, model: ModelCard) -> str:
        displays = {f.name: in_words(f.display) for f in model.findings}
        displays |= {added.name: added.display for added in self._reading.added.of(model)}
        present = [
            displays.get(n, n.replace("-", " ")) for n, answer in review.findings if answer == "present"
        ]
        if present:
            return ", ".join(present)
        is_unsure = all(answer == "unknown" for _, answer in review.findings)
        return self.tr("unsure") if is_unsure else self.tr("none present")

    def _likeness(self, similarity: float) -> str:
        if similarity >= MUCH:
            return self.tr("much alike")
        return self.tr("alike") if similarity >= SOMEWHAT else self.tr("somewhat alike")

    # -- one beside the film -----------------------------------------------------------------------

    def choose(self, key: FrameKey) -> None:
        """Put a case beside the film, or take it away again."""
        if key == self._compared:
            self.close()
            return
        study = self._library.study_of(key[0])
        place = None if study is None else _place_of(study.series, key)
        if study is None or place is None:
            return
        grid = self._page.grid
        viewer = grid.viewers[1]
        if self._compared is None:
            self._before = grid.layout_name, self._comparing.content_of(viewer)
        self._compared = key
        if len(grid.shown) < 2:
            grid.set_layout("1x2")
        number, index = place
        label = self.tr("A case like this: {0}").format(study.first.study_date or study.first.modality)
        self._comparing.show(viewer, Choice("similar", label, study, number, index))
        self._panel.set_compared(key)

    def close(self) -> bool:
        """Show again what stood there before; whether a case stood beside the film."""
        if self._compared is None:
            return False
        self._compared = None
        self._panel.set_compared(None)
        layout, before = self._before
        viewer = self._page.grid.viewers[1]
        self._page.grid.set_layout(layout)
        if viewer in self._page.grid.shown:
            # It may be another study by now: then what is of the same kind, as everywhere.
            choices = [c for c in self._comparing.choices() if before is not None and c.kind == before.kind]
            if choices:
                self._comparing.show(viewer, before if before in choices and before else choices[0])
            else:
                self._comparing.clear(viewer)
        return True

    def _on_layout_changed(self, _: str) -> None:
        if self._compared is not None and self._page.grid.viewers[1] not in self._page.grid.shown:
            self._compared = None  # the reader took the view away themselves
            self._panel.set_compared(None)

    # -- thumbnails --------------------------------------------------------------------------------

    def _make_thumbnail(self, uid: str, frame: int) -> None:
        header = self._library.header_of(uid)
        if header is not None and (uid, frame) not in self._thumbnails:
            made = self._readers.thumbnail(header, frame)
            made.add_done_callback(
                lambda done: self._jobs.deliver(partial(self._on_thumbnail, (uid, frame), done))
            )

    def _on_thumbnail(self, key: FrameKey, made: Future[NDArray[np.uint8]]) -> None:
        if made.cancelled() or made.exception() is not None:
            return  # the film itself says what is wrong with it
        self._thumbnails[key] = made.result()
        while len(self._thumbnails) > THUMBNAILS_KEPT:
            self._thumbnails.popitem(last=False)
        self._panel.set_thumbnail(*key, self._thumbnails[key])

    def stop(self) -> None:
        """Ask nothing more."""
        self._asking.stop()
        self._asking_again.stop()
        self._jobs.close(wait=False)


def _place_of(several: Sequence[Series], key: FrameKey) -> tuple[int, int] | None:
    """Number of the series, and place in it, of a frame."""
    for number, series in enumerate(several):
        for index, (header, frame) in enumerate(series.frames):
            if (header.sop_instance_uid, frame) == key:
                return number, index
    return None
