"""`predict PATH…`: a line an image with what the model suggests."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from app.command_line import UsageError
from app.images import headers_of
from app.output import Output
from app.predicting import Predictors
from app.workplace import Workplace
from inference.card import ModelCard
from inference.covering import Polygon, Region
from inference.errors import InferenceError
from inference.prediction import Prediction
from studies.errors import StudyError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add_model_options(parser)
    parser.add_argument(
        "--agreement",
        action="store_true",
        help="look at slightly altered copies too, and tell for which share the same is suggested",
    )
    parser.add_argument(
        "--cover",
        action="append",
        default=[],
        type=outline,
        metavar="'R,C R,C R,C'",
        help="cover what lies in this outline, corners as row,column in stored pixels; may be repeated",
    )
    parser.add_argument("--keep", action="store_true", help="cover everything but what --cover outlines")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """`--model` and `--device`, the same for every command that runs a model."""
    parser.add_argument("--model", metavar="M", help="id, unique prefix, or 'adapted'")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))


def outline(text: str) -> Polygon:
    """An outline of at least three corners; argparse says the rest where it is none."""
    try:
        corners = [tuple(float(value) for value in corner.split(",")) for corner in text.split()]
    except ValueError:
        corners = []
    if len(corners) < 3 or not all(len(c) == 2 and all(map(math.isfinite, c)) for c in corners):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no outline, expected 'row,column row,column row,column'"
        )
    return tuple((row, column) for row, column in corners)


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    predictors = Predictors(workplace, options.device)
    if options.model not in (None, "adapted"):
        workplace.registry.find(options.model)  # a wrong name is wrong usage, before any image
    if options.keep and not options.cover:
        raise UsageError("--keep needs at least one outline with --cover.")
    frames = (
        (header, frame)
        for header in headers_of(options.paths, workplace, output)
        for frame in range(1, header.frames + 1)
    )
    region = Region(tuple(options.cover), options.keep) if options.cover else None
    for told in predictors.look(frames, options.model, agreement=options.agreement, region=region):
        path = told.header.path
        if isinstance(told.said, StudyError):
            output.failure(str(told.said))
        elif isinstance(told.said, InferenceError):
            output.failure(f"{path}: {told.said}")
        else:
            prediction = told.prediction
            output.result(line(path, prediction, told.is_adapted), text(path, prediction, told.card))
    return output.status


def line(path: str, prediction: Prediction, adapted: bool = False) -> dict[str, Any]:
    """The contract's object for an image."""
    return {
        "path": path,
        "sop_instance_uid": prediction.sop_instance_uid,
        "frame": prediction.frame,
        "model": "adapted" if adapted else prediction.model,
        "findings": [{"name": f.name, "probability": f.probability} for f in prediction.findings],
        "suggestion": prediction.suggestion,
        "uncertainty": prediction.uncertainty,
        "warnings": list(prediction.warnings),
        "margin": prediction.margin,
        "agreement": prediction.agreement,
        "unfamiliarity": prediction.unfamiliarity,
        "lung_share": prediction.lung_share,
        "weights_sha256": prediction.weights_sha256,
    }


def text(path: str, prediction: Prediction, card: ModelCard) -> str:
    """The sentence that a person reads for an image."""
    name = Path(path).name
    if prediction.suggestion is None:
        return f"{name}: no suggestion. {' '.join(prediction.warnings)}".rstrip()
    values = ", ".join(f"{card.display_of(f.name)} {f.probability:.2f}" for f in prediction.findings)
    return f"{name}: suggests {card.display_of(prediction.suggestion)} ({values})"
