"""The plots of a report, as SVG within the page: curves of findings, and whether probabilities are honest.

Lines differ by stroke as well as by colour, so that a page printed in black tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from inference.card import ModelCard
from training.events import Evaluation
from training.proof.ranking import Floats, precision_recall_points, roc_points
from training.proof.reliability import calibration_bins
from training.proof.table import is_answered, table_of

SIDE, MARGIN = 260, 40  # of a plot, in SVG units
COLOURS = ("#2f7fd1", "#d1742f", "#3a9d6e", "#a55bc4", "#c0455a", "#7c8a2e", "#3aa3a8", "#8a6d5a")
STROKES = ("", "6 3", "2 3", "8 3 2 3")


@dataclass(frozen=True, slots=True)
class Measured:
    """A model that was measured, and what a reader calls it here."""

    name: str
    evaluation: Evaluation
    card: ModelCard

    def display_of(self, finding: str) -> str:
        return self.card.display_of(finding)


def plots(models: Sequence[Measured]) -> str:
    """The section with all plots; nothing where no image was measured.

    One model: its findings share a plot. Two: each finding has a plot of its own in which both are drawn.
    """
    models = [m for m in models if any(map(is_answered, m.evaluation.per_image))]
    if not models:
        return ""
    drawn = []
    first = models[0]
    groups = (
        [(None, first.evaluation.findings)]
        if len(models) == 1
        else [(f, (f,)) for f in first.evaluation.findings]
    )
    for finding, several in groups:
        named = "" if finding is None else f", {first.display_of(finding)}"
        roc, precision = _curves(models, several)
        drawn.append(_figure(f"ROC{named}", "1 − specificity", "Sensitivity", roc, has_diagonal=True))
        drawn.append(_figure(f"Precision-recall{named}", "Sensitivity (recall)", "Precision", precision))
    drawn.append(_reliability(models))
    return f'<section><h2>Plots</h2><div class="plots">{"".join(drawn)}</div></section>'


def _curves(models: Sequence[Measured], findings: Sequence[str]) -> tuple[list[_Line], list[_Line]]:
    roc: list[_Line] = []
    precision: list[_Line] = []
    for model in models:
        results = [r for r in model.evaluation.per_image if is_answered(r)]
        table = table_of(results, model.card.task)
        for finding in findings:
            if finding not in model.evaluation.findings:
                continue
            k = model.evaluation.findings.index(finding)
            name = model.display_of(finding) if len(models) == 1 else model.name
            number = len(roc)
            truth, said = table.truth[:, k], table.probabilities[:, k]
            roc.append(_Line(name, number, roc_points(truth, said)))
            precision.append(_Line(name, number, precision_recall_points(truth, said)))
    return roc, precision


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    number: int
    points: tuple[Floats, Floats] | None

    def svg(self) -> str:
        if self.points is None:
            return ""
        places = [f"{_x(a)},{_y(b)}" for a, b in zip(*self.points, strict=True)]
        kept = [p for i, p in enumerate(places) if not i or p != places[i - 1]]
        if len(kept) == 1:
            kept = kept * 2  # a point: round caps show it
        dashes = STROKES[self.number % len(STROKES)]
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        return (
            f'<polyline points="{" ".join(kept)}" fill="none" stroke="{_colour(self.number)}" '
            f'stroke-width="1.8" stroke-linecap="round"{dashed}/>'
        )

    def key(self) -> str:
        dashes = STROKES[self.number % len(STROKES)]
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        sample = (
            f'<svg class="sample" viewBox="0 0 24 8" aria-hidden="true"><line x1="0" y1="4" x2="24" y2="4" '
            f'stroke="{_colour(self.number)}" stroke-width="2.5"{dashed}/></svg>'
        )
        said = "" if self.points is not None else " (cannot be had)"
        return f'<span class="key">{sample} {escape(self.name)}{said}</span>'


def _figure(
    title: str, below: str, beside: str, lines: Sequence[_Line], *, has_diagonal: bool = False
) -> str:
    shapes = "".join(line.svg() for line in lines)
    keys = "".join(line.key() for line in lines)
    return _framed(title, below, beside, shapes, keys, has_diagonal=has_diagonal)


def _reliability(models: Sequence[Measured]) -> str:
    shapes, keys = "", ""
    for number, model in enumerate(models):
        results = [r for r in model.evaluation.per_image if is_answered(r)]
        bins = calibration_bins(table_of(results, model.card.task))
        most = max((n for _, _, n in bins), default=1)
        filled = "0.75" if number == 0 else "0"  # a second model's are rings
        shapes += "".join(
            f'<circle cx="{_x(said)}" cy="{_y(true)}" r="{2.5 + 6 * (n / most) ** 0.5:.1f}" '
            f'fill="{_colour(number)}" fill-opacity="{filled}" stroke="{_colour(number)}" stroke-width="1.5">'
            f"<title>{n} images</title></circle>"
            for said, true, n in bins
        )
        keys += _dot(number, model.name, filled) if len(models) > 1 else ""
    keys += '<span class="dim">Dots on the line are honest; large ones stand for many films.</span>'
    return _framed("Reliability", "Probability said", "Share that was right", shapes, keys, has_diagonal=True)


def _dot(number: int, name: str, filled: str) -> str:
    return (
        f'<span class="key"><svg class="sample" viewBox="0 0 24 8" aria-hidden="true"><circle cx="12" cy="4" '
        f'r="3" fill="{_colour(number)}" fill-opacity="{filled}" stroke="{_colour(number)}"/></svg> '
        f"{escape(name)}</span>"
    )


def _framed(title: str, below: str, beside: str, shapes: str, keys: str, *, has_diagonal: bool) -> str:
    size = SIDE + 1.5 * MARGIN
    frame = f'<rect class="axis" x="{_x(0)}" y="{_y(1)}" width="{SIDE}" height="{SIDE}"/>'
    grid = "".join(
        f'<line class="grid" x1="{_x(v)}" y1="{_y(0)}" x2="{_x(v)}" y2="{_y(1)}"/>'
        f'<line class="grid" x1="{_x(0)}" y1="{_y(v)}" x2="{_x(1)}" y2="{_y(v)}"/>'
        for v in (0.25, 0.5, 0.75)
    )
    even = f'<line class="even" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>' if has_diagonal else ""
    ticks = "".join(
        f'<text x="{_x(v)}" y="{_y(0) + 14}" text-anchor="middle">{v:g}</text>'
        f'<text x="{_x(0) - 5}" y="{_y(v) + 4}" text-anchor="end">{v:g}</text>'
        for v in (0.0, 0.5, 1.0)
    )
    middle = _y(0.5)
    names = (
        f'<text x="{_x(0.5)}" y="{_y(0) + 30}" text-anchor="middle">{below}</text>'
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">{beside}</text>'
    )
    return (
        f"<figure><h3>{escape(title)}</h3>"
        f'<svg class="plot" viewBox="0 0 {size:g} {size:g}" role="img" aria-label="{escape(title)}">'
        f"{grid}{frame}{even}{ticks}{names}{shapes}</svg><figcaption>{keys}</figcaption></figure>"
    )


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _x(share: float) -> float:
    return round(MARGIN + SIDE * float(share), 1)


def _y(share: float) -> float:
    return round(MARGIN / 2 + SIDE * (1 - float(share)), 1)
