"""Other films beside the one that is read: priors, other series, the same film with its evidence.

The main view stays what findings and decisions are about. Each other view shows a frame of its own
choice; views of one frame of reference follow each other, others only when the reader links them by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QObject, Signal

from app.gui.films import Films, Frame
from app.gui.following import Following
from app.gui.library import FrameKey, Library
from app.gui.reading import Position, Reading
from inference.prediction import Heatmap
from studies.image import Header, Image, Study
from widgets.view_grid import ViewGrid
from widgets.viewer import Viewer
from widgets.viewer_linking import is_same_space, linked_index

Kind = Literal["evidence", "series", "prior", "later", "similar"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be shown beside the film that is read; `study` is None for its own evidence.

    `index` is the image at which a series is opened, None for the usual one.
    """

    kind: Kind
    label: str
    study: Study | None = None
    series: int = 0
    index: int | None = None


@dataclass(slots=True)
class _Shown:
    """What a view beside the main one shows."""

    choice: Choice
    position: Position
    image: Image | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        return self.position.study.series[self.position.series].frames


class Comparing(QObject):
    """Fills the views beside the main one and lets views follow each other. Lives on the GUI thread.

    Signals
    -------
    choices_wanted
        A view asks for something to show: the `Viewer`, for a menu of `choices()`.
    evidence_beside_changed
        Whether a view beside the main one shows its evidence.
    """

    choices_wanted = Signal(object)
    evidence_beside_changed = Signal(bool)

    def __init__(
        self,
        grid: ViewGrid,
        library: Library,
        reading: Reading,
        films: Films,
        following: Following,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._grid = grid
        self._library = library
        self._reading = reading
        self._films = films
        self._shown: dict[Viewer, _Shown] = {}
        self._following = following
        self._is_scrolling = False
        self._main: Position | None = None
        self._heatmap: tuple[Heatmap | None, str] = (None, "")
        grid.layout_changed.connect(self._on_layout_changed)
        reading.position_changed.connect(self._on_position_changed)
        reading.film_ready.connect(self._on_main_ready)
        films.ready.connect(self._on_ready)
        films.failed.connect(self._on_failed)
        for viewer in grid.viewers[1:]:
            viewer.scroll_requested.connect(lambda by, v=viewer: self._on_scroll_requested(v, by))
            viewer.open_requested.connect(lambda v=viewer: self.choices_wanted.emit(v))

    # -- what can be shown -------------------------------------------------------------------

    def choices(self) -> tuple[Choice, ...]:
        """What there is to compare the film on the screen with: likeliest first in each kind."""
        position = self._reading.position
        if position is None:
            return ()
        found = [Choice("evidence", self.tr("This film with its evidence"))]
        for number, series in enumerate(position.study.series):
            if number != position.series:
                words = series.description or self.tr("Series {0}").format(number + 1)
                label = self.tr("This study: {0}").format(f"{series.modality} {words}".strip())
                found.append(Choice("series", label, position.study, number))
        for study in self._others_of_patient(position.study):
            kind: Kind = "prior" if _when(study) <= _when(position.study) else "later"
            name = self.tr("Earlier: {0}") if kind == "prior" else self.tr("Later: {0}")
            for number, series in enumerate(study.series):
                about = series.description or study.first.study_description
                words = "  ".join(w for w in (study.first.study_date, series.modality, about) if w)
                found.append(Choice(kind, name.format(words), study, number))
        return tuple(found)

    def _others_of_patient(self, study: Study) -> list[Study]:
        """Other studies of the patient: the last one before this, then further back, then later ones."""
        of_patient = self._library.studies_of_patient(study.first.patient_id)
        others = [other for other in of_patient if other.study_instance_uid != study.study_instance_uid]
        earlier = sorted((o for o in others if _when(o) <= _when(study)), key=_when, reverse=True)
        modality = study.series[0].modality
        earlier.sort(key=lambda other: other.series[0].modality != modality)
        return earlier + sorted((o for o in others if _when(o) > _when(study)), key=_when)

    def content_of(self, viewer: Viewer) -> Choice | None:
        """What a view beside the main one shows."""
        shown = self._shown.get(viewer)
        return None if shown is None else shown.choice

    # -- what a reader asks for --------------------------------------------------------------

    def compare_with_prior(self) -> bool:
        """Show the last earlier study beside the film; whether there is one."""
        choice = next((c for c in self.choices() if c.kind == "prior"), None)
        if choice is not None:
            self._beside(choice)
        return choice is not None

    def toggle_evidence_beside(self) -> None:
        """Show the bare film and, beside it, the same film with its evidence; or one view again."""
        if any(shown.choice.kind == "evidence" for shown in self._shown.values()):
            self._grid.set_layout("1x1")
            return
        choice = next((c for c in self.choices() if c.kind == "evidence"), None)
        if choice is not None:
            self._beside(choice)

    def _beside(self, choice: Choice) -> None:
        if len(self._grid.shown) < 2:
            self._grid.set_layout("1x2")
        self.show(self._grid.viewers[1], choice)

    def show(self, viewer: Viewer, choice: Choice) -> None:
        """Show something in a view beside the main one."""
        main = self._reading.position
        if main is None or viewer is self._grid.main:
            return
        if choice.study is None:
            position = main
        else:
            middle = len(choice.study.series[choice.series].frames) // 2
            index = middle if len(choice.study.series[choice.series].frames) > 2 else 0
            index = index if choice.index is None else choice.index
            position = Position(choice.study, choice.series, index)
        shown = _Shown(choice, position)
        self._shown[viewer] = shown
        viewer.set_remarks(self._remarks_on(shown))
        if choice.study is not None and self._follows(main, position):
            shown.position = self._moved(shown, main, main)
        self._show_frame(viewer, shown, keep_view=False)
        self._tell_evidence()

    def clear(self, viewer: Viewer) -> None:
        """Show nothing in a view beside the main one."""
        if self._shown.pop(viewer, None) is not None:
            self._films.release(viewer)
        viewer.set_remarks(())
        viewer.set_heatmap(None)
        viewer.show_empty(self.tr("Nothing is chosen to compare with."), self.tr("Choose…"))
        self._tell_evidence()

    # -- the main view moves on --------------------------------------------------------------

    def _on_layout_changed(self, _: str) -> None:
        places = self._grid.shown[1:]
        for viewer in list(self._shown):
            if viewer not in places:
                self.clear(viewer)
        free = [viewer for viewer in places if viewer not in self._shown]
        for viewer, choice in zip(free, self._likely(len(free)), strict=False):
            self.show(viewer, choice)
        for viewer in free:
            if viewer not in self._shown:
                self.clear(viewer)

    def _likely(self, count: int) -> list[Choice]:
        """What a reader most likely wants in free places: priors and other series, the evidence last."""
        taken = {(s.choice.kind, s.choice.label) for s in self._shown.values()}
        free = [choice for choice in self.choices() if (choice.kind, choice.label) not in taken]
        ranks: dict[Kind, int] = {"prior": 0, "series": 1, "later": 2, "evidence": 3, "similar": 4}
        likely = [choice for choice in free if choice.kind != "evidence" or self._has_evidence()]
        return sorted(likely, key=lambda choice: ranks[choice.kind])[:count]

    def _has_evidence(self) -> bool:
        """Whether a model suggests something for the film on the screen."""
        position = self._reading.position
        prediction = None if position is None else self._library.told(position.key)
        return prediction is not None and prediction.suggestion is not None

    def _on_position_changed(self, position: Position, is_other_series: bool) -> None:
        before, self._main = self._main, position
        self._heatmap = None, ""  # it was the evidence of another frame
        if before is None or before.study.study_instance_uid != position.study.study_instance_uid:
            self._on_other_study()
            return
        for viewer, shown in self._shown.items():
            if shown.choice.kind == "evidence":
                shown.position = position
                self._show_frame(viewer, shown, keep_view=not is_other_series)
            elif not is_other_series and not self._is_scrolling and self._follows(position, shown.position):
                shown.position = self._moved(shown, before, position)
                self._show_frame(viewer, shown, keep_view=True)

    def _on_other_study(self) -> None:
        """The films beside belong to the study before: choose anew, by kind."""
        kinds = {viewer: shown.choice.kind for viewer, shown in self._shown.items()}
        for viewer in self._grid.viewers[1:]:
            if viewer in self._grid.shown:
                self.clear(viewer)
        choices = list(self.choices())
        for viewer, kind in kinds.items():
            choice = next((c for c in choices if c.kind == kind), None)
            if choice is not None:
                choices.remove(choice)
                self.show(viewer, choice)

    def _on_main_ready(self, image: Image, keep_view: bool) -> None:
        """The films beside are laid as the main one is, as far as they follow it."""
        for viewer in self._shown:
            self._following.lay_like_main(viewer)

    # -- frames ------------------------------------------------------------------------------

    def _show_frame(self, viewer: Viewer, shown: _Shown, *, keep_view: bool) -> None:
        frames, index = shown.frames, shown.position.index
        image = self._films.show(viewer, frames, index)
        viewer.set_position(index, len(frames))
        if image is None:
            if not keep_view or shown.image is None:
                viewer.show_waiting(frames[index][0])
            return
        self._put(viewer, shown, image, keep_view=keep_view)

    def _put(self, viewer: Viewer, shown: _Shown, image: Image, *, keep_view: bool) -> None:
        is_first = shown.image is None
        shown.image = image
        viewer.show_image(image, keep_view=keep_view and not is_first)
        viewer.set_position(shown.position.index, len(shown.frames))
        if shown.choice.kind == "evidence":
            viewer.set_heatmap(*self._heatmap)
            viewer.set_heatmap_visible(True)
        self._following.lay_like_main(viewer)

    def _on_ready(self, key: FrameKey, image: Image) -> None:
        for viewer, shown in self._shown.items():
            if shown.position.key == key and viewer.image is not image:
                self._put(viewer, shown, image, keep_view=shown.image is not None)

    def _on_failed(self, key: FrameKey, sentence: str) -> None:
        for viewer, shown in self._shown.items():
            if shown.position.key == key:
                shown.image = None
                viewer.show_problem(sentence)

    def _remarks_on(self, shown: _Shown) -> tuple[str, ...]:
        """What must not be overlooked of a film beside the main one."""
        main = self._reading.position
        if main is None or shown.choice.study is None:
            return ()
        one, other = main.study.first, shown.position.study.first
        choice_is_similar = shown.choice.kind == "similar"
        if choice_is_similar and one.split_key == other.split_key:
            words = self.tr("A case like this, of the same patient")
            return (f"{words}  {other.study_date}".strip(),)
        if choice_is_similar or one.patient_id != other.patient_id:
            return (self.tr("Another patient"),)
        if shown.choice.kind in ("prior", "later"):
            words = self.tr("Earlier study") if shown.choice.kind == "prior" else self.tr("Later study")
            return (f"{words}  {other.study_date}".strip(),)
        return ()

    # -- evidence beside ---------------------------------------------------------------------

    def show_heatmap(self, heatmap: Heatmap | None, title: str) -> None:
        """Evidence of the main film: laid over it wherever it is shown for that."""
        self._heatmap = heatmap, title
        for viewer, shown in self._shown.items():
            if shown.choice.kind == "evidence" and viewer.image is not None:
                viewer.set_heatmap(heatmap, title)

    @property
    def evidence_views(self) -> tuple[Viewer, ...]:
        """The views that show the main film's evidence."""
        return tuple(viewer for viewer, shown in self._shown.items() if shown.choice.kind == "evidence")

    def _tell_evidence(self) -> None:
        self.evidence_beside_changed.emit(bool(self.evidence_views))

    # -- following ---------------------------------------------------------------------------

    def _follows(self, one: Position, other: Position) -> bool:
        """Whether a view follows another in scrolling."""
        if self._following.linking == "all":
            return True
        return self._following.linking == "same space" and is_same_space(_header(one), _header(other))

    def _moved(self, shown: _Shown, before: Position, now: Position) -> Position:
        source = now.study.series[now.series].frames
        by_place = is_same_space(_header(now), _header(shown.position))
        index = linked_index(
            source, before.index, now.index, shown.frames, shown.position.index, by_place=by_place
        )
        return replace(shown.position, index=index)

    def _on_scroll_requested(self, viewer: Viewer, by: int) -> None:
        shown = self._shown.get(viewer)
        main = self._reading.position
        if shown is None or main is None:
            return
        if shown.choice.kind == "evidence":
            self._reading.step(by)
            return
        before = shown.position
        index = min(max(before.index + by, 0), len(shown.frames) - 1)
        if index == before.index:
            return
        shown.position = replace(before, index=index)
        self._show_frame(viewer, shown, keep_view=True)
        for other, content in self._shown.items():
            is_other = other is not viewer and content.choice.kind != "evidence"
            if is_other and self._follows(shown.position, content.position):
                content.position = self._moved(content, before, shown.position)
                self._show_frame(other, content, keep_view=True)
        if self._follows(shown.position, main):
            taken = _Shown(shown.choice, main)
            self._is_scrolling = True
            try:
                self._reading.go_to(self._moved(taken, before, shown.position))
            finally:
                self._is_scrolling = False


def _header(position: Position) -> Header:
    return position.header_and_frame[0]


def _when(study: Study) -> tuple[str, str]:
    return study.first.study_date, study.first.study_time
