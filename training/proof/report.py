"""An evaluation for people: one HTML file that needs nothing else, and the same as JSON.

The page carries its own style and draws its plots as SVG; nothing is fetched from anywhere, and there is no
script in it. It follows the reader's choice of a light or dark page, and prints in black on white. Where a
candidate was compared with the model in use, both stand side by side under the gate's verdict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from inference.card import ModelCard
from training.events import Evaluation, Gate
from training.numerals import counted
from training.proof.metrics import at_specificity, curves
from training.proof.ranking import SPECIFICITIES
from training.proof.report_plots import Measured, plots

STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --dim: #5b646e; --line: #c9cfd6; --faint: #e6e9ed;
  --page: #ffffff; --shade: 47, 127, 209; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ea; --dim: #9aa4ae; --line: #4a535c;
  --faint: #262b30; --page: #15181b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 1rem 0 .25rem; } figure h3 { margin-top: 0; }
.dim, figcaption, small { color: var(--dim); }
small { display: block; white-space: nowrap; font-size: .75em; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--line); } th { vertical-align: bottom; font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
td.cell { text-align: center; min-width: 3.5rem; border: 1px solid var(--line); }
.side { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }
.plots { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
figure { margin: 0; } svg.plot { width: 100%; max-width: 20rem; height: auto; display: block; }
svg text { fill: var(--dim); font-size: 11px; } svg.sample { width: 1.5rem; height: .5rem; }
svg .axis { stroke: var(--line); fill: none; } svg .grid { stroke: var(--faint); }
svg .even { stroke: var(--dim); stroke-dasharray: 4 4; }
.key { white-space: nowrap; margin-right: .75rem; }
p.verdict { font-size: 1.15rem; font-weight: 600; margin-bottom: .25rem; }
p.alarm { border-left: 4px solid #d1742f; padding: .4rem .8rem; background: rgba(209, 116, 47, .12); }
@media print { :root { color-scheme: light; --ink: #000; --dim: #444; --line: #999; --faint: #ddd;
  --page: #fff; } body { font-size: 10px; margin: 0; max-width: none; }
  th, td { padding: .15rem .3rem; } .wide { overflow: visible; } td.cell { min-width: 2.5rem; }
  section, figure, tr { break-inside: avoid; } }
"""
FIGURES = (
    ("accuracy", "Accuracy", True),
    ("balanced_accuracy", "Balanced accuracy", True),
    ("macro_auroc", "Macro AUROC", False),
    ("macro_auprc", "Macro AUPRC", False),
    ("log_loss", "Log-loss (nats, lower is better)", False),
    ("brier", "Brier score (lower is better)", False),
    ("ece", "Expected calibration error (lower is better)", False),
    ("lung_share", "Evidence in the lungs", True),
    ("unfamiliar", "Films that the model does not know", True),
)
OF_A_FINDING = (
    ("precision", "Precision", True),
    ("recall", "Sensitivity", True),
    ("f1", "F1", False),
    ("auroc", "AUROC", False),
    ("auprc", "AUPRC", False),
    *((at_specificity(s), f"Sensitivity at {s:.0%} specificity", True) for s in SPECIFICITIES),
)
PROBE = (
    ("still_confident", "Same answer, about as sure", True),
    ("same", "Same answer, however sure", True),
    ("macro_auroc", "Macro AUROC without lungs (0.5 is nothing)", False),
    ("macro_auroc_with", "Macro AUROC of the same films as they are", False),
    ("ability_left", "Ability to tell findings apart that is left", True),
)


