"""Letters, planes, lengths and angles say where the patient is, and only what the file knows."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from studies.geometry import (
    Length,
    angle_between,
    area_of,
    direction_letters,
    frame_distance_mm,
    length_between,
    letters_of,
    orientation_letters,
    plane_of,
    spacing_at,
)
from studies.image import Header, Image, Series, Spacing
from studies.reader import read, read_header
from tests.studies.files import item, ramp, sequence, write_dicom

AXIAL, CORONAL, SAGITTAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)


def image_of(path: Path, frame: int = 1, **elements: Any) -> Image:
    return read(read_header(write_dicom(path / "a.dcm", ramp(), **elements)), frame)


@pytest.mark.parametrize(
    ("orientation", "letters"),
    [
        (AXIAL, ("R", "A", "L", "P")),
        (CORONAL, ("R", "H", "L", "F")),
        (SAGITTAL, ("A", "H", "P", "F")),
        ((-1, 0, 0, 0, -1, 0), ("L", "P", "R", "A")),  # prone, feet first
        ((0.8, 0.6, 0, 0, 0, -1), ("RA", "H", "LP", "F")),
        ((0.995, 0.0998, 0, -0.0998, 0.995, 0), ("R", "A", "L", "P")),  # too slightly tilted to say so
        (("L", "F"), ("R", "H", "L", "F")),
        (("PL", "FA"), ("AR", "HP", "PL", "FA")),
        (("L", ""), ("R", "", "L", "")),
        (None, ("", "", "", "")),
    ],
)
def test_letters_stand_left_top_right_and_bottom(orientation: Any, letters: tuple[str, ...]) -> None:
    assert orientation_letters(orientation) == letters


@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: math.hypot(*v) > 0.99))
def test_a_direction_and_its_opposite_have_opposite_letters(cosines: tuple[float, float, float]) -> None:
    x, y, z = cosines
    there, back = direction_letters(cosines), direction_letters((-x, -y, -z))
    assert there
    assert back == there.translate(str.maketrans("RLAPFH", "LRPAHF"))


def test_a_film_has_letters_from_its_header_and_a_slice_from_its_plane(tmp_path: Path) -> None:
    film = image_of(tmp_path, PatientOrientation=["L", "F"])
    assert film.header.patient_orientation == ("L", "F")
    assert letters_of(film) == ("R", "H", "L", "F")
    both = image_of(tmp_path, PatientOrientation=["L", "F"], ImageOrientationPatient=list(SAGITTAL))
    assert letters_of(both) == ("A", "H", "P", "F")
    assert letters_of(image_of(tmp_path)) == ("", "", "", "")
    assert letters_of(image_of(tmp_path, PatientOrientation="")) == ("", "", "", "")


def test_the_equation_of_the_standard_places_a_pixel(tmp_path: Path) -> None:
    plane = plane_of(
        image_of(
            tmp_path, Modality="CT", PixelSpacing=[2, 3], ImagePositionPatient=[-100, 50, 7],
            ImageOrientationPatient=list(CORONAL),
        )
    )  # fmt: skip
    assert plane is not None
    # Row 4, column 10, from 0: x grows by 3 mm a column, z falls by 2 mm a row.
    assert plane.to_patient((4.5, 10.5)) == pytest.approx((-70, 50, -1))
    assert plane.to_image((-70, 50, -1)) == pytest.approx((4.5, 10.5))
    assert plane.to_image((-70, 99, -1)) == pytest.approx((4.5, 10.5))
    assert plane.distance_mm == pytest.approx(50)
    assert plane_of(image_of(tmp_path, ImagerPixelSpacing=[1, 1])) is None


def stack(path: Path, places: list[tuple[float, float, float]], orientations: list[Any]) -> Header:
    groups = [
        item(
            PlanePositionSequence=sequence(item(ImagePositionPatient=list(place))),
            PlaneOrientationSequence=sequence(item(ImageOrientationPatient=list(orientation))),
        )
        for place, orientation in zip(places, orientations, strict=True)
    ]
    frames = np.stack([ramp(top=100 * (n + 1)) for n in range(len(places))])
    return read_header(
        write_dicom(
            path / "a.dcm", frames, Modality="MR", NumberOfFrames=len(places),
            PerFrameFunctionalGroupsSequence=sequence(*groups),
            SharedFunctionalGroupsSequence=sequence(
                item(PixelMeasuresSequence=sequence(item(PixelSpacing=[0.5, 0.5])))
            ),
        )
    )  # fmt: skip


def test_frames_are_scrolled_in_space_and_lie_where_they_say(tmp_path: Path) -> None:
    header = stack(tmp_path, [(0, 0, 30), (0, 0, 10), (0, 0, 20)], [AXIAL] * 3)
    assert header.frame_order == (2, 3, 1)
    assert header.frame_positions_mm == (30, 10, 20)
    assert [frame for _, frame in Series("1", (header,)).frames] == [2, 3, 1]
    assert [frame_distance_mm(header, frame) for frame in (1, 2, 3, 4)] == [30, 10, 20, None]
    second = read(header, 2)
    assert (second.position, second.orientation) == ((0, 0, 10), AXIAL)
    plane = plane_of(second)
    assert plane is not None
    assert plane.distance_mm == 10


def test_frames_at_one_place_keep_the_order_of_the_file(tmp_path: Path) -> None:
    header = stack(tmp_path, [(0, 0, 2), (0, 0, 1), (0, 0, 2), (0, 0, 1)], [AXIAL] * 4)
    assert header.frame_order == (2, 4, 1, 3)


def test_frames_of_several_orientations_stay_together(tmp_path: Path) -> None:
    header = stack(tmp_path, [(0, 0, 2), (3, 0, 0), (0, 0, 1)], [AXIAL, SAGITTAL, AXIAL])
    assert header.frame_order == (3, 1, 2)
    assert header.frame_positions_mm == ()


def test_frames_in_the_order_of_the_file_need_no_order_of_their_own(tmp_path: Path) -> None:
    header = stack(tmp_path, [(0, 0, 1), (0, 0, 2)], [AXIAL, AXIAL])
    assert header.frame_order == ()
    assert [frame for _, frame in Series("1", (header,)).frames] == [1, 2]


def test_planes_of_a_dose_grid_follow_its_offsets(tmp_path: Path) -> None:
    frames = np.stack([ramp()] * 3)
    header = read_header(
        write_dicom(
            tmp_path / "a.dcm", frames, Modality="RTDOSE", NumberOfFrames=3, PixelSpacing=[1, 1],
            ImagePositionPatient=[5, 6, 7], ImageOrientationPatient=list(AXIAL),
            GridFrameOffsetVector=[0, 2.5, 5],
        )
    )  # fmt: skip
    assert header.frame_positions_mm == (7, 9.5, 12)
    assert read(header, 3).position == (5, 6, 12)


def test_the_distance_of_a_single_slice_comes_from_its_header(tmp_path: Path) -> None:
    header = image_of(tmp_path, ImagePositionPatient=[1, 2, 3], ImageOrientationPatient=list(SAGITTAL)).header
    assert frame_distance_mm(header, 1) == pytest.approx(-1)
    assert frame_distance_mm(replace(header, image_position=None), 1) is None


DETECTOR = {"ImagerPixelSpacing": [0.2, 0.2], "Modality": "DX"}


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (DETECTOR, Spacing(0.2, 0.2, "detector")),
        (
            {**DETECTOR, "EstimatedRadiographicMagnificationFactor": 1.25},
            Spacing(0.16, 0.16, "corrected", 1.25),
        ),
        (
            {**DETECTOR, "DistanceSourceToDetector": 1500, "DistanceSourceToPatient": 1200},
            Spacing(0.16, 0.16, "corrected", 1.25),
        ),
        (
            {**DETECTOR, "PixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 2},
            Spacing(0.1, 0.1, "corrected", 2.0),
        ),
        ({**DETECTOR, "EstimatedRadiographicMagnificationFactor": 0.5}, Spacing(0.2, 0.2, "detector")),
        (
            {**DETECTOR, "PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "GEOMETRY"},
            Spacing(0.2, 0.2, "patient"),
        ),
        (
            {**DETECTOR, "PixelSpacing": [0.15, 0.15], "EstimatedRadiographicMagnificationFactor": 9},
            Spacing(0.15, 0.15, "patient"),
        ),
        ({"NominalScannedPixelSpacing": [0.1, 0.1], "Modality": "OT"}, Spacing(0.1, 0.1, "unknown")),
        ({"PixelAspectRatio": [2, 1]}, Spacing(2.0, 1.0, "unknown")),
        ({"PixelAspectRatio": [1, 1]}, None),
        ({"PixelAspectRatio": [0, 1]}, None),
    ],
)
def test_spacing_is_corrected_only_by_what_the_file_states(
    tmp_path: Path, elements: dict[str, object], expected: Spacing | None
) -> None:
    found = image_of(tmp_path, **elements).spacing
    if found is None or expected is None:
        assert found is expected
    else:
        assert (found.row_mm, found.column_mm) == pytest.approx((expected.row_mm, expected.column_mm))
        assert (found.kind, found.magnification) == (expected.kind, expected.magnification)


def test_a_magnification_that_cannot_be_is_told(tmp_path: Path) -> None:
    image = image_of(tmp_path, **DETECTOR, EstimatedRadiographicMagnificationFactor=0.5)
    assert image.warnings == ("A magnification of 0.5 cannot be; lengths are those at the detector.",)


def test_lengths_name_their_unit_and_what_they_are_lengths_of(tmp_path: Path) -> None:
    start, end = (1.0, 2.0), (4.0, 6.0)  # 3 down, 4 to the right
    assert length_between(image_of(tmp_path), start, end) == Length(5, "px")
    assert length_between(image_of(tmp_path, PixelAspectRatio=[2, 1]), start, end) == Length(5, "px")
    assert length_between(image_of(tmp_path, **DETECTOR), start, end) == Length(1, "mm", "detector")
    slices = image_of(tmp_path, Modality="CT", PixelSpacing=[4, 3])
    assert length_between(slices, start, end) == Length(math.hypot(12, 12), "mm", "patient")
    assert area_of(slices, (start,), 10) == (120, "mm²")
    assert area_of(image_of(tmp_path), (start,), 10) == (10, "px")


def region(box: tuple[int, int, int, int], units: tuple[int, int] = (3, 3), **elements: Any) -> Dataset:
    top, left, bottom, right = box
    known = {
        "RegionSpatialFormat": 1, "RegionDataType": 1, "RegionFlags": 0,
        "RegionLocationMinX0": left, "RegionLocationMinY0": top,
        "RegionLocationMaxX1": right, "RegionLocationMaxY1": bottom,
        "PhysicalUnitsXDirection": units[0], "PhysicalUnitsYDirection": units[1],
        "PhysicalDeltaX": 0.05, "PhysicalDeltaY": 0.04,
    }  # fmt: skip
    return item(**{**known, **elements})


def test_ultrasound_is_measured_inside_one_region(tmp_path: Path) -> None:
    doppler = region(
        (12, 0, 23, 31), (4, 7), RegionSpatialFormat=3, RegionDataType=3, PhysicalDeltaX=0.01,
        PhysicalDeltaY=-2.0, ReferencePixelX0=0, ReferencePixelY0=6,
    )  # fmt: skip
    image = image_of(
        tmp_path,
        Modality="US",
        SequenceOfUltrasoundRegions=sequence(region((0, 0, 9, 14)), region((0, 17, 9, 31)), doppler),
    )
    first, second, third = image.regions
    assert (first.top, first.left, first.bottom, first.right) == (0, 0, 10, 15)
    assert first.is_spatial
    assert second.left == 17
    assert (third.row_unit, third.column_unit, third.row_delta) == ("cm/s", "s", -2.0)
    assert third.reference == (18, 0)
    assert not third.is_spatial
    assert image.spacing == Spacing(0.4, 0.5, "region")
    assert spacing_at(image, (5, 5)) == Spacing(0.4, 0.5, "region")
    assert spacing_at(image, (11, 5)) is None  # between regions
    assert spacing_at(image, (20, 5)) is None  # time and velocity
    assert length_between(image, (1, 1), (4, 5)) == Length(math.hypot(1.2, 2.0), "mm", "region")
    assert length_between(image, (1, 1), (1, 20)) == Length(19, "px")  # from one region into another


def test_regions_that_differ_leave_the_image_without_a_spacing_of_its_own(tmp_path: Path) -> None:
    one, other = region((0, 0, 9, 14)), region((0, 17, 9, 31), PhysicalDeltaX=0.1)
    image = image_of(tmp_path, Modality="US", SequenceOfUltrasoundRegions=sequence(one, other))
    assert image.spacing is None
    assert length_between(image, (0, 18), (0, 28)) == Length(10, "mm", "region")


@pytest.mark.parametrize(
    "broken", [{"PhysicalDeltaX": 0.0}, {"RegionLocationMaxX1": 500}, {"RegionLocationMinX0": 20}]
)
def test_a_region_that_makes_no_sense_is_told_and_not_measured_in(
    tmp_path: Path, broken: dict[str, object]
) -> None:
    image = image_of(tmp_path, SequenceOfUltrasoundRegions=sequence(region((0, 0, 9, 14), **broken)))
    assert image.regions == ()
    assert image.warnings == ("A region of ultrasound calibration makes no sense; it is not measured in.",)


def test_angles_are_true_to_the_proportions_of_pixels(tmp_path: Path) -> None:
    across, down, diagonal = ((5, 5), (5, 9)), ((5, 5), (9, 5)), ((5, 5), (9, 9))
    square = image_of(tmp_path)
    assert angle_between(square, across, down) == pytest.approx(90)
    assert angle_between(square, across, diagonal) == pytest.approx(45)
    assert angle_between(square, across, ((5, 5), (5, 1))) == pytest.approx(180)
    tall = image_of(tmp_path, PixelAspectRatio=[2, 1])
    assert angle_between(tall, across, diagonal) == pytest.approx(math.degrees(math.atan(2)))


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"RecommendedDisplayFrameRate": 25, "CineRate": 10}, 25),
        ({"CineRate": 10}, 10),
        ({"FrameTime": 40}, 25),
        ({"FrameTimeVector": [0, 50, 50, 50]}, 20),
        ({"FrameTime": 0}, None),
        ({}, None),
    ],
)
def test_the_rate_of_a_cine(tmp_path: Path, elements: dict[str, object], expected: float | None) -> None:
    header = read_header(write_dicom(tmp_path / "a.dcm", ramp(), **elements))
    assert header.frames_per_second == expected
