"""Decisions in doubt are read again: what was decided and suggested is shown after the own answer alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.workplace import Workplace
from reviews.record import Annotation, Review
from studies.reader import read_header
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import FINDINGS, film, write_png
from tests.reviews.parts import give_part

SHIFT = Qt.KeyboardModifier.ShiftModifier
COUNT, WRONG = 36, (4, 19)
SLOW_MS = 150_000  # for what takes the model a look at every film, on a busy machine

pytestmark = pytest.mark.timeout(400)


def marks_of_first_reader(uid: str, finding: str) -> Iterator[Annotation]:
    """A region that names the finding, and a length of what was seen."""
    yield Annotation(uid, 1, "evidence", ((10.0, 10.0), (20.0, 20.0)), "B. Jones", finding)
    yield Annotation(uid, 1, "length", ((10.0, 10.0), (20.0, 20.0)), "B. Jones")


@pytest.fixture
def desk(open_desk: OpenDesk, data_dir: Path, bundled: Path, tmp_path: Path) -> Desk:
    """36 films that B. Jones has decided, two of them not as they look; A. Smith sits down."""
    paths = [write_png(tmp_path / f"{n:02d}.png", film(FINDINGS[n % 3], n)) for n in range(COUNT)]
    headers = [read_header(path) for path in paths]
    give_part(data_dir / "overread.sqlite", [header.split_key for header in headers], "train")
    place = Workplace(data_dir, bundled)
    place.store.add_images(headers)
    for n, header in enumerate(headers):
        present = FINDINGS[(n + (n in WRONG)) % 3]
        answers = tuple((name, "present" if name == present else "absent") for name in FINDINGS)
        place.store.append(Review(header.sop_instance_uid, 1, "B. Jones", answers))  # type: ignore[arg-type]
        place.store.annotate(list(marks_of_first_reader(header.sop_instance_uid, present)))
    place.close()
    opened = open_desk()
    opened.until(lambda: len(opened.rows) == COUNT)
    opened.until(lambda: all(row.suggestion for row in opened.rows), SLOW_MS)
    opened.station.second_reads.look()
    opened.until(lambda: button(opened).isVisible(), SLOW_MS)
    return opened


def button(desk: Desk) -> QPushButton:
    buttons = desk.window.reading.worklist.findChildren(QPushButton)
    return next(b for b in buttons if b.isCheckable())


def test_films_in_doubt_are_offered_and_read_again_without_seeing_what_was_decided(desk: Desk) -> None:
    worklist, findings = desk.window.reading.worklist, desk.window.reading.findings
    wrong = {uid for uid in worklist.shown_uids() if _number(desk, uid) in WRONG}
    count = len(desk.station.second_reads.queue())
    assert f"Second read: {count} film" in button(desk).text()
    button(desk).click()
    desk.until(lambda: len(worklist.shown_uids()) == count)
    assert "Back to all studies" in button(desk).text()
    assert wrong <= set(worklist.shown_uids())
    assert {row.status for row in desk.rows} == {"to read"}
    assert not any(row.suggestion for row in desk.rows)
    desk.until(lambda: desk.row().study_uid == worklist.shown_uids()[0])
    told = desk.texts(findings)
    assert "Second read" in told
    assert "B. Jones" not in told
    key = desk.key
    assert key is not None
    desk.until(lambda: desk.window.reading.viewer.image is not None)
    first = desk.place.store.standing(*key)
    assert first is not None
    desk.press(Qt.Key.Key_1, SHIFT)
    desk.until(lambda: (desk.place.store.standing(*key) or first).reader == "A. Smith")
    second = desk.place.store.standing(*key)
    assert second is not None
    assert (second.second_read_of, second.shown) == (first.id, None)
    desk.until(lambda: "B. Jones" in desk.texts(desk.window.banner))
    desk.until(lambda: desk.row().status == "read" and bool(desk.row().suggestion))
    assert len(desk.station.second_reads.queue()) == count - 1
    read = desk.row().study_uid
    following = worklist.next_unread(read)
    desk.press(Qt.Key.Key_Return)  # goes on, and accepts nothing over the answer
    desk.until(lambda: worklist.selected == (following or read))
    assert desk.place.store.standing(*key) == second
    button(desk).click()
    desk.until(lambda: len(worklist.shown_uids()) == COUNT)
    assert {row.status for row in desk.rows} == {"read"}


def after_the_store_answered(desk: Desk) -> None:
    """Everything that stands on the film is asked for again, and shown."""
    answers: list[None] = []
    desk.station.annotating.refresh()
    desk.station.store_jobs.submit(lambda: None, answers.append)
    desk.until(lambda: answers)


def test_what_the_first_reader_drew_is_hidden_until_the_second_has_answered(desk: Desk) -> None:
    tools = desk.station.annotating.tools[desk.window.reading.viewer]
    desk.until(lambda: len(tools.shown) == 2)
    button(desk).click()
    desk.until(lambda: desk.window.reading.viewer.image is not None and desk.row().status == "to read")
    assert desk.key is not None
    uid, frame = desk.key
    after_the_store_answered(desk)
    assert tools.shown == ()
    own = Annotation(uid, frame, "length", ((1.0, 1.0), (5.0, 5.0)), "A. Smith")
    tools.changed.emit(own)  # what this reader draws meanwhile is shown
    assert [one.reader for one in tools.shown] == ["A. Smith"]
    after_the_store_answered(desk)
    assert len(desk.place.store.annotations(desk.row().study_uid)) == 3
    assert [one.reader for one in tools.shown] == ["A. Smith"]
    desk.press(Qt.Key.Key_1, SHIFT)
    desk.until(lambda: desk.row().status == "read")
    desk.until(lambda: sorted(one.reader for one in tools.shown) == ["A. Smith", "B. Jones", "B. Jones"])


def test_undoing_a_second_read_brings_the_first_one_back(desk: Desk) -> None:
    button(desk).click()
    desk.until(lambda: desk.window.reading.viewer.image is not None and desk.row().status == "to read")
    key = desk.key
    assert key is not None
    first = desk.place.store.standing(*key)
    desk.press(Qt.Key.Key_2, SHIFT)
    desk.until(lambda: desk.row().status == "read")
    before = len(desk.station.second_reads.queue())
    desk.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: desk.place.store.standing(*key) == first)
    desk.until(lambda: len(desk.station.second_reads.queue()) == before + 1)


def _number(desk: Desk, uid: str) -> int:
    return int(Path(desk.station.library.studies[uid].first.path).stem)
