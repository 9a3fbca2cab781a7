"""The program as a process of its own: the command line, and the window without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.workplace import Workplace
from tests.app.making import FINDINGS
from tests.repository.rooms import ROOT

pytestmark = pytest.mark.timeout(300)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )


def test_predict_as_a_program_reads_it(data_dir: Path, bundled: Path, png: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.png"
    done = run("-m", "app", "--data", data_dir, "--bundled", bundled, "predict", png, gone, "--json")
    assert done.returncode == 1
    (line,) = (json.loads(text) for text in done.stdout.splitlines())
    assert line["path"] == str(png)
    assert [f["name"] for f in line["findings"]] == list(FINDINGS)
    (sentence,) = done.stderr.splitlines()
    assert str(gone) in sentence


def test_a_command_that_is_none_is_wrong_usage() -> None:
    done = run("-m", "app", "prdict")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "prdict" in done.stderr


WINDOW = """
import sys
from app.__main__ import main
status = main(sys.argv[1:])
heavy = [name for name in ("torch", "timm", "torchvision", "pytorch_grad_cam") if name in sys.modules]
sys.exit(f"the window loaded {heavy}" if heavy else status)
"""


def test_the_window_opens_on_the_samples_without_torch_and_closes_by_itself(
    data_dir: Path, bundled: Path
) -> None:
    done = run("-c", WINDOW, "--data", data_dir, "--bundled", bundled, "--exit-after", "8")
    assert done.returncode == 0, done.stderr
    assert done.stderr.replace("This plugin does not support propagateSizeHints()", "").strip() == ""
    assert done.stdout == ""
    place = Workplace(data_dir, bundled)
    assert place.settings.samples_added
    headers = place.store.headers()
    place.close()
    assert {h.modality for h in headers} == {"DX", "CT"}


def test_a_data_folder_that_cannot_be_is_one_sentence(tmp_path: Path, png: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = run("-m", "app", "--data", file / "data", "predict", png)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "--data" in done.stderr
