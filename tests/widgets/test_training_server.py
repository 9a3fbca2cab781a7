"""Sending a training to a server and taking its result, in the hands of a reader."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from widgets.training_server import SentJob, ServerView


@pytest.fixture
def view(qtbot: QtBot, themed: QApplication) -> ServerView:
    widget = ServerView()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def heard(signal: Any) -> list[Any]:
    said: list[Any] = []
    signal.connect(lambda *values: said.append(values))
    return said


def buttons(view: ServerView) -> dict[str, QPushButton]:
    QApplication.processEvents()
    return {b.text(): b for b in view.findChildren(QPushButton) if b.isVisible()}


def texts(view: ServerView) -> str:
    QApplication.processEvents()
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def test_a_folder_comes_first(view: ServerView) -> None:
    asked = heard(view.send_requested)
    assert "No folder is chosen yet." in texts(view)
    assert not buttons(view)["Send to the server"].isEnabled()
    view.set_folder("share/jobs")
    assert "share/jobs" in texts(view)
    buttons(view)["Send to the server"].click()
    assert asked == [("share/jobs",)]


def test_while_a_job_is_packed_no_other_is(view: ServerView) -> None:
    view.set_folder("share")
    view.set_sending(True)
    assert "Packing films" in texts(view)
    assert not buttons(view)["Send to the server"].isEnabled()
    view.set_sending(False)
    view.set_blocked("There are no decisions to learn from yet.")
    assert "There are no decisions" in texts(view)


def test_space_after_sending_presses_nothing_else(view: ServerView, qtbot: QtBot) -> None:
    view.activateWindow()
    below = QPushButton("Roll back", view)
    view.layout().addWidget(below)
    pressed = heard(below.clicked)
    view.set_folder("share")
    send = buttons(view)["Send to the server"]
    view.send_requested.connect(lambda _: view.set_sending(True))
    send.setFocus()
    QTest.keyClick(send, Qt.Key.Key_Space)
    assert not send.isEnabled()
    QTest.keyClick(QApplication.focusWidget() or view, Qt.Key.Key_Space)
    assert not below.hasFocus()
    assert pressed == []
    view.set_sending(False)
    assert send.hasFocus()


def test_a_result_that_is_there_can_be_taken_unless_a_training_runs(view: ServerView) -> None:
    asked = heard(view.take_requested)
    jobs = [SentJob("b" * 16, "share", "today", "result"), SentJob("a" * 16, "share", "yesterday", "waiting")]
    view.show_jobs(jobs)
    assert "Sent today, its result is there" in texts(view)
    assert "Sent yesterday, no result yet" in texts(view)
    buttons(view)["Take the result"].click()
    assert asked == [("b" * 16,)]
    view.set_training(True)
    assert not buttons(view)["Take the result"].isEnabled()
    view.set_training(False)
    view.show_jobs([SentJob("b" * 16, "share", "today", "taken")])
    assert "its result was taken" in texts(view)
    assert "Take the result" not in buttons(view)
