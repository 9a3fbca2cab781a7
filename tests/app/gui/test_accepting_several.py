"""Accepting what a model of several findings suggests, also where it suggests what cannot be together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from inference.card import FindingName
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES, card_of, write_bundled

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def points(request: pytest.FixtureRequest) -> Mapping[str, float]:
    """Operating points of the model: 0 is reached by every film, 1 by none."""
    chosen: Mapping[str, float] = request.param
    return chosen


@pytest.fixture
def bundled(tmp_path: Path, points: Mapping[str, float]) -> Path:
    """The small models, the one of phantoms with findings that can be together, and with none of them."""
    folder = write_bundled(tmp_path / "bundled")
    findings = (FindingName("no-finding", "no finding"), FindingName("opacity", "opacity"))
    card = replace(card_of(folder, "phantom"), task="multilabel", findings=findings, operating_points=points)
    card.check()
    card.write(folder / "phantom" / "card.json")
    return folder


def answered(desk: Desk) -> dict[str, str]:
    """What was recorded of the film that was accepted."""
    desk.until(lambda: desk.place.store.history())
    (review,) = desk.place.store.history()
    assert review.is_acceptance
    return dict(review.findings)


def seated(open_desk: OpenDesk) -> Desk:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-002"])  # one study of one film
    desk.settle(1)
    return desk


@pytest.mark.parametrize("points", [{"no-finding": 0.0, "opacity": 0.0}], indirect=True)
def test_no_finding_beside_a_finding_is_not_accepted_and_the_reader_is_told(open_desk: OpenDesk) -> None:
    desk = seated(open_desk)
    key = desk.key
    desk.press(Qt.Key.Key_Return)
    said = "Nothing was accepted, because these exclude each other: no finding, opacity."
    desk.until(lambda: said in desk.texts(desk.window))
    assert desk.place.store.history() == []
    assert desk.key == key
    desk.window.reading.findings.correct_by_position(2)  # and they can
    desk.until(lambda: desk.place.store.history())
    assert dict(desk.place.store.history()[0].findings) == {"no-finding": "absent", "opacity": "present"}


@pytest.mark.parametrize("points", [{"no-finding": 0.0, "opacity": 0.0}], indirect=True)
def test_what_the_reader_has_answered_settles_what_the_model_contradicts_itself_about(
    open_desk: OpenDesk,
) -> None:
    desk = seated(open_desk)
    desk.station.reading.answer("no-finding", "absent")
    desk.until(lambda: len(desk.place.store.history()) == 1)
    desk.until(lambda: desk.station.library.decision(desk.key) is not None)
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: len(desk.place.store.history()) == 2)
    assert dict(desk.place.store.history()[1].findings) == {"no-finding": "absent", "opacity": "present"}


@pytest.mark.parametrize("points", [{"no-finding": 1.0, "opacity": 0.0}], indirect=True)
def test_what_is_suggested_is_present_and_the_rest_absent(open_desk: OpenDesk) -> None:
    desk = seated(open_desk)
    desk.press(Qt.Key.Key_Return)
    assert answered(desk) == {"no-finding": "absent", "opacity": "present"}


@pytest.mark.parametrize("points", [{"no-finding": 1.0, "opacity": 1.0}], indirect=True)
def test_no_finding_that_is_suggested_for_want_of_others_is_what_is_accepted(open_desk: OpenDesk) -> None:
    desk = seated(open_desk)
    desk.press(Qt.Key.Key_Return)
    assert answered(desk) == {"no-finding": "present", "opacity": "absent"}
