"""The worklist's content: importing, thumbnails, and one row a study."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.gui.jobs import Jobs
from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import reason_not_covered
from inference.prediction import Prediction
from reviews.errors import StoreError
from reviews.record import Review
from studies.errors import StudyError
from studies.image import Header, Study
from studies.reader_pool import ReaderPool
from studies.scan import Found, assemble, scan
from widgets.worklist_model import Row, Status

log = logging.getLogger(__name__)

IMPORT_BATCH = 64
IMPORT_INTERVAL_S = 0.1
FrameKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import did: images added, and a sentence for each that could not be."""

    images: int
    failures: tuple[tuple[str, str], ...]  # (path, sentence)


class Library(QObject):
    """Studies, what is known of each, and the rows that show it. Lives on the GUI thread."""

    studies_changed = Signal()  # studies were added or removed: rows() is new
    rows_changed = Signal(object)  # list[Row]
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
        self._importing = 0
        self._stop_importing = threading.Event()

    # -- loading ---------------------------------------------------------------------------

    def load(self, then: Callable[[], None] | None = None) -> None:
        """Read studies, reviews and remembered predictions from the store, off the GUI thread."""
        workplace = self._workplace

        def work() -> tuple[list[Study], list[Review], dict[tuple[str, int, str], Prediction], set[str]]:
            store = workplace.store
            return (
                assemble(store.headers()),
                store.standing_reviews(),
                store.predictions(),
                set(store.studies_read()),
            )

        def done(
            loaded: tuple[list[Study], list[Review], dict[tuple[str, int, str], Prediction], set[str]],
        ) -> None:
            studies, reviews, predictions, read_studies = loaded
            self.studies = {}
            for study in studies:
                self._keep_study(study)
            self.standing = {(r.sop_instance_uid, r.frame): r for r in reviews}
            in_use = {card.id for card in self._cards}
            self.predictions = {(u, f): p for (u, f, m), p in predictions.items() if m in in_use}
            self._read_studies = read_studies
            self.studies_changed.emit()
            if then is not None:
                then()

        self._store_jobs.submit(work, done, self._on_error)

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
                lambda _: self._on_added(batch),
                self._on_error,
            )
            self.import_progressed.emit(found, failures)

        if batch:
            self._scan_jobs.deliver(keep)

    def _on_added(self, headers: list[Header]) -> None:
        if all(h.sop_instance_uid in self._study_uid_of for h in headers):
            return
        touched = {h.study_instance_uid for h in headers}
        kept = [
            h
            for uid in touched
            if uid in self.studies
            for series in self.studies[uid].series
            for h in series.headers
        ]
        new = {h.sop_instance_uid: h for h in [*kept, *headers]}
        for study in assemble(new.values()):
            self._keep_study(study)
        self.studies_changed.emit()

    def _keep_study(self, study: Study) -> None:
        self.studies[study.study_instance_uid] = study
        for series in study.series:
            for header in series.headers:
                self._study_uid_of[header.sop_instance_uid] = study.study_instance_uid

    def _on_imported(self, imported: Imported) -> None:
        # The last batch is still on its way through the store's thread: come after it.
        def announce(_: None) -> None:
            self._importing -= 1
            self.import_finished.emit(imported)

        self._store_jobs.submit(lambda: None, announce)

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
        self.rows_changed.emit([self.row(uid)])

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
        self._refresh_row_of(key[0])

    def set_adapted(self, adapted: dict[FrameKey, Prediction]) -> None:
        """Replace what the adapted heads say; every row may have moved."""
        self.adapted = adapted
        self.rows_changed.emit(self.rows())
        self.adapted_changed.emit()

    def set_waiting(self, keys: Iterable[FrameKey]) -> None:
        """The model was asked about these frames and has not answered yet."""
        added = set(keys) - self.waiting
        self.waiting |= added
        touched = dict.fromkeys(self._study_uid_of[uid] for uid, _ in added if uid in self._study_uid_of)
        if touched:
            self.rows_changed.emit([self.row(uid) for uid in touched])

    def set_failure(self, key: FrameKey, sentence: str) -> None:
        self.waiting.discard(key)
        self.failures[key] = sentence
        self._refresh_row_of(key[0])

    def set_standing(self, key: FrameKey, review: Review | None) -> None:
        """What stands for a frame after a decision, an undo or a redo; without findings it is a note."""
        if review is None:
            self.standing.pop(key, None)
        else:
            self.standing[key] = review
        self._refresh_row_of(key[0])

    def decision(self, key: FrameKey) -> Review | None:
        """The decision that stands for a frame; a note alone is none."""
        review = self.standing.get(key)
        return review if review is not None and review.findings else None

    def corrections(self) -> int:
        """How many standing decisions differ from the suggestion that the reader saw."""
        return sum(
            review.shown is not None
            and review.shown.suggestion is not None
            and bool(review.findings)
            and review.answer_for(review.shown.suggestion) == "absent"
            for review in self.standing.values()
        )

    def set_study_read(self, study_uid: str, is_read: bool) -> None:
        (self._read_studies.add if is_read else self._read_studies.discard)(study_uid)
        self.rows_changed.emit([self.row(study_uid)])

    def is_study_read(self, study_uid: str) -> bool:
        return study_uid in self._read_studies

    def _refresh_row_of(self, sop_instance_uid: str) -> None:
        study = self.study_of(sop_instance_uid)
        if study is not None:
            self.rows_changed.emit([self.row(study.study_instance_uid)])

    # -- rows ----------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        return [self.row(uid) for uid in self.studies]

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
        self._stop_importing.set()
        self._scan_jobs.close()


def reason_without_model(models: Sequence[ModelCard], header: Header) -> str:
    """Why no model in use gives a suggestion for an image; that of the model for its kind comes first."""
    reasons = [(m.covers.phantoms != header.is_phantom, reason_not_covered(m, header)) for m in models]
    told = [reason for _, reason in sorted(reasons, key=lambda pair: pair[0]) if reason]
    return told[0] if told else "No model is in use."
