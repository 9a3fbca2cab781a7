"""60xx overlays come back bit by bit, from their own data and from unused bits of the pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset

from studies.image import Image
from studies.overlay import overlays_of
from studies.reader import read, read_header
from studies.shutter import placed
from tests.studies.files import dataset_of, ramp, save
from tests.studies.test_decoding import lossless_jpeg, rle

BITS = np.random.default_rng(1).integers(0, 2, (5, 7)).astype(np.bool_)


def plane(dataset: Dataset, bits: NDArray[np.bool_] | None, group: int = 0x6000, **elements: Any) -> Dataset:
    """Add an overlay of which `bits` are (H, W) or (frames, H, W); None where they lie in the pixels."""
    shape = elements.pop("size", None) or (bits.shape[-2:] if bits is not None else (1, 1))
    known = {
        0x0010: ("US", shape[0]),
        0x0011: ("US", shape[1]),
        0x0015: ("IS", elements.get("frames")),
        0x0022: ("LO", elements.get("description")),
        0x0040: ("CS", elements.get("kind", "G")),
        0x0050: ("SS", elements.get("origin", [1, 1])),
        0x0051: ("US", elements.get("first_frame")),
        0x0100: ("US", elements.get("allocated", 1)),
        0x0102: ("US", elements.get("position", 0)),
        0x1500: ("LO", elements.get("label")),
    }
    for element, (vr, value) in known.items():
        if value is not None:
            dataset.add_new((group, element), vr, value)
    if bits is not None:
        packed = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
        dataset.add_new((group, 0x3000), "OW", packed + b"\0" * (len(packed) % 2))
    return dataset


def saved(
    path: Path, dataset: Dataset, pixels: NDArray[Any], syntax: str = uid.ExplicitVRLittleEndian
) -> Path:
    return save(path, dataset, pixels.tobytes(), syntax)


def read_path(path: Path, frame: int = 1) -> Image:
    return read(read_header(path), frame)


def test_a_plane_with_data_of_its_own(tmp_path: Path) -> None:
    dataset = plane(dataset_of(ramp()), BITS, label="Nodule", kind="R", origin=[3, -1])
    plane(dataset, ~BITS, 0x601E, description="Marks")
    first, second = read_path(saved(tmp_path / "a.dcm", dataset, ramp())).overlays
    assert np.array_equal(first.bits, BITS)
    assert not first.bits.flags.writeable
    assert (first.row, first.column, first.label, first.kind, first.group) == (2, -2, "Nodule", "R", 0x6000)
    assert np.array_equal(second.bits, ~BITS)
    assert (second.row, second.column, second.label, second.kind) == (0, 0, "Marks", "G")


def test_a_plane_in_a_big_endian_file(tmp_path: Path) -> None:
    swapped = np.packbits(BITS.reshape(-1), bitorder="little")
    dataset = plane(dataset_of(ramp()), BITS)
    data = np.append(swapped, np.zeros(len(swapped) % 2, np.uint8)).view("u2").byteswap().tobytes()
    dataset[0x6000, 0x3000].value = data
    path = save(tmp_path / "a.dcm", dataset, ramp().astype(">u2").tobytes(), uid.ExplicitVRBigEndian)
    assert np.array_equal(read_path(path).overlays[0].bits, BITS)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLosslessSV1])
@pytest.mark.parametrize("signed", [False, True])
def test_a_plane_in_unused_bits_is_lifted_out_of_the_pixels(
    tmp_path: Path, syntax: str, signed: bool
) -> None:
    values = ramp(top=4095) if not signed else ramp(top=4095, dtype="i2") - np.int16(2048)
    bits = ramp(top=4095) > 2000
    words = (values.view("u2") & np.uint16(0x0FFF)) | (bits.astype(np.uint16) << 14) | np.uint16(0x2000)
    dataset = plane(dataset_of(values, BitsStored=12), None, allocated=16, position=14, size=values.shape)
    if syntax == uid.ExplicitVRLittleEndian:
        path = saved(tmp_path / "a.dcm", dataset, words)
    else:
        from pydicom.encaps import encapsulate

        encoded = rle(words) if syntax == uid.RLELossless else lossless_jpeg(words, 16)
        path = save(tmp_path / "a.dcm", dataset, encapsulate([encoded]), syntax)
    image = read_path(path)
    assert np.array_equal(image.pixels, values)
    assert np.array_equal(image.overlays[0].bits, bits)


def test_planes_of_many_frames_lie_over_those_they_belong_to(tmp_path: Path) -> None:
    frames = np.stack([ramp()] * 4)
    planes = np.random.default_rng(2).integers(0, 2, (2, 5, 7)).astype(np.bool_)
    dataset = plane(dataset_of(frames, NumberOfFrames=4), planes, frames=2, first_frame=2)
    plane(dataset, BITS, 0x6002)
    path = saved(tmp_path / "a.dcm", dataset, frames)
    found = [[overlay.group for overlay in read_path(path, number).overlays] for number in (1, 2, 3, 4)]
    assert found == [[0x6002], [0x6000, 0x6002], [0x6000, 0x6002], [0x6002]]
    assert np.array_equal(read_path(path, 3).overlays[0].bits, planes[1])


def test_a_plane_that_lies_about_its_size_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    dataset = plane(dataset_of(ramp()), BITS, size=(60000, 3000))
    plane(dataset, BITS, 0x6002)
    plane(dataset, None, 0x6004, allocated=16, position=12, size=(3, 3))
    image = read_path(saved(tmp_path / "a.dcm", dataset, ramp()))
    assert [overlay.group for overlay in image.overlays] == [0x6002]
    assert image.warnings == (
        "The overlay 6000 cannot be shown (it has 6 bytes, expected 22500000 for 3000 x 60000 bits).",
        "The overlay 6004 cannot be shown (it is (3, 3), expected the image's (24, 32)).",
    )


@given(row=st.integers(-9, 9), column=st.integers(-9, 9))
def test_a_plane_is_cut_where_it_leaves_the_image(row: int, column: int) -> None:
    from studies.image import Overlay

    found = placed(Overlay(BITS, row, column), 6, 8)
    for y in range(6):
        for x in range(8):
            inside = 0 <= y - row < 5 and 0 <= x - column < 7
            assert found[y, x] == (inside and BITS[y - row, x - column])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_numbers_of_a_plane_bring_the_reading_down(data: st.DataObject) -> None:
    number = st.none() | st.integers(0, 65535)
    dataset = plane(
        Dataset(), BITS, size=(data.draw(number) or 0, data.draw(number) or 0), frames=data.draw(number),
        first_frame=data.draw(number), allocated=data.draw(number), position=data.draw(number),
    )  # fmt: skip
    sink: list[str] = []
    words = np.zeros((5, 7), np.uint16)
    for found in overlays_of(dataset, data.draw(st.integers(1, 9)), words, False, sink):
        assert found.bits.size > 0
