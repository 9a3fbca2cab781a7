"""Findings that the model has never seen, and cases like the film on the screen, in the real window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListView

from app.fitting.messages import Neighbours
from app.predicting import Predictors
from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import family
from inference.features import feature_key
from reviews.normalise import complete
from reviews.record import Review
from studies.image import Header
from studies.reader import read, read_header
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.gui.test_keys import press_by_place
from tests.reviews.parts import give_part
from widgets.findings import FindingRow
from widgets.similar import SimilarCase

pytestmark = pytest.mark.timeout(300)
FILMS = 36


@pytest.fixture
def films(data_dir: Path, bundled: Path, hospital: Path) -> list[Header]:
    """Films that may be learned from, of which the first 20 are decided as they are labelled."""
    rows = [line.split(",") for line in (hospital / "labels.csv").read_text().splitlines()[1 : FILMS + 1]]
    headers = [read_header(hospital / file) for file, _, _ in rows]
    give_part(data_dir / "overread.sqlite", [h.split_key for h in headers], "train")
    place = Workplace(data_dir, bundled)
    card = place.registry.find("starter")
    place.store.add_images(headers)
    for header, (_, label, _) in list(zip(headers, rows, strict=True))[:20]:
        place.store.append(Review(header.sop_instance_uid, 1, "A. Smith", complete(card, {label: "present"})))
    look_at(place, card, headers)
    place.close()
    return headers


def look_at(place: Workplace, card: ModelCard, headers: list[Header]) -> None:
    """Let the model see the films as `predict` does, so that no test waits for the window's worker to."""
    predictor = Predictors(place, "cpu").get(card)
    looks = [predictor.look(read(header, 1)) for header in headers]
    for header, look in zip(headers, looks, strict=True):
        place.features.put(feature_key(card, header, 1), look.embedding, look.prediction.unfamiliarity)
    place.store.remember_predictions(look.prediction for look in looks)


@pytest.fixture
def at_film(films: list[Header], open_desk: OpenDesk) -> Callable[[int], Desk]:
    """Sit down before one of the films, with a suggestion for each."""
    desks: list[Desk] = []

    def sit_down(number: int) -> Desk:
        if not desks:
            desks.append(open_desk())
            desks[0].settle(FILMS)
        desk = desks[0]
        desk.station.reading.show_frame((films[number].sop_instance_uid, 1))
        desk.until(lambda: desk.key == (films[number].sop_instance_uid, 1))
        desk.until(lambda: desk.window.reading.viewer.image is not None)
        return desk

    return sit_down


def cases(desk: Desk) -> list[SimilarCase]:
    model = row(desk).model()
    return [model.item_at(model.index(n, 0)) for n in range(model.rowCount())]  # type: ignore[attr-defined]


def row(desk: Desk) -> QListView:
    return desk.window.reading.similar.findChildren(QListView)[0]


def layout(desk: Desk) -> str:
    return desk.window.reading.grid.layout_name


def beside(desk: Desk) -> str:
    """The SOPInstanceUID of the film beside the one that is read."""
    image = desk.window.reading.grid.viewers[1].image
    return image.header.sop_instance_uid if image is not None else ""


