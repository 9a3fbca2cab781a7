"""The worklist in the hands of a reader: clicking, typing, refreshing, long lists."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from widgets.numbers import probability_text
from widgets.worklist import Row, StudyView, Worklist
from widgets.worklist_delegate import row_height
from widgets.worklist_model import ROW_ROLE


def study(number: int, **changes: object) -> Row:
    """A study; the larger its number, the older it is."""
    row = Row(
        study_uid=f"1.2.{number}",
        patient=f"Doe^Jane{number}",
        patient_id=f"P{number}",
        date=f"20{26 - number // 300:02d}-{12 - number // 25 % 12:02d}-{25 - number % 25:02d}",
        modality="DX",
        description="Chest PA",
        suggestion="other pneumonia",
        confidence=0.58,
        uncertainty=0.1,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


@pytest.fixture
def worklist(qtbot: QtBot, themed: QApplication) -> Worklist:
    widget = Worklist()
    qtbot.addWidget(widget)
    widget.resize(300, 700)
    widget.show()
    return widget


def view_of(worklist: Worklist) -> StudyView:
    view = worklist.findChild(StudyView)
    assert view is not None
    return view


def click_row(worklist: Worklist, position: int) -> None:
    QApplication.processEvents()
    view = view_of(worklist)
    rect = view.visualRect(view.model().index(position, 0))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())


def search_field(worklist: Worklist) -> QLineEdit:
    field = worklist.findChild(QLineEdit)
    assert field is not None
    return field


def test_who_goes_down_the_list_sees_which_study_comes_next(worklist: Worklist) -> None:
    worklist.set_rows([study(n) for n in range(20)])
    view, shown = view_of(worklist), worklist.shown_uids()
    for position in (0, 10, 19, 12):
        worklist.select(shown[position])
        following = view.visualRect(view.model().index(min(position + 1, 19), 0))
        assert view.viewport().rect().contains(following)
        assert view.viewport().rect().contains(view.visualRect(view.currentIndex()))


def test_a_row_draws_what_was_decided(worklist: Worklist) -> None:
    worklist.set_rows([study(0, status="read")])
    before = view_of(worklist).grab().toImage()
    worklist.update_rows([study(0, status="read", decided="no finding")])
    assert view_of(worklist).grab().toImage() != before


def test_an_empty_worklist_offers_to_open_films(worklist: Worklist, qtbot: QtBot) -> None:
    button = next(b for b in worklist.findChildren(QPushButton) if b.isVisible())
    with qtbot.waitSignal(worklist.open_requested):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_click_chooses_a_study_once(worklist: Worklist, qtbot: QtBot) -> None:
    worklist.set_rows([study(0), study(1)])
    chosen: list[str] = []
    worklist.study_selected.connect(chosen.append)
    click_row(worklist, 1)
    click_row(worklist, 1)
    assert chosen == ["1.2.1"]
    assert worklist.selected == "1.2.1"


def test_arrow_keys_go_through_the_studies(worklist: Worklist) -> None:
    worklist.set_rows([study(0), study(1), study(2)])
    worklist.select("1.2.0")
    chosen: list[str] = []
    worklist.study_selected.connect(chosen.append)
    QTest.keyClick(view_of(worklist), Qt.Key.Key_Down)
    QTest.keyClick(view_of(worklist), Qt.Key.Key_Down)
    QTest.keyClick(view_of(worklist), Qt.Key.Key_Up)
    assert chosen == ["1.2.1", "1.2.2", "1.2.1"]


def test_a_refresh_keeps_the_chosen_study_and_does_not_choose_again(worklist: Worklist) -> None:
    worklist.set_rows([study(0), study(1), study(2)])
    worklist.select("1.2.2")
    chosen: list[str] = []
    worklist.study_selected.connect(chosen.append)
    worklist.set_order("to read")
    worklist.update_rows([study(2, status="read"), study(7)])
    worklist.set_rows([study(5), study(2), study(1)])
    assert chosen == []
    assert worklist.selected == "1.2.2"
    index = view_of(worklist).currentIndex()
    assert worklist.shown_uids()[index.row()] == "1.2.2"
    assert view_of(worklist).selectionModel().isSelected(index)


def test_a_refresh_never_takes_the_focus(worklist: Worklist, qtbot: QtBot) -> None:
    other = QLineEdit(worklist)
    other.show()
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)
    worklist.set_rows([study(0)])
    worklist.update_rows([study(0, status="read"), study(1)])
    worklist.select("1.2.1")
    assert other.hasFocus()


def test_a_row_above_that_moves_does_not_move_what_the_reader_looks_at(worklist: Worklist) -> None:
    worklist.set_rows([study(n) for n in range(1, 40)])
    view = view_of(worklist)
    worklist.select("1.2.20")
    before = view.visualRect(view.currentIndex()).top()
    worklist.update_rows([study(0)])
    assert view.visualRect(view.currentIndex()).top() == before


def test_a_reader_who_scrolled_away_is_not_pulled_back(worklist: Worklist) -> None:
    worklist.set_rows([study(n) for n in range(40)])
    worklist.select("1.2.0")
    bar = view_of(worklist).verticalScrollBar()
    bar.setValue(15 * row_height())
    worklist.update_rows([study(0, description="Chest AP"), study(50)])
    assert bar.value() == 15 * row_height()


def test_new_studies_above_do_not_push_away_what_a_reader_scrolled_to(worklist: Worklist) -> None:
    worklist.set_rows([study(n) for n in range(10, 60)])
    worklist.select("1.2.10")
    view = view_of(worklist)
    view.verticalScrollBar().setValue(15 * row_height() + 7)
    assert view.rowAt(0) == 15
    worklist.update_rows([study(n) for n in range(5)])
    assert view.rowAt(0) == 20
    assert view.verticalScrollBar().value() == 20 * row_height() + 7


def test_a_reader_at_the_top_sees_the_newest_studies_come_in(worklist: Worklist) -> None:
    worklist.set_rows([study(n) for n in range(10, 60)])
    worklist.select("1.2.50")
    view_of(worklist).verticalScrollBar().setValue(0)
    worklist.update_rows([study(n) for n in range(5)])
    assert view_of(worklist).verticalScrollBar().value() == 0


def test_studies_that_come_in_take_neither_choice_nor_focus_and_reset_nothing(
    worklist: Worklist, qtbot: QtBot
) -> None:
    worklist.set_rows([study(n) for n in range(40, 80)])
    worklist.select("1.2.50")
    view = view_of(worklist)
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    heard: list[object] = []
    worklist.study_selected.connect(heard.append)
    view.model().modelReset.connect(lambda: heard.append("reset"))
    view.selectionModel().currentChanged.connect(lambda *_: heard.append("current"))
    for order in ("newest", "uncertain", "patient", "to read"):
        worklist.set_order(order)
        for number in range(40, 0, -8):
            worklist.update_rows([study(number - n, uncertainty=n / 10) for n in range(8)])
            assert worklist.shown_uids()[view.currentIndex().row()] == "1.2.50"
            assert [index.row() for index in view.selectedIndexes()] == [view.currentIndex().row()]
    assert heard == []
    assert view.hasFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert heard == ["1.2.51", "current"]


def test_a_chosen_study_that_a_search_hides_is_not_replaced_by_its_neighbour(worklist: Worklist) -> None:
    worklist.set_rows([study(n) for n in range(5)])
    worklist.select("1.2.2")
    chosen: list[str] = []
    worklist.study_selected.connect(chosen.append)
    search_field(worklist).setText("pneumonia")
    worklist.update_rows([study(2, suggestion="no finding")])
    assert (chosen, worklist.selected) == ([], "1.2.2")
    assert not view_of(worklist).selectedIndexes()
    search_field(worklist).clear()
    assert worklist.shown_uids()[view_of(worklist).currentIndex().row()] == "1.2.2"
    assert chosen == []


def test_the_first_to_read_is_the_first_that_waits_for_a_reader(worklist: Worklist) -> None:
    assert worklist.first_to_read() is None
    worklist.set_rows([study(0, status="read"), study(1, status="read")])
    assert worklist.first_to_read() == "1.2.0"
    worklist.update_rows([study(1)])
    assert worklist.first_to_read() == "1.2.1"


def test_typing_in_the_search_hides_what_does_not_match(worklist: Worklist) -> None:
    worklist.set_rows([study(0, patient="Roe^Sam"), study(1, suggestion="no finding"), study(2)])
    QTest.keyClicks(search_field(worklist), "sam roe")
    assert worklist.shown_uids() == ["1.2.0"]
    search_field(worklist).clear()
    QTest.keyClicks(search_field(worklist), "NO FIND")
    assert worklist.shown_uids() == ["1.2.1"]


def test_a_search_without_result_says_so_and_can_be_cleared(worklist: Worklist) -> None:
    worklist.set_rows([study(0)])
    QTest.keyClicks(search_field(worklist), "zebra")
    button = next(b for b in worklist.findChildren(QPushButton) if b.isVisible())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert worklist.shown_uids() == ["1.2.0"]


def test_a_study_hidden_by_the_search_is_chosen_again_when_it_is_back(worklist: Worklist) -> None:
    worklist.set_rows([study(0), study(1)])
    worklist.select("1.2.1")
    chosen: list[str] = []
    worklist.study_selected.connect(chosen.append)
    search_field(worklist).setText("jane0")
    assert worklist.selected == "1.2.1"
    search_field(worklist).clear()
    assert view_of(worklist).currentIndex().row() == 1
    assert chosen == []


def test_the_counts_say_how_many_are_to_read(worklist: Worklist) -> None:
    rows = [study(n) for n in range(12)]
    rows[3] = replace(rows[3], status="read")
    rows[4] = replace(rows[4], status="no suggestion")
    rows[5] = replace(rows[5], status="part read")
    worklist.set_rows(rows)
    assert worklist._counts.text() == "12 studies, 10 to read"


def test_thumbnails_are_asked_for_where_the_reader_looks(worklist: Worklist, qtbot: QtBot) -> None:
    with qtbot.waitSignal(worklist.thumbnails_wanted) as asked:
        worklist.set_rows([study(n) for n in range(500)])
    assert asked.args is not None
    assert asked.args[0][0] == "1.2.0"
    assert len(asked.args[0]) < 40


def test_a_thumbnail_is_drawn_where_it_belongs(worklist: Worklist) -> None:
    white = np.full((96, 72), 255, np.uint8)
    worklist.set_rows([study(0), study(1)])
    worklist.update_rows([study(1, thumbnail=white)])
    drawn = view_of(worklist).viewport().grab().toImage()
    ratio = drawn.devicePixelRatio()
    first, second = row_height() // 2, row_height() + row_height() // 2
    assert drawn.pixelColor(round(44 * ratio), round(first * ratio)).lightness() < 40
    assert drawn.pixelColor(round(44 * ratio), round(second * ratio)).lightness() > 240


def test_colour_thumbnails_are_drawn_in_colour(worklist: Worklist) -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 200
    worklist.set_rows([study(0, thumbnail=red)])
    drawn = view_of(worklist).viewport().grab().toImage()
    ratio = drawn.devicePixelRatio()
    colour = drawn.pixelColor(round(44 * ratio), round(row_height() / 2 * ratio))
    assert colour.red() > 190
    assert colour.blue() < 10


def test_a_row_reads_itself_to_a_screen_reader(worklist: Worklist) -> None:
    worklist.set_rows([study(0, status="part read")])
    said = view_of(worklist).model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Doe, Jane0" in said
    assert "other pneumonia, 58%" in said
    assert "part read" in said


def test_a_name_out_of_a_file_is_never_markup(worklist: Worklist) -> None:
    worklist.set_rows([study(0, patient="<b>Doe^Jane")])
    assert "<" not in view_of(worklist).model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_a_hundred_thousand_studies_are_searched_and_ordered_in_a_tenth_of_a_second(
    worklist: Worklist, qtbot: QtBot
) -> None:
    rows = [study(n, uncertainty=n * 7919 % 1000 / 1000) for n in range(100_000)]

    def took(action: Callable[[], object]) -> float:
        """Processor time in s, the least of three, since test machines are shared."""
        best = 9.0
        for _ in range(3):
            began = time.process_time()
            action()
            QApplication.processEvents()
            best = min(best, time.process_time() - began)
            search_field(worklist).clear()
        return best

    assert took(lambda: worklist.set_rows(rows)) < 0.2
    worklist.select("1.2.400")
    qtbot.waitUntil(lambda: not worklist._model._preparing.isActive(), timeout=20_000)
    again = {order: took(lambda order=order: worklist.set_order(order)) for order in ("uncertain", "patient")}
    assert max(again.values()) < 0.1
    assert took(lambda: search_field(worklist).setText("jane99 pneumonia")) < 0.1
    assert took(lambda: worklist.update_rows([study(4, thumbnail=np.zeros((9, 9), np.uint8))])) < 0.02
    batches = iter([[study(n) for n in range(at, at + 64)] for at in range(100_000, 100_192, 64)])
    assert took(lambda: worklist.update_rows(next(batches))) < 0.1


def test_a_hundred_thousand_studies_need_no_widget_each(worklist: Worklist) -> None:
    before = len(worklist.findChildren(QWidget))
    worklist.set_rows([study(n) for n in range(100_000)])
    QApplication.processEvents()
    assert len(worklist.findChildren(QWidget)) == before
    assert worklist.select("1.2.99999")


@pytest.mark.parametrize(
    ("probability", "text"),
    [(None, "–"), (0.58, ".58"), (0.0001, "<.01"), (0.999, ">.99"), (1.0, ">.99"), (0.5, ".50")],
)
def test_probabilities_never_claim_certainty(probability: float | None, text: str) -> None:
    assert probability_text(probability) == text


def test_hidden_patients_are_neither_drawn_nor_told_nor_spoken(worklist: Worklist) -> None:
    worklist.set_rows([study(1, birth_date="1971-02-03", accession="A77"), study(2)])
    view = view_of(worklist)
    index = view.model().index(0, 0)
    roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)

    def said() -> str:
        row = index.data(ROW_ROLE)
        return " ".join(
            (*(str(index.data(role)) for role in roles), row.patient, row.patient_id, row.accession)
        )

    assert "Jane1" in said()
    seen = view.grab().toImage()
    worklist.set_identity_hidden(True)
    for secret in ("Jane1", "P1", "1971", "A77", "2026"):
        assert secret not in said(), secret
    assert view.grab().toImage() != seen
    search_field(worklist).setText("jane2")
    assert worklist.shown_uids() == ["1.2.2"]
    worklist.set_identity_hidden(False)
    search_field(worklist).clear()
    assert "Jane1" in said()


def test_studies_are_stepped_through_and_the_ends_hold(worklist: Worklist) -> None:
    worklist.set_rows([study(n) for n in range(3)])
    worklist.select("1.2.0")
    worklist.step(1)
    assert worklist.selected == "1.2.1"
    worklist.step(1)
    worklist.step(1)
    assert worklist.selected == "1.2.2"
    worklist.step(-1)
    assert worklist.selected == "1.2.1"
