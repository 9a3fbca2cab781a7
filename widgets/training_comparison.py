"""Candidate and current model side by side on the same held-out patients, and what the reader makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.numbers import figure_text, grouped, interval_text
from widgets.plots import ReliabilityChart, RocChart, Series
from widgets.plots_confusion import ConfusionMatrix
from widgets.theme import TOKENS, space
from widgets.training_decision import DecisionView
from widgets.training_parts import FigureTable, label, section, separator, set_role
from widgets.warning_line import WarningLine
from widgets.words import in_words

Figures = Mapping[str, Any]

VERDICTS: dict[str, tuple[str, str, str]] = {
    "better": ("check-circle-outline", TOKENS.saved, "saved"),
    "not worse": ("check-circle-outline", TOKENS.saved, "saved"),
    "not proven": ("help-circle-outline", TOKENS.look_again, "look-again"),
    "worse": ("alert-circle-outline", TOKENS.failed, "failed"),
}
"""Icon, its colour, and role of the sentence, by verdict."""

CHARTS_ABREAST = 4
READABLE_WIDTH = space(180)
"""Wider than this, a number stands too far from its name."""


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
    """

    film_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.decision = DecisionView()
        self._icon = QLabel()
        self._verdict = label("", "strong", wraps=True)
        self._reasons = label("", "quiet", wraps=True)
        self._tested_on = label("", "caption", wraps=True)
        self._warnings = (WarningLine(), WarningLine())  # of the candidate, of the current model
        self._figures = FigureTable(self.tr("Figures of candidate and current model"))
        self._matrices = (
            ConfusionMatrix(self.tr("Candidate")),
            ConfusionMatrix(self.tr("Current model")),
        )
        self._charts = QGridLayout()
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
    ) -> None:
        """Show both evaluations (the objects of `evaluate --json`, None where there is none).

        An evaluation may carry ``roc`` (``{finding: [[false positive rate, true positive rate], ...]}``) and
        ``reliability`` (``[[stated probability, observed share, count], ...]``), which are drawn if present;
        ``lung_share_per_finding`` (``{finding: share}``) and ``without_lungs`` (see `training.probes`), whose
        warning is told.
        """
        self._show_verdict(gate, displays)
        self._show_tested_on(candidate)
        self._show_warnings(candidate, current)
        self._figures.setHidden(candidate is None)
        if candidate is not None:
            self._show_figures(candidate, current, displays)
        for matrix, evaluation in zip(self._matrices, (candidate, current), strict=True):
            self._show_matrix(matrix, evaluation, displays)
        self._show_charts(candidate or {}, current or {}, displays)
        self._show_films(differing)

    # Parts

    def _show_verdict(self, gate: Figures, displays: Mapping[str, str]) -> None:
        verdict = str(gate.get("verdict", "not proven"))
        icon, colour, role = VERDICTS.get(verdict, VERDICTS["not proven"])
        reasons = [in_words(_with_display_name(str(reason), displays)) for reason in gate.get("reasons", ())]
        self._icon.setPixmap(theme.icon(icon, colour).pixmap(space(5), space(5)))
        self._verdict.setText(reasons[0] if reasons else self.tr("Verdict: {0}.").format(in_words(verdict)))
        set_role(self._verdict, role)
        self._reasons.setText("\n".join(reasons[1:]))
        self._reasons.setHidden(len(reasons) < 2)

    def _show_tested_on(self, candidate: Figures | None) -> None:
        if candidate is None:
            text = self.tr("No patient was kept aside yet, so nothing could be measured.")
        else:
            text = self.tr("Measured on {0} films of {1} patients that no training has seen. 95% intervals.")
            text = text.format(*(grouped(int(candidate.get(key, 0))) for key in ("n", "patients")))
        self._tested_on.setText(text)

    def _show_warnings(self, candidate: Figures | None, current: Figures | None) -> None:
        """What somebody who believes the figures has to know: a model that needs no lungs to be sure."""
        words = (self.tr("Candidate: {0}"), self.tr("Current model: {0}"))
        for line, text, one in zip(self._warnings, words, (candidate, current), strict=True):
            warning = str(((one or {}).get("without_lungs") or {}).get("warning") or "")
            line.say(text.format(in_words(warning)) if warning else "")

    def _show_figures(self, candidate: Figures, current: Figures | None, displays: Mapping[str, str]) -> None:
        names = (
            ("balanced_accuracy", self.tr("balanced accuracy")),
            ("accuracy", self.tr("accuracy")),
            ("macro_auroc", self.tr("macro AUROC")),
            ("log_loss", self.tr("log-loss, lower is better")),
            ("brier", self.tr("Brier score, lower is better")),
            ("ece", self.tr("calibration error, lower is better")),
            ("unfamiliar", self.tr("films it does not know")),
            ("lung_share", self.tr("evidence inside the lungs")),
        )
        rows = []
        for key, name in names:
            mine, theirs = candidate.get(key), (current or {}).get(key)
            if mine is None and theirs is None:
                continue
            rows.append((name, *_cells(candidate, current, key, mine, theirs)))
        inside = self.tr("evidence inside the lungs, {0}")
        for finding in candidate.get("findings", ()):
            mine, theirs = _lung_share(candidate, finding), _lung_share(current, finding)
            if mine is not None or theirs is not None:
                name = inside.format(displays.get(finding, finding))
                rows.append((name, figure_text(mine), "", figure_text(theirs), "", _change(mine, theirs)))
        mine, theirs = _sure_without_lungs(candidate), _sure_without_lungs(current)
        if mine is not None or theirs is not None:
            name = self.tr("as sure with the lungs covered, lower is better")
            rows.append((name, figure_text(mine), "", figure_text(theirs), "", _change(mine, theirs)))
        for finding in candidate.get("findings", ()):
            mine = _per_finding(candidate, finding).get("auroc")
            theirs = _per_finding(current, finding).get("auroc")
            if mine is not None or theirs is not None:
                name = self.tr("AUROC, {0}").format(displays.get(finding, finding))
                rows.append((name, figure_text(mine), "", figure_text(theirs), "", _change(mine, theirs)))
        headings = ("", self.tr("candidate"), "", self.tr("current"), "", self.tr("change"))
        self._figures.fill(headings, rows, ("strong", "quiet", "", "quiet", ""))

    def _show_matrix(
        self, matrix: ConfusionMatrix, evaluation: Figures | None, displays: Mapping[str, str]
    ) -> None:
        counts = (evaluation or {}).get("confusion") or ()
        findings = (evaluation or {}).get("findings") or ()
        has_counts = bool(counts) and len(counts) == len(findings)
        matrix.setHidden(not has_counts)
        if has_counts:
            matrix.set_matrix([displays.get(name, name) for name in findings], counts)

    def _show_charts(self, candidate: Figures, current: Figures, displays: Mapping[str, str]) -> None:
        while (item := self._charts.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        both = ((self.tr("candidate"), candidate), (self.tr("current"), current))
        charts: list[QWidget] = []
        for finding in candidate.get("findings", ()):
            curves = [
                Series(name, tuple((float(x), float(y)) for x, y in (one.get("roc") or {}).get(finding, ())))
                for name, one in both
            ]
            if any(curve.points for curve in curves):
                chart = RocChart(self.tr("ROC, {0}").format(displays.get(finding, finding)))
                chart.set_series([curve for curve in curves if curve.points])
                charts.append(chart)
        said = [
            Series(name, tuple((float(p[0]), float(p[1])) for p in one.get("reliability") or ()))
            for name, one in both
        ]
        if any(line.points for line in said):
            reliability = ReliabilityChart(self.tr("Reliability"))
            reliability.set_series([line for line in said if line.points])
            charts.append(reliability)
        for number, chart_widget in enumerate(charts):
            chart_widget.setFixedHeight(space(56))
            self._charts.addWidget(chart_widget, number // CHARTS_ABREAST, number % CHARTS_ABREAST)

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
        verdict = QHBoxLayout()
        verdict.setSpacing(space(2))
        verdict.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        verdict.addWidget(self._verdict, 1)
        matrices = QHBoxLayout()
        matrices.setSpacing(space(6))
        for matrix in self._matrices:
            matrices.addWidget(matrix, 1)
            matrix.hide()
        self._charts.setHorizontalSpacing(space(6))
        self._charts.setVerticalSpacing(space(4))
        self._films.setAccessibleName(self._films_title.text())
        self._films.setToolTip(self.tr("Enter or a double click shows the film"))
        self._films.setMaximumHeight(space(40))
        self._films.itemActivated.connect(self._on_film_activated)
        self._figures.setMaximumWidth(READABLE_WIDTH)
        self.decision.setMaximumWidth(READABLE_WIDTH)
        layout.addLayout(verdict)
        layout.addWidget(self._reasons)
        layout.addWidget(self.decision)
        layout.addWidget(separator())
        layout.addWidget(self._tested_on)
        for warning in self._warnings:
            layout.addWidget(warning)
        layout.addWidget(self._figures)
        layout.addSpacing(space(2))
        layout.addLayout(matrices)
        layout.addLayout(self._charts)
        layout.addWidget(self._films_title)
        layout.addWidget(self._films)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)


def _with_display_name(reason: str, displays: Mapping[str, str]) -> str:
    """A reason that begins with a finding's machine name, as a person reads it."""
    first, gap, rest = reason.partition(" ")
    return f"{displays.get(first, first)}{gap}{rest}"


def _per_finding(evaluation: Figures | None, finding: str) -> Figures:
    found: Figures = ((evaluation or {}).get("per_finding") or {}).get(finding) or {}
    return found


def _lung_share(evaluation: Figures | None, finding: str) -> float | None:
    found: float | None = ((evaluation or {}).get("lung_share_per_finding") or {}).get(finding)
    return found


def _sure_without_lungs(evaluation: Figures | None) -> float | None:
    """Share of films that get the same answer, about as sure, when their lungs are covered."""
    found: float | None = ((evaluation or {}).get("without_lungs") or {}).get("still_confident")
    return found


def _cells(
    candidate: Figures, current: Figures | None, key: str, mine: float | None, theirs: float | None
) -> tuple[str, str, str, str, str]:
    return (
        figure_text(mine),
        interval_text((candidate.get("intervals") or {}).get(key)),
        figure_text(theirs),
        interval_text(((current or {}).get("intervals") or {}).get(key)),
        _change(mine, theirs),
    )


def _change(mine: float | None, theirs: float | None) -> str:
    """Candidate minus current with its sign, as ``+.021``; a dash where one is missing."""
    if mine is None or theirs is None:
        return "–"
    difference = mine - theirs
    if abs(difference) < 0.0005:
        return ".000"
    return ("+" if difference > 0 else "−") + figure_text(abs(difference))
