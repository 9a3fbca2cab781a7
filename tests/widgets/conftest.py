"""What tests of widgets share."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets import theme
from widgets.viewer import Viewer


@pytest.fixture
def themed(qapp: QApplication) -> QApplication:
    """The application in the window's style. Applied once: each time restyles every widget there is."""
    if not qapp.styleSheet():
        theme.apply(qapp)
    return qapp


@pytest.fixture
def viewer(qtbot: QtBot, themed: QApplication) -> Viewer:
    """A viewer of 400 x 300 px on the screen, without texts, with no film in it."""
    made = Viewer()
    qtbot.addWidget(made)
    made.resize(400, 300)
    with qtbot.waitExposed(made):
        made.show()
    made.set_text_visible(False)
    return made
