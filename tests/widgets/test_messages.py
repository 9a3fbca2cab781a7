"""Messages that do not interrupt: the list of an import, the banner, the status line."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from widgets.messages import Banner, ImportProblems, Problem
from widgets.status import StatusLine

pytestmark = pytest.mark.usefixtures("themed")

PROBLEMS = (
    Problem("/films/a.dcm", "/films/a.dcm is cut short.", "3120 of 524288 bytes"),
    Problem("/films/b.txt", "/films/b.txt is no image."),
)


def button(widget: QWidget, name: str) -> QPushButton | QToolButton:
    found = [*widget.findChildren(QPushButton), *widget.findChildren(QToolButton)]
    return next(b for b in found if name in (b.text(), b.accessibleName()))


def click(widget: QWidget, name: str) -> None:
    QApplication.processEvents()
    QTest.mouseClick(button(widget, name), Qt.MouseButton.LeftButton)


def shown(widget: QWidget) -> list[str]:
    QApplication.processEvents()
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible() and label.text()]


def opened(widget: QWidget, qtbot: QtBot, width: int = 1200) -> None:
    qtbot.addWidget(widget)
    widget.resize(width, 200)
    widget.show()
    QApplication.processEvents()


def test_one_import_makes_one_list(qtbot: QtBot) -> None:
    panel = ImportProblems()
    opened(panel, qtbot)
    panel.set_problems(PROBLEMS[:1])
    assert shown(panel) == ["1 file could not be read; the rest is in the worklist."]
    panel.add(PROBLEMS[1:])
    assert shown(panel) == ["2 files could not be read; the rest is in the worklist."]
    listed = panel.findChild(QListWidget)
    assert listed is not None
    assert [listed.item(n).text() for n in range(2)] == [p.sentence for p in PROBLEMS]


def test_copy_details_copies_all_or_what_is_chosen(qtbot: QtBot) -> None:
    panel = ImportProblems()
    opened(panel, qtbot)
    panel.set_problems(PROBLEMS)
    click(panel, "Copy details")
    copied = QGuiApplication.clipboard().text()
    assert "3120 of 524288 bytes" in copied
    assert "/films/b.txt is no image." in copied
    listed = panel.findChild(QListWidget)
    assert listed is not None
    listed.setCurrentRow(1)
    click(panel, "Copy details")
    assert QGuiApplication.clipboard().text() == "/films/b.txt\n/films/b.txt is no image."


def test_the_list_closes_and_can_be_filled_again(qtbot: QtBot) -> None:
    panel = ImportProblems()
    opened(panel, qtbot)
    panel.set_problems(PROBLEMS)
    with qtbot.waitSignal(panel.closed):
        click(panel, "Close the list")
    assert not panel.isVisible()
    panel.set_problems([])
    assert panel.problems == ()


def test_a_banner_says_one_thing_and_offers_one_action(qtbot: QtBot) -> None:
    banner = Banner()
    opened(banner, qtbot)
    banner.show_message("Two films were added.", action="Show")
    assert shown(banner) == ["Two films were added."]
    with qtbot.waitSignal(banner.action_requested):
        click(banner, "Show")
    assert not button(banner, "Copy details").isVisible()


def test_a_newer_message_takes_the_place_of_the_older(qtbot: QtBot) -> None:
    banner = Banner()
    opened(banner, qtbot)
    banner.show_message("Two films were added.", action="Show")
    banner.show_message("The worker was started again.", "look-again", details="exit code -9")
    assert shown(banner) == ["The worker was started again."]
    click(banner, "Copy details")
    assert QGuiApplication.clipboard().text() == "The worker was started again.\nexit code -9"
    with qtbot.waitSignal(banner.closed):
        click(banner, "Close the message")
    assert not banner.isVisible()


def test_the_status_line_always_says_that_it_is_no_medical_device(qtbot: QtBot) -> None:
    line = StatusLine()
    opened(line, qtbot)
    assert shown(line) == ["Research use only, no medical device"]
    line.set_reader("A. Smith")
    line.set_device("CPU", 41.3)
    line.show_background("Looking at 36 of 112 films", 36, 112)
    line.show_training("epoch 6 of 20, 3 min left", 6, 20)
    line.resize(400, 32)
    assert "Research use only, no medical device" in shown(line)


def test_an_answer_from_what_was_kept_took_under_a_millisecond_and_not_none(qtbot: QtBot) -> None:
    line = StatusLine()
    opened(line, qtbot)
    line.set_device("CPU", 0.3)
    assert "CPU, under 1 ms" in shown(line)


def test_the_status_line_tells_what_is_under_way(qtbot: QtBot) -> None:
    line = StatusLine()
    opened(line, qtbot)
    line.set_saved("14:02:11")
    line.set_reader("A. Smith")
    line.set_device("CPU", 41.3)
    line.set_corrections(12)
    assert shown(line)[:3] == ["saved 14:02:11", "reader: A. Smith", "CPU, 41 ms"]
    assert "12 corrections" in shown(line)
    line.set_saved("")
    assert "saved" not in " ".join(shown(line))


def test_background_work_can_be_cancelled_once(qtbot: QtBot) -> None:
    line = StatusLine()
    opened(line, qtbot)
    line.show_background("Reading headers")
    asked: list[None] = []
    line.cancel_requested.connect(lambda: asked.append(None))
    click(line, "Cancel")
    click(line, "Cancel")
    assert len(asked) == 1
    line.show_background("")
    assert not button(line, "Cancel").isVisible()


def test_the_training_can_be_shown_from_the_status_line(qtbot: QtBot) -> None:
    line = StatusLine()
    opened(line, qtbot)
    line.show_training("epoch 6 of 20", 6, 20)
    with qtbot.waitSignal(line.training_requested):
        click(line, "Show the training")


def test_a_narrow_window_leaves_out_what_matters_least(qtbot: QtBot) -> None:
    line = StatusLine()
    opened(line, qtbot)
    line.set_saved("14:02:11")
    line.set_reader("A. Smith")
    line.set_corrections(12)
    line.show_training("epoch 6 of 20, 3 min left", 6, 20)
    line.resize(640, 32)
    assert "saved 14:02:11" in shown(line)
    assert "12 corrections" not in shown(line)
    line.resize(1200, 32)
    assert "12 corrections" in shown(line)
