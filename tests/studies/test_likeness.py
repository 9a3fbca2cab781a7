"""The same film is known again in other clothes, and films of two patients are told apart."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow

from studies.likeness import BITS, MOST_DIFFERENT, SIZE, Likenesses, difference, likeness, likeness_of
from studies.phantom import chest
from studies.reader import read, read_header
from tests.studies.files import write_dicom

Film = NDArray[np.float32]
PATIENTS = 8


@cache
def film(patient: int, rows: int = 400) -> Film:
    """A chest film in [0, 1]."""
    return chest(7, patient, 1, patient % 3, rows)[0].grey.astype(np.float32)


def hash_of(one: Film) -> bytes:
    bits = likeness_of(one.astype(np.float32))
    assert bits is not None
    return bits


def resized(one: Film, side: int) -> Film:
    scale = side / max(one.shape)
    size = round(one.shape[1] * scale), round(one.shape[0] * scale)
    return np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))


def as_jpeg(one: Film, quality: int = 40) -> Film:
    pixels = (one * 255).round().astype(np.uint8)
    told = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(told, cv2.IMREAD_GRAYSCALE), np.float32) / 255


def lettered(one: Film, text: str, *at: tuple[int, int]) -> Film:
    pixels = (one * 255).round().astype(np.uint8)
    for place in at:
        cv2.putText(pixels, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 1)
    return pixels.astype(np.float32) / 255


def noisy(one: Film) -> Film:
    return np.clip(one + np.random.default_rng(0).normal(0, 0.02, one.shape), 0, 1).astype(np.float32)


COPIES: dict[str, Callable[[Film], Film]] = {
    "jpeg": as_jpeg,
    "half the size": lambda f: resized(f, 200),
    "four times the size": lambda f: resized(f, 1600),
    "a square": lambda f: np.asarray(cv2.resize(f, (224, 224), interpolation=cv2.INTER_AREA)),
    "brighter": lambda f: np.clip(f + 0.1, 0, 1),
    "darker": lambda f: np.clip(f - 0.1, 0, 1),
    "another window": lambda f: np.clip((f - 0.1) / 0.8, 0, 1),
    "a wider window": lambda f: 0.2 + 0.6 * f,
    "another curve": lambda f: f**1.4,
    "a pixel cut off": lambda f: f[1:, 1:],
    "a pixel cut off all around": lambda f: f[1:-1, 1:-1],
    "letters": lambda f: lettered(f, "L 12.03", (10, 40)),
    "noise": noisy,
    "mirrored": lambda f: f[:, ::-1],
    "a negative": lambda f: 1 - f,
    "a mirrored negative": lambda f: 1 - f[:, ::-1],
}


@pytest.mark.parametrize("name", COPIES)
def test_a_film_is_known_again(name: str) -> None:
    for patient in range(PATIENTS):
        assert difference(hash_of(film(patient)), hash_of(COPIES[name](film(patient)))) <= MOST_DIFFERENT, (
            patient
        )


def test_films_of_two_patients_are_told_apart() -> None:
    hashes = [hash_of(film(patient)) for patient in range(PATIENTS)]
    differences = [difference(a, b) for n, a in enumerate(hashes) for b in hashes[:n]]
    assert min(differences) > MOST_DIFFERENT


def test_a_picture_and_dicom_files_of_one_film_are_the_same(tmp_path: Path) -> None:
    deep = (film(0) * 4095).round().astype("u2")
    shallow = (film(0) * 255).round().astype(np.uint8)
    Pillow.fromarray(shallow).save(tmp_path / "film.png")
    window = {"BitsStored": 12, "WindowCenter": 2048, "WindowWidth": 4096}
    paths = (
        tmp_path / "film.png",
        write_dicom(tmp_path / "plain.dcm", deep, **window),
        write_dicom(tmp_path / "no window.dcm", deep, BitsStored=12),
        write_dicom(
            tmp_path / "white is little.dcm", 4095 - deep, PhotometricInterpretation="MONOCHROME1", **window
        ),
    )
    hashes = [likeness(read(read_header(path))) for path in paths]
    first = hashes[0]
    assert first is not None
    assert all(bits is not None and difference(first, bits) <= 8 for bits in hashes)


@pytest.mark.parametrize(
    "empty",
    [
        np.zeros((300, 200)),
        np.full((300, 200), 0.7),
        np.pad(np.ones((40, 40)), 200),
        np.full((5, 5), np.nan),
    ],
    ids=["black", "grey", "nearly nothing", "no numbers"],
)
def test_what_has_too_little_on_it_has_no_hash(empty: NDArray[np.float64]) -> None:
    assert likeness_of(empty.astype(np.float32)) is None


def test_a_page_of_text_has_none_either() -> None:
    """Reports on the dose look alike whoever's they are."""
    page = np.zeros((512, 512), np.float32)
    page = lettered(page, "Dose report 12.3 mGy", *((20, 40 + 30 * line) for line in range(8)))
    assert likeness_of(page) is None


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 90),
    columns=st.integers(1, 90),
    gain=st.floats(0.2, 1.0),
    offset=st.floats(0.0, 0.2),
)
def test_brightness_changes_no_bit_of_what_is_not_cut_off(
    seed: int, rows: int, columns: int, gain: float, offset: float
) -> None:
    """Of any image, however small: nothing fails, and the hash is of the image, not of its grey scale."""
    one = np.random.default_rng(seed).random((rows, columns), np.float32) * np.float32(0.8)
    bits, other = likeness_of(one), likeness_of((one * gain + offset).astype(np.float32))
    if bits is None or other is None:
        return
    assert len(bits) == SIZE
    assert difference(bits, other) <= 8


@given(st.binary(min_size=SIZE, max_size=SIZE), st.binary(min_size=SIZE, max_size=SIZE))
def test_a_difference_is_a_distance(one: bytes, other: bytes) -> None:
    assert difference(one, one) == 0
    assert difference(one, other) == difference(other, one)
    assert 0 <= difference(one, other) <= BITS


@settings(deadline=None)
@given(st.lists(st.binary(min_size=SIZE, max_size=SIZE), max_size=40), st.integers(0, 120))
def test_the_table_finds_just_what_comparing_one_by_one_does(hashes: list[bytes], at_most: int) -> None:
    table = Likenesses()
    half = len(hashes) // 2
    table.add(hashes[:half])
    table.add(hashes[half:])
    assert len(table) == len(hashes)
    for wanted in hashes[:3]:
        found = dict(table.like(wanted, at_most))
        assert found == {n: d for n, h in enumerate(hashes) if (d := difference(wanted, h)) <= at_most}
        assert list(found.values()) == sorted(found.values())
