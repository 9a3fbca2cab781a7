"""What the actions of `app.gui.actions` do: small functions, each on the view that was touched last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from app.gui.annotating import Annotating
from app.gui.asking import Asking
from app.gui.cine import Cine
from app.gui.compare_desk import CompareDesk
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.pointing import Pointing
from app.gui.presets import preset
from app.gui.probing import Probing
from app.gui.reading import Reading
from app.gui.reading_page import ReadingPage
from app.gui.remarks import Remarks
from app.gui.similar import Similar
from app.gui.window import Window
from app.workplace import Workplace
from reviews.record import REGIONS, AnnotationKind, Changes
from widgets.cover_shapes import CoverKind
from widgets.keyboard import Stroke
from widgets.view_grid import LAYOUTS
from widgets.viewer import Viewer
from widgets.viewer_texts import TEXT_FIELDS, TextField
from widgets.viewer_tools import Tool


class ReadingActs(QObject):
    """Everything that a key, a button of the bar or an entry of a menu may ask for.

    Signals
    -------
    shown_changed
        What menus and the bar tell has changed: tool, layout, what is hidden.
    findings_changed
        The findings panel may have other rows.
    menu_wanted, keys_wanted, preferences_wanted
        The film's menu, the help sheet, the preferences.
    """

    shown_changed = Signal()
    findings_changed = Signal()
    menu_wanted = Signal(object)
    keys_wanted = Signal()
    preferences_wanted = Signal()

    def __init__(
        self,
        workplace: Workplace,
        window: Window,
        library: Library,
        reading: Reading,
        store_jobs: Jobs,
        remarks: Remarks,
        compare: CompareDesk,
        annotating: Annotating,
        probing: Probing,
        pointing: Pointing,
        similar: Similar,
        asking: Asking,
    ) -> None:
        super().__init__(window)
        self._workplace = workplace
        self._window = window
        self._library = library
        self._reading = reading
        self._store_jobs = store_jobs
        self._remarks = remarks
        self._compare = compare
        self._similar = similar
        self.annotating = annotating
        self.probing = probing
        self.pointing = pointing
        self.asking = asking
        self._findings: tuple[tuple[str, str], ...] = ()
        self._selected_finding = ""
        self.page: ReadingPage = window.reading
        self.cine = Cine(self)
        probing.changed.connect(self.shown_changed)
        pointing.tool_wanted.connect(self._on_region_tool_wanted)
        pointing.shape_wanted.connect(self.cycle_region_shape)
        reading.heatmap_choices_changed.connect(self._on_heatmap_choices)
        reading.position_changed.connect(self._on_position_changed)
        reading.findings_changed.connect(lambda _: self.findings_changed.emit())
        reading.film_failed.connect(lambda _: self.cine.stop())
        self.page.grid.active_changed.connect(self._on_active_changed)

    @property
    def active(self) -> Viewer:
        """The view that was touched last."""
        return self.page.active

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        return self.page.grid.viewers

    def _on_active_changed(self, _: Viewer) -> None:
        self.cine.stop()
        self.shown_changed.emit()

    def _on_position_changed(self, _: object, is_other_series: bool) -> None:
        if is_other_series:
            self.cine.stop()

    # -- the film ------------------------------------------------------------------------------------

    def choose_tool(self, tool: Tool) -> None:
        """What the left button does, in every view."""
        for viewer in self.viewers:
            viewer.set_left_tool(tool)
        self.shown_changed.emit()

    def apply_preset(self, digit: int) -> None:
        """Show the film with the window of a digit (see `app.gui.presets`)."""
        image = self.active.image
        if image is None:
            return
        voi = preset(image, digit)
        if voi is not None:
            self.active.apply_window(voi)
        elif image.is_colour:
            self._remarks.say(self.tr("This film is in colour and has no window."))
        else:
            self._remarks.say(self.tr("This film has no window {0}.").format(digit))

    def escape(self) -> None:
        """Leave what is under way, else the tool, else a case beside the film, else show the film as it was
        first shown."""
        if self.cine.is_playing:
            self.cine.stop()
        elif self.active.cancel() or self.probing.tool.clear():
            return
        elif self.active.left_tool != "window":
            self.choose_tool("window")
        elif not self._similar.close():
            self.active.reset_view()

    def scroll(self, by: int) -> None:
        self.active.scroll_requested.emit(by)

    def scroll_to_first(self) -> None:
        self.active.scroll_requested.emit(-self.active.position[0])

    def scroll_to_last(self) -> None:
        index, count = self.active.position
        self.active.scroll_requested.emit(count - 1 - index)

    def open_film_menu(self) -> None:
        """Open the film's menu in the middle of the view."""
        self.menu_wanted.emit(self.active.mapToGlobal(self.active.rect().center()))

    # -- what is shown over it, in every view ------------------------------------------------------------

    def toggle_texts(self) -> None:
        is_visible = not self.active.is_text_visible
        for viewer in self.viewers:
            viewer.set_text_visible(is_visible)
        self.shown_changed.emit()

    def toggle_planes(self) -> None:
        is_visible = not self.active.are_planes_visible
        for viewer in self.viewers:
            viewer.set_planes_visible(is_visible)
        self.shown_changed.emit()

    def toggle_identity(self) -> None:
        """Hide who the patient is, wherever the window says it, or show it again."""
        is_hidden = not self._workplace.settings.identity_hidden
        self.remember(identity_hidden=is_hidden)
        self.show_settings()
        if is_hidden:
            self._remarks.say(self.tr("Names and numbers of patients are hidden."))

    def toggle_text_field(self, field: TextField) -> None:
        """Leave one of the texts in the corners out, or show it again."""
        hidden = set(self._workplace.settings.hidden_texts) ^ {field}
        self.remember(hidden_texts=tuple(f for f in TEXT_FIELDS if f in hidden))
        self.show_settings()

    def show_settings(self) -> None:
        """Put everything in front of the reader as the settings say."""
        settings = self._workplace.settings
        hidden: frozenset[TextField] = frozenset(f for f in TEXT_FIELDS if f in settings.hidden_texts)
        for viewer in self.viewers:
            viewer.set_up_brighter(settings.drag_up_brighter)
            viewer.set_hidden_texts(hidden)
            viewer.set_identity_hidden(settings.identity_hidden)
        self.page.worklist.set_identity_hidden(settings.identity_hidden)
        self._window.status.set_reader(settings.reader_name)
        self._window.training.set_reader(settings.reader_name)
        self.shown_changed.emit()

    def remember(self, **changes: Any) -> None:
        """Change settings, and write them in the store's thread."""
        settings = replace(self._workplace.settings, **changes)
        if settings != self._workplace.settings:
            self._workplace.settings = settings
            self._store_jobs.submit(self._workplace.keep_settings, None, self._on_store_error)
        if "reader" in changes:  # who has not answered the same films
            self._library.let_blind_go()
            self._library.refresh_rows()
            self._reading.refresh()

    # -- answers -------------------------------------------------------------------------------------

    def accept(self) -> None:
        self.page.findings.accept()

    def answer_finding(self, number: int) -> None:
        self.page.findings.correct_by_position(number)

    def mark_unsure(self) -> None:
        self.page.findings.mark_unsure()

    def add_finding(self) -> None:
        if not self.page.side.isVisible():
            self.page.side.show()
        self.page.findings.add_finding()

    def write_note(self) -> None:
        if not self.page.side.isVisible():
            self.page.side.show()
        self.page.findings.focus_note()

    def undo(self) -> None:
        """Give up what is being drawn, else take back what was done last."""
        if not self.annotating.give_up():
            self._reading.undo()

    def redo(self) -> None:
        self._reading.redo()

    def is_reviewed(self) -> bool:
        """Whether somebody calls the study on the screen read."""
        position = self._reading.position
        return position is not None and self._library.is_study_read(position.study.study_instance_uid)

    def mark_reviewed(self) -> None:
        """The reader says of the whole study that it is read, or that it is not after all."""
        position = self._reading.position
        if position is None:
            return
        uid = position.study.study_instance_uid
        is_read = not self._library.is_study_read(uid)
        store, reader = self._workplace.store, self._workplace.settings.reader_name

        def done(_: Changes) -> None:
            self._library.set_study_read(uid, is_read)

        self._store_jobs.submit(
            lambda: store.mark_study_read(uid, reader, is_read), done, self._on_store_error
        )

    def _on_store_error(self, error: Exception) -> None:
        self._remarks.say_failed(str(error))

    # -- studies -------------------------------------------------------------------------------------

    def step_study(self, by: int) -> None:
        """To the study above or below in the worklist."""
        self.page.worklist.step(by)

    def search(self) -> None:
        if not self.page.worklist.isVisible():
            self.page.worklist.show()
        self.page.worklist.focus_search()

    def open_files(self) -> None:
        self._window.choose_files()

    def open_folder(self) -> None:
        self._window.choose_folder()

    # -- heatmap -------------------------------------------------------------------------------------

    def toggle_heatmap(self) -> None:
        self.page.evidence.toggle()

    def step_evidence(self, by: int) -> None:
        """Show the evidence for the finding before or after the one that is shown."""
        names = [name for name, _ in self._findings]
        if not names:
            return
        is_shown = self.page.evidence.is_shown
        if not is_shown:
            self.page.evidence.toggle()
        place = names.index(self._selected_finding) if self._selected_finding in names else 0
        self._reading.select_finding(names[(place + by) % len(names)] if is_shown else names[place])

    def toggle_lungs(self) -> None:
        """Outline the lungs in every view that shows the film, or do not."""
        is_shown = not self.probing.are_lungs_shown
        self.probing.show_lungs(is_shown)
        self.remember(lungs_shown=is_shown)
        self.shown_changed.emit()

    # -- what the model would say without a part -------------------------------------------------------

    def toggle_cover_keeps(self) -> None:
        """Keep what lies inside the shape, or cover it; takes the tool in hand."""
        self._take_cover()
        self.probing.toggle_keeps()

    def choose_cover_shape(self, kind: CoverKind) -> None:
        """Draw another shape; takes the tool in hand."""
        self._take_cover()
        self.probing.choose_kind(kind)
        self.remember(cover_shape=kind)

    def cycle_cover_shape(self) -> None:
        """The next of the shapes."""
        self.choose_cover_shape(self.probing.next_kind())

    def _take_cover(self) -> None:
        if self.page.viewer.left_tool != "cover":
            self.choose_tool("cover")

    # -- where a finding is, and is not -----------------------------------------------------------------

    def point(self, kind: AnnotationKind) -> None:
        """Take the tool in hand that draws where the finding is, or over heatmap that is misplaced."""
        finding = self.pointing.finding_of(kind)
        if finding and kind == "evidence":
            self._reading.select_finding(finding)
        if finding and kind == "not-evidence" and not self.page.evidence.is_shown:
            self.page.evidence.toggle()
        if finding:
            self.choose_tool("evidence" if kind == "evidence" else "not-evidence")
        else:
            self.pointing.say_what_is_missing()
        self.active.setFocus()

    def _on_region_tool_wanted(self, kind: str) -> None:
        wanted = next((one for one in REGIONS if one == kind), None)
        if wanted is None:
            self.choose_tool("window")
        else:
            self.point(wanted)
        self.page.evidence.regions.set_tool(self.page.viewer.left_tool)

    def choose_region_shape(self, shape: CoverKind) -> None:
        """Draw regions in another shape."""
        self.pointing.set_shape(shape)
        self.remember(region_shape=shape)

    def cycle_region_shape(self) -> None:
        """The next of the shapes."""
        self.choose_region_shape(self.pointing.next_shape())

    def take_stroke(self, stroke: Stroke) -> bool:
        """Whether a key moves or sizes what covers the film; then it means nothing else."""
        return not stroke.ctrl and self.probing.tool.take_key(stroke.key, is_fine=stroke.shift)

    def _on_heatmap_choices(self, choices: tuple[tuple[str, str], ...], selected: str) -> None:
        self._findings, self._selected_finding = tuple(choices), selected

    # -- views and the window ----------------------------------------------------------------------------

    def cycle_layout(self) -> None:
        grid = self.page.grid
        grid.set_layout(LAYOUTS[(LAYOUTS.index(grid.layout_name) + 1) % len(LAYOUTS)])

    def compare_with_prior(self) -> None:
        if not self._compare.comparing.compare_with_prior():
            self._remarks.say(self.tr("There is no earlier study of this patient here."))

    def toggle_evidence_beside(self) -> None:
        self._compare.comparing.toggle_evidence_beside()

    def toggle_similar(self) -> None:
        """Show the cases like this, or close them."""
        if not self.page.side.isVisible():
            self.page.side.show()
        self.page.similar.toggle()
        self.page.show_similar()

    def toggle_linking(self) -> None:
        """Let the views follow each other, or each stay where it is."""
        following = self._compare.following
        following.set_linking("off" if following.linking != "off" else "same space")
        if following.linking == "off":
            self._remarks.say(self.tr("The views are not linked any more."))
        else:
            self._remarks.say(self.tr("Views of one frame of reference are linked."))

    def maximise(self) -> None:
        if len(self.page.grid.shown) > 1:
            self.page.grid.toggle_maximised(self.active)

    def toggle_panel(self, panel: QWidget) -> None:
        self._window.toggle_panel(panel)

    def toggle_full_screen(self) -> None:
        self._window.toggle_full_screen()

    def show_page(self, number: int) -> None:
        self._window.show_page(number)

    def show_keys(self) -> None:
        self.keys_wanted.emit()

    def show_preferences(self) -> None:
        self.preferences_wanted.emit()

    def leave_text(self) -> None:
        """From a text field back to the film."""
        self.page.findings.adder.close_field()
        self.active.setFocus(Qt.FocusReason.ShortcutFocusReason)
