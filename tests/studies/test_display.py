"""Stored values become grey as PS3.3 C.11.2 says; the values are worked out by hand from its formulae."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from studies.display import (
    DisplayState,
    auto_window,
    full_range_window,
    initial_state,
    network_intensities,
    render,
    stored_to_modality,
    table,
)
from studies.image import Header, Image, LookupTable, Window

DICOM = Header("/a.dcm", "dicom", "1", "2", "3", 1, 1)
PICTURE = Header("/a.png", "picture", "1", "2", "3", 1, 1)


def image_of(values: object, header: Header = DICOM, **fields: object) -> Image:
    pixels = np.atleast_2d(np.asarray(values))
    if "stored_range" not in fields and pixels.dtype.kind in "ui":
        info = np.iinfo(pixels.dtype)
        fields["stored_range"] = (float(info.min), float(info.max))
    return Image(header, 1, pixels, **fields)  # type: ignore[arg-type]


def grey(values: object, window: Window) -> NDArray[np.float64]:
    """Grey of float values through a window, free of the rounding of tables."""
    pixels = np.asarray(values, dtype=np.float32)
    return network_intensities(image_of(pixels, voi=(window,)))[0].astype(np.float64)


class TestLinear:
    def test_of_the_standards_note_with_the_width_of_12_bits(self) -> None:
        found = grey([0, 1, 2047, 2048, 4095, 4096], Window(2048, 4096))
        expected = [0, 1 / 4095, 2047 / 4095, 2048 / 4095, 1, 1]
        assert found == pytest.approx(expected, abs=1e-6)

    def test_of_the_standards_note_with_centre_0_and_width_100(self) -> None:
        found = grey([-51, -50, -49, 0, 48, 49, 50], Window(0, 100))
        assert found == pytest.approx([0, 0, 1 / 99, 50 / 99, 98 / 99, 1, 1], abs=1e-6)

    def test_of_width_1_is_a_threshold_half_a_value_below_the_centre(self) -> None:
        assert grey([2047, 2047.5, 2047.6, 2048], Window(2048, 1)).tolist() == [0, 0, 1, 1]

    def test_that_spans_8_bits_changes_nothing(self) -> None:
        values = np.arange(256, dtype=np.uint8)
        image = image_of(values, voi=(Window(128, 256),))
        assert np.array_equal(render(image)[0], values)


class TestLinearExact:
    def test_spans_from_half_a_width_below_to_half_a_width_above(self) -> None:
        found = grey([-51, -50, 0, 25, 50, 51], Window(0, 100, "LINEAR_EXACT"))
        assert found == pytest.approx([0, 0, 0.5, 0.75, 1, 1], abs=1e-6)

    def test_of_the_standards_note(self) -> None:
        found = grey([0, 1024, 2048, 4096, 5000], Window(2048, 4096, "LINEAR_EXACT"))
        assert found == pytest.approx([0, 0.25, 0.5, 1, 1], abs=1e-6)


class TestSigmoid:
    def test_passes_through_one_half_and_the_logistic_of_one(self) -> None:
        found = grey([75, 100, 125], Window(100, 100, "SIGMOID"))
        assert found == pytest.approx([1 / (1 + np.e), 0.5, np.e / (1 + np.e)], abs=1e-6)

    def test_survives_values_far_outside(self) -> None:
        assert grey([-1e9, 1e9], Window(0, 1, "SIGMOID")) == pytest.approx([0, 1])


windows = st.builds(
    Window,
    center=st.floats(-3000, 3000),
    width=st.floats(1, 5000),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)


@given(window=windows, slope=st.floats(0.01, 10), intercept=st.floats(-2000, 2000))
def test_a_window_never_makes_a_greater_value_darker(window: Window, slope: float, intercept: float) -> None:
    image = image_of(
        np.zeros(1, np.uint16), slope=slope, intercept=intercept, stored_range=(0, 4095), voi=(window,)
    )
    found = table(image, initial_state(image))
    assert found is not None
    assert len(found.entries) == 4096
    assert np.all(np.diff(found.entries.astype(int)) >= 0)


@given(
    window=st.none() | windows,
    values=st.lists(st.integers(-2048, 2047), min_size=1, max_size=20),
    white=st.booleans(),
)
def test_inverting_gives_the_complement_and_everything_stays_in_range(
    window: Window | None, values: list[int], white: bool
) -> None:
    image = image_of(
        np.asarray(values, np.int16),
        stored_range=(-2048, 2047),
        polarity="min-is-white" if white else "min-is-black",
        voi=() if window is None else (window,),
    )
    shown, inverted = render(image, DisplayState(window)), render(image, DisplayState(window, inverted=True))
    assert np.array_equal(shown, 255 - inverted)
    intensities = network_intensities(image)
    assert intensities.dtype == np.float32
    assert float(intensities.min()) >= 0
    assert float(intensities.max()) <= 1
    assert np.abs(intensities * 255 - shown).max() <= 0.5 + 1e-4


@given(window=windows, dtype=st.sampled_from(["u1", "i1", "u2", "i2", "i4"]))
def test_the_table_and_the_rendered_image_agree(window: Window, dtype: str) -> None:
    image = image_of(np.asarray([[-5, 0], [77, 127]]).astype(dtype), stored_range=(-128, 300), voi=(window,))
    found = table(image, initial_state(image))
    assert found is not None
    indices = np.clip(image.pixels.astype(int) - found.first, 0, len(found.entries) - 1)
    assert np.array_equal(render(image), found.entries[indices])


def test_without_a_voi_the_valid_pixels_fill_the_range() -> None:
    image = image_of(np.asarray([100, 150, 200], np.uint16), intercept=-1000.0)
    assert network_intensities(image)[0] == pytest.approx([0, 0.5, 1], abs=1e-6)
    assert full_range_window(image).center == pytest.approx(-850)


def test_padding_is_black_in_every_polarity_and_does_not_stretch_the_range() -> None:
    for polarity in ("min-is-black", "min-is-white"):
        pixels = np.asarray([-2000, 100, 200], np.int16)
        image = image_of(
            pixels, polarity=polarity, padding=(-2000, -2000), valid=np.array([[False, True, True]])
        )
        shown = render(image)[0].tolist()
        assert shown[0] == 0
        assert sorted(shown[1:]) == [0, 255]
        assert network_intensities(image)[0, 0] == 0
        found = table(image, initial_state(image))
        assert found is not None
        assert found.entries[-2000 - found.first] == 0


def test_an_image_of_nothing_but_padding_can_still_be_shown() -> None:
    image = image_of(np.zeros((2, 2), np.int16), padding=(0, 0), valid=np.zeros((2, 2), bool))
    assert render(image).tolist() == [[0, 0], [0, 0]]
    assert auto_window(image).width > 0


def test_a_constant_image_is_shown_without_a_division_by_zero() -> None:
    assert render(image_of(np.full((2, 2), 7, np.uint16))).shape == (2, 2)


def test_a_rescale_with_a_negative_slope_turns_grey_round() -> None:
    image = image_of(np.asarray([0, 255], np.uint8), slope=-1.0, intercept=255.0, voi=(Window(128, 256),))
    assert render(image)[0].tolist() == [255, 0]


def test_a_modality_lut_takes_the_place_of_the_line() -> None:
    lut = LookupTable(10, np.asarray([0, 100, 400], np.float32), 16)
    image = image_of(np.asarray([0, 10, 11, 12, 99], np.uint8), modality_lut=lut)
    assert stored_to_modality(image, image.pixels)[0].tolist() == [0, 0, 100, 400, 400]
    assert network_intensities(image)[0] == pytest.approx([0, 0, 0.25, 1, 1])


def test_a_voi_lut_is_scaled_by_its_own_bits() -> None:
    lut = LookupTable(-1, np.asarray([0, 512, 1023], np.float32), 10)
    image = image_of(np.asarray([-9, -1, 0, 1, 9], np.int8), voi=(lut,))
    assert render(image)[0].tolist() == [0, 0, 128, 255, 255]


def test_float_pixels_are_shown_without_a_table() -> None:
    image = image_of(np.asarray([0.0, 0.5, 1.0], np.float32), stored_range=(0, 1))
    assert table(image, initial_state(image)) is None
    assert render(image)[0].tolist() == [0, 128, 255]


def test_integers_too_deep_for_a_table_are_shown_all_the_same() -> None:
    image = image_of(np.asarray([0, 2**31, 2**32 - 1], np.uint32))
    assert table(image, initial_state(image)) is None
    assert render(image)[0].tolist() == [0, 128, 255]


def test_colour_is_rendered_as_it_is_and_reduced_to_bt601_luma_for_a_network() -> None:
    image = image_of(np.zeros((1, 1)), stored_range=(0, 255))
    image = replace(image, pixels=np.asarray([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))
    assert table(image, initial_state(image)) is None
    assert np.array_equal(render(image), image.pixels)
    assert np.array_equal(render(image, DisplayState(None, inverted=True)), 255 - image.pixels)
    assert network_intensities(image)[0] == pytest.approx([0.299, 0.587, 0.114], abs=1e-6)


def test_pictures_are_divided_by_the_greatest_value_of_their_depth() -> None:
    eight = image_of(np.asarray([10, 200], np.uint8), PICTURE)
    sixteen = image_of(np.asarray([10, 200], np.uint16), PICTURE)
    assert network_intensities(eight)[0] == pytest.approx([10 / 255, 200 / 255])
    assert network_intensities(sixteen)[0] == pytest.approx([10 / 65535, 200 / 65535])
    assert render(eight)[0].tolist() == [10, 200]


def test_the_automatic_window_spans_the_region_that_is_asked_for() -> None:
    pixels = np.zeros((20, 20), np.int16)
    pixels[5:10, 5:10] = np.arange(25).reshape(5, 5) + 1000
    image = image_of(pixels)
    inside = auto_window(image, (5, 5, 10, 10))
    assert inside.center == pytest.approx(1012.5)
    assert 20 < inside.width <= 25
    assert auto_window(image, (30, 30, 40, 40)).width > 0
