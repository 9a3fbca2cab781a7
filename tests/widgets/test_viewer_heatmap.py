"""The heatmap on the screen is what `explain` writes, turned, flipped and zoomed with its film."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from inference.overlay import MODES, HeatmapStyle, Mode, overlay
from inference.prediction import Heatmap
from widgets import theme, viewer_heatmap
from widgets.viewer_colour_bar import ColourBar
from widgets.viewer_geometry import Film, Placement, View
from widgets.viewer_heatmap import HeatmapPainter, sampled

BOXES = [(0, 0, 60, 80), (-10, 0, 70, 80), (10, 20, 50, 60)]
Box = tuple[float, float, float, float]
FILM = Film(60, 80)


def heatmap(peak: float = 2.0, box: Box = (0, 0, 60, 80)) -> Heatmap:
    grid = np.random.default_rng(5).normal(0, 1, (4, 5)).astype(np.float32)
    return Heatmap("pneumonia", "gradcam", grid, box, peak)


def painted(map_: Heatmap, placement: Placement, style: HeatmapStyle, grey: int = 0) -> NDArray[Any]:
    return painted_with(HeatmapPainter(map_), placement, style, grey)


def painted_with(
    heatmap_painter: HeatmapPainter, placement: Placement, style: HeatmapStyle, grey: int = 0
) -> NDArray[Any]:
    """What lies on the viewport: (height, width, 3) RGB over plain grey, at one px a pixel."""
    picture = QImage(placement.width, placement.height, QImage.Format.Format_RGB888)
    picture.fill(grey << 16 | grey << 8 | grey)
    painter = QPainter(picture)
    heatmap_painter.paint(painter, placement, 1.0, style)
    painter.end()
    lines = np.frombuffer(picture.constBits(), np.uint8).reshape(placement.height, -1)
    return lines[:, : placement.width * 3].reshape(placement.height, placement.width, 3).copy()


@pytest.mark.parametrize("mode", ["smooth", "cells"])
@pytest.mark.parametrize("box", BOXES)
def test_the_heatmap_looks_like_the_one_that_explain_writes(box: Box, mode: Mode) -> None:
    map_, style = heatmap(box=box), HeatmapStyle(mode, 0.6, 0.1, "viridis")
    placement = Placement(FILM, View(zoom=1.0), 80, 60)
    expected = overlay(np.full((60, 80), 90, np.uint8), map_, style).astype(int)
    assert np.abs(painted(map_, placement, style, 90) - expected).max() <= 2


def test_contours_lie_where_those_lie_that_explain_writes() -> None:
    style = HeatmapStyle("contours", 1.0)
    grey = np.full((240, 320), 90, np.uint8)
    map_ = heatmap(box=(0, 0, 240, 320))
    ours = painted(map_, Placement(Film(240, 320), View(zoom=1.0), 320, 240), style, 90).astype(int)
    theirs = overlay(grey, map_, style).astype(int)
    is_line, is_theirs = (np.abs(p - 90).max(axis=2) > 60 for p in (ours, theirs))
    assert is_line.sum() > 200
    assert near(is_theirs)[is_line].all()
    assert near(is_line)[is_theirs].all()


def near(points: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Within two pixels of one that is true."""
    wide = np.pad(points, 2)
    rows, columns = points.shape
    shifted = [wide[i : i + rows, j : j + columns] for i in range(5) for j in range(5)]
    return np.asarray(np.any(shifted, axis=0), bool)


