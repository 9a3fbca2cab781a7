"""The worklist's content: it streams in newest first, grows by what is new, and hears what others wrote."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app import locations
from app.fitting.messages import Scored
from app.gui import library as library_module
from app.gui.arrivals import Arrivals
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.rows import ROWS_A_STEP, ROWS_AT_ONCE
from app.gui.slices import SLICE_S, Slices
from app.workplace import Workplace
from inference.card import ModelCard
from inference.prediction import FindingProbability, Prediction
from reviews.store import Store
from studies.image import Header, Study
from studies.reader_pool import ReaderPool
from tests.app.making import CT, SAMPLES
from tests.reviews.making import header, review
from tests.reviews.parts import give_part
from widgets.worklist import Worklist
from widgets.worklist_model import Row

STARTER = ModelCard.read(locations.bundled_models() / "starter" / "card.json").weights_sha256


def film(number: int, **fields: object) -> Header:
    """A chest film of a person; the larger the number, the newer it is."""
    day = f"2025-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}"
    return header(number, **{"study_date": day, "is_phantom": False, **fields})


def said(number: int, probability: float = 0.75) -> Prediction:
    findings = (FindingProbability("pneumonia", probability), FindingProbability("no-finding", 0.25))
    uid = film(number).sop_instance_uid
    return Prediction(uid, 1, "starter", findings, "pneumonia", probability, weights_sha256=STARTER)


class Shelf:
    """A library on a real store, with the worklist that shows it."""

    def __init__(self, place: Workplace, readers: ReaderPool, bot: QtBot) -> None:
        self.place, self.bot = place, bot
        self.jobs = Jobs("store", 1)
        self.library = Library(place, self.jobs, readers)
        self.library.set_models(place.models_in_use())
        self.worklist = Worklist()
        bot.addWidget(self.worklist)
        self.added: list[list[str]] = []
        self.library.studies_added.connect(self._on_added)
        self.library.rows_changed.connect(self.worklist.update_rows)

    def _on_added(self, uids: list[str]) -> None:
        self.added.append(uids)
        self.worklist.update_rows([self.library.row(uid) for uid in uids])

    def load(self) -> None:
        loaded: list[bool] = []
        self.library.load(lambda: loaded.append(True))
        self.bot.waitUntil(lambda: bool(loaded))

    def row(self, number: int) -> Row:
        row = self.worklist.row_of(film(number).study_instance_uid)
        assert row is not None
        return row


@pytest.fixture(scope="module")
def readers() -> Iterator[ReaderPool]:
    pool = ReaderPool(1)
    pool.start()
    yield pool
    pool.close()


@pytest.fixture
def shelf(data_dir: Path, readers: ReaderPool, qtbot: QtBot) -> Iterator[Shelf]:
    give_part(data_dir / "overread.sqlite", [film(n).split_key for n in range(3000)], "train")
    place = Workplace(data_dir)
    made = Shelf(place, readers, qtbot)
    yield made
    made.library.close()
    made.jobs.close()
    place.close()


def test_a_long_list_comes_in_part_by_part_the_newest_studies_first(shelf: Shelf) -> None:
    count = library_module.FIRST_PART + library_module.PART
    shelf.place.store.add_images(film(n) for n in range(300))
    shelf.place.store.add_images(film(n, study_date="1999-01-01") for n in range(300, count + 5))
    shelf.load()
    assert [len(uids) for uids in shelf.added] == [library_module.FIRST_PART, library_module.PART, 5]
    assert shelf.worklist.shown_uids()[0] in shelf.added[0]
    days = [shelf.library.studies[uid].first.study_date for uids in shelf.added for uid in uids]
    assert days == sorted(days, reverse=True)
    assert len(shelf.worklist.shown_uids()) == count + 5


def test_a_study_comes_with_what_was_said_and_decided_of_it(shelf: Shelf) -> None:
    store = shelf.place.store
    store.add_images(film(n) for n in range(3))
    store.remember_predictions([said(0), said(1), replace(said(2), model="gone")])
    store.append(review(film(1), pneumonia="absent"))
    shelf.load()
    assert (shelf.row(0).suggestion, shelf.row(0).status) == ("other pneumonia", "to read")
    assert (shelf.row(1).suggestion, shelf.row(1).status) == ("other pneumonia", "read")
    assert shelf.row(2).suggestion is None
    assert shelf.library.corrections() == 1


def test_a_row_says_what_was_decided_whatever_the_model_suggests(shelf: Shelf) -> None:
    store = shelf.place.store
    store.add_images(film(n) for n in range(4))
    store.remember_predictions(said(n) for n in range(4))
    store.append(review(film(0), pneumonia="absent", **{"no-finding": "present", "rib-fracture": "present"}))
    store.append(review(film(1), pneumonia="unknown"))
    store.append(review(film(2), pneumonia="absent"))
    shelf.load()
    told = [shelf.row(n).decided for n in range(4)]
    assert told == ["no finding, rib fracture", "unsure", "none of these present", ""]


def test_a_row_that_changes_while_heads_are_shown_is_made_anew_all_the_same(shelf: Shelf) -> None:
    shelf.place.store.add_images(film(n) for n in range(3))
    shelf.load()
    (card,) = (card for card in shelf.library.cards if card.id == said(0).model)
    nothing = np.zeros(0)
    findings = tuple((f.name, f.display) for f in card.findings)
    scores = Scored(
        1, card.id, findings, np.zeros((0, len(findings)), np.float32), nothing.astype(np.int16), nothing, 0,
        "", 0.0,
    )  # fmt: skip
    shelf.library.take_scores(scores, card)
    shelf.library.predictions[film(0).sop_instance_uid, 1] = said(0)
    shelf.library.refresh_rows([film(0).study_instance_uid])
    shelf.bot.waitUntil(lambda: shelf.row(0).suggestion == "other pneumonia")


def test_what_another_starter_said_is_not_shown_as_this_ones(shelf: Shelf) -> None:
    """The program brings a new model under the same name: films are looked at again."""
    store = shelf.place.store
    store.add_images(film(n) for n in range(2))
    store.remember_predictions(replace(said(n), weights_sha256="ab" * 32 * n) for n in range(2))
    shelf.load()
    assert [shelf.row(n).suggestion for n in range(2)] == [None, None]


def test_what_others_write_is_shown_and_nothing_else_is_made_anew(shelf: Shelf) -> None:
    store = shelf.place.store
    store.add_images(film(n) for n in range(6))
    shelf.load()
    moment = store.moment()
    with Store(shelf.place.folder / "overread.sqlite") as other:
        other.append(review(film(0)))
        other.mark_study_read(film(1).study_instance_uid, "Ben")
        other.remember_predictions([said(2)])
        other.add_images([film(9), replace(film(3), path="/moved.dcm")])
    told: list[str] = []
    shelf.library.rows_changed.connect(lambda rows, _: told.extend(row.study_uid for row in rows))
    news = store.news_since(moment)[1]
    shelf.library.take_news(news)
    shelf.bot.waitUntil(lambda: len(shelf.added) == 2 and bool(told))
    assert {shelf.row(n).status for n in (0, 1)} == {"read"}
    assert shelf.row(2).suggestion == "other pneumonia"
    assert set(shelf.added[1]) == {film(9).study_instance_uid, film(3).study_instance_uid}
    assert shelf.library.header_of(film(3).sop_instance_uid) == replace(film(3), path="/moved.dcm")
    assert set(told) == {film(n).study_instance_uid for n in range(3)}


def test_many_rows_are_told_in_slices_and_go_to_their_places_at_once(shelf: Shelf) -> None:
    count = ROWS_AT_ONCE + 100
    shelf.place.store.add_images(film(n) for n in range(count))
    shelf.place.store.remember_predictions(said(n) for n in range(count))
    shelf.load()
    shelf.worklist.set_order("uncertain")
    before = shelf.worklist.shown_uids()
    orders: list[list[str]] = []
    shelf.library.rows_changed.connect(lambda *_: orders.append(shelf.worklist.shown_uids()))
    shelf.library.predictions = {(film(n).sop_instance_uid, 1): said(n, n / count) for n in range(count)}
    shelf.library.refresh_rows()
    shelf.bot.waitUntil(lambda: len(orders) == 2)
    assert orders[0] == before
    assert orders[1] == [film(n).study_instance_uid for n in reversed(range(count))]


def test_what_a_second_read_hides_is_not_told_by_rows_made_before(shelf: Shelf) -> None:
    first = film(0)
    shelf.place.store.add_images(film(n) for n in range(2 * ROWS_A_STEP))
    shelf.place.store.remember_predictions([said(0)])
    decided, _ = shelf.place.store.append(review(first))
    shelf.load()
    assert (shelf.row(0).status, shelf.row(0).suggestion) == ("read", "other pneumonia")
    shelf.library.refresh_rows([first.study_instance_uid, *shelf.library.studies])
    steps = shelf.library._rows._make()
    next(steps)
    shelf.library.open_second_reads({(first.sop_instance_uid, 1): decided})
    for _ in steps:
        pass
    assert (shelf.row(0).status, shelf.row(0).suggestion) == ("to read", None)


def test_what_a_reader_decides_is_not_overwritten_by_rows_made_before(shelf: Shelf) -> None:
    count = 2 * ROWS_A_STEP
    shelf.place.store.add_images(film(n) for n in range(count))
    shelf.load()
    first = film(0)
    shelf.library.refresh_rows([first.study_instance_uid, *shelf.library.studies])
    steps = shelf.library._rows._make()
    next(steps)
    shelf.library.set_standing((first.sop_instance_uid, 1), review(first))
    for _ in steps:
        pass
    assert shelf.row(0).status == "read"


def test_an_import_adds_what_is_new_and_a_series_stays_in_order(shelf: Shelf, tmp_path: Path) -> None:
    shelf.place.store.add_images(film(n) for n in range(50))
    shelf.load()
    with shelf.bot.waitSignal(shelf.library.import_finished, timeout=60_000):
        shelf.library.import_paths([CT, SAMPLES / "PHANTOM-002"])
    assert not shelf.library.is_importing
    new = {uid for uids in shelf.added[1:] for uid in uids}
    known = {film(n).study_instance_uid for n in range(50)}
    assert new
    assert not new & known
    assert set(shelf.worklist.shown_uids()) == new | known
    stack = max(shelf.library.studies.values(), key=lambda study: len(study.series[0].headers))
    positions = [h.image_position[2] for h in stack.series[0].headers if h.image_position]
    assert len(positions) == len(list(CT.glob("*.dcm")))
    assert positions in (sorted(positions), sorted(positions, reverse=True))


def test_images_that_come_while_a_study_is_put_together_are_not_lost(qtbot: QtBot) -> None:
    studies: dict[str, Study] = {}
    arrivals = Arrivals(studies)
    given: list[int] = []

    def on_assembled(assembled: list[Study]) -> None:
        studies.update({study.study_instance_uid: study for study in assembled})
        given.extend(len(series.headers) for study in assembled for series in study.series)

    arrivals.assembled.connect(on_assembled)
    same = {"study_instance_uid": "1", "series_instance_uid": "1.1"}
    with qtbot.waitSignal(arrivals.ended):
        for first in range(0, 640, 64):
            arrivals.take(replace(header(n), **same) for n in range(first, first + 64))  # type: ignore[arg-type]
    assert len(given) < 10  # not once for each batch
    assert given[-1] == 640
    assert not arrivals.is_busy
    arrivals.close()


def test_a_study_that_changed_meanwhile_is_put_together_once_more(qtbot: QtBot) -> None:
    studies: dict[str, Study] = {}
    arrivals = Arrivals(studies)
    given: list[Study] = []
    arrivals.assembled.connect(lambda some: given.extend(some))
    may_go = threading.Event()
    arrivals._jobs.submit(may_go.wait)
    arrivals.take([replace(header(1), study_instance_uid="1", series_instance_uid="1.1")])
    other = replace(header(2), study_instance_uid="1", series_instance_uid="1.1")
    arrivals_of_store = Arrivals({})
    with qtbot.waitSignal(arrivals_of_store.assembled) as loaded:
        arrivals_of_store.take([other])
    assert loaded.args is not None
    studies["1"] = loaded.args[0][0]
    may_go.set()
    qtbot.waitSignal(arrivals.ended).wait()
    assert [len(study.series[0].headers) for study in given] == [2]
    arrivals.close()
    arrivals_of_store.close()


def test_slices_leave_the_thread_to_others_in_between(qtbot: QtBot) -> None:
    slices, seen = Slices(), list[str]()
    other = QTimer(interval=0)
    other.timeout.connect(lambda: seen.append("other"))
    other.start()

    def steps() -> Iterator[None]:
        for number in range(3):
            until = time.perf_counter() + 2 * SLICE_S
            while time.perf_counter() < until:
                pass
            seen.append(str(number))
            yield

    slices.run(steps(), lambda: seen.append("end"))
    slices.run(iter(()), lambda: seen.append("next"))
    qtbot.waitUntil(lambda: "next" in seen)
    assert [word for word in seen if word != "other"] == ["0", "1", "2", "end", "next"]
    for number in "01":
        assert "other" in seen[seen.index(number) : seen.index(str(int(number) + 1))]
    assert not slices.is_busy
