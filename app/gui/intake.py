"""Images on their way from a folder into the store and the worklist, as they are found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.gui.arrivals import Arrivals
from app.gui.jobs import Jobs
from app.workplace import Workplace
from reviews.record import Changes, Part
from studies.image import Header
from studies.reader_pool import ReaderPool
from studies.scan import Found, scan

IMPORT_BATCH = 64
IMPORT_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import did: images added, a sentence for each that could not be, how many name no patient."""

    images: int
    failures: tuple[tuple[str, str], ...]  # (path, sentence)
    nameless: int = 0


class Intake(QObject):
    """Scans folders, and gives images that are new to the store and to the `Arrivals`. Lives on the GUI
    thread.

    Parameters
    ----------
    on_error
        Told what went wrong in the store.

    Signals
    -------
    parts_known(dict)
        The parts of images, before they come into the worklist.
    progressed(int, int)
        Images found, failures.
    finished(Imported)
        Everything that was found stands in the worklist.
    """

    parts_known = Signal(object)
    progressed = Signal(int, int)
    finished = Signal(object)

    def __init__(
        self,
        workplace: Workplace,
        store_jobs: Jobs,
        scan_jobs: Jobs,
        readers: ReaderPool,
        arrivals: Arrivals,
        on_error: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._store_jobs, self._scan_jobs = store_jobs, scan_jobs
        self._readers = readers
        self._arrivals = arrivals
        self._on_error = on_error
        self._arrivals.ended.connect(self._announce)
        self._imported: list[Imported] = []  # to be announced once everything is assembled
        self._importing = 0
        self._stop_importing = threading.Event()

    @property
    def is_under_way(self) -> bool:
        return self._importing > 0

    def take(self, paths: Iterable[Path]) -> None:
        """Scan paths off the GUI thread; images appear in the worklist as they are found."""
        wanted = list(paths)
        self._importing += 1
        self._stop_importing.clear()
        self._scan_jobs.submit(lambda: self._scan(wanted), self._on_scanned, self._on_scan_error)

    def stop(self) -> None:
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
            self.progressed.emit(found, failures)

        if batch:
            self._scan_jobs.deliver(keep)

    def _on_added(self, headers: list[Header], changes: Changes, parts: dict[str, Part]) -> None:
        self.parts_known.emit(parts)
        new = {uid for uid, _ in changes.images_added} | set(changes.images_updated)
        self._arrivals.take(header for header in headers if header.sop_instance_uid in new)

    def _on_scanned(self, imported: Imported) -> None:
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
            self.finished.emit(self._imported.pop(0))

    def _on_scan_error(self, error: Exception) -> None:
        self._importing -= 1
        self.finished.emit(Imported(0, ((getattr(error, "filename", "") or "", str(error)),)))
