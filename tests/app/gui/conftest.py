"""A reader's desk: the real window on a data folder, with the real worker process behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.exceptions import TimeoutError
from pytestqt.qtbot import QtBot

from app.gui.window import Window
from app.gui.workstation import Workstation
from app.settings import Settings, write_settings
from app.workplace import Workplace
from tests.reviews.parts import give_part
from widgets import theme
from widgets.worklist import Row, StudyView

PATIENTS = tuple(f"PHANTOM-{n:03}" for n in range(1, 10))
LONG_MS = 40_000  # a worker that has to load torch on a busy machine
OUR_THREADS = ("store", "strip", "scan", "readers", "fitting", "inference")


class Desk:
    """One window, from opening to closing."""

    def __init__(self, qtbot: QtBot, data: Path, bundled: Path) -> None:
        self.bot = qtbot
        self.place = Workplace(data, bundled)
        self.window = Window(data / "window.ini")
        qtbot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        self.station = Workstation(self.place, self.window)
        self.station.start()
        self.is_closed = False

    def close(self) -> None:
        """Close the window as a reader does; nothing of it may be left."""
        if self.is_closed:
            return
        self.is_closed = True
        started = time.monotonic()
        self.window.close()
        self.place.close()
        assert time.monotonic() - started < 10, "closing took too long"
        self.until(lambda: not [t for t in threading.enumerate() if t.name.startswith(OUR_THREADS)], 10_000)
        assert self.station.client.worker_pid is None

    # -- looking ---------------------------------------------------------------------------------

    def until(self, condition: Callable[[], Any], timeout: int = LONG_MS) -> None:
        try:
            self.bot.waitUntil(lambda: bool(condition()), timeout=timeout)
        except TimeoutError as error:
            error.add_note(self._as_it_is())
            raise

    def _as_it_is(self) -> str:
        """What a wait that never ended leaves to look at."""
        library = self.station.library
        rows = [f"{row.patient} {row.status!r} {row.suggestion!r}" for row in self.rows]
        return (
            f"{rows[:40]}\nfailures {library.failures}, waiting {sorted(library.waiting)[:10]}, "
            f"worker {self.station.client.worker_pid}, banner {self.texts(self.window.banner)!r}"
        )

    @property
    def key(self) -> tuple[str, int] | None:
        position = self.station.reading.position
        return None if position is None else position.key

    @property
    def rows(self) -> list[Row]:
        """The worklist from top to bottom."""
        worklist = self.window.reading.worklist
        rows = [worklist.row_of(uid) for uid in worklist.shown_uids()]
        return [row for row in rows if row is not None]

    def row(self) -> Row:
        """The row of the study on the screen."""
        position = self.station.reading.position
        assert position is not None
        row = self.window.reading.worklist.row_of(position.study.study_instance_uid)
        assert row is not None
        return row

    def texts(self, widget: QWidget) -> str:
        return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())

    def button(self, widget: QWidget, name: str) -> QAbstractButton:
        return next(b for b in widget.findChildren(QAbstractButton) if name in (b.accessibleName(), b.text()))

    def settle(self, rows: int) -> None:
        """Wait until so many studies stand in the worklist, each with a suggestion or known to get none."""
        self.until(lambda: len(self.rows) == rows)
        self.until(lambda: all(row.suggestion or row.status == "no suggestion" for row in self.rows))
        self.until(lambda: self.window.reading.viewer.image is not None)

    # -- doing -----------------------------------------------------------------------------------

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(QApplication.focusWidget() or self.window.reading.viewer, key, modifier)

    def click(self, widget: QWidget, name: str) -> None:
        button = self.button(widget, name)
        assert button.isEnabled(), button.toolTip()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def choose_row(self, number: int) -> None:
        view = self.window.reading.worklist.findChild(StudyView)
        assert view is not None
        place = view.visualRect(view.model().index(number, 0))
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place.center())


OpenDesk = Callable[[], Desk]


@pytest.fixture
def measuring() -> tuple[str, ...]:
    """Patients of the sample studies whose films measure models; a test file that has some says so itself.

    All others are learned from: which part a patient belongs to is drawn by chance otherwise.
    """
    return ()


@pytest.fixture
def open_desk(
    qtbot: QtBot, qapp: QApplication, data_dir: Path, bundled: Path, measuring: tuple[str, ...]
) -> Iterator[OpenDesk]:
    """Sit down: ``desk = open_desk()``. Every desk is closed at the end, and its trainings are ended."""
    if not qapp.styleSheet():
        theme.apply(qapp)
    write_settings(data_dir, Settings(reader="A. Smith", samples_added=True))
    store = data_dir / "overread.sqlite"
    give_part(store, [f"patient:{name}" for name in measuring], "test")
    give_part(store, [f"patient:{name}" for name in PATIENTS], "train")
    desks: list[Desk] = []

    def sit_down() -> Desk:
        desks.append(Desk(qtbot, data_dir, bundled))
        return desks[-1]

    yield sit_down
    try:
        for desk in desks:
            desk.close()
    finally:
        for pid in data_dir.glob("runs/*/pid"):
            _end(int(pid.read_text().split()[0]))


def _end(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        process.kill()
        process.wait(10)
    except psutil.NoSuchProcess:
        pass
