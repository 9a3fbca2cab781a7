"""Enter after an answer of one's own: it goes on, and nothing that the model says is put over the answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.workplace import Workplace
from reviews.record import Review
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES

SHIFT = Qt.KeyboardModifier.ShiftModifier
DIGITS = (Qt.Key.Key_1, Qt.Key.Key_2)

pytestmark = pytest.mark.timeout(300)


def at_first_film(open_desk: OpenDesk) -> tuple[Desk, tuple[str, int]]:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001", SAMPLES / "PHANTOM-002"])
    desk.settle(3)
    desk.window.focus_film()
    key = desk.key
    assert key is not None
    return desk, key


def correct(desk: Desk, key: tuple[str, int]) -> Review:
    """Answer with Shift and a digit what is not suggested."""
    prediction = desk.station.library.told(key)
    assert prediction is not None
    names = [finding.name for finding in prediction.findings]
    other = next(n for n, name in enumerate(names) if name != prediction.suggestion)
    desk.press(DIGITS[other], SHIFT)
    desk.until(lambda: desk.station.library.decision(key) is not None)
    review = desk.place.store.standing(*key)
    assert review is not None
    assert review.answer_for(names[other]) == "present"
    return review


def test_enter_after_a_correction_keeps_it_and_goes_on(open_desk: OpenDesk) -> None:
    desk, key = at_first_film(open_desk)
    corrected = correct(desk, key)
    assert desk.button(desk.window.reading.findings, "Go on").isVisible()
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: desk.key != key)
    assert desk.place.store.standing(*key) == corrected
    assert desk.place.store.history() == [corrected]


def test_enter_after_unsure_goes_on_too(open_desk: OpenDesk) -> None:
    desk, key = at_first_film(open_desk)
    desk.press(Qt.Key.Key_U)
    desk.until(lambda: desk.station.library.decision(key) is not None)
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: desk.key != key)
    (review,) = desk.place.store.history()
    assert {answer for _, answer in review.findings} == {"unknown"}


def test_what_a_colleague_decided_does_not_keep_the_reader_from_accepting(
    open_desk: OpenDesk, data_dir: Path, bundled: Path
) -> None:
    desk, key = at_first_film(open_desk)
    prediction = desk.station.library.told(key)
    assert prediction is not None
    other = next(f.name for f in prediction.findings if f.name != prediction.suggestion)
    answers = tuple((f.name, "present" if f.name == other else "absent") for f in prediction.findings)
    colleague = Workplace(data_dir, bundled)
    colleague.store.append(Review(*key, "B. Jones", answers))  # type: ignore[arg-type]
    colleague.close()
    desk.until(lambda: "B. Jones decided" in desk.texts(desk.window.reading.findings))
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: desk.key != key)
    standing = desk.place.store.standing(*key)
    assert standing is not None
    assert (standing.reader, standing.answer_for(prediction.suggestion or "")) == ("A. Smith", "present")
