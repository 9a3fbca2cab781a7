"""Explanations that take a while, covering the film, the lungs: with the real worker behind the window."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from app.gui.evidence import Evidence
from app.gui.suggestions import Suggestions
from app.settings import read_settings
from inference.lung_mask import LungMask
from inference.prediction import Prediction
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES
from tests.widgets.hand import Hand
from widgets.evidence_methods import MethodChooser

pytestmark = pytest.mark.timeout(300)
SHIFT = Qt.KeyboardModifier.ShiftModifier


def control(desk: Desk, name: str) -> QWidget:
    return next(w for w in desk.window.reading.evidence.findChildren(QWidget) if w.accessibleName() == name)


def methods(desk: Desk) -> MethodChooser:
    found = desk.window.reading.evidence.findChild(MethodChooser)
    assert isinstance(found, MethodChooser)
    return found


def choose(desk: Desk, method: str) -> None:
    """Choose a method out of the list that opens."""
    chooser = methods(desk)
    QTest.mouseClick(chooser, Qt.MouseButton.LeftButton)
    view = chooser.view()
    desk.until(view.isVisible)
    view.setCurrentIndex(view.model().index(chooser.findData(method), 0))
    QTest.keyClick(view, Qt.Key.Key_Return)
    desk.until(lambda: not view.isVisible())
    assert chooser.chosen == method


def reading_with_evidence(open_desk: OpenDesk) -> Desk:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    desk.press(Qt.Key.Key_H)
    desk.until(lambda: desk.window.reading.viewer.is_heatmap_drawn)
    return desk


def shown_key(desk: Desk) -> tuple[str, int] | None:
    image = desk.window.reading.viewer.image
    return None if image is None else (image.header.sop_instance_uid, image.frame)


def drawn_method(desk: Desk) -> str:
    painter = desk.window.reading.viewer._heatmap
    return "" if painter is None else painter.heatmap.method


def test_a_long_explanation_is_followed_kept_by_film_and_given_up(open_desk: OpenDesk) -> None:
    desk = reading_with_evidence(open_desk)
    reading, panel = desk.station.reading, desk.window.reading.evidence
    assert drawn_method(desk) == "gradcam"
    told: list[Evidence] = []
    reading.evidence_changed.connect(told.append)
    first = desk.key
    choose(desk, "occlusion")
    desk.until(lambda: drawn_method(desk) == "occlusion")
    shown = [evidence.under_way for evidence in told if evidence.under_way is not None]
    assert any(under_way.total > under_way.done > 0 for under_way in shown)
    assert not control(desk, "Cancel the explanation").isVisible()
    (cells,) = (label for label in panel.findChildren(QLabel) if " cells" in label.text())
    assert not cells.toolTip()  # the network's own are coarser

    # The next film is shown as all are; the method was about one.
    desk.choose_row(1 - [row.study_uid for row in desk.rows].index(desk.row().study_uid))
    desk.until(lambda: desk.key != first and drawn_method(desk) == "gradcam")
    assert methods(desk).chosen == "gradcam"
    assert read_settings(desk.place.folder).heatmap_method == "gradcam"

    # Going back, what was explained is there at once.
    told.clear()
    desk.choose_row(1 - [row.study_uid for row in desk.rows].index(desk.row().study_uid))
    desk.until(lambda: desk.key == first and drawn_method(desk) == "occlusion")
    assert methods(desk).chosen == "occlusion"
    assert all(evidence.under_way is None for evidence in told)

    # Another one is begun and given up: the film is shown as all others are.
    choose(desk, "gradcam")
    desk.until(lambda: drawn_method(desk) == "gradcam")
    choose(desk, "lime")
    cancel = control(desk, "Cancel the explanation")
    assert isinstance(cancel, QPushButton)
    desk.until(cancel.isVisible)
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    desk.until(lambda: drawn_method(desk) == "gradcam" and not cancel.isVisible())
    assert methods(desk).chosen == "gradcam"
    assert desk.row().suggestion


def test_evidence_comes_for_a_film_that_is_opened_while_its_look_is_on_its_way_to_the_store(
    open_desk: OpenDesk,
) -> None:
    desk = open_desk()
    suggestions = desk.window.findChild(Suggestions)
    assert suggestions is not None
    looked = threading.Event()
    desk.station.library.studies_added.connect(lambda _: desk.station.store_jobs.submit(looked.wait))
    try:
        desk.station.open_paths([SAMPLES / "PHANTOM-001"])
        desk.until(lambda: len(suggestions._comparing) == 2)  # of both films, and neither is kept yet
        first = desk.key
        desk.press(Qt.Key.Key_H)
        assert not desk.window.reading.viewer.is_heatmap_drawn  # it may be a copy of one that measures
        desk.choose_row(1 - [row.study_uid for row in desk.rows].index(desk.row().study_uid))
        desk.until(lambda: desk.key != first and shown_key(desk) == desk.key)
    finally:
        looked.set()
    desk.until(lambda: desk.window.reading.viewer.is_heatmap_drawn)


def test_probabilities_follow_a_shape_that_is_dragged_and_nothing_is_kept(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    page, reading = desk.window.reading, desk.station.reading
    before, key = dict(desk.station.library.predictions), desk.key
    row = desk.row()
    told: list[Prediction] = []
    reading.covered.connect(told.append)
    desk.press(Qt.Key.Key_A, SHIFT)
    assert page.viewer.left_tool == "cover"
    hand = Hand(page.viewer)
    middle = page.viewer.width() / 2, page.viewer.height() / 2
    hand.move(middle)
    hand.press(middle)
    hand.move((middle[0] + 40, middle[1] + 40))
    desk.until(lambda: len(told) == 1)
    assert "What if this part were not seen?" in desk.texts(page.findings)
    hand.move((middle[0] + 160, middle[1] + 160))
    desk.until(lambda: len(told) == 2)
    hand.release((middle[0] + 160, middle[1] + 160))
    assert {p.sop_instance_uid for p in told} == {key[0] if key else ""}
    assert told[0].findings != told[1].findings
    assert "→ ." in desk.texts(page.findings) or "→ <" in desk.texts(page.findings)

    # Keys move and size it; Shift+K keeps the inside instead.
    for stroke in (Qt.Key.Key_Left, Qt.Key.Key_Equal):
        count = len(told)
        desk.press(stroke)
        desk.until(lambda n=count: len(told) > n)
    count = len(told)
    desk.press(Qt.Key.Key_K, SHIFT)
    desk.until(lambda: len(told) > count)
    assert "What if only this part were seen?" in desk.texts(page.findings)

    # Nothing of it was kept, in the worklist, in memory or on disk.
    assert desk.station.library.predictions == before
    assert desk.row() == row
    assert desk.place.store.history() == []

    # Esc takes the shape away, then leaves the tool.
    desk.press(Qt.Key.Key_Escape)
    assert "What if" not in desk.texts(page.findings)
    assert page.viewer.left_tool == "cover"
    desk.press(Qt.Key.Key_Escape)
    assert page.viewer.left_tool == "window"


def test_the_answer_that_stays_is_about_where_the_shape_was_left(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    reading, tool, viewer = desk.station.reading, desk.station.probing.tool, desk.window.reading.viewer
    told: list[Prediction] = []
    reading.covered.connect(told.append)
    desk.press(Qt.Key.Key_A, SHIFT)
    hand = Hand(viewer)
    middle = viewer.width() / 2, viewer.height() / 2
    hand.move(middle)
    hand.press(middle)
    steps = 60
    for step in range(1, steps + 1):  # faster than any answer
        hand.move((middle[0] + 3 * step, middle[1] + 2 * step))
    hand.release((middle[0] + 3 * steps, middle[1] + 2 * steps))
    desk.until(lambda: reading._covering._request is None)
    assert 1 <= len(told) < steps
    assert tool.cover is not None
    asked = reading._covering._asked
    assert asked is not None
    assert asked[-1] == tool.cover.region


def test_the_lungs_are_outlined_over_their_own_film(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    desk.press(Qt.Key.Key_O, SHIFT)
    outline = desk.station.probing._outlines[0]
    image = desk.window.reading.viewer.image
    assert image is not None
    assert not outline.is_drawn  # phantoms have none to be found
    grid = np.zeros((64, 64), np.uint8)
    grid[16:48, 8:28] = grid[16:48, 36:56] = 255
    mask = LungMask(grid, (0.0, 0.0, float(image.shape[0]), float(image.shape[1])), True)
    desk.station.reading.lungs_changed.emit(desk.key, mask)
    assert outline.is_drawn
    desk.press(Qt.Key.Key_O, SHIFT)
    assert not outline.is_drawn


def test_shape_and_outline_are_remembered(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    desk.press(Qt.Key.Key_S, SHIFT)
    desk.press(Qt.Key.Key_O, SHIFT)
    assert desk.window.reading.viewer.left_tool == "cover"
    desk.close()
    desk = open_desk()
    assert desk.station.probing.tool.kind == "ellipse"
    assert desk.station.probing.are_lungs_shown


def test_agreement_is_found_out_on_demand(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    findings = desk.window.reading.findings
    assert "altered copies" not in desk.texts(findings)
    desk.click(findings, "Check agreement")
    desk.until(lambda: "of slightly altered copies" in desk.texts(findings))
