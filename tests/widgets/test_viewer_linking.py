"""Linked views show the same place in the patient, or move in proportion where no place is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studies.image import Header, Image, Spacing, Window
from tests.widgets.films import film, header, noise
from widgets.viewer_geometry import Film, Placement, View
from widgets.viewer_linking import is_same_space, linked_index, linked_view, shared_window

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def slice_header(z: float, orientation: tuple[float, ...] = AXIAL, space: str = "1.9", **more: Any) -> Header:
    return header(
        image_position=(0.0, 0.0, z),
        image_orientation=orientation,
        frame_of_reference_uid=space,
        modality="CT",
        **more,
    )


def slice_image(shape: tuple[int, int], mm: float, corner: tuple[float, float] = (0.0, 0.0)) -> Image:
    fields = {"frame_of_reference_uid": "1.9", "image_orientation": AXIAL, "modality": "CT"}
    return film(
        noise(*shape),
        header_fields=fields,
        spacing=Spacing(mm, mm, "patient"),
        position=(corner[0], corner[1], 5.0),
        orientation=AXIAL,
        units="HU",
    )


def place_of(image: Image, view: View, size: tuple[int, int] = (400, 300)) -> Placement:
    return Placement(Film.of(image), view, *size)


def test_two_series_of_one_space_show_the_same_millimetres() -> None:
    wide, fine = slice_image((100, 100), 2.0), slice_image((200, 200), 0.5, corner=(40.0, 30.0))
    source = place_of(wide, View(zoom=4.0, centre=(30.0, 40.0)))
    target = place_of(fine, View(), (250, 200))
    view = linked_view(source, wide, target, fine)
    # the middle is at x = 39.5 * 2 = 79 mm, y = 59 mm: of the fine slice column (79 - 40) / 0.5 + 0.5
    assert view.centre == pytest.approx(((59 - 30) / 0.5 + 0.5, (79 - 40) / 0.5 + 0.5))
    assert view.zoom == pytest.approx(1.0)  # 2 mm over 4 px is half a millimetre a px


def test_turns_and_flips_are_shared_and_a_fit_stays_a_fit() -> None:
    one, other = slice_image((100, 100), 1.0), slice_image((50, 80), 1.0)
    view = linked_view(
        place_of(one, View(90, True)), one, place_of(other, View(zoom=3.0, centre=(1, 1))), other
    )
    assert view == View(90, True, None, None)


def test_films_without_a_place_move_in_proportion() -> None:
    one, other = film(noise(100, 200)), film(noise(400, 400))
    source = place_of(one, View(zoom=4.0, centre=(25.0, 100.0)))
    target = place_of(other, View())
    view = linked_view(source, one, target, other)
    assert view.centre == pytest.approx((100.0, 200.0))
    assert view.zoom == pytest.approx(4.0 / source.fitting_zoom * target.fitting_zoom)


def test_scrolling_goes_to_the_nearest_place() -> None:
    coarse = [(slice_header(z), 1) for z in (0.0, 5.0, 10.0, 15.0)]
    fine = [(slice_header(z), 1) for z in np.arange(0.0, 15.1, 1.0)]
    assert linked_index(coarse, 0, 2, fine, 0, by_place=True) == 10
    assert linked_index(fine, 0, 7, coarse, 0, by_place=True) == 1
    assert linked_index(coarse, 1, 2, fine, 4, by_place=False) == 5
    assert linked_index(coarse, 0, 3, coarse, 2, by_place=False) == 3


def test_series_that_run_against_each_other_still_meet() -> None:
    upside_down = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
    down = [(slice_header(z), 1) for z in (0.0, 5.0, 10.0)]
    up = [(slice_header(z, upside_down), 1) for z in (10.0, 5.0, 0.0)]
    assert linked_index(down, 0, 2, up, 2, by_place=True) == 0


def test_one_space_means_one_frame_of_reference_and_parallel_planes() -> None:
    assert is_same_space(slice_header(0), slice_header(9))
    assert not is_same_space(slice_header(0), slice_header(9, space="1.8"))
    assert not is_same_space(slice_header(0), slice_header(9, CORONAL))
    assert not is_same_space(header(), header())


def test_a_window_is_handed_on_only_where_it_means_the_same() -> None:
    ct = slice_image((10, 10), 1.0)
    other_ct = film(noise(), header_fields={"modality": "CT", "series_instance_uid": "1.2.9"}, units="HU")
    x_ray = film(noise(), header_fields={"series_instance_uid": "1.2.8"})
    assert shared_window(Window(40, 400), ct, other_ct)
    assert not shared_window(Window(40, 400), ct, x_ray)
    assert not shared_window(None, ct, other_ct)
