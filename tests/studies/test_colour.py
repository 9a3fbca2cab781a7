"""No green ultrasound: every way of storing colour gives back the colours that went in.

YBR is made here by the formulae of the standard (PS3.3 C.7.6.3.1.2), so that nothing of ours checks itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid

from studies.decoding import DEFLATED_IMAGE_FRAME, ENCAPSULATED_UNCOMPRESSED
from studies.reader import read, read_header
from tests.studies.files import dataset_of, save, write_frames
from tests.studies.test_decoding import LOSSLESS, NATIVE, jpeg

RGB = np.zeros((16, 16, 3), np.uint8)
RGB[:8], RGB[8:, :8], RGB[8:, 8:] = (200, 60, 20), (30, 90, 180), (255, 255, 255)


def ybr(rgb: NDArray[np.uint8], partial: bool = False) -> NDArray[np.uint8]:
    r, g, b = (rgb[..., channel].astype(float) for channel in range(3))
    if partial:
        y = 0.2568 * r + 0.5041 * g + 0.0979 * b + 16
        cb = -0.1482 * r - 0.2910 * g + 0.4392 * b + 128
        cr = 0.4392 * r - 0.3678 * g - 0.0714 * b + 128
    else:
        y = 0.2990 * r + 0.5870 * g + 0.1140 * b
        cb = -0.1687 * r - 0.3313 * g + 0.5000 * b + 128
        cr = 0.5000 * r - 0.4187 * g - 0.0813 * b + 128
    return np.clip(np.rint(np.stack((y, cb, cr), axis=-1)), 0, 255).astype(np.uint8)


def paired(pixels: NDArray[np.uint8]) -> bytes:
    """Y1 Y2 Cb Cr of each two pixels."""
    left, right = pixels[:, 0::2], pixels[:, 1::2]
    return np.stack((left[..., 0], right[..., 0], left[..., 1], left[..., 2]), axis=-1).tobytes()


def assert_same(path: Path, tolerance: int, columns: slice = slice(None)) -> None:
    image = read(read_header(path))
    assert image.is_colour
    apart = int(np.abs(image.pixels.astype(int) - RGB)[:, columns].max())
    assert apart <= tolerance


STORED: dict[str, tuple[NDArray[Any], int]] = {
    "RGB": (RGB, 0),
    "YBR_FULL": (ybr(RGB), 1),
    "YBR_FULL_422": (ybr(RGB), 1),
}


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("photometric", STORED)
@pytest.mark.parametrize("syntax", NATIVE, ids=lambda syntax: uid.UID(syntax).name)
def test_uncompressed_colour(tmp_path: Path, syntax: str, photometric: str, planar: int) -> None:
    pixels, tolerance = STORED[photometric]
    data = pixels.tobytes() if planar == 0 else pixels.transpose(2, 0, 1).tobytes()
    dataset = dataset_of(pixels, PhotometricInterpretation=photometric, PlanarConfiguration=planar)
    assert_same(save(tmp_path / "a.dcm", dataset, data, syntax, vr="OB"), tolerance)


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    "syntax", [*NATIVE, ENCAPSULATED_UNCOMPRESSED], ids=lambda syntax: uid.UID(syntax).name
)
def test_uncompressed_colour_of_which_pairs_share_their_chroma(
    tmp_path: Path, syntax: str, partial: bool
) -> None:
    photometric = "YBR_PARTIAL_422" if partial else "YBR_FULL_422"
    data = paired(ybr(RGB, partial))
    path = tmp_path / "a.dcm"
    if syntax == ENCAPSULATED_UNCOMPRESSED:
        write_frames(path, syntax, [data], RGB, PhotometricInterpretation=photometric)
    else:
        save(path, dataset_of(RGB, PhotometricInterpretation=photometric), data, syntax, vr="OB")
    assert_same(path, 2)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: uid.UID(syntax).name)
def test_colour_compressed_without_loss(tmp_path: Path, syntax: str, photometric: str, planar: int) -> None:
    """Planar configuration is the codec's own business, except in frames merely wrapped or deflated."""
    pixels, tolerance = STORED[photometric]
    by_header = planar == 1 and syntax in (DEFLATED_IMAGE_FRAME, ENCAPSULATED_UNCOMPRESSED)
    stored = np.ascontiguousarray(pixels.transpose(2, 0, 1)) if by_header else pixels
    path = write_frames(
        tmp_path / "a.dcm", syntax, [LOSSLESS[syntax](stored)], pixels, PhotometricInterpretation=photometric,
        PlanarConfiguration=planar,
    )  # fmt: skip
    assert_same(path, tolerance)


@pytest.mark.parametrize("transformed", [False, True])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_RCT", "YBR_ICT", "YBR_FULL"])
def test_jpeg_2000_undoes_its_own_transform_and_no_other(
    tmp_path: Path, photometric: str, transformed: bool
) -> None:
    pixels, tolerance = STORED.get(photometric, (RGB, 0))
    encoded = imagecodecs.jpeg2k_encode(pixels, reversible=True, level=0, codecformat="j2k", mct=transformed)
    path = write_frames(
        tmp_path / "a.dcm", uid.JPEG2000Lossless, [bytes(encoded)], pixels,
        PhotometricInterpretation=photometric,
    )  # fmt: skip
    assert_same(path, tolerance)


@pytest.mark.parametrize("subsampling", [0, 1])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
def test_a_jpeg_that_says_what_it_is_needs_no_header(
    tmp_path: Path, photometric: str, subsampling: int
) -> None:
    path = write_frames(
        tmp_path / "a.dcm", uid.JPEGBaseline8Bit, [jpeg(RGB, subsampling=subsampling)], RGB,
        PhotometricInterpretation=photometric,
    )  # fmt: skip
    assert_same(path, 3, slice(0, 6))  # away from the edge over which halved chroma is spread
