"""The lens shows the film under the mouse, larger, through the same window and the same turn."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from studies.image import Shutter, Window
from tests.widgets.films import film
from tests.widgets.hand import Hand
from widgets.magnifier import LEAST_POWER, MOST_POWER, RADIUS_PX, Magnifier
from widgets.viewer import Viewer


def hills() -> NDArray[np.uint16]:
    """Greys that change slowly, and otherwise in every direction."""
    rows, columns = np.mgrid[0:300, 0:400]
    return (600 + 400 * np.sin(rows / 23) + 190 * np.cos(columns / 17 + rows / 50)).astype(np.uint16)


IMAGE = film(hills(), voi=(Window(600, 1200),))


@pytest.fixture
def viewer(viewer: Viewer) -> Viewer:
    viewer.show_image(IMAGE)
    viewer.set_left_tool("magnifier")
    return viewer


def grey_at(viewer: Viewer, x: float, y: float) -> int:
    shown = viewer.grab().toImage().scaled(400, 300).convertToFormat(QImage.Format.Format_Grayscale8)
    return int(shown.pixelColor(round(x), round(y)).red())


@pytest.mark.parametrize(
    ("turn", "flipped", "inverted"), [(0, False, False), (90, False, False), (180, True, True)]
)
def test_the_lens_enlarges_about_the_mouse(viewer: Viewer, turn: int, flipped: bool, inverted: bool) -> None:
    lens = Magnifier(viewer)
    viewer.rotate(turn)
    if flipped:
        viewer.flip_horizontal()
    if inverted:
        viewer.invert()
    hand, middle = Hand(viewer), (200.0, 150.0)
    places = [(20, 0), (-14, 30), (0, -26)]
    bare = {place: grey_at(viewer, middle[0] + place[0], middle[1] + place[1]) for place in places}
    hand.press(middle)
    assert lens.is_held
    for (x, y), grey in bare.items():
        assert grey_at(viewer, middle[0] + 2 * x, middle[1] + 2 * y) == pytest.approx(grey, abs=3)
    hand.release(middle)
    assert not lens.is_held
    assert {p: grey_at(viewer, middle[0] + p[0], middle[1] + p[1]) for p in places} == bare


def test_the_lens_goes_with_the_mouse_and_the_wheel_changes_its_power(viewer: Viewer) -> None:
    lens, hand = Magnifier(viewer), Hand(viewer)
    view = viewer.view
    hand.press((150, 150))
    hand.move((250, 140))
    hand.turn_wheel((250, 140), 2)
    assert lens.power == pytest.approx(2 * 1.25**2)
    hand.turn_wheel((250, 140), 99)
    assert lens.power == MOST_POWER
    hand.turn_wheel((250, 140), -99)
    assert lens.power == LEAST_POWER
    hand.release((250, 140))
    assert viewer.view == view  # the wheel did nothing else
    hand.turn_wheel((250, 140), 1)
    assert viewer.view != view


def test_the_lens_is_given_up_and_is_for_its_own_tool_alone(viewer: Viewer) -> None:
    lens, hand = Magnifier(viewer), Hand(viewer)
    hand.press((150, 150))
    assert viewer.cancel()
    assert not lens.is_held
    hand.release((150, 150))
    viewer.set_left_tool("window")
    hand.press((150, 150))
    assert not lens.is_held
    hand.release((150, 150))
    viewer.set_left_tool("magnifier")
    hand.move((160, 150))
    assert viewer.cursor().shape() == Qt.CursorShape.CrossCursor


def test_what_a_shutter_hides_the_lens_hides_too(viewer: Viewer) -> None:
    viewer.show_image(
        film(np.full((300, 400), 999, np.uint16), voi=(Window(500, 10),), shutter=Shutter((0, 0, 300, 200)))
    )
    Magnifier(viewer)
    hand = Hand(viewer)
    assert grey_at(viewer, 180, 150) == 255
    hand.press((180, 150))
    assert grey_at(viewer, 200, 150) == 255  # 190 on the film
    assert grey_at(viewer, 240, 150) == 0  # 210, behind the shutter
    assert grey_at(viewer, 180 - RADIUS_PX + 5, 150) == 255


def test_the_lens_of_another_film_shows_that_film(viewer: Viewer) -> None:
    Magnifier(viewer)
    hand = Hand(viewer)
    hand.press((200, 150))
    viewer.show_image(film(np.full((300, 400), 7, np.uint8)), keep_view=False)
    viewer.show_image(film(np.full((300, 400), 200, np.uint8), frame=2))
    assert grey_at(viewer, 215, 160) == grey_at(viewer, 20, 20)
