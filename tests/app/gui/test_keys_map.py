"""Keys are changed, swapped, put back and kept; what cannot be is said in the log and costs only itself."""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gui.actions import ACTIONS
from app.gui.keymap import Keymap
from app.settings import Settings, read_settings, write_settings
from widgets.keyboard import Stroke, stroke_from

DEFAULTS = {action.id: action.keys for action in ACTIONS}
IDS = list(DEFAULTS)


def keymap(**chosen: str) -> Keymap:
    return Keymap(DEFAULTS, chosen)


def test_no_two_actions_share_a_key_by_default() -> None:
    keys = Counter(str(stroke_from(key)) for action in ACTIONS for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize(
    ("key", "action"),
    [
        *((str(n), f"preset {n}") for n in range(10)),
        *((f"Shift+{n}", f"finding {n}") for n in range(1, 10)),
        *zip("WTZSRMDAI", ("window", "pan", "zoom", "scroll", "rotate right", "magnifier", "length", "angle",
                           "invert"), strict=True),
        ("Up", "previous image"), ("Left", "previous image"), ("Home", "first image"), ("End", "last image"),
        ("PageUp", "previous page"), ("PageDown", "next page"), ("Space", "texts"), ("Esc", "escape"),
        ("F11", "full screen"), ("Ctrl+Z", "undo"), ("Ctrl+Y", "redo"), ("Slash", "reviewed"),
        ("Enter", "accept"), ("F1", "help"), ("P", "identity"), ("C", "cine"),
    ],
)  # fmt: skip
def test_the_keys_that_readers_expect(key: str, action: str) -> None:
    assert keymap().action_of(stroke_from(key)) == action


def test_a_key_that_is_taken_changes_places() -> None:
    keys = keymap()
    keys.assign("pan", Stroke("Z"))
    assert keys.action_of(Stroke("Z")) == "pan"
    assert keys.action_of(Stroke("T")) == "zoom"
    assert keys.chosen == {"pan": "Z", "zoom": "T"}
    keys.reset("zoom")
    assert keys.chosen == {}


def test_a_further_key_gives_way_and_comes_back() -> None:
    keys = keymap()
    keys.assign("flip", Stroke("Left"))
    assert keys.action_of(Stroke("Left")) == "flip"
    assert keys.strokes("previous image") == (Stroke("Up"),)
    assert keys.action_of(Stroke("X")) is None
    keys.reset_all()
    assert keys.action_of(Stroke("Left")) == "previous image"


@given(
    st.lists(
        st.tuples(st.sampled_from(IDS), st.sampled_from([*list("ABCXYZ019"), "F2", "Left"])), max_size=12
    )
)
def test_whatever_is_assigned_every_action_has_a_key_of_its_own(changes: list[tuple[str, str]]) -> None:
    keys = keymap()
    for action, key in changes:
        keys.assign(action, Stroke(key))
        assert keys.action_of(Stroke(key)) == action
    assert len({keys.stroke(id_) for id_ in IDS}) == len(IDS)
    again = Keymap(DEFAULTS, keys.chosen)
    assert {id_: again.stroke(id_) for id_ in IDS} == {id_: keys.stroke(id_) for id_ in IDS}


@pytest.mark.parametrize(
    "chosen",
    [
        {"no such action": "F2"},
        {"pan": "Strg+Q"},
        {"pan": ""},
        {"pan": "Tab"},
        {"pan": "Z"},  # taken by zoom, which nobody moved
    ],
)
def test_what_cannot_be_keeps_its_default_and_the_log_says_so(
    chosen: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    keys = Keymap(DEFAULTS, {**chosen, "flip": "F2"})
    assert keys.chosen == {"flip": "F2"}
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "settings.json" in caplog.text


def test_keys_are_kept_in_the_settings(tmp_path: Path) -> None:
    settings = Settings(
        keys={"pan": "Q"}, hidden_texts=("zoom",), drag_up_brighter=False, identity_hidden=True
    )
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings


@pytest.mark.parametrize(
    "damaged",
    [
        {"keys": ["W"]},
        {"keys": {"pan": 7}},
        {"hidden_texts": "zoom"},
        {"hidden_texts": [1]},
        {"drag_up_brighter": "no"},
        {"identity_hidden": 1},
    ],
)
def test_a_setting_of_another_shape_keeps_its_default(
    damaged: dict[str, object], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({**damaged, "reader": "A. Smith"}))
    assert read_settings(tmp_path) == Settings(reader="A. Smith")
    assert len(caplog.records) == 1
