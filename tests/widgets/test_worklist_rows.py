"""Orders and searches of the worklist are what a plain sort and a plain search give, whatever came before."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from PySide6.QtCore import QPersistentModelIndex
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from widgets.worklist_asked import Asked
from widgets.worklist_model import WorklistModel
from widgets.worklist_rows import Order, Row, Rows, Status, name_of

RANKS: dict[Status, int] = {
    "part read": 0,
    "to read": 1,
    "reading failed": 2,
    "no suggestion": 3,
    "read": 4,
}

a_row = st.builds(
    Row,
    study_uid=st.sampled_from("abcdefghij"),
    patient=st.sampled_from(
        ["", "Doe^Jane", "doe^jane", "Doe", "Doe^", "Roe^Sam^^Dr", "Ärzte", "Zoe", "é\ud800"]
    ),
    patient_id=st.sampled_from(["", "1", "2"]),
    date=st.sampled_from(["", "2026-01-03", "2026-01-04", "1999-12-31"]),
    time=st.sampled_from(["", "09:00:00", "10:30:00"]),
    uncertainty=st.sampled_from([None, 0.0, 0.25, 1.0]),
    suggestion=st.sampled_from([None, "pneumonia", "no finding"]),
    status=st.sampled_from(get_args(Status)),
)
one_field = st.sampled_from(
    (
        {"uncertainty": 0.5},
        {"uncertainty": None},
        {"status": "part read"},
        {"status": "read"},
        {"patient": "Coe"},
        {"patient_id": "0"},
        {"date": "2026-01-05"},
        {"suggestion": "pneumonia"},
        {"note": "zebra"},
    )
)
a_change = st.one_of(
    st.tuples(st.just("change"), one_field),
    st.tuples(st.just("set"), st.lists(a_row, max_size=12)),
    st.tuples(st.just("update"), st.lists(a_row, max_size=12)),
    st.tuples(
        st.just("search"), st.sampled_from(["", "doe", "doe j", "doe jane", "pneu", "zebra", "READ 2026"])
    ),
    st.tuples(st.just("order"), st.sampled_from(get_args(Order))),
    st.tuples(st.just("prepare"), st.none()),
    st.tuples(st.just("ask"), st.lists(st.sampled_from("abcdefghij"), max_size=6, unique=True)),
)


def plainly(rows: dict[str, Row], order: Order, text: str, asked: list[str]) -> list[str]:
    """What a reader expects to see, worked out in the simplest way."""

    def name(row: Row) -> tuple[bool, str, str]:
        return not row.patient, name_of(row).casefold(), row.patient_id

    found = [r for r in rows.values() if all(w in r.searched_text for w in text.casefold().split())]
    newest = sorted(found, key=lambda r: (r.date, r.time), reverse=True)
    if order == "uncertain":
        newest.sort(key=lambda r: -1.0 if r.uncertainty is None else r.uncertainty, reverse=True)
    elif order == "patient":
        newest.sort(key=name)
    elif order == "to read":
        newest.sort(key=lambda r: RANKS[r.status])
    elif order == "ask first":
        newest.sort(key=lambda r: asked.index(r.study_uid) if r.study_uid in asked else 99 + RANKS[r.status])
    return [row.study_uid for row in newest]


@settings(max_examples=300)
@given(
    st.lists(a_row, min_size=3, max_size=12), st.sampled_from(get_args(Order)), st.lists(a_change, max_size=8)
)
def test_whatever_happens_the_list_shows_what_a_plain_sort_and_search_give(
    first: list[Row], order: Order, changes: list[tuple[str, object]]
) -> None:
    model, rows, text, asked = WorklistModel(), dict[str, Row](), "", list[str]()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_order(order)
    for kind, value in [("set", first), *changes]:
        if kind == "set":
            rows = {row.study_uid: row for row in value}  # type: ignore[attr-defined]
            asked = []
            model.set_rows(value)  # type: ignore[arg-type]
        elif kind in ("update", "change"):
            if kind == "change":
                value = [replace(row, **value) for row in list(rows.values())[1:3]]  # type: ignore[arg-type]
            rows |= {row.study_uid: row for row in value}  # type: ignore[attr-defined]
            kept = {uid: QPersistentModelIndex(model.index(p)) for p, uid in enumerate(uids(model))}
            resets: list[None] = []
            model.modelReset.connect(lambda resets=resets: resets.append(None))
            model.update_rows(value)  # type: ignore[arg-type]
            for uid, index in kept.items():
                assert resets or index.row() == uids(model).index(uid)
            assert text or not resets
        elif kind == "search":
            text = str(value)
            model.search(text)
        elif kind == "order":
            order = value  # type: ignore[assignment]
            model.set_order(order)
        elif kind == "ask":
            uids_asked: list[str] = value  # type: ignore[assignment]
            asked = [uid for uid in uids_asked if uid in rows]  # who comes later waits for the next order
            model.ask(Asked(uids_asked, np.zeros(len(uids_asked), np.int8)))
        else:
            model._prepare()
        assert uids(model) == plainly(rows, order, text, asked)
        assert [model.uid_at(place) for place in range(model.rowCount())] == uids(model)
        assert [model.position_of(uid) for uid in uids(model)] == list(range(model.rowCount()))
        assert model.counts() == (len(rows), sum(row.awaits_reader for row in rows.values()))
        assert [model.row_of(uid) for uid in rows] == list(rows.values())


def uids(model: WorklistModel) -> list[str]:
    return [row.study_uid for row in model.shown()]


def test_a_longer_word_is_looked_for_among_what_the_shorter_one_found() -> None:
    rows = Rows([Row("a", patient="Doe^Jane"), Row("b", patient="Doe^Ann"), Row("c", patient="Roe")])
    rows.search("doe")
    rows._texts[2] = "doe jane"  # would be found by a search of every row
    rows.search("doe ja")
    assert [rows[slot].study_uid for slot in rows.arranged("newest")] == ["a"]
    rows.search("jane")
    assert [rows[slot].study_uid for slot in rows.arranged("newest")] == ["a", "c"]


def test_of_two_rows_of_one_study_the_latter_counts() -> None:
    rows = Rows([Row("a", note="1"), Row("b"), Row("a", note="2")])
    assert [rows[slot].note for slot in range(len(rows))] == ["2", ""]
    assert rows.slot_of("b") == 1


def test_new_rows_and_moves_keep_the_places_that_a_view_remembers(qtbot: QtBot) -> None:
    model = WorklistModel()
    model.set_rows([Row(uid, date=f"2026-01-0{n}") for n, uid in enumerate("abc")])
    resets: list[None] = []
    model.modelReset.connect(lambda: resets.append(None))
    b = QPersistentModelIndex(model.index(1))
    model.update_rows([Row("d", date="2026-01-09"), Row("a", date="2026-01-08")])
    assert uids(model) == ["d", "a", "c", "b"]
    assert b.row() == 3
    model.set_order("patient")
    model.update_rows([replace(Row("b"), patient="Abel")])
    assert (uids(model)[0], b.row(), resets) == ("b", 0, [])
