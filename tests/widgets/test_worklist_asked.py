"""The order *ask first* in the list: places, sentences, marks, and nothing that jumps away."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from training.adapting.asking import WHY
from widgets.worklist import Asked, Row, StudyView, Worklist
from widgets.worklist_delegate import row_height
from widgets.worklist_model import WorklistModel


def asked(*uids: str, why: tuple[str, ...] = ()) -> Asked:
    """Studies in this order; of the first two findings of three the model says .41 and .39."""
    kinds = why or ("unsure",) * len(uids)
    return Asked(
        uids,
        np.array([WHY.index(kind) for kind in kinds], np.int8),
        ("pneumonia", "no finding", "COVID-19 pattern"),
        np.tile(np.array([0, 1], np.int16), (len(uids), 1)),
        np.tile(np.array([0.41, 0.39], np.float32), (len(uids), 1)),
    )


def listed(qtbot: QtBot, *rows: Row) -> Worklist:
    worklist = Worklist()
    qtbot.addWidget(worklist)
    worklist.resize(320, 500)
    worklist.set_rows(rows)
    worklist.set_order("ask first")
    return worklist


def tooltip(worklist: Worklist, place: int) -> str:
    view = worklist.findChild(StudyView)
    assert view is not None
    return str(view.model().index(place, 0).data(Qt.ItemDataRole.ToolTipRole))


def many(count: int) -> list[Row]:
    return [Row(f"{n:03d}", date=f"2026-01-{1 + n % 28:02d}") for n in range(count)]


def test_studies_stand_in_the_order_of_asking_and_the_others_behind_them(qtbot: QtBot) -> None:
    rows = [Row("read", status="read"), *(Row(uid) for uid in "abcd")]
    worklist = listed(qtbot, *rows)
    worklist.ask(asked("c", "a", "unknown"))
    assert worklist.shown_uids()[:2] == ["c", "a"]
    assert worklist.shown_uids()[-1] == "read"
    worklist.set_order("patient")
    worklist.ask(asked("d"))
    worklist.set_order("ask first")
    assert worklist.shown_uids()[0] == "d"


def test_a_tooltip_says_in_a_sentence_why_a_study_is_asked_about(qtbot: QtBot) -> None:
    worklist = listed(qtbot, *(Row(uid) for uid in "abcd"))
    worklist.ask(asked("a", "b", "c", "d", why=("unsure", "unlike", "lot", "later")))
    assert "unsure: pneumonia .41, no finding .39" in tooltip(worklist, 0)
    assert "unlike any film read so far" in tooltip(worklist, 1)
    assert "a random share keeps the measurement honest" in tooltip(worklist, 2)
    assert "sked" not in tooltip(worklist, 3)
    worklist.set_order("newest")
    assert "sked" not in tooltip(worklist, 0)


def test_a_study_that_was_read_is_not_asked_about_any_more(qtbot: QtBot) -> None:
    worklist = listed(qtbot, Row("a"), Row("b"))
    worklist.ask(asked("a", "b"))
    worklist.update_rows([Row("a", status="read")])
    assert worklist.shown_uids() == ["a", "b"]  # it does not jump away; the next order puts it elsewhere
    assert "sked" not in tooltip(worklist, 0)
    assert worklist.next_unread("a") == "b"


def test_an_urgent_mark_is_told_by_flag_and_word_and_names_who_made_it(qtbot: QtBot) -> None:
    plain, own, other = (
        Row("a", patient="Doe^Jane"),
        Row("a", patient="Doe^Jane", urgent_by=("A. Smith",), is_urgent=True),
        Row("a", patient="Doe^Jane", urgent_by=("B. Jones",)),
    )
    pictures = []
    for row in (plain, own, other):
        worklist = listed(qtbot, row)
        worklist.show()
        pictures.append(worklist.grab().toImage())
        names = [*row.urgent_by]
        assert ("Marked urgent by" in tooltip(worklist, 0)) == bool(names)
        assert all(name in tooltip(worklist, 0) for name in names)
    assert pictures[0] != pictures[1] != pictures[2] != pictures[0]


def test_urgent_studies_are_found_by_the_word(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows([Row("a", patient="Doe^Jane"), Row("b", urgent_by=("B. Jones",))])
    model.search("urgent jones")
    assert [row.study_uid for row in model.shown()] == ["b"]


def test_the_chosen_row_stays_where_it_is_when_the_order_changes_around_it(qtbot: QtBot) -> None:
    worklist = listed(qtbot, *many(60))
    worklist.show()
    uids = [row.study_uid for row in many(60)]
    worklist.ask(asked(*uids))
    worklist.select(uids[20])
    view = worklist.findChild(StudyView)
    assert view is not None
    before = view.visualRect(view.currentIndex()).top()
    worklist.ask(asked(*uids[30:50], uids[20], *uids[:10]))
    assert worklist.selected == uids[20]
    assert view.visualRect(view.currentIndex()).top() == before


def test_some_studies_alone_can_be_shown_in_an_order_of_their_own(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows([Row(uid) for uid in "abcde"])
    model.show_only(["d", "b", "unknown"])
    assert [row.study_uid for row in model.shown()] == ["d", "b"]
    model.update_rows([Row("b", status="read"), Row("f")])
    assert [row.study_uid for row in model.shown()] == ["d", "b"]
    assert model.next_unread("b") == "d"
    model.set_order("patient")
    assert [row.study_uid for row in model.shown()] == ["d", "b"]
    model.show_only(None)
    assert len(model.shown()) == 6


def test_the_order_is_one_of_the_list_and_says_what_it_does(qtbot: QtBot) -> None:
    worklist = listed(qtbot, *many(3))
    combo = worklist.findChild(QComboBox)
    assert combo is not None
    place = combo.findData("ask first")
    assert combo.itemText(place) == "Ask first"
    assert "random share" in combo.itemData(place, Qt.ItemDataRole.ToolTipRole)
    with qtbot.waitSignal(worklist.order_changed) as told:
        combo.setCurrentIndex(combo.findData("patient"))
    assert told.args == ["patient"]


def test_a_right_click_or_the_menu_key_asks_for_a_menu_of_the_row(qtbot: QtBot) -> None:
    worklist = listed(qtbot, *many(3))
    worklist.show()
    view = worklist.findChild(StudyView)
    assert view is not None
    at = QPoint(40, row_height() // 2)

    def ask(place: QPoint, reason: QContextMenuEvent.Reason) -> None:
        event = QContextMenuEvent(reason, place, view.viewport().mapToGlobal(place))
        QApplication.sendEvent(view.viewport(), event)

    with qtbot.assertNotEmitted(worklist.menu_requested):
        ask(at, QContextMenuEvent.Reason.Keyboard)  # nothing is chosen
    worklist.select(worklist.shown_uids()[0])
    with qtbot.waitSignal(worklist.menu_requested):
        ask(at, QContextMenuEvent.Reason.Mouse)
    with qtbot.waitSignal(worklist.menu_requested):
        ask(at, QContextMenuEvent.Reason.Keyboard)
    with qtbot.assertNotEmitted(worklist.menu_requested):
        ask(QPoint(40, 4 * row_height()), QContextMenuEvent.Reason.Mouse)
