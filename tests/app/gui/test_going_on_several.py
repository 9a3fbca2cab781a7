"""Enter where the reader has answered some of several findings: it accepts the others alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from inference.card import FindingName
from tests.app.gui.conftest import OpenDesk
from tests.app.making import SAMPLES, card_of, write_bundled

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    """The small models, the one of phantoms with findings of which it always suggests the second."""
    folder = write_bundled(tmp_path / "bundled")
    findings = (FindingName("nodule", "nodule"), FindingName("opacity", "opacity"))
    points = {"nodule": 1.0, "opacity": 0.0}
    card = replace(card_of(folder, "phantom"), task="multilabel", findings=findings, operating_points=points)
    card.check()
    card.write(folder / "phantom" / "card.json")
    return folder


def test_what_the_reader_has_answered_wins_over_what_is_suggested(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.station.open_paths([SAMPLES / "PHANTOM-001"])
    desk.settle(2)
    desk.window.focus_film()
    key, store = desk.key, desk.place.store
    assert key is not None
    desk.press(Qt.Key.Key_1, Qt.KeyboardModifier.ShiftModifier)
    desk.until(lambda: desk.station.library.decision(key) is not None)
    assert dict(store.history()[-1].findings) == {"nodule": "present", "opacity": "unknown"}
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: len(store.history()) == 2)
    standing = store.standing(*key)
    assert standing is not None
    assert dict(standing.findings) == {"nodule": "present", "opacity": "present"}
