"""The one entry point: `python -m app`, and both executables of the frozen program.

Without a command the window opens, and it has to be on the screen within a second: only what it
needs is imported. Child processes come in here too (multiprocessing's spawn imports the main
module), so that nothing heavy may be imported at the top of this file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, or open the window when no command is given."""
    # An OpenMP worker that spins while it waits starves the other process (design: 20 times slower).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's cannot but spin
    window, rest = _window_parser().parse_known_args(arguments)
    if rest:
        from app.command_line import run

        return run(arguments)
    from app.gui.start import open_window
    from app.locations import bundled_models, default_data_folder

    return open_window(
        window.data or default_data_folder(),
        window.bundled or bundled_models(),
        exit_after_s=window.exit_after,
        picture=window.picture,
    )


def _window_parser() -> argparse.ArgumentParser:
    """The options of the window; anything else is the command line's."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--bundled", type=Path, help="where the program's own models are")
    parser.add_argument("--exit-after", type=float, help="close the window after so many seconds")
    parser.add_argument("--picture", type=Path, help="write a picture of the window and close it")
    return parser


if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
