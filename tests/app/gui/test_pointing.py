"""A reader shows where a finding is, and heatmap that is on the wrong place, on a film that is turned."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.settings import read_settings
from reviews.record import Annotation
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES
from tests.widgets.hand import At, Hand
from training.samples import from_store
from widgets.viewer import Viewer

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

pytestmark = pytest.mark.timeout(300)


def place_of(viewer: Viewer, row: float, column: float) -> At:
    """Where a point of the film lies in the view that shows it turned right, then mirrored."""
    image, placement = viewer.image, viewer.placement
    assert image is not None
    assert placement is not None
    rows, columns = image.shape
    zoom = min(viewer.width() / rows, viewer.height() / columns)  # fitted, on its side
    return (
        viewer.width() / 2 + (row - rows / 2) * zoom,  # turned right it would be mirrored: and it is
        viewer.height() / 2 + (column - columns / 2) * zoom,
    )


def in_hand(viewer: Viewer) -> str:
    """The tool of the left button."""
    return viewer.left_tool


def drawn_finding(desk: Desk) -> str:
    painter = desk.window.reading.viewer._heatmap
    return "" if painter is None else painter.heatmap.finding


def kept(desk: Desk) -> list[Annotation]:
    return desk.place.store.annotations()


def test_a_region_on_a_turned_film_is_kept_in_stored_pixels_told_as_a_share_and_learned_from(
    open_desk: OpenDesk,
) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-008"])
    desk.settle(1)
    page, reading = desk.window.reading, desk.station.reading
    viewer, panel = page.viewer, page.evidence
    desk.press(Qt.Key.Key_H)
    desk.until(lambda: viewer.is_heatmap_drawn)
    viewer.setFocus()
    desk.press(Qt.Key.Key_R)
    desk.press(Qt.Key.Key_X)
    assert viewer.image is not None
    rows, columns = viewer.image.shape
    box = (0.2 * rows, 0.15 * columns, 0.5 * rows, 0.45 * columns)

    # The reader decides, and shows where that finding is: the suggestion does not matter any more.
    reading.answer("opacity", "present")
    desk.until(lambda: desk.station.pointing.finding_of("evidence") == "opacity")
    viewer.setFocus()
    desk.press(Qt.Key.Key_E, SHIFT)
    assert in_hand(viewer) == "evidence"
    Hand(viewer).drag(place_of(viewer, box[0], box[1]), place_of(viewer, box[2], box[3]))
    desk.until(lambda: kept(desk))
    (region,) = kept(desk)
    assert (region.kind, region.text, region.reader) == ("evidence", "opacity", "A. Smith")
    assert np.sort(np.array(region.points), axis=0).ravel() == pytest.approx(np.array(box), abs=0.01 * rows)

    # Heatmap on the wrong place, as a rectangle: of the finding whose heatmap is shown; its share is told.
    reading.select_finding("no-finding")
    desk.until(lambda: drawn_finding(desk) == "no-finding")
    viewer.setFocus()
    desk.press(Qt.Key.Key_W, SHIFT)
    desk.press(Qt.Key.Key_G, SHIFT)
    desk.until(lambda: read_settings(desk.place.folder).region_shape == "rectangle")
    Hand(viewer).drag(place_of(viewer, 0, 0), place_of(viewer, rows, columns))
    desk.until(lambda: len(kept(desk)) == 2)
    wrong = kept(desk)[-1]
    assert (wrong.kind, wrong.text, len(wrong.points)) == ("not-evidence", "no-finding", 4)
    assert "Misplaced" in desk.texts(panel)
    assert "100%" in desk.texts(panel)

    # Trainings learn from both; taken back they are gone, decision and drawing in one order.
    card = reading.model_for(viewer.image.header)
    assert card is not None
    (sample,) = from_store(desk.place.store, card).samples
    assert [(r.finding, r.is_evidence) for r in sample.regions] == [("opacity", True), ("no-finding", False)]
    desk.press(Qt.Key.Key_Escape)
    desk.press(Qt.Key.Key_Z, CONTROL)
    desk.until(lambda: len(kept(desk)) == 1)
    desk.until(lambda: "Misplaced" not in desk.texts(panel))
    desk.close()

    # The next day it is there; Alt hides it with everything else.
    again = open_desk()
    again.settle(1)
    tools = again.station.annotating.tools[again.window.reading.viewer]
    again.until(lambda: tools.shown)
    assert [one.kind for one in tools.shown] == ["evidence"]


def test_what_has_no_place_is_not_drawn_and_the_buttons_follow_the_tool(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-008"])
    desk.settle(1)
    page = desk.window.reading
    viewer, buttons = page.viewer, page.evidence.regions
    desk.station.reading.select_finding("no-finding")
    desk.click(buttons, "Where is it?")
    assert in_hand(viewer) == "window"
    assert not any(desk.button(buttons, name).isChecked() for name in ("Where is it?", "Wrong place"))
    assert "“no finding” has no place" in desk.texts(desk.window)
    desk.station.reading.select_finding("opacity")
    desk.click(buttons, "Where is it?")
    assert in_hand(viewer) == "evidence"
    assert desk.button(buttons, "Where is it?").isChecked()
    desk.click(buttons, "Where is it?")
    assert in_hand(viewer) == "window"
    desk.click(buttons, "Wrong place")
    assert page.evidence.is_shown  # what is wrong has to be seen
    assert in_hand(viewer) == "not-evidence"
    QApplication.processEvents()
    viewer.setFocus()
    desk.press(Qt.Key.Key_Escape)
    assert not desk.button(buttons, "Wrong place").isChecked()
