"""The theme is readable in the dark, and everything of it comes from the tokens."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFont, QFontInfo, QIcon
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from widgets import theme

GROUNDS = ("film", "ground", "panel", "raised", "hover")
TOKENS = theme.TOKENS


@pytest.mark.parametrize("ground", [*GROUNDS, "selection"])
@pytest.mark.parametrize("text", ["text", "text_quiet", "saved", "look_again", "failed", "accent"])
def test_text_has_enough_contrast_on_every_ground(text: str, ground: str) -> None:
    assert theme.contrast(getattr(TOKENS, text), getattr(TOKENS, ground)) >= 4.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_outlines_of_controls_have_enough_contrast(ground: str) -> None:
    assert theme.contrast(TOKENS.control, getattr(TOKENS, ground)) >= 3.0


def test_text_on_the_accent_is_readable() -> None:
    assert theme.contrast(TOKENS.on_accent, TOKENS.accent) >= 4.5


def test_nothing_is_pure_black_or_white() -> None:
    assert not {"#000000", "#ffffff"} & {colour.lower() for colour in asdict(TOKENS).values()}


def test_black_on_white_has_the_contrast_that_wcag_says() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_style_sheet_has_every_colour_and_leaves_no_place_open() -> None:
    sheet = theme.style_sheet(TOKENS)
    assert "$" not in sheet
    for name, colour in asdict(TOKENS).items():
        assert name == "film" or colour in sheet, name


def test_every_drawing_of_the_style_sheet_is_there_and_takes_its_colours_from_the_tokens() -> None:
    drawings = re.findall(r'url\("([^"]+)"\)', theme.style_sheet(TOKENS))
    assert drawings
    for drawing in drawings:
        colours = set(re.findall("#[0-9a-f]{6}", Path(drawing).read_text(encoding="utf-8")))
        assert colours
        assert colours <= set(asdict(TOKENS).values()), drawing


def test_the_application_gets_text_of_13_px_at_least_and_tabular_figures(qapp: QApplication) -> None:
    theme.apply(qapp)
    assert QFontInfo(qapp.font()).pixelSize() >= 13
    assert qapp.font().isFeatureSet(QFont.Tag("tnum"))
    theme.apply(qapp)
    assert QFontInfo(qapp.font()).pixelSize() == theme.text_px()


def test_labels_take_the_style_of_their_role(qapp: QApplication, qtbot: QtBot) -> None:
    theme.apply(qapp)
    label = QLabel("x")
    qtbot.addWidget(label)
    label.setProperty("role", "failed")
    label.ensurePolished()
    assert label.palette().windowText().color().name() == TOKENS.failed


def test_icons_are_drawn(qapp: QApplication) -> None:
    assert not theme.icon("magnify").pixmap(16, 16).isNull()


@pytest.mark.parametrize("mode", [QIcon.Mode.Normal, QIcon.Mode.Active, QIcon.Mode.Selected])
def test_an_icon_on_the_accent_is_seen_while_its_button_has_the_focus(
    qapp: QApplication, mode: QIcon.Mode
) -> None:
    drawn = theme.icon("square", TOKENS.on_accent).pixmap(QSize(32, 32), mode).toImage()
    assert drawn.pixelColor(drawn.rect().center()).name() == TOKENS.on_accent
