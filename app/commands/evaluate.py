"""`evaluate [--labels CSV --images DIR]`: figures with intervals, and a report.

Without labels a model is measured on the films of the store's test part that readers have answered.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.command_line import UsageError
from app.commands.predict import add_model_options
from app.output import Output
from app.predicting import Predictors
from app.workplace import ADAPTED, Workplace
from inference.card import ModelCard
from training.copies import complete_decided
from training.proof.fitted import fitted_of
from training.samples import Samples, from_csv, from_store


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labels", type=Path, metavar="CSV", help="file,label[,patient]")
    parser.add_argument("--images", type=Path, metavar="DIR", help="what `file` is relative to")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for evaluation.html and evaluation.json")
    add_model_options(parser)


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    from training.proof.evaluate import evaluate
    from training.proof.metrics import curves
    from training.proof.probes import finder_for
    from training.proof.report import write_report

    if (options.labels is None) != (options.images is None):
        raise UsageError("--labels and --images go together.")
    adapted = options.model == ADAPTED
    card = (
        workplace.default_model()
        if adapted or options.model is None
        else workplace.registry.find(options.model)
    )
    samples = _samples(options, workplace, card, output)
    predictors = Predictors(workplace, options.device)
    model = predictors.adapted_model(card) if adapted else predictors.model(card)

    def on_progress(done: int, total: int) -> None:
        output.progress(f"{done} of {total} films", is_last=done == total)

    evaluation = evaluate(model, samples, on_progress, lungs=finder_for(workplace.registry, card))
    for failure in evaluation.failures:
        output.failure(failure)
    for warning in evaluation.warnings:
        output.remark(warning)
    text = (
        f"{evaluation.n} images of {evaluation.patients} patients: "
        f"accuracy {_figure(evaluation.accuracy)}, macro AUROC {_figure(evaluation.macro_auroc)}"
    )
    plots = curves(evaluation.per_image, evaluation.findings, card.task)
    told: dict[str, Any] = evaluation.as_json() | plots
    if options.out is not None:
        out = options.out.expanduser().resolve()
        written = write_report(evaluation, model.card, out)
        told["report"] = str(written[0])
        for path in written:
            output.remark(str(path))
    output.result(told, text)
    return output.status


def _samples(options: argparse.Namespace, workplace: Workplace, card: ModelCard, output: Output) -> Samples:
    """What is measured on, with a word on films that the model was fitted on.

    Of labels that somebody gives every image counts; of the store's test part those are left out.
    """
    fitted = fitted_of(card, workplace.registry)
    if options.labels is not None:
        samples = from_csv(options.labels, options.images, card.finding_names, held_out=False)
        for failure in samples.failures:
            output.failure(failure)
        seen = fitted.overlap(samples.samples) if fitted is not None else ()
        if seen:
            output.warning(
                f"{card.id} was fitted on {len(seen)} of these {len(samples.samples)} films or on others of "
                "their patients: on those it looks better than it is."
            )
        return samples
    complete_decided(workplace.store, card)
    known = from_store(workplace.store, card)
    test = known.of_part("test")
    seen = fitted.overlap(test) if fitted is not None else ()
    if seen:
        output.warning(
            f"{len(seen)} of the {len(test)} films of the test part were left out: {card.id} was fitted on "
            "them or on others of their patients."
        )
    left = tuple(sample for sample in test if sample not in seen)
    if not left:
        raise UsageError(
            f"no film of the test part that {card.id} is meant for has an answer yet; films have to be read "
            "before they can measure a model."
        )
    return replace(known, samples=left)


def _figure(value: float | None) -> str:
    return "cannot be had" if value is None else f"{value:.3f}"
