"""The grey pipeline of whole files against values worked out by hand (PS3.3 C.11, PS3.4 N.2.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from studies.display import (
    DisplayState,
    initial_state,
    network_intensities,
    render,
    stored_to_modality,
    table,
)
from studies.image import Header, Image, LookupTable, Window
from studies.reader import read, read_header
from tests.studies.files import dataset_of, item, lut_item, save, sequence, write_dicom

DICOM = Header("/a.dcm", "dicom", "1", "2", "3", 1, 1)


def read_pixels(path: Path, pixels: NDArray[Any], frame: int = 1, **elements: Any) -> Image:
    return read(read_header(write_dicom(path / "a.dcm", pixels, **elements)), frame)


def test_modality_then_voi_then_polarity(tmp_path: Path) -> None:
    """C.11.1, C.11.2.1.2.1, C.7.6.3.1.2: 2 v - 10, then ((x - 19.5) / 40 + 0.5) * 255, then 255 minus it."""
    pixels = np.array([[0, 5, 10, 15, 20, 25]], np.uint8)
    elements: dict[str, Any] = {
        "RescaleSlope": 2, "RescaleIntercept": -10, "WindowCenter": 20, "WindowWidth": 41,
    }  # fmt: skip
    # x = -10, 0, 10, 20, 30, 40; x <= -0.5 is black, x > 39.5 is white.
    expected = [0, 3, 67, 131, 194, 255]
    assert render(read_pixels(tmp_path, pixels, **elements))[0].tolist() == expected
    turned = read_pixels(tmp_path, pixels, PhotometricInterpretation="MONOCHROME1", **elements)
    assert render(turned)[0].tolist() == [255 - grey for grey in expected]
    both = read_pixels(
        tmp_path, pixels, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE", **elements
    )
    assert np.array_equal(render(both), render(turned))
    shape = read_pixels(tmp_path, pixels, PresentationLUTShape="INVERSE", **elements)
    assert np.array_equal(render(shape), render(turned))


def test_a_voi_lut_comes_before_the_windows_and_reads_modality_values(tmp_path: Path) -> None:
    """C.11.2.1.1: values below the first mapped take the first entry, those above the last the last."""
    pixels = np.array([[0, 9, 10, 11, 12, 200]], np.uint8)
    image = read_pixels(
        tmp_path, pixels, RescaleSlope=1, RescaleIntercept=100, WindowCenter=110, WindowWidth=3,
        VOILUTSequence=sequence(lut_item(110, [51, 102, 255], 8)),
    )  # fmt: skip
    assert render(image)[0].tolist() == [51, 51, 51, 102, 255, 255]
    assert render(image, DisplayState(image.voi[1]))[0].tolist() == [0, 64, 191, 255, 255, 255]


def test_a_voi_lut_of_a_single_frame(tmp_path: Path) -> None:
    frames = np.array([[[0, 1]], [[0, 1]]], np.uint8)
    groups = [
        item(FrameVOILUTSequence=sequence(item(VOILUTSequence=sequence(lut_item(0, entries, 8)))))
        for entries in ([10, 20], [30, 40])
    ]
    for number, expected in ((1, [10, 20]), (2, [30, 40])):
        image = read_pixels(
            tmp_path, frames, number, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=sequence(*groups)
        )
        assert render(image)[0].tolist() == expected


def test_a_modality_lut_feeds_the_voi(tmp_path: Path) -> None:
    """C.11.1.1.1: stored 5, 6, 7 become 1000, 2000, 3000; the window of 2000 from 1500.5 does the rest."""
    image = read_pixels(
        tmp_path, np.array([[0, 5, 6, 7, 255]], np.uint8), WindowCenter=2000, WindowWidth=2001,
        ModalityLUTSequence=sequence(lut_item(5, [1000, 2000, 3000], 16, ModalityLUTType="US")),
    )  # fmt: skip
    assert stored_to_modality(image, image.pixels)[0].tolist() == [1000, 1000, 2000, 3000, 3000]
    assert render(image)[0].tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize("relationship", ["LIN", "LOG", "DISP"])
@pytest.mark.parametrize("sop_class", ["1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"])
def test_the_table_that_makes_an_angiogram_linear_is_not_for_display(
    tmp_path: Path, sop_class: str, relationship: str
) -> None:
    image = read_pixels(
        tmp_path, np.array([[0, 1, 2]], np.uint8), SOPClassUID=sop_class, WindowCenter=1.5, WindowWidth=3,
        PixelIntensityRelationship=relationship,
        ModalityLUTSequence=sequence(lut_item(0, [0, 10, 1000], 16, ModalityLUTType="US")),
    )  # fmt: skip
    expected = [0, 255, 255] if relationship == "LIN" else [0, 128, 255]
    assert render(image)[0].tolist() == expected


def test_a_presentation_lut_takes_what_the_voi_gives_over_its_whole_length(tmp_path: Path) -> None:
    image = read_pixels(
        tmp_path, np.array([[0, 1, 2, 3, 4]], np.uint8), WindowCenter=2.5, WindowWidth=5,
        PresentationLUTSequence=sequence(lut_item(0, [255, 0, 51, 102, 204], 8)),
    )  # fmt: skip
    assert render(image)[0].tolist() == [255, 0, 51, 102, 204]
    assert render(image, DisplayState(image.voi[0], inverted=True))[0].tolist() == [0, 255, 204, 153, 51]
    assert network_intensities(image)[0] == pytest.approx([1, 0, 0.2, 0.4, 0.8])


def test_padding_and_its_range_are_black_and_take_no_part_in_the_full_range(tmp_path: Path) -> None:
    """C.7.5.1.1.2: from the padding value to the range limit, both included, in whichever order."""
    pixels = np.array([[-2000, -1500, -1000, 0, 50, 100]], np.int16)
    for value, limit in ((-2000, -1000), (-1000, -2000)):
        for photometric, expected in (("MONOCHROME2", [0, 128, 255]), ("MONOCHROME1", [255, 127, 0])):
            image = read_pixels(
                tmp_path, pixels, PixelPaddingValue=value, PixelPaddingRangeLimit=limit,
                PhotometricInterpretation=photometric,
            )  # fmt: skip
            assert render(image)[0].tolist() == [0, 0, 0, *expected]


def test_padding_of_float_pixels(tmp_path: Path) -> None:
    pixels = np.array([[-1000.5, -999, 0, 0.5, 1]], np.float32)
    dataset = dataset_of(
        pixels, BitsStored=None, HighBit=None, PixelRepresentation=None, FloatPixelPaddingValue=-1000.5,
        FloatPixelPaddingRangeLimit=-999,
    )  # fmt: skip
    image = read(read_header(save(tmp_path / "a.dcm", dataset, pixels.tobytes(), keyword="FloatPixelData")))
    assert image.valid is not None
    assert image.valid.tolist() == [[False, False, True, True, True]]
    assert render(image)[0].tolist() == [0, 0, 0, 128, 255]


@pytest.mark.parametrize("signed", [False, True])
def test_values_of_32_bits_are_exact_wherever_they_lie(tmp_path: Path, signed: bool) -> None:
    """A window of five values in the far end of 32 bits, where float32 would see a single value."""
    base = 2**31 - 10 if signed else 2**32 - 10
    pixels = (base + np.arange(5)).reshape(1, 5).astype("i4" if signed else "u4")
    image = read_pixels(tmp_path, pixels, WindowCenter=base + 2.5, WindowWidth=5)
    assert render(image)[0].tolist() == [0, 64, 128, 191, 255]
    found = table(image, initial_state(image))
    assert found is not None
    assert (found.first, len(found.entries)) == (base, 5)
    wide = np.array([[np.iinfo(pixels.dtype).min, *pixels[0]]], pixels.dtype)
    image = read_pixels(tmp_path, wide, WindowCenter=base + 2.5, WindowWidth=5)
    assert table(image, initial_state(image)) is None
    assert render(image)[0].tolist() == [0, 0, 64, 128, 191, 255]


luts = st.builds(
    LookupTable,
    first=st.integers(-50, 50),
    entries=st.lists(st.integers(0, 255), min_size=1, max_size=30).map(lambda v: np.array(v, np.float32)),
    bits=st.just(8),
)
vois = luts | st.builds(
    Window,
    center=st.floats(-200, 200),
    width=st.floats(1, 300),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
images = st.builds(
    lambda values, white, slope, intercept, modality, voi, plut, padding: Image(
        DICOM, 1, np.array([values], np.int16), polarity="min-is-white" if white else "min-is-black",
        slope=slope, intercept=intercept, modality_lut=modality, voi=(voi,), presentation_lut=plut,
        stored_range=(-128, 127), padding=padding,
        valid=None if padding is None
        else np.array([[not padding[0] <= value <= padding[1] for value in values]]),
    ),
    values=st.lists(st.integers(-128, 127), min_size=1, max_size=30),
    white=st.booleans(),
    slope=st.floats(-3, 3).filter(lambda slope: abs(slope) > 0.01),
    intercept=st.floats(-100, 100),
    modality=st.none() | luts,
    voi=vois,
    plut=st.none() | luts,
    padding=st.none() | st.tuples(st.integers(-128, 0), st.integers(0, 20)),
)  # fmt: skip


@given(image=images)
def test_whatever_the_tables_each_pixel_alone_is_shown_as_among_the_others(image: Image) -> None:
    whole, intensities = render(image), network_intensities(image)
    found = table(image, initial_state(image))
    assert found is not None
    for column, value in enumerate(image.pixels[0]):
        assert found.entries[int(value) - found.first] == whole[0, column]
    assert np.abs(intensities * 255 - whole).max() <= 0.5 + 1e-4
    if image.valid is not None:
        assert not whole[~image.valid].any()
        assert not intensities[~image.valid].any()


@given(image=images)
def test_inversion_is_the_exact_complement_of_all_that_is_no_padding(image: Image) -> None:
    valid = np.ones(image.shape, bool) if image.valid is None else image.valid
    shown = render(image)[valid]
    assert np.array_equal(255 - shown, render(image, DisplayState(image.voi[0], inverted=True))[valid])


@given(image=images)
def test_deep_pixels_are_shown_as_shallow_ones_are(image: Image) -> None:
    """By pixel, without a table, nothing differs."""
    from dataclasses import replace

    deep = replace(image, pixels=image.pixels.astype(np.int32), stored_range=(-(2**31), 2**31 - 1))
    assert table(deep, initial_state(deep)) is None
    assert np.array_equal(render(deep), render(image))
