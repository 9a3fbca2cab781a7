"""How the heatmap looks is chosen in the panel, is one for all views, and is there the next day."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.settings import read_settings
from inference.overlay import HeatmapStyle
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES


def control(desk: Desk, name: str) -> QWidget:
    return next(w for w in desk.window.reading.evidence.findChildren(QWidget) if w.accessibleName() == name)


def test_the_look_is_one_for_all_views_and_remembered(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    page = desk.window.reading
    desk.press(Qt.Key.Key_H)
    desk.until(lambda: page.viewer.is_heatmap_drawn)
    assert page.viewer.heatmap_style == HeatmapStyle()
    for name, key in (
        ("Choose how it is drawn", Qt.Key.Key_Space),
        ("How the heatmap is drawn", Qt.Key.Key_End),
        ("Opacity of the heatmap in percent", Qt.Key.Key_PageUp),
        ("Method of explanation", Qt.Key.Key_Down),
    ):
        focused = control(desk, name)
        focused.setFocus()
        desk.until(focused.hasFocus)
        desk.press(key)
    desk.until(lambda: page.viewer.is_heatmap_drawn)
    wanted = HeatmapStyle("contours", 0.6)
    assert {viewer.heatmap_style for viewer in page.grid.viewers} == {wanted}
    (cells,) = (label for label in page.evidence.findChildren(QLabel) if " cells" in label.text())
    assert cells.isVisible()
    assert cells.toolTip() == "The network sees no finer than this"
    desk.close()

    # The next day.
    settings = read_settings(desk.place.folder)
    assert settings.heatmap_style == wanted
    desk = open_desk()
    page = desk.window.reading
    assert page.evidence.style_wanted == wanted
    assert page.evidence.is_expanded
    assert page.evidence.method == "gradcam++" == desk.station.reading._suggestions.method
    desk.settle(2)
    desk.until(lambda: page.viewer.is_heatmap_drawn)
    assert page.viewer.heatmap_style == wanted
