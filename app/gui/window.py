"""The main window: three pages, the bar above them and the line below. Layout and actions only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, QRect, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.reading_page import ReadingPage
from widgets import theme
from widgets.film_bar import FilmBar
from widgets.film_menu import Entry, menu_of
from widgets.help_sheet import TWO_COLUMNS_PX, HelpSheet
from widgets.key_hints import stands_for
from widgets.messages import Banner, ImportProblems
from widgets.models import ModelsPanel
from widgets.status import StatusLine
from widgets.theme import space
from widgets.training import TrainingPanel

LEAST_SCREEN_PX = 1024
TITLE_PX = 40


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
        self.film_bar = FilmBar()
        self.identity_button = QToolButton()
        self.key_of: Callable[[str], str] = lambda action: ""  # until the keys are known
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
        self._centre = centre
        self.sheet = HelpSheet(centre)
        self.sheet.closed.connect(self.focus_film)
        self.pages.installEventFilter(self)
        self.reading.middle.installEventFilter(self)

    def _made_bar(self) -> QWidget:
        bar = QWidget()
        bar.setProperty("surface", "panel")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(bar)
        row.setContentsMargins(space(3), space(1), space(3), space(1))
        row.setSpacing(space(1))
        name = QLabel("Overread")
        name.setProperty("role", "strong")
        row.addWidget(name)
        row.addSpacing(space(2))
        row.addWidget(self._made_open_button())
        row.addSpacing(space(2))
        self._fill_film_bar()
        row.addWidget(self.film_bar, 1)
        row.addWidget(self.identity_button)
        for button in self._made_page_buttons():
            row.addWidget(button)
        row.addWidget(self._made_action_button("help", "keyboard-outline", self.tr("Keys")))
        row.addSpacing(space(2))
        row.addWidget(self.model_label)
        return bar

    def _made_open_button(self) -> QToolButton:
        button = QToolButton()
        button.setText(self.tr("Open"))
        button.setIcon(theme.icon("folder-open-outline"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        stands_for(button, "open files", self.tr("Open films; you can also drop them onto the window"))
        button.setAccessibleName(self.tr("Open films"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setMenu(menu_of(button, self._open_entries, self._on_open_chosen))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _open_entries(self) -> tuple[Entry, ...]:
        return (
            Entry("open files", self.tr("Files…"), self.key_of("open files")),
            Entry("open folder", self.tr("Folder…"), self.key_of("open folder")),
        )

    def _on_open_chosen(self, action: str) -> None:
        (self.choose_files if action == "open files" else self.choose_folder)()

    def _fill_film_bar(self) -> None:
        """Buttons for what is done all day; the rest is in their menus, in the film's, and on keys."""
        bar = self.film_bar
        bar.add_action(
            "window",
            "contrast-circle",
            self.tr("W/L"),
            self.tr("Drag to change window and level"),
            is_tool=True,
        )
        bar.add_action("pan", "cursor-move", self.tr("Pan"), self.tr("Drag to move the film"), is_tool=True)
        bar.add_action(
            "zoom",
            "magnify-plus-outline",
            self.tr("Zoom"),
            self.tr("Drag to enlarge the film"),
            is_tool=True,
        )
        bar.add_menu("measure", "ruler", self.tr("Measure"), self.tr("Lengths, angles, areas, marks"))
        bar.add_action(
            "cover",
            "selection-off",
            self.tr("Cover"),
            self.tr("Cover a part of the film, and see what the model says without it"),
            is_tool=True,
        )
        bar.add_action("invert", "invert-colors", self.tr("Invert"), self.tr("Exchange black and white"))
        bar.add_menu("turn", "rotate-right", self.tr("Turn"), self.tr("Turn and flip the film"))
        bar.add_menu(
            "views", "view-grid-outline", self.tr("Layout"), self.tr("Views side by side, and what they show")
        )
        bar.add_action("cine", "play", self.tr("Cine"), self.tr("Play the images of the series"))
        for name in ("measure", "cine"):
            bar.set_offered(name, False)
        button = self.identity_button
        button.setText(self.tr("Patients hidden"))
        button.setIcon(theme.icon("eye-off-outline", theme.TOKENS.look_again))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName(self.tr("Patient data is hidden; press to show it"))
        stands_for(button, "identity", self.tr("Patient data is hidden; press to show it"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: bar.triggered.emit("identity"))
        button.hide()

    def _made_page_buttons(self) -> list[QToolButton]:
        for number, (action, title) in enumerate(
            (
                ("reading page", self.tr("Reading")),
                ("training page", self.tr("Training")),
                ("models page", self.tr("Models")),
            )
        ):
            button = QToolButton()
            button.setText(title)
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setChecked(number == 0)
            stands_for(button, action, title)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("role", "page")
            button.clicked.connect(lambda _=False, n=number: self.show_page(n))
            self.page_buttons.append(button)
        return self.page_buttons

    def _made_action_button(self, action: str, icon: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setAccessibleName(name)
        stands_for(button, action, name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.film_bar.triggered.emit(action))
        return button

    # -- what can be done with it ------------------------------------------------------------

    def show_page(self, number: int) -> None:
        """Bring a page to the front."""
        self.pages.setCurrentIndex(number)
        self.page_buttons[number].setChecked(True)
        self.film_bar.set_shown(number == 0)
        if number == 0:
            self.focus_film()
        self.page_changed.emit(number)

    def focus_film(self) -> None:
        """Keys go to the film: no button waits to be pressed by accident."""
        self.reading.active.setFocus()

    @property
    def page(self) -> int:
        return self.pages.currentIndex()

    def set_film_shown(self, is_shown: bool) -> None:
        """Film tools work only where there is a film."""
        self.film_bar.set_film_shown(is_shown)

    def choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Open films"))
        if names:
            self.paths_chosen.emit([Path(n) for n in names])

    def choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Open a folder of films"))
        if name:
            self.paths_chosen.emit([Path(name)])

    def toggle_panel(self, panel: QWidget) -> None:
        """Show or hide a panel of the reading page, also the next time the window opens."""
        if panel is self.reading.strip:
            self.reading.want_strip(not self.reading.is_strip_wanted)
        else:
            panel.setVisible(panel.isHidden())
        if not self.focusWidget() or not self.focusWidget().isVisible():
            self.focus_film()

    def toggle_full_screen(self) -> None:
        """Take the whole screen that the window is on, or go back to what it was."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def place_sheet(self) -> None:
        """Lay the help sheet over the films where they leave it room enough, else over the page."""
        middle = self.reading.middle
        room = self.pages.geometry()
        is_here = self.page == 0 and not self.reading.are_films_apart
        if is_here and middle.width() >= TWO_COLUMNS_PX + 2 * space(4):
            room = QRect(middle.mapTo(self._centre, QPoint(0, 0)), middle.size())
        self.sheet.place_over(room)

    # -- what Qt asks --------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the help sheet where it belongs when the room for films changes."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self.place_sheet()
        return False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.paths_chosen.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reading.set_films_apart(False)
        self._keep_layout()
        self.closing.emit()
        event.accept()

    def _keep_layout(self) -> None:
        kept = QSettings(str(self._layout_file), QSettings.Format.IniFormat)
        kept.setValue("geometry", self.saveGeometry())
        kept.setValue("splitter", self.reading.splitter.saveState())
        for name, panel in self._side_panels().items():
            kept.setValue(f"hidden/{name}", panel.isHidden())
        kept.setValue("hidden/strip", not self.reading.is_strip_wanted)

    def _side_panels(self) -> dict[str, QWidget]:
        return {"worklist": self.reading.worklist, "findings": self.reading.side}

    def _restore_layout(self) -> None:
        room = self.screen().availableGeometry().size()
        fits = room.width() >= LEAST_SCREEN_PX  # on a smaller screen the window is larger than it anyway
        room -= QSize(0, TITLE_PX)
        self.resize(QSize(1440, 900).boundedTo(room) if fits else QSize(1440, 900))
        kept = QSettings(str(self._layout_file), QSettings.Format.IniFormat)
        geometry, splitter = kept.value("geometry"), kept.value("splitter")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(splitter, QByteArray):
            self.reading.splitter.restoreState(splitter)
        for name, panel in self._side_panels().items():
            panel.setHidden(bool(kept.value(f"hidden/{name}", False, type=bool)))
        self.reading.want_strip(not kept.value("hidden/strip", False, type=bool))


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
