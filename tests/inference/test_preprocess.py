from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from inference.card import Preprocessing
from inference.lung_mask import LungMask, crop_box
from inference.preprocess import covered_box, intensities_to_tensor, normalise, resize, to_tensor
from studies.display import network_intensities
from tests.inference.making import make_film, make_image

FIXED = Preprocessing(32)
PADDED = replace(FIXED, geometry="pad")
BY_IMAGE = Preprocessing(32, channels=1, normalisation="image")
TO_LUNGS = replace(FIXED, crop="lungs")


def test_the_whole_image_is_resized_with_antialiasing() -> None:
    film = make_film(301, 199)
    ours = resize(film.astype(np.float32) / 255, FIXED, 64)
    theirs = np.asarray(Pillow.fromarray(film).resize((64, 64), Pillow.Resampling.BILINEAR)) / 255
    assert ours.shape == (64, 64)
    assert ours.dtype == torch.float32
    assert np.abs(ours.numpy() - theirs).max() < 1.5 / 255  # Pillow rounds to 8 bits


def test_fine_stripes_become_their_mean() -> None:
    stripes = np.tile(np.array([0.0, 1.0], dtype=np.float32), (640, 320))
    inner = resize(stripes, FIXED, 32)[:, 1:-1]
    assert (inner - 0.5).abs().max() < 0.02


def test_fixed_statistics_are_applied_to_each_channel() -> None:
    x = normalise(torch.full((2, 8, 8), 0.5), FIXED)
    assert x.shape == (2, 3, 8, 8)
    expected = (0.5 - torch.tensor(FIXED.mean)) / torch.tensor(FIXED.std)
    assert torch.allclose(x[0, :, 3, 3], expected)


@given(st.floats(0.1, 0.9), st.floats(0.0, 0.1))
def test_normalising_by_the_image_cancels_linear_changes_of_grey(slope: float, intercept: float) -> None:
    film = make_film().astype(np.float32) / 255
    changed = np.asarray(film * slope + intercept, dtype=np.float32)
    difference = intensities_to_tensor(film, BY_IMAGE) - intensities_to_tensor(changed, BY_IMAGE)
    assert difference.abs().max() < 1e-3


def test_a_uniform_image_becomes_zeros() -> None:
    x = intensities_to_tensor(np.full((40, 50), 0.7, dtype=np.float32), BY_IMAGE)
    assert x.shape == (1, 32, 32)
    assert x.abs().max() < 0.1


def test_an_image_is_prepared_as_its_intensities_are() -> None:
    image = make_image()
    assert torch.equal(to_tensor(image, FIXED), intensities_to_tensor(network_intensities(image), FIXED))


def test_padding_keeps_the_aspect_ratio_and_fills_with_the_minimum() -> None:
    film = np.full((100, 50), 0.8, dtype=np.float32)
    film[50:] = 0.3
    square = resize(film, PADDED, 32)
    assert np.allclose(square[:, :8], 0.3)
    assert np.allclose(square[:, 24:], 0.3)
    assert np.allclose(square[:14, 8:24], 0.8)


def test_the_box_is_the_image_or_reaches_beyond_it_where_it_was_padded() -> None:
    image = make_image(100, 50)
    assert covered_box(image, FIXED) == (0, 0, 100, 50)
    assert covered_box(image, PADDED) == (0, -25, 100, 75)
    assert covered_box(make_image(50, 100), PADDED) == (-25, 0, 75, 100)


@given(st.integers(1, 300), st.integers(1, 300))
def test_any_shape_can_be_prepared(rows: int, columns: int) -> None:
    film = np.random.default_rng(0).random((rows, columns), dtype=np.float32)
    for pre in (FIXED, PADDED, BY_IMAGE):
        assert torch.isfinite(intensities_to_tensor(film, pre)).all()
    top, left, bottom, right = covered_box(make_image(rows, columns), PADDED)
    assert top <= 0
    assert left <= 0
    assert bottom >= rows - 1e-6
    assert right >= columns - 1e-6


