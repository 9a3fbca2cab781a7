"""What the window needs of this room comes without torch and without Qt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIGHT = (
    "adapting.asking", "adapting.head", "adapting.suspects", "calibrate", "contradictions", "errors",
    "events", "plan", "proof.gate", "proof.judging", "proof.metrics", "proof.report", "runs", "samples",
    "splits",
)  # fmt: skip


@pytest.mark.parametrize("forbidden", ["torch", "timm", "sklearn", "scipy.optimize", "PySide6"])
def test_the_windows_modules_import_nothing_heavy(forbidden: str) -> None:
    names = ", ".join(f"training.{name}" for name in LIGHT)
    code = f"import sys\nimport {names}\nassert {forbidden!r} not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
