"""Thumbnails are small, keep proportions and polarity, and look like the whole image."""

from __future__ import annotations

import numpy as np
import pytest

from studies.image import Header, Image, Spacing, Window
from studies.thumbnail import thumbnail

HEADER = Header("/a.dcm", "dicom", "1", "2", "3", 1, 1)


@pytest.mark.parametrize(
    ("shape", "expected"), [((2000, 1000), (96, 48)), ((1000, 2000), (48, 96)), ((3, 3), (96, 96))]
)
def test_the_longer_side_fits(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    image = Image(HEADER, 1, np.zeros(shape, np.uint16), stored_range=(0, 4095))
    small = thumbnail(image)
    assert small.shape == expected
    assert small.dtype == np.uint8


def test_pixels_that_are_not_square_keep_their_proportions() -> None:
    image = Image(HEADER, 1, np.zeros((100, 100), np.uint8), spacing=Spacing(2.0, 1.0, "patient"))
    assert thumbnail(image).shape == (96, 48)


def test_a_very_narrow_image_keeps_a_pixel() -> None:
    assert thumbnail(Image(HEADER, 1, np.zeros((5000, 2), np.uint8))).shape == (96, 1)


def test_colour_stays_colour() -> None:
    pixels = np.full((300, 200, 3), (10, 200, 30), np.uint8)
    small = thumbnail(Image(HEADER, 1, pixels))
    assert small.shape == (96, 64, 3)
    assert small[50, 30].tolist() == [10, 200, 30]


def test_grey_is_shown_through_the_files_window_and_polarity() -> None:
    pixels = np.tile(np.linspace(0, 4095, 960).astype(np.uint16), (960, 1))
    image = Image(
        HEADER, 1, pixels, stored_range=(0, 4095), voi=(Window(2048, 4096),), polarity="min-is-white"
    )
    row = thumbnail(image)[48].astype(int)
    assert np.all(np.diff(row) <= 0)
    assert row[0] > 245
    assert row[-1] < 10


def test_the_full_range_is_that_of_the_whole_image_not_of_the_pixels_that_are_left() -> None:
    pixels = np.full((1000, 1000), 100, np.uint16)
    pixels[1, 1] = 1100  # falls between the pixels that are kept
    pixels[501, 501] = 0
    assert thumbnail(Image(HEADER, 1, pixels, stored_range=(0, 4095)))[48, 48] == pytest.approx(23, abs=2)
