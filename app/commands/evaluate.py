"""`evaluate --labels CSV --images DIR`: figures with intervals, and a report."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.predict import add_model_options
from app.output import Output
from app.predicting import Predictors
from app.workplace import ADAPTED, Workplace


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labels", required=True, type=Path, metavar="CSV", help="file,label[,patient]")
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where report.html and report.json go")
    add_model_options(parser)


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    from training.evaluate import evaluate
    from training.metrics import curves
    from training.probes import finder_for
    from training.report import write_report
    from training.samples import from_csv

    adapted = options.model == ADAPTED
    card = (
        workplace.default_model()
        if adapted or options.model is None
        else workplace.registry.find(options.model)
    )
    samples = from_csv(options.labels, options.images, card.finding_names, held_out=False)
    for failure in samples.failures:
        output.failure(failure)
    predictors = Predictors(workplace, options.device)
    model = predictors.adapted_model(card) if adapted else predictors.model(card)
    evaluation = evaluate(model, samples, lungs=finder_for(workplace.registry, card))
    for failure in evaluation.failures:
        output.failure(failure)
    for warning in evaluation.warnings:
        output.remark(warning)
    text = (
        f"{evaluation.n} images of {evaluation.patients} patients: "
        f"accuracy {_figure(evaluation.accuracy)}, macro AUROC {_figure(evaluation.macro_auroc)}"
    )
    plots = curves(evaluation.per_image, evaluation.findings, card.task)
    output.result(evaluation.as_json() | plots, text)
    if options.out is not None:
        out = options.out.expanduser().resolve()
        out.mkdir(parents=True, exist_ok=True)
        for path in write_report(evaluation, model.card, out):
            output.remark(str(path))
    return output.status


def _figure(value: float | None) -> str:
    return "cannot be had" if value is None else f"{value:.3f}"
