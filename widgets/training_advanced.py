"""Choices of a training that most readers leave as they are: folded away, the preset's values in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QSpinBox, QToolButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.augmentation_preview import AugmentationPreview
from widgets.setting_words import setting_text
from widgets.theme import TOKENS, space
from widgets.training_parts import label

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 5e-4, 1e-3, 3e-3, 1e-2)
Balance = tuple[str, float]  # Plan.sampling, Plan.class_balance


class AdvancedChoices(QWidget):
    """Optimiser, learning rate, epochs, rare findings, forgetting and augmentation.

    Signals
    -------
    changed
        The reader chose something else.
    preview_wanted
        It is on the screen, and what it would show may have changed.
    """

    changed = Signal()
    preview_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._fold = QToolButton()
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.clicked.connect(lambda: self.set_expanded(not self.is_expanded))
        self._inside = QWidget()
        self._epochs = QSpinBox()
        self._epochs.setRange(1, 500)
        self._epochs.lineEdit().setTextMargins(space(2), 0, 0, 0)  # as in the fields around it
        self._optimiser, self._rate = QComboBox(), QComboBox()
        self._balance, self._strength = QComboBox(), QComboBox()
        self._remembers = QCheckBox(self.tr("Hold on to what the model knew"))
        self._looks = QCheckBox(self.tr("Look where readers pointed"))
        self._looks.setChecked(True)
        self._preview = AugmentationPreview()
        self._fill()
        self._lay_out()
        self._replay: float = 0.0
        self._distillation: float = 0.0
        self.set_expanded(False)

    @property
    def is_expanded(self) -> bool:
        return not self._inside.isHidden()

    @property
    def epochs(self) -> int:
        return self._epochs.value()

    def set_expanded(self, is_expanded: bool) -> None:
        """Show the choices, or fold them away."""
        self._inside.setVisible(is_expanded)
        self._fold.setText(self.tr("Fewer choices") if is_expanded else self.tr("More choices"))
        icon = "chevron-down" if is_expanded else "chevron-right"
        self._fold.setIcon(theme.icon(icon, TOKENS.text_quiet))
        self._fold.setToolTip(self.tr("Optimiser, learning rate, epochs, rare findings, augmentation"))
        if is_expanded:
            self.preview_wanted.emit()

    def set_preset(self, told: Mapping[str, Any]) -> None:
        """Take over these values of `training.plan.Plan`; tells nobody."""
        self._replay, self._distillation = told["replay"], told["distillation"]
        with QSignalBlocker(self):
            self._epochs.setValue(int(told["epochs"]))
            _choose(self._optimiser, told["optimiser"])
            _choose(self._rate, told["learning_rate"])
            _choose(self._balance, (told["sampling"], told["class_balance"]))
            _choose(self._strength, told["augmentation"])
            self._remembers.setChecked(True)
        if self.is_expanded:
            self.preview_wanted.emit()

    @property
    def values(self) -> dict[str, Any]:
        """What was chosen, as `training.plan.Plan` calls it; epochs apart."""
        sampling, class_balance = self._balance.currentData()
        holds = self._remembers.isChecked()
        return {
            "optimiser": self._optimiser.currentData(),
            "learning_rate": self._rate.currentData(),
            "sampling": sampling,
            "class_balance": class_balance,
            "augmentation": self._strength.currentData(),
            "replay": self._replay if holds else 0.0,
            "distillation": self._distillation if holds else 0.0,
        }

    @property
    def refused(self) -> tuple[tuple[str, str | float], ...]:
        """What `train` would do by itself and the reader does not want, as (name, value)."""
        return () if self._looks.isChecked() else (("evidence_weight", 0.0),)

    @property
    def names(self) -> set[str]:
        """The values of a plan that can be chosen here."""
        return {*self.values, "epochs"}

    def show_preview(self, variants: NDArray[np.uint8]) -> None:
        """Show (9, S, S) greys: what augmentation makes of a film."""
        self._preview.show_variants(variants)

    def say_preview(self, words: str) -> None:
        """Show a sentence in place of the preview."""
        self._preview.say(words)

    def _fill(self) -> None:
        for optimiser, name in (("adamw", "AdamW"), ("sgd", "SGD"), ("adam", "Adam")):
            self._optimiser.addItem(name, optimiser)
        for rate in RATES:
            self._rate.addItem(setting_text(rate), rate)
        balances: tuple[tuple[Balance, str], ...] = (
            (("shuffle", 0.5), self.tr("count somewhat more")),
            (("shuffle", 1.0), self.tr("count as much as frequent ones")),
            (("balanced", 0.5), self.tr("are shown as often as frequent ones")),
            (("shuffle", 0.0), self.tr("count as they come")),
        )
        for balance, words in balances:
            self._balance.addItem(words, balance)
        strengths = ((0.0, self.tr("none")), (0.5, self.tr("light")), (1.0, self.tr("usual")))
        for strength, words in (*strengths, (1.5, self.tr("strong"))):
            self._strength.addItem(words, strength)
        tips = (
            (self._epochs, self.tr("How often every film is looked at; the best epoch is kept")),
            (self._optimiser, self.tr("AdamW needs less care; SGD sometimes ends a little better")),
            (self._rate, self.tr("How fast the head learns; earlier stages learn slower")),
            (self._balance, self.tr("What films of rare findings count beside those of frequent ones")),
            (self._strength, self.tr("How far films are turned, shifted, scaled and exposed otherwise")),
            (
                self._remembers,
                self.tr("Films of the model's own training and its answers are learned along"),
            ),
            (
                self._looks,
                self.tr(
                    "Evidence outside of the regions that readers drew, or of the lungs, costs something"
                ),
            ),
        )
        for control, tip in tips:
            control.setToolTip(tip)

    def _lay_out(self) -> None:
        form = QFormLayout(self._inside)
        form.setContentsMargins(0, space(1), 0, 0)
        form.setHorizontalSpacing(space(4))
        form.setVerticalSpacing(space(2))
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = (
            (self.tr("Epochs"), self._epochs),
            (self.tr("Optimiser"), self._optimiser),
            (self.tr("Learning rate"), self._rate),
            (self.tr("Rare findings"), self._balance),
            (self.tr("Augmentation"), self._strength),
        )
        for words, control in rows:
            form.addRow(label(words, "quiet"), control)
            control.setAccessibleName(words)
        for box in (self._optimiser, self._rate, self._balance, self._strength):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(10)
            box.currentIndexChanged.connect(self.changed)
        form.addRow(self._preview)
        form.addRow(self._remembers)
        form.addRow(self._looks)
        self._epochs.valueChanged.connect(self.changed)
        self._remembers.toggled.connect(self.changed)
        self._looks.toggled.connect(self.changed)
        self._strength.currentIndexChanged.connect(self.preview_wanted)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(space(1))
        whole.addWidget(self._fold)
        whole.addWidget(self._inside)


def _choose(box: QComboBox, value: object) -> None:
    """Choose the item that carries this value; one that is not offered is added."""
    places = [i for i in range(box.count()) if box.itemData(i) == value]
    if not places:
        number = value[1] if isinstance(value, tuple) else value
        box.addItem(setting_text(number) if isinstance(number, float | str) else str(number), value)
        places = [box.count() - 1]
    box.setCurrentIndex(places[0])
