"""What measurements cost at 3000 x 2500, 16 bit, in a view of 1200 x 1000.

    QT_QPA_PLATFORM=offscreen python benchmarks/annotations.py [--steps 300]

Window drags with twenty marks on the film, against the same without any; and an edge of an ellipse
dragged, its values worked out and painted at every step, against numpy finding mean, SD, least and
greatest of the whole film. A step is a mouse move handed to the real viewer, and the repaint that it
causes. Blocks of steps take turns, so that a busy machine is busy for all of them alike.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from display import BLOCK, COLUMNS, ROWS, film, our_viewer, window_step  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PySide6.QtCore import QPointF  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from reviews.record import POINTS, Annotation  # noqa: E402
from tests.widgets.hand import Hand  # noqa: E402
from widgets import theme  # noqa: E402
from widgets.annotation_tools import AnnotationTools  # noqa: E402
from widgets.viewer import Viewer  # noqa: E402
from widgets.viewer_layers import stored_to_widget  # noqa: E402

Step = Callable[[int], object]


def marks(count: int) -> list[Annotation]:
    """Of every kind in turn, each a fifth of the film large, all over it."""
    random, kinds = np.random.default_rng(5), list(POINTS)
    found = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        top, left = random.uniform(0, ROWS * 0.8), random.uniform(0, COLUMNS * 0.8)
        points = tuple(
            (float(top + random.uniform(0, ROWS / 5)), float(left + random.uniform(0, COLUMNS / 5)))
            for _ in range(POINTS[kind])
        )
        found.append(Annotation("1.2.3", 1, kind, points, "A", "words", uuid=str(number)))
    return found


def marked_window_step(pixels: NDArray[np.uint16], count: int) -> Step:
    viewer = our_viewer(pixels)
    tools = AnnotationTools(viewer)
    viewer.image_changed.emit()
    step = window_step(viewer)
    tools.show(marks(count), "A")
    return step


def region_step(pixels: NDArray[np.uint16], part: float) -> Step:
    """The lower edge of an ellipse, as high and as wide as this part of the film, dragged to and fro."""
    viewer = our_viewer(pixels)
    tools = AnnotationTools(viewer)
    viewer.image_changed.emit()
    size = ROWS * part, COLUMNS * part
    tools.show([Annotation("1.2.3", 1, "ellipse", ((0.0, 0.0), size), "A", uuid="e")], "A")
    x, y = _on_screen(viewer, size[0], size[1] / 2)
    hand = Hand(viewer)
    hand.press((x, y))

    def step(number: int) -> None:
        hand.move((x, y - 4 - number % 40))
        viewer.repaint()

    return step


def _on_screen(viewer: Viewer, row: float, column: float) -> tuple[float, float]:
    placement = viewer.placement
    assert placement is not None
    at = stored_to_widget(placement, viewer.devicePixelRatioF()).map(QPointF(column, row))
    return at.x(), at.y()


def whole_film_step(pixels: NDArray[np.uint16]) -> Step:
    return lambda _: (pixels.mean(), pixels.std(), pixels.min(), pixels.max())


def measured(steps: dict[str, Step], count: int) -> dict[str, NDArray[np.float64]]:
    """Milliseconds of each step, (count,) each, in blocks that take turns."""
    took: dict[str, list[float]] = {name: [] for name in steps}
    for first in range(0, count, BLOCK):
        for name, step in steps.items():
            for number in range(first, min(first + BLOCK, count)):
                started = time.perf_counter()
                step(number)
                took[name].append((time.perf_counter() - started) * 1e3)
    return {name: np.asarray(values) for name, values in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    application = QApplication([])
    theme.apply(application)
    pixels = film()
    window = measured(
        {
            "window drag, no marks": marked_window_step(pixels, 0),
            "window drag, twenty marks": marked_window_step(pixels, 20),
        },
        options.steps,
    )
    regions = measured(
        {
            "region of 4% of the film": region_step(pixels, 0.2),
            "region of a quarter": region_step(pixels, 0.5),
            "region of the whole film": region_step(pixels, 1.0),
            "numpy, the whole film": whole_film_step(pixels),
        },
        min(options.steps, 100),
    )
    for results, peer in ((window, "window drag, no marks"), (regions, "numpy, the whole film")):
        for name, took in results.items():
            median, late = np.percentile(took, (50, 95))
            ratio = median / np.median(results[peer])
            print(f"{name:28} {median:7.2f} ms  95th percentile {late:7.2f} ms  ratio {ratio:5.2f}")


if __name__ == "__main__":
    main()
