"""What a window/level drag, a zoom and a pan cost at 3000 x 2500, 16 bit, in a view of 1200 x 1000.

With a heatmap too, drawn in each of its modes; `--only heatmap` measures those alone.

    pip install -r benchmarks/requirements.txt
    QT_QPA_PLATFORM=offscreen python benchmarks/display.py [--steps 1000]

Peers, in the same run: numpy mapping the whole film through a 16-bit table (`np.take`), and
pyqtgraph's `setLevels` with its repaint on the same array. A step of ours is a mouse move handed to the
real viewer, and the repaint that it causes. Blocks of steps take turns, so that a busy machine is busy
for all of them alike, and each works with its own data in the processor's caches, as in a drag.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PySide6.QtCore import QPointF, Qt  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from inference.overlay import MODES, HeatmapStyle, Mode  # noqa: E402
from inference.prediction import Heatmap  # noqa: E402
from studies.image import Header, Image, Spacing, Window  # noqa: E402
from widgets import theme  # noqa: E402
from widgets.viewer import Viewer  # noqa: E402

ROWS, COLUMNS = 3000, 2500
VIEW = 1200, 1000
BLOCK = 25


def film() -> NDArray[np.uint16]:
    """(3000, 2500) uint16: smooth shapes with noise, full 16-bit range, as a digital film has."""
    random = np.random.default_rng(3)
    row, column = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
    shapes = np.sin(row / 190.0) * np.cos(column / 230.0) * 20000 + 32000
    return np.clip(shapes + random.normal(0, 900, shapes.shape), 0, 65535).astype(np.uint16)


def image_of(pixels: NDArray[np.uint16]) -> Image:
    """The film as the viewer gets it."""
    header = Header("film.dcm", "dicom", "1.2.3", "1.2.1", "1.2.2", ROWS, COLUMNS, modality="DX")
    return Image(
        header,
        1,
        pixels,
        voi=(Window(32000.0, 40000.0),),
        spacing=Spacing(0.14, 0.14, "detector"),
        stored_range=(0.0, 65535.0),
        bits_stored=16,
    )


def our_viewer(pixels: NDArray[np.uint16]) -> Viewer:
    viewer = Viewer()
    viewer.resize(*VIEW)
    viewer.show()
    QTest.qWaitForWindowExposed(viewer)
    viewer.show_image(image_of(pixels))
    viewer.repaint()
    return viewer


def viewer_with_heatmap(pixels: NDArray[np.uint16], mode: Mode) -> Viewer:
    """A viewer with the map of a network whose last layer has 12 x 12 cells, half of them above zero."""
    viewer = our_viewer(pixels)
    grid = np.random.default_rng(4).normal(0, 1, (12, 12)).astype(np.float32)
    viewer.set_heatmap(Heatmap("f", "gradcam", grid, (0, 0, ROWS, COLUMNS), float(grid.max())), "finding")
    viewer.set_heatmap_style(HeatmapStyle(mode))
    viewer.set_heatmap_visible(True)
    viewer.repaint()
    return viewer


def pyqtgraph_step(pixels: NDArray[np.uint16]) -> Callable[[int], None]:
    """A step of pyqtgraph: other levels on the same array, and its repaint."""
    import pyqtgraph

    pyqtgraph.setConfigOptions(imageAxisOrder="row-major")
    view = pyqtgraph.GraphicsLayoutWidget()
    view.resize(*VIEW)
    box = view.addViewBox(lockAspect=True, invertY=True)
    item = pyqtgraph.ImageItem(pixels, levels=(12000, 52000))
    box.addItem(item)
    view.show()
    QTest.qWaitForWindowExposed(view)
    view.viewport().repaint()

    def step(number: int) -> None:
        width = 20000 + 10 * (number % 2000)
        item.setLevels((32000 - width / 2, 32000 + width / 2))
        view.viewport().repaint()

    step.view = view  # type: ignore[attr-defined]  # kept alive
    return step


def take_step(pixels: NDArray[np.uint16]) -> Callable[[int], None]:
    """The whole film through a table of 65,536 greys, nothing painted."""
    tables = [np.clip(np.arange(65536) / (200 + n), 0, 255).astype(np.uint8) for n in range(8)]
    out = np.empty(pixels.shape, np.uint8)

    def step(number: int) -> None:
        np.take(tables[number % 8], pixels, out=out)

    return step


def window_step(viewer: Viewer) -> Callable[[int], None]:
    """One move of a window/level drag through the viewer's own mouse handling, and its repaint."""
    viewer.fit()
    drag = Drag(viewer, Qt.MouseButton.LeftButton)

    def step(number: int) -> None:
        drag.to(100 + number % 900, 300 + (number * 7) % 400)
        viewer.repaint()

    return step


def pan_step(viewer: Viewer, zoom: float) -> Callable[[int], None]:
    viewer.zoom_to(zoom)
    viewer.repaint()
    drag = Drag(viewer, Qt.MouseButton.MiddleButton)

    def step(number: int) -> None:
        drag.to(500 + (number * 3) % 200, 400 + (number * 2) % 200)
        viewer.repaint()

    return step


def zoom_step(viewer: Viewer, low: float, high: float) -> Callable[[int], None]:
    """One move of a zooming drag (right button) between two zooms."""
    viewer.zoom_to(low)
    viewer.repaint()
    drag = Drag(viewer, Qt.MouseButton.RightButton)
    whole = 240 * math.log(high / low)  # px that such a drag is long

    def step(number: int) -> None:
        part = abs((number % 200) / 100 - 1)
        drag.to(600, 300 - whole * part)
        viewer.repaint()

    return step


