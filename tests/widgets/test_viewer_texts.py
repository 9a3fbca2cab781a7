"""The corners say who and what it is, and nothing that the file does not say."""

from __future__ import annotations

import numpy as np
import pytest

from studies.display import DisplayState
from studies.image import LookupTable, Spacing, Window
from tests.widgets.films import film, header, noise
from widgets.viewer_geometry import Film, Placement, View
from widgets.viewer_texts import (
    IDENTITY,
    TEXT_FIELDS,
    ScaleBar,
    TextField,
    display_texts,
    field_name,
    header_texts,
    laid_texts,
    number_text,
    person_name,
    scale_bar,
    screen_letters,
    spoken,
    warnings_of,
)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^Jane^M^Dr^", "Doe, Jane M Dr"),
        ("Doe", "Doe"),
        ("^Jane", "Jane"),
        ("", ""),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
        ("=山田^太郎", "山田, 太郎"),
    ],
)
def test_names_read_as_people_write_them(stored: str, read: str) -> None:
    assert person_name(stored) == read


def test_the_corners_say_who_and_what() -> None:
    texts = header_texts(
        header(
            patient_name="Doe^Jane",
            patient_id="P7",
            patient_birth_date="1971-02-03",
            patient_sex="F",
            accession_number="A1",
            study_date="2026-01-04",
            study_time="10:11:12",
            study_description="Chest",
            laterality="L",
            view_position="PA",
        )
    )
    assert texts.top_right == ("Doe, Jane", "P7", "born 1971-02-03  F", "2026-01-04 10:11:12", "Acc. A1")
    assert texts.top_left == ("DX Chest", "Left  PA")


def test_what_the_file_does_not_say_is_left_out() -> None:
    texts = header_texts(header(laterality="U"))
    assert texts.top_left == ("DX",)
    assert texts.top_right == ("a.dcm",)


def test_a_phantom_is_called_one() -> None:
    assert "Phantom, not a patient" in header_texts(header(is_phantom=True)).top_left


def test_window_zoom_and_place_are_shown() -> None:
    image = film(noise(), units="HU")
    state = DisplayState(Window(-600, 1500, explanation="Lung"), inverted=True)
    assert display_texts(image, state, 0.5, 2, 20) == (
        "W 1500  L −600 HU  Lung",
        "Inverted",
        "Zoom 50%",
        "3 / 20",
    )


def test_tables_and_full_range_are_named() -> None:
    image = film(noise())
    table = LookupTable(0, np.zeros(4, np.float32), 8, "HARD")
    assert display_texts(image, DisplayState(None), 1, 0, 1)[0] == "Full range"
    assert display_texts(image, DisplayState(table), 1, 0, 1)[0] == "HARD"


def test_a_colour_image_has_no_window() -> None:
    image = film(np.zeros((4, 4, 3), np.uint8))
    assert display_texts(image, DisplayState(None), 1, 0, 1) == ("Zoom 100%",)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1.25, "1.25"), (1234.4, "1234"), (-3.0, "−3"), (0.01234, "0.0123")]
)
def test_numbers_have_figures_that_help(value: float, text: str) -> None:
    assert number_text(value) == text


def bar_of(spacing: Spacing | None) -> ScaleBar | None:
    image = film(noise(1000, 1000), spacing=spacing)
    return scale_bar(image, Placement(Film.of(image), View(zoom=0.5), 800, 600))


def test_the_scale_bar_measures_what_it_says() -> None:
    bar = bar_of(Spacing(0.2, 0.2, "patient"))
    assert bar == ScaleBar(pytest.approx(50 / 0.2 * 0.5), "5 cm")  # type: ignore[arg-type]


def test_a_scale_at_the_detector_says_so() -> None:
    bar = bar_of(Spacing(0.2, 0.2, "detector"))
    assert bar is not None
    assert bar.text == "5 cm at detector"


@pytest.mark.parametrize("spacing", [None, Spacing(1.0, 1.0, "unknown")])
def test_without_a_known_spacing_there_is_no_scale(spacing: Spacing | None) -> None:
    assert bar_of(spacing) is None


def test_letters_go_with_the_film_when_it_is_flipped_and_turned() -> None:
    stored = ("R", "A", "L", "P")  # an axial slice
    assert screen_letters(stored, View()) == stored
    assert screen_letters(stored, View(flipped=True)) == ("L", "A", "R", "P")
    assert screen_letters(stored, View(rotation=90)) == ("P", "R", "A", "L")
    assert screen_letters(stored, View(rotation=180)) == ("L", "P", "R", "A")
    assert screen_letters(stored, View(rotation=90, flipped=True)) == ("P", "L", "A", "R")


def test_a_flip_is_told_even_where_no_direction_is_known() -> None:
    assert laid_texts(View(rotation=90, flipped=True)) == ("Flipped", "Turned 90°")
    assert laid_texts(View()) == ()


def test_who_the_patient_is_can_be_hidden_and_what_the_film_is_stays() -> None:
    known = header(
        patient_name="Doe^Jane",
        patient_id="7",
        patient_birth_date="1971-02-03",
        study_date="2026-01-04",
        accession_number="A1",
        study_description="Chest",
    )
    assert header_texts(known, IDENTITY).top_right == ()
    assert header_texts(known, IDENTITY).top_left == ("DX Chest",)
    assert not any("Doe" in line for line in spoken(known, IDENTITY))


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_every_text_has_a_name_for_its_menu(field: TextField) -> None:
    assert field_name(field)


def test_compression_with_loss_is_told_first() -> None:
    image = film(noise(), header_fields={"lossy_compression": "JPEG, 12:1"}, warnings=("Another.",))
    assert warnings_of(image) == ("Compressed with loss: JPEG, 12:1", "Another.")
