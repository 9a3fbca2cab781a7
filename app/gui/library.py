"""The worklist's content: importing, thumbnails, and one row a study."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from app.gui.jobs import Jobs
from app.gui.slices import Slices
from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import reason_not_covered
from inference.prediction import Prediction
from reviews.errors import StoreError
from reviews.record import Changes, KnownImages, News, Review
from studies.errors import StudyError
from studies.image import Header, Study
from studies.reader_pool import ReaderPool
from studies.scan import Found, assemble, scan
from widgets.worklist_model import Row, Status

log = logging.getLogger(__name__)

IMPORT_BATCH = 64
IMPORT_INTERVAL_S = 0.1
FIRST_PART, PART = 60, 400  # studies that are read from the store at once
ROWS_A_STEP = 200
REFRESHING_MS = 100
ASSEMBLING_PAUSE = 4  # times the time that assembling took
FrameKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import did: images added, and a sentence for each that could not be."""

    images: int
    failures: tuple[tuple[str, str], ...]  # (path, sentence)


class Library(QObject):
    """Studies, what is known of each, and the rows that show it. Lives on the GUI thread."""

    studies_added = Signal(list)  # StudyInstanceUIDs of studies that are new, or have other images now
    rows_changed = Signal(list, bool)  # list[Row], whether more will follow at once
    adapted_changed = Signal()
    import_progressed = Signal(int, int)  # images found, failures
    import_finished = Signal(object)  # Imported
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
        self.predictions: dict[FrameKey, Prediction] = {}
        self.adapted: dict[FrameKey, Prediction] = {}
        self.standing: dict[FrameKey, Review] = {}
        self.failures: dict[FrameKey, str] = {}
        self.waiting: set[FrameKey] = set()
        self._read_studies: set[str] = set()
        self._cards: list[ModelCard] = []
        self._thumbnails: dict[str, NDArray[np.uint8]] = {}
        self._thumbnails_asked: set[str] = set()
        self.is_loading = False
        self._corrected: set[FrameKey] = set()
        self._slices = Slices(self)
        self._rows_due: dict[str, None] = {}  # StudyInstanceUID, in order
        self._rows_touched: dict[str, None] = {}
        self._refreshing = QTimer(self, singleShot=True, interval=REFRESHING_MS)
        self._refreshing.timeout.connect(self._refresh_touched)
        self._arriving: dict[str, dict[str, Header]] = {}  # by StudyInstanceUID, then SOPInstanceUID
        self._is_assembling = False
        self._assemble_jobs = Jobs("assemble", 1, self)
        self._assembling = QTimer(self, singleShot=True)
        self._assembling.timeout.connect(self._assemble)
        self._imported: list[Imported] = []  # to be announced once everything is assembled
        self._importing = 0
        self._stop_importing = threading.Event()

    # -- loading ---------------------------------------------------------------------------

    def load(self, then: Callable[[], None] | None = None) -> None:
        """Read the worklist from the store, off the GUI thread: the newest studies first, part by part.

        Between two parts the store has time for whatever else is asked of it, such as a decision.
        """
        store = self._workplace.store
        self.is_loading = True

        def begin(read: tuple[list[list[int]], set[str]]) -> None:
            studies, self._read_studies = read
            self._load_next(deque(studies), FIRST_PART, then)

        self._store_jobs.submit(
            lambda: (store.studies_newest_first(), store.studies_read()), begin, self._on_load_error
        )

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
        for review in known.standing:
            self._stand((review.sop_instance_uid, review.frame), review)
        in_use = {card.id for card in self._cards}
        for prediction in known.predictions:
            if prediction.model in in_use:
                self.predictions.setdefault((prediction.sop_instance_uid, prediction.frame), prediction)
        new = [study for study in studies if study.study_instance_uid not in self.studies]
        for study in new:
            self._keep_study(study)
        if len(new) < len(studies):  # imported while the list was read
            self._arrive(
                header
                for study in studies
                if self.studies[study.study_instance_uid] is not study
                for series in study.series
                for header in series.headers
                if header.sop_instance_uid not in self._study_uid_of
            )
            self.refresh_rows(study.study_instance_uid for study in studies)
        self.studies_added.emit([study.study_instance_uid for study in new])

    def _on_load_error(self, error: Exception) -> None:
        self.is_loading = False
        self._on_error(error)

    def take_news(self, news: News) -> None:
        """Show what others added to the store."""
        for key, review in news.standing.items():
            self._stand(key, review)
        for uid, is_read in news.studies_read.items():
            (self._read_studies.add if is_read else self._read_studies.discard)(uid)
        in_use = {card.id for card in self._cards}
        for prediction in news.predictions:
            key = (prediction.sop_instance_uid, prediction.frame)
            if prediction.model in in_use:
                self.predictions[key] = prediction
                self.waiting.discard(key)
                self.failures.pop(key, None)
        self._arrive(news.headers)
        images = (*(uid for uid, _ in news.standing), *(p.sop_instance_uid for p in news.predictions))
        studies = (*(self._study_uid_of.get(uid, "") for uid in images), *news.studies_read)
        self.refresh_rows(uid for uid in studies if uid in self.studies)

    def set_models(self, cards: list[ModelCard]) -> None:
        """The models in use: predictions of others are no longer shown."""
        self._cards = cards
        ids = {card.id for card in cards}
        self.predictions = {k: p for k, p in self.predictions.items() if p.model in ids}
        self.adapted = {k: p for k, p in self.adapted.items() if k in self.predictions}

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
        found = 0
        handed_over = time.monotonic()
        unpacked = self._workplace.cache_folder / "unpacked"
        for item in scan(paths, unpacked, self._readers, self._stop_importing):
            if isinstance(item, Found):
                batch.append(item.header)
                found += 1
            else:
                failures.append((item.path, item.reason))
            is_time = time.monotonic() - handed_over >= IMPORT_INTERVAL_S
            if batch and (is_time or len(batch) >= IMPORT_BATCH):
                self._hand_over(batch, found, len(failures))
                batch, handed_over = [], time.monotonic()
        self._hand_over(batch, found, len(failures))
        return Imported(found, tuple(failures))

    def _hand_over(self, headers: list[Header], found: int, failures: int) -> None:
        batch = list(headers)
        store_jobs = self._store_jobs

        def keep() -> None:
            store_jobs.submit(
                lambda: self._workplace.store.add_images(batch),
                lambda changes: self._on_added(batch, changes),
                self._on_error,
            )
            self.import_progressed.emit(found, failures)

        if batch:
            self._scan_jobs.deliver(keep)

    def _on_added(self, headers: list[Header], changes: Changes) -> None:
        new = {uid for uid, _ in changes.images_added} | set(changes.images_updated)
        self._arrive(header for header in headers if header.sop_instance_uid in new)

    def _arrive(self, headers: Iterable[Header]) -> None:
        """Take images into their studies. Studies are put together in a thread, since one of thousands of
        images takes long, and never again before other work had most of the time."""
        for header in headers:
            arriving = self._arriving.setdefault(header.study_instance_uid, {})
            arriving[header.sop_instance_uid] = header
        if not self._assembling.isActive() and not self._is_assembling:
            self._assemble()

    def _assemble(self) -> None:
        if not self._arriving:
            self._announce()
            return
        arrived, self._arriving = self._arriving, {}
        before = {uid: self.studies.get(uid) for uid in arrived}
        self._is_assembling = True

        def done(assembled: tuple[list[Study], float]) -> None:
            studies, took_s = assembled
            self._is_assembling = False
            for study in studies:
                uid = study.study_instance_uid
                if self.studies.get(uid) is before[uid]:
                    self._keep_study(study)
                else:  # loaded from the store meanwhile
                    self._arriving.setdefault(uid, {}).update(arrived[uid])
            self.studies_added.emit([study.study_instance_uid for study in studies])
            self._assembling.start(round(1000 * ASSEMBLING_PAUSE * took_s))

        self._assemble_jobs.submit(lambda: _with_arrived(before, arrived), done)

    def _keep_study(self, study: Study) -> None:
        self.studies[study.study_instance_uid] = study
        for series in study.series:
            for header in series.headers:
                self._study_uid_of[header.sop_instance_uid] = study.study_instance_uid

    def _on_imported(self, imported: Imported) -> None:
        # The last batch is still on its way through the store's thread: come after it.
        def come_after(_: None) -> None:
            self._imported.append(imported)
            if not self._is_assembling and not self._arriving:
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

    def frames_to_read(self, study: Study) -> list[FrameKey]:
        """The frames of a study for which a model in use gives a suggestion (known so far)."""
        keys = [
            (header.sop_instance_uid, frame) for series in study.series for header, frame in series.frames
        ]
        return [k for k in keys if k in self.predictions and self.predictions[k].suggestion is not None]

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
        if prediction.model in {card.id for card in self._cards}:
            self.predictions[key] = prediction
            if adapted is not None:
                self.adapted[key] = adapted
        self._refresh_soon(self._study_uid_of.get(key[0]))

    def set_adapted(self, adapted: dict[FrameKey, Prediction]) -> None:
        """Replace what the adapted heads say; every row may have moved."""
        touched = self.adapted.keys() | adapted.keys()
        self.adapted = adapted
        self.refresh_rows(
            dict.fromkeys(self._study_uid_of[uid] for uid, _ in touched if uid in self._study_uid_of)
        )
        self.adapted_changed.emit()

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
        self._stand(key, review)
        uid = self._study_uid_of.get(key[0])
        if uid is not None:
            self._tell_row(uid)

    def _stand(self, key: FrameKey, review: Review | None) -> None:
        if review is None:
            self.standing.pop(key, None)
        else:
            self.standing[key] = review
        (self._corrected.add if _is_correction(review) else self._corrected.discard)(key)

    def decision(self, key: FrameKey) -> Review | None:
        """The decision that stands for a frame; a note alone is none."""
        review = self.standing.get(key)
        return review if review is not None and review.findings else None

    def corrections(self) -> int:
        """How many standing decisions differ from the suggestion that the reader saw."""
        return len(self._corrected)

    def set_study_read(self, study_uid: str, is_read: bool) -> None:
        (self._read_studies.add if is_read else self._read_studies.discard)(study_uid)
        self._tell_row(study_uid)

    def is_study_read(self, study_uid: str) -> bool:
        return study_uid in self._read_studies

    # -- rows ----------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        return [self.row(uid) for uid in self.studies]

    def refresh_rows(self, uids: Iterable[str] | None = None) -> None:
        """Make the rows of these studies anew, or all, in slices; they move to their places at the end."""
        self._rows_due |= dict.fromkeys(self.studies if uids is None else uids)
        if self._rows_due and not self._slices.is_busy:
            self._slices.run(self._made_rows())

    def _made_rows(self) -> Iterator[None]:
        while self._rows_due:
            due = list(islice(self._rows_due, ROWS_A_STEP))
            for uid in due:
                del self._rows_due[uid]
            self.rows_changed.emit([self.row(uid) for uid in due], bool(self._rows_due))
            yield

    def _refresh_soon(self, uid: str | None) -> None:
        """What came from the background is shown a few times a second, not each by itself."""
        if uid is not None:
            self._rows_touched[uid] = None
            if not self._refreshing.isActive():
                self._refreshing.start()

    def _refresh_touched(self) -> None:
        touched, self._rows_touched = self._rows_touched, {}
        self.refresh_rows(touched)

    def _tell_row(self, uid: str) -> None:
        """Show at once what a reader did."""
        self.rows_changed.emit([self.row(uid)], False)

    def row(self, uid: str) -> Row:
        """A study as the worklist shows it: its most uncertain suggested frame speaks for it."""
        study = self.studies[uid]
        first = study.first
        frames = [(h.sop_instance_uid, n) for series in study.series for h, n in series.frames]
        base = Row(
            study_uid=uid,
            patient=first.patient_name or (Path(first.path).name if first.kind != "dicom" else ""),
            patient_id=first.patient_id,
            birth_date=first.patient_birth_date,
            sex=first.patient_sex,
            accession=first.accession_number,
            date=first.study_date,
            time=first.study_time,
            modality="/".join(dict.fromkeys(s.modality for s in study.series if s.modality)) or "picture",
            description=first.study_description or first.series_description or first.body_part.capitalize(),
            images=len(frames),
            thumbnail=self._thumbnails.get(uid),
            status=self._status(study, frames),
            note=next((self.failures[k] for k in frames if k in self.failures), ""),
            is_waiting=any(k in self.waiting for k in frames),
        )
        if self._cards and not any(self._covers(series.headers[0]) for series in study.series):
            reason = reason_without_model(self._cards, first)
            return replace(base, note=base.note or reason)
        return self._with_suggestion(base, frames)

    def _covers(self, header: Header) -> bool:
        return any(reason_not_covered(card, header) is None for card in self._cards)

    def _with_suggestion(self, base: Row, frames: list[FrameKey]) -> Row:
        suggested = [self.predictions[k] for k in frames if k in self.predictions]
        covered = [p for p in suggested if p.suggestion is not None]
        if not covered:
            reason = next((" ".join(p.warnings) for p in suggested if p.warnings), "")
            return replace(base, note=base.note or reason)
        speaker = max(covered, key=lambda p: p.uncertainty or 0.0)
        card = self.card_of(speaker.model)
        if card is None or speaker.suggestion is None:
            return base
        base = replace(
            base,
            suggestion=card.display_of(speaker.suggestion),
            confidence=speaker.probability_of(speaker.suggestion),
            uncertainty=speaker.uncertainty,
        )
        adapted = self.adapted.get((speaker.sop_instance_uid, speaker.frame))
        if adapted is not None and adapted.suggestion is not None:
            base = replace(
                base,
                adapted=card.display_of(adapted.suggestion),
                adapted_confidence=adapted.probability_of(adapted.suggestion),
                uncertainty=adapted.uncertainty,
            )
        return base

    def _status(self, study: Study, frames: list[FrameKey]) -> Status:
        if study.study_instance_uid in self._read_studies:
            return "read"
        answered = [k for k in frames if self.decision(k) is not None]
        to_read = self.frames_to_read(study)
        if answered and all(self.decision(k) is not None for k in to_read):
            return "read"
        if answered:
            return "part read"
        if any(k in self.failures for k in frames):
            return "reading failed"
        if not to_read and any(k in self.predictions for k in frames):
            return "no suggestion"
        if self._cards and not any(self._covers(series.headers[0]) for series in study.series):
            return "no suggestion"
        return "to read"

    def close(self) -> None:
        self._slices.clear()
        self._refreshing.stop()
        self._assembling.stop()
        self._assemble_jobs.close(wait=False)
        self._stop_importing.set()
        self._scan_jobs.close()


def _with_arrived(
    before: dict[str, Study | None], arrived: dict[str, dict[str, Header]]
) -> tuple[list[Study], float]:
    """Studies with the images that came to them, and how long putting them together took in s."""
    began = time.perf_counter()
    headers: list[Header] = []
    for uid, study in before.items():
        known = {h.sop_instance_uid: h for series in study.series for h in series.headers} if study else {}
        headers += {**known, **arrived[uid]}.values()
    return assemble(headers), time.perf_counter() - began


def _is_correction(review: Review | None) -> bool:
    """Whether a decision differs from the suggestion that the reader saw."""
    return (
        review is not None
        and review.shown is not None
        and review.shown.suggestion is not None
        and bool(review.findings)
        and review.answer_for(review.shown.suggestion) == "absent"
    )


def reason_without_model(models: Sequence[ModelCard], header: Header) -> str:
    """Why no model in use gives a suggestion for an image; that of the model for its kind comes first."""
    reasons = [(m.covers.phantoms != header.is_phantom, reason_not_covered(m, header)) for m in models]
    told = [reason for _, reason in sorted(reasons, key=lambda pair: pair[0]) if reason]
    return told[0] if told else "No model is in use."