@pytest.mark.parametrize("mode", ["smooth", "cells"])
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("zoom", [1.0, 3.0])
def test_the_heatmap_turns_and_flips_with_the_film(
    zoom: float, rotation: int, flipped: bool, box: Box, mode: Mode
) -> None:
    rows, columns = round(60 * zoom), round(80 * zoom)
    upright = sampled(heatmap(box=box), Placement(FILM, View(zoom=zoom), columns, rows), mode, 2.0)
    size = (rows, columns) if rotation in (90, 270) else (columns, rows)
    turned = sampled(heatmap(box=box), Placement(FILM, View(rotation, flipped, zoom), *size), mode, 2.0)
    expected = np.rot90(upright[:, ::-1] if flipped else upright, -rotation // 90)
    assert turned.shape == expected.shape
    assert np.abs(turned.astype(int) - expected).max() <= 1
    assert (turned == expected).mean() > 0.99


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_contours_turn_and_flip_with_the_film(rotation: int, flipped: bool, qapp: QApplication) -> None:
    style, map_ = HeatmapStyle("contours", 1.0), heatmap(box=(-10, 20, 70, 60))
    upright = painted(map_, Placement(FILM, View(zoom=3.0), 240, 180), style).astype(int)
    size = (180, 240) if rotation in (90, 270) else (240, 180)
    turned = painted(map_, Placement(FILM, View(rotation, flipped, 3.0), *size), style).astype(int)
    expected = np.rot90(upright[:, ::-1] if flipped else upright, -rotation // 90)
    is_line = expected.max(axis=2) > 100
    assert is_line.sum() > 100
    assert near(turned.max(axis=2) > 100)[is_line].all()
    assert near(is_line)[turned.max(axis=2) > 100].all()


@pytest.mark.parametrize("mode", MODES)
def test_the_heatmap_moves_and_zooms_with_the_film(mode: Mode, qapp: QApplication) -> None:
    """A single hot cell stands where `Placement` says that its pixels stand, at every zoom and place."""
    grid = np.zeros((6, 8), np.float32)
    grid[1, 6] = 1.0  # rows 10 to 20, columns 60 to 70
    map_ = Heatmap("f", "m", grid, (0, 0, 60, 80), 1.0)
    for view in (View(), View(zoom=5.0, centre=(18.0, 62.0)), View(90, True, 2.0, (10.0, 50.0))):
        placement = Placement(FILM, view, 200, 160)
        drawn = np.argwhere(painted(map_, placement, HeatmapStyle(mode, 1.0, 0.5)).max(axis=2) > 120) + 0.5
        found = np.array([placement.view_to_image(x, y) for y, x in drawn])
        assert np.allclose((found.min(axis=0) + found.max(axis=0)) / 2, [15, 65], atol=1.0)
        assert found.min(axis=0)[0] > 8
        assert found.max(axis=0)[0] < 22


def test_lines_are_as_wide_at_every_zoom(qapp: QApplication) -> None:
    map_ = Heatmap("f", "m", np.array([[0.0, 1.0]], np.float32), (0, 0, 60, 80), 1.0)
    style, widths = HeatmapStyle("contours", 1.0, threshold=0.5), []
    for zoom in (4.0, 40.0):
        placement = Placement(FILM, View(zoom=zoom, centre=(30.0, 40.0)), 60, 60)
        line = (painted(map_, placement, style, 90)[30] != 90).any(axis=1)
        widths.append(int(line.sum()))
    assert abs(widths[0] - widths[1]) <= 1
    assert 3 <= widths[1] <= 8  # two for the line, one for its halo on each side, and their soft edges


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("peak", [0.0, -1.0, 5000.0])
def test_an_absent_finding_leaves_the_film_bare(peak: float, mode: Mode, qapp: QApplication) -> None:
    placement = Placement(FILM, View(), 80, 60)
    assert not painted(heatmap(peak), placement, HeatmapStyle(mode, 1.0)).any()


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_drawn_beside_the_film(mode: Mode, qapp: QApplication) -> None:
    """The box of a padded input reaches beyond the film."""
    map_ = heatmap(1.0, (-40, -40, 100, 120))
    placement = Placement(FILM, View(), 300, 160)
    left, top, right, bottom = placement.visible_box()
    drawn = painted(map_, placement, HeatmapStyle(mode, 1.0))
    assert drawn[top:bottom, left:right].any()
    drawn[top:bottom, left:right] = 0
    assert not drawn.any()


@pytest.mark.parametrize("mode", MODES)
def test_opacity_threshold_colours_and_moves_take_what_was_sampled(
    mode: Mode, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opacity, threshold and colours sample nothing; a film that is moved is sampled once for many steps."""
    asked: list[str] = []

    def told(name: str) -> Callable[..., Any]:
        real = getattr(viewer_heatmap, name)

        def ask(*args: Any) -> Any:
            asked.append(name)
            return real(*args)

        return ask

    for name in ("strength", "lines_at"):
        monkeypatch.setattr(viewer_heatmap, name, told(name))
    map_ = Heatmap("f", "m", np.array([[0.2, 1.0, 0.3], [1.0, 0.2, 1.0]], np.float32), (0, 0, 60, 80), 1.0)
    painter = HeatmapPainter(map_)
    painted_with(painter, placed(0), HeatmapStyle(mode, threshold=0.1))
    first = len(asked)
    for style in (HeatmapStyle(mode, opacity=0.2), HeatmapStyle(mode, 0.5, 0.2, "magma")):
        painted_with(painter, placed(0), style)
    assert len(asked) == first
    moved = [painted_with(painter, placed(step), HeatmapStyle(mode)) for step in range(1, 100)]
    assert len(asked) <= first + 1
    for step, seen in list(enumerate(moved, 1))[::7]:
        assert seen.any()
        assert np.array_equal(seen, painted(map_, placed(step), HeatmapStyle(mode)))


def placed(step: int) -> Placement:
    """A film much larger than the viewport, moved by so many pixels of the screen."""
    return Placement(FILM, View(zoom=5.0, centre=(30.0, 30.0 + step / 5)), 80, 60)


def test_gaps_are_as_wide_on_a_screen_of_twice_the_pixels() -> None:
    map_ = Heatmap("f", "m", np.ones((2, 2), np.float32), (0, 0, 60, 80), 1.0)
    one = sampled(map_, Placement(FILM, View(zoom=2.0), 160, 120), "cells", 2.0)
    two = sampled(map_, Placement(FILM, View(zoom=4.0), 320, 240), "cells", 4.0)
    assert np.array_equal(one.repeat(2, axis=0).repeat(2, axis=1), two)


@pytest.mark.parametrize(
    ("style", "values"),
    [
        (HeatmapStyle(), ("2", "1", "0")),
        (HeatmapStyle(threshold=0.25), ("2", "1", "0.5")),
        (HeatmapStyle(threshold=0.75), ("2", "1.5")),
        (HeatmapStyle("contours", threshold=0.3), ("1.5", "1")),
    ],
)
def test_the_colour_bar_names_the_values_where_drawing_begins_and_ends(
    style: HeatmapStyle, values: tuple[str, ...], qapp: QApplication
) -> None:
    bar = ColourBar()
    bar.show_heatmap(heatmap(2.0), style, "pneumonia")
    assert [float(words) for words in bar.values] == [float(value) for value in values]


def test_the_colour_bar_is_bare_where_nothing_is_drawn(qapp: QApplication) -> None:
    bar = ColourBar()
    bar.show_heatmap(heatmap(2.0), HeatmapStyle(opacity=1.0, threshold=0.5), "pneumonia")
    shown = bar.grab().toImage()
    strip = [shown.pixelColor(bar.width() - 8, y).name() for y in range(bar.height())]
    first, last = strip.index(theme.TOKENS.film), len(strip) - strip[::-1].index(theme.TOKENS.film)
    assert 90 <= last - first <= 100  # the lower half of 192 px
    assert theme.TOKENS.film not in strip[10:first]
