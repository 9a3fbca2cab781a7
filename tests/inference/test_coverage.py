"""Readers are told in a sentence why a model should not be believed on an image."""

import pytest

from inference.card import Covers
from inference.coverage import family, reason_not_covered
from tests.inference.making import make_card, make_header

STARTER = make_card(name="starter")


@pytest.mark.parametrize(
    "found",
    [
        {"modality": "DX", "body_part": "CHEST", "view_position": "PA"},
        {"modality": "CR", "body_part": "", "view_position": ""},
        {"modality": "CR", "body_part": "Thorax", "view_position": "ap"},
        {"modality": "CR", "body_part": "CHEST", "view_position": "PA CHEST"},
        {"modality": "DX", "body_part": "CHEST PA"},
        {"kind": "picture", "modality": ""},
    ],
)
def test_chest_films_are_covered_and_silence_about_part_and_view_is_accepted(
    found: dict[str, object],
) -> None:
    assert reason_not_covered(STARTER, make_header(**found)) is None


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            {"modality": "CT", "body_part": "CHEST"},
            "starter is meant for chest radiographs (CR, DX, picture); this is a CT.",
        ),
        (
            {"modality": "US"},
            "starter is meant for chest radiographs (CR, DX, picture); this is an ultrasound image.",
        ),
        (
            {"modality": ""},
            "starter is meant for chest radiographs (CR, DX, picture); "
            "this is an image of no stated modality.",
        ),
        (
            {"body_part": "KNEE"},
            "starter is meant for chest radiographs (CR, DX, picture); this image's body part is KNEE.",
        ),
        (
            {"view_position": "LL"},
            "starter is meant for frontal views (PA, AP); this is a lateral view (LL).",
        ),
        (
            {"view_position": "CHEST LAT"},
            "starter is meant for frontal views (PA, AP); this is a lateral view (CHEST LAT).",
        ),
        (
            {"view_position": "RL"},
            "starter is meant for frontal views (PA, AP); this is a lateral view (RL).",
        ),
        (
            {"view_position": "LATERAL"},
            "starter is meant for frontal views (PA, AP); this is a lateral view (LATERAL).",
        ),
        ({"is_phantom": True}, "starter is meant for patients; this is a phantom."),
    ],
)
def test_what_is_not_covered_is_told_in_a_sentence(found: dict[str, object], sentence: str) -> None:
    assert reason_not_covered(STARTER, make_header(**found)) == sentence


def test_phantom_models_cover_phantoms_alone() -> None:
    card = make_card(name="phantom", covers=Covers(phantoms=True))
    assert reason_not_covered(card, make_header(is_phantom=True)) is None
    assert reason_not_covered(card, make_header()) == "phantom is meant for phantoms; this is a patient."


def test_a_model_without_limits_covers_every_patient() -> None:
    card = make_card(covers=Covers())
    assert reason_not_covered(card, make_header(modality="MR", body_part="KNEE", view_position="LL")) is None


def test_models_for_the_same_images_are_one_family() -> None:
    other = Covers(modalities=("picture", "DX", "cr"), body_parts=("thorax",), views=("PA",))
    assert family(make_card(covers=other)) == family(STARTER)
    assert family(make_card(covers=Covers(phantoms=True))) != family(make_card(covers=Covers()))
