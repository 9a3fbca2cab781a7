"""Opening the window: first paint before anything else, then the worklist, then the worker."""

from __future__ import annotations

import builtins
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

_plain_import = builtins.__import__
from PySide6.QtCore import QCoreApplication, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from widgets import theme  # noqa: E402

# PySide6 replaces `__import__` to read the source of every module that is imported later, for a
# feature switch that is not used here (PYSIDE-1368); that slows the start. qtawesome's star imports
# (in `theme`) are the last that need it.
builtins.__import__ = _plain_import

from app.gui import language  # noqa: E402
from app.gui.jobs import Jobs  # noqa: E402
from app.gui.window import Window  # noqa: E402
from app.settings import read_settings  # noqa: E402

if TYPE_CHECKING:
    from app.gui.workstation import Workstation

log = logging.getLogger(__name__)

PICTURE_LIMIT_MS = 120_000
LOOK_MS = 200
SETTLE_MS = 800


class Opening:
    """From an empty window to a workstation.

    The window is shown first. What it works with (SQLAlchemy, pydicom, the worker's handle) is
    imported in a thread meanwhile; then the controllers are connected on the GUI thread.
    """

    def __init__(self, window: Window, data_folder: Path, bundled: Path) -> None:
        self.window = window
        self.workstation: Workstation | None = None
        self.on_connected: Callable[[Workstation], None] = lambda workstation: None
        self._data_folder = data_folder
        self._bundled = bundled
        self._jobs = Jobs("start", 1, window)

    def begin(self) -> None:
        """Import in a thread, then connect."""
        self.window.reading.worklist.set_waiting(True)
        self._jobs.submit(lambda: importlib.import_module("app.gui.workstation"), self._connect)

    def _connect(self, module: ModuleType) -> None:
        from app.workplace import Workplace, WorkplaceError

        try:
            workplace = Workplace(self._data_folder, self._bundled)
        except WorkplaceError as error:
            self.window.reading.worklist.set_waiting(False)
            self.window.banner.show_message(str(error), "failed")
            return
        workstation: Workstation = module.Workstation(workplace, self.window)
        self.workstation = workstation
        workstation.start()
        self.on_connected(workstation)

    def close(self) -> None:
        self._jobs.close()
        if self.workstation is not None:
            self.workstation.close()
            self.workstation.workplace.close()


def open_window(
    data_folder: Path, bundled: Path, exit_after_s: float | None = None, picture: Path | None = None
) -> int:
    """Show the window and stay until it is closed.

    Parameters
    ----------
    exit_after_s
        Close by itself after so many seconds.
    picture
        Write a picture of the window here once the first study has its suggestion, then close.
    """
    logging.basicConfig(level=logging.WARNING, format="overread: %(message)s", stream=sys.stderr)
    if not _has_screen():
        sys.stderr.write(
            "overread: there is no screen (DISPLAY and WAYLAND_DISPLAY are empty), so no window can be "
            "shown; the commands work without one, see --help.\n"
        )
        return 1
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Overread")
    language.install(application, read_settings(data_folder).language)
    theme.apply(application)
    window = Window(data_folder / "window.ini")
    _show_unexpected_errors(window)
    window.show()
    window.focus_film()
    opening = Opening(window, data_folder, bundled)
    taken: list[bool] = []
    if picture is not None:
        path = picture.expanduser().resolve()
        opening.on_connected = lambda station: take_picture_when_settled(station, path, taken)
    QTimer.singleShot(0, opening.begin)
    if exit_after_s is not None:
        QTimer.singleShot(int(exit_after_s * 1000), window.close)
    code = application.exec()
    opening.close()
    if picture is not None and taken != [True]:
        return 1
    return code


def _has_screen() -> bool:
    """Qt ends the process on Linux where there is no display; a sentence is better."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def take_picture_when_settled(workstation: Workstation, path: Path, taken: list[bool]) -> None:
    """Once every suggestion is there, show the evidence of a film that hides none, write a picture, close the
    window."""
    window = workstation.window

    def choose_film() -> None:
        worklist = window.reading.worklist
        rows = [row for uid in worklist.shown_uids() if (row := worklist.row_of(uid)) is not None]
        told = [row.study_uid for row in rows if row.suggestion and not row.is_hidden]
        if not told:  # every film measures models, or none is covered: there is no evidence to show
            take()
            return
        if worklist.selected not in told:
            worklist.select(told[0])
        when(window, lambda: not workstation.reading.is_hidden, show_evidence)

    def show_evidence() -> None:
        if not window.reading.evidence.is_shown:
            window.reading.evidence.toggle()
        when(window, lambda: window.reading.viewer.is_heatmap_drawn, take)

    def take() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        taken.append(window.grab().save(str(path), "PNG"))
        window.close()

    when(window, lambda: workstation.is_settled, choose_film)
    QTimer.singleShot(PICTURE_LIMIT_MS, window.close)


def when(window: Window, is_ready: Callable[[], bool], then: Callable[[], None]) -> None:
    """Call `then` once, a moment after `is_ready` says so; it is asked five times a second."""
    timer = QTimer(window)
    timer.setInterval(LOOK_MS)

    def look() -> None:
        if is_ready():
            timer.stop()
            QTimer.singleShot(SETTLE_MS, then)

    timer.timeout.connect(look)
    timer.start()


def _show_unexpected_errors(window: Window) -> None:
    """A mistake of ours is told in the window and written to the log; what was saved stays saved."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        told = "".join(traceback.format_exception(kind, error, trace))
        log.error("unexpected: %s", told)
        if not issubclass(kind, KeyboardInterrupt):
            sentence = QCoreApplication.translate(
                "Window", "Something unexpected happened. What was saved is kept."
            )
            window.banner.show_message(sentence, "failed", details=told)

    sys.excepthook = hook
