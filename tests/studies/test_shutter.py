"""Display shutters hide what the file says, from the eye and from nobody else (PS3.3 C.7.6.11)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.display import DisplayState, auto_window, initial_state, network_intensities, render
from studies.image import Image, Overlay, Shutter
from studies.reader import read, read_header
from studies.shutter import visible
from studies.thumbnail import thumbnail
from tests.studies.files import colours, dataset_of, item, ramp, save, sequence, write_dicom
from tests.studies.test_overlay import plane

RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    "ShutterUpperHorizontalEdge": 3,
    "ShutterLowerHorizontalEdge": 10,
    "ShutterLeftVerticalEdge": 5,
    "ShutterRightVerticalEdge": 20,
}


def read_path(path: Path, frame: int = 1) -> Image:
    return read(read_header(path), frame)


def shown_of(path: Path) -> np.ndarray:
    image = read_path(path)
    assert image.shutter is not None
    return visible(image.shutter, *image.shape)


def test_a_rectangle_shows_the_rows_and_columns_that_it_names(tmp_path: Path) -> None:
    shown = shown_of(write_dicom(tmp_path / "a.dcm", ramp(), **RECTANGLE))
    expected = np.zeros((24, 32), bool)
    expected[2:10, 4:20] = True
    assert np.array_equal(shown, expected)


def test_a_circle_shows_the_pixels_whose_centres_it_reaches(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), ShutterShape="CIRCULAR", CenterOfCircularShutter=[12, 16],
        RadiusOfCircularShutter=5,
    )  # fmt: skip
    rows, columns = np.nonzero(shown_of(path))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 16, 10, 20)
    assert np.all((rows - 11) ** 2 + (columns - 15) ** 2 <= 25)
    assert len(rows) == 81  # lattice points in a circle of radius 5


def test_a_polygon_shows_what_lies_in_it_and_on_its_edges(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), ShutterShape="POLYGONAL",
        VerticesOfThePolygonalShutter=[3, 5, 3, 20, 10, 20, 10, 5],
    )  # fmt: skip
    expected = np.zeros((24, 32), bool)
    expected[2:10, 4:20] = True
    assert np.array_equal(shown_of(path), expected)


def test_several_shapes_show_what_all_of_them_show(tmp_path: Path) -> None:
    elements = {
        **RECTANGLE,
        "ShutterShape": ["RECTANGULAR", "CIRCULAR"],
        "CenterOfCircularShutter": [3, 5],
        "RadiusOfCircularShutter": 4,
    }
    shown = shown_of(write_dicom(tmp_path / "a.dcm", ramp(), **elements))
    assert shown[2, 4]
    assert not shown[1, 4]
    assert shown[2, 8]
    assert not shown[2, 9]


def test_a_bitmap_hides_where_it_is_set_and_is_no_overlay_to_be_drawn(tmp_path: Path) -> None:
    bits = ramp() > 2000
    dataset = plane(dataset_of(ramp(), ShutterShape="BITMAP", ShutterOverlayGroup=0x6002), bits, 0x6002)
    image = read_path(save(tmp_path / "a.dcm", dataset, ramp().tobytes()))
    assert image.shutter is not None
    assert image.overlays == ()
    assert np.array_equal(visible(image.shutter, 24, 32), ~bits)


def test_frames_have_shutters_of_their_own(tmp_path: Path) -> None:
    groups = [
        item(FrameDisplayShutterSequence=sequence(item(**{**RECTANGLE, "ShutterUpperHorizontalEdge": top})))
        for top in (3, 6)
    ]
    frames = np.stack([ramp(), ramp()])
    path = write_dicom(
        tmp_path / "a.dcm", frames, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=sequence(*groups)
    )
    shutters = [read_path(path, number).shutter for number in (1, 2)]
    assert [shutter.rectangle for shutter in shutters if shutter] == [(2, 4, 10, 20), (5, 4, 10, 20)]


@pytest.mark.parametrize("p_value", [0, 32768, 65535])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_what_is_hidden_has_the_grey_that_the_file_asks_for_in_every_polarity(
    tmp_path: Path, p_value: int, photometric: str
) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), PhotometricInterpretation=photometric, ShutterPresentationValue=p_value,
        **RECTANGLE,
    )  # fmt: skip
    image = read_path(path)
    for state in (initial_state(image), DisplayState(None, inverted=True)):
        assert render(image, state)[0, 0] == round(p_value / 65535 * 255)
    assert thumbnail(image)[0, 0] == round(p_value / 65535 * 255)


def test_a_network_sees_what_lies_under_the_shutter(tmp_path: Path) -> None:
    bare = read_path(write_dicom(tmp_path / "bare.dcm", ramp()))
    shuttered = read_path(write_dicom(tmp_path / "a.dcm", ramp(), **RECTANGLE))
    assert np.array_equal(network_intensities(bare), network_intensities(shuttered))
    assert not np.array_equal(render(bare), render(shuttered))


def test_the_automatic_window_is_that_of_what_is_shown(tmp_path: Path) -> None:
    pixels = np.full((24, 32), 60000, np.uint16)
    pixels[2:10, 4:20] = ramp(8, 16, 1000)
    image = read_path(write_dicom(tmp_path / "a.dcm", pixels, **RECTANGLE))
    window = auto_window(image)
    assert window.center + window.width / 2 < 1100


def test_colour_is_shuttered_too(tmp_path: Path) -> None:
    image = read_path(write_dicom(tmp_path / "a.dcm", colours(), **RECTANGLE))
    assert render(image)[0, 0].tolist() == [0, 0, 0]
    assert np.array_equal(render(image)[5, 10], colours()[5, 10])


@pytest.mark.parametrize(
    "elements",
    [
        {"ShutterShape": "RECTANGULAR"},
        {**RECTANGLE, "ShutterUpperHorizontalEdge": 30},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [1, 2]},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 2, 3, 4]},
        {"ShutterShape": "BITMAP", "ShutterOverlayGroup": 0x6000},
        {"ShutterShape": "HEART"},
    ],
)
def test_a_shutter_that_makes_no_sense_hides_nothing_and_is_told(
    tmp_path: Path, elements: dict[str, object]
) -> None:
    image = read_path(write_dicom(tmp_path / "a.dcm", ramp(), **elements))
    assert image.shutter is None
    assert [warning for warning in image.warnings if "shutter" in warning] == list(image.warnings)
    assert len(image.warnings) == 1


corners = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=3, max_size=6)


@given(polygon=corners, circle=st.tuples(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.1, 60)))
def test_together_shapes_never_show_more_than_each_alone(
    polygon: list[tuple[float, float]], circle: tuple[float, float, float]
) -> None:
    whole = Shutter((1, 2, 9, 30), circle, tuple(polygon), Overlay(np.eye(5, dtype=bool), 2, 3))
    together = visible(whole, 12, 34)
    bare = Shutter()
    for one in (
        replace(bare, rectangle=whole.rectangle),
        replace(bare, circle=circle),
        replace(bare, polygon=whole.polygon),
        replace(bare, bitmap=whole.bitmap),
    ):
        assert not np.any(together & ~visible(one, 12, 34))
    assert visible(bare, 12, 34).all()
