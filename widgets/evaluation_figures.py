"""What was measured of one model, or of two side by side: figures with intervals, matrices, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.numbers import figure_text, interval_text
from widgets.plots import Chart, PrecisionRecallChart, ReliabilityChart, RocChart, Series
from widgets.plots_confusion import ConfusionMatrix
from widgets.theme import space
from widgets.training_parts import FigureTable
from widgets.warning_line import WarningLine
from widgets.words import in_words

Figures = Mapping[str, Any]

CHARTS_ABREAST = 4  # ROC and precision-recall of two findings
QWIDGETSIZE_MAX = 16_777_215  # Qt's own word for no limit
READABLE_WIDTH = space(200)
"""Wider than this, a number stands too far from its name."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The object of `evaluate --json`, None where nothing was measured, and what its model is called here."""

    name: str
    figures: Figures | None

    def value(self, key: str) -> float | None:
        found: float | None = (self.figures or {}).get(key)
        return found

    def interval(self, key: str) -> Sequence[float] | None:
        return ((self.figures or {}).get("intervals") or {}).get(key)

    def of(self, finding: str, key: str) -> float | None:
        found: float | None = (((self.figures or {}).get("per_finding") or {}).get(finding) or {}).get(key)
        return found

    def interval_of(self, finding: str, key: str) -> Sequence[float] | None:
        return (((self.figures or {}).get("intervals_per_finding") or {}).get(finding) or {}).get(key)

    def lung_share(self, finding: str) -> float | None:
        found: float | None = ((self.figures or {}).get("lung_share_per_finding") or {}).get(finding)
        return found

    @property
    def sure_without_lungs(self) -> float | None:
        """Share of films that get the same answer, about as sure, when their lungs are covered."""
        found: float | None = ((self.figures or {}).get("without_lungs") or {}).get("still_confident")
        return found

    @property
    def warning(self) -> str:
        return str(((self.figures or {}).get("without_lungs") or {}).get("warning") or "")

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple((self.figures or {}).get("findings") or ())

    def points(self, kind: str, finding: str) -> tuple[tuple[float, float], ...]:
        drawn = ((self.figures or {}).get(kind) or {}).get(finding) or ()
        return tuple((float(x), float(y)) for x, y in drawn)

    @property
    def reliability(self) -> tuple[tuple[float, float], ...]:
        return tuple((float(p[0]), float(p[1])) for p in (self.figures or {}).get("reliability") or ())


