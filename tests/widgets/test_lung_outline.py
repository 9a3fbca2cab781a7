"""The lungs' outline is drawn where they are, over their own film only, and only when it is wanted."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from studies.image import Image, Window
from tests.widgets.films import film, noise
from widgets.lung_outline import LungOutline
from widgets.viewer import Viewer
from widgets.viewer_geometry import View

SQUARE = np.array([[100.0, 100.0], [100.0, 200.0], [200.0, 200.0], [200.0, 100.0]])
FRAME = ("1.2.3", 1)


def dark_film(frame: int = 1) -> Image:
    return film(noise(300, 400) * 0, frame, voi=(Window(2048, 4096),))


@pytest.fixture
def outline(viewer: Viewer) -> LungOutline:
    made = LungOutline(viewer)
    viewer.show_image(dark_film())
    return made


def brightness(viewer: Viewer, row: float, column: float) -> int:
    placement = viewer.placement
    assert placement is not None
    x, y = placement.image_to_view(row, column)
    picture = viewer.grab().toImage()
    return max(
        QColor(picture.pixelColor(round(x) + dx, round(y) + dy)).lightness()
        for dx in (-1, 0, 1)
        for dy in (-1, 0, 1)
    )


def test_it_is_off_until_it_is_wanted(viewer: Viewer, outline: LungOutline) -> None:
    outline.show_outlines(FRAME, [SQUARE])
    assert not outline.is_drawn
    outline.set_visible(True)
    assert outline.is_drawn


@pytest.mark.parametrize("view", [View(), View(90), View(180, True)])
def test_the_line_follows_the_film(viewer: Viewer, outline: LungOutline, view: View) -> None:
    viewer.set_view(view)
    outline.show_outlines(FRAME, [SQUARE])
    outline.set_visible(True)
    assert brightness(viewer, 100, 150) > 60
    assert brightness(viewer, 150, 200) > 60
    assert brightness(viewer, 150, 150) < 30


def test_it_is_never_drawn_over_another_film(viewer: Viewer, outline: LungOutline) -> None:
    outline.show_outlines(FRAME, [SQUARE])
    outline.set_visible(True)
    viewer.show_image(dark_film(frame=2))
    assert not outline.is_drawn
    assert brightness(viewer, 100, 150) < 30


def test_the_bare_film_is_without_it(viewer: Viewer, outline: LungOutline) -> None:
    outline.show_outlines(FRAME, [SQUARE])
    outline.set_visible(True)
    viewer.set_bare(True)
    assert not outline.is_drawn
