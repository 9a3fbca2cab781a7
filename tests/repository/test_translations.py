"""Every text of the window is translated, whole, and what Qt loads is made of what translators wrote."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app import locations

sys.path.insert(0, str(locations.resources()))
import translate

FILES = sorted(translate.TRANSLATIONS.glob("overread_*.ts"))
PLACEHOLDER = re.compile(r"\{[^{}]*\}|%n")


def test_one_language_besides_english_is_spoken() -> None:
    assert [path.name for path in FILES] == ["overread_de.ts"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_text_of_the_window_is_left_in_english(path: Path) -> None:
    assert translate.check(path) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_translation_has_the_gaps_of_its_text(path: Path) -> None:
    for message in ElementTree.parse(path).getroot().iter("message"):
        source, target = message.findtext("source") or "", message.findtext("translation") or ""
        assert sorted(PLACEHOLDER.findall(source)) == sorted(PLACEHOLDER.findall(target)), source
        assert source.strip().endswith("…") == target.strip().endswith("…"), source


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_qt_loads_is_what_was_translated(path: Path, tmp_path: Path) -> None:
    made = tmp_path / path.with_suffix(".qm").name
    translate.compile_to(path, made)
    assert made.read_bytes() == path.with_suffix(".qm").read_bytes(), "run: python resources/translate.py"
