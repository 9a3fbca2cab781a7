"""The window in German: every text in it is translated, none is cut off; English comes back afterwards."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.exceptions import TimeoutError

from app import locations
from app.gui import language
from app.gui.actions import ACTIONS, group_of, title_of
from inference.coverage import reason_not_covered
from studies.display import CT_PRESETS_HU
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import CT, SAMPLES
from tests.inference.making import make_card, make_header
from tests.training.proof.test_gate import evaluation
from training.events import Evaluation
from training.proof.gate import compare
from widgets.words import in_words

GERMAN = locations.resources() / "translations" / "overread_de.ts"
MODELS = locations.resources() / "models"
GAP = re.compile(r"\{[^{}]*\}")

desk_test = pytest.mark.timeout(300)


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    """The application speaks German for one test. Ask for it before a desk, so that the desk goes first."""
    before = QLocale()
    translators = language.install(qapp, "de")
    assert len(translators) == 2
    yield
    for translator in translators:
        assert qapp.removeTranslator(translator)
        translator.deleteLater()
    QLocale.setDefault(before)


def english_texts() -> list[re.Pattern[str]]:
    """What the window says in English and otherwise in German, whatever stands in the gaps."""
    messages = list(ElementTree.parse(GERMAN).getroot().iter("message"))
    pairs = [(m.findtext("source") or "", m.findtext("translation") or "") for m in messages]
    german = {target for _, target in pairs}
    sources = {source for source, target in pairs if source != target and source not in german}
    sources = {source for source in sources if sum(map(str.isalpha, GAP.sub("", source))) > 2}
    return [re.compile(".+".join(map(re.escape, GAP.split(source)))) for source in sources]


def said(root: QWidget) -> set[str]:
    """Every line that a reader sees or a screen reader says of a widget and all within it."""
    texts: set[str] = set()
    for widget in (root, *root.findChildren(QWidget)):
        texts |= {widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()}
        if isinstance(widget, QLabel | QAbstractButton):
            texts.add(widget.text())
        if isinstance(widget, QLineEdit | QPlainTextEdit):
            texts.add(widget.placeholderText())
        if isinstance(widget, QComboBox):
            texts |= {widget.itemText(number) for number in range(widget.count())}
        if isinstance(widget, QMenu):
            texts |= {action.text().partition("\t")[0] for action in widget.actions()}
    return {re.sub(r"  \(.*\)$", "", line) for text in texts for line in re.split("\n|; ", text) if line}


def assert_german(root: QWidget) -> None:
    english = english_texts()
    assert len(english) > 400
    left = sorted(text for text in said(root) if any(one.fullmatch(text) for one in english))
    assert left == []


def cut_off(root: QWidget) -> list[str]:
    """Visible labels and buttons with less room than their text needs."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, QLabel | QAbstractButton) or not widget.text():
            continue
        if isinstance(widget, QLabel) and widget.wordWrap():
            is_cut = widget.heightForWidth(widget.width()) > widget.height() + 1
        else:
            is_cut = widget.sizeHint().width() > widget.width() + 1
        if is_cut:
            found.append(widget.text())
    return found


def assert_it_fits(desk: Desk, root: QWidget) -> None:
    """Nothing is cut off once what changed has found its place."""
    with contextlib.suppress(TimeoutError):
        desk.until(lambda: not cut_off(root), 5_000)
    assert cut_off(root) == []


def press(desk: Desk, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    desk.until(lambda: QApplication.focusWidget() is not None)
    QTest.keyClick(QApplication.focusWidget(), key, modifier)


# -- which language ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "desktop", "expected"),
    [
        ("", ["de-DE", "en-US"], "de"),
        ("", ["de-Latn-AT"], "de"),
        ("", ["fr-FR", "de-DE"], "de"),
        ("", ["fr-FR"], "en"),
        ("", ["en-GB", "de-DE"], "en"),
        ("", ["C"], "en"),
        ("", [], "en"),
        ("de", ["en-US"], "de"),
        ("en", ["de-DE"], "en"),
        ("xx", ["de-DE"], "de"),
    ],
)
def test_the_setting_comes_first_then_the_desktops_languages_then_english(
    setting: str, desktop: list[str], expected: str
) -> None:
    assert language.chosen(setting, desktop) == expected


def test_languages_are_called_as_their_speakers_call_them() -> None:
    assert [(code, language.name_of(code)) for code in language.spoken()] == [
        ("en", "English"),
        ("de", "Deutsch"),
    ]


def test_english_needs_no_translator(qapp: QApplication) -> None:
    before = QLocale()
    assert language.install(qapp, "en") == ()
    QLocale.setDefault(before)


def test_qt_itself_speaks_german_too(german: None, qapp: QApplication) -> None:
    assert qapp.translate("QPlatformTheme", "Cancel") == "Abbrechen"


def test_every_action_and_its_group_has_a_german_name(german: None) -> None:
    same = {str(a.name) for a in ACTIONS if title_of(a) == a.name}
    assert same == {"Zoom", "Ellipse", "Text", "Cine", "Training"}
    assert {group_of(a) for a in ACTIONS} >= {"Maus", "Messen", "Entscheiden", "Ansichten", "Untersuchungen"}


# -- words of the rooms below ---------------------------------------------------------------------------

ENGLISH = re.compile(
    r"\b(the|is|of|this|on|and|by|with|it|images?|patients?|candidate|model)\b", re.IGNORECASE
)


def test_the_findings_of_the_models_that_ship_are_translated(german: None) -> None:
    cards = [json.loads(path.read_text("utf-8")) for path in sorted(MODELS.glob("*/card.json"))]
    shown = {finding["display"] for card in cards for finding in card["findings"]}
    assert len(shown) == 4
    assert {name for name in shown if in_words(name) == name} == set()


