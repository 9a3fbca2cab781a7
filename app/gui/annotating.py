"""Measurements and marks: which stand on the films on the screen, and how they come to the store.

What a reader draws is shown at once and stands once the store has written it; where it cannot be
written, what was there before is shown again. Whatever view shows a frame shows its annotations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import uuid4

from PySide6.QtCore import QObject, QPoint, QPointF, Signal

from app.gui.decisions import clock
from app.gui.film_cache import FrameKey
from app.gui.jobs import Jobs
from app.workplace import Workplace
from reviews.errors import StoreError
from reviews.record import Annotation, Changes
from widgets.annotation_tools import AnnotationTools
from widgets.area_tools import AreaTools
from widgets.magnifier import Magnifier
from widgets.view_grid import ViewGrid
from widgets.viewer import Viewer


class Annotating(QObject):
    """The annotations of all views. Lives on the GUI thread.

    Parameters
    ----------
    is_hidden
        Tells which would tell a reader what they are to find out without it; `uncover` asks it again.
    """

    saved = Signal(str)  # HH:MM:SS
    failed = Signal(str)
    frame_wanted = Signal(object)  # FrameKey: undo or redo changed a film that no view shows
    shown_changed = Signal()  # what stands on the films on the screen
    finding_wanted = Signal()  # a region was to be drawn, of no finding

    def __init__(
        self,
        workplace: Workplace,
        grid: ViewGrid,
        store_jobs: Jobs,
        is_hidden: Callable[[Annotation], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._is_hidden = is_hidden
        self._grid = grid
        self._store_jobs = store_jobs
        self._known: dict[str, dict[str, Annotation]] = {}  # by study, by uuid
        self._asked: Counter[str] = Counter()  # studies that the store is being asked for
        self._writing: Counter[str] = Counter()  # uuids that are on their way to the store
        self._studies: dict[str, str] = {}  # StudyInstanceUID of the images that were shown
        self.tools: dict[Viewer, AnnotationTools] = {}
        for viewer in grid.viewers:
            self._equip(viewer)

    def _equip(self, viewer: Viewer) -> None:
        """Give a view its tools; the lens lies over all, the annotations are asked before the areas."""
        AreaTools(viewer)
        tools = self.tools[viewer] = AnnotationTools(viewer)
        Magnifier(viewer)
        tools.changed.connect(lambda annotation: self._record([annotation]))
        tools.selected.connect(lambda annotation: self._on_selected(viewer, annotation))
        tools.finding_wanted.connect(self.finding_wanted)
        viewer.image_changed.connect(lambda: self._on_image_changed(viewer))

    # -- what a reader does ------------------------------------------------------------------------

    @property
    def selection(self) -> Annotation | None:
        """The annotation that keys act on, of the active view."""
        return self.tools[self._grid.active].selection

    def select_at(self, viewer: Viewer, at: QPoint) -> None:
        """Select what lies at a place of the screen (global), as a menu does that opens there."""
        self.tools[viewer].select_at(QPointF(viewer.mapFromGlobal(at)))

    def delete_selected(self) -> bool:
        """Delete the annotation that is selected in the active view; whether there was one."""
        selected = self.selection
        if selected is None:
            return False
        self._record([replace(selected, is_deleted=True)])
        return True

    def name_selected(self) -> None:
        """Ask for the text of the annotation that is selected in the active view."""
        self.tools[self._grid.active].name_selected()

    def give_up(self) -> bool:
        """Give up what is being drawn or dragged in any view; whether there was anything."""
        return any(tools.cancel() for tools in self.tools.values() if tools.is_drawing)

    def clear(self) -> bool:
        """Delete all that the reader drew on the frame of the active view, as one act."""
        own = [one for one in self._standing_on(self._grid.active) if one.reader == self._reader]
        self._record([replace(one, is_deleted=True) for one in own])
        return bool(own)

    @property
    def can_clear(self) -> bool:
        """Whether the reader drew something on the frame of the active view."""
        return any(one.reader == self._reader for one in self._standing_on(self._grid.active))

    # -- what stands -------------------------------------------------------------------------------

    @property
    def _reader(self) -> str:
        return self._workplace.settings.reader_name

    def _standing_on(self, viewer: Viewer) -> list[Annotation]:
        image = viewer.image
        if image is None:
            return []
        known = self._known.get(image.header.study_instance_uid, {})
        key = image.header.sop_instance_uid, image.frame
        standing = (one for one in known.values() if _key_of(one) == key and not one.is_deleted)
        return [one for one in standing if not self._is_hidden(one)]

    def _on_image_changed(self, viewer: Viewer) -> None:
        image = viewer.image
        if image is None:
            return
        study = image.header.study_instance_uid
        self._studies[image.header.sop_instance_uid] = study
        if study not in self._known and not self._asked[study]:
            self._ask(study)
        self._show(viewer)
        self._forget_unseen()

    def _on_selected(self, viewer: Viewer, annotation: Annotation | None) -> None:
        """One selection at a time, whichever view it is in."""
        if annotation is not None:
            for other, tools in self.tools.items():
                if other is not viewer:
                    tools.select(None)

    def _show(self, viewer: Viewer) -> None:
        self.tools[viewer].show(self._standing_on(viewer), self._reader)
        self.shown_changed.emit()

    def uncover(self) -> None:
        """Show what is no longer hidden, and no more what is hidden now."""
        for viewer, tools in self.tools.items():
            if {one.uuid for one in self._standing_on(viewer)} != {one.uuid for one in tools.shown}:
                self._show(viewer)

    def _show_everywhere(self) -> None:
        for viewer in self.tools:
            self._show(viewer)

    def _studies_shown(self) -> set[str]:
        images = (viewer.image for viewer in self.tools)
        return {image.header.study_instance_uid for image in images if image is not None}

    def _forget_unseen(self) -> None:
        """What no view shows and nobody is writing is asked for again when it is shown."""
        shown = self._studies_shown()
        for study in [one for one in self._known if one not in shown]:
            if not any(self._writing[uuid] for uuid in self._known[study]):
                del self._known[study]
                self._studies = {image: its for image, its in self._studies.items() if its != study}

    # -- the store ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Ask the store again for the films that are on the screen: others drew on them."""
        for study in self._studies_shown():
            self._ask(study)

    def _ask(self, study: str) -> None:
        store = self._workplace.store
        self._asked[study] += 1

        def answered(found: list[Annotation]) -> None:
            self._asked[study] -= 1
            unwritten = {u: a for u, a in self._known.get(study, {}).items() if self._writing[u]}
            self._known[study] = {one.uuid: one for one in found} | unwritten
            self._show_everywhere()

        def failed(error: Exception) -> None:
            self._asked[study] -= 1
            if not isinstance(error, StoreError):
                raise error
            self.failed.emit(str(error))

        self._store_jobs.submit(lambda: store.annotations(study), answered, failed)

    def _record(self, changes: Sequence[Annotation]) -> None:
        """Show annotations as the reader wants them, and have the store keep them."""
        if not changes:
            return
        named = [replace(one, uuid=one.uuid or uuid4().hex, reader=self._reader) for one in changes]
        for one in named:
            self._writing[one.uuid] += 1
            self._known.setdefault(self._studies[one.sop_instance_uid], {})[one.uuid] = one
        self._show_everywhere()
        store = self._workplace.store

        def done(changes: Changes) -> None:
            self._written(named)
            self._take_over(changes.annotations)
            self.saved.emit(clock(changes.annotations[-1].time))

        def failed(error: Exception) -> None:
            self._written(named)
            self.refresh()
            self._on_not_saved(error)

        self._store_jobs.submit(lambda: store.annotate(named), done, failed)

    def _written(self, annotations: Sequence[Annotation]) -> None:
        for one in annotations:
            self._writing[one.uuid] -= 1
            if not self._writing[one.uuid]:
                del self._writing[one.uuid]

    def _take_over(self, rows: Sequence[Annotation]) -> None:
        """Rows as the store wrote them; of what is on its way again, the newer state stays in sight."""
        for row in rows:
            known = self._known.get(self._studies.get(row.sop_instance_uid, ""))
            if known is not None and not self._writing[row.uuid]:
                known[row.uuid] = row
        self._show_everywhere()

    def on_taken_back(self, rows: Sequence[Annotation]) -> None:
        """Undo or redo changed annotations: show them, and their film where no view does."""
        self._take_over(rows)
        self.saved.emit(clock(rows[-1].time))
        shown = {
            (viewer.image.header.sop_instance_uid, viewer.image.frame)
            for viewer in self._grid.shown
            if viewer.image is not None
        }
        if _key_of(rows[-1]) not in shown:
            self.frame_wanted.emit(_key_of(rows[-1]))

    def _on_not_saved(self, error: Exception) -> None:
        if not isinstance(error, StoreError):
            raise error
        self.failed.emit(self.tr("Not saved. {0}").format(error))


def _key_of(annotation: Annotation) -> FrameKey:
    return annotation.sop_instance_uid, annotation.frame
