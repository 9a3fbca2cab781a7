"""The main window: three pages, the bar above them and the line below. Layout and actions only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.reading_page import ReadingPage
from widgets import theme
from widgets.messages import Banner, ImportProblems
from widgets.models import ModelsPanel
from widgets.status import StatusLine
from widgets.theme import space
from widgets.training import TrainingPanel

PAGES = ("Reading", "Training", "Models")


class Window(QMainWindow):
    """What is in front of the reader. It knows its panels; what they mean is the controllers' work.

    Signals
    -------
    paths_chosen
        Files and folders that were dropped or picked: list[Path].
    page_changed
        Number of the page in front: reading, training, models.
    closing
        The window is about to close.
    """

    paths_chosen = Signal(list)
    page_changed = Signal(int)
    closing = Signal()

    def __init__(self, layout_file: Path) -> None:
        super().__init__()
        self.setWindowTitle("Overread")
        self.setAcceptDrops(True)
        self._layout_file = layout_file
        self.reading = ReadingPage()
        self.training = TrainingPanel()
        self.models = ModelsPanel()
        self.status = StatusLine()
        self.banner = Banner()
        self.problems = ImportProblems()
        self.problems.hide()
        self.pages = QStackedWidget()
        for page in (self.reading, self.training, self.models):
            self.pages.addWidget(page)
        self.page_buttons: list[QToolButton] = []
        self.model_label = QLabel()
        self.model_label.setProperty("role", "quiet")
        self.film_actions: list[QToolButton] = []
        self._lay_out()
        self._restore_layout()

    # -- what it is made of ------------------------------------------------------------------

    def _lay_out(self) -> None:
        centre = QWidget()
        centre.setProperty("surface", "ground")
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._made_bar())
        layout.addWidget(_line())
        layout.addWidget(self.banner)
        layout.addWidget(self.problems)
        layout.addWidget(self.pages, 1)
        layout.addWidget(_line())
        layout.addWidget(self.status)
        self.setCentralWidget(centre)

    def _made_bar(self) -> QWidget:
        bar = QWidget()
        bar.setProperty("surface", "panel")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._bar = QHBoxLayout(bar)
        self._bar.setContentsMargins(space(3), space(1), space(3), space(1))
        self._bar.setSpacing(space(1))
        name = QLabel("Overread")
        name.setProperty("role", "strong")
        self._bar.addWidget(name)
        self._bar.addSpacing(space(3))
        self._bar.addWidget(self._made_open_button())
        self._bar.addSpacing(space(4))
        self._add_film_actions()
        self._bar.addStretch(1)
        for number, title in enumerate(PAGES):
            button = QToolButton()
            button.setText(self.tr(title))
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setChecked(number == 0)
            button.setToolTip(self.tr("{0} (Ctrl+{1})").format(self.tr(title), number + 1))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("role", "page")
            button.clicked.connect(lambda _=False, n=number: self.show_page(n))
            self._shortcut(f"Ctrl+{number + 1}", lambda n=number: self.show_page(n))  # type: ignore[misc]
            self.page_buttons.append(button)
            self._bar.addWidget(button)
        self._bar.addStretch(1)
        self._bar.addWidget(self.model_label)
        return bar

    def _made_open_button(self) -> QToolButton:
        button = QToolButton()
        button.setText(self.tr("Open"))
        button.setIcon(theme.icon("folder-open-outline"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setToolTip(
            self.tr("Open films: files (Ctrl+O) or a folder (Ctrl+Shift+O). You can also drop them.")
        )
        button.setAccessibleName(self.tr("Open films"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(button)
        menu.addAction(self.tr("Files…"), "Ctrl+O", self.choose_files)
        menu.addAction(self.tr("Folder…"), "Ctrl+Shift+O", self.choose_folder)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._shortcut("Ctrl+O", self.choose_files)
        self._shortcut("Ctrl+Shift+O", self.choose_folder)
        return button

    def _add_film_actions(self) -> None:
        viewer = self.reading.viewer
        for icon, name, key, act in (
            ("invert-colors", self.tr("Invert"), "I", viewer.invert),
            ("rotate-left", self.tr("Rotate left"), "Shift+R", lambda: viewer.rotate(-90)),
            ("rotate-right", self.tr("Rotate right"), "R", lambda: viewer.rotate(90)),
            ("flip-horizontal", self.tr("Flip"), "X", viewer.flip_horizontal),
            ("fit-to-page-outline", self.tr("Fit to the view"), "F", viewer.fit),
            (
                "numeric-1-box-outline",
                self.tr("One film pixel a screen pixel"),
                "O",
                lambda: viewer.zoom_to(1.0),
            ),
            ("restore", self.tr("Reset the view"), "Esc", viewer.reset_view),
        ):
            button = QToolButton()
            button.setIcon(theme.icon(icon))
            button.setToolTip(f"{name} ({key})")
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, act=act: act())
            button.setEnabled(False)
            self.film_actions.append(button)
            self._bar.addWidget(button)

    def _shortcut(self, keys: str, act: Callable[[], object]) -> None:
        action = QAction(self)
        action.setShortcut(keys)
        action.triggered.connect(lambda: act())
        self.addAction(action)

    # -- what can be done with it ------------------------------------------------------------

    def show_page(self, number: int) -> None:
        """Bring a page to the front."""
        self.pages.setCurrentIndex(number)
        self.page_buttons[number].setChecked(True)
        for button in self.film_actions:
            button.setVisible(number == 0)
        if number == 0:
            self.focus_film()
        self.page_changed.emit(number)

    def focus_film(self) -> None:
        """Keys go to the film: no button waits to be pressed by accident."""
        self.reading.viewer.setFocus()

    @property
    def page(self) -> int:
        return self.pages.currentIndex()

    def set_film_shown(self, is_shown: bool) -> None:
        """Film tools work only where there is a film."""
        for button in self.film_actions:
            button.setEnabled(is_shown)

    def choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Open films"))
        if names:
            self.paths_chosen.emit([Path(n) for n in names])

    def choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Open a folder of films"))
        if name:
            self.paths_chosen.emit([Path(name)])

    def toggle_panel(self, panel: QWidget) -> None:
        panel.setVisible(not panel.isVisible())

    # -- what Qt asks --------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.paths_chosen.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._keep_layout()
        self.closing.emit()
        event.accept()

    def _keep_layout(self) -> None:
        kept = QSettings(str(self._layout_file), QSettings.Format.IniFormat)
        kept.setValue("geometry", self.saveGeometry())
        kept.setValue("splitter", self.reading.splitter.saveState())

    def _restore_layout(self) -> None:
        self.resize(1440, 900)
        kept = QSettings(str(self._layout_file), QSettings.Format.IniFormat)
        geometry, splitter = kept.value("geometry"), kept.value("splitter")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(splitter, QByteArray):
            self.reading.splitter.restoreState(splitter)


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
