"""One study on the screen: its film, and going from frame to frame.

The controller holds what is shown and nothing that could be looked up elsewhere. What the model says
of a frame is `app.gui.suggestions`', what the reader decides `app.gui.decisions`'; a result for a frame
that is no longer shown is kept by the library but does not touch the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from app.gui.added_findings import AddedFindings
from app.gui.covering import Covering
from app.gui.decisions import Decisions
from app.gui.film_cache import FrameKey
from app.gui.films import Films
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.suggestions import Suggestions
from app.workplace import Workplace
from inference.card import ModelCard
from inference.client import InferenceClient
from inference.covering import Region
from inference.messages import Progressed
from inference.prediction import Look, Prediction
from reviews.record import Answer
from studies.image import Header, Image, Study
from widgets.blind_words import hidden_text
from widgets.evidence_methods import LONG_METHODS, SPREAD

VIEW = "reading"  # as `Films` knows it


@dataclass(frozen=True, slots=True)
class Position:
    """Which frame of which series of which study is on the screen."""

    study: Study
    series: int
    index: int  # among the series' frames, from 0

    @property
    def header_and_frame(self) -> tuple[Header, int]:
        return self.study.series[self.series].frames[self.index]

    @property
    def key(self) -> FrameKey:
        header, frame = self.header_and_frame
        return header.sop_instance_uid, frame

    @property
    def frames(self) -> tuple[tuple[Header, int], ...]:
        """All frames of its series, in scrolling order."""
        return self.study.series[self.series].frames

    @property
    def count(self) -> int:
        return len(self.frames)


class Reading(QObject):
    """What is on the screen and what happens to it. Lives on the GUI thread."""

    position_changed = Signal(object, bool)  # Position, whether the series is another one
    film_waiting = Signal(object)  # Header
    film_ready = Signal(object, bool)  # Image, whether the view is kept
    film_failed = Signal(str)
    findings_changed = Signal(object)  # FindingsState
    heatmap_changed = Signal(object)  # Heatmap | None
    heatmap_choices_changed = Signal(object, str)  # tuple[(name, display)], selected
    evidence_changed = Signal(object)  # Evidence
    lungs_changed = Signal(object, object)  # FrameKey, LungMask | None
    covered = Signal(object)  # Prediction with a part of the film covered
    cover_failed = Signal(str)
    looked = Signal(str, float)  # device, milliseconds
    looked_again = Signal()  # at every frame that `look_again` asked for
    saved = Signal(str)  # HH:MM:SS
    decided = Signal(object, bool)  # Review, whether the reader wants to go on
    went_on = Signal()  # with the answer as it stands
    annotations_taken = Signal(object)  # tuple[Annotation, ...]: undo or redo changed them
    moved_to = Signal(str)  # study UID: undo or redo went to another study
    failed = Signal(str)
    remarked = Signal(str)  # something a reader wants to know, and no failure

    def __init__(
        self,
        workplace: Workplace,
        library: Library,
        client: InferenceClient,
        store_jobs: Jobs,
        films: Films,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._films = films
        self._suggestions = Suggestions(workplace, library, client, store_jobs, self)
        self.added = AddedFindings(workplace, library, store_jobs, self)
        self.added.changed.connect(self.refresh)
        self.added.failed.connect(self.failed)
        self._decisions = Decisions(
            workplace, library, self._suggestions, films.cache, store_jobs, self.added, self
        )
        self._shown_series: tuple[str, int] | None = None
        self.position: Position | None = None
        self.finding: str | None = None  # whose heatmap is asked for
        self.maps_wanted = False
        self._maps_beside = False  # the evidence stands in a view beside the film
        self.lungs_wanted = False
        self.is_spread_shown = False  # in place of the evidence, where there were several runs
        self._covering = Covering(client, self)
        self._covering.answered.connect(self.covered)
        self._covering.failed.connect(self.cover_failed)
        self._suggestions.explained.connect(self._on_explained)
        self._suggestions.failed.connect(self.failed)
        self._keeps_view = False  # when the film that is waited for comes
        films.ready.connect(self._on_film)
        films.failed.connect(self._on_film_refused)
        self._suggestions.answered.connect(self._on_answered)
        self._suggestions.looked_again.connect(self.looked_again)
        self._decisions.stored.connect(self._on_stored)
        self._decisions.saved.connect(self.saved)
        self._decisions.taken.connect(self.show_frame)
        self._decisions.decided.connect(self.decided)
        self._decisions.went_on.connect(self.went_on)
        self._decisions.annotations_taken.connect(self.annotations_taken)
        self._decisions.failed.connect(self._on_not_saved)
        self._decisions.remarked.connect(self.remarked)

    # -- going from frame to frame -----------------------------------------------------------

    def open_study(self, study_uid: str) -> None:
        """Show a study at its first frame that awaits an answer."""
        study = self._library.studies.get(study_uid)
        if study is None:
            return
        self.go_to(self._first_unanswered(study) or Position(study, 0, 0))

    def next_unanswered_frame(self) -> Position | None:
        """The next frame of this study that has a suggestion and no answer."""
        return None if self.position is None else self._first_unanswered(self.position.study)

    def _first_unanswered(self, study: Study) -> Position | None:
        for key, position in _frames(study):
            if self._library.awaits_answer(key):
                return position
        return None

    def show_frame(self, key: FrameKey) -> None:
        """Bring a frame of any study to the screen, as after an undo."""
        if self.position is not None and self.position.key == key:
            return
        study = self._library.study_of(key[0])
        if study is None:
            return
        position = next((p for k, p in _frames(study) if k == key), None)
        if position is not None:
            self.moved_to.emit(study.study_instance_uid)
            self.go_to(position)

    def go_to(self, position: Position) -> None:
        """Show a frame: at once when it is decoded, else as soon as it is."""
        if self.position is not None and self.position.key != position.key:
            self._library.let_blind_go()
        self.position = position
        series = (position.study.study_instance_uid, position.series)
        is_other_series = series != self._shown_series
        if is_other_series:
            self._shown_series = series
            self.finding = None
        self.position_changed.emit(position, is_other_series)
        self._keeps_view = not is_other_series
        image = self._films.show(VIEW, position.frames, position.index)
        if image is None:
            self.film_waiting.emit(position.header_and_frame[0])
        else:
            self.film_ready.emit(image, self._keeps_view)
        self._ask_about(position)
        self._show_findings()

    def step(self, by: int) -> None:
        """Scroll within the series; stops at its ends."""
        if self.position is None:
            return
        index = min(max(self.position.index + by, 0), self.position.count - 1)
        if index != self.position.index:
            self.go_to(Position(self.position.study, self.position.series, index))

    def refresh(self) -> None:
        """Show again what stands for the frame on the screen (models or decisions changed)."""
        if self.position is not None:
            study = self._library.studies.get(self.position.study.study_instance_uid)
            if study is not None and study is not self.position.study:
                # The frame on the screen stays there, wherever it stands among those that came.
                key = self.position.key
                self.position = next((p for k, p in _frames(study) if k == key), Position(study, 0, 0))
                self._shown_series = (study.study_instance_uid, self.position.series)
                self.position_changed.emit(self.position, False)
            self._ask_about(self.position)
            self._show_findings()

    def _on_film(self, key: FrameKey, image: Image) -> None:
        if self.position is not None and self.position.key == key:
            self.film_ready.emit(image, self._keeps_view)

    def _on_film_refused(self, key: FrameKey, sentence: str) -> None:
        self._library.set_failure(key, sentence)
        if self.position is not None and self.position.key == key:
            self.film_failed.emit(sentence)
            self._show_findings()

    # -- what the model says -------------------------------------------------------------------

    def set_models(self, models: list[ModelCard]) -> None:
        """The models in use. `ask_in_background` has to be called after it."""
        self._suggestions.set_models(models)
        self.added.refresh()
        self.refresh()

    def model_for(self, header: Header) -> ModelCard | None:
        return self._suggestions.model_for(header)

    def set_worker_problem(self, sentence: str) -> None:
        self._suggestions.worker_problem = sentence
        self._show_findings()

    def set_maps_wanted(self, wanted: bool) -> None:
        """Whether heatmaps are shown; they are asked for when they are."""
        self.maps_wanted = wanted
        if self.position is not None:
            self._ask_about(self.position)
            self._show_heatmap()

    def set_maps_beside(self, wanted: bool) -> None:
        """Whether heatmaps are shown beside the film, whatever is laid over it."""
        self._maps_beside = wanted
        self.set_maps_wanted(self.maps_wanted)

    def set_lungs_wanted(self, wanted: bool) -> None:
        """Whether the lungs are outlined; they are asked for when they are."""
        self.lungs_wanted = wanted
        if self.position is not None:
            self._ask_about(self.position)
            self._show_lungs()

    def set_method(self, method: str) -> None:
        """By which method every frame is explained at once."""
        self._suggestions.method = method
        self.set_maps_wanted(self.maps_wanted)

    def choose_method(self, method: str) -> None:
        """The reader chose a method: one for all frames, or one that takes a while for this one."""
        if self.position is None:
            return
        header, frame = self.position.header_and_frame
        model = self._suggestions.model_for(header)
        if model is None:
            return
        if method in LONG_METHODS and self._library.is_hidden(self.position.key):
            self.remarked.emit(hidden_text())
            self._show_heatmap()  # the choice that stands
        elif method in LONG_METHODS:
            self._suggestions.explaining.choose(header, frame, model, method)
        else:
            self._suggestions.explaining.choose_none(self.position.key, model.id)
            self.set_method(method)

    def cancel_explanation(self) -> None:
        """Give up the explanation that is under way."""
        self._suggestions.explaining.cancel()

    def show_spread(self, is_shown: bool) -> None:
        """Show how much repeated runs differ in place of the evidence."""
        self.is_spread_shown = is_shown
        self._show_heatmap()

    def check_agreement(self) -> None:
        """Ask whether slightly altered copies of this frame give the same."""
        if self.position is not None:
            self._suggestions.check_agreement(*self.position.header_and_frame)
            self._show_findings()

    def select_finding(self, name: str) -> None:
        """Whose evidence is shown."""
        self.finding = name
        self._show_heatmap()

    # -- what it would say --------------------------------------------------------------------

    def cover(self, region: Region | None) -> bool:
        """Ask what the model says with a part of the film covered, None to end it; whether one can answer."""
        model = None if self.position is None else self.model_for(self.position.header_and_frame[0])
        if region is None or model is None or self.position is None or self.is_hidden:
            self._covering.end()
            return region is None
        self._covering.ask(*self.position.header_and_frame, model.id, region)
        return True

    @property
    def is_hidden(self) -> bool:
        """Whether nothing of what the model says of the frame on the screen may be told."""
        return self.position is not None and self._library.is_hidden(self.position.key)

    def on_covered(self, request: int, prediction: Prediction) -> None:
        self._covering.on_covered(request, prediction)

    def on_progress(self, event: Progressed) -> None:
        self._suggestions.explaining.on_progress(event)

    def ask_in_background(self, study_uids: Sequence[str] | None = None) -> None:
        """Ask for a suggestion for every frame of some studies, or of the worklist, that has none yet."""
        self._suggestions.ask_in_background(study_uids)

    def on_look(self, request: int, look: Look) -> None:
        """The worker's answer to a request."""
        self._suggestions.on_look(request, look)

    def on_look_failed(self, request: int, reason: str) -> None:
        if not self._covering.on_failed(request, reason):
            self._suggestions.on_look_failed(request, reason)

    def look_again(self, keys: Iterable[FrameKey]) -> None:
        """Ask in the background about frames of which nobody kept what the network saw."""
        self._suggestions.look_again(keys)

    def _ask_about(self, position: Position) -> None:
        self._suggestions.ask_about(
            *position.header_and_frame,
            with_maps=self.maps_wanted or self._maps_beside,
            with_lungs=self.lungs_wanted,
        )

    def _on_explained(self, key: FrameKey) -> None:
        if self.position is not None and self.position.key == key:
            self._show_heatmap()

    def _on_answered(self, key: FrameKey, prediction: Prediction | None) -> None:
        if self.position is not None and self.position.key == key:
            if prediction is not None:
                self.looked.emit(prediction.device, prediction.elapsed_ms)
            self._show_findings()

    # -- what the reader decides of the frame on the screen --------------------------------------

    def accept(self) -> None:
        """Record the suggestion as the decision, and go on."""
        if self.position is not None:
            self._decisions.accept(*self.position.header_and_frame)

    def answer(self, finding: str, answer: Answer) -> None:
        """Record a correction of one finding."""
        if self.position is not None:
            self._decisions.answer(*self.position.header_and_frame, finding, answer)

    def answer_unsure(self) -> None:
        """Record that the reader does not know."""
        if self.position is not None:
            self._decisions.answer_unsure(*self.position.header_and_frame)

    def add_finding(self, typed: str) -> None:
        """Add a finding that the model of the film on the screen has never seen."""
        if (model := self._model()) is not None:
            self.added.add(typed, model)

    def take_finding_away(self, name: str) -> None:
        """Take an added finding away that nobody has used."""
        if (model := self._model()) is not None:
            self.added.take_away(name, model)

    def known_findings(self) -> tuple[str, ...]:
        """Names of findings that could be added for the film on the screen."""
        return self.added.known_names(model) if (model := self._model()) is not None else ()

    def _model(self) -> ModelCard | None:
        return None if self.position is None else self.model_for(self.position.header_and_frame[0])

    def write_note(self, note: str) -> None:
        if self.position is not None:
            self._decisions.write_note(self.position.key, note)

    def undo(self) -> None:
        """Take back what the reader did last, a decision or an annotation, on whichever study it was."""
        self._decisions.undo()

    def redo(self) -> None:
        self._decisions.redo()

    def _on_stored(self, key: FrameKey) -> None:
        if self.position is not None and self.position.key == key:
            self._show_findings()

    def _on_not_saved(self, sentence: str) -> None:
        self.failed.emit(sentence)
        self._show_findings()

    # -- what is shown of both -------------------------------------------------------------------

    def _show_findings(self) -> None:
        position = self.position
        if position is None:
            return
        suggested = self._suggestions.findings_state(*position.header_and_frame)
        state = self._decisions.add_to(suggested, position.key)
        if position.count > 1:
            label = self.tr("Image {0} of {1}").format(position.index + 1, position.count)
            state = replace(state, frame_label=label)
        self.findings_changed.emit(state)
        self._show_heatmap()
        self._show_lungs()

    def _show_heatmap(self) -> None:
        if self.position is not None:
            evidence = self._suggestions.evidence(*self.position.header_and_frame, self.finding)
            heatmap = evidence.heatmap
            if heatmap is not None and heatmap.spread is not None and self.is_spread_shown:
                most = float(heatmap.spread.max())  # small beside the evidence, or the method is of no use
                heatmap = replace(heatmap, grid=heatmap.spread, method=SPREAD, peak=most)
            self.heatmap_choices_changed.emit(evidence.choices, evidence.selected)
            self.evidence_changed.emit(evidence)
            self.heatmap_changed.emit(heatmap)

    def _show_lungs(self) -> None:
        if self.position is not None:
            self.lungs_changed.emit(self.position.key, self._suggestions.lungs(self.position.key))

    def close(self) -> None:
        """Ask the models nothing more."""
        self._suggestions.close()


def _frames(study: Study) -> Iterator[tuple[FrameKey, Position]]:
    """Every frame of a study, in its order."""
    for number, series in enumerate(study.series):
        for index, (header, frame) in enumerate(series.frames):
            yield (header.sop_instance_uid, frame), Position(study, number, index)