class EvaluationFigures(QWidget):
    """Tables, confusion matrices and charts of one or two models."""

    def __init__(self) -> None:
        super().__init__()
        self._warnings = (WarningLine(), WarningLine())
        self._table = FigureTable(self.tr("Figures"))
        self._each = FigureTable(self.tr("Every figure of each finding"))
        self._unfold = QToolButton()
        self._unfold.setText(self.tr("Every figure of each finding"))
        self._unfold.setCheckable(True)
        self._unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._unfold.setToolTip(
            self.tr("Precision, sensitivity at fixed specificity and more, with intervals")
        )
        self._unfold.toggled.connect(self._on_unfolded)
        self._matrices = (ConfusionMatrix(""), ConfusionMatrix(""))
        self._charts = QGridLayout()
        self._lay_out()
        self._on_unfolded(False)

    def show_models(self, models: Sequence[Measured], displays: Mapping[str, str]) -> None:
        """Show one model, or a candidate and the current model.

        An evaluation may carry ``roc``, ``precision_recall`` (``{finding: [[x, y], ...]}``) and
        ``reliability`` (``[[stated probability, observed share, count], ...]``), which are drawn if present.
        """
        self._show_warnings(models)
        self._show_table(models, displays)
        self._show_each(models, displays)
        for matrix in self._matrices:
            matrix.hide()
        for matrix, model in zip(self._matrices, models, strict=False):
            self._show_matrix(matrix, model, displays, len(models) > 1)
        self._show_charts(models, displays)

    def _show_warnings(self, models: Sequence[Measured]) -> None:
        """What somebody who believes the figures has to know: a model that needs no lungs to be sure."""
        for line in self._warnings:
            line.say("")
        words = self.tr("{0}: {1}")
        for line, model in zip(self._warnings, models, strict=False):
            if model.warning:
                said = in_words(model.warning)
                name = model.name[:1].upper() + model.name[1:]
                line.say(words.format(name, said) if len(models) > 1 else said)

    def _headings(self, models: Sequence[Measured]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if len(models) == 1:
            return ("", self.tr("value"), self.tr("95% interval")), ("strong", "quiet")
        names = [part for model in models for part in (model.name, "")]
        return ("", *names, self.tr("change")), ("strong", "quiet", "", "quiet", "")

    def _show_table(self, models: Sequence[Measured], displays: Mapping[str, str]) -> None:
        names = (
            ("balanced_accuracy", self.tr("balanced accuracy")),
            ("accuracy", self.tr("accuracy")),
            ("macro_auroc", self.tr("macro AUROC")),
            ("macro_auprc", self.tr("macro AUPRC")),
            ("log_loss", self.tr("log-loss, lower is better")),
            ("brier", self.tr("Brier score, lower is better")),
            ("ece", self.tr("calibration error, lower is better")),
            ("unfamiliar", self.tr("films it does not know")),
            ("lung_share", self.tr("evidence inside the lungs")),
        )
        rows = [_row(name, [(m.value(key), m.interval(key)) for m in models]) for key, name in names]
        inside = self.tr("evidence inside the lungs, {0}")
        for finding in models[0].findings:
            shares = [(m.lung_share(finding), None) for m in models]
            rows.append(_row(inside.format(displays.get(finding, finding)), shares))
        sure = self.tr("as sure with the lungs covered, lower is better")
        rows.append(_row(sure, [(m.sure_without_lungs, None) for m in models]))
        for key, words in (("recall", self.tr("sensitivity, {0}")), ("auroc", self.tr("AUROC, {0}"))):
            for finding in models[0].findings:
                told = [(m.of(finding, key), m.interval_of(finding, key)) for m in models]
                rows.append(_row(words.format(displays.get(finding, finding)), told))
        headings, roles = self._headings(models)
        self._table.fill(headings, [row for row in rows if row], roles)
        self._table.setHidden(models[0].figures is None)

    def _show_each(self, models: Sequence[Measured], displays: Mapping[str, str]) -> None:
        names = (
            ("precision", self.tr("{0}: precision")),
            ("recall", self.tr("{0}: sensitivity")),
            ("f1", self.tr("{0}: F1")),
            ("auroc", self.tr("{0}: AUROC")),
            ("auprc", self.tr("{0}: AUPRC (no skill: its share of films)")),
            ("sensitivity_at_90_specificity", self.tr("{0}: sensitivity at 90% specificity")),
            ("sensitivity_at_95_specificity", self.tr("{0}: sensitivity at 95% specificity")),
            ("operating_point", self.tr("{0}: operating point")),
            ("sensitivity", self.tr("{0}: sensitivity at its operating point")),
            ("specificity", self.tr("{0}: specificity at its operating point")),
        )
        rows: list[tuple[str, ...] | None] = []
        for finding in models[0].findings:
            shown = displays.get(finding, finding)
            count = models[0].of(finding, "support")
            if count is not None:
                films = [str(int(count)), *[""] * (1 if len(models) == 1 else 4)]
                rows.append((self.tr("{0}: films that show it").format(shown), *films))
            rows += [
                _row(words.format(shown), [(m.of(finding, k), m.interval_of(finding, k)) for m in models])
                for k, words in names
            ]
        headings, roles = self._headings(models)
        kept = [row for row in rows if row]
        self._each.fill(headings, kept, roles)
        self._unfold.setHidden(not kept)
        self._on_unfolded(self._unfold.isChecked())

    def _on_unfolded(self, is_open: bool) -> None:
        self._each.setVisible(is_open and not self._unfold.isHidden())
        self._unfold.setIcon(theme.icon("chevron-down" if is_open else "chevron-right"))

    def _show_matrix(
        self, matrix: ConfusionMatrix, model: Measured, displays: Mapping[str, str], is_named: bool
    ) -> None:
        counts = (model.figures or {}).get("confusion") or ()
        has_counts = bool(counts) and len(counts) == len(model.findings)
        matrix.setHidden(not has_counts)
        if has_counts:
            title = self.tr("Confusion, {0}").format(model.name) if is_named else self.tr("Confusion")
            matrix.set_title(title)
            matrix.setMaximumWidth(QWIDGETSIZE_MAX if is_named else READABLE_WIDTH)
            matrix.set_matrix([displays.get(name, name) for name in model.findings], counts)

    def _show_charts(self, models: Sequence[Measured], displays: Mapping[str, str]) -> None:
        def series(title: str, points: Sequence[tuple[tuple[float, float], ...]]) -> list[Series]:
            names = [title] if len(models) == 1 else [m.name for m in models]  # one line needs no legend
            return [Series(name, own) for name, own in zip(names, points, strict=True) if own]

        while (item := self._charts.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        charts: list[Chart] = []
        for finding in models[0].findings:
            shown = displays.get(finding, finding)
            roc, precision = self.tr("ROC, {0}").format(shown), self.tr("Precision-recall, {0}").format(shown)
            for kind, title, made in (
                ("roc", roc, RocChart(roc)),
                ("precision_recall", precision, PrecisionRecallChart(precision)),
            ):
                made.set_series(series(title, [m.points(kind, finding) for m in models]))
                charts.append(made)
        title = self.tr("Reliability")
        reliability = ReliabilityChart(title)
        reliability.set_series(series(title, [m.reliability for m in models]))
        charts.append(reliability)
        drawn = [chart for chart in charts if chart.series]
        for number, chart in enumerate(drawn):
            chart.setFixedHeight(space(64))
            self._charts.addWidget(chart, number // CHARTS_ABREAST, number % CHARTS_ABREAST)

    def _lay_out(self) -> None:
        matrices = QHBoxLayout()
        matrices.setSpacing(space(6))
        for matrix in self._matrices:
            matrices.addWidget(matrix, 1)
            matrix.hide()
        matrices.addStretch(0)  # one alone begins where the table does
        self._charts.setHorizontalSpacing(space(6))
        self._charts.setVerticalSpacing(space(4))
        for table in (self._table, self._each):
            table.setMaximumWidth(READABLE_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(space(2))
        for warning in self._warnings:
            layout.addWidget(warning)
        layout.addWidget(self._table)
        layout.addWidget(self._unfold, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._each)
        layout.addSpacing(space(2))
        layout.addLayout(matrices)
        layout.addSpacing(space(2))
        layout.addLayout(self._charts)


def _row(name: str, values: Sequence[tuple[float | None, Sequence[float] | None]]) -> tuple[str, ...] | None:
    """A figure of each model with its interval, and the change between two; None where nobody has it."""
    if all(value is None for value, _ in values):
        return None
    cells = [cell for value, bounds in values for cell in (figure_text(value), interval_text(_pair(bounds)))]
    if len(values) == 1:
        return (name, *cells)
    return (name, *cells, _change(values[0][0], values[1][0]))


def _pair(bounds: Sequence[float] | None) -> tuple[float, float] | None:
    return None if bounds is None else (float(bounds[0]), float(bounds[1]))


def _change(mine: float | None, theirs: float | None) -> str:
    """Candidate minus current with its sign, as ``+.021``; a dash where one is missing."""
    if mine is None or theirs is None:
        return "–"
    difference = mine - theirs
    if abs(difference) < 0.0005:
        return ".000"
    return ("+" if difference > 0 else "−") + figure_text(abs(difference))
