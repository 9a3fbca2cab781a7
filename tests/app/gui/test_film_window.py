"""A reader with two screens puts the films on one and the list on the other."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.gui.film_window import FilmWindow, other_screen
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES

pytestmark = pytest.mark.timeout(300)


def film_windows() -> list[FilmWindow]:
    windows = (w for w in QApplication.topLevelWidgets() if isinstance(w, FilmWindow))
    return [window for window in windows if window.isVisible()]


def open_film(desk: Desk) -> None:
    desk.station.open_paths([SAMPLES / "PHANTOM-002"])
    desk.settle(1)


def test_the_films_move_out_and_back_and_keys_count_in_both_windows(open_desk: OpenDesk) -> None:
    desk = open_desk()
    open_film(desk)
    page = desk.window.reading
    desk.press(Qt.Key.Key_F8)
    desk.until(lambda: len(film_windows()) == 1)
    window = film_windows()[0]
    assert page.viewer.window() is window
    assert page.worklist.window() is desk.window
    desk.until(lambda: page.viewer.image is not None and QApplication.focusWidget() is page.viewer)
    desk.press(Qt.Key.Key_I)
    assert page.viewer.state.inverted
    first = desk.key
    assert first is not None
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: desk.row().status == "read")
    desk.press(Qt.Key.Key_F8)
    desk.until(lambda: page.viewer.window() is desk.window)
    assert page.splitter.indexOf(page.middle) == 1
    assert film_windows() == []
    assert page.viewer.isVisible()


def test_closing_the_films_window_gives_the_films_back(open_desk: OpenDesk) -> None:
    desk = open_desk()
    open_film(desk)
    page = desk.window.reading
    page.set_films_apart(True)
    film_windows()[0].close()
    assert not page.are_films_apart
    assert page.viewer.window() is desk.window
    assert page.viewer.isVisible()


def test_closing_the_main_window_closes_both(open_desk: OpenDesk) -> None:
    desk = open_desk()
    open_film(desk)
    desk.window.reading.set_films_apart(True)
    desk.close()
    assert film_windows() == []


def test_with_one_screen_there_is_no_other(qapp: QApplication) -> None:
    assert len(qapp.screens()) == 1
    assert other_screen(None) is qapp.screens()[0]
