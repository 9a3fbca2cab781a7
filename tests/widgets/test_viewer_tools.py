"""Drags follow the data: right is wider, up is brighter, whatever the type and the polarity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studies.display import DisplayState, render
from studies.image import LookupTable, Window
from tests.widgets.films import film, noise
from widgets.viewer_tools import drag_step, dragged_window, dragged_zoom, is_shown_inverted, window_of


def test_right_is_wider_and_left_narrower() -> None:
    window = Window(100, 200)
    assert dragged_window(window, 2.0, 10, 0, False) == Window(100, 220)
    assert dragged_window(window, 2.0, -10, 0, False) == Window(100, 180)


@pytest.mark.parametrize("polarity", ["min-is-black", "min-is-white"])
@pytest.mark.parametrize("inverted", [False, True])
def test_up_is_brighter_in_every_polarity(polarity: str, inverted: bool) -> None:
    image = film(noise(), polarity=polarity)
    state = DisplayState(Window(2048, 3000), inverted)
    shown_inverted = is_shown_inverted(image, state)
    window = dragged_window(Window(2048, 3000), 10.0, 0, -30, shown_inverted)
    assert render(image, replace(state, voi=window)).mean() > render(image, state).mean()


def test_a_width_never_reaches_zero() -> None:
    assert dragged_window(Window(0, 5), 3.0, -1e6, 0, False).width == 1.0
    assert dragged_window(Window(0, 5, "LINEAR_EXACT"), 3.0, -1e6, 0, False).width > 0


def test_sensitivity_follows_the_data_and_not_its_type() -> None:
    eight = noise(top=256).astype(np.uint8)
    window = Window(128, 256)
    same = drag_step(film(eight.astype(np.uint16)), window)
    assert drag_step(film(eight), window) == pytest.approx(same)
    wide = drag_step(film(noise(top=60000)), Window(30000, 60000))
    assert wide == pytest.approx(60000 / 500, rel=0.01)


def test_a_narrow_window_moves_finely() -> None:
    image = film(noise())
    assert drag_step(image, Window(40, 80)) < drag_step(image, Window(40, 4000)) / 5


def test_a_uniform_film_can_be_windowed() -> None:
    assert drag_step(film(np.full((5, 5), 7, np.uint16)), Window(7, 1)) > 0


def test_a_drag_starts_from_what_is_in_force() -> None:
    image = film(noise(top=1001))
    table = LookupTable(100, np.zeros(50, np.float32), 8)
    assert window_of(image, DisplayState(Window(5, 6))) == Window(5, 6)
    assert window_of(image, DisplayState(table)) == Window(125, 50)
    assert window_of(image, DisplayState(None)).width == 1000


def test_up_enlarges() -> None:
    assert dragged_zoom(1.0, -50) > 1.0 > dragged_zoom(1.0, 50)