def write_report(
    evaluation: Evaluation,
    card: ModelCard,
    folder: Path,
    current: tuple[Evaluation, ModelCard] | None = None,
    gate: Gate | None = None,
    remarks: Sequence[str] = (),
) -> tuple[Path, Path]:
    """Write `evaluation.html` and `evaluation.json` into `folder`, which is made if it is not there.

    Parameters
    ----------
    current, gate
        The model in use on the same films, and the verdict, where `evaluation` is a candidate's.
    remarks
        What has to be said of the films; a verdict's reasons hold them already.

    Returns
    -------
    The absolute paths of both files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    html, told = (folder / "evaluation.html").absolute(), (folder / "evaluation.json").absolute()
    content = _content(evaluation, card) | {"remarks": list(remarks)}
    if current is not None:
        content["current_evaluation"] = _content(*current)
    if gate is not None:
        content["gate"] = gate.as_json()
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    for path, written in ((told, text), (html, page(evaluation, card, current, gate, remarks))):
        part = path.with_name(path.name + ".part")
        part.write_text(written, encoding="utf-8")
        part.replace(path)
    return html, told


def _content(evaluation: Evaluation, card: ModelCard) -> dict[str, Any]:
    drawn = curves(evaluation.per_image, evaluation.findings, card.task)
    more = {"failures": list(evaluation.failures), "weights_sha256": card.weights_sha256}
    return evaluation.as_json() | drawn | more


def page(
    evaluation: Evaluation,
    card: ModelCard,
    current: tuple[Evaluation, ModelCard] | None = None,
    gate: Gate | None = None,
    remarks: Sequence[str] = (),
) -> str:
    """The whole page as text."""
    models = [Measured("Candidate" if current is not None else card.name or card.id, evaluation, card)]
    if current is not None:
        models.append(Measured("Current model", *current))
    title = escape(f"Evaluation of {card.name or card.id}")
    sections = (
        _summary(models), _verdict(gate, models), _alarms(models), _figures(models), _findings(models),
        _operating_points(models), _evidence(models), _confusion(models), plots(models),
        _notes(models, remarks if gate is None else ()),
    )  # fmt: skip
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>\n'
        f"<h1>{title}</h1>\n" + "\n".join(part for part in sections if part) + "\n</body></html>\n"
    )


def _summary(models: Sequence[Measured]) -> str:
    one = models[0].evaluation
    told = [f"{counted(one.n, 'image')} of {counted(one.patients, 'patient')}."]
    told += [
        f"{f'{m.name}: ' if len(models) > 1 else 'Model '}{m.card.id}, {m.card.architecture}, "
        f"weights {m.card.weights_sha256[:12] or 'unknown'}."
        for m in models
    ]
    return f'<p class="dim">{escape(" ".join([*told, models[0].card.intended_use]))}</p>'


def _verdict(gate: Gate | None, models: Sequence[Measured]) -> str:
    if gate is None:
        return ""
    first, *others = gate.reasons or (f"Verdict: {gate.verdict}.",)
    displays = {name: m.display_of(name) for m in reversed(models) for name in m.card.finding_names}
    rest = "".join(f"<li>{escape(_with_display_name(reason, displays))}</li>" for reason in others)
    return f'<section><p class="verdict">{escape(first)}</p><ul>{rest}</ul></section>'


def _with_display_name(reason: str, displays: Mapping[str, str]) -> str:
    """A reason that begins with a finding's machine name, as a person reads it."""
    first, gap, rest = reason.partition(" ")
    return f"{displays.get(first, first)}{gap}{rest}"


def _alarms(models: Sequence[Measured]) -> str:
    several = len(models) > 1
    return "".join(
        f'<p class="alarm">{escape(f"{m.name}: {warning}" if several else warning)}</p>'
        for m in models
        for warning in m.evaluation.warnings
    )


def _figures(models: Sequence[Measured]) -> str:
    head = "".join(f"<th>{escape(m.name) if len(models) > 1 else 'Value'}</th>" for m in models)
    rows = []
    for key, name, is_share in FIGURES:
        cells = [_cell(getattr(m.evaluation, key), m.evaluation.intervals.get(key), is_share) for m in models]
        rows.append(f"<tr><td>{name}</td>{''.join(cells)}</tr>")
    said = "Below each figure its 95% interval, from a bootstrap over patients."
    return (
        f'<section><h2>Figures</h2><p class="dim">{said}</p>'
        f'<div class="wide"><table><tr><th>Figure</th>{head}</tr>{"".join(rows)}</table></div></section>'
    )


def _findings(models: Sequence[Measured]) -> str:
    names = ("Finding", *(name for _, name, _ in OF_A_FINDING), "Present in")
    head = "".join(f"<th>{n}</th>" for n in names)
    tables = []
    for model in models:
        rows = []
        for finding in model.evaluation.findings:
            own = model.evaluation.per_finding[finding]
            bounds = model.evaluation.intervals_per_finding.get(finding, {})
            cells = [_cell(own.get(key), bounds.get(key), is_share) for key, _, is_share in OF_A_FINDING]
            named = escape(model.display_of(finding))
            rows.append(f"<tr><td>{named}</td>{''.join(cells)}<td>{own['support'] or 0:.0f}</td></tr>")
        table = f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'
        tables.append(_titled(model, models, table))
    return f"<section><h2>Findings</h2>{''.join(tables)}</section>"


