"""What a reader does with a model that is not in use: use it, in their name, or tune it first."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from inference.card import ModelCard
from widgets import theme
from widgets.theme import TOKENS, space
from widgets.training_parts import Reasoned, label


class UseView(QWidget):
    """*Use this model* and *Tune it* for the model whose card is shown.

    Signals
    -------
    use_requested(model_id, reason)
    tune_requested(model_id)
    evaluation_requested(model_id)
        How good it is here.
    """

    use_requested = Signal(str, str)
    tune_requested = Signal(str)
    evaluation_requested = Signal(str)

    def __init__(self, card: ModelCard, replaced: str, is_in_use: bool, standing: str = "") -> None:
        """`replaced`: name of the model that suggests for the same images now; empty where none does.
        `standing`: what to know before it takes that one's place."""
        super().__init__()
        self._id = card.id
        self._reason = QLineEdit()
        self._reason.setAccessibleName(self.tr("Reason for using it"))
        self._reason.setPlaceholderText(self.tr("Reason (kept with the promotion)"))
        use = QPushButton(
            theme.icon("arrow-up-bold-circle-outline", TOKENS.on_accent), self.tr("Use this model")
        )
        use.setProperty("role", "primary")
        use.clicked.connect(lambda: self.use_requested.emit(self._id, self._reason.text().strip()))
        self._use = Reasoned(use, self.tr("Let it suggest from now on; Roll back undoes it"))
        tune = QPushButton(theme.icon("tune"), self.tr("Tune it"))
        tune.clicked.connect(lambda: self.tune_requested.emit(self._id))
        self._tune = Reasoned(tune, self.tr("Train it on what was decided here"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, space(1), 0, space(1))
        layout.setSpacing(space(2))
        if not is_in_use and card.head_trained:
            words = (
                self.tr("In its place now: {0}.").format(replaced)
                if replaced
                else self.tr("No model suggests for these images now.")
            )
            layout.addWidget(label(words, "quiet", wraps=True))
            if standing:
                layout.addWidget(label(standing, "look-again", wraps=True))
            layout.addWidget(self._reason)
        buttons = QHBoxLayout()
        buttons.setSpacing(space(2))
        if not is_in_use:
            buttons.addWidget(use)
        buttons.addWidget(tune)
        if card.head_trained:
            measured = QPushButton(theme.icon("chart-line"), self.tr("Evaluation"))
            measured.setToolTip(self.tr("How good it is on the films kept aside here"))
            measured.clicked.connect(lambda: self.evaluation_requested.emit(self._id))
            buttons.addWidget(measured)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        if not is_in_use:
            layout.addWidget(self._use)
        layout.addWidget(self._tune)
        if not card.head_trained:
            self._use.block(self.tr("Its last layer is not trained yet: tune it first."))
        if card.format != "network":
            self._tune.block(self.tr("Only weights with an architecture can be tuned."))
        for part in (self._use, self._tune):
            part.setHidden(not part.reason or (part is self._use and is_in_use))
