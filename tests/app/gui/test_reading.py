"""A reader opens films, sees what the model suggests, decides, changes their mind, and comes back."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QRadioButton

from app.workplace import Workplace
from reviews.record import Review
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import CT, SAMPLES

CONTROL = Qt.KeyboardModifier.ControlModifier
STUDIES = [SAMPLES / "PHANTOM-001", SAMPLES / "PHANTOM-002"]  # three studies

pytestmark = pytest.mark.timeout(300)


def kept(desk: Desk, key: tuple[str, int]) -> Review | None:
    """What stands for a frame on disk, as another program sees it."""
    other = Workplace(desk.place.folder, desk.place.bundled)
    try:
        return other.store.standing(*key)
    finally:
        other.close()


def present(review: Review | None) -> list[str]:
    return [] if review is None else [name for name, answer in review.findings if answer == "present"]


def another_finding(desk: Desk) -> QRadioButton:
    """A finding that is not the suggested one."""
    choices = desk.window.reading.findings.findChildren(QRadioButton)
    return next(c for c in choices if c.isVisible() and "suggested" not in c.accessibleName())


def may_be_learned_from(desk: Desk, keys: Iterable[tuple[str, int]]) -> bool:
    """Whether one of the frames is outside the test part: each store draws its parts anew."""
    store = desk.station.workplace.store
    headers = [store.header(uid) for uid, _ in keys]
    return any(header is not None and store.part_of(header) != "test" for header in headers)


def test_a_session_of_reading_is_kept(open_desk: OpenDesk) -> None:
    desk = open_desk()
    findings, viewer = desk.window.reading.findings, desk.window.reading.viewer
    desk.station.open_paths(STUDIES)
    desk.until(lambda: len(desk.rows) == 3 and all(row.is_waiting for row in desk.rows))
    desk.settle(3)
    assert not any(row.is_waiting for row in desk.rows)
    assert all(row.suggestion in ("opacity", "no finding") for row in desk.rows)
    assert all(row.status == "to read" for row in desk.rows)
    desk.until(lambda: all(row.thumbnail is not None for row in desk.rows))

    # Enter accepts and goes on.
    first, first_row = desk.key, desk.row()
    assert first is not None
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: desk.key != first)
    review = kept(desk, first)
    assert review is not None
    assert review.is_acceptance
    assert review.reader == "A. Smith"
    assert review.shown is not None
    assert present(review) == [review.shown.suggestion]
    read = desk.window.reading.worklist.row_of(first_row.study_uid)
    assert read is not None
    assert read.status == "read"
    assert re.search(r"saved \d\d:\d\d:\d\d", desk.texts(desk.window.status))

    # A click on another finding corrects, and stays.
    second = desk.key
    assert second is not None
    desk.until(lambda: viewer.image is not None and viewer.image.header.sop_instance_uid == second[0])
    choice = another_finding(desk)
    QTest.mouseClick(choice, Qt.MouseButton.LeftButton)
    desk.until(lambda: kept(desk, second) is not None)
    corrected = kept(desk, second)
    assert corrected is not None
    assert not corrected.is_acceptance
    assert corrected.shown is not None
    assert present(corrected) != [corrected.shown.suggestion]
    assert desk.key == second
    desk.until(lambda: "1 correction" in desk.texts(desk.window.status))
    desk.until(lambda: desk.row().status == "read")
    if may_be_learned_from(desk, (first, second)):
        desk.until(lambda: "site" in desk.texts(findings))  # the re-fitted head speaks at once

    # Ctrl+Z takes back, also after going on; Ctrl+Y decides again.
    third = next(n for n, row in enumerate(desk.rows) if row.status == "to read")
    desk.choose_row(third)
    desk.until(lambda: desk.key not in (first, second))
    third_key = desk.key
    desk.press(Qt.Key.Key_Z, CONTROL)
    desk.until(lambda: desk.key == second)
    assert kept(desk, second) is None
    assert "Not decided yet" in desk.texts(findings)
    assert desk.row().status == "to read"
    desk.press(Qt.Key.Key_Y, CONTROL)
    desk.until(lambda: present(kept(desk, second)) == present(corrected))
    desk.until(lambda: "A. Smith decided" in desk.texts(findings))

    # U says that it cannot be decided; N writes a note, in which keys are letters.
    desk.choose_row(third)
    desk.until(lambda: desk.key == third_key)
    assert third_key is not None
    desk.until(lambda: viewer.image is not None and viewer.image.header.sop_instance_uid == third_key[0])
    desk.press(Qt.Key.Key_U)
    desk.until(lambda: "unsure" in desk.texts(findings))
    desk.press(Qt.Key.Key_N)
    note = findings.findChild(QPlainTextEdit)
    assert note is not None
    desk.until(note.hasFocus)
    QTest.keyClicks(note, "hush")
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: (kept(desk, third_key) or corrected).note == "hush")
    assert not desk.window.reading.evidence.is_shown

    # H shows where the model looked.
    desk.press(Qt.Key.Key_H)
    desk.until(lambda: viewer.is_heatmap_drawn)
    desk.until(lambda: "1 correction" in desk.texts(desk.window.status))
    desk.close()

    # The next day.
    desk = open_desk()
    desk.settle(3)
    assert [row.status for row in desk.rows] == ["read"] * 3
    assert all(row.suggestion for row in desk.rows)
    desk.until(lambda: "1 correction" in desk.texts(desk.window.status))
    assert desk.window.reading.evidence.is_shown
    uids = [row.study_uid for row in desk.rows]
    assert third_key is not None
    study = desk.station.library.study_of(third_key[0])
    assert study is not None
    desk.choose_row(uids.index(study.study_instance_uid))
    desk.until(lambda: desk.key == third_key)
    assert "unsure" in desk.texts(desk.window.reading.findings)
    note = desk.window.reading.findings.findChild(QPlainTextEdit)
    assert note is not None
    assert note.toPlainText() == "hush"
    desk.until(lambda: desk.window.reading.viewer.is_heatmap_drawn)
    # What this site's reviews made of the suggestions is there too.
    if may_be_learned_from(desk, (first, second)):
        desk.until(lambda: all(row.adapted for row in desk.rows), 20_000)


def test_where_no_model_suggests_the_panel_says_why_and_enter_does_nothing(
    open_desk: OpenDesk,
) -> None:
    desk = open_desk()
    desk.station.open_paths([CT / f"{n:03d}.dcm" for n in (18, 19, 20)])
    desk.settle(1)
    assert desk.station.reading.position is not None
    desk.until(lambda: desk.station.reading.position.count == 3)  # type: ignore[union-attr]
    panel = desk.window.reading.findings
    desk.until(lambda: "CT" in desk.texts(panel))
    desk.press(Qt.Key.Key_Return)
    QApplication.processEvents()
    assert "CT" in desk.texts(panel)
    assert desk.place.store.history() == []
    assert desk.rows[0].suggestion is None
    # The wheel goes through the slices all the same.
    first, position = desk.key, desk.station.reading.position
    is_last = position.index == position.count - 1  # what was found first stays on the screen
    desk.press(Qt.Key.Key_Up if is_last else Qt.Key.Key_Down)
    desk.until(lambda: desk.key != first)


def test_a_file_that_is_no_image_is_one_problem_and_a_worker_that_dies_is_one_message(
    open_desk: OpenDesk, tmp_path: Path
) -> None:
    desk = open_desk()
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear colleague")
    drop(desk, [letter, SAMPLES / "PHANTOM-002"])
    desk.settle(1)
    desk.until(lambda: desk.window.problems.isVisible())
    (problem,) = desk.window.problems.problems
    assert problem.file == str(letter)
    assert str(letter) in problem.sentence
    assert desk.rows[0].suggestion is not None

    pid = desk.station.client.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    desk.until(lambda: "ended" in desk.texts(desk.window.banner))
    desk.station.open_paths([SAMPLES / "PHANTOM-003"])
    desk.settle(2)
    desk.until(lambda: all(row.suggestion for row in desk.rows))
    assert desk.station.client.worker_pid not in (None, pid)
    desk.until(lambda: "again" in desk.texts(desk.window.banner))


def drop(desk: Desk, paths: list[Path]) -> None:
    """Let files fall onto the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    held = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    for event in (QDragEnterEvent(QPoint(20, 20), *held), QDropEvent(QPointF(20, 20), *held)):
        QApplication.sendEvent(desk.window, event)
        assert event.isAccepted()
