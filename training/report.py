"""An evaluation for people: one HTML file that needs nothing else, and the same as JSON.

The page carries its own style and draws its plots as SVG; nothing is fetched from anywhere. It follows
the reader's choice of a light or dark page, and prints in black on white.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from inference.card import ModelCard
from training.events import Evaluation
from training.ranking import roc_points
from training.reliability import calibration_bins
from training.table import table_of

SIDE, MARGIN = 260, 40  # of a plot, in SVG units
COLOURS = ("#2f7fd1", "#d1742f", "#3a9d6e", "#a55bc4", "#c0455a", "#7c8a2e", "#3aa3a8", "#8a6d5a")
STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --dim: #5b646e; --line: #c9cfd6; --page: #ffffff;
  --shade: 47, 127, 209; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ea; --dim: #9aa4ae; --line: #3b434b;
  --page: #15181b; } }
@media print { :root { --ink: #000; --dim: #444; --line: #999; --page: #fff; }
  section { break-inside: avoid; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.dim, figcaption, .dim { color: var(--dim); }
table { border-collapse: collapse; } th, td { padding: .25rem .75rem; text-align: right;
  border-bottom: 1px solid var(--line); } th:first-child, td:first-child { text-align: left; }
td.cell { text-align: center; min-width: 3.5rem; border: 1px solid var(--line); }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; }
svg { width: 20rem; max-width: 100%; height: auto; } svg text { fill: var(--dim); font-size: 11px; }
p.alarm { border-left: 4px solid #d1742f; padding: .4rem .8rem; background: rgba(209, 116, 47, .12); }
svg .axis { stroke: var(--line); fill: none; } svg .even { stroke: var(--line); stroke-dasharray: 4 4; }
"""
FIGURES = (
    ("accuracy", "Accuracy", True),
    ("balanced_accuracy", "Balanced accuracy", True),
    ("macro_auroc", "Macro AUROC", False),
    ("log_loss", "Log-loss (nats)", False),
    ("brier", "Brier score", False),
    ("ece", "Expected calibration error", False),
    ("lung_share", "Evidence in the lungs", True),
    ("unfamiliar", "Films that the model does not know", True),
)
PROBE = (
    ("still_confident", "Same answer, about as sure", True),
    ("same", "Same answer, however sure", True),
    ("macro_auroc", "Macro AUROC without lungs (0.5 is nothing)", False),
    ("macro_auroc_with", "Macro AUROC of the same films as they are", False),
    ("ability_left", "Ability to tell findings apart that is left", True),
)


def write_report(evaluation: Evaluation, card: ModelCard, folder: Path) -> tuple[Path, Path]:
    """Write `evaluation.html` and `evaluation.json` into `folder`, which is made if it is not there.

    Returns
    -------
    The absolute paths of both files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    html, told = (folder / "evaluation.html").absolute(), (folder / "evaluation.json").absolute()
    content = evaluation.as_json() | {"failures": list(evaluation.failures)}
    for path, text in ((told, json.dumps(content, indent=2) + "\n"), (html, page(evaluation, card))):
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    return html, told


def page(evaluation: Evaluation, card: ModelCard) -> str:
    """The whole page as text."""
    title = escape(f"Evaluation of {card.name}")
    steps = (_findings, _operating_points, _evidence, _confusion, _plots, _notes)
    parts = [_summary(evaluation, card), _figures(evaluation), *(step(evaluation, card) for step in steps)]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>\n'
        f"<h1>{title}</h1>\n" + "\n".join(part for part in parts if part) + "\n</body></html>\n"
    )


def _summary(evaluation: Evaluation, card: ModelCard) -> str:
    told = f"{evaluation.n} images of {evaluation.patients} patients. Model {card.id}, {card.architecture}."
    alarms = "".join(f'<p class="alarm">{escape(warning)}</p>' for warning in evaluation.warnings)
    return f'<p class="dim">{escape(told)} {escape(card.intended_use)}</p>{alarms}'


def _figures(evaluation: Evaluation) -> str:
    rows = []
    for key, name, is_share in FIGURES:
        value = getattr(evaluation, key)
        bounds = evaluation.intervals.get(key)
        between = f"{_number(bounds[0], is_share)} to {_number(bounds[1], is_share)}" if bounds else "–"
        rows.append(f"<tr><td>{name}</td><td>{_number(value, is_share)}</td><td>{between}</td></tr>")
    head = "<tr><th>Figure</th><th>Value</th><th>95% interval over patients</th></tr>"
    return f"<section><h2>Figures</h2><table>{head}{''.join(rows)}</table></section>"


def _findings(evaluation: Evaluation, card: ModelCard) -> str:
    head = "".join(
        f"<th>{n}</th>" for n in ("Finding", "Precision", "Sensitivity", "F1", "AUROC", "Present in")
    )
    rows = []
    for finding in evaluation.findings:
        own = evaluation.per_finding[finding]
        cells = [_number(own[k], True) for k in ("precision", "recall")]
        cells += [_number(own[k], False) for k in ("f1", "auroc")] + [f"{own['support'] or 0:.0f}"]
        named = escape(card.display_of(finding))
        rows.append(f"<tr><td>{named}</td>{''.join(f'<td>{c}</td>' for c in cells)}</tr>")
    return f"<section><h2>Findings</h2><table><tr>{head}</tr>{''.join(rows)}</table></section>"


def _operating_points(evaluation: Evaluation, card: ModelCard) -> str:
    """What the card's operating points come to on these images; nothing where it has none."""
    rows = []
    for finding in evaluation.findings:
        own = evaluation.per_finding[finding]
        if own["operating_point"] is None:
            continue
        cells = [_number(own["operating_point"], False)]
        cells += [_number(own[key], True) for key in ("sensitivity", "specificity")]
        named = escape(card.display_of(finding))
        rows.append(f"<tr><td>{named}</td>{''.join(f'<td>{c}</td>' for c in cells)}</tr>")
    if not rows:
        return ""
    head = "<tr><th>Finding</th><th>Probability from</th><th>Sensitivity</th><th>Specificity</th></tr>"
    said = "Chosen on films of the validation part. A finding is told from this probability on."
    return (
        f'<section><h2>Operating points</h2><p class="dim">{said}</p>'
        f"<table>{head}{''.join(rows)}</table></section>"
    )


