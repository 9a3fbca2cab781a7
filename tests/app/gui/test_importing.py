"""A model is brought in by the window's form, with the real command behind it; then it is used, or tuned."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QToolButton, QWidget

from studies.reader import read_header
from tests.app.conftest import Overread
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import card_of, film, write_png
from tests.inference.foreign import write_onnx
from tests.reviews.parts import give_part
from widgets.evidence_methods import MethodChooser

pytestmark = pytest.mark.timeout(400)
PROCESS_MS = 120_000  # that loads torch, on a busy machine


def field(desk: Desk, name: str) -> QLineEdit:
    found = desk.window.models.findChildren(QLineEdit)
    return next(f for f in found if f.accessibleName() == name and f.isVisible())


def open_form(desk: Desk) -> QWidget:
    desk.window.show_page(2)
    desk.click(desk.window.models, "Import a model")
    return desk.window.models.form


def test_weights_are_imported_used_and_offered_for_tuning(
    open_desk: OpenDesk, bundled: Path, tmp_path: Path
) -> None:
    desk = open_desk()
    form = open_form(desk)
    assert not desk.button(form, "Import").isEnabled()
    weights = tmp_path / "ours.safetensors"
    weights.write_bytes((bundled / "starter" / "weights.safetensors").read_bytes())
    field(desk, "File").setText(str(weights))
    QTest.keyClicks(field(desk, "Architecture"), card_of(bundled, "starter").architecture)
    field(desk, "Findings").setText("covid-19, no-finding, pneumonia")
    field(desk, "Name").setText("Ours")
    QTest.mouseClick(form.findChildren(QToolButton)[0], Qt.MouseButton.LeftButton)
    field(desk, "Mean").setText("0.5")
    field(desk, "Standard deviation").setText("0.25")
    desk.click(form, "Import")
    assert not desk.button(form, "Import").isEnabled()
    models = desk.window.models
    desk.until(lambda: not models.is_form_shown, PROCESS_MS)
    card = next(c for c in desk.place.registry.cards() if not c.bundled)
    assert models.selected == card.id
    assert (card.name, card.finding_names) == ("Ours", ("covid-19", "no-finding", "pneumonia"))
    assert card.preprocessing.mean[0] == 0.5
    assert "In its place now: Starter." in desk.texts(models)
    assert "Nobody compared Ours with Starter, which is in use: Evaluation does." in desk.texts(models)

    desk.click(models, "Use this model")
    desk.until(lambda: "Ours suggests from now on." in desk.texts(desk.window.banner))
    desk.until(lambda: "In use: it suggests" in desk.texts(models))
    assert {c.id for c in desk.place.models_in_use()} == {card.id, "phantom"}

    desk.click(models, "Tune it")
    assert desk.window.page == 1
    chooser = next(
        c for c in desk.window.training.findChildren(QComboBox) if c.accessibleName() == "Model to tune"
    )
    assert chooser.currentData() == card.id


def test_what_cannot_be_imported_is_told_in_a_sentence_and_nothing_is_added(
    open_desk: OpenDesk, tmp_path: Path
) -> None:
    desk = open_desk()
    form = open_form(desk)
    (tmp_path / "broken.safetensors").write_bytes(b"no weights at all")
    field(desk, "File").setText(str(tmp_path / "broken.safetensors"))
    field(desk, "Architecture").setText("resnet18")
    field(desk, "Findings").setText("a, b")
    desk.click(form, "Import")
    desk.until(lambda: "broken.safetensors" in desk.texts(form), PROCESS_MS)
    assert desk.button(form, "Import").isEnabled()
    assert desk.window.models.is_form_shown
    assert all(card.bundled for card in desk.place.registry.cards())


def test_an_import_is_cancelled(open_desk: OpenDesk, bundled: Path) -> None:
    desk = open_desk()
    form = open_form(desk)
    field(desk, "File").setText(str(bundled / "starter" / "weights.safetensors"))
    field(desk, "Architecture").setText(card_of(bundled, "starter").architecture)
    field(desk, "Findings").setText("covid-19, no-finding, pneumonia")
    desk.click(form, "Import")
    desk.click(form, "Cancel")
    desk.until(lambda: "The import was cancelled." in desk.texts(form))
    assert all(card.bundled for card in desk.place.registry.cards())


def test_an_onnx_model_suggests_and_says_why_it_shows_no_maps(
    open_desk: OpenDesk, overread: Overread, data_dir: Path, tmp_path: Path
) -> None:
    path = write_onnx(tmp_path / "elsewhere.onnx")
    told = overread("models", "import", path, "--findings", "covid-19,no-finding,pneumonia")
    assert told.status == 0, told.err
    model_id = told.lines[-1]["id"]
    assert overread("models", "promote", model_id, "--reader", "A. Smith").status == 0
    film_path = write_png(tmp_path / "film.png", film("pneumonia", seed=3))
    give_part(data_dir / "overread.sqlite", [read_header(film_path).split_key], "train")
    desk = open_desk()
    desk.station.open_paths([film_path])
    desk.settle(1)
    assert {p.model for p in desk.station.library.predictions.values()} == {model_id}
    desk.press(Qt.Key.Key_H)
    panel = desk.window.reading.evidence
    desk.until(lambda: "An ONNX model gives answers and no features" in desk.texts(panel))
    chooser = panel.findChild(MethodChooser)
    assert isinstance(chooser, MethodChooser)
    assert chooser.names == ["occlusion", "lime"]
    assert chooser.chosen == ""
    assert not desk.window.reading.viewer.is_heatmap_drawn
    chooser.setFocus()
    desk.until(chooser.hasFocus)
    desk.press(Qt.Key.Key_Down)
    desk.until(lambda: desk.window.reading.viewer.is_heatmap_drawn)
