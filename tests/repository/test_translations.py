"""Every text of the window is translated, whole, and what Qt loads is made of what translators wrote."""

from __future__ import annotations

import ast
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


# -- what lupdate can find -----------------------------------------------------------------------------

SAYING = {
    "setText", "setToolTip", "setAccessibleName", "setAccessibleDescription", "setPlaceholderText",
    "setTitle", "setWindowTitle", "addItem", "addAction", "addMenu", "addTab", "show_message", "show_problem",
    "emit", "QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QAction", "QMenu",
}  # fmt: skip
"""Calls whose texts a person reads; of signals, those that carry a sentence."""

NAMES = {"Overread"}
SENTENCE = re.compile(r"[A-Z][a-z]+( .+)?|.* .*[a-z]{2}.*")


def sources() -> list[tuple[str, ast.AST]]:
    paths = [path for folder in translate.SOURCES for path in sorted((translate.ROOT / folder).rglob("*.py"))]
    return [(path.name, node) for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8")))]


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def literals(node: ast.AST) -> list[str]:
    """Texts that stand in an expression as they are, also in an f-string."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return [text for part in node.values for text in literals(part)]
    if isinstance(node, ast.BoolOp | ast.IfExp | ast.BinOp):
        return [text for part in ast.iter_child_nodes(node) for text in literals(part)]
    return []


def test_every_text_that_is_to_be_translated_was_found(tmp_path: Path) -> None:
    found = tmp_path / "overread_de.ts"
    translate.extract(found)
    known = {message.findtext("source") for message in ElementTree.parse(found).getroot().iter("message")}
    place = {"tr": 0, "translate": 1, "QT_TRANSLATE_NOOP": 1}
    said = [
        (name, node.args[place[called(node)]])
        for name, node in sources()
        if isinstance(node, ast.Call) and called(node) in place and len(node.args) > place[called(node)]
    ]
    texts = [(name, text.value) for name, text in said if isinstance(text, ast.Constant)]
    assert len(texts) > 500
    assert [one for one in texts if one[1] not in known] == []


def test_no_text_is_shown_that_nobody_can_translate() -> None:
    plain = [
        (name, text)
        for name, node in sources()
        if isinstance(node, ast.Call) and called(node) in SAYING
        for argument in node.args
        for text in literals(argument)
        if SENTENCE.fullmatch(text) and text not in NAMES
    ]
    assert plain == []
