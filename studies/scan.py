"""Finding the images of files, folders, archives and DICOMDIRs by reading headers only.

Results come as they are found, in an order that does not depend on the file system, however many
processes read. In a folder, files of other kinds are passed over; a file that a person named is
answered for, image or not.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studies.dicom_plane import SAME_DIRECTION, Orientation, normal_of
from studies.errors import NotAnImage, StudyError
from studies.image import Header, Series, Study
from studies.reader_child import header_of
from studies.reader_pool import ReaderPool, Wanted
from studies.reader_task import HeaderOutcome, usable_cores
from studies.walk import Again, Begins, Ends, File, Step, walk
from studies.walk import Failed as Failed
from studies.walk import natural_key as natural_key

IMAGE_SUFFIXES = (".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".tif", ".tiff")
"""Endings that claim an image: such a file in a folder is answered for even if it is none."""

MANY = 200
"""Files from which it is worth while to start processes for them."""

FIRST_BATCH, BATCH, BATCH_S = 4, 64, 0.05
MOST_STACKS = 32
"""More orientations than that in a series are no stacks: slices that turn about an axis, in their order."""

BATCHES_A_READER = 4  # are asked for in advance; the walk is never further ahead than that
_LOOK_S = 0.2  # how often a scan that waits looks whether it is to stop


@dataclass(frozen=True, slots=True)
class Found:
    """An image whose header was read."""

    header: Header


def scan(
    paths: Iterable[Path],
    unpack_into: Path | None = None,
    readers: ReaderPool | None = None,
    stop: threading.Event | None = None,
) -> Generator[Found | Failed, None, None]:
    """Find the images of paths: files, folders (with all below them), ZIP archives, DICOMDIRs.

    Parameters
    ----------
    unpack_into
        Folder that images of ZIP archives are written to, once for each archive's content; it has to
        outlive the headers. Without one, archives are refused.
    readers
        Processes that read the headers. Without them, this one does, and for many files starts some.
    stop
        When it is set, the scan ends, even in the middle of a file that takes long.
    """
    reading = _HeaderReading(readers, stop or threading.Event())
    told = [0]  # outcomes in each folder or archive that a person named, and in all
    try:
        for step, outcome in reading.of(walk(paths, unpack_into)):
            if isinstance(step, Begins):
                told.append(0)
                continue
            if isinstance(step, Ends):
                is_empty = told.pop() == 0
                result: Found | Failed | None = _no_images(step.path) if is_empty else None
                told[-1] += not is_empty
            else:
                result = _result(step, outcome)
                told[-1] += result is not None or isinstance(step, Again)
            if result is not None:
                yield result
    finally:
        reading.close()


def _no_images(path: str) -> Failed:
    return Failed(path, f"{path}: contains no images, expected DICOM, PNG, JPEG or TIFF files in it.")


def _result(step: Step, outcome: HeaderOutcome | None) -> Found | Failed | None:
    """What is told of a step; a file that was not named may be of another kind if it claims no image."""
    if isinstance(step, Failed):
        return step
    if isinstance(outcome, Header):
        return Found(outcome)
    if not isinstance(step, File) or outcome is None:
        return None
    claims = step.is_named or step.path.lower().endswith(IMAGE_SUFFIXES)
    if isinstance(outcome, NotAnImage):
        # A sound DICOM object of another kind (a report, a presentation state) claims nothing.
        is_told = step.is_named or (claims and "is a DICOM object" not in str(outcome))
    else:
        is_told = claims or not _is_empty(step.path)
    return Failed(step.path, str(outcome)) if is_told else None


def _is_empty(path: str) -> bool:
    try:
        return Path(path).stat().st_size == 0
    except OSError:
        return False


class _HeaderReading:
    """Reads the headers of a walk's files, some batches at once, and tells them in the walk's order."""

    def __init__(self, readers: ReaderPool | None, stop: threading.Event) -> None:
        self._readers = readers
        self._owns_readers = readers is None
        self._stop = stop
        self._seen = 0
        self._asked: deque[_Batch] = deque()

    def of(self, steps: Iterator[Step]) -> Iterator[tuple[Step, HeaderOutcome | None]]:
        """Every step, and the header of those that are files."""
        for batch in self._batches(steps):
            self._asked.append(_Batch(batch, self._readers, self._owns_readers, self._stop))
            most = BATCHES_A_READER * self._readers.count if self._readers is not None else 0
            while len(self._asked) > most or (self._asked and self._asked[0].is_done):
                yield from self._asked.popleft().outcomes()
            if self._stop.is_set():
                return
        while self._asked and not self._stop.is_set():
            yield from self._asked.popleft().outcomes()

    def _batches(self, steps: Iterator[Step]) -> Iterator[list[Step]]:
        batch: list[Step] = []
        began = time.monotonic()
        for step in steps:
            batch.append(step)
            self._seen += 1
            is_full = len(batch) >= (BATCH if self._seen > FIRST_BATCH else FIRST_BATCH)
            if is_full or time.monotonic() - began > BATCH_S:
                self._start_readers()
                yield batch
                batch, began = [], time.monotonic()
        yield batch

    def _start_readers(self) -> None:
        if self._readers is None and self._seen > MANY and usable_cores() > 1:
            self._readers = ReaderPool(niceness=0)
            self._readers.start()

    def close(self) -> None:
        for batch in self._asked:
            batch.cancel()
        if self._owns_readers and self._readers is not None:
            self._readers.close()


class _Batch:
    """Steps of a walk, and the headers of their files: asked for, or read here when they are wanted."""

    def __init__(
        self, steps: list[Step], readers: ReaderPool | None, reads_here: bool, stop: threading.Event
    ) -> None:
        self._steps = steps
        self._readers = readers
        self._reads_here = reads_here
        self._stop = stop
        self._come: queue.SimpleQueue[HeaderOutcome | None] = queue.SimpleQueue()
        self._wanted: Wanted[None] | None = None
        paths = [step.path for step in steps if isinstance(step, File)]
        if readers is not None and paths:
            self._wanted = readers.headers(paths, self._take)
            self._wanted.add_done_callback(lambda _: self._come.put(None))

    def _take(self, outcomes: Iterable[HeaderOutcome]) -> None:
        for outcome in outcomes:
            self._come.put(outcome)

    @property
    def is_done(self) -> bool:
        return self._wanted is None or self._wanted.done()

    def cancel(self) -> None:
        if self._wanted is not None:
            self._wanted.cancel()

    def outcomes(self) -> Iterator[tuple[Step, HeaderOutcome | None]]:
        """Every step and what came of it; ends early when the scan is to stop."""
        is_idle = self._readers is not None and not self._readers.is_up
        if self._wanted is not None and self._reads_here and is_idle:
            self._wanted.cancel()  # they are still starting: meanwhile this process reads
        is_here = self._wanted is None or self._wanted.cancelled()
        for step in self._steps:
            if self._stop.is_set():
                self.cancel()
                return
            if not isinstance(step, File):
                yield step, None
            elif is_here:
                yield step, header_of(step.path)
            else:
                outcome = self._next()
                if outcome is None:
                    return
                yield step, outcome

    def _next(self) -> HeaderOutcome | None:
        while not self._stop.is_set():
            try:
                outcome = self._come.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if outcome is None and self._wanted is not None and not self._wanted.cancelled():
                raise self._wanted.exception() or StudyError("fewer headers came than were asked for")
            return outcome
        return None


def assemble(headers: Iterable[Header]) -> list[Study]:
    """Group headers into studies, the newest first; an instance that comes twice is taken once."""
    studies: dict[str, dict[str, list[Header]]] = {}
    known: set[str] = set()
    for header in headers:
        if header.sop_instance_uid in known:
            continue
        known.add(header.sop_instance_uid)
        series = studies.setdefault(header.study_instance_uid, {})
        series.setdefault(header.series_instance_uid, []).append(header)
    assembled = []
    for study_uid, groups in studies.items():
        ordered = [Series(uid, tuple(_in_order(group))) for uid, group in groups.items()]
        ordered.sort(key=lambda one: _number_key(one.headers[0].series_number))
        assembled.append(Study(study_uid, tuple(ordered)))
    assembled.sort(key=lambda study: (study.first.study_date, study.first.study_time), reverse=True)
    return assembled


def _number_key(number: int | None) -> tuple[bool, int]:
    return number is None, number or 0


def _in_order(headers: list[Header]) -> list[Header]:
    """Slices along the normal of their stack, stacks as they first come; else by number, then by path."""
    by_number = sorted(
        headers, key=lambda header: (_number_key(header.instance_number), natural_key(header.path))
    )
    places = _places(by_number)
    if places is None:
        return by_number
    return [by_number[index] for index in sorted(range(len(places)), key=lambda index: places[index])]


def _places(headers: list[Header]) -> list[tuple[int, float]] | None:
    """Stack of each slice, and distance in mm along its normal; None where they have no place in space.

    Slices of one orientation are a stack (PS3.3 C.7.6.2.1.1). Where the gantry is tilted they lie askew, and
    still one after the other along the normal. Those that stand at one place keep their order.
    """
    if len(headers) < 2:
        return None
    stacks: list[Orientation] = []
    normals: list[NDArray[np.float64]] = []
    places = []
    for header in headers:
        position, orientation = header.image_position, header.image_orientation
        if position is None or orientation is None or header.frames > 1:
            return None
        stack = next((n for n, one in enumerate(stacks) if _is_parallel(one, orientation)), len(stacks))
        if stack == len(stacks):
            normal = normal_of(orientation)
            if normal is None or stack >= MOST_STACKS:
                return None
            stacks.append(orientation)
            normals.append(normal)
        places.append((stack, round(float(np.dot(normals[stack], position)), 4)))
    return places


def _is_parallel(one: Orientation, other: Orientation) -> bool:
    return one == other or all(abs(a - b) <= SAME_DIRECTION for a, b in zip(one, other, strict=True))
