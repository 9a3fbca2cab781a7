"""`explain PATH --finding F`: where the model looked."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.commands.predict import add_model_options
from app.images import image_of
from app.output import Output
from app.pictures import write_picture, written
from app.predicting import Predictors
from app.workplace import ADAPTED, Workplace
from inference.methods import DRAW_LOTS, MANY_PASSES, ONE_PASS
from inference.overlay import COLOUR_MAPS, MODES, HeatmapStyle, overlay, to_stored_pixels
from inference.perturbation import Progress
from inference.prediction import Look
from studies.display import render
from studies.reader import read

METHODS = (*ONE_PASS, *MANY_PASSES)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="an image file, or UID:frame of the worklist")
    parser.add_argument("--finding", required=True, metavar="F")
    parser.add_argument("--frame", type=int, default=1, metavar="N")
    parser.add_argument(
        "--method",
        default="gradcam",
        choices=METHODS,
        help=f"at once: {', '.join(ONE_PASS)}; within seconds to minutes: {', '.join(MANY_PASSES)}",
    )
    parser.add_argument(
        "--seed", type=_whole, default=0, metavar="N", help="of the lots that lime draws; the same map again"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="PNG")
    parser.add_argument("--raw", type=Path, metavar="NPY", help="the map itself, float32 (H, W), signed")
    style = HeatmapStyle()
    parser.add_argument(
        "--mode",
        default=style.mode,
        choices=MODES,
        help="smooth, the cells of the network's last layer, or contours at 25, 50 and 75%% of the peak",
    )
    parser.add_argument("--colour-map", default=style.colour_map, choices=COLOUR_MAPS)
    parser.add_argument("--opacity", type=_share, default=style.opacity, help="of the overlay, 0 to 1")
    parser.add_argument(
        "--threshold",
        type=_share,
        default=style.threshold,
        help="share of the image's peak below which nothing is drawn, 0 to 1",
    )
    add_model_options(parser)


def _whole(text: str) -> int:
    """A whole number from 0; argparse says the rest where it is none."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return value


def _share(text: str) -> float:
    """A number from 0 to 1; argparse says the rest where it is none."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    from inference.predictor import Predictor

    header, frame = image_of(options.path, workplace, options.frame)
    image = read(header, frame)
    card, adapted = workplace.choose_model(options.model, header)
    predictors = Predictors(workplace, options.device)
    # An adapted head has maps of its own, so that it has to be the network's last layer here.
    predictor = Predictor(predictors.adapted_model(card)) if adapted else predictors.get(card)
    look = _followed(predictor.explain(image, [options.finding], options.method, options.seed), output)
    heatmap = next(h for h in look.heatmaps if h.finding == options.finding)
    style = HeatmapStyle(options.mode, options.opacity, options.threshold, options.colour_map)
    out = options.out.expanduser().resolve()
    write_picture(out, overlay(render(image), heatmap, style))
    result: dict[str, Any] = {
        "path": header.path,
        "finding": options.finding,
        "method": options.method,
        "model": ADAPTED if adapted else card.id,
        "out": str(out),
    }
    if options.method in DRAW_LOTS:
        result["seed"] = options.seed
    if heatmap.spread is not None:
        result["spread"] = float(heatmap.spread.mean())
    if options.raw is not None:
        raw = options.raw.expanduser().resolve()
        values = to_stored_pixels(heatmap, image.shape)
        with written(raw) as file:
            np.save(file, values.astype(np.float32), allow_pickle=False)
        result["raw"] = str(raw)
    for warning in look.prediction.warnings:
        output.warning(warning)
    output.result(result, str(out))
    return output.status


def _followed(steps: Iterator[Progress | Look], output: Output) -> Look:
    """Say how far an explanation is, and give what it ends with."""
    started = time.monotonic()
    try:
        for step in steps:
            if isinstance(step, Look):
                return step
            left = (time.monotonic() - started) / max(step.done, 1) * (step.total - step.done)
            output.progress(f"{step.done} of {step.total} passes, about {left:.0f} s left")
    finally:
        output.progress("", is_last=True)
    raise AssertionError("an explanation ends with a look")
