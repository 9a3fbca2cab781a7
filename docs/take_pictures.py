"""Take the pictures of the real window that README.md and docs/ show.

    xvfb-run -a -s "-screen 0 3200x2000x24" python docs/take_pictures.py

Three scenes at 100% and 200%: reading a sample study with the heatmap on, the training page after a
run, and a first start with nothing in the worklist. Each is the program itself, with the real store,
the real worker and a real training, in a process of its own, because Qt reads its scale at the start.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from reviews.record import Part

SCENES = ("reading", "training", "empty")
SCALES = (1, 2)
LIMIT_MS = 180_000
UNREAD = ("PHANTOM-002", "PHANTOM-008")  # films that are not read yet; the first is in the picture
PARTS: dict[Part, tuple[str, ...]] = {
    "test": ("PHANTOM-001", "PHANTOM-004", "PHANTOM-007"),
    "validation": ("PHANTOM-003",),
    "train": (*UNREAD, "PHANTOM-005", "PHANTOM-006", "PHANTOM-009"),
}


def main() -> int:
    """Prepare a data folder, then take every picture in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--scene", choices=SCENES, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--picture", type=Path, help=argparse.SUPPRESS)
    choice = parser.parse_args()
    if choice.scene:
        return take(choice.scene, choice.data, choice.picture)
    choice.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overread-pictures-") as work:
        read, empty = Path(work) / "read", Path(work) / "empty"
        prepare(read)
        prepare_empty(empty)
        for scene in SCENES:
            for scale in SCALES:
                picture = choice.out / f"{scene}-{scale}00.png"
                command = [sys.executable, __file__, "--scene", scene, "--picture", str(picture)]
                command += ["--data", str(empty if scene == "empty" else read)]
                environment = {**os.environ, "QT_SCALE_FACTOR": str(scale)}
                subprocess.run(command, check=True, cwd=ROOT, env=environment)
                sys.stdout.write(f"{picture}\n")
    return 0


def overread(data: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run a command of the program; return its JSON lines."""
    command = [sys.executable, "-m", "app", "--data", str(data), *arguments, "--json"]
    told = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in told.splitlines()]


def prepare(data: Path) -> None:
    """The sample studies, most of them read, and a training whose result waits for a decision."""
    from app.runs import Run
    from studies.phantom import label
    from tests.reviews.parts import give_part

    # Otherwise drawn by chance; a film that measures hides its suggestion.
    for part, names in PARTS.items():
        give_part(data / "overread.sqlite", [f"patient:{name}" for name in names], part)
    films = overread(data, "import", str(ROOT / "resources" / "samples"))
    chests = [film["path"] for film in films if "chest" in Path(film["path"]).name]
    for path in chests:
        if Path(path).parent.name in UNREAD:
            continue
        answer = f"{label(Path(path))}=present"
        overread(data, "review", path, "--finding", answer, "--reader", "A. Smith", "--model", "phantom")
    run = Run(data / "runs" / "pictures")
    arguments = ["--model", "phantom", "--depth", "last", "--epochs", "8", "--seed", "1"]
    run.folder.mkdir(parents=True)
    (run.folder / "arguments.json").write_text(json.dumps(arguments), encoding="utf-8")
    overread(data, "train", "--run", "pictures", *arguments)
    settings = {"reader": "A. Smith", "samples_added": True, "heatmap_shown": True}
    (data / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def prepare_empty(data: Path) -> None:
    """A data folder in which the samples were there once and are not wanted."""
    data.mkdir(parents=True)
    (data / "settings.json").write_text(json.dumps({"samples_added": True}), encoding="utf-8")


def take(scene: str, data: Path, picture: Path) -> int:
    """Open the window on `data`, bring the scene to the front, write the picture."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from app.gui.start import Opening, when
    from app.gui.window import Window
    from app.locations import bundled_models
    from widgets import theme

    application = QApplication(sys.argv[:1])
    theme.apply(application)
    window = Window(data / "window.ini")
    window.resize(1440, 900)
    window.show()
    opening = Opening(window, data, bundled_models())

    def grab() -> None:
        window.grab().save(str(picture), "PNG")
        window.close()

    def is_ready() -> bool:
        station = opening.workstation
        if scene == "reading" and station is not None and station.is_settled:
            wanted = next(r.study_uid for r in station.library.rows() if r.patient_id == UNREAD[0])
            window.reading.worklist.select(wanted)
        if station is None or scene == "empty":
            return station is not None
        return station.is_settled and (scene != "reading" or window.reading.viewer.is_heatmap_drawn)

    QTimer.singleShot(LIMIT_MS, window.close)
    if scene == "training":
        window.show_page(1)
    opening.begin()
    when(window, is_ready, grab)
    application.exec()
    opening.close()
    return 0 if picture.exists() else 1


if __name__ == "__main__":
    sys.exit(main())
