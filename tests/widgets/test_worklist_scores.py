"""What re-fitted heads say reaches rows without making them anew: order, search and what is shown follow."""

from __future__ import annotations

import numpy as np
import pytest

from widgets.worklist_model import ROW_ROLE, WorklistModel
from widgets.worklist_rows import Row, Rows
from widgets.worklist_scores import RowScores


def rows(count: int = 4) -> list[Row]:
    return [
        Row(str(n), patient=f"P{n}", date=f"2025-01-0{n + 1}", suggestion="pneumonia", confidence=0.5,
            uncertainty=n / 10)
        for n in range(count)
    ]  # fmt: skip


def scores(
    uids: list[str], names: tuple[str, ...], suggestion: list[int], uncertainty: list[float]
) -> RowScores:
    """Scores of which each suggestion has the same probability."""
    confidence = np.full(len(uids), 0.7, np.float32)
    return RowScores(uids, names, np.array(suggestion, np.int32), confidence, np.array(uncertainty))


def shown(made: Rows, order: str = "uncertain") -> list[str]:
    return [made[slot].study_uid for slot in made.arranged(order).tolist()]  # type: ignore[arg-type]


def test_rows_go_to_the_places_of_their_new_scores() -> None:
    made = Rows(rows())
    assert shown(made) == ["3", "2", "1", "0"]
    done = made.score(scores(["0", "2"], ("opacity",), [0, 0], [0.9, 0.05]), "uncertain")
    assert done.is_rearranged
    assert shown(made) == ["0", "3", "1", "2"]
    changed = made[made.slot_of("0") or 0]
    assert (changed.adapted, changed.suggestion) == ("opacity", "pneumonia")
    assert changed.adapted_confidence == np.float32(0.7)
    assert changed.uncertainty == pytest.approx(0.9)
    assert made[made.slot_of("1") or 0].adapted is None


def test_scores_come_again_and_again() -> None:
    made = Rows(rows())
    for uncertainty in (0.9, 0.01, 0.6):
        made.score(scores(["1"], ("a", "b"), [1], [uncertainty]), "uncertain")
    assert made[made.slot_of("1") or 0].adapted == "b"
    made.score(scores(["1"], ("a",), [-1], [0.1]), "uncertain")
    told = made[made.slot_of("1") or 0]
    assert (told.adapted, told.adapted_confidence) == (None, None)
    assert told.uncertainty == pytest.approx(0.1)


def test_a_row_that_hides_its_suggestion_or_is_not_here_takes_no_score() -> None:
    made = Rows([*rows(1), Row("hidden", is_hidden=True)])
    done = made.score(scores(["hidden", "unknown", "0"], ("a",), [0, 0, 0], [0.5] * 3), "newest")
    assert done.changed.tolist() == [made.slot_of("0")]
    assert made[made.slot_of("hidden") or 0].adapted is None
    assert made[made.slot_of("hidden") or 0].uncertainty is None


def test_no_rows_take_any_scores() -> None:
    assert not len(Rows().score(scores(["0"], ("a",), [0], [0.5]), "newest").changed)


def test_a_row_that_was_made_anew_after_its_score_says_what_it_says() -> None:
    made = Rows(rows())
    made.score(scores(["1"], ("a",), [0], [0.9]), "uncertain")
    made.update([Row("1", suggestion="pneumonia", adapted="other", uncertainty=0.3)], "uncertain")
    assert made[made.slot_of("1") or 0].adapted == "other"


def test_the_search_finds_what_is_suggested_now() -> None:
    made = Rows(rows())
    made.search("opacity")
    assert shown(made) == []
    done = made.score(scores(["2"], ("opacity",), [0], [0.4]), "newest")
    assert done.is_rearranged
    assert shown(made) == ["2"]
    made.score(scores(["2"], ("other",), [0], [0.4]), "newest")
    assert shown(made) == []


def test_a_view_that_shows_a_row_gets_it_with_its_score() -> None:
    model = WorklistModel()
    model.set_rows(rows())
    model.set_order("uncertain")
    model.score_rows(scores(["0"], ("opacity",), [0], [0.99]))
    assert model.uid_at(0) == "0"
    assert model.data(model.index(0), ROW_ROLE).adapted == "opacity"
    assert model.position_of("3") == 1
