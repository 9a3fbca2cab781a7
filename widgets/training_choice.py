"""What a fine-tuning will do: which model, how deep, how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from widgets import theme
from widgets.setting_words import setting_name, setting_text
from widgets.theme import TOKENS, space
from widgets.training_parts import Reasoned, label, section

Depth = Literal["head", "last", "half", "all"]


@dataclass(frozen=True, slots=True)
class ModelOption:
    """A model that can be tuned: its id, and what people call it."""

    model_id: str
    name: str


@dataclass(frozen=True, slots=True)
class TrainingChoice:
    """What the reader asked for: the model to start from, how much of it may move, how many epochs, and
    further settings of a plan by name, as a search found them."""

    model_id: str
    depth: Depth
    epochs: int
    settings: tuple[tuple[str, str | float], ...] = ()


class ChoiceForm(QWidget):
    """The choices of a training, and the button that starts it."""

    start_requested = Signal(object)  # TrainingChoice

    def __init__(self) -> None:
        super().__init__()
        self._blocked_by = ""
        self._settings: dict[str, str | float] = {}
        self._is_running = False
        self._model = QComboBox()
        self._depth = QComboBox()
        self._depth_words = label("", "caption", wraps=True)
        self._epochs = QSpinBox()
        start = QPushButton(theme.icon("play", TOKENS.on_accent), self.tr("Start training"))
        start.setProperty("role", "primary")
        start.clicked.connect(lambda: self.start_requested.emit(self.choice))
        self._start = Reasoned(start, self.tr("Tune the model in a process of its own; reading goes on"))
        self._settings_words = label("", "caption", wraps=True)
        self._usual = QPushButton(self.tr("Usual settings"))
        self._usual.setProperty("role", "flat")
        self._usual.setToolTip(self.tr("Leave out what the search found"))
        self._usual.clicked.connect(lambda: self.use_settings({}))
        self._fill_controls()
        self._lay_out()
        self._refresh()

    @property
    def choice(self) -> TrainingChoice:
        return TrainingChoice(
            str(self._model.currentData() or ""),
            self._depth.currentData(),
            self._epochs.value(),
            tuple(self._settings.items()),
        )

    @property
    def reason_not_to_start(self) -> str:
        """Why no training can be started now; empty where it can."""
        if self._is_running:
            return self.tr("A training is running.")
        if not self._model.count():
            return self.tr("There is no model to tune.")
        return self._blocked_by

    def set_models(self, models: Sequence[ModelOption], chosen: str) -> None:
        """Offer these models; the choice stays where it is still offered."""
        wanted = str(self._model.currentData() or "") or chosen
        self._model.clear()
        for model in models:
            self._model.addItem(model.name, model.model_id)
        for candidate in (chosen, wanted):
            if (place := self._model.findData(candidate)) >= 0:
                self._model.setCurrentIndex(place)
        self._refresh()

    def choose_model(self, model_id: str) -> None:
        """Choose one of the offered models; one that is not offered changes nothing."""
        if (place := self._model.findData(model_id)) >= 0:
            self._model.setCurrentIndex(place)

    def use_settings(self, settings: Mapping[str, str | float]) -> None:
        """Take over what a search found: model and depth as they are chosen here, the rest as it is told."""
        rest = dict(settings)
        self.choose_model(str(rest.pop("model", "")))
        if (place := self._depth.findData(rest.pop("depth", ""))) >= 0:
            self._depth.setCurrentIndex(place)
        self._settings = rest
        self._refresh()

    def set_blocked(self, reason: str) -> None:
        """Say why a training cannot be started, such as too few decisions; empty frees it."""
        self._blocked_by = reason
        self._refresh()

    def set_running(self, is_running: bool) -> None:
        self._is_running = is_running
        self._refresh()

    def _fill_controls(self) -> None:
        depths: tuple[tuple[Depth, str], ...] = (
            ("head", self.tr("Head only")),
            ("last", self.tr("Last stage")),
            ("half", self.tr("Later half")),
            ("all", self.tr("Whole model")),
        )
        for depth, text in depths:
            self._depth.addItem(text, depth)
        self._depth.setCurrentIndex(1)
        self._depth.currentIndexChanged.connect(self._refresh)
        self._epochs.setRange(1, 500)
        self._epochs.setValue(10)
        self._model.setAccessibleName(self.tr("Model to tune"))
        self._depth.setAccessibleName(self.tr("How much of the model may change"))
        self._epochs.setAccessibleName(self.tr("Epochs"))
        self._epochs.lineEdit().setTextMargins(space(2), 0, 0, 0)  # as in the fields around it
        self._epochs.setToolTip(self.tr("How often every film is looked at; the best epoch is kept"))
        self._model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._model.setMinimumContentsLength(12)

    def _lay_out(self) -> None:
        part, layout = section(self.tr("Fine-tune"))
        form = QFormLayout()
        form.setHorizontalSpacing(space(4))
        form.setVerticalSpacing(space(2))
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(label(self.tr("Model"), "quiet"), self._model)
        form.addRow(label(self.tr("Depth"), "quiet"), self._depth)
        form.addRow(label("", "quiet"), self._depth_words)
        form.addRow(label(self.tr("Epochs"), "quiet"), self._epochs)
        layout.addLayout(form)
        layout.addWidget(self._settings_words)
        layout.addWidget(self._usual, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._start)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)

    def _refresh(self) -> None:
        words: dict[Depth, str] = {
            "head": self.tr(
                "Only the last layer learns. Seconds to minutes; a few dozen decisions are enough."
            ),
            "last": self.tr("The last stage learns too. Minutes; from about a hundred decisions on."),
            "half": self.tr("The later half learns. Slower; wants several hundred decisions."),
            "all": self.tr("Everything learns. Slowest; with few decisions it forgets more than it learns."),
        }
        self._depth_words.setText(words[self._depth.currentData()])
        found = ", ".join(f"{setting_name(n)} {setting_text(v)}" for n, v in self._settings.items())
        self._settings_words.setText(self.tr("As the search found: {0}").format(found))
        self._settings_words.setHidden(not found)
        self._usual.setHidden(not found)
        self._usual.setEnabled(not self._is_running)
        for control in (self._model, self._depth, self._epochs):
            control.setEnabled(not self._is_running)
        self._start.block(self.reason_not_to_start)
