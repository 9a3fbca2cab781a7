"""How good the model in use is: measured in a process of its own, and there to be looked at from then on."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.workplace import Workplace
from reviews.normalise import complete
from reviews.record import Review
from studies.reader import read_header
from tests.app.gui.conftest import OpenDesk
from tests.reviews.parts import give_part

pytestmark = pytest.mark.timeout(400)
MEASURING_MS = 180_000  # a process that loads torch on a busy machine


@pytest.fixture
def answered(data_dir: Path, bundled: Path, hospital: Path) -> int:
    """Films of the test part on which a reader has decided; how many."""
    place = Workplace(data_dir, bundled)
    card = place.registry.find("starter")
    rows = [line.split(",") for line in (hospital / "labels.csv").read_text().splitlines()[1:25]]
    headers = [read_header(hospital / file) for file, _, _ in rows]
    give_part(data_dir / "overread.sqlite", {header.split_key for header in headers}, "test")
    place.store.add_images(headers)
    for header, (_, label, _) in zip(headers, rows, strict=True):
        place.store.append(Review(header.sop_instance_uid, 1, "A. Smith", complete(card, {label: "present"})))
    place.close()
    return len(headers)


def test_the_model_in_use_is_measured_and_the_result_is_there_after_a_restart(
    open_desk: OpenDesk, answered: int
) -> None:
    desk = open_desk()
    desk.click(desk.window, "Training")
    desk.until(lambda: desk.window.model_label.text())
    desk.click(desk.window.training, "Evaluation")
    desk.until(lambda: desk.window.page == 2)
    view = desk.window.models.evaluation
    assert "not measured here yet" in desk.texts(view)
    desk.click(view, "Measure")
    desk.until(lambda: f"on {answered} films" in desk.texts(view), MEASURING_MS)
    assert "macro AUROC" in desk.texts(view)
    page = desk.station.learning.measuring.page_of(desk.place.registry.find("starter"))
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    desk.close()

    desk = open_desk()
    desk.until(lambda: desk.window.model_label.text())
    desk.click(desk.window, "Models")
    desk.until(lambda: desk.window.models.select("starter"))
    desk.click(desk.window.models, "Evaluation")
    desk.until(lambda: f"on {answered} films" in desk.texts(desk.window.models.evaluation))


def test_without_answered_films_of_the_test_part_it_says_so(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.click(desk.window, "Models")
    desk.until(lambda: desk.window.models.selected is not None)
    desk.click(desk.window.models, "Evaluation")
    view = desk.window.models.evaluation
    desk.click(view, "Measure")
    desk.until(lambda: "o film of the test part" in desk.texts(view), MEASURING_MS)
    assert desk.button(view, "Measure").isEnabled()
