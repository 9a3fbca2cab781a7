"""One study on the screen: its film, what the model says of it, and what the reader decides.

The controller holds what is shown and nothing that could be looked up elsewhere. Work goes to jobs
and to the inference worker; a result for a frame that is no longer shown is kept by the library but
does not touch the screen.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.gui.film_cache import FilmCache, FrameKey
from app.gui.jobs import Jobs
from app.gui.library import Library, reason_without_model
from app.workplace import Workplace
from inference.card import ModelCard
from inference.client import InferenceClient
from inference.coverage import reason_not_covered
from inference.prediction import Heatmap, Look, Prediction
from reviews.normalise import complete
from reviews.record import Answer, Changes, Review, Shown
from studies.errors import StudyError
from studies.image import Header, Image, Study
from studies.reader import read
from widgets.findings import FindingRow, FindingsState

HEATMAPS_KEPT = 200
OPERATING_POINT = 0.5


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
    def count(self) -> int:
        return len(self.study.series[self.series].frames)


@dataclass(frozen=True, slots=True)
class _Question:
    """What the worker was asked: about which frame, with which model and method."""

    key: FrameKey
    model: str
    method: str
    urgent: bool


class Reading(QObject):
    """What is on the screen and what happens to it. Lives on the GUI thread."""

    position_changed = Signal(object, bool)  # Position, whether the series is another one
    film_waiting = Signal(object)  # Header
    film_ready = Signal(object, bool)  # Image, whether the view is kept
    film_failed = Signal(str)
    findings_changed = Signal(object)  # FindingsState
    heatmap_changed = Signal(object)  # Heatmap | None
    heatmap_choices_changed = Signal(object, str)  # tuple[(name, display)], selected
    looked = Signal(str, float)  # device, milliseconds
    saved = Signal(str)  # HH:MM:SS
    decided = Signal(object, bool)  # Review, whether the reader wants to go on
    moved_to = Signal(str)  # study UID: undo or redo went to another study
    failed = Signal(str)
    remarked = Signal(str)  # something a reader wants to know, and no failure

    def __init__(
        self,
        workplace: Workplace,
        library: Library,
        client: InferenceClient,
        store_jobs: Jobs,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._library = library
        self._client = client
        self._store_jobs = store_jobs
        self._decode_jobs = Jobs("decode", 2, self)
        self._films = FilmCache()
        self._heatmaps: OrderedDict[tuple[FrameKey, str, str], tuple[Heatmap, ...]] = OrderedDict()
        self._asked: dict[int, _Question] = {}  # by number of request
        self._models: list[ModelCard] = []
        self._worker_problem = ""
        self._decoding: set[FrameKey] = set()
        self._shown_series: tuple[str, int] | None = None
        self._notes: dict[FrameKey, str] = {}  # written, and not on disk yet
        self.position: Position | None = None
        self.finding: str | None = None  # whose heatmap is asked for
        self.method = "gradcam"
        self.maps_wanted = False

    # -- going from frame to frame -----------------------------------------------------------

    def open_study(self, study_uid: str) -> None:
        """Show a study at its first frame that awaits an answer."""
        study = self._library.studies.get(study_uid)
        if study is None:
            return
        for number, series in enumerate(study.series):
            for index, (header, frame) in enumerate(series.frames):
                key = (header.sop_instance_uid, frame)
                suggested = self._library.predictions.get(key)
                if suggested is not None and suggested.suggestion and not self._library.decision(key):
                    self.go_to(Position(study, number, index))
                    return
        self.go_to(Position(study, 0, 0))

    def go_to(self, position: Position) -> None:
        """Show a frame: at once when it is decoded, else as soon as it is."""
        self.position = position
        series = (position.study.study_instance_uid, position.series)
        is_other_series = series != self._shown_series
        if is_other_series:
            self._shown_series = series
            self.finding = None
        self.position_changed.emit(position, is_other_series)
        image = self._films.get(position.key)
        if image is None:
            self.film_waiting.emit(position.header_and_frame[0])
            self._decode(position, keep_view=not is_other_series)
        else:
            self.film_ready.emit(image, not is_other_series)
        self._ask_about(position)
        self._show_findings()
        self._decode_ahead(position)

    def step(self, by: int) -> None:
        """Scroll within the series; stops at its ends."""
        if self.position is not None:
            self.go_to_index(self.position.index + by)

    def go_to_index(self, index: int) -> None:
        if self.position is None:
            return
        index = min(max(index, 0), self.position.count - 1)
        if index != self.position.index:
            self.go_to(Position(self.position.study, self.position.series, index))

    def show_series(self, number: int) -> None:
        if self.position is not None and 0 <= number < len(self.position.study.series):
            self.go_to(Position(self.position.study, number, 0))

    def refresh(self) -> None:
        """Show again what stands for the frame on the screen (models or decisions changed)."""
        if self.position is not None:
            study = self._library.studies.get(self.position.study.study_instance_uid)
            if study is not None and study is not self.position.study:
                series = min(self.position.series, len(study.series) - 1)
                index = min(self.position.index, len(study.series[series].frames) - 1)
                self.position = Position(study, series, index)
                self.position_changed.emit(self.position, False)
            self._ask_about(self.position)
            self._show_findings()

    def _decode(self, position: Position, keep_view: bool) -> None:
        header, frame = position.header_and_frame
        key = position.key
        if key in self._decoding:
            return
        self._decoding.add(key)

        def done(image: Image) -> None:
            self._decoding.discard(key)
            self._films.put(key, image)
            if self.position is not None and self.position.key == key:
                self.film_ready.emit(image, keep_view)

        def failed(error: Exception) -> None:
            self._decoding.discard(key)
            if not isinstance(error, StudyError):
                raise error
            self._library.set_failure(key, str(error))
            if self.position is not None and self.position.key == key:
                self.film_failed.emit(str(error))
                self._show_findings()

        self._decode_jobs.submit(lambda: read(header, frame), done, failed)

    def _decode_ahead(self, position: Position) -> None:
        for index in (position.index + 1, position.index - 1, position.index + 2):
            if 0 <= index < position.count:
                near = Position(position.study, position.series, index)
                if self._films.get(near.key) is None:
                    self._decode(near, keep_view=True)

    # -- what the model says -------------------------------------------------------------------

    def set_models(self, models: list[ModelCard]) -> None:
        """The models in use; heatmaps of others are forgotten, and so is what they were asked.

        `ask_in_background` has to be called after it.
        """
        self._models = models
        ids = {m.id for m in models}
        if any(asked.model not in ids for asked in self._asked.values()):
            self._client.forget_background()
            self._asked = {r: asked for r, asked in self._asked.items() if asked.urgent}
            self._forget(lambda asked: asked.model not in ids)
        for key in [k for k in self._heatmaps if k[1] not in ids]:
            del self._heatmaps[key]
        self.refresh()

    def model_for(self, header: Header) -> ModelCard | None:
        return next((m for m in self._models if reason_not_covered(m, header) is None), None)

    def reason_without_model(self, header: Header) -> str:
        """Why no model in use gives a suggestion for an image."""
        return reason_without_model(self._models, header)

    def set_worker_problem(self, sentence: str) -> None:
        self._worker_problem = sentence
        self._show_findings()

    def set_maps_wanted(self, wanted: bool) -> None:
        """Whether heatmaps are shown; they are asked for when they are."""
        self.maps_wanted = wanted
        if self.position is not None:
            self._ask_about(self.position)
            self._show_heatmap()

    def set_method(self, method: str) -> None:
        self.method = method
        self.set_maps_wanted(self.maps_wanted)

    def select_finding(self, name: str) -> None:
        """Whose evidence is shown."""
        self.finding = name
        self._show_heatmap()

    def _ask_about(self, position: Position) -> None:
        header, frame = position.header_and_frame
        model = self.model_for(header)
        key = position.key
        if model is None:
            return
        has_maps = (key, model.id, self.method) in self._heatmaps
        if key in self._library.predictions and (has_maps or not self.maps_wanted):
            return
        if _Question(key, model.id, self.method, True) in self._asked.values():
            return
        self._forget(lambda asked: asked.urgent)  # the latest question wins
        self._ask(header, frame, model, urgent=True)

    def _ask(self, header: Header, frame: int, model: ModelCard, urgent: bool) -> None:
        head = self._workplace.adapted_head_path(model)
        request = self._client.ask(
            header,
            frame,
            model.id,
            maps=model.finding_names if urgent else (),
            method=self.method,
            adapted_head=head if head.exists() else None,
            urgent=urgent,
        )
        self._asked[request] = _Question((header.sop_instance_uid, frame), model.id, self.method, urgent)

    def ask_in_background(self) -> None:
        """Ask for a suggestion for every frame of the worklist that has none yet.

        The frame on the screen too: its urgent question is forgotten when the reader goes on.
        """
        waiting = {asked.key for asked in self._asked.values() if not asked.urgent}
        asked_now: list[FrameKey] = []
        for study in self._library.studies.values():
            for series in study.series:
                model = self.model_for(series.headers[0])
                if model is None:
                    continue
                for header, frame in series.frames:
                    key = (header.sop_instance_uid, frame)
                    if key in waiting or key in self._library.predictions or key in self._library.failures:
                        continue
                    asked_now.append(key)
                    self._ask(header, frame, model, urgent=False)
        self._library.set_waiting(asked_now)

    def on_look(self, request: int, look: Look) -> None:
        """The worker's answer to a request."""
        asked = self._asked.pop(request, None)
        if asked is None:
            return
        key, method = asked.key, asked.method
        self._forget(lambda other: other.key == key and not other.urgent)
        if look.heatmaps:
            self._heatmaps[(key, look.prediction.model, method)] = look.heatmaps
            while len(self._heatmaps) > HEATMAPS_KEPT:
                self._heatmaps.popitem(last=False)
        self._library.set_prediction(look.prediction, look.adapted)
        prediction = look.prediction
        self._store_jobs.submit(lambda: self._workplace.store.remember_prediction(prediction))
        if self.position is not None and self.position.key == key:
            self.looked.emit(prediction.device, prediction.elapsed_ms)
            self._show_findings()

    def on_look_failed(self, request: int, reason: str) -> None:
        asked = self._asked.pop(request, None)
        if asked is None:
            return
        key = asked.key
        self._forget(lambda other: other.key == key and not other.urgent)
        self._library.set_failure(key, reason)
        if self.position is not None and self.position.key == key:
            self._show_findings()

    def _forget(self, is_unwanted: Callable[[_Question], bool]) -> None:
        """Nobody wants the answers to these questions any more."""
        for request in [r for r, asked in self._asked.items() if is_unwanted(asked)]:
            self._client.forget(request)
            del self._asked[request]

    # -- what is shown of it ---------------------------------------------------------------------

    def findings_state(self) -> FindingsState | None:
        """What the findings panel shows for the frame on the screen."""
        if self.position is None:
            return None
        header, _ = self.position.header_and_frame
        key = self.position.key
        model = self.model_for(header)
        prediction = self._library.predictions.get(key)
        review = self._library.standing.get(key)
        rows: tuple[FindingRow, ...] = ()
        if model is not None:
            adapted = self._library.adapted.get(key)
            rows = tuple(
                FindingRow(
                    name=f.name,
                    display=f.display,
                    probability=prediction.probability_of(f.name) if prediction else None,
                    adapted=adapted.probability_of(f.name) if adapted else None,
                    operating_point=OPERATING_POINT,
                )
                for f in model.findings
            )
        failure = self._library.failures.get(key, "")
        reason = ""
        if model is None:
            reason = self.reason_without_model(header)
        elif prediction is not None and prediction.suggestion is None:
            reason = " ".join(prediction.warnings) or "The model gives no suggestion for this image."
        elif prediction is None and failure:
            reason = failure
        elif prediction is None and self._worker_problem:
            reason = self._worker_problem
        return FindingsState(
            findings=rows,
            task=model.task if model else "multiclass",
            suggestion=prediction.suggestion if prediction else None,
            reason_no_suggestion=reason,
            answers=dict(review.findings) if review else {},
            decided_by=review.reader if review and review.findings else "",
            note=self._note_of(key),
            saved_at=_clock(review.time) if review and review.findings else None,
            waiting=model is not None and prediction is None and not reason,
            frame_label=self.tr("Image {0} of {1}").format(self.position.index + 1, self.position.count)
            if self.position.count > 1
            else "",
            image_key=f"{key[0]}:{key[1]}",
        )

    def _show_findings(self) -> None:
        state = self.findings_state()
        if state is not None:
            self.findings_changed.emit(state)
        self._show_heatmap()

    def _show_heatmap(self) -> None:
        if self.position is None:
            return
        header, _ = self.position.header_and_frame
        model = self.model_for(header)
        if model is None:
            self.heatmap_choices_changed.emit((), "")
            self.heatmap_changed.emit(None)
            return
        selected = self._selected_finding(model)
        self.heatmap_choices_changed.emit(tuple((f.name, f.display) for f in model.findings), selected)
        maps = self._heatmaps.get((self.position.key, model.id, self.method), ())
        self.heatmap_changed.emit(next((m for m in maps if m.finding == selected), None))

    def _selected_finding(self, model: ModelCard) -> str:
        """The finding whose evidence is shown: the reader's choice, else the suggestion."""
        assert self.position is not None
        if self.finding in model.finding_names:
            return str(self.finding)
        prediction = self._library.predictions.get(self.position.key)
        return (prediction.suggestion if prediction else None) or model.finding_names[0]

    # -- what the reader decides -------------------------------------------------------------------

    def accept(self) -> None:
        """Record the suggestion as the decision, and go on."""
        context = self._context()
        if context is None:
            return
        model, prediction = context
        if prediction is None or prediction.suggestion is None or self.position is None:
            return
        if self._films.get(self.position.key) is None:
            self.remarked.emit(self.tr("The film is not on the screen yet, so nothing was accepted."))
            return
        answers: dict[str, Answer]
        if model.task == "multiclass":
            answers = {prediction.suggestion: "present"}
        else:
            answers = {
                f.name: "present" if f.probability >= OPERATING_POINT else "absent"
                for f in prediction.findings
            }
        self._decide(model, prediction, answers, is_acceptance=True, go_on=True)

    def answer(self, finding: str, answer: Answer) -> None:
        """Record a correction of one finding; several-findings models keep the other answers."""
        context = self._context()
        if context is None:
            return
        model, prediction = context
        answers: dict[str, Answer] = {finding: answer}
        review = self._library.decision(self.position.key) if self.position else None
        if model.task == "multilabel" and review is not None:
            answers = {**dict(review.findings), finding: answer}
        self._decide(model, prediction, answers)

    def answer_unsure(self) -> None:
        """Record that the reader does not know: every finding is unknown."""
        context = self._context()
        if context is not None:
            model, prediction = context
            self._decide(model, prediction, dict.fromkeys(model.finding_names, "unknown"))

    def write_note(self, note: str) -> None:
        """Record a note with the decision that stands; without one it waits for the decision."""
        if self.position is None or note == self._note_of(self.position.key):
            return
        self._notes[self.position.key] = note
        review = self._library.decision(self.position.key)
        if review is not None:
            self._append(self._library.predictions.get(self.position.key), review.findings)

    def _note_of(self, key: FrameKey) -> str:
        review = self._library.decision(key)
        return self._notes.get(key, review.note if review else "")

    def _context(self) -> tuple[ModelCard, Prediction | None] | None:
        if self.position is None:
            return None
        model = self.model_for(self.position.header_and_frame[0])
        if model is None:
            return None
        return model, self._library.predictions.get(self.position.key)

    def _decide(
        self,
        model: ModelCard,
        prediction: Prediction | None,
        answers: dict[str, Answer],
        is_acceptance: bool = False,
        go_on: bool = False,
    ) -> None:
        self._append(prediction, complete(model, answers), is_acceptance=is_acceptance, go_on=go_on)

    def _append(
        self,
        prediction: Prediction | None,
        findings: tuple[tuple[str, Answer], ...],
        is_acceptance: bool = False,
        go_on: bool = False,
    ) -> None:
        assert self.position is not None
        uid, frame = self.position.key
        shown = None
        if prediction is not None:
            shown = Shown(
                prediction.model,
                prediction.suggestion,
                tuple((f.name, f.probability) for f in prediction.findings),
            )
        review = Review(
            uid,
            frame,
            self._workplace.settings.reader_name,
            findings,
            note=self._note_of((uid, frame)),
            shown=shown,
            is_acceptance=is_acceptance,
        )

        def done(result: tuple[Review, Changes]) -> None:
            stored, _ = result
            if self._notes.get((uid, frame)) == stored.note:
                del self._notes[(uid, frame)]
            self._on_stored((uid, frame), stored)
            self.decided.emit(stored, go_on)

        self._store_jobs.submit(lambda: self._workplace.store.append(review), done, self._on_store_error)

    def _on_stored(self, key: FrameKey, standing: Review | None) -> None:
        self._library.set_standing(key, standing)
        if self.position is not None and self.position.key == key:
            self._show_findings()
        if standing is not None:
            self.saved.emit(_clock(standing.time))

    def _on_store_error(self, error: Exception) -> None:
        from reviews.errors import StoreError

        if not isinstance(error, StoreError):
            raise error
        self.failed.emit(f"Not saved. {error}")
        self._show_findings()

    def undo(self) -> None:
        """Take back the reader's last decision, on whichever study it was."""
        self._take(self._workplace.store.undo, self.tr("There is no decision of yours left to take back."))

    def redo(self) -> None:
        self._take(self._workplace.store.redo, self.tr("There is nothing that was taken back to repeat."))

    def _take(self, move: Callable[[str], Changes | None], nothing: str) -> None:
        reader = self._workplace.settings.reader_name
        store = self._workplace.store

        def work() -> tuple[FrameKey, Review | None, Review | None] | None:
            changes = move(reader)
            if changes is None or not changes.images_reviewed:
                return None
            key = changes.images_reviewed[0]
            return key, store.standing(*key), changes.review

        def done(result: tuple[FrameKey, Review | None, Review | None] | None) -> None:
            if result is None:
                self.remarked.emit(nothing)
                return
            key, standing, written = result
            self._on_stored(key, standing)
            if standing is None and written is not None:
                self.saved.emit(_clock(written.time))
            self.show_frame(key)
            if written is not None:
                self.decided.emit(written, False)

        self._store_jobs.submit(work, done, self._on_store_error)

    def show_frame(self, key: FrameKey) -> None:
        """Bring a frame of any study to the screen, as after an undo."""
        if self.position is not None and self.position.key == key:
            return
        study = self._library.study_of(key[0])
        if study is None:
            return
        for number, series in enumerate(study.series):
            for index, (header, frame) in enumerate(series.frames):
                if (header.sop_instance_uid, frame) == key:
                    self.moved_to.emit(study.study_instance_uid)
                    self.go_to(Position(study, number, index))
                    return

    def next_unanswered_frame(self) -> Position | None:
        """The next frame of this study that has a suggestion and no answer."""
        if self.position is None:
            return None
        study = self.position.study
        for number, series in enumerate(study.series):
            for index, (header, frame) in enumerate(series.frames):
                key = (header.sop_instance_uid, frame)
                prediction = self._library.predictions.get(key)
                if prediction is not None and prediction.suggestion and not self._library.decision(key):
                    return Position(study, number, index)
        return None

    def close(self) -> None:
        self._decode_jobs.close(wait=False)


def _clock(time: str) -> str:
    """HH:MM:SS in local time of an ISO 8601 time."""
    from datetime import datetime

    return datetime.fromisoformat(time).astimezone().strftime("%H:%M:%S")
