"""The order of the worklist and what comes next, without a window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from widgets.worklist_model import Order, Row, Status, WorklistModel, name_of

ROWS = (
    Row("a", patient="Roe^Sam", date="2026-01-03", uncertainty=0.2, status="read"),
    Row("b", patient="", date="2026-01-05", uncertainty=None, status="to read"),
    Row("c", patient="doe^jane", date="2026-01-04", time="09:00:00", uncertainty=0.9, status="to read"),
    Row("d", patient="Doe^Ann", date="2026-01-04", time="10:00:00", uncertainty=0.0, status="part read"),
    Row("e", patient="Zoe", date="", uncertainty=0.5, status="no suggestion"),
)


def shown(model: WorklistModel) -> str:
    return "".join(row.study_uid for row in model.shown())


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("newest", "bdcae"),
        ("ask first", "dbcea"),
        ("uncertain", "ceadb"),
        ("patient", "dcaeb"),
        ("to read", "dbcea"),
    ],
)
def test_each_order_puts_studies_where_a_reader_expects_them(
    order: Order, expected: str, qtbot: QtBot
) -> None:
    model = WorklistModel()
    model.set_order(order)
    model.set_rows(ROWS)
    assert shown(model) == expected


@pytest.mark.parametrize(
    ("order", "row", "expected"),
    [
        ("newest", Row("a", date="2026-01-09", uncertainty=0.2, status="read"), "abdce"),
        (
            "uncertain",
            Row("a", patient="Roe^Sam", date="2026-01-03", uncertainty=1.0, status="read"),
            "acedb",
        ),
        ("patient", Row("a", patient="Abel", date="2026-01-03", uncertainty=0.2, status="read"), "adceb"),
        ("to read", Row("a", patient="Roe^Sam", date="2026-01-03", uncertainty=0.2), "dbcae"),
    ],
)
def test_a_row_goes_to_its_new_place(order: Order, row: Row, expected: str, qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_order(order)
    model.set_rows(ROWS)
    before = shown(model)
    model.update_rows([row])
    assert shown(model) == expected != before


def test_next_follows_the_shown_order_and_goes_round(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows(ROWS)
    assert model.next_unread("b") == "d"
    assert model.next_unread("d") == "c"
    assert model.next_unread("c") == "b"
    assert model.next_unread("not there") == "b"


def test_next_is_none_when_everything_is_read(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows([Row("a", status="read"), Row("b", status="to read")])
    assert model.next_unread("b") is None


def test_next_keeps_to_what_the_search_shows(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows(ROWS)
    model.search("doe")
    assert shown(model) == "dc"
    assert model.next_unread("c") == "d"


def test_a_change_that_keeps_the_order_does_not_reset_the_list(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows(ROWS)
    resets: list[None] = []
    changed: list[int] = []
    model.modelReset.connect(lambda: resets.append(None))
    model.dataChanged.connect(lambda first, last: changed.append(first.row()))
    model.update_rows([Row("c", patient="doe^jane", date="2026-01-04", time="09:00:00", status="read")])
    assert (resets, changed) == ([], [2])
    assert model.shown()[2].status == "read"


def test_a_change_under_a_search_can_bring_a_study_in_and_out(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows(ROWS)
    model.search("pneumonia")
    assert shown(model) == ""
    model.update_rows([Row("a", date="2026-01-03", suggestion="other pneumonia")])
    assert shown(model) == "a"
    model.update_rows([Row("a", date="2026-01-03", suggestion="no finding")])
    assert shown(model) == ""


def test_what_was_decided_is_told_and_searched(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows([Row("a", status="read", suggestion="no finding", decided="tuberculosis"), Row("b")])
    for role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
        assert "read: tuberculosis" in str(model.data(model.index(0), role))
    model.search("tuberc")
    assert shown(model) == "a"


def test_a_list_has_no_rows_below_a_row(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows(ROWS)
    assert model.rowCount() == 5
    assert model.rowCount(model.index(0)) == 0
    assert model.data(QModelIndex()) is None


def test_names_are_read_as_people_write_them() -> None:
    assert name_of(Row("a", patient="Doe^Jane^M^Dr")) == "Doe, Jane M Dr"
    assert name_of(Row("a", patient="film_0012")) == "film_0012"


def test_only_studies_that_wait_for_a_reader_count(qtbot: QtBot) -> None:
    states: tuple[Status, ...] = ("to read", "part read", "read", "no suggestion", "reading failed")
    model = WorklistModel()
    model.set_rows([Row(state, status=state) for state in states])
    assert model.counts() == (5, 2)