def test_the_windows_that_come_with_the_program_are_translated(german: None) -> None:
    assert [in_words(name) for name, _, _ in CT_PRESETS_HU] == [
        "Gehirn",
        "Abdomen",
        "Mediastinum",
        "Knochen",
        "Lunge",
    ]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"modality": "CT"}, "Röntgenaufnahmen des Thorax (CR, DX, Bild); dies ist ein CT."),
        ({"modality": "SR"}, "Röntgenaufnahmen des Thorax (CR, DX, Bild); dies ist ein SR-Bild."),
        ({"body_part": "KNEE"}, "die Körperregion dieses Bildes ist KNEE."),
        ({"view_position": "LL"}, "frontale Projektionen (PA, AP); dies ist eine seitliche Projektion (LL)."),
        ({"is_phantom": True}, "Patienten; dies ist ein Phantom."),
    ],
)
def test_why_a_model_says_nothing_is_said_in_german(
    german: None, found: dict[str, object], sentence: str
) -> None:
    reason = reason_not_covered(make_card(name="starter"), make_header(**found))
    assert reason is not None
    said_of_two = in_words(f"{reason} {reason}")
    assert said_of_two.startswith("starter ist gedacht für ")
    assert said_of_two.endswith(sentence)
    assert not ENGLISH.search(said_of_two)


@pytest.mark.parametrize(
    ("candidate", "current"),
    [
        (evaluation(3.0), evaluation(1.0)),
        (evaluation(1.0), evaluation(3.0, blind=1)),
        (evaluation(1.5), evaluation(1.5)),
        (evaluation(1.5, count=60), evaluation(1.6, count=60, own=2)),
        (evaluation(1.5, count=8), evaluation(1.6, count=8, own=2)),
        (evaluation(2.0, blind=2, sharpness=3.0), evaluation(2.0, own=2)),
    ],
)
def test_every_reason_of_a_verdict_is_said_in_german(
    german: None, candidate: Evaluation, current: Evaluation
) -> None:
    for reason in compare(candidate, current, bootstrap=50).reasons:
        assert not ENGLISH.search(in_words(reason)), reason


def test_what_is_not_known_stays_as_it_is(german: None) -> None:
    for text in ("", "Doe, Jane", "SOFT TISSUE", "The pixel data is damaged: 12 of 40 bytes.", "{0} 100%"):
        assert in_words(text) == text


# -- the real window -----------------------------------------------------------------------------------


@desk_test
def test_the_window_is_german_and_nothing_is_cut_off(german: None, open_desk: OpenDesk) -> None:
    desk = open_desk()
    window = desk.window
    page = window.reading
    window.resize(1280, 800)
    desk.station.open_paths([SAMPLES / "PHANTOM-001", CT])
    desk.settle(3)
    page.evidence.set_expanded(True)
    desk.click(page.evidence, "Zeigen")
    desk.until(lambda: page.viewer.is_heatmap_drawn)

    assert "Arbeitsliste" in desk.texts(page.worklist)
    assert "3 Untersuchungen" in desk.texts(page.worklist)
    assert "Vorschlag" in desk.texts(page.findings)
    assert any(words in desk.texts(page.findings) for words in ("ohne Befund", "Verschattung"))
    assert "Hinweise im Bild" in desk.texts(page.side)
    assert "Nur für die Forschung, kein Medizinprodukt" in desk.texts(window.status)
    assert {"Phantom, kein Patient", "Serie 1"} <= said(page.viewer)
    notes = {row.status: row for row in desk.rows}
    assert notes["no suggestion"].modality == "CT"

    assert_german(window)
    assert_it_fits(desk, window)

    desk.click(page.findings, "Verschattung")
    desk.until(lambda: "A. Smith hat entschieden: Verschattung" in desk.texts(page.findings))
    for number in (1, 2):
        window.show_page(number)
        desk.until(lambda n=number: window.page == n)
        assert_it_fits(desk, window)
    window.show_page(0)
    assert_german(window)


@desk_test
def test_the_sheet_is_german_down_to_the_names_of_keys(german: None, open_desk: OpenDesk) -> None:
    desk = open_desk()
    sheet = desk.window.sheet
    desk.window.resize(1280, 800)
    desk.window.focus_film()
    press(desk, Qt.Key.Key_F1)
    keys = {b.accessibleName() for b in sheet.findChildren(QAbstractButton) if b.isVisible()}
    assert {"Rückgängig: Strg+Z", "Nach links drehen: Umschalt+R", "Beschriftung: Leertaste"} <= keys
    assert_german(sheet)
    assert_it_fits(desk, sheet)
    press(desk, Qt.Key.Key_F1)
    desk.until(lambda: not sheet.isVisible())


@desk_test
def test_the_language_is_chosen_in_the_preferences_for_the_next_start(open_desk: OpenDesk) -> None:
    desk = open_desk()
    sheet = desk.window.sheet
    desk.window.focus_film()
    press(desk, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: sheet.isVisible())
    chooser = next(c for c in sheet.preferences.findChildren(QComboBox) if c.accessibleName() == "Language")
    assert [chooser.itemText(n) for n in range(chooser.count())] == ["As the desktop", "English", "Deutsch"]
    assert chooser.currentText() == "As the desktop"
    assert "The window speaks it from the next start on." in desk.texts(sheet)
    chooser.setFocus()
    press(desk, Qt.Key.Key_End)
    assert chooser.currentText() == "Deutsch"
    path = desk.place.folder / "settings.json"
    desk.until(lambda: json.loads(path.read_text()).get("language") == "de")
    assert "Keys" in {b.text() for b in sheet.findChildren(QAbstractButton)}  # still English until then
