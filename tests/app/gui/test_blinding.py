"""A film of the test part tells nothing of what the model says of it until its reader has answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image as Pillow
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QRadioButton, QWidget

from app.gui.suggestions import Suggestions
from app.workplace import Workplace
from inference.prediction import Prediction
from reviews.record import Annotation, AnnotationKind, Review, Shown
from studies.display import render
from studies.reader import read, read_header
from tests.app.conftest import Overread
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES
from tests.reviews.parts import give_part
from tests.widgets.hand import Hand
from widgets.blind_words import hidden_evidence_text, hidden_text, measures_text
from widgets.numbers import probability_text

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
PATIENT = "PHANTOM-002"  # one study of one film
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def measuring() -> tuple[str, ...]:
    return (PATIENT,)


def at_hidden_film(open_desk: OpenDesk, *others: str) -> tuple[Desk, tuple[str, int], Prediction]:
    """A reader at a film of the test part, once the model has said what it says of it."""
    desk = open_desk()
    desk.station.open_paths([SAMPLES / name for name in (PATIENT, *others)])
    return desk, *looked_at(desk)


def looked_at(desk: Desk) -> tuple[tuple[str, int], Prediction]:
    library = desk.station.library
    desk.until(lambda: any(row.patient_id == PATIENT for row in desk.rows))
    uid = next(row.study_uid for row in desk.rows if row.patient_id == PATIENT)
    desk.window.reading.worklist.select(uid)
    viewer = desk.window.reading.viewer
    desk.until(lambda: desk.key is not None and desk.row().study_uid == uid)
    key = desk.key
    assert key is not None
    desk.until(lambda: key in library.predictions)
    desk.until(lambda: viewer.image is not None and viewer.image.header.sop_instance_uid == key[0])
    return key, library.predictions[key]


def said_anywhere(desk: Desk) -> str:
    """Every word that the window shows, tells in a tooltip or speaks."""
    return "\n".join(_words(desk.window)) + "\n" + "\n".join(_of_rows(desk))


def _words(window: QWidget) -> Iterator[str]:
    for widget in window.findChildren(QWidget):
        if widget.isVisible():
            yield from (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription())
            for name in ("text", "toPlainText", "currentText"):
                said = getattr(widget, name, "")
                yield str(said() if callable(said) else said)


def _of_rows(desk: Desk) -> Iterator[str]:
    model = desk.window.reading.worklist._model
    for place in range(model.rowCount()):
        for role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            yield str(model.data(model.index(place), role))


def tells(desk: Desk, prediction: Prediction) -> list[str]:
    """What of a prediction can be read anywhere in the window."""
    words = said_anywhere(desk)
    values = [f.probability for f in prediction.findings]
    numbers = {form for value in values for form in (probability_text(value), f"{value:.0%}")}
    found = [number for number in numbers if re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", words)]
    signs = (", suggested", "Suggested:", "Clear:", "Close:", "ahead of")
    return found + [sign for sign in signs if sign in words]


def answers(desk: Desk) -> list[QRadioButton]:
    return [c for c in desk.window.reading.findings.findChildren(QRadioButton) if c.isVisible()]


def kept(desk: Desk, key: tuple[str, int]) -> Review | None:
    """What stands on disk, as another program sees it."""
    other = Workplace(desk.place.folder, desk.place.bundled)
    try:
        return other.store.standing(*key)
    finally:
        other.close()


def test_nothing_is_told_until_the_reader_has_answered_and_everything_after(open_desk: OpenDesk) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    page, findings = desk.window.reading, desk.window.reading.findings
    desk.until(lambda: not desk.row().is_waiting)
    row = desk.row()
    assert row.is_hidden
    assert (row.suggestion, row.confidence, row.uncertainty, row.adapted) == (None, None, None, None)
    assert row.status == "to read"
    assert tells(desk, prediction) == []
    assert hidden_text() in desk.texts(findings)

    # Enter accepts nothing, and says why.
    desk.press(Qt.Key.Key_Return)
    assert hidden_text() in desk.texts(findings)
    desk.station.reading.accept()  # nor does anything that goes past the panel
    assert kept(desk, key) is None
    assert desk.key == key

    # Neither the heatmap nor any other explanation.
    desk.press(Qt.Key.Key_H)
    desk.until(lambda: hidden_evidence_text() in desk.texts(page.evidence))
    assert not page.viewer.is_heatmap_drawn
    assert tells(desk, prediction) == []
    bars = [b for b in findings.findChildren(QWidget) if b.accessibleName().startswith("Evidence for")]
    assert bars
    assert not any(bar.isEnabled() for bar in bars)

    # The reader answers: it was blind, and now everything is told.
    QTest.mouseClick(answers(desk)[0], Qt.MouseButton.LeftButton)
    desk.until(lambda: kept(desk, key) is not None)
    review = kept(desk, key)
    assert review is not None
    assert review.shown is None
    assert not review.is_acceptance
    desk.until(lambda: tells(desk, prediction) != [])
    assert desk.key == key
    assert prediction.suggestion in (f.name for f in prediction.findings)
    assert measures_text() in desk.texts(findings)
    desk.until(lambda: page.viewer.is_heatmap_drawn)
    desk.until(lambda: desk.row().suggestion is not None)
    assert not desk.row().is_hidden

    # Enter goes on and leaves the answer as it is, whatever the model suggests.
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: "Everything in this list is read." in said_anywhere(desk))
    assert desk.place.store.history() == [review]


def test_taking_the_answer_back_does_not_make_it_unseen_and_a_second_answer_tells_what_was_seen(
    open_desk: OpenDesk,
) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    QTest.mouseClick(answers(desk)[0], Qt.MouseButton.LeftButton)
    desk.until(lambda: tells(desk, prediction) != [])
    desk.press(Qt.Key.Key_Z, CONTROL)
    desk.until(lambda: kept(desk, key) is None)
    assert tells(desk, prediction) != []
    assert measures_text() in desk.texts(desk.window.reading.findings)
    desk.until(lambda: desk.row().status == "to read")
    assert desk.row().suggestion is not None
    QTest.mouseClick(answers(desk)[1], Qt.MouseButton.LeftButton)
    desk.until(lambda: kept(desk, key) is not None)
    second = kept(desk, key)
    assert second is not None
    assert second.shown is not None
    assert second.shown.suggestion == prediction.suggestion
    blind = desk.place.store.blind_answers([key[0]])[key]
    assert [r.shown for r in blind] == [None]
    assert blind[0].findings != second.findings
    desk.close()

    # The next day it is known to have been answered.
    desk = open_desk()
    looked_at(desk)
    desk.until(lambda: desk.row().suggestion is not None)
    assert tells(desk, prediction) != []


def test_it_stays_hidden_over_a_night_and_from_a_reader_who_has_not_answered(open_desk: OpenDesk) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    desk.until(lambda: desk.place.store.predictions())
    desk.close()
    desk = open_desk()
    looked_at(desk)
    assert desk.row().is_hidden
    assert tells(desk, prediction) == []
    desk.press(Qt.Key.Key_U)  # unsure is an answer
    desk.until(lambda: tells(desk, prediction) != [])
    answered = kept(desk, key)
    assert answered is not None
    assert answered.shown is None

    # Somebody else sits down.
    desk.station.acts.remember(reader="B. Jones")
    desk.until(lambda: desk.row().is_hidden)
    assert tells(desk, prediction) == []
    QTest.mouseClick(answers(desk)[0], Qt.MouseButton.LeftButton)
    desk.until(lambda: (kept(desk, key) or answered).reader == "B. Jones")
    blind = desk.place.store.blind_answers([key[0]])[key]
    assert [(r.reader, r.shown) for r in blind] == [("A. Smith", None), ("B. Jones", None)]
    desk.until(lambda: tells(desk, prediction) != [])


def test_what_another_process_writes_is_hidden_and_shown_alike(
    open_desk: OpenDesk, overread: Overread
) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    assert overread("predict", SAMPLES / PATIENT).line["suggestion"]  # as the contract says
    overread("review", f"{key[0]}:1", "--finding", "opacity=present", "--reader", "B. Jones").line  # noqa: B018
    desk.until(lambda: desk.station.library.decision(key) is not None)
    assert desk.row().is_hidden
    assert tells(desk, prediction) == []
    written = overread("review", f"{key[0]}:1", "--finding", "opacity=present", "--reader", "A. Smith").line
    assert written["shown"] is None
    desk.until(lambda: tells(desk, prediction) != [])
    assert not desk.row().is_hidden


def test_neither_order_nor_search_nor_the_way_on_tells(open_desk: OpenDesk) -> None:
    desk, _, _ = at_hidden_film(open_desk, "PHANTOM-001")
    desk.until(lambda: sum(row.suggestion is not None for row in desk.rows) == 2)
    order = desk.window.reading.worklist.findChild(QComboBox)
    assert order is not None
    order.setCurrentIndex(order.findData("uncertain"))
    assert [row.is_hidden for row in desk.rows] == [False, False, True]  # whatever its own uncertainty is
    search = desk.window.reading.worklist.findChild(QLineEdit)
    assert search is not None
    suggested = next(row.suggestion for row in desk.rows if row.suggestion)
    search.setText("opacity")
    assert not any(row.is_hidden for row in desk.rows)
    search.setText("no finding")
    assert not any(row.is_hidden for row in desk.rows)
    search.clear()
    assert suggested
    assert desk.station.reading.next_unanswered_frame() is not None  # it waits for its answer like any other


def test_neither_a_question_about_a_covered_film_nor_a_long_explanation_is_answered(
    open_desk: OpenDesk,
) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    page, reading = desk.window.reading, desk.station.reading
    told: list[Prediction] = []
    reading.covered.connect(told.append)
    desk.press(Qt.Key.Key_A, SHIFT)
    hand, middle = Hand(page.viewer), (page.viewer.width() / 2, page.viewer.height() / 2)
    hand.move(middle)
    hand.press(middle)
    hand.move((middle[0] + 60, middle[1] + 60))
    hand.release((middle[0] + 60, middle[1] + 60))
    desk.until(lambda: hidden_text() in desk.texts(desk.window.banner))
    assert not desk.station.probing.is_covered
    for method in ("occlusion", "lime", "integrated-gradients"):
        reading.choose_method(method)
        assert reading.findChild(Suggestions).explaining.under_way(key) is None
    reading.check_agreement()
    assert not reading.findChild(Suggestions).is_checking(key)
    assert told == []
    assert tells(desk, prediction) == []


def test_the_evidence_beside_the_film_stays_bare(open_desk: OpenDesk) -> None:
    desk, _, prediction = at_hidden_film(open_desk)
    page = desk.window.reading
    desk.station.compare.comparing.toggle_evidence_beside()
    other = page.grid.viewers[1]
    desk.until(lambda: other.image is not None)
    desk.press(Qt.Key.Key_H)
    assert not other.is_heatmap_drawn
    assert not page.viewer.is_heatmap_drawn
    assert tells(desk, prediction) == []
    QTest.mouseClick(answers(desk)[0], Qt.MouseButton.LeftButton)
    desk.until(lambda: other.is_heatmap_drawn)


def test_what_was_seen_is_kept_where_the_model_in_use_has_not_answered_again(open_desk: OpenDesk) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    QTest.mouseClick(answers(desk)[0], Qt.MouseButton.LeftButton)
    desk.until(lambda: tells(desk, prediction) != [])
    del desk.station.library.predictions[key]  # as when another model is put in use
    QTest.mouseClick(answers(desk)[1], Qt.MouseButton.LeftButton)
    desk.until(lambda: len(desk.place.store.history()) == 2)
    seen = desk.place.store.history()[-1].shown
    assert isinstance(seen, Shown)
    assert seen.suggestion == prediction.suggestion


def test_regions_of_a_colleague_are_hidden_until_the_reader_has_answered(
    open_desk: OpenDesk, data_dir: Path, bundled: Path
) -> None:
    desk, key, _ = at_hidden_film(open_desk)
    tools = desk.station.annotating.tools[desk.window.reading.viewer]
    colleague = Workplace(data_dir, bundled)
    box = ((10.0, 10.0), (20.0, 20.0))
    kinds: tuple[AnnotationKind, ...] = ("not-evidence", "evidence", "length")
    colleague.store.annotate([Annotation(*key, kind, box, "B. Jones", "opacity") for kind in kinds])
    colleague.close()
    desk.station.annotating.refresh()
    desk.until(lambda: tools.shown)
    assert [one.kind for one in tools.shown] == ["length"]  # which names no finding
    desk.press(Qt.Key.Key_1, SHIFT)
    desk.until(lambda: len(tools.shown) == 3)


def test_a_copy_of_a_film_that_measures_is_named_and_hidden_too(open_desk: OpenDesk, tmp_path: Path) -> None:
    desk, key, prediction = at_hidden_film(open_desk)
    film = desk.station.library.header_of(key[0])
    assert film is not None
    copy = tmp_path / "exported again.png"
    shown = Pillow.fromarray(render(read(film)))
    shown.resize((shown.width // 2, shown.height // 2)).save(copy)
    header = read_header(copy)
    give_part(desk.place.folder / "overread.sqlite", [header.split_key], "train")
    told: list[Prediction | None] = []  # as soon as the model has answered, and whenever the row changes
    library, suggestions = desk.station.library, desk.window.findChild(Suggestions)
    assert suggestions is not None
    suggestions.answered.connect(lambda key, _: told.append(library.told((header.sop_instance_uid, 1))))
    library.rows_changed.connect(lambda *_: told.append(library.told((header.sop_instance_uid, 1))))
    desk.station.open_paths([copy])
    desk.until(lambda: len(desk.rows) == 2 and all(row.is_hidden for row in desk.rows))
    assert told
    assert set(told) == {None}  # not for a moment
    desk.until(lambda: "exported again.png shows the same film as" in said_anywhere(desk))
    store = desk.place.store
    assert store.part_of(header) == "test"
    copied = desk.station.library.predictions[header.sop_instance_uid, 1]
    assert tells(desk, prediction) == []
    assert tells(desk, copied) == []
