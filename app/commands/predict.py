"""`predict PATH…`: a line an image with what the model suggests."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.images import headers_of
from app.output import Output
from app.predicting import Predictors, decoded
from app.workplace import Workplace
from inference.card import ModelCard
from inference.errors import InferenceError, NoDevice, UnknownModel
from inference.prediction import Prediction
from studies.errors import StudyError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add_model_options(parser)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """`--model` and `--device`, the same for every command that runs a model."""
    parser.add_argument("--model", metavar="M", help="id, unique prefix, or 'adapted'")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    predictors = Predictors(workplace, options.device)
    if options.model not in (None, "adapted"):
        workplace.registry.find(options.model)  # a wrong name is wrong usage, before any image
    frames = (
        (header, frame)
        for header in headers_of(options.paths, workplace, output)
        for frame in range(1, header.frames + 1)
    )
    for header, _frame, image in decoded(frames):
        if isinstance(image, StudyError):
            output.failure(str(image))
            continue
        try:
            card, adapted = workplace.choose_model(options.model, header)
            look = predictors.get(card, adapted).look(image)
        except (NoDevice, UnknownModel):
            raise
        except InferenceError as error:
            output.failure(f"{header.path}: {error}")
            continue
        prediction = look.adapted if adapted and look.adapted is not None else look.prediction
        output.result(line(header.path, prediction, adapted), text(header.path, prediction, card))
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
    }


def text(path: str, prediction: Prediction, card: ModelCard) -> str:
    """The sentence that a person reads for an image."""
    name = Path(path).name
    if prediction.suggestion is None:
        return f"{name}: no suggestion. {' '.join(prediction.warnings)}".rstrip()
    values = ", ".join(f"{card.display_of(f.name)} {f.probability:.2f}" for f in prediction.findings)
    return f"{name}: suggests {card.display_of(prediction.suggestion)} ({values})"
