"""The words beside an annotation name units, and what they are true of."""

from __future__ import annotations

import numpy as np
import pytest

from reviews.record import Annotation, AnnotationKind
from studies.image import Image, Spacing, SpacingKind
from tests.widgets.films import film
from widgets.annotation_words import words_of

FLAT = film(np.full((60, 80), 1064, np.uint16), slope=1.0, intercept=-1024.0, units="HU")


def mark(kind: AnnotationKind, *points: tuple[float, float], text: str = "") -> Annotation:
    return Annotation("1.2.3", 1, kind, points, "Ada", text)


def spaced(kind: SpacingKind) -> Image:
    return film(np.zeros((60, 80), np.uint16), spacing=Spacing(0.5, 0.5, kind))


@pytest.mark.parametrize(
    ("kind", "length", "area"),
    [
        ("patient", "5.0 mm", "25 mm²"),
        ("detector", "5.0 mm at detector", "25 mm² at detector"),
        ("corrected", "5.0 mm by stated magnification", "25 mm² by stated magnification"),
        ("unknown", "10.0 px", "100 px²"),
    ],
)
def test_millimetres_say_of_what_they_are(kind: SpacingKind, length: str, area: str) -> None:
    image = spaced(kind)
    assert words_of(mark("length", (10, 10), (10, 20)), image) == (length,)
    assert words_of(mark("rectangle", (10, 10), (20, 20)), image)[2] == area


def test_a_region_says_what_lies_in_it_in_modality_units() -> None:
    assert words_of(mark("rectangle", (0, 0), (40, 50)), FLAT) == (
        "Mean 40 HU   SD 0",
        "Min 40   Max 40",
        "2,000 px²",
        "2,000 pixels",
    )


def test_negative_values_and_fractions_are_written_as_a_person_would() -> None:
    pixels = np.full((60, 80), 24, np.int16)
    pixels[:30] = -1000
    words = words_of(mark("rectangle", (28, 0), (31, 80)), film(pixels))
    assert words[0] == "Mean −658.7   SD 482.7"
    assert words[1] == "Min −1000   Max 24"


def test_colour_gives_a_mean_for_each_channel() -> None:
    pixels = np.full((60, 80, 3), (10, 20, 35), np.uint8)
    assert words_of(mark("ellipse", (0, 0), (10, 10)), film(pixels))[0] == "Mean R G B 10  20  35"


def test_a_region_beside_the_film_has_no_pixels() -> None:
    assert words_of(mark("ellipse", (-20, 0), (-10, 10)), FLAT)[0] == "No pixels"


def test_angles_have_degrees_and_what_was_written_comes_first() -> None:
    assert words_of(mark("angle", (0, 10), (0, 0), (10, 0)), FLAT) == ("90.0°",)
    assert words_of(mark("cobb", (0, 0), (0, 9), (9, 9), (0, 0), text="Th5–L1"), FLAT) == (
        "Th5–L1",
        "Cobb 45.0°",
    )
    assert words_of(mark("arrow", (0, 0), (9, 9)), FLAT) == ()
    assert words_of(mark("text", (0, 0), text="here"), FLAT) == ("here",)