def click_case(desk: Desk, number: int) -> None:
    view = row(desk)
    desk.window.reading.side.ensureWidgetVisible(view)
    place = view.visualRect(view.model().index(number, 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def name_field(desk: Desk) -> QLineEdit:
    return desk.window.reading.findings.adder.findChildren(QLineEdit)[0]


def type_finding(desk: Desk, name: str) -> None:
    """Shift+N, the name, Enter."""
    desk.press(Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    desk.until(lambda: QApplication.focusWidget() is name_field(desk))
    QTest.keyClicks(name_field(desk), name)
    before = desk.key
    QTest.keyClick(name_field(desk), Qt.Key.Key_Return)
    assert desk.key == before, "Enter in the field accepts no suggestion"


def has(desk: Desk) -> bool:
    return "tuberculosis" in [r.name for r in desk.window.reading.findings._state.findings]


def remark(desk: Desk) -> str:
    return finding_row(desk, "tuberculosis").remark


def answer_tuberculosis(desk: Desk) -> None:
    """Shift+4, on the film on the screen; wait until it is on disk."""
    desk.until(lambda: has(desk))
    press_by_place(desk, Qt.Key.Key_Dollar, "$", 13, True)
    desk.until(lambda: desk.station.library.decision(shown(desk)) is not None)


def shown(desk: Desk) -> tuple[str, int]:
    assert desk.key is not None
    return desk.key


def finding_row(desk: Desk, name: str) -> FindingRow:
    return next(r for r in desk.window.reading.findings._state.findings if r.name == name)


def test_a_finding_is_added_answered_and_gets_a_site_adapted_value(at_film: Callable[[int], Desk]) -> None:
    desk = at_film(30)
    type_finding(desk, "Tuberculosis")
    desk.until(lambda: has(desk))
    assert "answer a few films with it" in remark(desk)
    for number in (30, 31, 32):
        answer_tuberculosis(at_film(number))
    review = desk.station.library.decision(shown(desk))
    assert review is not None
    assert {n for n, answer in review.findings if answer == "present"} == {"tuberculosis"}
    assert "A. Smith decided: Tuberculosis" in desk.texts(desk.window.reading.findings)
    desk.until(lambda: "3 examples so far" in remark(desk))
    at_film(35)
    desk.until(lambda: finding_row(desk, "tuberculosis").adapted is not None)
    assert finding_row(desk, "tuberculosis").probability is None, "the model itself has never seen it"
    assert "rough" in remark(desk)
    assert finding_row(desk, "pneumonia").probability is not None


def test_what_the_model_has_is_refused_beside_the_field(at_film: Callable[[int], Desk]) -> None:
    desk = at_film(30)
    type_finding(desk, "Other Pneumonia")
    said = "is a finding of the model starter already"
    desk.until(lambda: said in desk.texts(desk.window.reading.findings))
    QTest.keyClick(name_field(desk), Qt.Key.Key_Escape)
    desk.until(lambda: not name_field(desk).isVisible())
    assert desk.place.store.added_findings(family(desk.place.registry.find("starter"))) == ()


def test_a_finding_that_another_program_adds_is_there_too(at_film: Callable[[int], Desk]) -> None:
    desk = at_film(30)
    other = Workplace(desk.place.folder, desk.place.bundled)
    try:
        other.store.add_finding("Tuberculosis", other.registry.find("starter"), "Ben")
    finally:
        other.close()
    desk.until(lambda: has(desk))
    desk.click(desk.window.reading.findings, "Take Tuberculosis away")
    desk.until(lambda: not has(desk))


def test_cases_like_the_film_stand_beside_the_findings_with_what_was_decided(
    at_film: Callable[[int], Desk], films: list[Header]
) -> None:
    desk = at_film(33)
    desk.until(lambda: len(cases(desk)) >= 3)
    decided = {f.sop_instance_uid for f in films[:20]}
    assert {case.key[0] for case in cases(desk)} <= decided
    assert all("A. Smith decided:" in case.about for case in cases(desk))
    # A decision makes the film a case of others.
    press_by_place(desk, Qt.Key.Key_Exclam, "!", 10, True)
    desk.until(lambda: desk.station.library.decision(shown(desk)) is not None)
    before = [case.key for case in cases(desk)]
    at_film(34)
    desk.until(lambda: cases(desk) and [case.key for case in cases(desk)] != before)


def test_a_case_is_compared_side_by_side_and_esc_goes_back(at_film: Callable[[int], Desk]) -> None:
    desk = at_film(33)
    desk.until(lambda: len(cases(desk)) >= 2)
    mine = desk.key
    first, second = (case.key for case in cases(desk)[:2])
    click_case(desk, 0)
    assert layout(desk) == "1x2"
    desk.until(lambda: beside(desk) == first[0])
    assert desk.key == mine, "findings and decisions stay about the film that is read"
    click_case(desk, 1)
    desk.until(lambda: beside(desk) == second[0])
    desk.window.focus_film()
    desk.press(Qt.Key.Key_Escape)
    assert layout(desk) == "1x1"
    click_case(desk, 0)
    assert layout(desk) == "1x2"
    click_case(desk, 0)
    assert layout(desk) == "1x1"


def test_going_on_takes_the_case_away(at_film: Callable[[int], Desk]) -> None:
    desk = at_film(33)
    desk.until(lambda: len(cases(desk)) >= 2)
    click_case(desk, 0)
    at_film(35)
    desk.until(lambda: desk.window.reading.grid.layout_name == "1x1")


def test_the_section_is_closed_by_a_key_and_stays_closed(open_desk: OpenDesk) -> None:
    desk = open_desk()
    assert desk.window.reading.similar.is_expanded
    desk.press(Qt.Key.Key_F9)
    assert not row(desk).isVisible()
    desk.until(lambda: not desk.place.settings.similar_expanded)
    desk.close()
    again = open_desk()
    assert not again.window.reading.similar.is_expanded


def test_a_film_that_measures_has_no_cases_and_is_none(
    films: list[Header], data_dir: Path, at_film: Callable[[int], Desk]
) -> None:
    desk = at_film(33)
    desk.until(lambda: len(cases(desk)) >= 2)
    hidden = cases(desk)[0].key
    desk.station.library.blinds.take({hidden[0]: "test", films[34].sop_instance_uid: "test"}, {})
    desk.station.library.blinds._answered_by.pop(hidden, None)  # by another reader, that is
    desk.station.similar.refresh()
    desk.until(lambda: cases(desk) and hidden not in [case.key for case in cases(desk)])
    at_film(34)
    desk.until(lambda: "Answer first" in desk.texts(desk.window.reading.similar))
    assert cases(desk) == []
    press_by_place(desk, Qt.Key.Key_Exclam, "!", 10, True)
    desk.until(lambda: cases(desk))


def test_after_a_change_of_model_it_says_that_the_films_read_are_looked_at_again(
    at_film: Callable[[int], Desk],
) -> None:
    desk = at_film(33)
    adapting = desk.station.learning.adapting
    told: list[Neighbours] = []
    adapting.told.connect(lambda event: told.append(event) if isinstance(event, Neighbours) else None)
    desk.station.similar.refresh()
    desk.until(lambda: told and cases(desk))
    nothing_looked_at = replace(told[-1], keys=(), similarities=(), compared=0)
    adapting.told.emit(nothing_looked_at)
    assert "The model is looking at the films read so far." in desk.texts(desk.window.reading.similar)
    desk.until(lambda: cases(desk))  # it asks again


def test_with_nothing_read_it_says_what_to_do(open_desk: OpenDesk, data_dir: Path, hospital: Path) -> None:
    film = hospital / "films" / "000.png"
    give_part(data_dir / "overread.sqlite", [read_header(film).split_key], "train")
    desk = open_desk()
    desk.station.open_paths([film])
    desk.settle(1)
    desk.until(lambda: "No other film of this kind is read yet" in desk.texts(desk.window.reading.similar))
