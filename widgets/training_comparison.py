"""Candidate and current model side by side on the same held-out patients, and what the reader makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.evaluation_figures import READABLE_WIDTH, EvaluationFigures, Measured
from widgets.numbers import counted
from widgets.theme import space
from widgets.training_decision import DecisionView
from widgets.training_parts import label, section, separator
from widgets.training_verdict import VerdictView

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DifferingFilm:
    """A held-out film that the two models read differently; findings as people read them."""

    image: str
    film: str
    truth: str
    current: str
    candidate: str


class ComparisonView(QWidget):
    """Figures with intervals, confusion matrices, curves, films that differ, verdict, decision.

    Signals
    -------
    film_requested(image)
        The reader wants to see a film on which the models differ.
    report_requested()
        The same as a page for other programs.
    """

    film_requested = Signal(str)
    report_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.decision = DecisionView()
        self._verdict = VerdictView()
        self._tested_on = label("", "caption", wraps=True)
        self._report = QPushButton(theme.icon("file-document-outline"), self.tr("Open as a page"))
        self._report.setToolTip(
            self.tr("One HTML file with both models and the verdict, to print or to pass on")
        )
        self._report.clicked.connect(self.report_requested)
        self._figures = EvaluationFigures()
        self._films = QListWidget()
        self._films_title = label(self.tr("Films they read differently"), "strong")
        self._lay_out()

    def show_comparison(
        self,
        candidate: Figures | None,
        current: Figures | None,
        gate: Figures,
        displays: Mapping[str, str],
        differing: Sequence[DifferingFilm] = (),
        *,
        has_report: bool = False,
    ) -> None:
        """Show both evaluations (the objects of `evaluate --json`, None where there is none)."""
        self._report.setHidden(not has_report)
        self._verdict.show_gate(gate, displays)
        self._show_tested_on(candidate)
        both = (Measured(self.tr("candidate"), candidate), Measured(self.tr("current model"), current))
        self._figures.setHidden(candidate is None)
        self._figures.show_models(both, displays)
        self._show_films(differing)

    # Parts

    def _show_tested_on(self, candidate: Figures | None) -> None:
        if candidate is None:
            text = self.tr("No film could measure the candidate, so there are no figures.")
        else:
            text = self.tr("Measured on {0} of {1} kept aside. 95% intervals.").format(
                counted(int(candidate.get("n", 0)), self.tr("1 film"), self.tr("{0} films")),
                counted(int(candidate.get("patients", 0)), self.tr("1 patient"), self.tr("{0} patients")),
            )
        self._tested_on.setText(text)

    def _show_films(self, differing: Sequence[DifferingFilm]) -> None:
        self._films.clear()
        for film in differing:
            text = self.tr("{0}: true {1}, current {2}, candidate {3}")
            item = QListWidgetItem(text.format(film.film, film.truth, film.current, film.candidate))
            item.setData(Qt.ItemDataRole.UserRole, film.image)
            self._films.addItem(item)
        for widget in (self._films, self._films_title):
            widget.setHidden(not differing)

    def _on_film_activated(self, item: QListWidgetItem) -> None:
        self.film_requested.emit(item.data(Qt.ItemDataRole.UserRole))

    def _lay_out(self) -> None:
        part, layout = section(self.tr("Candidate and current model"))
        layout.insertWidget(0, separator())
        self._films.setAccessibleName(self._films_title.text())
        self._films.setToolTip(self.tr("Enter or a double click shows the film"))
        self._films.setMaximumHeight(space(40))
        self._films.itemActivated.connect(self._on_film_activated)
        self.decision.setMaximumWidth(READABLE_WIDTH)
        layout.addWidget(self._verdict)
        layout.addWidget(self.decision)
        layout.addWidget(separator())
        layout.addWidget(self._tested_on)
        layout.addWidget(self._report, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._figures)
        layout.addWidget(self._films_title)
        layout.addWidget(self._films)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)