def opacity_step(viewer: Viewer) -> Callable[[int], None]:
    """One step of the slider of a heatmap that fills the view, and its repaint."""
    viewer.zoom_to(0.5)
    viewer.repaint()
    style = viewer.heatmap_style

    def step(number: int) -> None:
        viewer.set_heatmap_style(replace(style, opacity=0.2 + (number % 60) / 100))
        viewer.repaint()

    return step


class Drag:
    """A mouse button that was pressed in a viewer and is moved without being let go."""

    def __init__(self, viewer: Viewer, button: Qt.MouseButton) -> None:
        self._viewer, self._button = viewer, button
        self._send("press", QPointF(100, 300))
        self.to(104, 304)

    def to(self, x: float, y: float) -> None:
        self._send("move", QPointF(x, y))

    def _send(self, kind: str, at: QPointF) -> None:
        from PySide6.QtCore import QEvent
        from PySide6.QtGui import QMouseEvent

        none = Qt.KeyboardModifier.NoModifier
        where = self._viewer.mapToGlobal(at)
        if kind == "press":
            event = QMouseEvent(QEvent.Type.MouseButtonPress, at, where, self._button, self._button, none)
        else:
            event = QMouseEvent(QEvent.Type.MouseMove, at, where, Qt.MouseButton.NoButton, self._button, none)
        QApplication.sendEvent(self._viewer, event)


def measured(steps: dict[str, Callable[[int], None]], count: int) -> dict[str, list[float]]:
    """Milliseconds of every step of each; blocks of `BLOCK` steps take turns, the first is not counted."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for block in range(math.ceil(count / BLOCK) + 1):
        for name, step in steps.items():
            for number in range(block * BLOCK, (block + 1) * BLOCK):
                started = time.perf_counter()
                step(number)
                if block:
                    times[name].append((time.perf_counter() - started) * 1000)
    return times


def told(name: str, ours: list[float], peers: dict[str, list[float]]) -> None:
    middle = statistics.median(ours)
    late = statistics.quantiles(ours, n=20)[-1]
    ratios = "  ".join(f"{middle / statistics.median(other):.2f} of {peer}" for peer, other in peers.items())
    print(f"{name:40} median {middle:6.2f} ms  p95 {late:6.2f} ms  {ratios}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--only", choices=("film", "heatmap"), help="all of it without this")
    choice = parser.parse_args()
    count = choice.steps
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply(application)
    pixels = film()
    if choice.only != "film":
        measure_heatmap(pixels, count)
    if choice.only == "heatmap":
        return 0
    take, graph = take_step(pixels), pyqtgraph_step(pixels)
    for name, made in (
        ("window/level, fitted", window_step),
        ("zoom, 0.2 to 1", lambda v: zoom_step(v, 0.2, 1.0)),
        ("zoom, 1 to 4", lambda v: zoom_step(v, 1.0, 4.0)),
        ("pan at fit x 1.5", lambda v: pan_step(v, 0.5)),
        ("pan at 1:1", lambda v: pan_step(v, 1.0)),
        ("pan at 3:1", lambda v: pan_step(v, 3.0)),
    ):
        viewer = our_viewer(pixels)
        rounds = count if name.startswith("window") else max(count // 5, 50)
        times = measured({"ours": made(viewer), "take": take, "pyqtgraph": graph}, rounds)
        told(name, times["ours"], {"np.take": times["take"], "pyqtgraph": times["pyqtgraph"]})
        viewer.close()
    viewer = our_viewer(pixels)
    viewer.zoom_to(1.0)
    drag = Drag(viewer, Qt.MouseButton.LeftButton)

    def at_one(number: int) -> None:
        drag.to(100 + number % 900, 300 + (number * 7) % 400)
        viewer.repaint()

    times = measured({"ours": at_one, "take": take, "pyqtgraph": graph}, max(count // 5, 50))
    told("window/level at 1:1", times["ours"], {"np.take": times["take"], "pyqtgraph": times["pyqtgraph"]})
    return 0


def measure_heatmap(pixels: NDArray[np.uint16], count: int) -> None:
    """Every mode of the heatmap while the film is windowed, zoomed and moved, beside the bare film."""
    kinds: dict[str, Callable[[Viewer], Callable[[int], None]]] = {
        "window/level, fitted": window_step,
        "zoom, 0.2 to 1": lambda v: zoom_step(v, 0.2, 1.0),
        "zoom, 1 to 4": lambda v: zoom_step(v, 1.0, 4.0),
        "pan at 1:1": lambda v: pan_step(v, 1.0),
        "opacity, filled view": opacity_step,
    }
    for name, made in kinds.items():
        bare = our_viewer(pixels)
        viewers = {mode: viewer_with_heatmap(pixels, mode) for mode in MODES}
        steps = {"bare": made(bare)} | {mode: made(viewer) for mode, viewer in viewers.items()}
        times = measured(steps, max(count // 5, 50))
        for mode in MODES:
            told(f"{name}, heatmap: {mode}", times[mode], {"bare film": times["bare"]})
        for viewer in (bare, *viewers.values()):
            viewer.close()


if __name__ == "__main__":
    sys.exit(main())
