"""How good the model in use is: measured in a process of its own, and there to be looked at from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from app.workplace import Workplace
from reviews.normalise import complete
from reviews.record import Review
from studies.reader import read_header
from tests.app.gui.conftest import OpenDesk
from tests.reviews.parts import give_part

pytestmark = pytest.mark.timeout(400)
MEASURING_MS = 180_000  # a process that loads torch on a busy machine


class Browser(QObject):
    """What shows pages on this machine."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Path] = []

    @Slot(QUrl)
    def show(self, url: QUrl) -> None:
        self.shown.append(Path(url.toLocalFile()))


@pytest.fixture
def browser(qapp: QApplication) -> Iterator[Browser]:
    one = Browser()
    QDesktopServices.setUrlHandler("file", one, "show")
    yield one
    QDesktopServices.unsetUrlHandler("file")


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
    open_desk: OpenDesk, answered: int, browser: Browser
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
    desk.click(view, "Open as a page")
    assert browser.shown == [page]
    desk.close()

    desk = open_desk()
    desk.until(lambda: desk.window.model_label.text())
    desk.click(desk.window, "Models")
    desk.until(lambda: desk.window.models.select("starter"))
    desk.click(desk.window.models, "Evaluation")
    desk.until(lambda: f"on {answered} films" in desk.texts(desk.window.models.evaluation))


def test_a_model_from_elsewhere_is_measured_beside_the_one_in_use(
    open_desk: OpenDesk, answered: int, data_dir: Path, bundled: Path
) -> None:
    """The same weights: it is not better, and nobody knows what it has seen."""
    place = Workplace(data_dir, bundled)
    starter = place.registry.find("starter")
    twin = place.registry.add(
        replace(starter, name="From elsewhere", companions={}), place.registry.weights_path(starter)
    )
    place.close()
    desk = open_desk()
    desk.click(desk.window, "Models")
    desk.until(lambda: desk.window.models.select(twin.id))
    desk.click(desk.window.models, "Evaluation")
    view = desk.window.models.evaluation
    desk.click(view, "Measure")
    desk.until(lambda: f"on {answered} films" in desk.texts(view), MEASURING_MS)
    assert f"Both models give the same probabilities on the {answered} held-out images" in desk.texts(view)
    assert "Which films From elsewhere was fitted on was never written down" in desk.texts(view)
    assert desk.place.store.evaluations(twin.id)[-1].figures["verdict"] == "not worse"


@pytest.fixture
def compared(data_dir: Path) -> Path:
    """A training that ended while no window was open; the page that it left."""
    folder = data_dir / "runs" / "20260101-000000"
    page = folder / "report" / "evaluation.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!doctype html>", encoding="utf-8")
    gate = {"passed": True, "verdict": "not worse", "reasons": ["The candidate is not worse."]}
    done = {"event": "done", "model": "0123", "gate": gate, "report": str(page), "current_evaluation": None}
    evaluation = {"model": "0123", "n": 4, "patients": 4, "findings": ["no-finding", "opacity"]}
    (folder / "command").write_text("train", encoding="utf-8")
    (folder / "arguments.json").write_text("[]", encoding="utf-8")
    (folder / "events.jsonl").write_text(
        json.dumps(done | {"evaluation": evaluation}) + "\n", encoding="utf-8"
    )
    return page


def test_a_candidate_beside_the_model_in_use_is_opened_as_one_page(
    open_desk: OpenDesk, compared: Path, browser: Browser
) -> None:
    desk = open_desk()
    panel = desk.window.training
    desk.click(desk.window, "Training")
    desk.until(lambda: desk.button(panel, "Open as a page").isVisible())
    desk.click(panel, "Open as a page")
    assert browser.shown == [compared]
    compared.unlink()
    desk.click(panel, "Open as a page")
    desk.until(lambda: f"{compared} is not there any more" in desk.texts(desk.window))
    assert browser.shown == [compared]


def test_without_answered_films_of_the_test_part_it_says_so(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.click(desk.window, "Models")
    desk.until(lambda: desk.window.models.selected is not None)
    desk.click(desk.window.models, "Evaluation")
    view = desk.window.models.evaluation
    desk.click(view, "Measure")
    desk.until(lambda: "o film of the test part" in desk.texts(view), MEASURING_MS)
    assert desk.button(view, "Measure").isEnabled()
