"""What the reader decides, and how it comes to the store.

A decision is about a frame that the caller names; it stands once the store has written it, and only
then is it shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QObject, Signal

from app.gui.added_findings import AddedFindings
from app.gui.evidence import operating_point
from app.gui.film_cache import FilmCache, FrameKey
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.suggestions import Suggestions
from app.workplace import Workplace
from inference.card import ModelCard
from inference.prediction import FindingProbability, Prediction
from reviews.blinding import is_blind
from reviews.errors import StoreError
from reviews.normalise import complete, consistent, contradicting, of_suggestion
from reviews.record import Answer, Changes, Review, Shown
from studies.image import Header
from widgets.findings import FindingsState
from widgets.words import in_words


class Decisions(QObject):
    """Decisions, notes, undo and redo. Lives on the GUI thread."""

    stored = Signal(object)  # FrameKey: something else stands for it now
    saved = Signal(str)  # HH:MM:SS
    taken = Signal(object)  # FrameKey: undo or redo changed it
    annotations_taken = Signal(object)  # tuple[Annotation, ...]: undo or redo changed them
    decided = Signal(object, bool)  # Review, whether the reader wants to go on
    went_on = Signal()  # with the answer as it stands
    failed = Signal(str)
    remarked = Signal(str)  # something a reader wants to know, and no failure

    def __init__(
        self,
        workplace: Workplace,
        library: Library,
        suggestions: Suggestions,
        films: FilmCache,
        store_jobs: Jobs,
        added: AddedFindings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._library = library
        self._suggestions = suggestions
        self._films = films
        self._store_jobs = store_jobs
        self._added = added
        self._notes: dict[FrameKey, str] = {}  # written, and not on disk yet
        self._under_way: dict[FrameKey, Review] = {}  # given to the store, and not written yet
        self._goes_on: Review | None = None  # the one of these after which the reader wants to go on
        self._seen: dict[tuple[str, FrameKey], Shown] = {}  # by reader, since the window opened
        self._answered_blind: set[FrameKey] = set()  # since the window was opened

    # -- deciding --------------------------------------------------------------------------------

    def accept(self, header: Header, frame: int) -> None:
        """Record the suggestion as the decision, and go on."""
        key = (header.sop_instance_uid, frame)
        if self._library.blinds.is_held(key):
            self._library.let_blind_go()
            self.stored.emit(key)
            return
        if self._keeps_answer(key):
            self._goes_on = self._under_way.get(key)
            if self._goes_on is None:
                self.went_on.emit()
            return
        model = self._suggestions.model_for(header)
        prediction = self._library.told(key)
        if model is None or prediction is None or prediction.suggestion is None:
            return
        if self._films.get(key) is None:
            self.remarked.emit(self.tr("The film is not on the screen yet, so nothing was accepted."))
            return
        added = self._added.names(model)
        reached = [f.name for f in prediction.findings if _is_reached(model, f)]
        answers = of_suggestion(model, prediction.suggestion, reached)
        if model.task != "multiclass":
            # What the reader has said wins. Of added findings the model says nothing: they go on standing.
            answers = consistent(answers, self._standing_answers(key, added))
            answers = consistent(answers, self._own_answers(key, model))
            if names := contradicting(answers):
                self._refuse_contradiction(model, names)
                return
        self._append(key, complete(model, answers, added), is_acceptance=True, go_on=True)

    def _refuse_contradiction(self, model: ModelCard, names: Sequence[str]) -> None:
        """Say that nothing was accepted: what is suggested, or stands, cannot be together."""
        displays = {a.name: a.display for a in self._added.of(model)}
        said = ", ".join(in_words(displays.get(name) or model.display_of(name)) for name in names)
        self.remarked.emit(
            self.tr(
                "Nothing was accepted, because these exclude each other: {0}. Answer the findings yourself."
            ).format(said)
        )

    def answer(self, header: Header, frame: int, finding: str, answer: Answer) -> None:
        """Record a correction of one finding; several-findings models keep the other answers."""
        model = self._suggestions.model_for(header)
        key = (header.sop_instance_uid, frame)
        if model is None or self._refuses_late(key):
            return
        added = self._added.names(model)
        answers: dict[str, Answer] = {finding: answer}
        if model.task == "multilabel":
            answers = consistent(self._standing_answers(key, (*model.finding_names, *added)), answers)
        findings = complete(model, answers, added)
        is_whole = model.task != "multilabel" or all(said != "unknown" for _, said in findings)
        if not is_whole:
            self._library.blinds.hold(key)
        self._append(key, findings)
        if is_whole:
            self._library.let_blind_go()

    def answer_unsure(self, header: Header, frame: int) -> None:
        """Record that the reader does not know: every finding is unknown."""
        model = self._suggestions.model_for(header)
        key = (header.sop_instance_uid, frame)
        if model is not None and not self._refuses_late(key):
            unknown: dict[str, Answer] = dict.fromkeys(model.finding_names, "unknown")
            self._append(key, complete(model, unknown, self._added.names(model)))
            self._library.let_blind_go()

    def _refuses_late(self, key: FrameKey) -> bool:
        """Whether the reader has left a frame that stays only until it is saved; then say so.

        What is answered meanwhile was meant for the next film.
        """
        if self._goes_on is None or self._under_way.get(key) is not self._goes_on:
            return False
        self.remarked.emit(self.tr("The answer before is still being saved, so this one was not taken."))
        return True

    def _latest(self, key: FrameKey) -> Review | None:
        """What the reader said last of a frame, on disk or on its way there; else what stands for it."""
        return self._under_way.get(key) or self._library.decision(key)

    def _standing_answers(self, key: FrameKey, names: Collection[str]) -> dict[str, Answer]:
        """What stands for a frame of some findings; earlier models may have answered others."""
        review = self._latest(key)
        return {} if review is None else {name: said for name, said in review.findings if name in names}

    def _own_answers(self, key: FrameKey, model: ModelCard) -> dict[str, Answer]:
        """What the reader has said already of a model's findings, which no suggestion replaces."""
        review = self._latest(key)
        if review is None or review.reader != self._workplace.settings.reader_name:
            return {}
        known = model.finding_names
        return {name: said for name, said in review.findings if name in known and said != "unknown"}

    def write_note(self, key: FrameKey, note: str) -> None:
        """Record a note with the decision that stands; without one it waits for the decision."""
        if note == self.note_of(key):
            return
        self._notes[key] = note
        review = self._latest(key)
        if review is not None:
            self._append(key, review.findings)

    def note_of(self, key: FrameKey) -> str:
        """The note of a frame as the reader wrote it last, on disk or not."""
        review = self._library.decision(key)
        return self._notes.get(key, review.note if review else "")

    def add_to(self, state: FindingsState, key: FrameKey) -> FindingsState:
        """What the findings panel shows of a frame, with what the reader decided and wrote."""
        model = self._suggestions.model_for(header) if (header := self._library.header_of(key[0])) else None
        state = replace(
            state,
            findings=state.findings + (self._added.rows(key, model) if model is not None else ()),
            note=self.note_of(key),
            measures=not state.is_hidden and self._measures(key),
            keeps_answer=self._keeps_answer(key),
        )
        if (seen := self._shown_of(key)) is not None:
            self._seen[self._workplace.settings.reader_name, key] = seen
        review = self._library.decision(key)
        if review is None:
            return state
        answers = dict(review.findings)
        return replace(state, answers=answers, decided_by=review.reader, saved_at=clock(review.time))

    def _measures(self, key: FrameKey) -> bool:
        """Whether an answer of this reader to a frame is known to measure models: it was given blind."""
        if not self._library.blinds.measures(key):
            return False
        review = self._library.decision(key)
        is_own = review is not None and review.reader == self._workplace.settings.reader_name
        return key in self._answered_blind or (is_own and review is not None and is_blind(review))

    def _keeps_answer(self, key: FrameKey) -> bool:
        """Whether Enter goes on with the reader's own answer, instead of putting the suggestion over it.

        Of several findings at once it has to be whole, since Enter accepts what is suggested of the others.
        """
        review = self._latest(key)
        if review is None or review.reader != self._workplace.settings.reader_name:
            return False
        if self._library.is_hidden(key):
            return False
        is_kept = self._library.blinds.measures(key) or review.second_read_of is not None
        return is_kept or self._is_whole(key, review)

    def _is_whole(self, key: FrameKey, review: Review) -> bool:
        """Whether a decision says of every finding of the model what it is, or of all that it is unsure."""
        header = self._library.header_of(key[0])
        model = None if header is None else self._suggestions.model_for(header)
        if model is None:
            return False
        if model.task == "multiclass":
            return True
        said = [answer for name, answer in review.findings if name in model.finding_names]
        return len(said) == len(model.finding_names) and ("unknown" not in said or set(said) == {"unknown"})

    def undo(self) -> None:
        """Take back what the reader did last, a decision or an annotation, on whichever study it was."""
        self._take(self._workplace.store.undo_act, self.tr("There is nothing of yours left to take back."))

    def redo(self) -> None:
        """Do again what was taken back last."""
        self._take(self._workplace.store.redo_act, self.tr("There is nothing that was taken back to repeat."))

    # -- the store -------------------------------------------------------------------------------

    def _append(
        self,
        key: FrameKey,
        findings: tuple[tuple[str, Answer], ...],
        is_acceptance: bool = False,
        go_on: bool = False,
    ) -> None:
        review = Review(
            *key,
            self._workplace.settings.reader_name,
            findings,
            note=self.note_of(key),
            shown=self._shown_of(key) or self._seen_before(key),
            is_acceptance=is_acceptance,
            second_read_of=self._library.second_read_of(key, findings),
        )

        self._under_way[key] = review
        if go_on:
            self._goes_on = review

        def has_ended() -> None:
            if self._under_way.get(key) is review:
                del self._under_way[key]

        def failed(error: Exception) -> None:
            has_ended()
            self._on_store_error(error)

        def done(result: tuple[Review, Changes]) -> None:
            stored, _ = result
            has_ended()
            if self._library.blinds.measures(key) and is_blind(stored):
                self._answered_blind.add(key)
            if self._notes.get(key) == stored.note:
                del self._notes[key]
            self._on_stored(key, stored)
            self.decided.emit(stored, go_on or self._goes_on is review)

        self._store_jobs.submit(lambda: self._workplace.store.append(review), done, failed)

    def _shown_of(self, key: FrameKey) -> Shown | None:
        return _shown(self._library.told(key), self._library.told_adapted(key))

    def _seen_before(self, key: FrameKey) -> Shown | None:
        """What the reader saw of a film that measures, where it is not on the screen now.

        Another model was put in use meanwhile, or only then the film was found to be a copy of one that
        measures.
        """
        if not self._library.blinds.measures(key):
            return None
        return self._seen.get((self._workplace.settings.reader_name, key))

    def _take(self, move: Callable[[str], Changes | None], nothing: str) -> None:
        reader = self._workplace.settings.reader_name
        store = self._workplace.store
        self._under_way.clear()  # what is said from now on follows what stands when this is done

        def work() -> tuple[Changes | None, Review | None]:
            changes = move(reader)
            reviewed = changes.images_reviewed if changes is not None else ()
            return changes, store.standing(*reviewed[0]) if reviewed else None

        def done(result: tuple[Changes | None, Review | None]) -> None:
            changes, standing = result
            if changes is None:
                self.remarked.emit(nothing)
            elif changes.review is None:
                self.annotations_taken.emit(changes.annotations)
            else:
                self._on_taken(changes.review, standing)

        self._store_jobs.submit(work, done, self._on_store_error)

    def _on_taken(self, written: Review, standing: Review | None) -> None:
        key = written.sop_instance_uid, written.frame
        self._on_stored(key, standing)
        if standing is None:
            self.saved.emit(clock(written.time))
        self.taken.emit(key)
        self.decided.emit(written, False)

    def _on_stored(self, key: FrameKey, standing: Review | None) -> None:
        self._library.set_standing(key, standing)
        self.stored.emit(key)
        if standing is not None:
            self.saved.emit(clock(standing.time))

    def _on_store_error(self, error: Exception) -> None:
        if not isinstance(error, StoreError):
            raise error
        self.failed.emit(self.tr("Not saved. {0}").format(error))


def _shown(prediction: Prediction | None, adapted: Prediction | None = None) -> Shown | None:
    """What the reader saw of a prediction, and of that of a re-fitted head beside it, when they decided."""
    if prediction is None:
        return None
    findings = tuple((f.name, f.probability) for f in prediction.findings)
    beside = _shown(adapted)
    return Shown(prediction.model, prediction.suggestion, findings, prediction.weights_sha256, beside)


def _is_reached(model: ModelCard, finding: FindingProbability) -> bool:
    point = operating_point(model, finding.name)
    return point is not None and finding.probability >= point


def clock(time: str) -> str:
    """HH:MM:SS in local time of an ISO 8601 time."""
    return datetime.fromisoformat(time).astimezone().strftime("%H:%M:%S")
