"""The line at the bottom: what is saved, who reads, what computes, what is under way."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QToolButton, QWidget

from widgets import theme
from widgets.numbers import counted
from widgets.theme import space


class Progress(QWidget):
    """Words, a thin bar, and a button beside it."""

    pressed = Signal()

    def __init__(self, name: str, icon: str, tip: str) -> None:
        super().__init__()
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = QProgressBar()
        self._bar.setAccessibleName(name)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(space(20))
        self._button = QToolButton()
        self._button.setIcon(theme.icon(icon))
        self._button.setAccessibleName(tip)
        self._button.setToolTip(tip)
        self._button.clicked.connect(self.pressed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(space(2))
        for widget in (self._words, self._bar, self._button):
            layout.addWidget(widget)
        self.hide()

    @property
    def text(self) -> str:
        return self._words.text()

    def say(self, text: str, done: int, total: int) -> None:
        """Show what is under way; a total of 0 means that nobody knows how much there is."""
        self._words.setText(text)
        self._bar.setRange(0, max(total, 0))
        self._bar.setValue(min(done, total))
        self._button.setEnabled(True)
        self.show()

    def disable(self) -> None:
        self._button.setEnabled(False)


class StatusLine(QWidget):
    """The status line. It says *saved* only what it is told is on disk.

    Signals
    -------
    cancel_requested()
        Stop what runs in the background (not the training).
    training_requested()
        Show the training tab.
    """

    cancel_requested = Signal()
    training_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "ground")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._saved = _text("saved")
        self._reader = _text("quiet")
        self._device = _text("quiet")
        self._corrections = _text("quiet")
        self._background = Progress(self.tr("Background work"), "close", self.tr("Cancel"))
        self._background.pressed.connect(self._on_cancel)
        self._training = Progress(
            self.tr("Progress of the training"), "chart-line", self.tr("Show the training")
        )
        self._training.pressed.connect(self.training_requested)
        research = _text("quiet")
        research.setText(self.tr("Research use only, no medical device"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(space(3), space(1), space(3), space(1))
        layout.setSpacing(space(4))
        layout.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # `_fit` sees to that
        for widget in (self._saved, self._reader, self._device):
            layout.addWidget(widget)
        layout.addStretch(1)
        right: tuple[QWidget, ...] = (self._background, self._training, self._corrections, _rule(), research)
        for part in right:
            layout.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(space(8))
        self._dispensable = (self._corrections, self._device, self._reader)

    def set_saved(self, time: str) -> None:
        """The time of day since which the last decision is on disk; empty says nothing."""
        self._put(self._saved, self.tr("saved {0}").format(time) if time else "")

    def set_reader(self, name: str) -> None:
        self._put(self._reader, self.tr("reader: {0}").format(name) if name else "")

    def set_device(self, device: str, elapsed_ms: float | None = None) -> None:
        """What the model computes on, and how long the last look took."""
        text = device
        if device and elapsed_ms is not None:
            words = self.tr("{0}, {1:.0f} ms") if elapsed_ms >= 1 else self.tr("{0}, under 1 ms")
            text = words.format(device, elapsed_ms)
        self._put(self._device, text)

    def set_corrections(self, count: int) -> None:
        """How many decisions differ from what was suggested."""
        words = counted(count, self.tr("1 correction"), self.tr("{0} corrections"))
        self._put(self._corrections, words if count else "")

    def show_background(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say what is under way, with Cancel; an empty text ends it."""
        if text:
            self._background.say(text, done, total)
        else:
            self._background.hide()
        self._fit()

    def show_training(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say how a training goes, with a way to its tab; an empty text ends it."""
        if text:
            self._training.say(text, done, total)
        else:
            self._training.hide()
        self._fit()

    # Fitting a narrow window

    def minimumSizeHint(self) -> QSize:
        """Never so wide that the window could not be narrower: `_fit` leaves out what does not fit."""
        return QSize(space(80), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out corrections, device and reader, in this order, where there is no room for them."""
        for label in self._dispensable:
            label.setVisible(bool(label.text()))
        for label in self._dispensable:
            if self.sizeHint().width() <= self.width():
                return
            label.hide()

    def _put(self, widget: QLabel, text: str) -> None:
        widget.setText(text)
        widget.setVisible(bool(text))
        self._fit()

    def _on_cancel(self) -> None:
        self._background.disable()
        self.cancel_requested.emit()


def _text(role: str) -> QLabel:
    made = QLabel()
    made.setProperty("role", role)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setFont(theme.figures(made.font()))
    return made


def _rule() -> QFrame:
    line = QFrame()
    line.setFixedSize(1, space(4))
    line.setObjectName("rule")
    line.setStyleSheet(f"#rule {{ background: {theme.TOKENS.line}; }}")
    return line
