"""`render PATH --out PNG`: the image as the viewer first shows it."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.command_line import UsageError
from app.images import image_of
from app.output import Output
from app.pictures import write_picture
from app.workplace import Workplace
from studies.display import DisplayState, initial_state, render
from studies.image import Window
from studies.reader import read


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH")
    parser.add_argument("--out", required=True, type=Path, metavar="PNG")
    parser.add_argument("--frame", type=int, default=1, metavar="N")
    parser.add_argument("--window", type=float, nargs=2, metavar=("C", "W"), help="in modality units")


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    header, frame = image_of(options.path, workplace, options.frame)
    image = read(header, frame)
    state = initial_state(image)
    if options.window is not None:
        center, width = options.window
        if width < 1:
            raise UsageError(f"--window: a width of {width:g} was given, at least 1 is expected.")
        state = DisplayState(Window(center, width), state.inverted)
    out = options.out.expanduser().resolve()
    write_picture(out, render(image, state))
    output.result({"path": header.path, "frame": frame, "out": str(out)}, str(out))
    return output.status
