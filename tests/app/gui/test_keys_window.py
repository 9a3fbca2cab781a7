"""The window around the film: names for a screen reader, keys in tooltips, menus, room, screens."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSplitterHandle,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from app.gui.actions import ACTIONS
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import CT, SAMPLES
from widgets.key_hints import action_of

pytestmark = pytest.mark.timeout(300)


def opened(open_desk: OpenDesk) -> Desk:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001", CT])
    desk.settle(3)
    desk.window.focus_film()
    return desk


def words_of(widget: QWidget) -> str:
    """What a screen reader can say of a control."""
    said = [widget.accessibleName()]
    if isinstance(widget, (QAbstractButton, QLabel)):
        said.append(widget.text())
    return " ".join(said).strip()


def waits_to_be_shown(widget: QWidget) -> bool:
    """Whether it is hidden for a reason of its own, not because another page is in front."""
    above: QWidget | None = widget
    while above is not None:
        if above.isHidden() and not isinstance(above.parent(), QStackedWidget):
            return True
        above = above.parentWidget()
    return False


def focusable(desk: Desk) -> Iterator[QWidget]:
    """Every control of the window that the focus can come to, on all pages and in the sheet."""
    inner = (QLineEdit, QToolButton)  # of a combo box, of a search field: their parent is spoken
    for widget in desk.window.findChildren(QWidget):
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or isinstance(widget, (QSplitterHandle, QMenu)):
            continue
        if widget.objectName().startswith("qt_") or widget.focusProxy() is not None:
            continue
        if widget.window() is not desk.window or waits_to_be_shown(widget):
            continue
        if isinstance(widget, inner) and isinstance(widget.parent(), (QComboBox, QLineEdit)):
            continue
        yield widget


def test_every_control_has_words_for_a_screen_reader(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    desk.station.acts.show_keys()
    nameless = [
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for widget in focusable(desk)
        if not words_of(widget)
    ]
    assert not nameless, "\n".join(nameless)


def test_every_button_tells_its_key(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    desk.until(lambda: desk.button(desk.window.reading.findings, "opacity").toolTip())
    keys = desk.station._keys
    told = [w for w in desk.window.findChildren(QWidget) if action_of(w)]
    assert {action_of(w) for w in told} >= {
        "accept",
        "unsure",
        "undo",
        "note",
        "heatmap",
        "window",
        "cine",
        "help",
    }
    for widget in told:
        action = action_of(widget)
        key = keys._key_of(action)
        assert key, action
        assert widget.toolTip().endswith(f"({key})"), widget.toolTip()
    buttons = desk.window.film_bar.findChildren(QToolButton)
    assert all(button.toolTip() for button in buttons)


def test_the_focus_can_be_seen_on_every_button_of_the_bar(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    for button in desk.window.film_bar.findChildren(QToolButton):
        if not button.isVisible() or not button.isEnabled():
            continue
        desk.window.focus_film()
        before = button.grab().toImage()
        button.setFocus(Qt.FocusReason.TabFocusReason)
        desk.until(button.hasFocus)
        assert button.grab().toImage() != before, button.text()


def test_the_bar_fits_the_narrowest_window_and_says_more_where_there_is_room(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    desk.station.acts.toggle_identity()  # the longest it gets

    def shown() -> list[QToolButton]:
        return [b for b in desk.window.film_bar.findChildren(QToolButton) if b.isVisible()]

    def with_words() -> int:
        return sum(b.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextBesideIcon for b in shown())

    counts = []
    for width in (1280, 1600):
        desk.window.resize(width, 800)
        desk.until(lambda w=width: desk.window.width() == w)  # type: ignore[misc]
        QApplication.processEvents()
        room = desk.window.film_bar.rect()
        assert all(room.contains(button.geometry()) for button in shown()), width
        lefts = sorted((b.geometry().left(), b.geometry().right()) for b in shown())
        assert all(one[1] < other[0] for one, other in pairwise(lefts))
        counts.append(with_words())
    assert counts[1] == len(shown())
    assert counts[0] >= 3
    assert desk.window.minimumSizeHint().width() <= 1280


def entries(menu: QMenu) -> dict[str, str]:
    """Lines of a menu and the keys behind them, with those of the menus it opens."""
    found: dict[str, str] = {}
    for action in menu.actions():
        text, _, key = action.text().partition("\t")
        if action.menu() is not None:
            found |= entries(action.menu())
        elif text:
            found[text] = key
    return found


def film_menu(desk: Desk) -> QMenu:
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def test_a_right_click_offers_what_the_film_allows(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    viewer = desk.window.reading.viewer
    uid = next(row.study_uid for row in desk.rows if row.modality == "CT")
    desk.window.reading.worklist.select(uid)
    desk.until(lambda: viewer.image is not None and viewer.image.header.modality == "CT")
    QTest.mouseClick(viewer, Qt.MouseButton.RightButton, pos=viewer.rect().center())
    desk.until(lambda: QApplication.activePopupWidget() is not None)
    found = entries(film_menu(desk))
    assert (found["Lung"], found["Automatic"], found["Pan"], found["Turn left"]) == ("7", "0", "T", "Shift+R")
    assert {"Length", "Patient's name", "Hide patient data", "Graphics of the file", "Cine"} <= set(found)
    names = {action.name for action in ACTIONS}
    assert {"Fit to the view", "One film pixel a screen pixel"} <= names & set(found)

    # A text is left out in every view and stays so.
    menu = film_menu(desk)
    texts = next(a.menu() for a in menu.actions() if a.text() == "Texts")
    next(a for a in texts.actions() if a.text() == "Patient's name").trigger()
    menu.close()
    assert desk.place.settings.hidden_texts == ("name",)
    assert all("name" in v.hidden_texts for v in desk.window.reading.grid.viewers)

    # By key, the same menu; a drag with the right button opens none.
    QTest.keyClick(viewer, Qt.Key.Key_Menu)
    desk.until(lambda: QApplication.activePopupWidget() is not None)
    next(a for a in film_menu(desk).actions() if a.text().startswith("Turn right")).trigger()
    film_menu(desk).close()
    assert viewer.view.rotation == 90
    zoom = viewer.zoom
    at = viewer.rect().center()
    QTest.mousePress(viewer, Qt.MouseButton.RightButton, pos=at)
    QTest.mouseMove(viewer, at - QPoint(0, 50))
    QTest.mouseRelease(viewer, Qt.MouseButton.RightButton, pos=at - QPoint(0, 50))
    assert viewer.zoom > zoom
    assert QApplication.activePopupWidget() is None


def test_the_bar_marks_the_tool_in_hand_in_whichever_view(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    bar, grid = desk.window.film_bar, desk.window.reading.grid
    desk.until(lambda: bar.button("pan").isEnabled())
    desk.click(bar, "Pan")
    assert [viewer.left_tool for viewer in grid.viewers] == ["pan"] * 4
    assert bar.button("pan").isChecked()
    assert not bar.button("window").isChecked()
    desk.press(Qt.Key.Key_D)
    assert bar.button("measure").isChecked()
    assert bar.button("measure").text() == "Length"
    desk.press(Qt.Key.Key_Escape)
    assert bar.button("window").isChecked()
    assert bar.button("measure").text() == "Measure"


def test_full_screen_and_back(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    before = desk.window.size()
    desk.press(Qt.Key.Key_F11)
    desk.until(desk.window.isFullScreen)
    desk.press(Qt.Key.Key_F11)
    desk.until(lambda: not desk.window.isFullScreen() and desk.window.size() == before)


def test_panels_and_place_are_as_they_were_left(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    page = desk.window.reading
    uid = next(row.study_uid for row in desk.rows if row.modality == "CT")
    page.worklist.select(uid)
    desk.until(lambda: page.strip.isVisible())
    for key in (Qt.Key.Key_F5, Qt.Key.Key_F6):
        desk.press(key)
    assert not page.worklist.isVisible()
    assert not page.strip.isVisible()
    assert page.side.isVisible()
    desk.window.setGeometry(QRect(9000, 7000, 1300, 500))  # a screen that is not there the next time
    desk.close()

    again = open_desk()
    page = again.window.reading
    assert not page.worklist.isVisible()
    assert page.side.isVisible()
    again.until(lambda: page.viewer.position[1] > 1 or page.viewer.image is not None)
    assert not page.strip.isVisible()
    screen = QGuiApplication.primaryScreen().availableGeometry()
    assert screen.contains(again.window.geometry().center())
    assert again.window.height() == 500
    again.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)  # searching shows the list
    assert page.worklist.isVisible()


def test_a_note_is_written_even_where_the_findings_were_hidden(open_desk: OpenDesk) -> None:
    desk = opened(open_desk)
    page = desk.window.reading
    desk.press(Qt.Key.Key_F7)
    assert not page.side.isVisible()
    note = page.findings.findChild(QPlainTextEdit)
    assert note is not None
    desk.until(note.isEnabled)
    desk.press(Qt.Key.Key_N)
    desk.until(note.hasFocus)
