"""With several findings at once an answer is whole when its reader says so: until then nothing is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox

from inference.card import FindingName
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.gui.test_blinding import PATIENT, at_hidden_film, kept, tells
from tests.app.making import card_of, write_bundled
from widgets.blind_words import unfinished_text

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def measuring() -> tuple[str, ...]:
    return (PATIENT,)


@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    """The small models, the one of phantoms with two findings that do not exclude each other."""
    folder = write_bundled(tmp_path / "bundled")
    findings = (FindingName("nodule", "nodule"), FindingName("opacity", "opacity"))
    card = replace(card_of(folder, "phantom"), task="multilabel", findings=findings)
    card.check()
    card.write(folder / "phantom" / "card.json")
    return folder


def click(desk: Desk, finding: str) -> None:
    boxes = desk.window.reading.findings.findChildren(QCheckBox)
    box = next(b for b in boxes if b.isVisible() and b.text() == finding)
    QTest.mouseClick(box, Qt.MouseButton.LeftButton)


def test_enter_says_that_the_answer_is_whole(open_desk: OpenDesk) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    findings = desk.window.reading.findings
    click(desk, "opacity")
    desk.until(lambda: kept(desk, key) is not None)
    desk.until(lambda: unfinished_text() in desk.texts(findings))
    assert tells(desk, prediction) == []
    assert desk.button(findings, "Answered").isVisible()
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: tells(desk, prediction) != [])
    assert desk.key == key
    assert desk.button(findings, "Go on").isVisible()
    (review,) = desk.place.store.history()
    assert review.shown is None
    assert dict(review.findings) == {"nodule": "unknown", "opacity": "present"}


def test_answering_every_finding_does_and_each_step_was_blind(open_desk: OpenDesk) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    for finding in ("opacity", "nodule"):
        before = len(desk.place.store.history())
        click(desk, finding)
        desk.until(lambda n=before: len(desk.place.store.history()) > n)
    desk.until(lambda: tells(desk, prediction) != [])
    assert [r.shown for r in desk.place.store.history()] == [None, None]
    (blind,) = desk.place.store.blind_answers([key[0]])[key]
    assert dict(blind.findings) == {"nodule": "present", "opacity": "present"}


def test_so_does_looking_at_another_film(open_desk: OpenDesk) -> None:
    desk, key, prediction = at_hidden_film(open_desk, "PHANTOM-001")
    click(desk, "opacity")
    desk.until(lambda: kept(desk, key) is not None)
    assert desk.row().is_hidden
    uid = desk.row().study_uid
    other = next(row for row in desk.rows if row.patient_id == "PHANTOM-001")
    desk.window.reading.worklist.select(other.study_uid)
    desk.until(lambda: desk.key != key)
    desk.window.reading.worklist.select(uid)
    desk.until(lambda: desk.key == key)
    desk.until(lambda: not desk.row().is_hidden)
    assert tells(desk, prediction) != []
