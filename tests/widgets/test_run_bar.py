"""The bar under which a training or a search runs: what can be pressed when, and what it tells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from widgets.run_bar import RunBar


class Hand:
    def __init__(self, qtbot: QtBot) -> None:
        self.bot = qtbot
        self.cancel, self.resume = QPushButton("Cancel"), QPushButton("Resume")
        self.bar = RunBar("Progress", self.cancel, self.resume)
        qtbot.addWidget(self.bar)
        self.bar.show()

    @property
    def words(self) -> str:
        return " ".join(label.text() for label in self.bar.findChildren(QLabel))

    @property
    def progress(self) -> tuple[int, int] | None:
        bar = self.bar.findChild(QProgressBar)
        assert bar is not None
        return (bar.value(), bar.maximum()) if bar.isVisible() else None


@pytest.fixture
def hand(qtbot: QtBot) -> Hand:
    return Hand(qtbot)


def test_what_was_interrupted_is_offered_once_nothing_runs(hand: Hand) -> None:
    hand.bar.begin()
    hand.bar.show_resumable("r1")  # told before the end of the process is
    assert not hand.resume.isVisible()
    hand.bar.end("It was killed.", "failed")
    assert hand.resume.isVisible()
    with hand.bot.waitSignal(hand.bar.resume_requested) as asked:
        hand.bot.mouseClick(hand.resume, Qt.MouseButton.LeftButton)
    assert asked.args == ["r1"]
    hand.bar.begin()  # another one
    hand.bar.end("Done.", "saved")
    assert not hand.resume.isVisible()


def test_a_cancelled_run_says_that_it_stops_and_is_not_cancelled_twice(hand: Hand) -> None:
    assert not hand.cancel.isVisible()
    hand.bar.begin()
    with hand.bot.waitSignal(hand.bar.cancel_requested):
        hand.bot.mouseClick(hand.cancel, Qt.MouseButton.LeftButton)
    assert hand.bar.is_cancelling
    assert not hand.cancel.isEnabled()
    assert hand.words == "Stopping after this batch"
    hand.bar.end("Cancelled.", "quiet")
    hand.bar.begin()
    assert not hand.bar.is_cancelling
    assert hand.cancel.isEnabled()


def test_how_far_it_is_shows_while_it_runs(hand: Hand) -> None:
    assert hand.progress is None
    hand.bar.begin()
    assert hand.progress == (0, 0)  # nobody knows
    hand.bar.show_progress(3, 8)
    assert hand.progress == (3, 8)
    hand.bar.end("Done.", "saved")
    assert hand.progress is None
