"""Which key does what: the defaults of the actions, and what the reader chose instead."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from widgets.keyboard import Stroke, stroke_from

log = logging.getLogger(__name__)


class Keymap:
    """Every action has one key of its own, no two the same; some have further ones by default.

    A further key (the left arrow beside the up arrow) gives way to an action that the reader puts on it.

    Parameters
    ----------
    defaults
        Keys of every action by its id, the main one first.
    chosen
        What the settings say: main keys by the action's id. What cannot be is logged, and the default holds.
    """

    def __init__(self, defaults: Mapping[str, tuple[str, ...]], chosen: Mapping[str, str]) -> None:
        self._defaults = {id_: tuple(stroke_from(key) for key in keys) for id_, keys in defaults.items()}
        self._main = {id_: strokes[0] for id_, strokes in self._defaults.items()}
        self._apply(chosen)

    def _apply(self, chosen: Mapping[str, str]) -> None:
        for id_, text in chosen.items():
            if id_ not in self._main:
                log.warning("settings.json: keys: there is no action %r", id_)
                continue
            try:
                stroke = stroke_from(text)
            except ValueError as error:
                log.warning("settings.json: keys: %s: %s; its default is used", id_, error)
                continue
            if self.refusal(stroke):
                log.warning("settings.json: keys: %s cannot be on %s; its default is used", id_, text)
                continue
            self._main[id_] = stroke
        while (doubled := self._doubled()) is not None:
            log.warning("settings.json: keys: %s is on a key that is taken; its default is used", doubled)
            self._main[doubled] = self._defaults[doubled][0]

    def _doubled(self) -> str | None:
        """An action with a chosen key that another one has too."""
        strokes = list(self._main.values())
        twice = (id_ for id_ in reversed(self._main) if strokes.count(self._main[id_]) > 1)
        return next((id_ for id_ in twice if self.is_changed(id_)), None)

    @staticmethod
    def refusal(stroke: Stroke) -> bool:
        """Whether no action may be on this key: Tab carries the focus on, and a bare Esc leaves."""
        return stroke.key == "Tab" and not stroke.ctrl

    def stroke(self, action: str) -> Stroke:
        """The main key of an action."""
        return self._main[action]

    def strokes(self, action: str) -> tuple[Stroke, ...]:
        """All keys of an action, the main one first."""
        taken = set(self._main.values())
        return (self._main[action], *(s for s in self._defaults[action][1:] if s not in taken))

    def action_of(self, stroke: Stroke) -> str | None:
        """What a key does."""
        main = next((id_ for id_, s in self._main.items() if s == stroke), None)
        if main is not None:
            return main
        return next((id_ for id_, s in self._defaults.items() if stroke in s[1:]), None)

    def holder(self, stroke: Stroke) -> str | None:
        """The action whose main key this is."""
        return next((id_ for id_, s in self._main.items() if s == stroke), None)

    def assign(self, action: str, stroke: Stroke) -> None:
        """Put an action on a key; whatever was there gets the key that becomes free."""
        holder = self.holder(stroke)
        if holder is not None:
            self._main[holder] = self._main[action]
        self._main[action] = stroke

    def reset(self, action: str) -> None:
        """Put an action back on its default; whatever is there now takes the key that becomes free."""
        self.assign(action, self._defaults[action][0])

    def reset_all(self) -> None:
        self._main = {id_: strokes[0] for id_, strokes in self._defaults.items()}

    def is_changed(self, action: str) -> bool:
        return self._main[action] != self._defaults[action][0]

    @property
    def chosen(self) -> dict[str, str]:
        """What differs from the defaults, for the settings."""
        return {id_: str(stroke) for id_, stroke in self._main.items() if self.is_changed(id_)}
