"""What a fine-tuning will do: which model, how deep, and how long it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QPushButton, QVBoxLayout, QWidget

from reviews.record import Collected
from training.plan import Plan
from training.presets import choices_for, seconds, suggested
from training.samples import LEAST_TO_GROW
from widgets import theme
from widgets.numbers import counted, duration_text, grouped
from widgets.setting_words import setting_name, setting_text
from widgets.theme import TOKENS, space
from widgets.training_advanced import AdvancedChoices
from widgets.training_parts import Reasoned, label, section

Depth = Literal["head", "last", "half", "all"]

USUAL_PASS_MS = 40.0  # of a starter-sized network on two cores, where nothing was measured yet


@dataclass(frozen=True, slots=True)
class ModelOption:
    """A model that can be tuned: its id, what people call it, the modalities that it is meant for and the
    findings that it answers."""

    model_id: str
    name: str
    modalities: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingChoice:
    """What the reader asked for: the model to start from, how much of it may move, how many epochs, and
    what of `training.plan.Plan` is otherwise than usual for this depth, as (name, value)."""

    model_id: str
    depth: Depth
    epochs: int
    settings: tuple[tuple[str, str | float], ...] = ()


class ChoiceForm(QWidget):
    """The choices of a training, and the button that starts it.

    Signals
    -------
    start_requested(TrainingChoice)
    preview_wanted(Plan)
        Somebody looks at what augmentation does.
    alike_changed(dict)
        Models that answer what the chosen one answers, which is the first: names by id.
    """

    start_requested = Signal(object)
    preview_wanted = Signal(object)
    alike_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._blocked_by = ""
        self._is_running = False
        self._wanted_model = ""  # by the reader
        self._is_depth_chosen = False  # by the reader, so that a suggestion does not move it any more
        self._collected = Collected(0, 0, 0, {}, {})
        self._found: dict[str, str | float] = {}  # by a search
        self._models: dict[str, ModelOption] = {}
        self._alike: dict[str, str] = {}
        self._pass_ms = USUAL_PASS_MS
        self._suggested: Depth = "head"
        self._model = QComboBox()
        self._depth = QComboBox()
        self._why = label("", "quiet", wraps=True)
        self._depth_words = label("", "caption", wraps=True)
        self._time = label("", "quiet", wraps=True)
        self._advanced = AdvancedChoices()
        self._found_words = label("", "caption", wraps=True)
        self._usual = QPushButton(self.tr("Usual settings"))
        self._usual.setProperty("role", "flat")
        self._usual.setToolTip(self.tr("Leave out what was chosen otherwise, or found by a search"))
        self._usual.clicked.connect(lambda: self.use_settings({}))
        start = QPushButton(theme.icon("play", TOKENS.on_accent), self.tr("Start training"))
        start.setProperty("role", "primary")
        start.clicked.connect(lambda: self.start_requested.emit(self.choice))
        self._start = Reasoned(start, self.tr("Tune the model in a process of its own; reading goes on"))
        self._fill_controls()
        self._lay_out()
        self.set_collected(self._collected)

    @property
    def choice(self) -> TrainingChoice:
        usual = self._usual_values(self._advanced.epochs)
        settings = tuple((n, v) for n, v in self._chosen_values.items() if usual.get(n) != v)
        settings += self._advanced.refused
        return TrainingChoice(self._chosen_model, self._chosen_depth, self._advanced.epochs, settings)

    @property
    def plan(self) -> Plan:
        """The plan that a training would have."""
        return Plan.from_json({**self._usual_values(self._advanced.epochs), **self._chosen_values})

    @property
    def reason_not_to_start(self) -> str:
        """Why no training can be started now; empty where it can."""
        if self._is_running:
            return self.tr("A training is running.")
        if not self._model.count():
            return self.tr("There is no model to tune.")
        return self._blocked_by

    def set_models(self, models: Sequence[ModelOption], chosen: str) -> None:
        """Offer these models, `chosen` first; what the reader chose stays where it is still offered."""
        self._models = {model.model_id: model for model in models}
        with QSignalBlocker(self._model):
            self._model.clear()
            for model in models:
                self._model.addItem(model.name, model.model_id)
            for candidate in (chosen, self._wanted_model):
                if (place := self._model.findData(candidate)) >= 0:
                    self._model.setCurrentIndex(place)
        self._suggest()
        self._refresh()

    def choose_model(self, model_id: str) -> bool:
        """Choose one of the offered models; one that is not offered changes nothing, and that is told."""
        place = self._model.findData(model_id)
        if place >= 0:
            self._model.setCurrentIndex(place)
            self._wanted_model = model_id
        return place >= 0

    def use_settings(self, settings: Mapping[str, str | float]) -> None:
        """Take over what a search found: model and depth as they are chosen here, the rest as it is told."""
        rest = dict(settings)
        self.choose_model(str(rest.pop("model", "")))
        if (place := self._depth.findData(rest.pop("depth", ""))) >= 0:
            self._depth.setCurrentIndex(place)
        self._advanced.set_preset({**self._usual_values(), **rest})
        self._found = rest
        self._refresh()

    def set_collected(self, collected: Collected) -> None:
        """Suggest how deep to tune from what was collected."""
        self._collected = collected
        self._suggest()
        self._refresh()

    def _suggest(self) -> None:
        """Say how deep the chosen model can be tuned, by what it would learn from."""
        option = self._models.get(self._chosen_model)
        found = suggested(*_learned_by(option.findings if option else (), self._collected))
        self._suggested = found.depth
        names = self._depth_names()
        for place in range(self._depth.count()):
            depth: Depth = self._depth.itemData(place)
            words = self.tr("{0} (suggested)") if depth == found.depth else "{0}"
            self._depth.setItemText(place, words.format(names[depth]))
        self._why.setText(
            self.tr("{0} to learn from, of {1}, about {2} of each: {3}.").format(
                counted(found.films, self.tr("1 decision"), self.tr("{0} decisions")),
                counted(found.findings, self.tr("1 finding"), self.tr("{0} findings")),
                grouped(found.of_each),
                self._depth_in_words(found.depth),
            )
            if found.findings
            else ""
        )
        self._why.setHidden(not found.findings)
        if not self._is_depth_chosen:
            with QSignalBlocker(self._depth):
                self._depth.setCurrentIndex(self._depth.findData(found.depth))
            self._take_preset()

    def set_pass_ms(self, pass_ms: float) -> None:
        """What one look of the model takes on this machine: the estimate of the time is made of it."""
        self._pass_ms = pass_ms
        self._refresh()

    def set_blocked(self, reason: str) -> None:
        """Say why a training cannot be started, such as too few decisions; empty frees it."""
        self._blocked_by = reason
        self._refresh()

    def set_running(self, is_running: bool) -> None:
        self._is_running = is_running
        self._refresh()

    def show_preview(self, variants: NDArray[np.uint8]) -> None:
        """Show (9, S, S) greys: what augmentation makes of a film."""
        self._advanced.show_preview(variants)

    def say_preview(self, words: str) -> None:
        """Show a sentence in place of the preview."""
        self._advanced.say_preview(words)

    @property
    def _chosen_values(self) -> dict[str, Any]:
        """What the controls say, and what of a search has no control here; epochs apart."""
        rest = {n: v for n, v in self._found.items() if n not in self._advanced.names}
        return {**self._advanced.values, **rest}

    @property
    def _chosen_model(self) -> str:
        return str(self._model.currentData() or "")

    @property
    def _chosen_depth(self) -> Depth:
        depth: Depth = self._depth.currentData()
        return depth

    def _depth_names(self) -> dict[Depth, str]:
        return {
            "head": self.tr("Head only"),
            "last": self.tr("Last stage"),
            "half": self.tr("Later half"),
            "all": self.tr("Whole model"),
        }

    def _depth_in_words(self, depth: Depth) -> str:
        return {
            "head": self.tr("the head"),
            "last": self.tr("the last stage"),
            "half": self.tr("the later half"),
            "all": self.tr("the whole model"),
        }[depth]

    def _fill_controls(self) -> None:
        for depth, text in self._depth_names().items():
            self._depth.addItem(text, depth)
        self._depth.currentIndexChanged.connect(self._on_depth_chosen)
        self._model.currentIndexChanged.connect(self._on_model_chosen)
        self._advanced.changed.connect(self._refresh)
        self._advanced.preview_wanted.connect(lambda: self.preview_wanted.emit(self.plan))
        self._model.setAccessibleName(self.tr("Model to tune"))
        self._depth.setAccessibleName(self.tr("How much of the model may change"))
        for box in (self._model, self._depth):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)

    def _lay_out(self) -> None:
        part, layout = section(self.tr("Fine-tune"))
        form = QFormLayout()
        form.setHorizontalSpacing(space(4))
        form.setVerticalSpacing(space(2))
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(label(self.tr("Model"), "quiet"), self._model)
        form.addRow(label(self.tr("Depth"), "quiet"), self._depth)
        layout.addLayout(form)
        for words in (self._why, self._depth_words):
            layout.addWidget(words)
        layout.addWidget(self._advanced)
        layout.addWidget(self._found_words)
        layout.addWidget(self._usual, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._time)
        layout.addWidget(self._start)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)

    def _on_depth_chosen(self) -> None:
        self._is_depth_chosen = self._chosen_depth != self._suggested
        self._take_preset()
        self._refresh()

    def _on_model_chosen(self) -> None:
        self._wanted_model = self._chosen_model
        self._take_preset()
        self._suggest()
        self._refresh()

    def _take_preset(self) -> None:
        self._found = {}
        self._advanced.set_preset(self._usual_values())

    def _usual_values(self, epochs: int | None = None) -> dict[str, Any]:
        """All values of a plan of this depth, as `train` would choose them."""
        option = self._models.get(self._chosen_model)
        modalities = option.modalities if option is not None else ()
        return {**Plan().as_json(), **choices_for(self._chosen_depth, modalities, epochs)}

    def _refresh(self) -> None:
        words: dict[Depth, str] = {
            "head": self.tr("Only the last layer learns: quick, and enough for a handful of decisions."),
            "last": self.tr("The last stage learns too, a little slower than the head."),
            "half": self.tr(
                "The later half learns, earlier stages slower; wants about sixty of each finding."
            ),
            "all": self.tr("Everything learns; with few decisions it forgets more than it learns."),
        }
        self._depth_words.setText(words[self._chosen_depth])
        chosen = self._chosen_values
        still = {n: v for n, v in self._found.items() if chosen.get(n) == v}
        found = ", ".join(f"{setting_name(n)} {setting_text(v)}" for n, v in still.items())
        self._found_words.setText(self.tr("As the search found: {0}.").format(found) if found else "")
        self._found_words.setHidden(not found)
        self._usual.setHidden(not self.choice.settings)
        self._time.setText(self._time_in_words())
        self._time.setHidden(not self._time.text())
        for control in (self._model, self._depth, self._advanced):
            control.setEnabled(not self._is_running)
        self._start.block(self.reason_not_to_start)
        self._tell_alike()

    def _tell_alike(self) -> None:
        chosen = self._models.get(self._chosen_model)
        others = [m for m in self._models.values() if chosen is not None and m.findings == chosen.findings]
        alike = {m.model_id: m.name for m in sorted(others, key=lambda m: m is not chosen)}
        if list(alike.items()) != list(self._alike.items()):
            self._alike = alike
            self.alike_changed.emit(alike)

    def _time_in_words(self) -> str:
        parts = {part: images for part, (images, _) in self._collected.per_part.items()}
        if not sum(parts.values()):
            return ""
        told = seconds(
            self.plan,
            parts.get("train", 0),
            parts.get("validation", 0),
            parts.get("test", 0),
            self._pass_ms,
        )
        return self.tr("About {0} on this computer, measuring included.").format(duration_text(told))


def _learned_by(findings: Collection[str], collected: Collected) -> tuple[dict[str, int], int]:
    """By finding, on how many films that a model of these findings would learn from it is present; how many
    films there are.

    A decision is about the model where all of its findings were asked, or only some of them: those about
    another model's films were asked others. What readers added counts as soon as the network learns it.
    """
    own = frozenset(findings)
    present: Counter[str] = Counter()
    films = 0
    for asked, learned in collected.to_learn.items():
        if not own or own <= asked or asked <= own:
            present.update(learned.present)
            films += learned.frames
    grown = {name: n for name, n in present.items() if not own or name in own or n >= LEAST_TO_GROW}
    return grown, films
