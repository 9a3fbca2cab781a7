"""The frozen program does the main job outside the checkout, where there is no Python.

`python build_spec/build.py` makes it; .ci/run does so and insists that it is there. Without it these tests
are skipped.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reviews.store import Store
from studies import phantom
from tests.repository.rooms import ROOT
from tests.studies.files import write_dicom, write_frames
from tests.studies.test_decoding import LOSSLESS

BUILT = ROOT / "dist" / "overread"
SUFFIX = ".exe" if os.name == "nt" else ""

if not BUILT.exists():
    pytest.skip("no dist/overread: `python build_spec/build.py` makes it", allow_module_level=True)
pytestmark = [pytest.mark.frozen, pytest.mark.timeout(400)]


def link_or_copy(source: str, target: str) -> None:
    """A second name for a file where the disk allows it; a gigabyte need not be copied."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frozen program in a folder of its own, with a space in its name."""
    folder = tmp_path_factory.mktemp("far away") / "Over read"
    shutil.copytree(BUILT, folder, symlinks=True, copy_function=link_or_copy)
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment as poor as can be: no Python, no tool of the checkout, an empty home."""
    home = tmp_path_factory.mktemp("home")
    empty = home / "nothing"
    empty.mkdir()
    environment = {
        "HOME": str(home), "PATH": str(empty), "LANG": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen",
        "TMPDIR": str(tmp_path_factory.mktemp("tmp")), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    if os.name == "nt":  # Windows starts no program without these
        environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "USERPROFILE", "LOCALAPPDATA")}
    return environment


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chest phantom that the program has never seen."""
    path = tmp_path_factory.mktemp("films") / "film.dcm"
    phantom.write_chest(path, 5, patient=501, visit=0, foci=2, rows=512)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that the commands of this module share, as a reader's would be."""
    return tmp_path_factory.mktemp("data")


