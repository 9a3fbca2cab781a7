"""Annotations: drawn, moved, named, deleted, taken back in the order of what was done, and kept."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reviews.errors import InvalidAnnotation, UnknownImage
from reviews.migrations import MIGRATIONS, migrate
from reviews.record import POINTS, Annotation, AnnotationKind
from reviews.store import Database, Store
from tests.reviews.making import annotation, header, review

FILM, OTHER_FILM = header(1, study_instance_uid="1.2.826.100"), header(2)


@pytest.fixture
def films(store: Store) -> Store:
    store.add_images([FILM, OTHER_FILM])
    return store


def drawn(store: Store, *given: Annotation) -> tuple[Annotation, ...]:
    return store.annotate(given).annotations


def taken(changes: object) -> list[tuple[str, int | None]]:
    assert changes is not None
    return [(row.uuid, row.takes_back) for row in changes.annotations]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", get_args(AnnotationKind))
def test_an_annotation_comes_back_as_it_was_drawn(films: Store, kind: AnnotationKind) -> None:
    given = annotation(FILM, kind, text="Läsion? 🫁", label_at=(-3.5, 1e-7))
    (recorded,) = drawn(films, given)
    assert recorded.id > 0
    assert recorded.uuid
    assert recorded.time
    assert replace(recorded, id=0, uuid="", time="", act="") == given
    assert films.annotations() == [recorded] == films.annotation_history()


def test_moving_naming_and_deleting_are_rows_of_the_same_annotation(films: Store) -> None:
    (first,) = drawn(films, annotation(FILM))
    (moved,) = drawn(films, replace(first, points=((1.0, 2.0), (3.0, 4.0))))
    (named,) = drawn(films, replace(moved, text="heart"))
    assert first.uuid == moved.uuid == named.uuid
    assert first.id < moved.id < named.id
    assert films.annotations() == [named]
    (gone,) = drawn(films, replace(named, is_deleted=True))
    assert films.annotations() == []
    assert films.annotation_history() == [first, moved, named, gone]


def test_annotations_are_asked_for_by_study(films: Store) -> None:
    (one,) = drawn(films, annotation(FILM))
    (other,) = drawn(films, annotation(OTHER_FILM))
    assert films.annotations(FILM.study_instance_uid) == [one]
    assert films.annotations(OTHER_FILM.study_instance_uid) == [other]
    assert films.annotations("1.9") == []
    assert films.annotations() == [one, other]


def test_undo_and_redo_walk_through_all_that_was_done(films: Store) -> None:
    (first,) = drawn(films, annotation(FILM))
    (moved,) = drawn(films, replace(first, points=((1.0, 2.0), (3.0, 4.0))))
    drawn(films, replace(moved, is_deleted=True))

    def shown() -> list[tuple[tuple[float, float], ...]]:
        return [one.points for one in films.annotations()]

    assert shown() == []
    for expected in ([moved.points], [first.points], []):
        films.undo_act("Ada")
        assert shown() == expected
    assert films.undo_act("Ada") is None
    for expected in ([first.points], [moved.points], []):
        films.redo_act("Ada")
        assert shown() == expected
    assert films.redo_act("Ada") is None


def test_an_act_of_many_is_taken_back_at_once(films: Store) -> None:
    several = drawn(films, annotation(FILM), annotation(FILM, "angle"), annotation(FILM, "text"))
    films.annotate([replace(one, is_deleted=True) for one in several])
    assert films.annotations() == []
    changes = films.undo_act("Ada")
    assert changes is not None
    assert [one.kind for one in changes.annotations] == ["length", "angle", "text"]
    assert [one.points for one in films.annotations()] == [one.points for one in several]
    films.redo_act("Ada")
    assert films.annotations() == []


def test_the_last_act_is_taken_back_be_it_a_decision_or_an_annotation(films: Store) -> None:
    drawn(films, annotation(FILM))
    films.append(review(FILM))
    (last,) = drawn(films, annotation(OTHER_FILM))

    changes = films.undo_act("Ada")
    assert taken(changes) == [(last.uuid, last.id)]
    assert films.standing(FILM.sop_instance_uid, 1) is not None
    changes = films.undo_act("Ada")
    assert changes is not None
    assert changes.review is not None
    assert films.standing(FILM.sop_instance_uid, 1) is None
    assert len(films.annotations()) == 1
    assert films.undo_act("Ada") is not None
    assert films.annotations() == []
    assert films.undo_act("Ada") is None

    films.redo_act("Ada")
    assert [one.sop_instance_uid for one in films.annotations()] == [FILM.sop_instance_uid]
    assert films.standing(FILM.sop_instance_uid, 1) is None
    films.redo_act("Ada")
    assert films.standing(FILM.sop_instance_uid, 1) is not None
    films.redo_act("Ada")
    assert len(films.annotations()) == 2
    assert films.redo_act("Ada") is None


def test_after_something_new_nothing_of_either_kind_is_repeated(films: Store) -> None:
    drawn(films, annotation(FILM))
    films.undo_act("Ada")
    films.append(review(FILM))
    assert films.redo_act("Ada") is None
    films.undo_act("Ada")
    drawn(films, annotation(FILM))
    assert films.redo_act("Ada") is None


def test_the_order_is_the_same_for_another_process(films: Store, tmp_path: Path) -> None:
    films.append(review(FILM))
    (last,) = drawn(films, annotation(FILM))
    with Store(tmp_path / "overread.sqlite") as other:
        assert taken(other.undo_act("Ada")) == [(last.uuid, last.id)]
    assert films.annotations() == []


def test_a_reader_takes_back_only_what_they_did(films: Store) -> None:
    drawn(films, annotation(FILM, reader="Ben"))
    assert films.undo_act("Ada") is None
    (own,) = drawn(films, annotation(FILM))
    drawn(films, annotation(FILM, "angle", reader="Ben"))
    assert taken(films.undo_act("Ada")) == [(own.uuid, own.id)]
    assert {one.reader for one in films.annotations()} == {"Ben"}


def test_only_who_drew_an_annotation_changes_it(films: Store) -> None:
    (bens,) = drawn(films, annotation(FILM, reader="Ben"))
    with pytest.raises(InvalidAnnotation, match=r"Ben's; only who drew it changes it\."):
        films.annotate([replace(bens, reader="Ada", is_deleted=True)])
    assert films.annotations() == [bens]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"reader": " "}, "names no reader"),
        ({"kind": "spiral"}, "'spiral'; expected one of length, angle"),
        ({"points": ((1.0, 2.0),)}, "has 1 points; expected 2"),
        ({"points": ((1.0, 2.0), (float("nan"), 1.0))}, "no place"),
        ({"label_at": (float("inf"), 1.0)}, "no place"),
        ({"kind": "text", "points": ((1.0, 2.0),), "text": " "}, "says nothing"),
        ({"kind": "evidence", "text": " "}, r"region \(evidence\) is of no finding"),
        ({"kind": "evidence", "points": ((1.0, 2.0),), "text": "nodule"}, "has 1 points; expected 2"),
    ],
)
def test_what_is_no_annotation_is_refused_in_a_sentence(
    films: Store, fields: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidAnnotation, match=sentence) as caught:
        films.annotate([annotation(FILM), replace(annotation(FILM), **fields)])  # type: ignore[arg-type]
    assert str(caught.value).endswith(".")
    assert films.annotation_history() == []  # not half of it either


def test_a_frame_that_is_not_there_is_refused(films: Store) -> None:
    with pytest.raises(UnknownImage, match="1 frame, counted from 1; an annotation was given for frame 2"):
        films.annotate([replace(annotation(FILM), frame=2)])
    with pytest.raises(UnknownImage, match="not in the worklist"):
        films.annotate([annotation(header(77))])


def test_an_annotation_stays_on_its_film(films: Store) -> None:
    (one,) = drawn(films, annotation(FILM))
    with pytest.raises(InvalidAnnotation, match="another film"):
        films.annotate([replace(one, sop_instance_uid=OTHER_FILM.sop_instance_uid)])


def test_a_store_from_before_there_were_annotations_gets_them(tmp_path: Path) -> None:
    place = tmp_path / "overread.sqlite"
    database = Database(place)
    migrate(database, MIGRATIONS[:1])
    database.close()
    with closing(sqlite3.connect(place)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "annotation" not in names
    with Store(place) as store:
        store.add_images([FILM])
        assert len(drawn(store, annotation(FILM))) == 1


class ActsOfAReader(RuleBasedStateMachine):
    """Whatever is done in whichever order, undo and redo walk through the states as a list of them would."""

    @initialize()
    def open_store(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "overread.sqlite")
        self.store.add_images([FILM])
        self.states: list[frozenset[object]] = [self._state()]
        self.place = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    def _state(self) -> frozenset[object]:
        decision = self.store.standing(FILM.sop_instance_uid, 1)
        marks = {(one.uuid, one.points) for one in self.store.annotations()}
        return frozenset(marks | {decision.findings if decision is not None else None})

    def _done(self) -> None:
        self.states = [*self.states[: self.place + 1], self._state()]
        self.place += 1

    @rule(kind=st.sampled_from(list(POINTS)))
    def draw(self, kind: AnnotationKind) -> None:
        self.store.annotate([annotation(FILM, kind)])
        self._done()

    @rule(by=st.floats(-5, 5))
    def move_the_last(self, by: float) -> None:
        marks = self.store.annotations()
        if marks:
            points = tuple((row + by, column) for row, column in marks[-1].points)
            self.store.annotate([replace(marks[-1], points=points)])
            self._done()

    @rule()
    def clear(self) -> None:
        marks = self.store.annotations()
        if marks:
            self.store.annotate([replace(one, is_deleted=True) for one in marks])
            self._done()

    @rule(answer=st.sampled_from(["present", "absent"]))
    def decide(self, answer: str) -> None:
        self.store.append(review(FILM, pneumonia=answer))  # type: ignore[arg-type]
        self._done()

    @rule()
    def undo(self) -> None:
        assert (self.store.undo_act("Ada") is None) == (self.place == 0)
        self.place = max(self.place - 1, 0)

    @rule()
    def redo(self) -> None:
        changes = self.store.redo_act("Ada")
        assert (changes is None) == (self.place == len(self.states) - 1)
        self.place = min(self.place + 1, len(self.states) - 1)

    @invariant()
    def what_stands_is_the_state_at_this_place(self) -> None:
        assert self._state() == self.states[self.place]


TestActsOfAReader = ActsOfAReader.TestCase
TestActsOfAReader.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