def _operating_points(models: Sequence[Measured]) -> str:
    """What the cards' operating points come to on these images; nothing where they have none."""
    head = "<tr><th>Finding</th><th>Probability from</th><th>Sensitivity</th><th>Specificity</th></tr>"
    tables = []
    for model in models:
        rows = []
        for finding in model.evaluation.findings:
            own = model.evaluation.per_finding[finding]
            bounds = model.evaluation.intervals_per_finding.get(finding, {})
            if own["operating_point"] is None:
                continue
            cells = f"<td>{_number(own['operating_point'], False)}</td>" + "".join(
                _cell(own[key], bounds.get(key), True) for key in ("sensitivity", "specificity")
            )
            rows.append(f"<tr><td>{escape(model.display_of(finding))}</td>{cells}</tr>")
        if rows:
            tables.append(_titled(model, models, f"<table>{head}{''.join(rows)}</table>"))
    if not tables:
        return ""
    said = "Chosen on films of the validation part. A finding is told from this probability on."
    return (
        f'<section><h2>Operating points</h2><p class="dim">{said}</p>'
        f'<div class="side">{"".join(tables)}</div></section>'
    )


def _evidence(models: Sequence[Measured]) -> str:
    """Where the evidence lies, and what is said when the lungs are covered; nothing without lungs."""
    told = [_titled(m, models, text) for m in models if (text := _evidence_of(m))]
    return f"<section><h2>Where it looks</h2>{''.join(told)}</section>" if told else ""


def _evidence_of(model: Measured) -> str:
    evaluation = model.evaluation
    if evaluation.lung_share is None and evaluation.without_lungs is None:
        return ""
    rows = "".join(
        f"<tr><td>{escape(model.display_of(finding))}</td><td>{_number(share, True)}</td></tr>"
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
    return f"{shares}{covered}"


def _confusion(models: Sequence[Measured]) -> str:
    tables = []
    for model in models:
        names = [escape(model.display_of(f)) for f in model.evaluation.findings]
        head = "<tr><th>Truth \\ most probable</th>" + "".join(f"<th>{n}</th>" for n in names) + "</tr>"
        rows = []
        for name, row in zip(names, model.evaluation.confusion, strict=True):
            total = max(sum(row), 1)
            cells = "".join(
                f'<td class="cell" style="background: rgba(var(--shade), {0.6 * v / total:.2f})">{v}</td>'
                for v in row
            )
            rows.append(f"<tr><td>{name}</td>{cells}</tr>")
        tables.append(_titled(model, models, f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'))
    return f'<section><h2>Confusion</h2><div class="side">{"".join(tables)}</div></section>'


def _notes(models: Sequence[Measured], remarks: Sequence[str]) -> str:
    notes = [escape(said) for said in (*remarks, *models[0].card.limits)]
    notes += [f"Not measured: {escape(failure)}" for failure in models[0].evaluation.failures]
    for model in models:
        strange = set(model.evaluation.findings) - set(model.evaluation.known_findings)
        if strange:
            names = ", ".join(sorted(model.display_of(f) for f in strange))
            notes.append(
                f"{escape(model.name)} does not know {escape(names)}: films that show it count against it."
            )
    if models[0].evaluation.patients < 2:
        notes.append("With fewer than two patients there are no intervals.")
    notes.append("A dash is a figure that cannot be had from these images.")
    notes.append("AUPRC without skill is the share of films that show the finding.")
    return f"<section><h2>Notes</h2><ul>{''.join(f'<li>{n}</li>' for n in notes)}</ul></section>"


def _titled(model: Measured, models: Sequence[Measured], content: str) -> str:
    """A part that each model has, under its name where there are two."""
    return f"<div><h3>{escape(model.name)}</h3>{content}</div>" if len(models) > 1 else content


def _cell(value: float | None, bounds: Sequence[float] | None, is_share: bool) -> str:
    between = ""
    if bounds is not None and value is not None:
        between = f"<small>{_number(bounds[0], is_share)} to {_number(bounds[1], is_share)}</small>"
    return f"<td>{_number(value, is_share)}{between}</td>"


def _number(value: float | None, is_share: bool) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f}%" if is_share else f"{value:.3f}"
