"""What is measured is true: against values worked out by hand, and whatever the film and the units."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from studies.geometry import Point
from studies.image import Image, LookupTable, Spacing, UltrasoundRegion
from studies.measurement import Outline, Statistics, angle, cobb_angle, length, region_values
from tests.widgets.films import film, noise

SQUARE = Spacing(0.5, 0.5, "patient")
OBLONG = Spacing(2.0, 1.0, "patient")  # a row is twice as high as a column is wide

places = st.tuples(st.floats(-5, 65), st.floats(-5, 85))
outlines = st.sampled_from(["ellipse", "rectangle"])


def blank(rows: int = 60, columns: int = 80, **fields: Any) -> Image:
    return film(np.zeros((rows, columns), np.uint16), **fields)


# -- lengths and angles ----------------------------------------------------------------------------


def test_a_length_is_in_mm_only_where_they_are_known() -> None:
    at = (10.0, 10.0), (13.0, 14.0)
    found = length(blank(spacing=SQUARE), *at)
    assert (found.value, found.unit, found.kind) == (2.5, "mm", "patient")
    found = length(blank(spacing=replace(SQUARE, kind="detector")), *at)
    assert (found.value, found.unit, found.kind) == (2.5, "mm", "detector")
    for image in (blank(), blank(spacing=replace(SQUARE, kind="unknown"))):
        found = length(image, *at)
        assert (found.value, found.unit, found.kind) == (5.0, "px", None)


def test_pixels_that_are_not_square_count_as_they_are() -> None:
    image = blank(spacing=OBLONG)
    assert length(image, (0, 0), (3, 8)).value == 10.0  # 6 mm down, 8 mm across
    assert angle(image, (0, 1), (0, 0), (1, 2)) == pytest.approx(45.0)  # 2 mm down, 2 mm across
    assert cobb_angle(image, ((0, 0), (0, 5)), ((9, 9), (10, 7))) == pytest.approx(45.0)


def test_proportions_are_enough_for_an_angle() -> None:
    image = blank(spacing=Spacing(2.0, 1.0, "unknown"))
    assert angle(image, (0, 1), (0, 0), (1, 2)) == pytest.approx(45.0)


@pytest.mark.parametrize(
    ("one", "other", "degrees"),
    [((0, 5), (5, 0), 90), ((0, 5), (0, -5), 180), ((0, 5), (5, 5), 45), ((0, 5), (5, -5), 135)],
)
def test_an_angle_at_a_corner_goes_to_180(one: Point, other: Point, degrees: float) -> None:
    assert angle(blank(), one, (0.0, 0.0), other) == pytest.approx(degrees)


@given(places, places, places, places)
def test_a_cobb_angle_does_not_depend_on_how_its_lines_were_drawn(
    a: Point, b: Point, c: Point, d: Point
) -> None:
    image = blank(spacing=OBLONG)
    found = cobb_angle(image, (a, b), (c, d))
    assert 0.0 <= found <= 90.0
    assert cobb_angle(image, (b, a), (c, d)) == pytest.approx(found, abs=1e-6)
    assert cobb_angle(image, (d, c), (a, b)) == pytest.approx(found, abs=1e-6)


def test_an_ultrasound_region_has_a_calibration_of_its_own() -> None:
    def region(left: int, right: int, cm: float) -> UltrasoundRegion:
        return UltrasoundRegion(0, left, 60, right, 1, 1, "cm", "cm", cm, cm)

    image = blank(regions=(region(0, 40, 0.1), region(40, 80, 0.02)), spacing=Spacing(2.0, 1.0, "unknown"))
    assert length(image, (10, 10), (10, 20)).value == pytest.approx(10.0)
    assert length(image, (10, 50), (10, 60)).value == pytest.approx(2.0)
    assert length(image, (10, 10), (10, 60)).unit == "px"  # from one into the other
    assert angle(image, (0, 1), (0, 0), (1, 1)) == pytest.approx(45.0)  # the region's pixels are square
    area = region_values(image, "rectangle", (10, 50), (20, 60)).area
    assert (area.unit, area.kind) == ("mm²", "region")
    assert area.value == pytest.approx(4.0)
    assert region_values(image, "rectangle", (10, 30), (20, 50)).area.unit == "px²"


# -- regions ---------------------------------------------------------------------------------------


def test_a_rectangle_holds_the_pixels_whose_centres_it_holds() -> None:
    pixels = np.arange(48, dtype=np.uint16).reshape(6, 8)
    found = region_values(film(pixels), "rectangle", (1.4, 2.6), (3.5, 5.5))
    # Rows 1 and 2 (centres 1.5 and 2.5; 3.5 is the far edge), columns 3 and 4.
    assert found.pixels == 4
    assert found.channels[0].mean == 15.5
    assert found.channels[0].least == 11.0
    assert found.channels[0].greatest == 20.0
    assert found.channels[0].deviation == pytest.approx(np.std([11, 12, 19, 20]))
    assert found.area.value == pytest.approx(2.1 * 2.9)
    assert found.area.unit == "px²"


def test_values_are_in_modality_units() -> None:
    image = film(np.array([[1024, 1034], [1044, 1064]], np.uint16), slope=2.0, intercept=-2048.0, units="HU")
    found = region_values(image, "rectangle", (0, 0), (2, 2))
    assert found.units == "HU"
    (values,) = found.channels
    assert (values.mean, values.least, values.greatest) == (35.0, 0.0, 80.0)
    assert values.deviation == pytest.approx(np.std([0, 20, 40, 80]))


def test_a_falling_rescale_exchanges_least_and_greatest() -> None:
    image = film(np.array([[1, 3]], np.uint16), slope=-1.0, intercept=10.0)
    (values,) = region_values(image, "rectangle", (0, 0), (1, 2)).channels
    assert values == Statistics(8.0, 1.0, 7.0, 9.0)


def test_a_modality_table_is_looked_up_for_every_pixel() -> None:
    table = LookupTable(0, np.array([5, 50, 500], np.float32), 16)
    image = film(np.array([[0, 1, 2, 9]], np.uint16), modality_lut=table)
    (values,) = region_values(image, "rectangle", (0, 0), (1, 4)).channels
    assert (values.mean, values.least, values.greatest) == (263.75, 5.0, 500.0)


@pytest.mark.parametrize("kind", ["f4", "f8", "i4", "u4", "i2", "u1", "i1", ">u2", "?"])
def test_every_kind_of_pixel_is_measured(kind: str) -> None:
    pixels = np.array([[1, 0], [1, 1]]).astype(kind)
    (values,) = region_values(film(pixels), "rectangle", (0, 0), (2, 2)).channels
    assert (values.mean, values.least, values.greatest) == (0.75, 0.0, 1.0)
    assert values.deviation == pytest.approx(math.sqrt(3) / 4)


def test_padding_is_not_measured() -> None:
    pixels = np.array([[10, 20], [0, 30]], np.uint16)
    image = film(pixels, valid=pixels > 0)
    found = region_values(image, "rectangle", (0, 0), (2, 2))
    assert found.pixels == 3
    assert found.channels[0].mean == 20.0
    nothing = region_values(image, "rectangle", (1, 0), (2, 1))
    assert (nothing.pixels, nothing.channels) == (0, ())


def test_colour_has_a_mean_for_each_channel() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:, :2] = (10, 20, 30)
    pixels[:, 2:] = (30, 40, 90)
    found = region_values(film(pixels), "rectangle", (0, 0), (4, 4))
    assert found.pixels == 16
    assert [channel.mean for channel in found.channels] == [20.0, 30.0, 60.0]


@pytest.mark.parametrize("corners", [((-9, -9), (-1, -1)), ((70, 90), (99, 99)), ((5.6, 5.6), (5.9, 5.9))])
def test_a_region_without_a_pixel_has_no_values(corners: tuple[Point, Point]) -> None:
    found = region_values(film(noise()), "ellipse", *corners)
    assert (found.pixels, found.channels) == (0, ())
    assert found.area.value > 0


@pytest.mark.parametrize("radius", [3.0, 17.25, 60.5])
def test_a_circle_has_the_area_of_a_circle(radius: float) -> None:
    image = blank(200, 200, spacing=SQUARE)
    corners = (100.3 - radius, 99.8 - radius), (100.3 + radius, 99.8 + radius)
    found = region_values(image, "ellipse", *corners)
    assert found.area.value == pytest.approx(math.pi * radius**2 * 0.25)
    assert found.area.kind == "patient"
    edge = 2 * math.pi * radius  # pixels that it cuts
    assert abs(found.pixels - math.pi * radius**2) < edge / 4


@given(outlines, places, places)
def test_a_region_is_what_a_plain_loop_over_all_pixels_finds(
    outline: Outline, one: Point, other: Point
) -> None:
    pixels = noise(60, 80)
    found = region_values(film(pixels), outline, one, other)
    rows, columns = np.mgrid[0:60, 0:80] + 0.5
    (top, bottom), (left, right) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    if outline == "rectangle":
        inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    else:
        height, width = max((bottom - top) / 2, 1e-9), max((right - left) / 2, 1e-9)
        from_middle = ((rows - (top + bottom) / 2) / height) ** 2
        inside = from_middle + ((columns - (left + right) / 2) / width) ** 2 <= 1
        near = abs(from_middle + ((columns - (left + right) / 2) / width) ** 2 - 1) < 1e-9
        if near.any():  # a centre on the very edge may fall to either side
            return
    assert found.pixels == np.count_nonzero(inside)
    if found.pixels:
        chosen = pixels[inside].astype(float)
        (values,) = found.channels
        assert (values.least, values.greatest) == (chosen.min(), chosen.max())
        assert values.mean == pytest.approx(chosen.mean())
        assert values.deviation == pytest.approx(chosen.std(), abs=1e-5)


Turn = Literal["flip", "quarter"]


def turned(image: Image, turn: Turn, *points: Point) -> tuple[Image, tuple[Point, ...]]:
    """The same film stored another way round, and where the points are then."""
    rows, columns = image.shape
    pixels: NDArray[Any]
    if turn == "flip":
        pixels, places = image.pixels[:, ::-1], tuple((row, columns - column) for row, column in points)
        return replace(image, pixels=np.ascontiguousarray(pixels)), places
    pixels, places = np.rot90(image.pixels, -1), tuple((column, rows - row) for row, column in points)
    spacing = image.spacing
    if spacing is not None:
        spacing = replace(spacing, row_mm=spacing.column_mm, column_mm=spacing.row_mm)
    return replace(image, pixels=np.ascontiguousarray(pixels), spacing=spacing), places


@given(outlines, places, places, st.sampled_from(["flip", "quarter"]))
@settings(max_examples=50)
def test_a_film_that_is_stored_another_way_round_measures_the_same(
    outline: Outline, one: Point, other: Point, turn: Turn
) -> None:
    # Corners a little off whole and half pixels, so that no centre lies on an edge.
    one, other = (one[0] + 1e-4, one[1] + 1e-4), (other[0] + 2e-4, other[1] + 2e-4)
    image = film(noise(60, 80), spacing=OBLONG)
    around, (new_one, new_other) = turned(image, turn, one, other)
    assert length(around, new_one, new_other).value == pytest.approx(length(image, one, other).value)
    before, after = (
        region_values(i, outline, *p) for i, p in ((image, (one, other)), (around, (new_one, new_other)))
    )
    assert after.area.value == pytest.approx(before.area.value)
    assert abs(after.pixels - before.pixels) <= (0 if outline == "rectangle" else 2)


@given(places, places, places, st.integers(-20, 20), st.integers(-20, 20))
def test_moving_everything_changes_no_length_no_angle_and_no_region(
    a: Point, b: Point, c: Point, down: int, right: int
) -> None:
    image = blank(spacing=OBLONG)
    moved = [(row + down, column + right) for row, column in (a, b, c)]
    assert length(image, *moved[:2]).value == pytest.approx(length(image, a, b).value, abs=1e-9)
    if min(math.dist(a, b), math.dist(b, c)) > 0.1:
        assert angle(image, *moved) == pytest.approx(angle(image, a, b, c), abs=1e-4)
    pixels = np.zeros((200, 200), np.uint16)
    pixels[60:120, 60:140] = noise()
    shifted = np.roll(pixels, (down, right), (0, 1))
    corners = [(row + 60, column + 60) for row, column in (a, b)]
    there = [(row + down, column + right) for row, column in corners]
    before, after = (
        region_values(film(pixels), "rectangle", *corners),
        region_values(film(shifted), "rectangle", *there),
    )
    if before.pixels == after.pixels and before.pixels:  # rounding may move an edge over a centre
        assert after.channels[0].mean == pytest.approx(before.channels[0].mean)
    assert abs(before.pixels - after.pixels) <= 90
