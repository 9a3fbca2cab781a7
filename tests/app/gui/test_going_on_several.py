"""Enter where the reader has answered some of several findings: it accepts the others alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from studies.reader import read_header
from tests.app.gui.conftest import OpenDesk
from tests.app.making import FINDINGS, card_of, film, write_bundled, write_png
from tests.reviews.parts import give_part

pytestmark = pytest.mark.timeout(300)

ANSWERED = next(name for name in FINDINGS if name != "no-finding")
OTHER = next(name for name in FINDINGS if name not in (ANSWERED, "no-finding"))


@pytest.fixture
def suggested(request: pytest.FixtureRequest) -> str:
    """The one of the findings that the model always suggests."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def bundled(tmp_path: Path, suggested: str) -> Path:
    """The small models, the one of people with several findings at once."""
    folder = write_bundled(tmp_path / "bundled")
    points = {name: 0.0 if name == suggested else 1.0 for name in FINDINGS}
    card = replace(card_of(folder, "starter"), task="multilabel", operating_points=points)
    card.check()
    card.write(folder / "starter" / "card.json")
    return folder


@pytest.mark.parametrize("suggested", [OTHER, "no-finding"], indirect=True)
def test_what_the_reader_has_answered_wins_over_what_is_suggested(
    open_desk: OpenDesk, data_dir: Path, tmp_path: Path, suggested: str
) -> None:
    picture = write_png(tmp_path / "film.png", film(FINDINGS[0], 1))
    give_part(data_dir / "overread.sqlite", [read_header(picture).split_key], "train")
    desk = open_desk()
    desk.station.open_paths([picture])
    desk.settle(1)
    desk.window.focus_film()
    key, store = desk.key, desk.place.store
    assert key is not None
    digit = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)[FINDINGS.index(ANSWERED)]
    desk.press(digit, Qt.KeyboardModifier.ShiftModifier)
    desk.until(lambda: desk.station.library.decision(key) is not None)
    assert dict(store.history()[-1].findings)[OTHER] == "unknown"
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: len(store.history()) == 2)
    standing = store.standing(*key)
    assert standing is not None
    other = "present" if suggested == OTHER else "absent"
    assert dict(standing.findings) == {ANSWERED: "present", OTHER: other, "no-finding": "absent"}
