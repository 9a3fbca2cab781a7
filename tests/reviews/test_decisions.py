"""Decisions: recorded, taken back, made again, and what stands after it all."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reviews.errors import InvalidAnswer, InvalidReview, UnknownImage
from reviews.record import Answer, Review, Shown
from reviews.store import Store
from studies.image import Header
from tests.reviews.making import header, review

FILM, OTHER_FILM = header(1), header(2)


@pytest.fixture
def films(store: Store) -> Store:
    store.add_images([FILM, OTHER_FILM])
    return store


def standing_findings(store: Store, uid: str = FILM.sop_instance_uid) -> dict[str, str] | None:
    decision = store.standing(uid, 1)
    return None if decision is None else dict(decision.findings)


def test_a_decision_comes_back_with_id_and_time_and_all_that_was_shown(films: Store) -> None:
    seen = review(FILM).shown
    assert seen is not None
    shown = replace(seen, beside=Shown("adapted", "covid-19", (("covid-19", 0.75),), "cd" * 32))
    given = replace(review(FILM), note="Läsion? 🫁", is_acceptance=True, shown=shown)
    recorded, changes = films.append(given)
    assert recorded.id > 0
    assert datetime.fromisoformat(recorded.time).utcoffset() is not None
    assert replace(recorded, id=0, time="") == given
    assert films.history() == [recorded]
    assert films.standing(FILM.sop_instance_uid, 1) == recorded
    assert changes.images_reviewed == ((FILM.sop_instance_uid, 1),)
    assert changes.review == recorded


def test_what_was_shown_before_models_told_their_hash_is_read_as_it_was(films: Store) -> None:
    recorded, _ = films.append(review(FILM))
    path = films.place
    films.close()
    with closing(sqlite3.connect(path)) as raw, raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{name}"')
        old = {"model": "starter", "suggestion": "pneumonia", "probabilities": [["pneumonia", 0.5]]}
        raw.execute("UPDATE review SET shown = ?", (json.dumps(old),))
    with Store(path) as again:
        (decision,) = again.history()
    assert decision.id == recorded.id
    assert decision.shown == Shown("starter", "pneumonia", (("pneumonia", 0.5),))


def test_a_time_that_is_given_is_kept_in_utc(films: Store) -> None:
    recorded, _ = films.append(replace(review(FILM), time="2026-01-31T08:15:00+02:00"))
    assert recorded.time == "2026-01-31T06:15:00.000000+00:00"


@pytest.mark.parametrize("time", ["yesterday", "2026-01-31T08:15:00"])
def test_a_time_without_an_offset_is_refused(films: Store, time: str) -> None:
    with pytest.raises(InvalidReview, match="offset from UTC"):
        films.append(replace(review(FILM), time=time))


def test_a_second_read_says_of_which_decision_and_is_a_decision_like_any_other(films: Store) -> None:
    first, _ = films.append(review(FILM, "Ada", pneumonia="present"))
    second, _ = films.append(replace(review(FILM, "Ben", pneumonia="absent"), second_read_of=first.id))
    assert films.standing(FILM.sop_instance_uid, 1) == second
    assert second.second_read_of == first.id
    films.undo("Ben")
    assert films.standing(FILM.sop_instance_uid, 1) == first


def test_a_second_read_of_no_decision_on_its_frame_is_refused(films: Store) -> None:
    other, _ = films.append(review(OTHER_FILM))
    films.undo("Ada")
    undo = films.history()[-1]
    for number in (99, other.id, undo.id):
        with pytest.raises(InvalidReview, match="second read"):
            films.append(replace(review(FILM), second_read_of=number))
    assert films.standing_reviews() == []


def test_the_latest_decision_stands_whoever_made_it(films: Store) -> None:
    films.append(review(FILM, "Ada", pneumonia="present"))
    films.append(review(FILM, "Ben", pneumonia="absent"))
    assert standing_findings(films) == {"pneumonia": "absent"}
    assert len(films.history()) == 2
    assert [r.reader for r in films.standing_reviews()] == ["Ben"]


def test_frames_are_decided_one_by_one(store: Store) -> None:
    stack = header(5, frames=3)
    store.add_images([stack])
    store.append(review(stack, frame=2))
    assert store.standing(stack.sop_instance_uid, 1) is None
    assert store.standing(stack.sop_instance_uid, 2) is not None


def test_undo_restores_what_stood_before_and_redo_brings_it_back(films: Store) -> None:
    films.append(review(FILM, pneumonia="present"))
    second, _ = films.append(review(FILM, pneumonia="absent"))
    undone = films.undo("Ada")
    assert undone is not None
    assert undone.review is not None
    assert undone.review.takes_back == second.id
    assert undone.images_reviewed == ((FILM.sop_instance_uid, 1),)
    assert dict(undone.review.findings) == standing_findings(films) == {"pneumonia": "present"}
    redone = films.redo("Ada")
    assert redone is not None
    assert redone.review is not None
    assert redone.review.takes_back == undone.review.id
    assert dict(redone.review.findings) == standing_findings(films) == {"pneumonia": "absent"}
    assert films.standing(FILM.sop_instance_uid, 1) == second
    assert len(films.history()) == 4


def test_undoing_the_only_decision_leaves_none(films: Store) -> None:
    films.append(review(FILM))
    undone = films.undo("Ada")
    assert undone is not None
    assert undone.review is not None
    assert undone.review.findings == ()
    assert standing_findings(films) is None
    assert films.standing_reviews() == []


def test_undo_goes_on_across_images(films: Store) -> None:
    films.append(review(FILM))
    films.append(review(OTHER_FILM))
    assert films.undo("Ada") is not None
    assert standing_findings(films, OTHER_FILM.sop_instance_uid) is None
    assert standing_findings(films) is not None
    assert films.undo("Ada") is not None
    assert standing_findings(films) is None
    assert films.undo("Ada") is None


def test_undo_and_redo_go_on_after_a_restart(tmp_path: Path) -> None:
    place = tmp_path / "overread.sqlite"
    with Store(place) as store:
        store.add_images([FILM])
        store.append(review(FILM, pneumonia="present"))
        store.append(review(FILM, pneumonia="absent"))
    with Store(place) as store:
        assert store.undo("Ada") is not None
    with Store(place) as store:
        assert standing_findings(store) == {"pneumonia": "present"}
        assert store.redo("Ada") is not None
    with Store(place) as store:
        assert standing_findings(store) == {"pneumonia": "absent"}
        assert store.redo("Ada") is None


def test_a_new_decision_ends_what_could_be_redone(films: Store) -> None:
    films.append(review(FILM))
    films.undo("Ada")
    films.append(review(OTHER_FILM))
    assert films.redo("Ada") is None
    films.undo("Ada")
    assert films.redo("Ada") is not None
    assert films.redo("Ada") is None


def test_a_reader_takes_back_only_their_own(films: Store) -> None:
    films.append(review(FILM, "Ada", pneumonia="present"))
    films.append(review(FILM, "Ben", pneumonia="absent"))
    assert films.undo("Ada") is not None
    assert standing_findings(films) == {"pneumonia": "absent"}
    assert films.undo("Ada") is None
    assert films.undo("Ben") is not None
    assert standing_findings(films) is None
    assert films.redo("Ada") is not None
    assert standing_findings(films) == {"pneumonia": "present"}


def test_a_redo_below_another_readers_decision_leaves_theirs_standing(films: Store) -> None:
    films.append(review(FILM, "Ada", pneumonia="present"))
    films.append(review(FILM, "Ben", pneumonia="absent"))
    films.undo("Ada")
    redone = films.redo("Ada")
    assert redone is not None
    assert redone.review is not None
    assert dict(redone.review.findings) == standing_findings(films) == {"pneumonia": "absent"}


def test_what_was_redone_can_be_undone_again(films: Store) -> None:
    decided, _ = films.append(review(FILM))
    for _ in range(3):
        undone = films.undo("Ada")
        assert undone is not None
        assert undone.review is not None
        assert undone.review.takes_back == decided.id
        assert standing_findings(films) is None
        assert films.redo("Ada") is not None
        assert films.standing(FILM.sop_instance_uid, 1) == decided


def test_nobody_has_nothing_to_undo(films: Store) -> None:
    assert films.undo("Ada") is None
    assert films.redo("Ada") is None
    assert films.history() == []


def test_a_review_of_an_image_that_is_not_here_is_refused(films: Store) -> None:
    with pytest.raises(UnknownImage, match="not in the worklist"):
        films.append(review(header(99)))


@pytest.mark.parametrize("frame", [0, 2, -1])
def test_a_review_of_a_frame_that_is_not_there_is_refused(films: Store, frame: int) -> None:
    with pytest.raises(UnknownImage, match=f"1 frame, .* frame {frame}"):
        films.append(review(FILM, frame=frame))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"findings": ()}, InvalidAnswer),
        ({"findings": (("a", "perhaps"),)}, InvalidAnswer),
        ({"findings": (("", "present"),)}, InvalidAnswer),
        ({"findings": (("a", "present"), ("a", "absent"))}, InvalidAnswer),
        ({"reader": "  "}, InvalidReview),
        ({"takes_back": 1}, InvalidReview),
        ({"id": 7}, InvalidReview),
    ],
)
def test_a_review_that_says_nothing_clear_is_refused_and_not_kept(
    films: Store, change: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        films.append(replace(review(FILM), **change))  # type: ignore[arg-type]
    assert films.history() == []


READERS = st.sampled_from(["Ada", "Ben"])
PLACES = [(header(1, frames=2), 1), (header(1, frames=2), 2), (header(2), 1)]


class TwoReaders(RuleBasedStateMachine):
    """Any sequence of deciding, undoing and redoing by two readers, beside a model in plain lists.

    The model keeps, for each reader, decisions done and undone as two stacks. What stands on a
    frame is the latest number among the done of both readers.
    """

    @initialize()
    def open_store(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "overread.sqlite")
        self.store.add_images(image for image, _ in PLACES)
        self.done: dict[str, list[Review]] = {"Ada": [], "Ben": []}
        self.undone: dict[str, list[Review]] = {"Ada": [], "Ben": []}
        self.rows = 0

    @rule(reader=READERS, place=st.sampled_from(PLACES), answer=st.sampled_from(["present", "absent"]))
    def decide(self, reader: str, place: tuple[Header, int], answer: Answer) -> None:
        image, frame = place
        recorded, _ = self.store.append(review(image, reader, frame, pneumonia=answer))
        self.done[reader].append(recorded)
        self.undone[reader].clear()
        self.rows += 1

    @rule(reader=READERS)
    def undo(self, reader: str) -> None:
        changes = self.store.undo(reader)
        assert (changes is None) == (not self.done[reader])
        if changes is not None:
            self.undone[reader].append(self.done[reader].pop())
            self.require_row(changes.review, self.undone[reader][-1])

    @rule(reader=READERS)
    def redo(self, reader: str) -> None:
        changes = self.store.redo(reader)
        assert (changes is None) == (not self.undone[reader])
        if changes is not None:
            self.done[reader].append(self.undone[reader].pop())
            self.require_row(changes.review, self.done[reader][-1])

    @rule()
    def restart(self) -> None:
        place = self.store.place
        self.store.close()
        self.store = Store(place)

    def require_row(self, row: Review | None, concerned: Review) -> None:
        """The row that takes back is of the decision's frame and holds what stands after it."""
        self.rows += 1
        assert row is not None
        place = (concerned.sop_instance_uid, concerned.frame)
        assert (row.sop_instance_uid, row.frame) == place
        stands = self.expected().get(place)
        assert row.findings == (stands.findings if stands is not None else ())

    def expected(self) -> dict[tuple[str, int], Review]:
        decisions = sorted(self.done["Ada"] + self.done["Ben"], key=lambda r: r.id)
        return {(r.sop_instance_uid, r.frame): r for r in decisions}

    @invariant()
    def what_stands_is_the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        expected = self.expected()
        assert {(r.sop_instance_uid, r.frame): r for r in self.store.standing_reviews()} == expected
        for image, frame in PLACES:
            place = (image.sop_instance_uid, frame)
            assert self.store.standing(*place) == expected.get(place)
        assert len(self.store.history()) == self.rows

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestTwoReaders = TwoReaders.TestCase
TestTwoReaders.settings = settings(max_examples=12, stateful_step_count=25)
