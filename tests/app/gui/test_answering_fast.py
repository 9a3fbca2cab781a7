"""A reader who is faster than the disk: what was said a moment ago counts before it is saved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from studies.reader import read_header
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import FINDINGS, card_of, film, write_bundled, write_png
from tests.reviews.parts import give_part

SHIFT = Qt.KeyboardModifier.ShiftModifier
DIGITS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def task() -> str:
    return "multiclass"


@pytest.fixture
def bundled(tmp_path: Path, task: str) -> Path:
    folder = write_bundled(tmp_path / "bundled")
    if task == "multilabel":
        card = replace(card_of(folder, "starter"), task="multilabel")
        card.check()
        card.write(folder / "starter" / "card.json")
    return folder


@pytest.fixture
def desk(open_desk: OpenDesk, data_dir: Path, tmp_path: Path) -> Desk:
    """At the first of two films, which both have a suggestion."""
    for n in range(2):
        picture = write_png(tmp_path / "films" / f"{n}.png", film(FINDINGS[n], n))
        give_part(data_dir / "overread.sqlite", [read_header(picture).split_key], "train")
    opened = open_desk()
    opened.station.open_paths([tmp_path / "films"])
    opened.until(lambda: len(opened.rows) == 2)
    opened.until(lambda: opened.key in opened.station.library.predictions)
    opened.until(lambda: opened.window.reading.viewer.image is not None)
    opened.window.focus_film()
    return opened


@contextmanager
def a_disk_that_hangs(desk: Desk) -> Iterator[None]:
    """Nothing is written meanwhile."""
    goes_on = threading.Event()
    desk.station.store_jobs.submit(goes_on.wait)
    try:
        yield
    finally:
        goes_on.set()


@pytest.mark.parametrize("task", ["multilabel"])
def test_two_findings_answered_in_a_moment_both_stand(desk: Desk) -> None:
    key = desk.key
    assert key is not None
    with a_disk_that_hangs(desk):
        desk.press(DIGITS[0], SHIFT)
        desk.press(DIGITS[2], SHIFT)
    desk.until(lambda: len(desk.place.store.history()) == 2)
    standing = desk.place.store.standing(*key)
    assert standing is not None
    assert dict(standing.findings) == {"covid-19": "present", "no-finding": "absent", "pneumonia": "present"}


def test_enter_right_after_a_correction_keeps_it(desk: Desk) -> None:
    key = desk.key
    assert key is not None
    told = desk.station.library.told(key)
    assert told is not None
    names = [finding.name for finding in told.findings]
    other = next(n for n, name in enumerate(names) if name != told.suggestion)
    with a_disk_that_hangs(desk):
        desk.press(DIGITS[other], SHIFT)
        desk.press(Qt.Key.Key_Return)
    desk.until(lambda: desk.key != key)
    desk.until(lambda: desk.station.library.decision(key) is not None)
    (review,) = desk.place.store.history()
    assert review.answer_for(names[other]) == "present"
    assert not review.is_acceptance


def test_a_note_written_right_after_an_answer_is_kept_with_it(desk: Desk) -> None:
    key = desk.key
    assert key is not None
    with a_disk_that_hangs(desk):
        desk.press(DIGITS[0], SHIFT)
        desk.station.reading._decisions.write_note(key, "seen twice")
    desk.until(lambda: len(desk.place.store.history()) == 2)
    standing = desk.place.store.standing(*key)
    assert standing is not None
    assert standing.note == "seen twice"
    assert standing.findings == desk.place.store.history()[0].findings


def _other_than_suggested(desk: Desk) -> int:
    """The place of a finding that the model does not suggest of the film on the screen."""
    assert desk.key is not None
    told = desk.station.library.told(desk.key)
    assert told is not None
    return next(n for n, finding in enumerate(told.findings) if finding.name != told.suggestion)


@pytest.mark.parametrize("is_corrected", [False, True])
@pytest.mark.parametrize("key", [DIGITS[2], Qt.Key.Key_U])
def test_an_answer_meant_for_the_next_film_does_not_change_the_one_that_was_left(
    desk: Desk, is_corrected: bool, key: Qt.Key
) -> None:
    left = desk.key
    assert left is not None
    remarks: list[str] = []
    desk.station.reading.remarked.connect(remarks.append)
    with a_disk_that_hangs(desk):
        if is_corrected:
            desk.press(DIGITS[_other_than_suggested(desk)], SHIFT)
        desk.press(Qt.Key.Key_Return)
        desk.press(key, SHIFT if key in DIGITS else Qt.KeyboardModifier.NoModifier)
    desk.until(lambda: desk.key != left)
    (review,) = desk.place.store.history()
    assert (review.sop_instance_uid, review.frame) == left
    assert remarks == ["The answer before is still being saved, so this one was not taken."]
