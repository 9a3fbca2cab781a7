"""One film, written as a picture and as DICOM files of many kinds, gives a network the same intensities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from pydicom import uid

from studies.display import network_intensities, render
from studies.reader import read, read_header
from tests.studies.files import encode_jpeg2000, lut_item, ramp, sequence, write_dicom, write_frames

FILM = ramp(40, 50, 240, "u1") + np.uint8(10)  # does not fill its range
Writer = Callable[[Path, NDArray[np.uint8]], Path]


def plain(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(path, film, WindowCenter=128, WindowWidth=256)


def monochrome1(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(
        path, 255 - film, PhotometricInterpretation="MONOCHROME1", WindowCenter=128, WindowWidth=256
    )


def inverse_shape(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(path, 255 - film, PresentationLUTShape="INVERSE", WindowCenter=128, WindowWidth=256)


def sixteen_bits(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(path, film.astype("u2") * 257, WindowCenter=32768, WindowWidth=65536)


def twelve_bits_rescaled(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(
        path, film.astype("u2") * 16, BitsStored=12, RescaleSlope=1 / 16, RescaleIntercept=-1000,
        WindowCenter=-872, WindowWidth=256,
    )  # fmt: skip


def signed(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(path, film.astype("i2") - 128, RescaleIntercept=128, WindowCenter=128, WindowWidth=256)


def negative_slope(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(
        path, 255 - film, RescaleSlope=-1, RescaleIntercept=255, WindowCenter=128, WindowWidth=256
    )


def modality_lut(path: Path, film: NDArray[Any]) -> Path:
    table = lut_item(0, [3 * value for value in range(256)], ModalityLUTType="US")
    return write_dicom(
        path, film, ModalityLUTSequence=sequence(table), WindowCenter=382.5, WindowWidth=765,
        VOILUTFunction="LINEAR_EXACT",
    )  # fmt: skip


def voi_lut(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(
        path, film, VOILUTSequence=sequence(lut_item(0, [257 * value for value in range(256)]))
    )


def jpeg_2000(path: Path, film: NDArray[Any]) -> Path:
    frames = [encode_jpeg2000(film)]
    return write_frames(path, uid.JPEG2000Lossless, frames, film, WindowCenter=128, WindowWidth=256)


def jpeg_ls(path: Path, film: NDArray[Any]) -> Path:
    deep = film.astype("u2") * 257
    frames = [bytes(imagecodecs.jpegls_encode(deep))]
    return write_frames(path, uid.JPEGLSLossless, frames, deep, WindowCenter=32768, WindowWidth=65536)


def grey_in_colour(path: Path, film: NDArray[Any]) -> Path:
    return write_dicom(path, np.repeat(film[..., None], 3, axis=2))


WRITERS = [
    plain, monochrome1, inverse_shape, sixteen_bits, twelve_bits_rescaled, signed, negative_slope,
    modality_lut, voi_lut, jpeg_2000, jpeg_ls, grey_in_colour,
]  # fmt: skip


@pytest.mark.parametrize("write", WRITERS)
def test_with_a_window_that_spans_the_picture_it_is_the_same(tmp_path: Path, write: Writer) -> None:
    Pillow.fromarray(FILM).save(tmp_path / "film.png")
    picture = read(read_header(tmp_path / "film.png"))
    film = read(read_header(write(tmp_path / "film.dcm", FILM)))
    assert np.abs(network_intensities(film) - network_intensities(picture)).max() < 1e-4
    shown = render(film).astype(int)
    assert np.abs((shown[..., 0] if film.is_colour else shown) - render(picture)).max() <= 1


@pytest.mark.parametrize("elements", [{}, {"RescaleSlope": 2, "RescaleIntercept": -50}])
@pytest.mark.parametrize("white", [False, True])
def test_without_a_window_it_is_the_same_up_to_a_linear_change_of_grey(
    tmp_path: Path, white: bool, elements: dict[str, Any]
) -> None:
    Pillow.fromarray(FILM).save(tmp_path / "film.png")
    picture = network_intensities(read(read_header(tmp_path / "film.png"))).astype(float)
    deep = (255 - FILM if white else FILM).astype("u2") * 257
    path = write_dicom(
        tmp_path / "film.dcm",
        deep,
        PhotometricInterpretation="MONOCHROME1" if white else "MONOCHROME2",
        **elements,
    )
    film = network_intensities(read(read_header(path))).astype(float)
    gain, offset = np.polyfit(picture.ravel(), film.ravel(), 1)
    assert gain > 1
    assert np.abs(gain * picture + offset - film).max() < 1e-5
