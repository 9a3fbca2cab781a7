"""TIFF files of every depth, packing and byte order give the values that were written, or one sentence."""

from __future__ import annotations

import io
import itertools
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow

from studies.display import network_intensities, render
from studies.errors import ImageTooLarge, StudyError, UnreadableFile, UnsupportedImage
from studies.image import Image
from studies.reader import read, read_header
from tests.studies.files import ramp
from tests.studies.test_picture import TURNS
from tests.studies.tiff import write_tiff


def read_path(path: Path, frame: int = 1) -> Image:
    return read(read_header(path), frame)


def values_of(dtype: str, samples: int = 1) -> NDArray[Any]:
    random = np.random.default_rng(3)
    shape = (20, 25, samples) if samples > 1 else (20, 25)
    if dtype[0] == "f":
        return random.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


PACKINGS = [
    {"order": order, "compression": compression, "predictor": predictor, "tile": tile}
    for order, (compression, predictor), tile in itertools.product(
        "<>",
        [("none", False), ("packbits", False), ("lzw", False), ("lzw", True), ("deflate", False),
         ("deflate", True)],
        (0, 16),
    )
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8"])
def test_grey_values_come_back_however_they_are_packed(tmp_path: Path, dtype: str) -> None:
    values = values_of(dtype)
    for packing in PACKINGS:
        if dtype[0] == "f" and packing["predictor"]:
            continue
        image = read_path(write_tiff(tmp_path / "a.tiff", values, **packing))
        assert image.pixels.dtype == np.dtype("f4" if dtype[0] == "f" else dtype)
        assert np.array_equal(image.pixels, values.astype(image.pixels.dtype)), packing


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize(("dtype", "shift"), [("u1", 0), ("u2", 8), ("u4", 24)])
def test_colour_comes_back_as_eight_bits_however_it_is_packed(
    tmp_path: Path, dtype: str, shift: int, planar: bool
) -> None:
    values = values_of(dtype, 3)
    expected = (values >> shift).astype(np.uint8)
    for packing in PACKINGS:
        image = read_path(write_tiff(tmp_path / "a.tiff", values, planar=planar, **packing))
        assert image.pixels.dtype == np.uint8
        assert np.abs(image.pixels.astype(int) - expected).max() <= (1 if shift else 0), packing


def test_signed_and_white_zero_values_are_shown_over_their_full_range(tmp_path: Path) -> None:
    values = np.array([[-3000, 0, 3000]], np.int16)
    assert render(read_path(write_tiff(tmp_path / "a.tiff", values)))[0].tolist() == [0, 128, 255]
    white = read_path(write_tiff(tmp_path / "b.tiff", values, photometric=0))
    assert render(white)[0].tolist() == [255, 127, 0]
    deep = np.array([[0, 2**31, 2**32 - 1]], np.uint32)
    assert network_intensities(read_path(write_tiff(tmp_path / "c.tiff", deep)))[0] == pytest.approx(
        [0, 0.5, 1]
    )


def test_deep_grey_and_colour_with_transparency_lie_on_black(tmp_path: Path) -> None:
    grey = np.array([[[60000, 65535], [60000, 0]]], np.uint16)
    extra = {338: (3, (2,))}
    image = read_path(write_tiff(tmp_path / "a.tiff", grey, photometric=1, extra=extra))
    assert image.pixels.tolist() == [[60000, 0]]
    assert image.valid is not None
    assert image.valid.tolist() == [[True, False]]
    colour = np.array([[[65535, 0, 257, 65535], [65535, 257, 0, 0]]], np.uint16)
    image = read_path(write_tiff(tmp_path / "b.tiff", colour, extra=extra))
    assert image.pixels.tolist() == [[[255, 0, 1], [0, 0, 0]]]


@pytest.mark.parametrize("orientation", TURNS)
def test_deep_values_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    values = ramp(top=60000)
    path = write_tiff(tmp_path / "a.tiff", values, extra={274: (3, (orientation,))})
    header = read_header(path)
    expected = TURNS[orientation](values)
    image = read(header)
    assert (header.rows, header.columns) == expected.shape
    assert np.array_equal(image.pixels, expected)


def test_pages_are_frames_and_reduced_copies_are_not(tmp_path: Path) -> None:
    pages = [ramp(top=top) for top in (1000, 2000, 60000)]
    path = write_tiff(tmp_path / "a.tiff", *pages, compression="lzw", tile=16)
    assert read_header(path).frames == 3
    for number, page in enumerate(pages, start=1):
        assert np.array_equal(read_path(path, number).pixels, page)
    shallow = [ramp(top=top, dtype="u1") for top in (100, 250)]
    path = write_tiff(tmp_path / "b.tiff", *shallow)
    assert np.array_equal(read_path(path, 2).pixels, shallow[1])
    copies = io.BytesIO()
    first, reduced = Pillow.fromarray(shallow[0]), Pillow.fromarray(shallow[1][::2, ::2])
    reduced.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(copies, "TIFF", save_all=True, append_images=[reduced])
    (tmp_path / "c.tiff").write_bytes(copies.getvalue())
    assert read_header(tmp_path / "c.tiff").frames == 1


def test_the_spacing_of_pictures_is_not_trusted(tmp_path: Path) -> None:
    Pillow.fromarray(ramp(top=255, dtype="u1")).save(tmp_path / "a.tiff", dpi=(300, 300))
    Pillow.fromarray(ramp(top=255, dtype="u1")).save(tmp_path / "a.png", dpi=(300, 300))
    assert read_path(tmp_path / "a.tiff").spacing is None
    assert read_path(tmp_path / "a.png").spacing is None


def refusal(path: Path, kind: type[StudyError]) -> str:
    with pytest.raises(kind) as caught:
        read_path(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    return message


@pytest.mark.parametrize(
    ("dtype", "samples", "words"),
    [
        ("i8", 1, "has 1 sample(s) of 64-bit signed values a pixel, expected grey values of up to 32 bits"),
        ("f4", 3, "has 3 sample(s) of 32-bit float values a pixel"),
        ("i2", 3, "has 3 sample(s) of 16-bit signed values a pixel"),
        ("u2", 5, "has 5 sample(s) of 16-bit unsigned values a pixel"),
    ],
)
def test_depths_that_are_no_picture_are_refused(tmp_path: Path, dtype: str, samples: int, words: str) -> None:
    path = write_tiff(tmp_path / "a.tiff", values_of(dtype, samples), extra={338: (3, (0, 0))})
    assert words in refusal(path, UnsupportedImage)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_pages_that_promise_too_much_or_go_round_in_a_circle(tmp_path: Path, dtype: str) -> None:
    path = write_tiff(tmp_path / "a.tiff", values_of(dtype), extra={256: (4, (60000,)), 257: (4, (60000,))})
    assert "promises 60000 x 60000 pixels" in refusal(path, ImageTooLarge)
    tiles = {322: (4, (60000,)), 323: (4, (60000,))}
    path = write_tiff(tmp_path / "b.tiff", values_of(dtype), tile=16, extra=tiles)
    assert "promises 60000 x 60000 pixels" in refusal(path, ImageTooLarge)
    path = write_tiff(tmp_path / "c.tiff", values_of(dtype))
    content = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    struct.pack_into("<I", content, start + 2 + 12 * count, start)
    path.write_bytes(content)
    assert "in a circle" in refusal(path, UnreadableFile)


@pytest.mark.parametrize("packing", [{}, {"compression": "lzw"}, {"compression": "deflate", "tile": 16}])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_values_cut_short_are_refused(tmp_path: Path, packing: dict[str, Any], dtype: str) -> None:
    """The directory comes after the values, so these lie in the hole that a broken copy leaves: zeros."""
    path = write_tiff(tmp_path / "a.tiff", values_of(dtype), **packing)
    content = path.read_bytes()
    (start,) = struct.unpack_from("<I", content, 4)
    for offset in (324, 273):
        place = content.find(struct.pack("<HH", offset, 4), start)
        if place >= 0:
            break
    beyond = bytearray(content)
    (count,) = struct.unpack_from("<I", content, place + 4)
    where = place + 8 if count == 1 else struct.unpack_from("<I", content, place + 8)[0]
    struct.pack_into("<I", beyond, where, len(content) - 10)
    path.write_bytes(beyond)
    assert "damaged or cut short" in refusal(path, UnreadableFile)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_end_in_a_sentence_or_an_image(tmp_path: Path, dtype: str, data: st.DataObject) -> None:
    packing = data.draw(st.sampled_from(PACKINGS))
    path = write_tiff(tmp_path / "a.tiff", values_of("u1" if dtype == "u1" else "u2"), **packing)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    with suppress(StudyError):
        image = read_path(path)
        assert image.pixels.shape[:2] == (image.header.rows, image.header.columns)