def make_lungs(rows: int, columns: int, top: float, left: float, height: float, width: float) -> LungMask:
    """A rectangle of lung, as shares of the image."""
    at = (np.arange(64) + 0.5) / 64
    down, across = (at > top) & (at < top + height), (at > left) & (at < left + width)
    grid = (down[:, None] & across[None]).astype(np.uint8) * 255
    return LungMask(grid, (0.0, 0.0, float(rows), float(columns)), True)


def test_an_image_is_cut_to_its_lungs_before_it_is_resized() -> None:
    image = make_image(300, 240)
    lungs = make_lungs(300, 240, 0.25, 0.125, 0.5, 0.75)
    top, left, bottom, right = crop_box(lungs)
    assert (top, left, bottom, right) == (63, 15, 237, 225)
    part = network_intensities(image)[top:bottom, left:right]
    assert torch.equal(to_tensor(image, TO_LUNGS, lungs), intensities_to_tensor(part, FIXED))
    assert covered_box(image, TO_LUNGS, lungs) == pytest.approx((63, 15, 237, 225))


def test_an_image_without_plausible_lungs_is_not_cut() -> None:
    image = make_image(300, 240)
    lungs = replace(make_lungs(300, 240, 0.25, 0.125, 0.5, 0.75), is_plausible=False)
    assert torch.equal(to_tensor(image, TO_LUNGS, lungs), to_tensor(image, FIXED))
    assert covered_box(image, TO_LUNGS, lungs) == covered_box(image, FIXED)


def test_lungs_are_not_asked_for_where_nothing_is_cut() -> None:
    image = make_image(300, 240)
    lungs = make_lungs(300, 240, 0.25, 0.125, 0.5, 0.75)
    assert torch.equal(to_tensor(image, FIXED, lungs), to_tensor(image, FIXED))


def test_cutting_without_lungs_or_with_those_of_another_image_is_an_error() -> None:
    image = make_image(300, 240)
    for lungs in (None, make_lungs(240, 300, 0.25, 0.125, 0.5, 0.75)):
        with pytest.raises(ValueError, match="lungs"):
            to_tensor(image, TO_LUNGS, lungs)
        with pytest.raises(ValueError, match="lungs"):
            covered_box(image, TO_LUNGS, lungs)


@given(
    st.integers(40, 300),
    st.integers(40, 300),
    st.floats(0.02, 0.4),
    st.floats(0.02, 0.4),
    st.sampled_from(["squash", "pad"]),
    st.floats(0.1, 0.9),
    st.floats(0.1, 0.9),
)
def test_what_is_on_the_input_is_where_the_box_says(
    rows: int, columns: int, top: float, left: float, geometry: str, down: float, across: float
) -> None:
    """A bright spot in the crop is found again at its place by the box alone."""
    lungs = make_lungs(rows, columns, top, left, 0.5, 0.5)
    pre = replace(TO_LUNGS, input_size=96, geometry=geometry)  # type: ignore[arg-type]
    first_row, first_column, last_row, last_column = crop_box(lungs)
    row = first_row + down * (last_row - first_row)
    column = first_column + across * (last_column - first_column)
    y, x = np.mgrid[0:rows, 0:columns] + 0.5
    film = np.exp(-(((y - row) / (0.06 * rows)) ** 2 + ((x - column) / (0.06 * columns)) ** 2))
    image = make_image(rows, columns)
    square = intensities_to_tensor(film.astype(np.float32), pre, lungs)[0]
    found = np.unravel_index(int(square.argmax()), square.shape)
    box = covered_box(image, pre, lungs)
    at_row = box[0] + (found[0] + 0.5) / 96 * (box[2] - box[0])
    at_column = box[1] + (found[1] + 0.5) / 96 * (box[3] - box[1])
    assert at_row == pytest.approx(row, abs=1.0 + rows / 96)
    assert at_column == pytest.approx(column, abs=1.0 + columns / 96)
