"""What the keys of the reading page do."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt

from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.reading import Reading
from app.gui.remarks import Remarks
from app.gui.shortcuts import Shortcuts
from app.gui.window import Window
from app.workplace import Workplace
from reviews.record import Changes
from studies.display import offered_windows


class ReadingKeys(QObject):
    """Binds keys to the page's panels and to the controllers."""

    def __init__(
        self,
        workplace: Workplace,
        window: Window,
        library: Library,
        reading: Reading,
        store_jobs: Jobs,
        remarks: Remarks,
    ) -> None:
        super().__init__(window)
        self._workplace = workplace
        self._window = window
        self._library = library
        self._reading = reading
        self._store_jobs = store_jobs
        self._remarks = remarks
        self._make_shortcuts()

    def _on_store_error(self, error: Exception) -> None:
        self._remarks.say_failed(str(error))

    def _make_shortcuts(self) -> None:
        page, key = self._window.reading, Qt.Key
        viewer = page.viewer
        keys = {
            (key.Key_H, False, False): page.evidence.toggle,
            (key.Key_U, False, False): page.findings.mark_unsure,
            (key.Key_N, False, False): page.findings.focus_note,
            (key.Key_I, False, False): viewer.invert,
            (key.Key_R, False, False): lambda: viewer.rotate(90),
            (key.Key_R, False, True): lambda: viewer.rotate(-90),
            (key.Key_X, False, False): viewer.flip_horizontal,
            (key.Key_F, False, False): viewer.fit,
            (key.Key_O, False, False): lambda: viewer.zoom_to(1.0),
            (key.Key_Escape, False, False): viewer.reset_view,
            (key.Key_Space, False, False): viewer.toggle_text,
            (key.Key_Z, True, False): self._reading.undo,
            (key.Key_Y, True, False): self._reading.redo,
            (key.Key_Z, True, True): self._reading.redo,
            (key.Key_F, True, False): page.worklist.focus_search,
            (key.Key_F5, False, False): lambda: self._window.toggle_panel(page.worklist),
            (key.Key_F6, False, False): lambda: self._window.toggle_panel(page.strip),
            (key.Key_F7, False, False): lambda: self._window.toggle_panel(page.side),
            (key.Key_Slash, False, False): self._mark_read,
        }
        self._shortcuts = Shortcuts(
            self._window,
            keys,
            self._apply_preset,
            page.findings.correct_by_position,
            page.findings.accept,
            lambda: self._window.page == 0,
        )

    def _apply_preset(self, digit: int) -> None:
        """0: automatic; 1 and on: the windows that the film offers, in their order."""
        viewer = self._window.reading.viewer
        if viewer.image is None:
            return
        offered = offered_windows(viewer.image)
        names = [name for name, _ in offered]
        ordered = [w for n, w in offered if n != "Auto"]
        if digit == 0 and "Auto" in names:
            viewer.apply_window(offered[names.index("Auto")][1])
        elif 1 <= digit <= len(ordered):
            viewer.apply_window(ordered[digit - 1])

    def _mark_read(self) -> None:
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
