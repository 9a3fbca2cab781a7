"""What others wrote is noticed and told, one's own is not; a long worklist is read newest first, in parts."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from inference.coverage import family
from inference.prediction import FindingProbability, Prediction
from reviews.errors import InvalidReview, StoreError, UnknownImage
from reviews.news import OwnRows, _insert, _is_within
from reviews.record import News
from reviews.store import Store
from tests.reviews.making import CARD, annotation, header, review

FILM = header(1)
KEY = (FILM.sop_instance_uid, 1)
MOVED = replace(FILM, path="/moved.dcm")


def prediction(of: int = 1, model: str = "starter") -> Prediction:
    return Prediction(
        header(of).sop_instance_uid, 1, model, (FindingProbability("pneumonia", 0.75),), "pneumonia", 0.5
    )


WRITES: tuple[tuple[Callable[[Store], object], Callable[[News], object]], ...] = (
    (lambda s: s.add_images([FILM]), lambda n: n.headers == (FILM,)),
    (lambda s: s.add_images([MOVED]), lambda n: n.headers == (MOVED,)),
    (lambda s: s.append(review(FILM)), lambda n: n.standing[KEY].findings == review(FILM).findings),
    (lambda s: s.undo("Ada"), lambda n: n.standing == {KEY: None}),
    (lambda s: s.redo("Ada"), lambda n: n.standing[KEY].findings == review(FILM).findings),
    (lambda s: s.promote("one", "chest", "Ada"), lambda n: n.are_models_changed),
    (lambda s: s.roll_back("chest", "Ada"), lambda n: n.are_models_changed),
    (lambda s: s.mark_study_read("1", "Ada"), lambda n: n.studies_read == {"1": True}),
    (lambda s: s.mark_study_read("1", "Ben", read=False), lambda n: n.studies_read == {"1": False}),
    (lambda s: s.mark_study_urgent("1", "Ada"), lambda n: n.studies_urgent == {"1": ("Ada",)}),
    (lambda s: s.mark_study_urgent("1", "Ben"), lambda n: n.studies_urgent == {"1": ("Ada", "Ben")}),
    (lambda s: s.mark_study_urgent("1", "Ada", urgent=False), lambda n: n.studies_urgent == {"1": ("Ben",)}),
    (lambda s: s.mark_study_urgent("1", "Ben", urgent=False), lambda n: n.studies_urgent == {"1": ()}),
    (lambda s: s.remember_evaluation("one", "held-out", {}), lambda n: n.are_models_changed),
    (lambda s: s.annotate([annotation(FILM)]), lambda n: n.annotated == (KEY,)),
    (lambda s: s.remember_predictions([prediction()]), lambda n: n.predictions == (prediction(),)),
    (lambda s: s.remember_predictions([prediction()]), lambda n: n.predictions == (prediction(),)),
    (lambda s: s.add_finding("Tuberculosis", CARD, "Ada"), lambda n: n.are_findings_changed),
    (lambda s: s.take_finding_away("tuberculosis", family(CARD), "Ada"), lambda n: n.are_findings_changed),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "overread.sqlite"


def test_what_another_process_writes_is_told_once(place: Path) -> None:
    with Store(place) as window, Store(place) as command_line:
        moment = window.moment()
        for write, is_told in WRITES:
            assert window.news_since(moment) == (moment, News())
            write(command_line)
            moment, news = window.news_since(moment)
            assert news
            assert is_told(news)
        command_line.add_images([MOVED])  # known already
        assert window.news_since(moment) == (moment, News())


def test_what_a_window_writes_itself_is_no_news_to_it(place: Path) -> None:
    with Store(place) as window, Store(place) as other:
        first = moment = window.moment()
        for write, _ in WRITES:
            write(window)
            moment, news = window.news_since(moment)
            assert not news
        assert not window.news_since(first)[1]
        assert other.news_since(first)[1].headers == (MOVED,)


def test_others_rows_are_found_between_ones_own(place: Path) -> None:
    with Store(place) as window, Store(place) as other:
        window.add_images(header(n) for n in range(6))
        moment = window.moment()
        for n in range(6):
            (window if n % 2 else other).append(review(header(n)))
        _, news = window.news_since(moment)
        assert set(news.standing) == {(header(n).sop_instance_uid, 1) for n in (0, 2, 4)}


def test_a_decision_after_anothers_is_what_is_told_to_stand(place: Path) -> None:
    with Store(place) as window, Store(place) as other:
        window.add_images([FILM])
        moment = window.moment()
        other.append(review(FILM, "Ben", pneumonia="absent"))
        own, _ = window.append(review(FILM, "Ada", pneumonia="present"))
        assert window.news_since(moment)[1].standing == {KEY: own}


def test_a_write_that_came_to_nothing_hides_nobodys_rows(place: Path) -> None:
    with Store(place) as window, Store(place) as other:
        window.add_images([FILM])
        moment = window.moment()
        with pytest.raises(UnknownImage):
            window.append(review(header(9)))
        with pytest.raises(InvalidReview):
            window.mark_study_read("1", " ")
        other.mark_study_read("1", "Ben")
        assert window.news_since(moment)[1].studies_read == {"1": True}


def test_a_commit_that_fails_hides_nobodys_rows(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(place) as window, Store(place) as other:
        window.add_images([FILM])
        moment = window.moment()
        with monkeypatch.context() as patch:
            patch.setattr("sqlalchemy.engine.default.DefaultDialect.do_commit", _fail)
            with pytest.raises(StoreError):
                window.append(review(FILM))
        other.append(review(FILM, "Ben"))
        assert window.news_since(moment)[1].standing[KEY].reader == "Ben"  # type: ignore[union-attr]


def _fail(*_: object) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    raise error


def test_a_thousand_images_of_another_process_are_told(place: Path) -> None:
    with Store(place) as window, Store(place) as other:
        moment = window.moment()
        other.add_images(header(n) for n in range(1100))
        other.remember_predictions(prediction(n) for n in range(1100))
        news = window.news_since(moment)[1]
        assert {h.sop_instance_uid for h in news.headers} == {header(n).sop_instance_uid for n in range(1100)}
        assert len(news.predictions) == 1100


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5))))
def test_ranges_of_rows_hold_what_was_put_in(steps: list[tuple[int, int]]) -> None:
    ranges: list[tuple[int, int]] = []
    within: set[int] = set()
    for after, count in steps:
        new = set(range(after + 1, after + count + 1))
        if not new & within:  # numbers are given once
            within |= new
            _insert(ranges, after, after + count)
        assert [n for n in range(40) if _is_within(ranges, n)] == sorted(within)
        assert all(one[1] < other[0] for one, other in itertools.pairwise(ranges))


def test_rows_of_nobody_are_others(store: Store) -> None:
    assert OwnRows().of_others(0, [1, 2]) == [1, 2]


# -- reading a long worklist in parts -------------------------------------------------------------


def test_studies_are_read_newest_first_each_whole(store: Store) -> None:
    days = ["2026-01-03", "", "2026-02-01", "2026-01-03"]
    times = ["08:00:00", "23:00:00", "", "09:30:00"]
    made = [
        header(
            n,
            study_instance_uid=f"1.2.{n % 4}",
            study_date=days[n % 4],
            study_time=times[n % 4],
        )
        for n in range(12)
    ]
    store.add_images(made)
    moved = replace(made[5], path="/moved.dcm")
    store.add_images([moved])
    parts = [store.images_in(rows).headers for rows in store.studies_newest_first()]
    assert [part[0].study_instance_uid for part in parts] == ["1.2.2", "1.2.3", "1.2.0", "1.2.1"]
    assert [len(part) for part in parts] == [3, 3, 3, 3]
    assert moved in parts[3]
    assert {h.sop_instance_uid for part in parts for h in part} == {h.sop_instance_uid for h in made}


def test_some_images_are_read_by_their_uids(store: Store) -> None:
    store.add_images(header(n) for n in range(700))
    uids = [header(n).sop_instance_uid for n in range(1, 700, 2)]
    assert {h.sop_instance_uid for h in store.headers(uids)} == set(uids)
    assert store.headers([]) == store.headers(["1.9"]) == []


def test_a_part_of_the_worklist_comes_with_what_stands_and_what_models_said(store: Store) -> None:
    store.add_images(header(n, study_date=f"2026-01-0{n}") for n in range(1, 5))
    store.append(review(header(1)))
    second, _ = store.append(review(header(2), "Ben"))
    store.append(review(header(2), "Ada"))
    store.undo("Ada")
    store.append(review(header(3)))
    store.undo("Ada")
    store.remember_predictions([prediction(2), prediction(2, "other"), prediction(4)])
    rows = store.studies_newest_first()
    newest, oldest = store.images_in(rows[0] + rows[1]), store.images_in(rows[2])
    assert newest.standing == ()
    assert newest.predictions == (prediction(4),)
    assert oldest.standing == (second,)
    assert set(oldest.predictions) == {prediction(2), prediction(2, "other")}


def test_predictions_of_a_store_from_before_they_were_numbered_are_kept(place: Path) -> None:
    from reviews.database import Database
    from reviews.migrations import MIGRATIONS, migrate

    database = Database(place)
    migrate(database, MIGRATIONS[:2])
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO remembered_prediction VALUES ('1.2', 1, 'starter', "
            '\'{"findings": [], "suggestion": null, "uncertainty": null, "warnings": [], '
            '"elapsed_ms": 0.0, "device": "cpu"}\')'
        )
    database.close()
    with Store(place) as store:
        assert store.predictions() == {("1.2", 1, "starter"): Prediction("1.2", 1, "starter", (), None, None)}
