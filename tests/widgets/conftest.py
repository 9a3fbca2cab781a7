"""What tests of widgets share."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from widgets import theme


@pytest.fixture
def themed(qapp: QApplication) -> QApplication:
    """The application in the window's style. Applied once: each time restyles every widget there is."""
    if not qapp.styleSheet():
        theme.apply(qapp)
    return qapp
