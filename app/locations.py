"""Where the program's own files and the reader's data are, from a checkout and frozen."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs


def is_frozen() -> bool:
    """Whether this is the PyInstaller executable."""
    return bool(getattr(sys, "frozen", False))


def program_folder() -> Path:
    """The folder that holds `resources`: the checkout, or the unpacked bundle."""
    if is_frozen():
        return Path(sys._MEIPASS)  # type: ignore[attr-defined]
    return Path(__file__).resolve().parent.parent


def resources() -> Path:
    return program_folder() / "resources"


def bundled_models() -> Path:
    return resources() / "models"


def architectures() -> Path:
    """Names of the networks that can be imported, a line each (`resources/list_architectures.py`)."""
    return resources() / "architectures.txt"


def sample_studies() -> Path:
    return resources() / "samples"


def default_data_folder() -> Path:
    """The platform's folder for the data of this program's user."""
    return Path(platformdirs.user_data_dir("Overread", appauthor=False))


def command_line_program() -> list[str]:
    """How to start this program's command line in a process of its own."""
    if is_frozen():
        name = "overread-cli.exe" if sys.platform == "win32" else "overread-cli"
        return [str(Path(sys.executable).with_name(name))]
    return [sys.executable, "-m", "app"]
