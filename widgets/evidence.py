"""The evidence panel: whether, of what, how and how strongly the heatmap is drawn over the film."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from widgets import theme


class EvidencePanel(QWidget):
    """Switch, finding, method, opacity, and a line that says what to beware of.

    The panel decides nothing: it is told which findings and methods there are, and tells what the
    reader chose. Setting a value from outside emits nothing.

    Signals
    -------
    shown_changed
        The reader switched the heatmap on or off.
    finding_changed
        Machine name of the finding whose evidence is wanted.
    method_changed
        Machine name of the method.
    opacity_changed
        Opacity of the strongest evidence, 0 to 1.
    """

    shown_changed = Signal(bool)
    finding_changed = Signal(str)
    method_changed = Signal(str)
    opacity_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Evidence"))
        self._show = QCheckBox(self.tr("Show"))
        self._show.setToolTip(self.tr("Show the heatmap over the film (H). Hold Alt for the bare film."))
        self._show.setAccessibleName(self.tr("Show the heatmap"))
        self._show.toggled.connect(self._on_shown)
        self._finding = self._chooser(self.tr("Finding whose evidence is shown"))
        self._finding.activated.connect(lambda _: self.finding_changed.emit(self.finding))
        self._method = self._chooser(self.tr("Method of explanation"))
        self._method.activated.connect(lambda _: self.method_changed.emit(self.method))
        self._only_method = QLabel()
        self._only_method.setAccessibleName(self.tr("Method of explanation"))
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setPageStep(10)
        self._opacity.setValue(50)
        self._opacity.setAccessibleName(self.tr("Opacity of the heatmap in percent"))
        self._opacity.valueChanged.connect(self._on_opacity)
        self._percent = QLabel()
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._notes = QLabel()
        self._notes.setProperty("role", "quiet")
        self._warning = _Warning()
        self._lay_out()
        self.set_methods([("gradcam", "Grad-CAM")])
        self.set_findings([], None)
        self._tell_percent()

    def _chooser(self, name: str) -> QComboBox:
        chooser = QComboBox()
        chooser.setAccessibleName(name)
        chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        chooser.setMinimumContentsLength(8)
        chooser.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return chooser

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Evidence"))
        title.setProperty("role", "title")
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self._show)
        opacity = QHBoxLayout()
        opacity.setSpacing(theme.space(2))
        opacity.addWidget(self._opacity, 1)
        opacity.addWidget(self._percent)
        self._percent.setFixedWidth(self._percent.fontMetrics().horizontalAdvance("100%") + theme.space(2))
        method = QHBoxLayout()
        method.addWidget(self._method, 1)
        method.addWidget(self._only_method, 1)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(theme.space(3))
        form.setVerticalSpacing(theme.space(2))
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, field in (
            (self.tr("Finding"), self._finding),
            (self.tr("Method"), method),
            (self.tr("Opacity"), opacity),
        ):
            label = QLabel(words)
            label.setProperty("role", "quiet")
            form.addRow(label, field)
        self._notes.setWordWrap(True)
        self._notes.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(3), theme.space(2), theme.space(3), theme.space(3))
        column.setSpacing(theme.space(2))
        column.addLayout(head)
        column.addLayout(form)
        column.addWidget(self._notes)
        column.addWidget(self._warning)

    # What the panel is told

    def set_findings(self, findings: Sequence[tuple[str, str]], chosen: str | None) -> None:
        """Offer findings as (machine name, what a person reads); without any the panel is switched off."""
        with QSignalBlocker(self._finding):
            self._finding.clear()
            for name, display in findings:
                self._finding.addItem(display, name)
            self._finding.setCurrentIndex(max(self._finding.findData(chosen), 0) if findings else -1)
        self._enable()

    def choose_finding(self, name: str) -> None:
        """Choose one of the offered findings; a name that is not offered changes nothing."""
        if (position := self._finding.findData(name)) >= 0:
            self._finding.setCurrentIndex(position)

    def set_methods(self, methods: Sequence[tuple[str, str]], chosen: str | None = None) -> None:
        """Offer methods as (machine name, what a person reads); a single one is only named."""
        self._method.clear()
        for name, display in methods:
            self._method.addItem(display, name)
        self._method.setCurrentIndex(max(self._method.findData(chosen), 0))
        self._only_method.setText(self._method.currentText())
        self._method.setVisible(len(methods) > 1)
        self._only_method.setVisible(len(methods) <= 1)

    def set_shown(self, shown: bool) -> None:
        """Put the switch as remembered."""
        with QSignalBlocker(self._show):
            self._show.setChecked(shown)
        self._enable()

    def toggle(self) -> None:
        """Switch as the reader would; for the window's H key."""
        if self._show.isEnabled():
            self._show.toggle()

    def set_opacity(self, opacity: float) -> None:
        """Put the slider as remembered, 0 to 1."""
        with QSignalBlocker(self._opacity):
            self._opacity.setValue(round(opacity * 100))
        self._tell_percent()

    def set_notes(self, sentence: str) -> None:
        """Say under the controls why there is no map, or what is under way; empty for nothing."""
        self._notes.setText(sentence)
        self._notes.setVisible(bool(sentence))

    def set_warning(self, sentence: str) -> None:
        """Say what to beware of; empty for nothing."""
        self._warning.say(sentence)

    # What the reader chose

    @property
    def is_shown(self) -> bool:
        """Whether the reader wants the heatmap."""
        return self._show.isChecked()

    @property
    def finding(self) -> str:
        """Machine name of the chosen finding, empty when there is none."""
        return str(self._finding.currentData() or "")

    @property
    def method(self) -> str:
        """Machine name of the chosen method."""
        return str(self._method.currentData() or "")

    @property
    def opacity(self) -> float:
        """Opacity of the strongest evidence, 0 to 1."""
        return self._opacity.value() / 100

    def _enable(self) -> None:
        offered = self._finding.count() > 0
        self._show.setEnabled(offered)
        for control in (self._finding, self._method, self._opacity, self._percent):
            control.setEnabled(offered and self._show.isChecked())

    def _on_shown(self, shown: bool) -> None:
        self._enable()
        self.shown_changed.emit(shown)

    def _on_opacity(self) -> None:
        self._tell_percent()
        self.opacity_changed.emit(self.opacity)

    def _tell_percent(self) -> None:
        self._percent.setText(f"{self._opacity.value()}%")


class _Warning(QWidget):
    """An amber line with an icon: the colour is never the only sign."""

    def __init__(self) -> None:
        super().__init__()
        side = theme.space(4)
        icon = QLabel()
        icon.setPixmap(
            theme.icon("alert-outline", theme.TOKENS.look_again).pixmap(
                QSize(side, side), self.devicePixelRatioF()
            )
        )
        self._words = QLabel()
        self._words.setProperty("role", "look-again")
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(2))
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        self.hide()

    def say(self, sentence: str) -> None:
        self._words.setText(sentence)
        self.setAccessibleName(sentence)
        self.setVisible(bool(sentence))
