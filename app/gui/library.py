"""The worklist's content: loading, thumbnails, and what is known of every frame."""

from __future__ import annotations

import gc
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.fitting.messages import Scored
from app.gui.adapted_scores import AdaptedScores
from app.gui.arrivals import Arrivals
from app.gui.blinding import Blinds
from app.gui.examples import Examples
from app.gui.intake import Intake
from app.gui.jobs import Jobs
from app.gui.rows import Rows
from app.workplace import Workplace
from inference.card import ModelCard
from inference.prediction import Prediction
from reviews.clock import now
from reviews.errors import StoreError
from reviews.likeness import Joined
from reviews.record import REGIONS, Annotation, Answer, KnownImages, News, Review
from studies.errors import StudyError
from studies.image import Header, Study
from studies.reader_pool import ReaderPool
from studies.scan import assemble
from widgets.worklist_model import Row

log = logging.getLogger(__name__)

FIRST_PART, PART = 60, 400  # studies that are read from the store at once
FrameKey = tuple[str, int]


class Library(QObject):
    """Studies, what is known of each, and the rows that show it. Lives on the GUI thread."""

    studies_added = Signal(list)  # StudyInstanceUIDs of studies that are new, or have other images now
    rows_changed = Signal(list, bool)  # list[Row], whether more will follow at once
    rows_scored = Signal(object)  # RowScores
    adapted_changed = Signal()
    import_progressed = Signal(int, int)  # images found, failures
    import_finished = Signal(object)  # Imported
    copies_found = Signal(object, bool)  # tuple[Alike, ...], whether films belong to another part now
    failed = Signal(str)  # a sentence

    def __init__(
        self, workplace: Workplace, store_jobs: Jobs, readers: ReaderPool, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._store_jobs = store_jobs
        self._readers = readers
        self._scan_jobs = Jobs("scan", 1, self)
        self.studies: dict[str, Study] = {}
        self._study_uid_of: dict[str, str] = {}  # SOPInstanceUID: StudyInstanceUID
        self._uids_of_patient: dict[str, dict[str, None]] = {}  # PatientID: StudyInstanceUIDs
        self.predictions: dict[FrameKey, Prediction] = {}
        self.adapted = AdaptedScores(self.header_of)
        self.standing: dict[FrameKey, Review] = {}
        self.examples = Examples()
        self.failures: dict[FrameKey, str] = {}
        self.waiting: set[FrameKey] = set()
        self._read_studies: set[str] = set()
        self.second_reads: dict[FrameKey, Review] = {}  # open ones: the decision that is read again
        self._second_reads_since = ""  # ISO 8601, UTC
        self.urgent: dict[str, tuple[str, ...]] = {}  # by study: the readers who mark it
        self.blinds = Blinds(lambda: workplace.settings.reader_name)
        self.blinds.covered = self.second_reads
        self._cards: list[ModelCard] = []
        self._thumbnails: dict[str, NDArray[np.uint8]] = {}
        self._thumbnails_asked: set[str] = set()
        self.is_loading = False
        self._corrected: set[FrameKey] = set()
        self._rows = Rows(self)
        self._rows.changed.connect(self.rows_changed)
        self._rows.scored.connect(self.rows_scored)
        self._arrivals = Arrivals(self.studies, self)
        self._arrivals.assembled.connect(self._on_assembled)
        self._intake = Intake(
            workplace, store_jobs, self._scan_jobs, readers, self._arrivals, self._on_error, self
        )
        self._intake.parts_known.connect(lambda parts: self.blinds.take(parts, {}))
        self._intake.progressed.connect(self.import_progressed)
        self._intake.finished.connect(self.import_finished)

    # -- loading ---------------------------------------------------------------------------

    def load(self, then: Callable[[], None] | None = None) -> None:
        """Read the worklist from the store, off the GUI thread: the newest studies first, part by part.

        Between two parts the store has time for whatever else is asked of it, such as a decision.
        """
        workplace = self._workplace
        self.is_loading = True

        def begin(found: tuple[list[list[int]], set[str], dict[str, tuple[str, ...]]]) -> None:
            studies, self._read_studies, self.urgent = found
            self._load_next(deque(studies), FIRST_PART, then)

        def read() -> tuple[list[list[int]], set[str], dict[str, tuple[str, ...]]]:
            store = workplace.store  # which takes its time to open, and not the GUI thread's
            return store.studies_newest_first(), store.studies_read(), store.studies_urgent()

        self._store_jobs.submit(read, begin, self._on_load_error)

    def _load_next(self, left: deque[list[int]], count: int, then: Callable[[], None] | None) -> None:
        store = self._workplace.store
        rows = [row for _ in range(min(count, len(left))) for row in left.popleft()]
        if not rows:
            self.is_loading = False
            if then is not None:
                then()
            return

        def work() -> tuple[KnownImages, list[Study]]:
            known = store.images_in(rows)
            return known, assemble(known.headers)

        def done(part: tuple[KnownImages, list[Study]]) -> None:
            self._keep_part(*part)
            self._load_next(left, PART, then)

        self._store_jobs.submit(work, done, self._on_load_error)

    def _keep_part(self, known: KnownImages, studies: list[Study]) -> None:
        self.blinds.take(known.parts, known.answered_by)
        for review in known.standing:
            self._stand((review.sop_instance_uid, review.frame), review)
        for prediction in known.predictions:
            if self._is_in_use(prediction):
                self.predictions.setdefault((prediction.sop_instance_uid, prediction.frame), prediction)
        new = [study for study in studies if study.study_instance_uid not in self.studies]
        for study in new:
            self._keep_study(study)
        if len(new) < len(studies):  # imported while the list was read
            self._arrivals.take(
                header
                for study in studies
                if self.studies[study.study_instance_uid] is not study
                for series in study.series
                for header in series.headers
                if header.sop_instance_uid not in self._study_uid_of
            )
            self.refresh_rows(study.study_instance_uid for study in studies)
        self._tell_added(new)

    def _on_load_error(self, error: Exception) -> None:
        self.is_loading = False
        self._on_error(error)

    def take_news(self, news: News) -> None:
        """Show what others added to the store."""
        changed = self.blinds.take(news.parts, news.answered_by)
        for key, review in news.standing.items():
            self._stand(key, review)
        for uid, is_read in news.studies_read.items():
            (self._read_studies.add if is_read else self._read_studies.discard)(uid)
        for prediction in news.predictions:
            key = (prediction.sop_instance_uid, prediction.frame)
            if self._is_in_use(prediction):
                self.predictions[key] = prediction
                self.waiting.discard(key)
                self.failures.pop(key, None)
        self._arrivals.take(news.headers)
        told = (p.sop_instance_uid for p in news.predictions)
        images = (*(uid for uid, _ in news.standing), *told, *changed)
        self.set_urgent(news.studies_urgent)
        studies = (*(self._study_uid_of.get(uid, "") for uid in images), *news.studies_read)
        self.refresh_rows(uid for uid in studies if uid in self.studies)

    def set_models(self, cards: list[ModelCard]) -> None:
        """The models in use: predictions of others are no longer shown."""
        self._cards = cards
        self.predictions = {k: p for k, p in self.predictions.items() if self._is_in_use(p)}
        self.adapted.keep(card.id for card in cards)

    def _is_in_use(self, prediction: Prediction) -> bool:
        """Whether a model in use said it: by its name, and by its weights, which a model that comes with the
        program may change under the same name."""
        card = self.card_of(prediction.model)
        if card is None:
            return False
        kept_before = not prediction.weights_sha256 and not card.bundled
        return kept_before or prediction.weights_sha256 == card.weights_sha256

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The models in use."""
        return tuple(self._cards)

    def card_of(self, model_id: str) -> ModelCard | None:
        return next((c for c in self._cards if c.id == model_id), None)

    def _on_error(self, error: Exception) -> None:
        if not isinstance(error, (StoreError, StudyError, OSError)):
            raise error
        self.failed.emit(str(error))

    # -- importing -------------------------------------------------------------------------

    @property
    def is_importing(self) -> bool:
        return self._intake.is_under_way

    def import_paths(self, paths: Iterable[Path]) -> None:
        """Scan paths off the GUI thread; images appear in the worklist as they are found."""
        self._intake.take(paths)

    def stop_importing(self) -> None:
        """Stop at once; what was found stays."""
        self._intake.stop()

    def _on_assembled(self, studies: list[Study]) -> None:
        for study in studies:
            self._keep_study(study)
        self._tell_added(studies)

    def _tell_added(self, studies: list[Study]) -> None:
        self.studies_added.emit([study.study_instance_uid for study in studies])
        # They stay. Python's collector would go through all of them again and again, which keeps the window
        # for half a second where there are 100,000; what is frozen is still freed when nobody refers to it.
        gc.freeze()

    def _keep_study(self, study: Study) -> None:
        self.studies[study.study_instance_uid] = study
        self._uids_of_patient.setdefault(study.first.patient_id, {})[study.study_instance_uid] = None
        for series in study.series:
            for header in series.headers:
                self._study_uid_of[header.sop_instance_uid] = study.study_instance_uid

    # -- thumbnails ------------------------------------------------------------------------

    def want_thumbnails(self, uids: list[str]) -> None:
        """Make the thumbnails of the studies that are on the screen and have none yet."""
        for uid in uids:
            study = self.studies.get(uid)
            if study is None or uid in self._thumbnails_asked:
                continue
            self._thumbnails_asked.add(uid)
            frames = study.series[0].frames
            wanted = self._readers.thumbnail(*frames[len(frames) // 2])
            wanted.add_done_callback(
                lambda done, uid=uid: self._scan_jobs.deliver(lambda: self._on_thumbnail(uid, done))  # type: ignore[misc]
            )

    def _on_thumbnail(self, uid: str, made: Future[NDArray[np.uint8]]) -> None:
        if made.cancelled() or uid not in self.studies:
            return
        error = made.exception()
        if isinstance(error, StudyError):
            log.info("no thumbnail: %s", type(error).__name__)
            return
        self._thumbnails[uid] = made.result()
        self._rows.refresh_soon(uid)

    # -- what is known of a frame ------------------------------------------------------------

    def studies_of_patient(self, patient_id: str) -> list[Study]:
        """The studies that name a patient; none for an empty PatientID, which is nobody's."""
        uids = self._uids_of_patient.get(patient_id, {}) if patient_id else {}
        return [s for uid in uids if (s := self.studies[uid]).first.patient_id == patient_id]

    def study_of(self, sop_instance_uid: str) -> Study | None:
        uid = self._study_uid_of.get(sop_instance_uid)
        return None if uid is None else self.studies.get(uid)

    def header_of(self, sop_instance_uid: str) -> Header | None:
        """The header of an image of the worklist."""
        study = self.study_of(sop_instance_uid)
        if study is None:
            return None
        headers = (header for series in study.series for header in series.headers)
        return next((h for h in headers if h.sop_instance_uid == sop_instance_uid), None)

    def set_prediction(self, prediction: Prediction, adapted: Prediction | None) -> None:
        """Keep what a model in use said of a frame and refresh the study's row."""
        key = (prediction.sop_instance_uid, prediction.frame)
        self.waiting.discard(key)
        self.failures.pop(key, None)
        if self._is_in_use(prediction):
            self.predictions[key] = prediction
            if adapted is not None:
                self.adapted.put(adapted)
        self._rows.refresh_soon(self._study_uid_of.get(key[0]))

    def take_scores(self, scored: Scored, card: ModelCard) -> None:
        """A head was re-fitted: show what it says of every study, and move the rows to their places."""
        self.adapted.take_scores(scored, card)
        self.adapted_changed.emit()
        self._rows.score()

    def set_waiting(self, keys: Iterable[FrameKey], is_told: bool = True) -> None:
        """The model will be asked about these frames and has not answered yet; the rows say so if told."""
        added = set(keys) - self.waiting
        self.waiting |= added
        if is_told:
            touched = dict.fromkeys(self._study_uid_of[uid] for uid, _ in added if uid in self._study_uid_of)
            self.refresh_rows(touched)

    def set_failure(self, key: FrameKey, sentence: str) -> None:
        self.waiting.discard(key)
        self.failures[key] = sentence
        self._rows.refresh_soon(self._study_uid_of.get(key[0]))

    def set_standing(self, key: FrameKey, review: Review | None) -> None:
        """What stands for a frame after a decision, an undo or a redo; without findings it is a note."""
        if review is not None and review.findings:
            self.blinds.answered(key, review.reader)
        self._stand(key, review)
        uid = self._study_uid_of.get(key[0])
        if uid is not None:
            self._rows.tell([uid])

    def _stand(self, key: FrameKey, review: Review | None) -> None:
        self.second_reads.pop(key, None)
        self.examples.take(key, self.standing.get(key), review)
        if review is None:
            self.standing.pop(key, None)
        else:
            self.standing[key] = review
        (self._corrected.add if _is_correction(review) else self._corrected.discard)(key)

    def decision(self, key: FrameKey) -> Review | None:
        """The decision that stands for a frame, as far as the reader may know it; a note alone is none."""
        review = None if key in self.second_reads else self.standing.get(key)
        return review if review is not None and review.findings else None

    def open_second_reads(self, again: Mapping[FrameKey, Review]) -> None:
        """The reader answers these frames again: what stands on them is hidden, and what models say."""
        self.second_reads.update(again)
        self._second_reads_since = now()
        self._tell_rows_of(again)

    def close_second_reads(self) -> None:
        """Show again what stands on the frames that were not answered."""
        again = list(self.second_reads)
        self.second_reads.clear()
        self._tell_rows_of(again)

    def second_read_of(self, key: FrameKey, findings: tuple[tuple[str, Answer], ...]) -> int | None:
        """The decision that an answer to a frame is the second read of, None where it is none.

        A note that is added to a second read is a part of it.
        """
        if key in self.second_reads:
            return self.second_reads[key].id
        standing = self.standing.get(key)
        return standing.second_read_of if standing is not None and standing.findings == findings else None

    def _tell_rows_of(self, keys: Iterable[FrameKey]) -> None:
        uids = (self._study_uid_of.get(uid) for uid, _ in keys)
        self._rows.tell(dict.fromkeys(uid for uid in uids if uid is not None and uid in self.studies))

    def is_hidden(self, key: FrameKey) -> bool:
        """Whether nothing of what models say of a frame may be told to the reader, in any way."""
        return self.blinds.is_hidden(key)

    def hides_mark(self, mark: Annotation) -> bool:
        """Whether a mark on a film would tell a reader what they are to find out without it.

        Of a film that is read a second time everything that was drawn before; of another one that hides its
        suggestion the regions that others drew, which name findings and show where evidence lies.
        """
        key = mark.sop_instance_uid, mark.frame
        if key in self.second_reads:
            return bool(mark.time) and mark.time < self._second_reads_since
        return mark.kind in REGIONS and mark.reader != self.reader and self.is_hidden(key)

    def take_joined(self, joined: Joined) -> None:
        """Films turned out to show the same: show what follows for the parts that they belong to."""
        changed = self.blinds.take(joined.parts, {})
        if changed:
            self.refresh_rows(
                dict.fromkeys(self._study_uid_of[uid] for uid in changed if uid in self._study_uid_of)
            )
        if joined.pairs:
            self.copies_found.emit(joined.pairs, bool(changed))

    def let_blind_go(self) -> None:
        """The reader's answer to a hidden frame is whole: what the model says of it is told now."""
        key = self.blinds.let_go()
        if key is not None:
            self._rows.refresh_soon(self._study_uid_of.get(key[0]))

    def told(self, key: FrameKey) -> Prediction | None:
        """What the model in use says of a frame, as far as the reader may know it."""
        return None if self.is_hidden(key) else self.predictions.get(key)

    def told_adapted(self, key: FrameKey) -> Prediction | None:
        """What the site-adapted head says of a frame, as far as the reader may know it."""
        return None if self.is_hidden(key) else self.adapted.get(key)

    def awaits_answer(self, key: FrameKey) -> bool:
        """Whether a frame has a suggestion, or may have a hidden one, and no answer yet."""
        prediction = self.predictions.get(key)
        if prediction is None or self.decision(key) is not None:
            return False
        return prediction.suggestion is not None or self.is_hidden(key)

    def corrections(self) -> int:
        """How many standing decisions differ from the suggestion that the reader saw."""
        return len(self._corrected)

    def set_study_read(self, study_uid: str, is_read: bool) -> None:
        (self._read_studies.add if is_read else self._read_studies.discard)(study_uid)
        self._rows.tell([study_uid])

    def set_urgent(self, marks: Mapping[str, tuple[str, ...]]) -> None:
        """Readers marked studies urgent, or took that back: who marks each now."""
        for uid, readers in marks.items():
            if readers:
                self.urgent[uid] = readers
            else:
                self.urgent.pop(uid, None)
            if uid in self.studies:
                self._rows.tell([uid])

    @property
    def reader(self) -> str:
        """Who sits here."""
        return self._workplace.settings.reader_name

    def is_study_read(self, study_uid: str) -> bool:
        return study_uid in self._read_studies

    def refresh_rows(self, uids: Iterable[str] | None = None) -> None:
        """Make the rows of these studies anew, or all; they move to their places at the end."""
        self._rows.refresh(self.studies if uids is None else uids)

    def row(self, uid: str) -> Row:
        """A study as the worklist shows it."""
        return self._rows.row(uid)

    def thumbnail_of(self, study_uid: str) -> NDArray[np.uint8] | None:
        return self._thumbnails.get(study_uid)

    def close(self) -> None:
        self._rows.close()
        self._arrivals.close()
        self._intake.stop()
        self._scan_jobs.close()


def _is_correction(review: Review | None) -> bool:
    """Whether a decision differs from the suggestion that the reader saw."""
    return (
        review is not None
        and review.shown is not None
        and review.shown.suggestion is not None
        and bool(review.findings)
        and review.answer_for(review.shown.suggestion) == "absent"
    )
