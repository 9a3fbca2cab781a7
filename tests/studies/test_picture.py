"""PNG, JPEG and TIFF files of every kind become grey or RGB pixels, upright."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

from studies.display import initial_state, network_intensities, render
from studies.errors import UnsupportedImage
from studies.image import Image
from studies.reader import read, read_header
from tests.studies.files import colours, ramp

GREY = ramp(top=255, dtype="u1")


def read_path(path: Path, frame: int = 1) -> Image:
    return read(read_header(path), frame)


@pytest.mark.parametrize("kind", ["png", "tiff", "jpeg"])
def test_eight_bit_grey(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    Pillow.fromarray(GREY).save(path, quality=100)
    image = read_path(path)
    assert image.pixels.dtype == np.uint8
    assert np.abs(image.pixels.astype(int) - GREY).max() <= (4 if kind == "jpeg" else 0)
    assert image.stored_range == (0, 255)
    assert initial_state(image).voi is None
    assert not image.pixels.flags.writeable


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bit_grey(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    pixels = ramp(top=60000)
    Pillow.fromarray(pixels).save(path)
    image = read_path(path)
    assert np.array_equal(image.pixels, pixels)
    assert (image.stored_range, image.bits_stored) == ((0, 65535), 16)
    assert network_intensities(image) == pytest.approx(pixels / 65535, abs=1e-6)


def test_colour_and_what_is_grey_in_colour(tmp_path: Path) -> None:
    Pillow.fromarray(colours()).save(tmp_path / "colour.png")
    assert np.array_equal(read_path(tmp_path / "colour.png").pixels, colours())
    Pillow.fromarray(np.repeat(GREY[..., None], 3, axis=2)).save(tmp_path / "grey.png")
    assert np.array_equal(read_path(tmp_path / "grey.png").pixels, GREY)


def test_a_palette_of_greys_is_grey(tmp_path: Path) -> None:
    Pillow.fromarray(GREY).convert("P").save(tmp_path / "a.png")
    assert np.array_equal(read_path(tmp_path / "a.png").pixels, GREY)


def test_one_bit(tmp_path: Path) -> None:
    Pillow.fromarray(GREY > 100).save(tmp_path / "a.png")
    assert np.array_equal(read_path(tmp_path / "a.png").pixels, np.where(GREY > 100, 255, 0))


def test_transparency_lies_on_black_and_what_is_wholly_transparent_is_invalid(tmp_path: Path) -> None:
    alpha = np.full(GREY.shape, 255, np.uint8)
    alpha[0], alpha[1] = 0, 128
    Pillow.fromarray(np.dstack((GREY, alpha))).save(tmp_path / "a.png")
    image = read_path(tmp_path / "a.png")
    assert image.valid is not None
    assert not image.valid[0].any()
    assert image.valid[1:].all()
    assert np.array_equal(image.pixels[2:], GREY[2:])
    assert np.abs(image.pixels[1] - GREY[1] * (128 / 255)).max() <= 0.5
    assert render(image)[0].max() == 0


def test_a_picture_without_transparent_pixels_is_valid_throughout(tmp_path: Path) -> None:
    Pillow.fromarray(GREY).convert("RGBA").save(tmp_path / "a.png")
    image = read_path(tmp_path / "a.png")
    assert image.valid is None
    assert np.array_equal(image.pixels, GREY)


TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a.T, 2),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff"])
def test_the_orientation_that_the_file_asks_for_is_applied(
    tmp_path: Path, orientation: int, kind: str
) -> None:
    path = tmp_path / f"a.{kind}"
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(GREY).save(path, exif=exif, quality=100)
    header = read_header(path)
    expected = TURNS[orientation](GREY)
    image = read(header)
    assert (header.rows, header.columns) == expected.shape == image.shape
    assert np.abs(image.pixels.astype(int) - expected).max() <= (4 if kind == "jpeg" else 0)


def test_a_cmyk_jpeg_becomes_rgb(tmp_path: Path) -> None:
    flat = np.full((32, 32, 3), (200, 60, 20), np.uint8)
    Pillow.fromarray(flat).convert("CMYK").save(tmp_path / "a.jpg", quality=100)
    image = read_path(tmp_path / "a.jpg")
    assert image.pixels[16, 16] == pytest.approx([200, 60, 20], abs=6)


def test_a_tiff_of_floats_and_one_whose_zero_is_white(tmp_path: Path) -> None:
    floats = ramp(top=1, dtype="f4")
    floats[0, 0] = np.nan
    Pillow.fromarray(floats).save(tmp_path / "f.tiff")
    image = read_path(tmp_path / "f.tiff")
    assert image.pixels.dtype == np.float32
    assert image.valid is not None
    assert render(image).max() == 255
    Pillow.fromarray(GREY).save(tmp_path / "w.tiff", tiffinfo={262: 0})
    assert np.array_equal(render(read_path(tmp_path / "w.tiff")), GREY)  # turned round when it was written
    Pillow.fromarray(ramp(top=65535)).save(tmp_path / "w16.tiff", tiffinfo={262: 0})
    shown = render(read_path(tmp_path / "w16.tiff"))
    assert np.abs(shown.astype(int) - (255 - ramp(top=65535) / 257)).max() <= 1


def test_pages_of_a_tiff_are_frames(tmp_path: Path) -> None:
    pages = [Pillow.fromarray(GREY), Pillow.fromarray(255 - GREY)]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    assert read_header(tmp_path / "a.tiff").frames == 2
    assert np.array_equal(read_path(tmp_path / "a.tiff", 2).pixels, 255 - GREY)


def test_a_picture_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    Pillow.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "renamed.dcm").write_bytes((tmp_path / "a.png").read_bytes())
    first, second = read_header(tmp_path / "a.png"), read_header(tmp_path / "renamed.dcm")
    digest = hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert second.kind == "picture"
    assert first.content_hash == digest
    assert first.sop_instance_uid == second.sop_instance_uid == f"2.25.{int(digest[:32], 16)}"
    assert len({first.sop_instance_uid, first.series_instance_uid, first.study_instance_uid}) == 3
    assert all(len(uid) <= 64 for uid in (first.series_instance_uid, first.study_instance_uid))


def test_a_jpeg_with_an_explanatory_thumbnail_in_it_is_whole(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x010E] = "chest \u00ff\u00d9"
    Pillow.fromarray(GREY).save(tmp_path / "a.jpg", exif=exif, comment=b"\xff\xd9 inside")
    assert read_path(tmp_path / "a.jpg").shape == GREY.shape


def test_sixteen_bit_colour_is_brought_to_eight(tmp_path: Path) -> None:
    deep = colours().astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    assert np.abs(read_path(tmp_path / "a.png").pixels.astype(int) - colours()).max() <= 1


def test_a_cmyk_tiff_becomes_rgb(tmp_path: Path) -> None:
    flat = np.full((32, 32, 3), (200, 60, 20), np.uint8)
    Pillow.fromarray(flat).convert("CMYK").save(tmp_path / "a.tiff", compression="tiff_lzw")
    assert read_path(tmp_path / "a.tiff").pixels[16, 16] == pytest.approx([200, 60, 20], abs=2)


def test_a_kind_of_colour_that_is_not_known_is_refused_by_name(tmp_path: Path) -> None:
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8), "LAB").save(tmp_path / "a.tiff")
    with pytest.raises(UnsupportedImage, match="has pixels of the kind LAB, expected grey, RGB or CMYK"):
        read_path(tmp_path / "a.tiff")


def test_a_jpeg_of_twelve_bits_is_refused_by_name(tmp_path: Path) -> None:
    encoded = bytes(imagecodecs.jpeg8_encode(ramp(top=4000), level=90, bitspersample=12))
    (tmp_path / "a.jpg").write_bytes(encoded)
    with pytest.raises(UnsupportedImage, match="has 12-bit JPEG pixels, expected 8-bit ones"):
        read_path(tmp_path / "a.jpg")


def test_a_progressive_jpeg_is_read(tmp_path: Path) -> None:
    Pillow.fromarray(GREY).save(tmp_path / "a.jpg", quality=100, progressive=True)
    assert np.abs(read_path(tmp_path / "a.jpg").pixels.astype(int) - GREY).max() <= 4


def test_an_interlaced_picture_of_few_bits_is_read(tmp_path: Path) -> None:
    Pillow.fromarray(GREY).quantize(4).save(tmp_path / "a.png", bits=2)
    assert len(np.unique(read_path(tmp_path / "a.png").pixels.reshape(-1, 1), axis=0)) <= 4
