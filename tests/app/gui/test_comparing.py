"""Films side by side: priors, other series, evidence; what belongs together moves together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.gui.comparing import Choice
from studies.image import Window
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import SAMPLES, film
from tests.studies.files import dataset_of, save

pytestmark = pytest.mark.timeout(300)

SPACE, OTHER_SPACE = "1.2.3.4.1", "1.2.3.4.2"


def write_series(
    folder: Path,
    study: str,
    series: str,
    *,
    date: str,
    count: int,
    step_mm: float,
    space: str,
    patient: str = "P1",
) -> None:
    """A small axial CT series from z = 0 upwards."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = (film("no-finding", number).astype(np.int16) * 8).astype(np.uint16)
        instance = f"{series}.{number + 1}"
        dataset = dataset_of(
            pixels,
            Modality="CT",
            PatientID=patient,
            PatientName="Doe^Jane",
            StudyInstanceUID=study,
            SeriesInstanceUID=series,
            SOPInstanceUID=instance,
            StudyDate=date,
            SeriesNumber=int(series[-1]),
            InstanceNumber=number + 1,
            SeriesDescription=f"series {series[-1]}",
            FrameOfReferenceUID=space,
            ImagePositionPatient=[0.0, 0.0, number * step_mm],
            ImageOrientationPatient=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            PixelSpacing=[2.0, 2.0],
            RescaleSlope="1",
            RescaleIntercept="-1024",
        )
        dataset.file_meta.MediaStorageSOPInstanceUID = instance
        save(folder / f"{instance}.dcm", dataset, pixels.tobytes(), uid.ExplicitVRLittleEndian)


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    """A study of two series in one frame of reference, its patient's prior, and a stranger's study."""
    folder = tmp_path / "hospital"
    write_series(folder, "1.2.50", "1.2.50.1", date="20260104", count=4, step_mm=6.0, space=SPACE)
    write_series(folder, "1.2.50", "1.2.50.2", date="20260104", count=8, step_mm=3.0, space=SPACE)
    write_series(folder, "1.2.40", "1.2.40.1", date="20240301", count=3, step_mm=6.0, space=OTHER_SPACE)
    write_series(
        folder, "1.2.60", "1.2.60.1", date="20260105", count=1, step_mm=6.0, space="1.2.3.4.9", patient="P2"
    )
    return folder


def open_study(desk: Desk, folder: Path) -> None:
    """The study of two series is on the screen, its first series in the main view."""
    desk.station.open_paths([folder])
    desk.until(lambda: len(desk.rows) == 3 and not desk.station.library.is_importing)
    desk.station.reading.open_study("1.2.50")
    desk.until(lambda: desk.window.reading.viewer.image is not None and desk.key == ("1.2.50.1.1", 1))


def choice(desk: Desk, kind: str) -> Choice:
    return next(c for c in desk.station.compare.comparing.choices() if c.kind == kind)


def beside(desk: Desk) -> tuple[str, int] | None:
    image = desk.window.reading.grid.viewers[1].image
    return None if image is None else (image.header.sop_instance_uid, image.frame)


def test_two_views_bring_the_prior_and_say_that_it_is_one(open_desk: OpenDesk, hospital: Path) -> None:
    desk = open_desk()
    open_study(desk, hospital)
    grid = desk.window.reading.grid
    assert [c.kind for c in desk.station.compare.comparing.choices()] == ["evidence", "series", "prior"]
    grid.set_layout("1x2")
    desk.until(lambda: beside(desk) is not None)
    assert (beside(desk) or ("", 0))[0].startswith("1.2.40.1")
    assert desk.station.compare.comparing.content_of(grid.viewers[1]) == choice(desk, "prior")
    assert grid.viewers[1].remarks == ("Earlier study  2024-03-01",)
    grid.set_layout("1x1")
    assert beside(desk) is None
    assert not grid.viewers[1].isVisible()


