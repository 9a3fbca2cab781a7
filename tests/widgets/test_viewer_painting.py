"""What is on the screen is what `studies.display.render` says, pixel by pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from studies.display import DisplayState, initial_state, render
from studies.image import Image, LookupTable, Window
from tests.widgets.films import film, noise
from widgets.viewer_geometry import Film, Placement, View
from widgets.viewer_mapping import FilmMapper
from widgets.viewer_pictures import picture_of
from widgets.viewer_sampling import FilmSampler, mappable


def shown(
    image: Image, view: View, size: tuple[int, int], state: DisplayState | None = None
) -> NDArray[np.uint8]:
    """The viewport (height, width) or (height, width, 3), zero where there is no film."""
    placement = Placement(Film.of(image), view, size[1], size[0])
    sampled = FilmSampler(image).sample(placement)
    assert sampled is not None
    grey = FilmMapper(image).map(sampled, state or initial_state(image))
    left, top, right, bottom = sampled.box
    out = np.zeros(size if grey.ndim == 2 else (*size, 3), np.uint8)
    out[top:bottom, left:right] = grey
    return out


def signed() -> NDArray[np.int16]:
    return (noise(top=3000).astype(np.int32) - 1024).astype(np.int16)


KINDS: dict[str, Image] = {
    "16 bit": film(noise()),
    "16 bit to the top": film(noise(top=65536)),
    "CT": film(signed(), intercept=-24.0, voi=(Window(40, 400),), units="HU"),
    "MONOCHROME1": film(noise(), polarity="min-is-white", voi=(Window(2000, 3000),)),
    "8 bit": film(noise(top=256).astype(np.uint8)),
    "8 bit signed": film(
        (noise(top=256).astype(np.int16) - 128).astype(np.int8), stored_range=(-128.0, 127.0)
    ),
    "32 bit": film(noise(top=65536).astype(np.int32) * 30000, stored_range=(-(2.0**31), 2.0**31 - 1)),
    "real": film(noise().astype(np.float32) / 4096),
    "colour": film(np.random.default_rng(1).integers(0, 256, (60, 80, 3)).astype(np.uint8)),
    "padded": film(noise() + np.uint16(1), valid=noise(seed=2) > 1000),
    "one bit": film(noise(top=2).astype(np.uint8), stored_range=(0.0, 1.0), bits_stored=1),
}


@pytest.mark.parametrize("name", KINDS)
def test_one_to_one_is_the_rendered_file(name: str) -> None:
    image = KINDS[name]
    view = shown(image, View(zoom=1.0), image.shape)
    assert np.array_equal(view, render(image))


@pytest.mark.parametrize("name", ["16 bit", "colour", "padded", "real"])
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turns_and_flips_move_every_pixel_to_its_place(name: str, rotation: int, flipped: bool) -> None:
    image = KINDS[name]
    expected = render(image)
    if flipped:
        expected = expected[:, ::-1]
    expected = np.rot90(expected, -rotation // 90)
    view = shown(image, View(rotation, flipped, 1.0), (expected.shape[0], expected.shape[1]))
    assert np.array_equal(view, expected)


def test_a_moved_film_shows_the_part_that_is_in_sight() -> None:
    image = film(noise(300, 400))
    view = shown(image, View(zoom=1.0, centre=(100.0, 350.0)), (100, 120))
    assert np.array_equal(view[:, :110], render(image)[50:150, 290:400])
    assert not view[:, 110:].any()


@pytest.mark.parametrize("name", ["16 bit", "CT", "colour"])
def test_a_reduced_film_is_the_mean_of_its_pixels(name: str) -> None:
    image = KINDS[name]
    wide = DisplayState(Window(2048, 4096) if name == "16 bit" else Window(500, 4000))
    view = shown(image, View(zoom=0.25), (15, 20), wide).astype(float)
    full = render(image, wide).astype(float)
    mean = full.reshape(15, 4, 20, 4, -1).mean(axis=(1, 3)).reshape(view.shape)
    assert np.abs(view - mean).max() <= 1.0


def test_padding_does_not_darken_its_neighbours_when_reduced() -> None:
    valid = np.ones((40, 40), bool)
    valid[:, 0::4] = False  # one column of every four, 25%
    pixels = np.where(valid, 1000, 0).astype(np.uint16)
    image = film(pixels, valid=valid, padding=(0, 0), voi=(Window(500, 2000),))
    view = shown(image, View(zoom=0.25), (10, 10))
    assert np.unique(view).tolist() == [int(render(image)[0, 1])]


def test_padding_does_not_bleed_when_enlarged() -> None:
    valid = np.ones((20, 20), bool)
    valid[:, 10:] = False
    pixels = np.where(valid, 1000, 60000).astype(np.uint16)
    image = film(pixels, valid=valid, voi=(Window(500, 2000),))
    view = shown(image, View(zoom=8.0), (160, 160))
    assert set(np.unique(view)) == {0, int(render(image)[0, 0])}


def test_enlarging_keeps_every_pixel_where_it_is() -> None:
    image = film(noise(12, 16))
    view = shown(image, View(zoom=9.0), (12 * 9, 16 * 9))
    assert np.abs(view[4::9, 4::9].astype(int) - render(image)).max() <= 1


def test_nothing_is_sampled_when_the_film_is_out_of_sight() -> None:
    image = film(noise())
    placement = Placement(Film.of(image), View(zoom=1.0, centre=(5000.0, 0.0)), 100, 100)
    assert FilmSampler(image).sample(placement) is None


def test_a_film_in_the_other_byte_order_is_shown_alike() -> None:
    image = film(noise())
    swapped = replace(image, pixels=image.pixels.astype(">u2"))
    assert np.array_equal(shown(swapped, View(zoom=0.5), (30, 40)), shown(image, View(zoom=0.5), (30, 40)))


def test_a_window_costs_no_new_sampling_and_an_equal_place_neither() -> None:
    image = film(noise())
    sampler = FilmSampler(image)
    first = sampler.sample(Placement(Film.of(image), View(), 200, 200))
    assert sampler.sample(Placement(Film.of(image), View(), 200, 200)) is first


def test_grey_and_colour_arrays_become_pictures() -> None:
    grey = np.arange(15, dtype=np.uint8).reshape(3, 5)
    assert picture_of(grey).pixelColor(4, 2).red() == 14
    colour = np.zeros((3, 5, 3), np.uint8)
    colour[1, 2] = (10, 20, 30)
    assert picture_of(colour).pixelColor(2, 1).getRgb()[:3] == (10, 20, 30)


@pytest.mark.parametrize("zoom", [0.11, 0.25, 0.4, 0.73, 1.6, 3.0])
@pytest.mark.parametrize("name", ["16 bit", "CT", "padded", "colour"])
def test_a_film_that_is_being_zoomed_looks_like_the_one_that_stands_still(name: str, zoom: float) -> None:
    rows, columns = np.mgrid[0:240, 0:320]
    smooth = (np.sin(rows / 30) * np.cos(columns / 40) * 900 + 2000).astype(np.uint16)
    image = {
        "16 bit": film(smooth, voi=(Window(2000, 2000),)),
        "CT": film(smooth.astype(np.int16), intercept=-1024.0, voi=(Window(1000, 2000),)),
        "padded": film(smooth, valid=columns > 40, voi=(Window(2000, 2000),)),
        "colour": film(np.dstack([smooth // 16] * 3).astype(np.uint8)),
    }[name]
    placement = Placement(Film.of(image), View(zoom=zoom), 200, 150)
    sampler, mapper = FilmSampler(image), FilmMapper(image)
    quick = sampler.sample(placement, is_moving=True)
    assert quick is not None
    moving = mapper.map(quick, initial_state(image)).astype(int)
    exact = sampler.sample(placement)
    assert exact is not None
    still = mapper.map(exact, initial_state(image)).astype(int)
    assert quick.box == exact.box
    assert not quick.is_exact
    assert exact.is_exact
    assert np.percentile(np.abs(moving - still), 99) <= 8


def test_moving_a_film_shows_what_sampling_it_there_shows() -> None:
    image = film(noise(900, 1100))
    sampler, mapper = FilmSampler(image), FilmMapper(image)
    for centre in ((450.0, 550.0), (430.0, 600.0), (470.5, 500.25), (700.0, 900.0), (0.0, 0.0)):
        placement = Placement(Film.of(image), View(zoom=2.0, centre=centre), 300, 200)
        moved, anew = sampler.sample(placement), FilmSampler(image).sample(placement)
        assert moved is not None
        assert anew is not None
        assert moved.box == anew.box
        state = initial_state(image)
        assert np.array_equal(mapper.map(moved, state), mapper.map(anew, state))


def test_behind_a_modality_table_the_mean_is_taken_of_its_values() -> None:
    entries = np.array([0.0, 4000.0], np.float32)
    lut = LookupTable(0, entries, 12)
    image = film(
        np.tile(np.array([[0, 1]], np.uint16), (40, 20)), modality_lut=lut, voi=(Window(2048, 4096),)
    )
    view = shown(mappable(image), View(zoom=0.25), (10, 10))
    expected = render(film(np.full((2, 2), 2000, np.uint16), voi=(Window(2048, 4096),)))
    assert np.unique(view).tolist() == [int(expected[0, 0])]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int8])
@pytest.mark.parametrize("ends", [(0, 100), (-50, 50), (20, 70), (-128, 127)])
def test_values_beyond_the_ends_of_a_table_take_its_first_or_last_entry(
    dtype: type, ends: tuple[int, int]
) -> None:
    info = np.iinfo(dtype)
    pixels = np.linspace(info.min, info.max, 600).astype(dtype).reshape(20, 30)
    image = film(
        pixels, stored_range=(float(ends[0]), float(ends[1])), voi=(Window(sum(ends) / 2, ends[1] - ends[0]),)
    )
    view = shown(image, View(zoom=1.0), image.shape)
    assert np.array_equal(view, render(image))
