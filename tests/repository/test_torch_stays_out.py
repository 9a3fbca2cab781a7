"""The window's process never loads torch: it would stutter for half a second and hold half a gigabyte."""

import subprocess
import sys

import pytest

from tests.repository.rooms import ROOT, modules

LIGHT = (
    "app.command_line",
    "app.commands.review",
    "app.commands.importing",
    "app.gui",
    "app.workplace",
    "app.settings",
    "inference.card",
    "inference.client",
    "inference.coverage",
    "inference.errors",
    "inference.overlay",
    "inference.prediction",
    "inference.registry",
    "reviews",
    "studies",
    "training.events",
    "training.proof.gate",
    "training.proof.metrics",
    "widgets",
)

# Imports each module in turn and says which one brought torch along.
IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    heavy = [root for root in ("torch", "timm", "torchvision", "pytorch_grad_cam") if root in sys.modules]
    if heavy:
        sys.exit(f"{name} loads {', '.join(heavy)}")
"""


@pytest.mark.parametrize("light", LIGHT)
def test_modules_of_the_window_load_without_torch(light: str) -> None:
    names = [name for name, _ in modules() if name == light or name.startswith(light + ".")]
    assert names, f"{light} does not exist"
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *names], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert result.returncode == 0, result.stderr
