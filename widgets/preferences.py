"""What a reader sets once: name, language, how the mouse moves a window, which texts stand on the film."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from widgets.theme import space
from widgets.viewer_texts import TEXT_FIELDS, TextField, field_name
from widgets.wheel import leave_wheel_to_scrolling


class Preferences(QWidget):
    """Shows what is set, and tells at once what the reader changes.

    Signals
    -------
    reader_changed(name)
        Who reads; empty means the operating system's user.
    language_changed(code)
        Which language the window speaks from the next start on; empty means the desktop's.
    up_brighter_changed(is_up_brighter)
        Which way a vertical drag moves the window.
    text_field_toggled(field)
        A text in the corners is wanted, or not any more.
    """

    reader_changed = Signal(str)
    language_changed = Signal(str)
    up_brighter_changed = Signal(bool)
    text_field_toggled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reader = QLineEdit()
        self._reader.setAccessibleName(self.tr("Reader's name"))
        self._reader.setToolTip(self.tr("It stands beside every decision you make from now on"))
        self._reader.setMaximumWidth(space(80))
        self._reader.editingFinished.connect(self._on_reader)
        self._language = QComboBox()
        self._language.setAccessibleName(self.tr("Language"))
        self._language.setToolTip(self.tr("Language of the window, from the next start on"))
        self._language.setMaximumWidth(space(80))
        self._language.activated.connect(self._on_language)
        self._up_brighter = QRadioButton(self.tr("Dragging up brightens"))
        self._up_darker = QRadioButton(self.tr("Dragging down brightens"))
        for button in (self._up_brighter, self._up_darker):
            button.setToolTip(self.tr("With the window tool, on every film"))
        self._up_brighter.toggled.connect(self.up_brighter_changed)
        self._fields: dict[TextField, QCheckBox] = {}
        for field in TEXT_FIELDS:
            box = QCheckBox(field_name(field))
            box.setToolTip(self.tr("Show it on films"))
            box.clicked.connect(lambda _=False, f=field: self.text_field_toggled.emit(f))
            self._fields[field] = box
        self._lay_out()

    def offer_languages(self, languages: Sequence[tuple[str, str]]) -> None:
        """Offer languages as (code, what its speakers call it), after the desktop's."""
        self._language.clear()
        self._language.addItem(self.tr("As the desktop"), "")
        for code, name in languages:
            self._language.addItem(name, code)

    def show_settings(
        self, reader: str, user: str, language: str, is_up_brighter: bool, hidden: frozenset[str]
    ) -> None:
        """Show what is set; `user` is who reads where no name is set, `language` a code or empty."""
        if not self._reader.hasFocus():
            self._reader.setText(reader)
        self._reader.setPlaceholderText(user)
        self._language.setCurrentIndex(max(self._language.findData(language), 0))
        with QSignalBlocker(self._up_brighter), QSignalBlocker(self._up_darker):
            self._up_brighter.setChecked(is_up_brighter)
            self._up_darker.setChecked(not is_up_brighter)
        for field, box in self._fields.items():
            box.setChecked(field not in hidden)

    def focus_first(self) -> None:
        self._reader.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, space(3), 0)
        column.setSpacing(space(2))
        column.addWidget(_title(self.tr("Reader")))
        column.addWidget(self._reader)
        column.addSpacing(space(2))
        column.addWidget(_title(self.tr("Language")))
        column.addWidget(self._language)
        column.addWidget(_caption(self.tr("The window speaks it from the next start on.")))
        column.addSpacing(space(2))
        column.addWidget(_title(self.tr("Mouse")))
        column.addWidget(self._up_brighter)
        column.addWidget(self._up_darker)
        column.addSpacing(space(2))
        column.addWidget(_title(self.tr("Texts on the film")))
        grid = QGridLayout()
        grid.setHorizontalSpacing(space(6))
        half = (len(self._fields) + 1) // 2
        for number, box in enumerate(self._fields.values()):
            grid.addWidget(box, number % half, number // half)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        column.addWidget(_caption(self.tr("Warnings, such as lossy compression, always stand.")))
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        area.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        leave_wheel_to_scrolling(inner)

    def _on_reader(self) -> None:
        self.reader_changed.emit(self._reader.text().strip())

    def _on_language(self) -> None:
        self.language_changed.emit(str(self._language.currentData()))


def _title(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "title")
    return label


def _caption(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "caption")
    return label
