"""The worklist's content: loading, importing, thumbnails, and what is known of every frame."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from app.fitting.messages import Scored
from app.gui.adapted_scores import AdaptedScores
from app.gui.arrivals import Arrivals
from app.gui.blinding import Blinds
from app.gui.examples import Examples
from app.gui.jobs import Jobs
from app.gui.slices import Slices
from app.gui.study_row import study_row
from app.workplace import Workplace
from inference.card import ModelCard
from inference.prediction import Prediction
from reviews.clock import now
from reviews.errors import StoreError
from reviews.likeness import Joined
from reviews.record import REGIONS, Annotation, Answer, Changes, KnownImages, News, Part, Review
from studies.errors import StudyError
from studies.image import Header, Study
from studies.reader_pool import ReaderPool
from studies.scan import Found, assemble, scan
from widgets.words import in_words
from widgets.worklist_model import Row
from widgets.worklist_scores import RowScores

log = logging.getLogger(__name__)

IMPORT_BATCH = 64
IMPORT_INTERVAL_S = 0.1
FIRST_PART, PART = 60, 400  # studies that are read from the store at once
ROWS_A_STEP, ROWS_AT_ONCE = 50, 2000  # made before others have their turn; shown together
SCORED_A_STEP = 1000
REFRESHING_MS = 100
FrameKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import did: images added, a sentence for each that could not be, how many name no patient."""

    images: int
    failures: tuple[tuple[str, str], ...]  # (path, sentence)
    nameless: int = 0


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
        self._speakers: dict[str, FrameKey] = {}  # by study: the frame whose suggestion its row shows
        self._is_scoring = self._is_scoring_due = self._is_making_rows = False
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
        self._slices = Slices(self)
        self._rows_due: dict[str, None] = {}  # StudyInstanceUID, in order
        self._rows_made: dict[str, Row] = {}  # made, and not shown yet
        self._rows_touched: dict[str, None] = {}
        self._refreshing = QTimer(self, singleShot=True, interval=REFRESHING_MS)
        self._refreshing.timeout.connect(self._refresh_touched)
        self._arrivals = Arrivals(self.studies, self)
        self._arrivals.assembled.connect(self._on_assembled)
        self._arrivals.ended.connect(self._announce)
        self._imported: list[Imported] = []  # to be announced once everything is assembled
        self._importing = 0
        self._stop_importing = threading.Event()

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
        return self._importing > 0

    def import_paths(self, paths: Iterable[Path]) -> None:
        """Scan paths off the GUI thread; images appear in the worklist as they are found."""
        wanted = list(paths)
        self._importing += 1
        self._stop_importing.clear()
        self._scan_jobs.submit(lambda: self._scan(wanted), self._on_imported, self._on_import_error)

    def stop_importing(self) -> None:
        """Stop at once; what was found stays."""
        self._stop_importing.set()

    def _scan(self, paths: list[Path]) -> Imported:
        """Runs in the scanning thread; hands over headers in batches, at most ten times a second."""
        batch: list[Header] = []
        failures: list[tuple[str, str]] = []
        found = nameless = 0
        handed_over = time.monotonic()
        unpacked = self._workplace.cache_folder / "unpacked"
        for item in scan(paths, unpacked, self._readers, self._stop_importing):
            if isinstance(item, Found):
                batch.append(item.header)
                found += 1
                nameless += not item.header.patient_id
            else:
                failures.append((item.path, item.reason))
            is_time = time.monotonic() - handed_over >= IMPORT_INTERVAL_S
            if batch and (is_time or len(batch) >= IMPORT_BATCH):
                self._hand_over(batch, found, len(failures))
                batch, handed_over = [], time.monotonic()
        self._hand_over(batch, found, len(failures))
        return Imported(found, tuple(failures), nameless)

    def _hand_over(self, headers: list[Header], found: int, failures: int) -> None:
        batch = list(headers)
        store_jobs = self._store_jobs

        def add() -> tuple[Changes, dict[str, Part]]:
            store = self._workplace.store
            return store.add_images(batch), store.parts_of([header.sop_instance_uid for header in batch])

        def keep() -> None:
            store_jobs.submit(add, lambda added: self._on_added(batch, *added), self._on_error)
            self.import_progressed.emit(found, failures)

        if batch:
            self._scan_jobs.deliver(keep)

    def _on_added(self, headers: list[Header], changes: Changes, parts: dict[str, Part]) -> None:
        self.blinds.take(parts, {})
        new = {uid for uid, _ in changes.images_added} | set(changes.images_updated)
        self._arrivals.take(header for header in headers if header.sop_instance_uid in new)

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

    def _on_imported(self, imported: Imported) -> None:
        # The last batch is still on its way through the store's thread: come after it.
        def come_after(_: None) -> None:
            self._imported.append(imported)
            if not self._arrivals.is_busy:
                self._announce()

        self._store_jobs.submit(lambda: None, come_after)

    def _announce(self) -> None:
        """Everything that was found stands in the worklist."""
        while self._imported:
            self._importing -= 1
            self.import_finished.emit(self._imported.pop(0))

    def _on_import_error(self, error: Exception) -> None:
        self._importing -= 1
        self.import_finished.emit(Imported(0, ((getattr(error, "filename", "") or "", str(error)),)))

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
        self._refresh_soon(uid)

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
        self._refresh_soon(self._study_uid_of.get(key[0]))

    def take_scores(self, scored: Scored, card: ModelCard) -> None:
        """A head was re-fitted: show what it says of every study, and move the rows to their places."""
        self.adapted.take_scores(scored, card)
        self.adapted_changed.emit()
        self._is_scoring_due = True
        if not self._is_scoring:
            self._is_scoring = True
            self._slices.run(self._score_rows())

    def _score_rows(self) -> Iterator[None]:
        """Rows are not made anew: numbers go to the worklist, which puts them into those that are seen."""
        while self._is_scoring_due:
            self._is_scoring_due = False
            told = {uid: key for uid, key in self._speakers.items() if not self.is_hidden(key)}
            uids, keys = list(told), list(told.values())
            parts = []
            for first in range(0, len(uids), SCORED_A_STEP):
                parts.append(self.adapted.suggested(keys[first : first + SCORED_A_STEP]))
                yield
            if parts and not self._is_scoring_due:  # else there are newer ones by now
                self.rows_scored.emit(
                    RowScores(
                        uids,
                        tuple(in_words(name) for name in parts[0].names),
                        np.concatenate([part.suggestion for part in parts]),
                        np.concatenate([part.confidence for part in parts]),
                        self._with_own(keys, np.concatenate([part.uncertainty for part in parts])),
                    )
                )
        self._is_scoring = False

    def _with_own(self, keys: list[FrameKey], uncertainty: NDArray[np.float64]) -> NDArray[np.float64]:
        """Uncertainties, and where no adapted head says one, that of the model in use."""
        for place in np.flatnonzero(np.isnan(uncertainty)).tolist():
            said = self.predictions.get(keys[place])
            if said is not None and said.uncertainty is not None:
                uncertainty[place] = said.uncertainty
        return uncertainty

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
        self._refresh_soon(self._study_uid_of.get(key[0]))

    def set_standing(self, key: FrameKey, review: Review | None) -> None:
        """What stands for a frame after a decision, an undo or a redo; without findings it is a note."""
        if review is not None and review.findings:
            self.blinds.answered(key, review.reader)
        self._stand(key, review)
        uid = self._study_uid_of.get(key[0])
        if uid is not None:
            self._tell_rows([uid])

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
        self._tell_rows(dict.fromkeys(uid for uid in uids if uid is not None and uid in self.studies))

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
            self._refresh_soon(self._study_uid_of.get(key[0]))

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
        self._tell_rows([study_uid])

    def set_urgent(self, marks: Mapping[str, tuple[str, ...]]) -> None:
        """Readers marked studies urgent, or took that back: who marks each now."""
        for uid, readers in marks.items():
            if readers:
                self.urgent[uid] = readers
            else:
                self.urgent.pop(uid, None)
            if uid in self.studies:
                self._tell_rows([uid])

    @property
    def reader(self) -> str:
        """Who sits here."""
        return self._workplace.settings.reader_name

    def is_study_read(self, study_uid: str) -> bool:
        return study_uid in self._read_studies

    # -- rows ----------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        return [self.row(uid) for uid in self.studies]

    def refresh_rows(self, uids: Iterable[str] | None = None) -> None:
        """Make the rows of these studies anew, or all, in slices; they move to their places at the end."""
        self._rows_due |= dict.fromkeys(self.studies if uids is None else uids)
        if self._rows_due and not self._is_making_rows:
            self._is_making_rows = True
            self._slices.run(self._make_rows())

    def _make_rows(self) -> Iterator[None]:
        while self._rows_due:
            for uid in list(islice(self._rows_due, ROWS_A_STEP)):
                del self._rows_due[uid]
                self._rows_made[uid] = self.row(uid)
            if len(self._rows_made) >= ROWS_AT_ONCE or not self._rows_due:
                made, self._rows_made = self._rows_made, {}
                self.rows_changed.emit(list(made.values()), bool(self._rows_due))
            yield
        self._is_making_rows = False

    def _refresh_soon(self, uid: str | None) -> None:
        """What came from the background is shown a few times a second, not each by itself."""
        if uid is not None:
            self._rows_touched[uid] = None
            if not self._refreshing.isActive():
                self._refreshing.start()

    def _refresh_touched(self) -> None:
        touched, self._rows_touched = self._rows_touched, {}
        self.refresh_rows(touched)

    def _tell_rows(self, uids: Iterable[str]) -> None:
        """Show at once what a reader did; rows that were made before, and not shown yet, no longer count."""
        told = list(uids)
        for uid in told:
            self._rows_made.pop(uid, None)
        self.rows_changed.emit([self.row(uid) for uid in told], False)

    def row(self, uid: str) -> Row:
        """A study as the worklist shows it."""
        row, speaker = study_row(self, self.studies[uid])
        if speaker is None:
            self._speakers.pop(uid, None)
        else:
            self._speakers[uid] = speaker
        return row

    def thumbnail_of(self, study_uid: str) -> NDArray[np.uint8] | None:
        return self._thumbnails.get(study_uid)

    def close(self) -> None:
        self._slices.clear()
        self._refreshing.stop()
        self._arrivals.close()
        self._stop_importing.set()
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
