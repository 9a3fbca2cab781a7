"""Digits choose windows at fixed places: the file's own first, an X-ray's table before its windows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.gui.actions import ACTIONS
from app.gui.presets import preset, preset_names
from studies.image import Image, LookupTable, Window
from tests.widgets.films import film, noise
from widgets.keyboard import Legends, stroke_from

READING = Path(__file__).resolve().parents[3] / "docs" / "reading.md"
SOFT, HARD, THIRD = Window(40, 400), Window(300, 2000), Window(1, 2)
TABLE = LookupTable(0, np.arange(4096, dtype=np.float32), 12, "TABLE")


def image_with(modality: str, *voi: Window | LookupTable) -> Image:
    image = film(noise())
    return replace(
        image,
        header=replace(image.header, modality=modality),
        voi=voi,
        units="HU" if modality == "CT" else "",
    )


def test_an_x_rays_table_comes_before_its_windows() -> None:
    image = image_with("DX", SOFT, TABLE, HARD)
    assert [preset(image, digit) for digit in (1, 2, 3, 4)] == [TABLE, SOFT, HARD, None]


@pytest.mark.parametrize("own", [(), (SOFT,), (SOFT, HARD), (SOFT, HARD, THIRD)])
def test_ct_windows_stay_in_their_places_whatever_the_file_brings(own: tuple[Window, ...]) -> None:
    image = image_with("CT", *own)
    shown = [preset(image, digit) for digit in range(1, 3)]
    assert shown == [*own[:2], None, None][:2]
    widths = [found.width for d in range(3, 8) if isinstance(found := preset(image, d), Window)]
    assert widths == [80, 400, 350, 1800, 1500]
    assert preset(image, 8) == (own[2] if len(own) > 2 else None)  # what the modality leaves free
    assert preset(image, 9) is None


def test_a_ct_offers_the_files_windows_and_those_every_radiologist_knows() -> None:
    names = [name for _, name in preset_names(image_with("CT", SOFT))]
    assert names == ["Automatic", "The file's window 1", "Brain", "Abdomen", "Mediastinum", "Bone", "Lung"]
    assert [name for _, name in preset_names(image_with("DX"))] == ["Automatic"]


@pytest.mark.parametrize("modality", ["CT", "DX", "MR"])
def test_every_window_in_the_menu_is_the_one_of_its_digit(modality: str) -> None:
    image = image_with(modality, SOFT, TABLE, HARD)
    names = preset_names(image)
    assert len({name for _, name in names}) == len(names)
    offered = {digit for digit, _ in names}
    assert offered == {digit for digit in range(10) if preset(image, digit) is not None}


def test_a_coloured_picture_has_no_window() -> None:
    image = film(np.zeros((4, 4, 3), np.uint8))
    assert preset_names(image) == ()
    assert preset(image, 0) is None


def test_the_keys_of_every_action_are_in_the_handbook() -> None:
    told = READING.read_text(encoding="utf-8").replace("−", "-").replace("PageUp", "Page up")
    told = told.replace("PageDown", "Page down").replace("Menu", "Menu key")
    missing = []
    for action in ACTIONS:
        key = Legends().text(stroke_from(action.keys[0]))
        if re.fullmatch(r"(Shift\+)?[0-9]", key):
            key = "Shift+1" if key.startswith("Shift") else "0"
        if not re.search(rf"(?<![\w+]){re.escape(key)}(?!\w)", told):
            missing.append(f"{action.id}: {key}")
    assert missing == []
