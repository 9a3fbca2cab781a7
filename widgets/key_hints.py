"""Keys in tooltips and on buttons, which change when the reader puts an action on another key.

A control says once which action it stands for; `show_keys` writes the keys in force into all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QAbstractButton, QWidget

_ACTION, _TIP, _WORDS = "action", "actionTip", "actionWords"


def stands_for(widget: QWidget, action: str, tip: str, words: str = "") -> None:
    """Say which action a control stands for.

    Parameters
    ----------
    tip
        The tooltip without the key.
    words
        What the control says, with ``{0}`` where the key goes; without it only the tooltip tells the key.
    """
    widget.setProperty(_ACTION, action)
    widget.setProperty(_TIP, tip)
    widget.setProperty(_WORDS, words)
    widget.setToolTip(tip)
    _say(widget, words.replace("({0})", "").replace("{0}", "").strip())


def action_of(widget: QWidget) -> str:
    """The action a control stands for, or nothing."""
    return str(widget.property(_ACTION) or "")


def show_keys(root: QWidget, key_of: Callable[[str], str]) -> None:
    """Write the keys in force into every control below `root` that stands for an action.

    Parameters
    ----------
    key_of
        The key of an action as a reader knows it; empty where it has none.
    """
    for widget in root.findChildren(QWidget):
        action = action_of(widget)
        if not action:
            continue
        key, tip = key_of(action), str(widget.property(_TIP))
        widget.setToolTip(f"{tip}  ({key})" if key else tip)
        _say(widget, str(widget.property(_WORDS) or "").format(key).strip())


def _say(widget: QWidget, words: str) -> None:
    if words and isinstance(widget, QAbstractButton):
        widget.setText(words)
    elif words and hasattr(widget, "setPlaceholderText"):
        widget.setPlaceholderText(words)
