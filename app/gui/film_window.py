"""The films in a window of their own, for a workstation with several screens."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QScreen
from PySide6.QtWidgets import QVBoxLayout, QWidget


class FilmWindow(QWidget):
    """Holds the films and their thumbnails; the worklist and the findings stay in the main window.

    Signals
    -------
    closed
        The reader closed it: the films go back.
    """

    closed = Signal()

    def __init__(self, main: QWidget) -> None:
        super().__init__(main, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Films – Overread"))
        self.setProperty("surface", "ground")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._is_being_emptied = False

    def take(self, films: QWidget, geometry: QByteArray | None) -> None:
        """Take the films in and show them: where they were last, else filling another screen."""
        self._layout.addWidget(films)
        films.show()
        if geometry is None or not self.restoreGeometry(geometry):
            self._fill(other_screen(self.parentWidget()))
        self.show()
        self.activateWindow()

    def _fill(self, screen: QScreen | None) -> None:
        if screen is None:
            room = self.screen().availableGeometry().size()
            self.resize(QSize(900, 900).boundedTo(room * 0.9))
            return
        self.setGeometry(screen.availableGeometry())
        self.setWindowState(Qt.WindowState.WindowMaximized)

    def give(self) -> QByteArray:
        """Close without a signal, as the films are taken out; what places the window there again."""
        geometry = self.saveGeometry()
        self._is_being_emptied = True
        self.close()
        return geometry

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tell that the films have to go back."""
        event.accept()
        if not self._is_being_emptied:
            self.closed.emit()


def other_screen(window: QWidget | None) -> QScreen | None:
    """The largest screen that the window is not on; None where there is one screen only."""
    here = None if window is None else window.screen()
    others = [screen for screen in QGuiApplication.screens() if screen is not here]
    return max(others, key=lambda s: s.size().width() * s.size().height(), default=None)
