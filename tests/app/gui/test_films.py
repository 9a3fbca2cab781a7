"""Films for the screen: bounded, pinned while they are shown, decoded before they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from app.gui.film_cache import FilmCache, FrameKey, bytes_of, default_bound
from app.gui.films import Films, Frame, key_of
from studies.image import Header, Image, LookupTable
from studies.reader import read_header
from studies.reader_pool import ReaderPool
from tests.studies.files import ramp, write_dicom

HEADER = Header("/a.dcm", "dicom", "1.2.3", "1.2", "1.1", 1, 1)


def image_of(size: int) -> Image:
    return Image(HEADER, 1, np.zeros((1, size), np.uint8))


def test_every_array_of_an_image_counts() -> None:
    table = LookupTable(0, np.zeros(256, np.float32), 16)
    image = replace(image_of(100), valid=np.ones((1, 100), bool), modality_lut=table, voi=(table, table))
    assert bytes_of(image) == 100 + 100 + 3 * 1024


def test_the_bound_follows_the_machine() -> None:
    assert 0 < default_bound() <= 2 * 1024**3


SIZES = {(f"1.{n}", 1): size for n, size in enumerate((1, 5, 10, 20, 40, 80))}
KEYS = st.sampled_from(sorted(SIZES))
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS), st.tuples(st.just("get"), KEYS), st.tuples(st.just("pin"), st.sets(KEYS))
)


@given(st.integers(0, 120), st.lists(STEPS, max_size=60))
def test_the_cache_stays_within_its_bound_and_keeps_what_is_shown_and_what_was_used_last(
    bound: int, steps: list[tuple[str, FrameKey | set[FrameKey]]]
) -> None:
    cache = FilmCache(bound)
    pinned: set[FrameKey] = set()
    newest: FrameKey | None = None
    used: list[FrameKey] = []  # least recently used first; what a simple reading of the rule keeps

    def make_room(newest: FrameKey | None) -> None:
        for key in list(used):
            if sum(SIZES[k] for k in used) > bound and key != newest and key not in pinned:
                used.remove(key)

    for what, value in steps:
        if isinstance(value, set):
            pinned = value
            cache.pin(value)
            make_room(None)
            continue
        if what == "put":
            cache.put(value, image_of(SIZES[value]))
        is_there = what == "put" or value in used
        assert (cache.get(value) is not None) == is_there
        if is_there:
            used = [key for key in used if key != value] + [value]
        if what == "put":
            newest = value
            make_room(value)
        assert [key for key in SIZES if key in cache] == [key for key in SIZES if key in used]
        assert cache.used_bytes == sum(SIZES[key] for key in used)
        assert cache.used_bytes <= bound or set(used) <= pinned | {newest}


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    readers = ReaderPool(2)
    yield readers
    readers.close()


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frame, ...]:
    """A series of 40 slices of 32 x 32, 2048 bytes each."""
    folder = tmp_path_factory.mktemp("series")
    paths = [
        write_dicom(folder / f"{n}.dcm", ramp(32, 32) + n, InstanceNumber=n, SOPInstanceUID=f"1.2.{n}")
        for n in range(40)
    ]
    return tuple((read_header(path), 1) for path in paths)


SLICE_BYTES = 2048


def films_of(pool: ReaderPool, slices: int) -> Films:
    return Films(pool, FilmCache(slices * SLICE_BYTES))


def idle(bot: QtBot, films: Films) -> None:
    bot.waitUntil(lambda: films.is_idle, timeout=30_000)


def kept(films: Films, series: tuple[Frame, ...]) -> list[int]:
    return [n for n, frame in enumerate(series) if key_of(frame) in films.cache]


def test_a_series_that_fits_is_there_before_it_is_scrolled(
    qtbot: QtBot, pool: ReaderPool, series: tuple[Frame, ...]
) -> None:
    films = films_of(pool, 60)
    came: list[FrameKey] = []
    films.ready.connect(lambda key, _: came.append(key))
    assert films.show("a", series, 10) is None
    idle(qtbot, films)
    assert came[0] == key_of(series[10])
    assert kept(films, series) == list(range(40))
    image = films.show("a", series, 11)
    assert image is not None
    assert image.pixels[10, 10] == ramp(32, 32)[10, 10] + 11


def test_of_a_series_that_does_not_fit_the_neighbours_are_there_most_of_them_ahead(
    qtbot: QtBot, pool: ReaderPool, series: tuple[Frame, ...]
) -> None:
    films = films_of(pool, 12)
    films.show("a", series, 20)
    idle(qtbot, films)
    films.show("a", series, 19)  # backwards from here
    idle(qtbot, films)
    near = set(kept(films, series))
    assert {16, 17, 18, 19, 20} <= near
    assert films.cache.used_bytes <= films.cache.bound_bytes


def test_the_faster_it_scrolls_the_further_ahead_it_is_decoded(
    qtbot: QtBot, pool: ReaderPool, series: tuple[Frame, ...]
) -> None:
    films = films_of(pool, 30)
    for index in range(1, 6):
        films.show("a", series, index)  # as fast as it goes
    idle(qtbot, films)
    assert set(range(5, 5 + 20)) <= set(kept(films, series))


@pytest.mark.parametrize("slices", [0, 1, 2, 3, 5])
def test_a_cache_that_is_too_small_ends_in_peace_with_what_is_shown(
    qtbot: QtBot, pool: ReaderPool, series: tuple[Frame, ...], slices: int
) -> None:
    films = films_of(pool, slices)
    for index in (3, 4, 5, 6):
        films.show("a", series, index)
        films.show("b", series, 30 - index)
    idle(qtbot, films)
    assert {6, 24} <= set(kept(films, series))
    assert films.cache.used_bytes <= max(films.cache.bound_bytes, 3 * SLICE_BYTES)


def test_what_views_show_stays_until_they_are_released(
    qtbot: QtBot, pool: ReaderPool, series: tuple[Frame, ...]
) -> None:
    films = films_of(pool, 8)
    films.show("a", series, 0)
    films.show("b", series, 39)
    for index in range(10, 30):
        films.show("c", series, index)
        idle(qtbot, films)
        assert {0, 39, index} <= set(kept(films, series))
    films.release("a")
    assert films.on_screen == {key_of(series[39]), key_of(series[29])}
    films.show("c", series, 20)
    idle(qtbot, films)
    films.show("c", series, 10)
    idle(qtbot, films)
    assert 0 not in kept(films, series)
    assert 39 in kept(films, series)


def test_a_slice_that_is_refused_is_told_once_and_again_when_it_is_looked_at(
    qtbot: QtBot, pool: ReaderPool, tmp_path: Path
) -> None:
    paths = [
        write_dicom(tmp_path / f"{n}.dcm", ramp(), InstanceNumber=n, SOPInstanceUID=f"1.2.{n}")
        for n in range(3)
    ]
    frames = tuple((read_header(path), 1) for path in paths)
    paths[1].unlink()
    films = Films(pool, FilmCache(10**6))
    told: list[tuple[FrameKey, str]] = []
    films.failed.connect(lambda key, sentence: told.append((key, sentence)))
    films.show("a", frames, 0)
    idle(qtbot, films)
    films.show("a", frames, 2)
    idle(qtbot, films)
    assert told == [(key_of(frames[1]), f"{paths[1]}: does not exist, expected an image file.")]
    films.show("a", frames, 1)
    idle(qtbot, films)
    assert len(told) == 2


def test_closed_films_say_nothing_more(qtbot: QtBot, pool: ReaderPool, series: tuple[Frame, ...]) -> None:
    films, others = films_of(pool, 60), films_of(pool, 60)
    came: list[FrameKey] = []
    films.ready.connect(lambda key, _: came.append(key))
    films.show("a", series, 0)
    films.close()
    others.show("a", series, 0)
    idle(qtbot, others)
    assert came == []
