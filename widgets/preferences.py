"""What a reader sets once: their name, how the mouse moves a window, which texts stand on the film."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
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


class Preferences(QWidget):
    """Shows what is set, and tells at once what the reader changes.

    Signals
    -------
    reader_changed(name)
        Who reads; empty means the operating system's user.
    up_brighter_changed(is_up_brighter)
        Which way a vertical drag moves the window.
    text_field_toggled(field)
        A text in the corners is wanted, or not any more.
    """

    reader_changed = Signal(str)
    up_brighter_changed = Signal(bool)
    text_field_toggled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reader = QLineEdit()
        self._reader.setAccessibleName(self.tr("Reader's name"))
        self._reader.setToolTip(self.tr("It stands beside every decision you make from now on"))
        self._reader.setMaximumWidth(space(80))
        self._reader.editingFinished.connect(self._on_reader)
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

    def show_settings(self, reader: str, user: str, is_up_brighter: bool, hidden: frozenset[str]) -> None:
        """Show what is set; `user` is who reads where no name is set."""
        if not self._reader.hasFocus():
            self._reader.setText(reader)
        self._reader.setPlaceholderText(user)
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
        warnings = QLabel(self.tr("Warnings, such as lossy compression, always stand."))
        warnings.setProperty("role", "caption")
        column.addWidget(warnings)
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

    def _on_reader(self) -> None:
        self.reader_changed.emit(self._reader.text().strip())


def _title(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "title")
    return label
