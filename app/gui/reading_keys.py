"""Keys at work: the keymap, the help sheet in which it is changed, and every tooltip that tells a key."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QMenu

from app.gui import language
from app.gui.actions import ACTIONS, Action, group_of, title_of
from app.gui.film_menus import FilmMenus
from app.gui.keymap import Keymap
from app.gui.reading_acts import ReadingActs
from app.gui.shortcuts import Shortcuts
from app.gui.window import Window
from app.workplace import Workplace
from widgets.help_sheet import KeyRow
from widgets.key_hints import show_keys
from widgets.keyboard import Legends, Stroke
from widgets.viewer_tools import Tool

OWN_TOOLS: frozenset[Tool] = frozenset({"window", "pan", "zoom", "scroll"})
"""What the viewer does by itself; everything else needs a pointer on the film."""


class ReadingKeys(QObject):
    """Binds keys to actions, and shows which are in force.

    Parameters
    ----------
    tools
        The tools that work beside the viewer's own.
    layout_menu
        Layout, comparing and linking.
    """

    def __init__(
        self,
        workplace: Workplace,
        window: Window,
        acts: ReadingActs,
        tools: frozenset[Tool],
        layout_menu: QMenu,
    ) -> None:
        super().__init__(window)
        self._workplace = workplace
        self._window = window
        self._acts = acts
        offered = [a for a in ACTIONS if a.needs is None or a.needs in OWN_TOOLS | tools]
        self._actions: dict[str, Action] = {action.id: action for action in offered}
        self.keymap = Keymap({a.id: a.keys for a in ACTIONS}, workplace.settings.keys)
        self._legends = Legends()
        self._shortcuts = Shortcuts(
            window,
            self.keymap,
            self._legends,
            self._actions,
            self._run,
            self._is_reading,
            self._is_listening,
            acts.take_stroke,
        )
        self._shortcuts.legends_changed.connect(self._show_keys_soon)
        self._shortcuts.text_left.connect(acts.leave_text)
        self._showing = QTimer(self, singleShot=True, interval=0)
        self._showing.timeout.connect(self._show_keys)
        window.key_of = self._key_of
        self._menus = FilmMenus(workplace, window, acts, self._actions, layout_menu)
        self._connect_sheet()
        self._follow_active()
        acts.page.grid.active_changed.connect(lambda _: self._follow_active())
        acts.findings_changed.connect(lambda: show_keys(acts.page.findings, self._key_of))
        acts.shown_changed.connect(self._show_preferences)
        acts.show_settings()
        self._show_keys()

    def _run(self, action: Action) -> None:
        action.act(self._acts)

    def _is_reading(self) -> bool:
        return self._window.page == 0 and not self._window.sheet.isVisible()

    def _is_listening(self) -> bool:
        return self._window.sheet.is_listening

    def _follow_active(self) -> None:
        """What gives up the focus in the findings gives it to the film, where keys have their meaning."""
        self._window.reading.findings.setFocusProxy(self._acts.active)

    # -- what the keys are called --------------------------------------------------------------------

    def _key_of(self, action: str) -> str:
        """The key of an action as the reader knows it; nothing where it is not offered."""
        return self._legends.text(self.keymap.stroke(action)) if action in self._actions else ""

    def _show_keys_soon(self) -> None:
        self._showing.start()

    def _show_keys(self) -> None:
        """Tell the keys in force in tooltips, on buttons and in the sheet."""
        show_keys(self._window, self._key_of)
        self._window.sheet.set_rows([self._row(action) for action in self._actions.values()])

    def _row(self, action: Action) -> KeyRow:
        main, *also = (self._legends.text(stroke) for stroke in self.keymap.strokes(action.id))
        changed = self.keymap.is_changed(action.id)
        return KeyRow(action.id, group_of(action), title_of(action), main, ", ".join(also), changed)

    # -- the sheet -----------------------------------------------------------------------------------

    def _connect_sheet(self) -> None:
        sheet, acts = self._window.sheet, self._acts
        acts.keys_wanted.connect(lambda: self._toggle_sheet(is_for_keys=True))
        acts.preferences_wanted.connect(lambda: self._toggle_sheet(is_for_keys=False))
        sheet.stroke_chosen.connect(self._on_stroke_chosen)
        sheet.swap_confirmed.connect(self._assign)
        sheet.reset_requested.connect(self._on_reset)
        sheet.reset_all_requested.connect(self._on_reset_all)
        preferences = sheet.preferences
        preferences.offer_languages([(code, language.name_of(code)) for code in language.spoken()])
        preferences.reader_changed.connect(lambda name: self._remember(reader=name))
        preferences.language_changed.connect(lambda code: self._remember(language=code))
        preferences.up_brighter_changed.connect(lambda is_up: self._remember(drag_up_brighter=is_up))
        preferences.text_field_toggled.connect(acts.toggle_text_field)

    def _toggle_sheet(self, is_for_keys: bool) -> None:
        sheet = self._window.sheet
        if sheet.isVisible():
            sheet.close_sheet()
            return
        self._acts.cine.stop()
        self._window.place_sheet()
        self._window.activateWindow()  # the films may have a window of their own
        (sheet.show_keys if is_for_keys else sheet.show_preferences)()

    def _remember(self, **changes: object) -> None:
        self._acts.remember(**changes)
        self._acts.show_settings()

    def _show_preferences(self) -> None:
        settings = self._workplace.settings
        self._window.sheet.preferences.show_settings(
            settings.reader,
            replace(settings, reader="").reader_name,
            settings.language,
            settings.drag_up_brighter,
            frozenset(settings.hidden_texts),
        )

    def _on_stroke_chosen(self, action: str, stroke: Stroke) -> None:
        key, name = self._legends.text(stroke), title_of(self._actions[action])
        holder = self.keymap.holder(stroke)
        if self.keymap.refusal(stroke):
            self._window.sheet.refuse(
                self.tr("{0} cannot be chosen: it carries the focus from one control to the next.").format(
                    key
                )
            )
        elif holder is None or holder == action or holder not in self._actions:
            self._assign(action, stroke)
        else:
            held = title_of(self._actions[holder])
            self._window.sheet.offer_swap(
                action,
                stroke,
                self.tr("{0} is the key of “{1}”; “{2}” can change places with it.").format(key, held, name),
            )

    def _assign(self, action: str, stroke: Stroke) -> None:
        self.keymap.assign(action, stroke)
        self._on_keymap_changed()

    def _on_reset(self, action: str) -> None:
        self.keymap.reset(action)
        self._on_keymap_changed()

    def _on_reset_all(self) -> None:
        self.keymap.reset_all()
        self._on_keymap_changed()

    def _on_keymap_changed(self) -> None:
        self._acts.remember(keys=self.keymap.chosen)
        self._show_keys()
