"""Opening the window: first paint before anything else, then the worklist, then the worker."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.gui.window import Window
from app.gui.workstation import Workstation
from app.workplace import Workplace
from widgets import theme

log = logging.getLogger(__name__)

PICTURE_LIMIT_MS = 120_000


def open_window(workplace: Workplace, exit_after_s: float | None = None, picture: Path | None = None) -> int:
    """Show the window and stay until it is closed.

    Parameters
    ----------
    exit_after_s
        Close by itself after so many seconds.
    picture
        Write a picture of the window here once the first study has its suggestion, then close.
    """
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Overread")
    theme.apply(application)
    window = Window(workplace.folder / "window.ini")
    _show_unexpected_errors(window)
    window.show()
    workstation = Workstation(workplace, window)
    QTimer.singleShot(0, workstation.start)
    if exit_after_s is not None:
        QTimer.singleShot(int(exit_after_s * 1000), window.close)
    status = {"picture": 0}
    if picture is not None:
        _take_picture_when_settled(workstation, picture.expanduser().resolve(), status)
    code = application.exec()
    workstation.close()
    return code or status["picture"]


def _take_picture_when_settled(workstation: Workstation, path: Path, status: dict[str, int]) -> None:
    window = workstation.window
    limit = QTimer(window)
    limit.setSingleShot(True)

    def give_up() -> None:
        status["picture"] = 1
        window.close()

    def take() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        status["picture"] = 0 if window.grab().save(str(path), "PNG") else 1
        window.close()

    def on_settled() -> None:
        position = workstation.reading.position
        if position is None or workstation.library.waiting or workstation.library.is_importing:
            return
        workstation.settled.disconnect(on_settled)
        limit.stop()
        window.reading.evidence.toggle()  # the picture shows where the model looked
        QTimer.singleShot(1500, take)

    limit.timeout.connect(give_up)
    limit.start(PICTURE_LIMIT_MS)
    workstation.settled.connect(on_settled)


def _show_unexpected_errors(window: Window) -> None:
    """A mistake of ours is told in the window and written to the log; what was saved stays saved."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("unexpected: %s", "".join(traceback.format_exception(kind, error, trace)))
        if not issubclass(kind, KeyboardInterrupt):
            window.banner.show_message(
                "Something unexpected happened. What was saved is kept.",
                "failed",
                details="".join(traceback.format_exception(kind, error, trace)),
            )

    sys.excepthook = hook
