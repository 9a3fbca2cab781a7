"""What a file lays over its own image: a shutter hides what it hides in the file; lines stay visible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor

from studies.display import render
from studies.image import Image, Overlay, Shutter, Window
from tests.widgets.films import film, noise
from tests.widgets.test_viewer import pixels_of
from widgets import theme
from widgets.viewer import Viewer
from widgets.viewer_geometry import View

SHUTTERS = {
    "rectangle": Shutter(rectangle=(40, 60, 240, 300)),
    "circle": Shutter(circle=(150.0, 200.0, 110.0)),
    "polygon": Shutter(polygon=((20.0, 200.0), (250.0, 380.0), (280.0, 30.0)), p_value=30000),
    "both": Shutter(rectangle=(0, 0, 300, 250), circle=(150.0, 200.0, 110.0), p_value=65535),
    "bitmap": Shutter(bitmap=Overlay(np.tri(300, 400, -20, dtype=bool))),
}


def grey_film(**fields: object) -> Image:
    return film(noise(300, 400) + np.uint16(500), voi=(Window(2048, 4096),), **fields)


@pytest.mark.parametrize("name", SHUTTERS)
@pytest.mark.parametrize(("rotation", "flipped"), [(0, False), (0, True), (180, False)])
def test_a_shutter_hides_on_the_screen_what_it_hides_in_the_file(
    viewer: Viewer, name: str, rotation: int, flipped: bool
) -> None:
    image = grey_film(shutter=SHUTTERS[name])
    viewer.show_image(image)
    viewer.set_view(View(rotation, flipped, 1.0))
    expected = render(image)
    expected = np.rot90(expected[:, ::-1] if flipped else expected, -rotation // 90)
    differs = pixels_of(viewer)[..., 0] != expected
    assert differs.mean() < 0.005  # the rim of a shape may fall on the one or the other side


def test_a_shutter_stays_sharp_when_the_film_is_enlarged(viewer: Viewer) -> None:
    viewer.show_image(replace(grey_film(), shutter=Shutter(rectangle=(145, 195, 155, 205))))
    viewer.set_view(View(zoom=20.0))
    shown = pixels_of(viewer)[..., 0] > 0
    assert shown[52:248, 102:298].all()
    assert not shown[:48].any()
    assert not shown[:, 302:].any()


def test_thin_lines_of_a_file_are_seen_at_every_zoom_and_can_be_hidden(viewer: Viewer) -> None:
    bits = np.zeros((1500, 2000), bool)
    bits[:, 1000] = True
    image = film(np.zeros((1500, 2000), np.uint16), voi=(Window(2048, 4096),), overlays=(Overlay(bits),))
    viewer.show_image(image)
    accent = QColor(theme.TOKENS.accent)
    column = pixels_of(viewer)[150].astype(int)
    assert np.abs(column - [accent.red(), accent.green(), accent.blue()]).sum(axis=1).min() < 60
    viewer.set_planes_visible(False)
    assert not pixels_of(viewer)[150].any()


def test_an_overlay_lies_where_its_origin_says_even_beyond_the_edges(viewer: Viewer) -> None:
    square = Overlay(np.ones((20, 20), bool), row=-10, column=390)
    viewer.show_image(grey_film(overlays=(square,)))
    viewer.set_view(View(zoom=1.0))
    accent = QColor(theme.TOKENS.accent)
    is_accent = (pixels_of(viewer) == [accent.red(), accent.green(), accent.blue()]).all(axis=2)
    assert is_accent[:10, 390:].all()
    assert not is_accent[10:].any()
    assert not is_accent[:, :390].any()
