"""The viewer in a reader's hands: drags, wheel, keys, drops, and what it shows when there is no film."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from inference.overlay import HeatmapStyle
from inference.prediction import Heatmap
from studies.display import DisplayState, render
from studies.image import Image, Window
from tests.widgets.films import film, header, noise
from widgets.viewer import Viewer
from widgets.viewer_geometry import View

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton


@pytest.fixture
def image() -> Image:
    return film(noise(300, 400), voi=(Window(2048, 4096),))


def pixels_of(viewer: Viewer) -> NDArray[np.uint8]:
    """The screen as (H, W, 3) RGB, without the frame that shows focus."""
    viewer.clearFocus()
    picture = viewer.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return flat[:, : 3 * picture.width()].reshape(picture.height(), picture.width(), 3).copy()


def drag(qtbot: QtBot, viewer: Viewer, button: Qt.MouseButton, start: QPoint, end: QPoint) -> None:
    qtbot.mousePress(viewer, button, pos=start)
    qtbot.mouseMove(viewer, (start + end) / 2)
    qtbot.mouseMove(viewer, end)
    qtbot.mouseRelease(viewer, button, pos=end)


def turn_wheel(
    viewer: Viewer, angle: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    at = QPointF(100, 75)
    event = QWheelEvent(
        at,
        at,
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewer, event)


def heatmap(image: Image) -> Heatmap:
    rows, columns = image.shape
    return Heatmap("pneumonia", "gradcam", np.full((7, 7), 2.0, np.float32), (0, 0, rows, columns), 2.0)


def test_the_screen_shows_the_rendered_film(viewer: Viewer, image: Image) -> None:
    viewer.show_image(image)
    assert np.array_equal(pixels_of(viewer)[:, :, 0], render(image))


def test_a_left_drag_changes_the_window_and_says_so(viewer: Viewer, image: Image, qtbot: QtBot) -> None:
    viewer.show_image(image)
    with qtbot.waitSignal(viewer.window_changed) as told:
        drag(qtbot, viewer, LEFT, QPoint(100, 100), QPoint(160, 60))
    window = viewer.state.voi
    assert isinstance(window, Window)
    assert isinstance(told.args[0], Window)
    assert window.width > 4096
    assert window.center < 2048
    assert np.array_equal(pixels_of(viewer)[:, :, 0], render(image, viewer.state))


def test_a_drag_back_to_its_start_restores_the_window(viewer: Viewer, image: Image, qtbot: QtBot) -> None:
    viewer.show_image(image)
    qtbot.mousePress(viewer, LEFT, pos=QPoint(100, 100))
    qtbot.mouseMove(viewer, QPoint(180, 140))
    qtbot.mouseMove(viewer, QPoint(100, 100))
    qtbot.mouseRelease(viewer, LEFT, pos=QPoint(100, 100))
    assert viewer.state.voi == Window(2048, 4096)


def test_a_click_changes_nothing(viewer: Viewer, image: Image, qtbot: QtBot) -> None:
    viewer.show_image(image)
    with qtbot.assertNotEmitted(viewer.window_changed):
        qtbot.mouseClick(viewer, LEFT, pos=QPoint(100, 100))
    assert viewer.view == View()


def test_a_middle_drag_moves_the_film(viewer: Viewer, image: Image, qtbot: QtBot) -> None:
    viewer.show_image(image)
    drag(qtbot, viewer, MIDDLE, QPoint(100, 100), QPoint(150, 80))
    expected = np.zeros((300, 400), np.uint8)
    expected[:280, 50:] = render(image)[20:, :350]
    assert np.array_equal(pixels_of(viewer)[:280, 50:, 0], expected[:280, 50:])


def test_a_right_drag_up_enlarges_and_a_double_click_asks_for_room(
    viewer: Viewer, image: Image, qtbot: QtBot
) -> None:
    viewer.show_image(image)
    with qtbot.waitSignal(viewer.zoom_changed):
        drag(qtbot, viewer, RIGHT, QPoint(100, 200), QPoint(100, 100))
    assert viewer.zoom > 1.3
    with qtbot.waitSignal(viewer.maximise_requested):
        qtbot.mouseDClick(viewer, LEFT, pos=QPoint(100, 100))


def test_the_left_button_does_what_its_tool_says(viewer: Viewer, image: Image, qtbot: QtBot) -> None:
    viewer.show_image(image)
    viewer.set_left_tool("zoom")
    drag(qtbot, viewer, LEFT, QPoint(100, 200), QPoint(100, 100))
    assert viewer.zoom > 1.3
    assert viewer.state.voi == Window(2048, 4096)


def test_the_wheel_asks_for_frames_a_notch_at_a_time(viewer: Viewer, image: Image, qtbot: QtBot) -> None:
    viewer.show_image(image)
    viewer.set_position(4, 20)
    steps: list[int] = []
    viewer.scroll_requested.connect(steps.append)
    for angle in (-120, 120, -40, -40, -40, -360):
        turn_wheel(viewer, angle)
    assert steps == [1, -1, 1, 3]
    assert viewer.view == View()


def test_the_wheel_zooms_at_the_mouse_with_ctrl_or_a_single_frame(viewer: Viewer, image: Image) -> None:
    viewer.show_image(image)
    turn_wheel(viewer, 120)
    first = viewer.zoom
    assert first > 1.0
    viewer.set_position(0, 5)
    placement = viewer.placement
    assert placement is not None
    point = placement.view_to_image(100, 75)
    turn_wheel(viewer, 240, Qt.KeyboardModifier.ControlModifier)
    assert viewer.zoom > first
    now = viewer.placement
    assert now is not None
    half_a_screen_pixel = 0.5 / first + 0.5 / viewer.zoom  # the film is laid on whole pixels of the screen
    assert now.view_to_image(100, 75) == pytest.approx(point, abs=half_a_screen_pixel)


def test_space_toggles_the_texts(viewer: Viewer, qtbot: QtBot) -> None:
    black = film(np.zeros((300, 400), np.uint16), voi=(Window(2048, 4096),))
    viewer.show_image(black)
    bare = pixels_of(viewer)
    qtbot.keyClick(viewer, Qt.Key.Key_Space)
    assert viewer.is_text_visible
    assert not np.array_equal(pixels_of(viewer), bare)
    qtbot.keyClick(viewer, Qt.Key.Key_Space)
    assert np.array_equal(pixels_of(viewer), bare)


@pytest.mark.parametrize(
    ("key", "step"),
    [
        (Qt.Key.Key_Up, -1),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_PageDown, 10),
        (Qt.Key.Key_Home, -4),
        (Qt.Key.Key_End, 15),
    ],
)
def test_arrows_and_pages_ask_for_frames(
    viewer: Viewer, image: Image, qtbot: QtBot, key: Qt.Key, step: int
) -> None:
    viewer.show_image(image)
    viewer.set_position(4, 20)
    with qtbot.waitSignal(viewer.scroll_requested) as asked:
        qtbot.keyClick(viewer, key)
    assert asked.args == [step]


def test_turn_flip_and_invert_are_seen(viewer: Viewer, image: Image) -> None:
    viewer.show_image(image)
    viewer.flip_horizontal()
    viewer.invert()
    assert np.array_equal(pixels_of(viewer)[:, :, 0], 255 - render(image)[:, ::-1])
    viewer.rotate(90)
    viewer.rotate(90)
    assert np.array_equal(pixels_of(viewer)[:, :, 0], 255 - render(image)[::-1, :])
    viewer.reset_view()
    assert np.array_equal(pixels_of(viewer)[:, :, 0], render(image))


def test_scrolling_keeps_view_and_window_and_a_new_series_does_not(viewer: Viewer, image: Image) -> None:
    viewer.show_image(image)
    viewer.zoom_to(3.0)
    viewer.apply_window(Window(100, 200))
    view = viewer.view
    next_one = film(noise(300, 400, seed=1), frame=2, voi=(Window(2048, 4096),))
    viewer.show_image(next_one, keep_view=True)
    assert viewer.view == view
    assert viewer.state.voi == Window(100, 200)
    viewer.show_image(film(noise(100, 100), frame=3), keep_view=True)
    assert viewer.view.zoom is None
    viewer.show_image(image, DisplayState(Window(1, 2)))
    assert viewer.view == View()
    assert viewer.state.voi == Window(1, 2)


def test_the_value_under_the_mouse_is_in_modality_units(viewer: Viewer, qtbot: QtBot) -> None:
    pixels = noise(300, 400)
    viewer.show_image(film(pixels, slope=2.0, intercept=-1024.0))
    qtbot.mouseMove(viewer, QPoint(200, 200))
    with qtbot.waitSignal(viewer.cursor_value) as told:
        qtbot.mouseMove(viewer, QPoint(37, 21))
    assert told.args == [21, 37, float(pixels[21, 37]) * 2 - 1024]


def test_colour_tells_its_three_values_and_has_no_window(viewer: Viewer, qtbot: QtBot) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    viewer.show_image(film(pixels))
    qtbot.mouseMove(viewer, QPoint(200, 200))
    with qtbot.waitSignal(viewer.cursor_value) as told:
        qtbot.mouseMove(viewer, QPoint(37, 21))
    assert told.args == [21, 37, tuple(int(v) for v in pixels[21, 37])]
    with qtbot.assertNotEmitted(viewer.window_changed):
        drag(qtbot, viewer, LEFT, QPoint(100, 100), QPoint(160, 60))
    assert np.array_equal(pixels_of(viewer), pixels)


def test_the_heatmap_is_off_until_it_is_asked_for_and_alt_shows_the_bare_film(
    viewer: Viewer, image: Image, qtbot: QtBot
) -> None:
    viewer.show_image(image)
    bare = pixels_of(viewer)
    viewer.set_heatmap(heatmap(image), "Other pneumonia")
    assert np.array_equal(pixels_of(viewer), bare)
    viewer.set_heatmap_visible(True)
    covered = pixels_of(viewer)
    assert not np.array_equal(covered, bare)
    qtbot.keyPress(viewer, Qt.Key.Key_Alt)
    assert np.array_equal(pixels_of(viewer), bare)
    qtbot.keyRelease(viewer, Qt.Key.Key_Alt, Qt.KeyboardModifier.NoModifier)
    assert np.array_equal(pixels_of(viewer), covered)


def test_alt_works_while_another_widget_has_the_focus(qtbot: QtBot, image: Image) -> None:
    window = QWidget()
    viewer, line = Viewer(), QLineEdit()
    layout = QVBoxLayout(window)
    layout.addWidget(viewer)
    layout.addWidget(line)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    viewer.show_image(image)
    viewer.set_heatmap(heatmap(image))
    viewer.set_heatmap_visible(True)
    qtbot.keyPress(line, Qt.Key.Key_Alt)
    assert not viewer.is_heatmap_drawn
    qtbot.keyRelease(line, Qt.Key.Key_Alt)
    assert viewer.is_heatmap_drawn


def test_a_map_is_never_drawn_over_another_frame(viewer: Viewer, image: Image) -> None:
    viewer.show_image(image)
    viewer.set_heatmap(heatmap(image))
    viewer.set_heatmap_visible(True)
    viewer.show_image(image, DisplayState(Window(5, 6)), keep_view=True)
    assert viewer.is_heatmap_drawn
    viewer.show_image(film(noise(300, 400), frame=2), keep_view=True)
    assert not viewer.is_heatmap_drawn


def test_opacity_zero_leaves_the_film_as_it_is(viewer: Viewer, image: Image) -> None:
    viewer.show_image(image)
    bare = pixels_of(viewer)[:, :250]
    viewer.set_heatmap(heatmap(image))
    viewer.set_heatmap_visible(True)
    viewer.set_heatmap_style(HeatmapStyle(opacity=0.0))
    assert np.array_equal(pixels_of(viewer)[:, :250], bare)


def test_waiting_shows_nothing_of_the_film_before(viewer: Viewer, image: Image) -> None:
    viewer.show_image(image)
    viewer.show_waiting(header(300, 400, patient_name="Roe^Sam"))
    assert viewer.image is None
    assert pixels_of(viewer).max() < 200
    assert "Roe, Sam" in viewer.accessibleDescription()


def test_a_problem_is_told_and_can_be_copied(viewer: Viewer, image: Image, qtbot: QtBot) -> None:
    viewer.show_problem("a.dcm ends too early.")
    copy = next(b for b in viewer.findChildren(QPushButton) if b.isVisible())
    qtbot.mouseClick(copy, LEFT)
    assert QGuiApplication.clipboard().text() == "a.dcm ends too early."
    viewer.show_image(image)
    assert not copy.isVisible()


def test_an_empty_viewer_offers_what_to_do(viewer: Viewer, qtbot: QtBot) -> None:
    viewer.show_empty("No films yet.", "Open")
    button = next(b for b in viewer.findChildren(QPushButton) if b.isVisible())
    assert button.text() == "Open"
    with qtbot.waitSignal(viewer.open_requested):
        qtbot.mouseClick(button, LEFT)


def test_dropped_files_are_told(viewer: Viewer, qtbot: QtBot, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.dcm")), QUrl("https://example.org/b.dcm")])
    given = Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier
    entering, dropping = QDragEnterEvent(QPoint(5, 5), *given), QDropEvent(QPointF(5, 5), *given)
    QApplication.sendEvent(viewer, entering)
    assert entering.isAccepted()
    with qtbot.waitSignal(viewer.files_dropped) as told:
        QApplication.sendEvent(viewer, dropping)
    assert told.args == [[tmp_path / "a.dcm"]]


def test_hands_on_an_empty_viewer_do_nothing(viewer: Viewer, qtbot: QtBot) -> None:
    drag(qtbot, viewer, LEFT, QPoint(10, 10), QPoint(90, 90))
    turn_wheel(viewer, 120)
    for act in (viewer.fit, viewer.invert, viewer.flip_horizontal, viewer.reset_view):
        act()
    viewer.zoom_to(2.0)
    viewer.rotate(90)
    assert viewer.view == View()


def test_a_film_vanishing_under_a_drag_ends_the_drag(viewer: Viewer, image: Image, qtbot: QtBot) -> None:
    viewer.show_image(image)
    qtbot.mousePress(viewer, LEFT, pos=QPoint(100, 100))
    qtbot.mouseMove(viewer, QPoint(120, 120))
    viewer.show_problem("gone")
    qtbot.mouseMove(viewer, QPoint(180, 180))
    qtbot.mouseRelease(viewer, LEFT, pos=QPoint(180, 180))
    assert viewer.image is None
