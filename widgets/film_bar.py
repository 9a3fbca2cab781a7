"""The buttons above the film: with words where there is room for them, else with icons alone."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from widgets import theme
from widgets.key_hints import action_of, stands_for
from widgets.theme import space

POPUP = QToolButton.ToolButtonPopupMode


class FilmBar(QWidget):
    """A row of buttons, each of which stands for an action, or opens a menu, or both.

    Signals
    -------
    triggered
        The action whose button was pressed.
    """

    triggered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QToolButton] = {}
        self._widths: dict[QToolButton, tuple[int, int]] = {}  # of the icon alone, and with words
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(space(1))
        self._row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # `_fit` sees to that
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def add_action(self, action: str, icon: str, words: str, tip: str, is_tool: bool = False) -> QToolButton:
        """Add a button for an action; a tool stays pressed for as long as it is the chosen one."""
        button = self._made_button(icon, words)
        button.setCheckable(is_tool)
        stands_for(button, action, tip)
        button.clicked.connect(lambda: self._on_clicked(action))
        self._buttons[action] = button
        return button

    def add_menu(self, name: str, icon: str, words: str, tip: str) -> QToolButton:
        """Add a button that opens a menu; `set_menu` says which."""
        button = self._made_button(icon, words)
        button.setToolTip(tip)
        button.setPopupMode(POPUP.InstantPopup)
        self._buttons[name] = button
        return button

    def set_menu(self, name: str, menu: QMenu) -> None:
        """Let a button open a menu; one that stands for an action gets an arrow for it."""
        button = self._buttons[name]
        button.setMenu(menu)
        if action_of(button):
            button.setPopupMode(POPUP.MenuButtonPopup)
        self._measure(button)

    def button(self, name: str) -> QToolButton:
        return self._buttons[name]

    def set_on(self, name: str, is_on: bool) -> None:
        """Mark a button as the one whose tool is chosen, or whose state holds."""
        button = self._buttons[name]
        button.setCheckable(True)
        if button.isChecked() != is_on:
            button.setChecked(is_on)
            self._fit()

    def set_words(self, name: str, words: str) -> None:
        """Say something else on a button."""
        if self._buttons[name].text() != words:
            self._buttons[name].setText(words)
            self._measure(self._buttons[name])

    def set_offered(self, name: str, is_offered: bool) -> None:
        """Show a button only where its action does something."""
        if self._buttons[name].isHidden() == is_offered:
            self._buttons[name].setVisible(is_offered)
            self.updateGeometry()
            self._fit()

    def set_shown(self, is_shown: bool) -> None:
        """Show the buttons, or leave their room empty while there is no film to use them on."""
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.setVisible(is_shown)

    def set_film_shown(self, is_shown: bool) -> None:
        """Film tools work only where there is a film."""
        for button in self._buttons.values():
            button.setEnabled(is_shown)

    def _made_button(self, icon: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setText(words)
        button.setAccessibleName(words)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setEnabled(False)
        self._row.insertWidget(self._row.count() - 1, button)
        self._measure(button)
        return button

    def _on_clicked(self, action: str) -> None:
        self.triggered.emit(action)

    # Fitting a narrow window

    def minimumSizeHint(self) -> QSize:
        """As wide as the icons alone."""
        return QSize(self._width(with_words=False), super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(self._width(with_words=True), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave words out where they do not fit: from the last button on, of what is in use at the end."""
        lacking = self._width(with_words=True) - self.width()
        last_first = list(self._widths)[::-1]
        for button in sorted(last_first, key=QToolButton.isChecked):
            if button.isHidden():
                continue
            has_words = lacking <= 0
            alone, whole = self._widths[button]
            lacking -= 0 if has_words else whole - alone
            _set_words_shown(button, has_words)

    def _width(self, with_words: bool) -> int:
        shown = [widths for button, widths in self._widths.items() if not button.isHidden()]
        return sum(widths[with_words] for widths in shown) + self._row.spacing() * len(shown)

    def _measure(self, button: QToolButton) -> None:
        """Note how wide a button is in both forms; asking again while the layout runs would never end."""
        button.ensurePolished()
        widths = []
        for are_shown in (False, True):
            _set_words_shown(button, are_shown)
            widths.append(button.sizeHint().width())
        self._widths[button] = widths[0], widths[1]
        self.updateGeometry()
        self._fit()


def _set_words_shown(button: QToolButton, are_shown: bool) -> None:
    style = (
        Qt.ToolButtonStyle.ToolButtonTextBesideIcon if are_shown else Qt.ToolButtonStyle.ToolButtonIconOnly
    )
    if button.toolButtonStyle() != style:
        button.setToolButtonStyle(style)
