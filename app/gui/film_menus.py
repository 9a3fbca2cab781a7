"""The bar and the film's menu at work: what they offer now, from the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu

from app.gui.actions import Action, title_of
from app.gui.pointing import SHAPES
from app.gui.presets import preset_names
from app.gui.probing import kept_kind
from app.gui.reading_acts import ReadingActs
from app.gui.window import Window
from app.workplace import Workplace
from widgets.cover_shapes import COVER_KINDS
from widgets.film_menu import Entry, fill, menu_of
from widgets.viewer import Viewer
from widgets.viewer_texts import TEXT_FIELDS, TextField, field_name
from widgets.viewer_tools import Tool

_FIELD = "text field "
_SHAPE = "shape of the cover "
_REGION_SHAPE = "shape of a region "
_UNCOVER = "take the cover away"
_MEASURING: tuple[Tool, ...] = ("length", "angle", "cobb", "ellipse", "rectangle", "arrow", "text")
_REGION_TOOLS: tuple[Tool, ...] = ("evidence", "not-evidence")
_POINTING: tuple[Tool, ...] = ("window", "pan", "zoom", "scroll", "magnifier", "area window", "area zoom")


class FilmMenus(QObject):
    """Makes menus when they open and keeps the bar's buttons as things are.

    Parameters
    ----------
    actions
        What is offered: actions whose tool does not work are not among them.
    layout_menu
        Layout, comparing and linking.
    """

    def __init__(
        self,
        workplace: Workplace,
        window: Window,
        acts: ReadingActs,
        actions: Mapping[str, Action],
        layout_menu: QMenu,
    ) -> None:
        super().__init__(window)
        self._workplace = workplace
        self._window = window
        self._acts = acts
        self._actions = actions
        bar = window.film_bar
        bar.triggered.connect(self._run)
        menus: dict[str, Callable[[], tuple[Entry | None, ...]]] = {
            "window": self._window_entries,
            "zoom": self._zoom_entries,
            "measure": self._measuring_entries,
            "cover": self._cover_entries,
            "turn": self._turn_entries,
            "cine": self._cine_entries,
        }
        for name, entries in menus.items():
            bar.set_menu(name, menu_of(bar, entries, self._run))
        bar.set_menu("views", layout_menu)
        for viewer in acts.viewers:
            viewer.menu_requested.connect(lambda at, v=viewer: self._open_film_menu(v, at))
            viewer.tool_changed.connect(lambda _: self._show_state())
            viewer.image_changed.connect(self._show_state)
        window.reading.worklist.menu_requested.connect(self._open_row_menu)
        acts.menu_wanted.connect(lambda at: self._open_film_menu(acts.active, at))
        acts.shown_changed.connect(self._show_state)
        acts.cine.changed.connect(self._show_state)
        self._show_state()

    def _run(self, id_: str) -> None:
        if id_.startswith(_FIELD):
            self._acts.toggle_text_field(_field_of(id_))
        elif id_.startswith(_SHAPE):
            self._acts.choose_cover_shape(kept_kind(id_.removeprefix(_SHAPE)))
        elif id_.startswith(_REGION_SHAPE):
            self._acts.choose_region_shape(kept_kind(id_.removeprefix(_REGION_SHAPE)))
        elif id_ == _UNCOVER:
            self._acts.probing.tool.clear()
        elif (action := self._actions.get(id_)) is not None:
            action.act(self._acts)
            if id_ in ("pan", "zoom", "window", "cover"):
                self._acts.active.setFocus()
        self._show_state()

    # -- the bar -----------------------------------------------------------------------------------

    def _show_state(self) -> None:
        """Mark the tool in use, offer what works, tell how fast cine plays."""
        bar, acts = self._window.film_bar, self._acts
        tool = acts.active.left_tool
        for name in ("window", "pan", "zoom", "cover"):
            bar.set_on(name, tool == name)
        measuring = [t for t in _MEASURING if t in self._actions]
        bar.set_offered("measure", bool(measuring))
        if measuring:
            bar.set_words(
                "measure", title_of(self._actions[tool]) if tool in measuring else self.tr("Measure")
            )
            bar.set_on("measure", tool in measuring)
        is_playing = acts.cine.is_playing
        bar.set_offered("cine", is_playing or acts.active.position[1] > 1)
        bar.set_words("cine", self.tr("{0:g}/s").format(acts.cine.speed) if is_playing else self.tr("Cine"))
        bar.set_on("cine", is_playing)
        self._window.identity_button.setVisible(self._workplace.settings.identity_hidden)

    # -- menus -----------------------------------------------------------------------------------------

    def _entry(self, id_: str, is_on: bool | None = None, text: str = "") -> tuple[Entry, ...]:
        """The line of an action, or none where it is not offered."""
        action = self._actions.get(id_)
        if action is None:
            return ()
        return (Entry(id_, text or title_of(action), self._window.key_of(id_), is_on),)

    def _tools(self, tools: Sequence[Tool]) -> tuple[Entry, ...]:
        chosen = self._acts.active.left_tool
        return tuple(entry for tool in tools for entry in self._entry(tool, tool == chosen))

    def _presets(self) -> tuple[Entry, ...]:
        image = self._acts.active.image
        names = () if image is None else preset_names(image)
        return tuple(entry for digit, name in names for entry in self._entry(f"preset {digit}", text=name))

    def _window_entries(self) -> tuple[Entry | None, ...]:
        return (*self._presets(), None, *self._tools(("window", "area window")), *self._entry("invert"))

    def _zoom_entries(self) -> tuple[Entry | None, ...]:
        tools = self._tools(("zoom", "area zoom", "magnifier"))
        steps = (entry for id_ in ("fit", "one to one", "zoom in", "zoom out") for entry in self._entry(id_))
        return (*tools, None, *steps)

    def _measuring_entries(self) -> tuple[Entry | None, ...]:
        annotating = self._acts.annotating
        selected = ("delete mark", "name mark") if annotating.selection is not None else ()
        offered = (*selected, *(("clear marks",) if annotating.can_clear else ()))
        deleting = tuple(entry for id_ in offered for entry in self._entry(id_))
        return (*self._tools(_MEASURING), *((None, *deleting) if deleting else ()))

    def _cover_entries(self) -> tuple[Entry | None, ...]:
        probing = self._acts.probing
        names = {
            "rectangle": self.tr("Rectangle"),
            "ellipse": self.tr("Ellipse"),
            "outline": self.tr("Drawn by hand"),
        }
        shapes = tuple(
            Entry(_SHAPE + kind, names[kind], is_on=kind == probing.tool.kind) for kind in COVER_KINDS
        )
        ending = (None, Entry(_UNCOVER, self.tr("Take the cover away"))) if probing.is_covered else ()
        keeps = self._entry("cover keeps", probing.tool.keeps)
        return (*self._tools(("cover",)), None, *shapes, None, *keeps, *ending)

    def _pointing_entries(self) -> tuple[Entry | None, ...]:
        names = {
            "ellipse": self.tr("Ellipse"),
            "rectangle": self.tr("Rectangle"),
            "outline": self.tr("Drawn by hand"),
        }
        drawn = self._acts.pointing.shape
        shapes = tuple(Entry(_REGION_SHAPE + shape, names[shape], is_on=shape == drawn) for shape in SHAPES)
        return (*self._tools(_REGION_TOOLS), None, *shapes)

    def _turn_entries(self) -> tuple[Entry | None, ...]:
        return tuple(e for id_ in ("rotate right", "rotate left", "flip") for e in self._entry(id_))

    def _cine_entries(self) -> tuple[Entry | None, ...]:
        playing = self._entry("cine", self._acts.cine.is_playing)
        return (*playing, None, *self._entry("cine faster"), *self._entry("cine slower"))

    def _text_entries(self) -> tuple[Entry | None, ...]:
        active = self._acts.active
        hidden = self._workplace.settings.hidden_texts
        fields = tuple(Entry(_FIELD + f, field_name(f), is_on=f not in hidden) for f in TEXT_FIELDS)
        return (
            *self._entry("texts", active.is_text_visible),
            *self._entry("identity", active.is_identity_hidden),
            *self._entry("planes", active.are_planes_visible),
            None,
            *fields,
        )

    def _film_entries(self) -> tuple[Entry | None, ...]:
        measuring = self._measuring_entries()
        several = self._acts.active.position[1] > 1
        return (
            Entry("", self.tr("Window"), below=(*self._presets(), None, *self._entry("invert"))),
            Entry("", self.tr("Left button"), below=self._tools(_POINTING)),
            *((Entry("", self.tr("Measure"), below=measuring),) if measuring else ()),
            None,
            *self._entry("fit"),
            *self._entry("one to one"),
            *self._turn_entries(),
            *(self._entry("cine", self._acts.cine.is_playing) if several else ()),
            None,
            *self._entry("heatmap", self._window.reading.evidence.is_shown),
            *self._entry("lungs", self._acts.probing.are_lungs_shown),
            Entry("", self.tr("Where it is"), below=self._pointing_entries()),
            Entry("", self.tr("Cover and ask"), below=self._cover_entries()),
            Entry("", self.tr("Texts"), below=self._text_entries()),
            None,
            Entry("reset", self.tr("Reset the view")),
        )

    def _open_film_menu(self, viewer: Viewer, at: QPoint) -> None:
        if viewer.image is None:
            return
        self._acts.annotating.select_at(viewer, at)
        menu = QMenu(viewer)
        fill(menu, self._film_entries(), self._on_film_entry)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)

    def _row_entries(self) -> tuple[Entry | None, ...]:
        """What can be done with the study that is chosen in the worklist."""
        return (
            *self._entry("urgent", self._acts.asking.is_marked()),
            *self._entry("reviewed", self._acts.is_reviewed()),
            None,
            *self._entry("prior"),
        )

    def _open_row_menu(self, at: QPoint) -> None:
        menu = QMenu(self._window.reading.worklist)
        fill(menu, self._row_entries(), self._run)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)

    def _on_film_entry(self, id_: str) -> None:
        if id_ == "reset":
            self._acts.active.reset_view()
        else:
            self._run(id_)


def _field_of(id_: str) -> TextField:
    name = id_.removeprefix(_FIELD)
    return next(field for field in TEXT_FIELDS if field == name)
