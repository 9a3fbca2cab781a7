"""`demo`: the main job on the sample studies where there is no screen.

Predicts every sample, writes an overlay for each suggestion and a picture of the window, and names
every file it wrote by its absolute path, one a line.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from app import locations
from app.commands.predict import line, text
from app.images import headers_of
from app.output import Output
from app.pictures import write_picture
from app.predicting import Predictors, decoded
from app.workplace import Workplace
from inference.card import ModelCard
from inference.errors import InferenceError
from inference.overlay import overlay
from inference.prediction import Look
from studies.display import render
from studies.errors import StudyError
from studies.image import Header, Image

WINDOW_LIMIT_S = 180


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where pictures go")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    out = options.out.expanduser().resolve()
    out.mkdir(parents=True, exist_ok=True)
    predictors = Predictors(workplace, options.device)
    headers = headers_of([locations.sample_studies()], workplace, output)
    covered = ((h, 1) for h in headers if workplace.model_for(h) is not None)
    for header, _frame, image in decoded(covered):
        if isinstance(image, StudyError):
            output.failure(str(image))
            continue
        card, _ = workplace.choose_model(None, header)
        try:
            look = predictors.get(card).look(image, maps=card.finding_names)
        except InferenceError as error:
            output.failure(f"{header.path}: {error}")
            continue
        output.result(line(header.path, look.prediction), text(header.path, look.prediction, card))
        _write_overlay(out, header, image, look, card, output)
    _picture_of_window(out / "window.png", output)
    return output.status


def _write_overlay(
    out: Path, header: Header, image: Image, look: Look, card: ModelCard, output: Output
) -> None:
    """The evidence for the suggestion, over the film."""
    finding = look.prediction.suggestion or card.finding_names[0]
    heatmap = next(h for h in look.heatmaps if h.finding == finding)
    name = "-".join(Path(header.path).relative_to(locations.sample_studies().resolve()).with_suffix("").parts)
    path = out / f"{name}-{finding}.png"
    write_picture(path, overlay(render(image), heatmap))
    output.result({"overlay": str(path), "finding": finding}, str(path))


def _picture_of_window(path: Path, output: Output) -> None:
    """Open the real window off-screen, on data of its own, in a process of its own (no torch there)."""
    with tempfile.TemporaryDirectory(prefix="overread-") as data:
        done = subprocess.run(
            [*locations.command_line_program(), "--data", data, "--picture", str(path)],
            cwd=locations.program_folder(),
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            timeout=WINDOW_LIMIT_S,
            check=False,
        )
    if done.returncode == 0 and path.exists():
        output.result({"window": str(path)}, str(path))
    else:
        output.failure(f"The window could not be pictured: {done.stderr.strip() or done.returncode}")