def _evidence(evaluation: Evaluation, card: ModelCard) -> str:
    """Where the evidence lies, and what is said when the lungs are covered; nothing without lungs."""
    if evaluation.lung_share is None and evaluation.without_lungs is None:
        return ""
    rows = "".join(
        f"<tr><td>{escape(card.display_of(finding))}</td><td>{_number(share, True)}</td></tr>"
        for finding, share in evaluation.lung_share_per_finding.items()
    )
    shares = f"<table><tr><th>Most probable</th><th>Evidence in the lungs</th></tr>{rows}</table>"
    probe = evaluation.without_lungs
    if probe is None:
        covered = '<p class="dim">Too few films with lungs to ask what is said without them.</p>'
    else:
        rows = "".join(f"<tr><td>{name}</td><td>{_number(probe[k], s)}</td></tr>" for k, name, s in PROBE)
        covered = (
            f'<p class="dim">With the lungs of {probe["n"]} films covered, filled with what lies around '
            "them: a model that keeps its answers reads them from elsewhere.</p>"
            f"<table><tr><th>Without lungs</th><th>Share or figure</th></tr>{rows}</table>"
        )
    return f"<section><h2>Where it looks</h2>{shares}{covered}</section>"


def _confusion(evaluation: Evaluation, card: ModelCard) -> str:
    names = [escape(card.display_of(f)) for f in evaluation.findings]
    head = "<tr><th>Truth \\ most probable</th>" + "".join(f"<th>{n}</th>" for n in names) + "</tr>"
    rows = []
    for name, row in zip(names, evaluation.confusion, strict=True):
        total = max(sum(row), 1)
        cells = "".join(
            f'<td class="cell" style="background: rgba(var(--shade), {0.6 * v / total:.2f})">{v}</td>'
            for v in row
        )
        rows.append(f"<tr><td>{name}</td>{cells}</tr>")
    return f"<section><h2>Confusion</h2><table>{head}{''.join(rows)}</table></section>"


def _plots(evaluation: Evaluation, card: ModelCard) -> str:
    if not evaluation.per_image:
        return ""
    table = table_of(evaluation.per_image, card.task)
    curves, legend = [], []
    for k, finding in enumerate(evaluation.findings):
        points = roc_points(table.truth[:, k], table.probabilities[:, k])
        if points is None:
            continue
        colour = COLOURS[k % len(COLOURS)]
        line = " ".join(f"{_x(a)},{_y(b)}" for a, b in zip(*points, strict=True))
        curves.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        legend.append(f'<span style="color: {colour}">■</span> {escape(card.display_of(finding))}')
    bins = calibration_bins(table)
    most = max((n for _, _, n in bins), default=1)
    dots = [
        f'<circle cx="{_x(said)}" cy="{_y(true)}" r="{2.5 + 6 * (n / most) ** 0.5:.1f}" '
        f'fill="{COLOURS[0]}" fill-opacity="0.75"><title>{n} images</title></circle>'
        for said, true, n in bins
    ]
    roc = _plot(curves, "1 - specificity", "Sensitivity", "ROC: " + (" ".join(legend) or "cannot be had"))
    reliability = _plot(
        dots, "Probability said", "Share that was right", "Reliability: dots on the line are honest"
    )
    return f'<section><h2>Plots</h2><div class="plots">{roc}{reliability}</div></section>'


def _plot(shapes: list[str], below: str, beside: str, caption: str) -> str:
    size = SIDE + 1.5 * MARGIN
    frame = f'<rect class="axis" x="{_x(0)}" y="{_y(1)}" width="{SIDE}" height="{SIDE}"/>'
    even = f'<line class="even" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
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
    drawn = frame + even + ticks + names + "".join(shapes)
    return (
        f'<figure><svg viewBox="0 0 {size:g} {size:g}" role="img">{drawn}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _notes(evaluation: Evaluation, card: ModelCard) -> str:
    notes = [escape(limit) for limit in card.limits]
    notes += [f"Not measured: {escape(failure)}" for failure in evaluation.failures]
    if evaluation.patients < 2:
        notes.append("With fewer than two patients there are no intervals.")
    notes.append("A dash is a figure that cannot be had from these images.")
    return f"<section><h2>Notes</h2><ul>{''.join(f'<li>{n}</li>' for n in notes)}</ul></section>"


def _number(value: float | None, is_share: bool) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f}%" if is_share else f"{value:.3f}"


def _x(share: float) -> float:
    return round(MARGIN + SIDE * float(share), 1)


def _y(share: float) -> float:
    return round(MARGIN / 2 + SIDE * (1 - float(share)), 1)