def test_series_of_one_frame_of_reference_scroll_zoom_and_window_together(
    open_desk: OpenDesk, hospital: Path
) -> None:
    desk = open_desk()
    open_study(desk, hospital)
    page = desk.window.reading
    main, other = page.grid.viewers[0], page.grid.viewers[1]
    page.grid.set_layout("1x2")
    desk.station.compare.comparing.show(other, choice(desk, "series"))
    desk.until(lambda: beside(desk) == ("1.2.50.2.1", 1))
    desk.station.reading.step(2)  # to 12 mm
    desk.until(lambda: beside(desk) == ("1.2.50.2.5", 1))
    # The wheel over the other view takes the main one with it.
    other.scroll_requested.emit(2)  # to 18 mm
    desk.until(lambda: desk.key == ("1.2.50.1.4", 1) and beside(desk) == ("1.2.50.2.7", 1))
    desk.until(lambda: main.image is not None and main.image.header.sop_instance_uid == "1.2.50.1.4")
    main.zoom_to(3.0)
    assert other.zoom == pytest.approx(3.0)
    main.apply_window(Window(-200, 600))
    assert other.state.voi == Window(-200, 600)
    other.rotate(90)
    assert main.view.rotation == 90
    desk.station.compare.following.set_linking("off")
    main.zoom_to(5.0)
    assert other.zoom == pytest.approx(3.0)


def test_a_prior_keeps_still_until_the_reader_links_it_by_hand(open_desk: OpenDesk, hospital: Path) -> None:
    desk = open_desk()
    open_study(desk, hospital)
    grid = desk.window.reading.grid
    assert desk.station.compare.comparing.compare_with_prior()
    desk.until(lambda: beside(desk) is not None)
    first = beside(desk)
    desk.station.reading.step(1)
    desk.until(lambda: grid.main.image is not None and desk.key == ("1.2.50.1.2", 1))
    grid.main.zoom_to(4.0)
    assert beside(desk) == first
    assert grid.viewers[1].view.zoom is None
    desk.station.compare.following.set_linking("all")
    assert grid.viewers[1].view.zoom is not None
    desk.station.reading.step(1)
    desk.until(lambda: beside(desk) not in (None, first))


def test_the_evidence_stands_beside_the_bare_film(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001", SAMPLES / "PHANTOM-002"])
    desk.settle(3)
    page = desk.window.reading
    page.evidence.toggle()
    desk.until(lambda: page.viewer.is_heatmap_drawn)
    desk.station.compare.comparing.toggle_evidence_beside()
    other = page.grid.viewers[1]
    desk.until(lambda: other.is_heatmap_drawn)
    assert not page.viewer.is_heatmap_drawn
    assert other.image is page.viewer.image
    page.viewer.invert()
    page.viewer.zoom_to(2.0)
    assert other.state == page.viewer.state
    assert other.view == page.viewer.view
    desk.station.compare.comparing.toggle_evidence_beside()
    assert page.viewer.is_heatmap_drawn


def test_another_patients_film_never_stays_beside(open_desk: OpenDesk, hospital: Path) -> None:
    desk = open_desk()
    open_study(desk, hospital)
    desk.station.compare.comparing.compare_with_prior()
    desk.until(lambda: beside(desk) is not None)
    desk.station.reading.open_study("1.2.60")
    desk.until(lambda: desk.key == ("1.2.60.1.1", 1))
    assert beside(desk) is None
    assert desk.window.reading.grid.viewers[1].isVisible()


def test_a_double_click_gives_one_view_all_the_room_and_another_gives_it_back(
    open_desk: OpenDesk, hospital: Path
) -> None:
    desk = open_desk()
    open_study(desk, hospital)
    grid = desk.window.reading.grid
    grid.set_layout("2x2")
    desk.until(lambda: beside(desk) is not None)
    QTest.mouseDClick(grid.viewers[1], Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
    assert [v.isVisible() for v in grid.viewers] == [False, True, False, False]
    assert grid.active is grid.viewers[1]
    QTest.mouseDClick(grid.viewers[1], Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
    assert all(v.isVisible() for v in grid.viewers)
    grid.step_active(1)
    assert grid.active is grid.viewers[2]
