"""What corrections did at once: the site-adapted head, and the way to have it judged as a candidate."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.numbers import counted
from widgets.training_parts import Reasoned, label, section


class AdaptedView(QWidget):
    """Says what the site-adapted head was fitted to, and has it made a candidate.

    Signals
    -------
    candidate_requested(model_id)
        The head of this model is to be compared with the model in use on films kept aside.
    """

    candidate_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._model_id = ""
        self._reviews = 0
        self._is_running = False
        part, layout = section(self.tr("At once"))
        self._words = label("", wraps=True)
        button = QPushButton(theme.icon("compare"), self.tr("Judge the site-adapted head"))
        button.clicked.connect(lambda: self.candidate_requested.emit(self._model_id))
        self._button = Reasoned(
            button,
            self.tr(
                "Make it a candidate, compare it with the model in use on patients kept aside, and let a "
                "person decide"
            ),
        )
        layout.addWidget(self._words)
        layout.addWidget(self._button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)
        self._show()

    def set_fitted(self, model_id: str, reviews: int) -> None:
        """The head of a model was fitted to so many decisions; none where it is the model's own."""
        self._model_id, self._reviews = model_id, reviews
        self._show()

    def set_running(self, is_running: bool) -> None:
        """Whether a training, or a comparison, is under way."""
        self._is_running = is_running
        self._show()

    def _show(self) -> None:
        if self._reviews:
            self._words.setText(
                counted(
                    self._reviews,
                    self.tr("A head that was fitted to 1 decision suggests beside the model."),
                    self.tr("A head that was fitted to {0} decisions suggests beside the model."),
                )
            )
        else:
            self._words.setText(self.tr("No decision has moved the model's head yet."))
        reason = ""
        if self._is_running:
            reason = self.tr("A training or a comparison is under way.")
        elif not self._reviews:
            reason = self.tr("There is no site-adapted head to judge.")
        self._button.block(reason)
