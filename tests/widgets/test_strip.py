"""The strip shows every frame of a study, asks only for what is in sight, and tells what was chosen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studies.image import Series, Study
from tests.widgets.films import header
from widgets.strip import ThumbnailStrip, frames_of


def study(slices: int = 3) -> Study:
    film = header(sop_instance_uid="film", series_description="Chest PA")
    cine = header(sop_instance_uid="cine", modality="US", frames=2)
    stack = tuple(header(sop_instance_uid=f"ct{n}", modality="CT", body_part="CHEST") for n in range(slices))
    return Study("1", (Series("a", (film,)), Series("b", (cine,)), Series("c", stack)))


@pytest.fixture
def strip(qtbot: QtBot) -> ThumbnailStrip:
    made = ThumbnailStrip()
    qtbot.addWidget(made)
    made.resize(420, made.height())
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_frames_stand_series_after_series() -> None:
    frames = frames_of(study())
    assert [f.key for f in frames] == [
        ("film", 1),
        ("cine", 1),
        ("cine", 2),
        ("ct0", 1),
        ("ct1", 1),
        ("ct2", 1),
    ]
    assert [f.series for f in frames if f.is_first] == ["DX Chest PA", "US", "CT chest"]
    assert [(f.number, f.of) for f in frames] == [(1, 1), (1, 2), (2, 2), (1, 3), (2, 3), (3, 3)]


def test_only_thumbnails_in_sight_are_asked_for_and_each_once(strip: ThumbnailStrip, qtbot: QtBot) -> None:
    asked: list[tuple[str, int]] = []
    strip.thumbnail_wanted.connect(lambda uid, frame: asked.append((uid, frame)))
    strip.set_study(study(500))
    qtbot.waitUntil(lambda: len(asked) > 2)
    strip.grab()
    strip.grab()
    qtbot.waitUntil(lambda: ("film", 1) in asked)
    assert len(asked) == len(set(asked)) < 12


def test_a_click_is_told_and_a_mark_from_outside_is_not(strip: ThumbnailStrip, qtbot: QtBot) -> None:
    strip.set_study(study())
    with qtbot.assertNotEmitted(strip.frame_chosen):
        strip.set_current("cine", 1)
    with qtbot.waitSignal(strip.frame_chosen) as told:
        place = strip.visualRect(strip.model().index(2, 0))
        qtbot.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    assert told.args == ["cine", 2]


def test_keys_choose_the_next_frame(strip: ThumbnailStrip, qtbot: QtBot) -> None:
    strip.set_study(study())
    strip.set_current("film", 1)
    with qtbot.waitSignal(strip.frame_chosen) as told:
        qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert told.args == ["cine", 1]


def test_the_current_frame_is_brought_into_sight(strip: ThumbnailStrip) -> None:
    strip.set_study(study(200))
    strip.set_current("ct150", 1)
    row = strip.currentIndex()
    assert strip.viewport().rect().intersects(strip.visualRect(row))


def test_a_thumbnail_is_drawn_when_it_arrives(strip: ThumbnailStrip) -> None:
    strip.set_study(study())
    before = strip.grab().toImage()
    strip.set_thumbnail("film", 1, np.full((60, 80), 200, np.uint8))
    strip.set_thumbnail("gone", 1, np.full((60, 80), 200, np.uint8))
    strip.set_thumbnail("cine", 1, np.full((60, 80, 3), 120, np.uint8))
    after = strip.grab().toImage()
    place = strip.visualRect(strip.model().index(0, 0)).center()
    assert before.pixelColor(place).red() < 50
    assert after.pixelColor(place).red() == 200


def test_decided_frames_are_marked_and_said(strip: ThumbnailStrip) -> None:
    strip.set_study(study())
    before = strip.grab().toImage()
    strip.set_decided([("film", 1)])
    role = Qt.ItemDataRole.AccessibleTextRole
    assert strip.model().index(0, 0).data(role) == "DX Chest PA, 1 of 1, decided"
    assert strip.grab().toImage() != before
    strip.set_decided([])
    assert strip.model().index(0, 0).data(role) == "DX Chest PA, 1 of 1"


def test_no_study_is_no_frames(strip: ThumbnailStrip) -> None:
    strip.set_study(study())
    strip.set_study(None)
    assert strip.count == 0
