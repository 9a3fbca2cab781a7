"""One model as it was measured here, on films kept aside: beside the model in use, where that is another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.evaluation_figures import READABLE_WIDTH, EvaluationFigures, Measured
from widgets.numbers import grouped
from widgets.theme import TOKENS, space
from widgets.training_parts import label
from widgets.training_verdict import VerdictView
from widgets.warning_line import WarningLine
from widgets.words import in_words


class EvaluationView(QWidget):
    """The last measurement of a model, a button for a new one, and a way back to its card.

    Signals
    -------
    measure_requested(model_id), cancel_requested(), report_requested(model_id)
        The report is the same as a page for other programs.
    closed()
    """

    measure_requested = Signal(str)
    cancel_requested = Signal()
    report_requested = Signal(str)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._model_id = ""
        self._title = label("", "strong", wraps=True)
        self._told = label("", "quiet", wraps=True)
        self._problem = WarningLine()
        self._remarks = WarningLine()
        self._verdict = VerdictView()
        self._figures = EvaluationFigures()
        back = QPushButton(theme.icon("chevron-left"), self.tr("About the model"))
        back.setToolTip(self.tr("Back to the model's card"))
        back.clicked.connect(self.closed)
        self._measure = QPushButton(theme.icon("chart-line", TOKENS.on_accent), self.tr("Measure"))
        self._measure.setProperty("role", "primary")
        self._measure.setToolTip(self.tr("Measure it on the answered films of the test part"))
        self._measure.clicked.connect(lambda: self.measure_requested.emit(self._model_id))
        self._cancel = QPushButton(self.tr("Cancel"))
        self._cancel.clicked.connect(self.cancel_requested)
        self._report = QPushButton(theme.icon("file-document-outline"), self.tr("Open as a page"))
        self._report.setToolTip(self.tr("One HTML file with every figure and plot, to print or to pass on"))
        self._report.clicked.connect(lambda: self.report_requested.emit(self._model_id))
        buttons = QHBoxLayout()
        buttons.setSpacing(space(2))
        for button in (self._measure, self._cancel, self._report):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(space(6), space(4), space(6), space(4))
        layout.setSpacing(space(2))
        layout.addWidget(back, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._title)
        layout.addWidget(self._told)
        layout.addLayout(buttons)
        layout.addWidget(self._problem)
        layout.addWidget(self._verdict)
        layout.addWidget(self._remarks)
        layout.addWidget(self._figures)
        layout.addStretch(1)
        for words in (self._told, self._verdict, self._remarks):
            words.setMaximumWidth(READABLE_WIDTH)
        self.set_running(False)

    @property
    def model_id(self) -> str:
        return self._model_id

    def show_model(self, model_id: str, name: str) -> None:
        """Begin with a model of which nothing is known yet."""
        self._model_id = model_id
        self._title.setText(self.tr("{0}, measured here").format(name))
        self._told.setText(
            self.tr("It was not measured here yet. It is measured on films of the test part, once read.")
        )
        self._problem.say("")
        self._remarks.say("")
        self._verdict.hide()
        self._figures.hide()
        self._report.setEnabled(False)

    def show_evaluation(self, figures: Mapping[str, Any], time: str, displays: Mapping[str, str]) -> None:
        """Show what was measured, the object of `evaluate --json`, and when, in words.

        Where it was measured beside another model, that is shown too, under the gate's verdict.
        """
        text = self.tr("Measured {0} on {1} films of {2} patients who were kept aside.")
        counts = (grouped(int(figures.get(key) or 0)) for key in ("n", "patients"))
        self._told.setText(text.format(time, *counts))
        gate, other = figures.get("gate"), figures.get("current_evaluation")
        models = [Measured(self.tr("model"), figures)]
        if other:
            models = [Measured(self.tr("candidate"), figures), Measured(self.tr("current model"), other)]
        self._figures.show_models(models, displays)
        self._verdict.setVisible(bool(gate))
        if gate:
            self._verdict.show_gate(gate, displays)
        # A verdict's reasons hold them already.
        said = () if gate else figures.get("remarks") or ()
        self._remarks.say("\n".join(in_words(str(remark)) for remark in said))
        self._figures.show()
        self._report.setEnabled(True)

    def say(self, sentence: str) -> None:
        """What went wrong; empty where nothing did."""
        self._problem.say(sentence)

    def set_running(self, is_running: bool) -> None:
        """Say whether it is being measured right now."""
        self._measure.setEnabled(not is_running)
        self._measure.setText(self.tr("Measuring …") if is_running else self.tr("Measure"))
        self._cancel.setHidden(not is_running)
