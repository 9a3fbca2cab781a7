"""Films for the screen: what is shown, decoded ahead of the reader's hand, and kept.

Any number of views may show frames. Each says which frame of which series it shows; what is on the screen
is pinned in the cache, its neighbours in the direction of scrolling are decoded ahead (further when it
scrolls fast), and a series that fits is decoded to its end while nothing else is wanted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.gui.film_cache import FilmCache, FrameKey, bytes_of
from studies.errors import StudyError
from studies.image import Header, Image
from studies.reader_pool import ReaderPool, Urgency, Wanted

Frame = tuple[Header, int]

AHEAD, MOST_AHEAD, BEHIND = 3, 24, 1
AHEAD_S = 0.4  # of scrolling are decoded ahead
SCROLL_PAUSE_S = 1.0  # after which scrolling begins anew
LARGEST_PIXEL = 5  # bytes: 32 bits and whether it is valid
ASK_MS = 5  # frames that come within so many milliseconds are answered for together
SERIES_ROOM = 32  # frames that each reader is asked for in advance
SERIES_SHARE = 0.75  # of the cache, which the series on the screen may fill


def key_of(frame: Frame) -> FrameKey:
    return frame[0].sop_instance_uid, frame[1]


@dataclass(slots=True)
class _View:
    """What one view shows, and how it got there."""

    frames: Sequence[Frame]
    index: int
    direction: int = 1
    speed: float = 0.0  # frames a second
    moved_s: float = 0.0

    def move(self, index: int) -> None:
        now = time.monotonic()
        by, elapsed = index - self.index, now - self.moved_s
        if by:
            self.direction = 1 if by > 0 else -1
            newest = abs(by) / max(elapsed, 1e-3) if elapsed < SCROLL_PAUSE_S else 0.0
            self.speed = 0.5 * self.speed + 0.5 * min(newest, 200.0) if elapsed < SCROLL_PAUSE_S else 0.0
            self.moved_s = now
        self.index = index

    def near(self) -> Iterator[Frame]:
        """The frames that are likely to be shown next, the likeliest first."""
        ahead = min(MOST_AHEAD, max(AHEAD, round(self.speed * AHEAD_S)))
        steps = [*range(1, AHEAD), *(-n for n in range(1, BEHIND + 1)), *range(AHEAD, ahead + 1)]
        for step in steps:
            place = self.index + step * self.direction
            if 0 <= place < len(self.frames):
                yield self.frames[place]

    def all(self) -> Iterator[Frame]:
        """Every frame, from the one shown onwards in the direction of scrolling, then the other way."""
        onwards = range(self.index, len(self.frames)) if self.direction > 0 else range(self.index, -1, -1)
        back = (
            range(self.index - 1, -1, -1) if self.direction > 0 else range(self.index + 1, len(self.frames))
        )
        for place in (*onwards, *back):
            yield self.frames[place]


class Films(QObject):
    """Frames by key, decoded in the readers' processes. Lives on the GUI thread.

    Parameters
    ----------
    pool
        Started and closed by whoever made it.
    """

    ready = Signal(object, object)  # FrameKey, Image
    failed = Signal(object, str)  # FrameKey, a sentence
    _have_come = Signal()  # from the pool's thread

    def __init__(
        self, pool: ReaderPool, cache: FilmCache | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._pool = pool
        self.cache = cache if cache is not None else FilmCache()
        self._views: dict[Hashable, _View] = {}
        self._asked: dict[FrameKey, Wanted[Image]] = {}
        self._refused: set[FrameKey] = set()  # not worth decoding ahead
        self._is_open = True
        self._come: deque[tuple[FrameKey, Wanted[Image]]] = deque()
        self._is_told = False  # that some have come
        self._asks_soon = QTimer(self)
        self._asks_soon.setSingleShot(True)
        self._asks_soon.setInterval(ASK_MS)
        self._asks_soon.timeout.connect(self._ask)
        self._have_come.connect(self._on_some_have_come, Qt.ConnectionType.QueuedConnection)

    def show(self, view: Hashable, frames: Sequence[Frame], index: int) -> Image | None:
        """A view shows a frame of a series: now, when it is returned, else once `ready` or `failed` tells.

        Parameters
        ----------
        frames
            Of the whole series, in scrolling order; the same sequence as long as it is the same series.
        """
        shown = self._views.get(view)
        if shown is None or (shown.frames is not frames and shown.frames != frames):
            self._views[view] = _View(frames, index)
        else:
            shown.move(index)
        self.cache.pin(self.on_screen)
        image = self.cache.get(key_of(frames[index]))
        self._refused.discard(key_of(frames[index]))
        self._ask()
        return image

    def release(self, view: Hashable) -> None:
        """A view shows nothing any more."""
        if self._views.pop(view, None) is not None:
            self.cache.pin(self.on_screen)
            self._ask()

    @property
    def on_screen(self) -> frozenset[FrameKey]:
        """The frames that views show."""
        return frozenset(key_of(view.frames[view.index]) for view in self._views.values())

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being decoded or waits for it."""
        return not self._asked and not self._asks_soon.isActive()

    def close(self) -> None:
        """Want nothing any more."""
        self._is_open = False
        self._asks_soon.stop()
        for wanted in self._asked.values():
            wanted.cancel()
        self._asked.clear()

    # -- what is wanted --------------------------------------------------------------------------

    def _ask_soon(self) -> None:
        """Ask once for all frames that have come together."""
        if not self._asks_soon.isActive():
            self._asks_soon.start()

    def _ask(self) -> None:
        """Ask for what is missing, the most urgent first, and take back what is not needed any more."""
        wanted: dict[FrameKey, tuple[Frame, Urgency]] = {}
        views = list(self._views.values())
        self._add(wanted, (view.frames[view.index] for view in views), Urgency.SHOWN)
        near = [frame for view in views for frame in view.near()]
        self._add(wanted, near[: self._room_ahead(views)], Urgency.AHEAD)
        if self._series_fit(views):
            room = SERIES_ROOM * self._pool.count
            self._add(wanted, (frame for view in views for frame in view.all()), Urgency.SERIES, room)
        for key in [key for key in self._asked if key not in wanted]:
            if self._asked[key].cancel():
                del self._asked[key]
        for key, ((header, frame), urgency) in wanted.items():
            asked = self._asked.get(key)
            if asked is None:
                self._submit(key, header, frame, urgency)
            elif urgency < asked.urgency:
                self._pool.hasten(asked, urgency)

    def _add(
        self,
        wanted: dict[FrameKey, tuple[Frame, Urgency]],
        frames: Iterable[Frame],
        urgency: Urgency,
        most: int | None = None,
    ) -> None:
        """Add the frames that are neither there nor known to be refused, `most` of them at most."""
        added = 0
        for frame in frames:
            if most is not None and added >= most:
                return
            key = key_of(frame)
            if urgency is Urgency.AHEAD:
                self.cache.get(key)  # what is near stays longer than what was left behind
            if key not in wanted and key not in self.cache and key not in self._refused:
                wanted[key] = frame, urgency
                added += 1

    def _room_ahead(self, views: list[_View]) -> int:
        """How many frames fit beside those that are shown: more would only push each other out."""
        sizes = [self._size(view) for view in views]
        return max(0, self.cache.bound_bytes - sum(sizes)) // max([*sizes, 1])

    def _series_fit(self, views: list[_View]) -> bool:
        """Whether the series of all views fit into the cache."""
        series = {key_of(view.frames[0]): self._size(view) * len(view.frames) for view in views}
        return sum(series.values()) <= SERIES_SHARE * self.cache.bound_bytes

    def _size(self, view: _View) -> int:
        """Bytes of a frame of a series: of the one that is shown, or what its header promises at most."""
        header, _ = frame = view.frames[view.index]
        image = self.cache.get(key_of(frame))
        return header.rows * header.columns * LARGEST_PIXEL if image is None else bytes_of(image)

    def _submit(self, key: FrameKey, header: Header, frame: int, urgency: Urgency) -> None:
        wanted = self._pool.frame(header, frame, urgency)
        self._asked[key] = wanted
        wanted.add_done_callback(lambda done: self._tell(key, done))  # type: ignore[arg-type]

    def _tell(self, key: FrameKey, wanted: Wanted[Image]) -> None:
        """In the pool's thread, or here where a question is taken back; what comes together is told once."""
        if self._is_open and not wanted.cancelled():
            self._come.append((key, wanted))
            if not self._is_told:
                self._is_told = True
                self._have_come.emit()

    def _on_some_have_come(self) -> None:
        self._is_told = False  # first: what comes from now on is told again
        while self._come:
            self._on_came(*self._come.popleft())

    def _on_came(self, key: FrameKey, wanted: Wanted[Image]) -> None:
        if not self._is_open or self._asked.get(key) is not wanted:
            return
        del self._asked[key]
        error = wanted.exception()
        if error is None:
            image = wanted.result()
            self.cache.put(key, image)
            self._ask_soon()
            self.ready.emit(key, image)
        elif isinstance(error, StudyError):
            self._refused.add(key)
            self._ask_soon()
            self.failed.emit(key, str(error))
        else:
            raise error
