"""What the pool of readers asks its processes, what they answer, and within which limits."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studies.decoding import NATIVE
from studies.errors import StudyError
from studies.image import Header, Image

SMALL_PIXELS = 4_000_000
"""A frame of so many pixels is decoded in a blink; nobody minds to wait behind one."""

SAFE_PIXELS = 32_000_000
"""The largest uncompressed frame that is read in the window's own process before the readers are up."""


class Urgency(enum.IntEnum):
    """Who waits for an answer. Lower goes first; among `SHOWN` the latest, elsewhere the earliest."""

    SHOWN = 0  # a reader looks at the place where it will stand
    AHEAD = 1  # likely to be asked for next
    LISTED = 2  # thumbnails and headers of a list
    SERIES = 3  # the rest of a series, in case it is scrolled


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost before it is refused.

    Parameters
    ----------
    seconds, seconds_per_megapixel
        Longest time for one frame, and for a header (without the second part).
    bytes, bytes_per_pixel
        Memory that a reader may take beyond what it has when it is idle. On Linux the kernel refuses
        more (RLIMIT_AS counts address space, so that this is generous); elsewhere the pool looks at
        the reader twice a second and ends it.
    """

    seconds: float = 30.0
    seconds_per_megapixel: float = 0.25
    bytes: int = 2 * 1024**3
    bytes_per_pixel: int = 24

    def seconds_for(self, pixels: int) -> float:
        return self.seconds + self.seconds_per_megapixel * pixels / 1e6

    def bytes_for(self, pixels: int) -> int:
        return self.bytes + self.bytes_per_pixel * pixels


@dataclass(frozen=True, slots=True)
class FrameTask:
    """Decode a frame; with `side`, give its thumbnail only."""

    header: Header
    frame: int
    side: int | None = None

    @property
    def pixels(self) -> int:
        """How many the header promises."""
        return self.header.rows * self.header.columns

    @property
    def path(self) -> str:
        return self.header.path

    @property
    def is_small(self) -> bool:
        return self.pixels <= SMALL_PIXELS

    @property
    def is_safe(self) -> bool:
        """Whether no compiled decoder sees it: numpy alone cannot be crashed by a file."""
        is_native = self.header.kind == "dicom" and self.header.transfer_syntax_uid in NATIVE
        return is_native and self.pixels <= SAFE_PIXELS


@dataclass(frozen=True, slots=True)
class HeadersTask:
    """Read the headers of files; the answers come in parts, in the order of the paths."""

    paths: tuple[str, ...]

    @property
    def pixels(self) -> int:
        return 0

    @property
    def path(self) -> str:
        return self.paths[0]

    @property
    def is_small(self) -> bool:
        return True

    @property
    def is_safe(self) -> bool:
        return False


Task = FrameTask | HeadersTask
HeaderOutcome = Header | StudyError
FrameOutcome = Image | NDArray[np.uint8] | StudyError


@dataclass(frozen=True, slots=True)
class Question:
    """What is handed to a reader: headers, or frames one after the other; and what each file may cost.

    Parameters
    ----------
    bytes
        Nothing where the pool looks at the reader's memory itself.
    """

    tasks: tuple[FrameTask, ...] | HeadersTask
    seconds: float
    bytes: int

    @property
    def files(self) -> int:
        return len(self.tasks.paths) if isinstance(self.tasks, HeadersTask) else len(self.tasks)


@dataclass(frozen=True, slots=True)
class Ready:
    """The reader has imported what it needs."""


@dataclass(frozen=True, slots=True)
class Part:
    """The next headers of a `HeadersTask`, or why there are none. Frames come as a `Parcel` of a list.

    `is_last` when no more will come: all are read, or the reader was asked to `MakeWay`.
    """

    outcomes: tuple[HeaderOutcome, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class MakeWay:
    """Something more urgent has come: read no more of the headers that were asked for."""


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