class Command:
    """Runs `overread-cli` and insists that it is well and quiet."""

    def __init__(self, program: Path, bare: dict[str, str], data: Path) -> None:
        self.program, self.bare, self.data = program, bare, data

    def __call__(self, *arguments: object) -> list[dict[str, Any]]:
        """The JSON objects that the command printed; stderr has to stay empty."""
        command = [self.program / f"overread-cli{SUFFIX}", "--data", self.data, *arguments, "--json"]
        result = subprocess.run(
            [str(part) for part in command],
            cwd=self.program.parent, env=self.bare, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert result.stderr == ""
        assert result.returncode == 0
        return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def overread(program: Path, bare: dict[str, str], data: Path) -> Command:
    return Command(program, bare, data)


def test_both_programs_and_the_licences_lie_in_one_folder(program: Path) -> None:
    for name in (f"overread{SUFFIX}", f"overread-cli{SUFFIX}", "LICENSE", "NOTICE", "licences/LGPL-3.0.txt"):
        assert (program / name).is_file(), name
    for package in ("torch", "timm", "pydicom", "numpy", "grad-cam", "captum", "scikit-image", "SQLAlchemy"):
        assert any((program / "licences" / package).iterdir()), package


def test_qt_lies_in_files_of_its_own_that_can_be_replaced(program: Path) -> None:
    assert [file for file in (program / "_internal" / "PySide6").rglob("*Qt6Core*") if file.is_file()]


def test_predict_says_what_the_model_suggests(overread: Command, film: Path) -> None:
    (line,) = overread("predict", film)
    assert line["path"] == str(film)
    assert line["model"] == "phantom"
    assert sum(finding["probability"] for finding in line["findings"]) == pytest.approx(1, abs=1e-3)


def test_predict_reads_every_compression_that_a_checkout_reads(overread: Command, tmp_path: Path) -> None:
    """Decoders are found by name at run time; one that was left out would be missed here."""
    pixels = (np.add.outer(np.arange(96), np.arange(80)) * 20).astype(np.uint16)
    common = {"BodyPartExamined": "CHEST", "ViewPosition": "PA"}
    write_dicom(tmp_path / "plain.dcm", pixels, SOPInstanceUID="1.2.3.100", **common)
    for number, (syntax, encode) in enumerate(LOSSLESS.items()):
        path = tmp_path / f"{syntax}.dcm"
        write_frames(path, syntax, [encode(pixels)], pixels, SOPInstanceUID=f"1.2.3.{number}", **common)

    lines = {Path(line["path"]).stem: line for line in overread("predict", "--model", "phantom", tmp_path)}

    assert set(lines) == {"plain", *LOSSLESS}
    expected = [finding["probability"] for finding in lines["plain"]["findings"]]
    for syntax, line in lines.items():
        assert [f["probability"] for f in line["findings"]] == pytest.approx(expected, abs=1e-3), syntax


def test_predict_reads_the_bundled_sample_studies(overread: Command, program: Path) -> None:
    lines = overread("predict", program / "_internal" / "resources" / "samples")
    assert len(lines) >= 12
    assert any(line["suggestion"] for line in lines)


@pytest.mark.parametrize("method", ["gradcam", "eigencam", "lime", "integrated-gradients"])
def test_explain_writes_an_overlay_and_the_map(
    method: str, overread: Command, film: Path, tmp_path: Path
) -> None:
    finding = overread("predict", film)[0]["findings"][0]["name"]
    picture, raw = tmp_path / "overlay.png", tmp_path / "map.npy"
    overread("explain", film, "--finding", finding, "--method", method, "--out", picture, "--raw", raw)
    heatmap = np.load(raw, allow_pickle=False)
    with Image.open(picture) as overlay:
        assert overlay.size == heatmap.shape[::-1]
    assert heatmap.dtype == np.float32
    assert np.isfinite(heatmap).all()


def test_a_review_is_kept(overread: Command, film: Path) -> None:
    finding = overread("predict", film)[0]["findings"][0]["name"]
    overread("review", film, "--finding", f"{finding}=present", "--reader", "anna")
    (kept,) = [line for line in overread("export", "labels") if line["path"] == str(film)]
    assert kept["reader"] == "anna"
    assert kept["findings"][finding] == "present"


def test_a_network_is_trained_for_an_epoch(overread: Command, tmp_path: Path) -> None:
    films = tmp_path / "films"
    list(phantom.write_training_set(films, 16, seed=3, rows=128))
    events = overread(
        "train", "--labels", films / "labels.csv", "--images", films, "--backbone", "test_resnet",
        "--epochs", 1, "--batch", 4, "--input-size", 64, "--bootstrap", 20, "--seed", 1,
    )  # fmt: skip
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [1]
    assert events[-1]["event"] == "done"
    assert events[-1]["model"] in {line["id"] for line in overread("models", "list")}


def open_window(program: Path, bare: dict[str, str], *arguments: object) -> subprocess.Popen[str]:
    """Start the window."""
    return subprocess.Popen(
        [str(program / f"overread{SUFFIX}"), *map(str, arguments)],
        cwd=program.parent, env=bare, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def unexpected(err: str) -> list[str]:
    """The lines on stderr but for what Qt's off-screen platform says of every window with a smallest size."""
    return [line for line in err.splitlines() if line != "This plugin does not support propagateSizeHints()"]


def test_the_window_opens_closes_and_says_nothing(
    program: Path, bare: dict[str, str], tmp_path: Path
) -> None:
    window = open_window(program, bare, "--data", tmp_path / "data", "--exit-after", 5)
    out, err = window.communicate(timeout=120)
    assert (window.returncode, out, unexpected(err)) == (0, "", [])


def test_the_window_opens_in_german(program: Path, bare: dict[str, str], tmp_path: Path) -> None:
    inside = program / "_internal"
    assert [path.name for path in (inside / "resources" / "translations").iterdir()] == ["overread_de.qm"]
    assert [path.name for path in (inside / "PySide6").rglob("*.qm")] == ["qtbase_de.qm"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.json").write_text('{"language": "de"}')
    window = open_window(program, bare, "--data", tmp_path / "data", "--exit-after", 3)
    _, told = window.communicate(timeout=120)
    assert (window.returncode, unexpected(told)) == (0, [])  # it would say if it could not load Qt's words


def test_the_windows_worker_looks_at_the_sample_studies(
    program: Path, bare: dict[str, str], tmp_path: Path
) -> None:
    """The worker is spawned from the frozen program; the picture comes once a study has a suggestion."""
    picture = tmp_path / "window.png"
    window = open_window(program, bare, "--data", tmp_path / "data", "--picture", picture)
    out, err = window.communicate(timeout=300)
    assert (window.returncode, out, unexpected(err)) == (0, "", [])
    with Image.open(picture) as image:
        assert len(np.unique(np.asarray(image.convert("L")))) > 20, "the window is blank"
    store = Store(tmp_path / "data" / "overread.sqlite")
    try:
        assert store.predictions()
    finally:
        store.close()


@pytest.fixture
def screen() -> Iterator[str]:
    """A virtual screen of its own; its name, as in DISPLAY."""
    server = shutil.which("Xvfb")
    if server is None or not sys.platform.startswith("linux"):
        pytest.skip("no Xvfb on this machine: apt-get install xvfb")
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading) as answer:
        name = answer.readline().strip()
    assert name, "Xvfb did not start"
    yield f":{name}"
    process.terminate()
    process.wait(timeout=30)


def test_the_window_shows_on_a_real_screen(
    screen: str, program: Path, bare: dict[str, str], tmp_path: Path
) -> None:
    environment = bare | {"QT_QPA_PLATFORM": "xcb", "DISPLAY": screen}
    window = open_window(program, environment, "--data", tmp_path / "data", "--exit-after", 5)
    out, err = window.communicate(timeout=120)
    assert (window.returncode, out, err) == (0, "", "")
