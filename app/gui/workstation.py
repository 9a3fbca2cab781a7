"""The one place where panels, controllers and the worker are put together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app import locations
from app.gui.annotating import Annotating
from app.gui.asking import Asking
from app.gui.compare_desk import CompareDesk
from app.gui.films import Films
from app.gui.jobs import Jobs
from app.gui.learning import Learning
from app.gui.learning_desk import LearningDesk
from app.gui.library import Library
from app.gui.pointing import Pointing
from app.gui.previewing import Previewing
from app.gui.probing import Probing, kept_kind
from app.gui.reading import Reading
from app.gui.reading_acts import ReadingActs
from app.gui.reading_desk import ReadingDesk
from app.gui.reading_keys import ReadingKeys
from app.gui.remarks import Remarks
from app.gui.search_desk import SearchDesk
from app.gui.second_reads import SecondReads
from app.gui.similar import Similar
from app.gui.window import Window
from app.workplace import Workplace
from inference.client import (
    Covered,
    Died,
    Failed,
    InferenceClient,
    Looked,
    Progressed,
    Ready,
    WorkerEvent,
)
from reviews.news import Token
from reviews.record import News
from studies.reader_pool import ReaderPool
from widgets.viewer_tools import Tool

STORE_LOOK_MS = 2000


class Workstation(QObject):
    """Builds the controllers of one window and connects them. Everything in it lives on the GUI thread."""

    worker_event = Signal(object)  # WorkerEvent, from the client's thread

    def __init__(self, workplace: Workplace, window: Window) -> None:
        super().__init__(window)
        self.workplace = workplace
        self.window = window
        self.store_jobs = Jobs("store", 1, self)
        self.readers = ReaderPool()
        self.readers.start()  # a third of a second that passes while the worklist is loaded
        self.library = Library(workplace, self.store_jobs, self.readers, self)
        self.client = InferenceClient(
            workplace.models_folder,
            workplace.bundled,
            workplace.cache_folder,
            self.worker_event.emit,
            workplace.settings.device,
        )
        self.films = Films(self.readers, parent=self)
        self.reading = Reading(workplace, self.library, self.client, self.store_jobs, self.films, self)
        self.learning = Learning(workplace, self.library, self.store_jobs, self)
        self._remarks = Remarks(window.banner, self)
        self._reading_desk = ReadingDesk(
            workplace,
            window,
            self.library,
            self.reading,
            self.learning,
            self.store_jobs,
            self._remarks,
            self.readers,
        )
        self.compare = CompareDesk(window.reading, self.library, self.reading, self.films, self)
        self._learning_desk = LearningDesk(
            window, self.library, self.reading, self.learning, self._remarks, workplace.options
        )
        self._previewing = Previewing(self.library, self.readers, self)
        window.training.preview_wanted.connect(self._previewing.show)
        self._previewing.ready.connect(window.training.show_preview)
        self._previewing.failed.connect(window.training.say_preview)
        self.search_desk = SearchDesk(workplace, window, self.learning, self._remarks)
        self.annotating = Annotating(
            workplace, window.reading.grid, self.store_jobs, self.library.hides_mark, self
        )
        self.probing = Probing(window.reading, self.reading, self._remarks)
        self.probing.tool.set_kind(kept_kind(workplace.settings.cover_shape))
        self.probing.show_lungs(workplace.settings.lungs_shown)
        self.pointing = Pointing(window.reading, self.reading, self.annotating, self._remarks)
        self.pointing.keep_shape(workplace.settings.region_shape)
        self.asking = Asking(
            workplace,
            self.library,
            self.reading,
            self.learning.adapting,
            window.reading.worklist,
            self.store_jobs,
            self,
        )
        self.similar = Similar(
            window.reading,
            self.library,
            self.reading,
            self.compare.comparing,
            self.learning.adapting,
            self.readers,
            self,
        )
        self.second_reads = SecondReads(
            workplace,
            self.library,
            self.reading,
            self.learning.adapting,
            window.reading.worklist,
            self,
        )
        self.acts = ReadingActs(
            workplace,
            window,
            self.library,
            self.reading,
            self.store_jobs,
            self._remarks,
            self.compare,
            self.annotating,
            self.probing,
            self.pointing,
            self.similar,
            self.asking,
        )
        window.reading.similar.set_expanded(workplace.settings.similar_expanded)
        window.reading.similar.expanded_changed.connect(
            lambda is_open: self.acts.remember(similar_expanded=is_open)
        )
        self.learning.models_changed.connect(lambda *_: self.similar.refresh())
        self._keys = ReadingKeys(workplace, window, self.acts, frozenset(get_args(Tool)), self.compare.menu)
        self._store_moment: Token | None = None
        self._is_closed = False
        self._is_worker_mourned = False
        self._connect_annotating()
        self._connect_asking()
        self.worker_event.connect(self._on_worker_event, Qt.ConnectionType.QueuedConnection)
        self._store_timer = QTimer(self)
        self._store_timer.setInterval(STORE_LOOK_MS)
        self._store_timer.timeout.connect(self._look_for_changes)
        window.closing.connect(self.close)
        window.paths_chosen.connect(self.open_paths)

    def _connect_annotating(self) -> None:
        self.reading.annotations_taken.connect(self.annotating.on_taken_back)
        self.reading.findings_changed.connect(lambda _: self.annotating.uncover())
        self.annotating.frame_wanted.connect(self.reading.show_frame)
        self.annotating.saved.connect(self.window.status.set_saved)
        self.annotating.failed.connect(self._remarks.say_failed)

    def _connect_asking(self) -> None:
        self.asking.order_chosen.connect(lambda order: self.acts.remember(order=order))
        self.asking.failed.connect(self._remarks.say_failed)
        self.second_reads.remarked.connect(self._remarks.say)
        self.reading.decided.connect(lambda *_: self.asking.refresh_soon())

    def start(self) -> None:
        """Load the worklist and start the worker; the window is on the screen already."""
        self.client.start()
        self._look_for_changes()  # before anything is read, so that nothing written since is missed
        self.learning.refresh_models()
        self.library.load(self._on_loaded)

    def _on_loaded(self) -> None:
        if not self.library.studies and not self.workplace.settings.samples_added:
            self._add_samples()
        self.window.reading.worklist.set_waiting(False)
        self._learning_desk.on_library_loaded()
        self.search_desk.on_library_loaded()
        self.asking.start()
        self.second_reads.start()
        self._reading_desk.select_first()
        self.reading.ask_in_background()
        self.learning.rescore()
        self._store_timer.start()

    def _add_samples(self) -> None:
        """On the very first start the sample studies stand in the worklist."""
        if locations.sample_studies().is_dir():
            self.library.import_paths([locations.sample_studies()])
        self.workplace.change_settings(replace(self.workplace.settings, samples_added=True))

    def open_paths(self, paths: list[Path]) -> None:
        """Add what was dropped or picked to the worklist."""
        self._reading_desk.open_paths(paths)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way: the worklist is complete and every suggestion is there."""
        library = self.library
        is_under_way = library.waiting or library.is_importing or library.is_loading
        return bool(library.predictions) and not is_under_way

    def _look_for_changes(self) -> None:
        """Notice what a command line or another reader wrote since the last look."""
        workplace, moment = self.workplace, self._store_moment

        def done(seen: tuple[Token, News]) -> None:
            self._store_moment, news = seen
            if news.annotated:
                self.annotating.refresh()
            if news:
                self.library.take_news(news)
                self.reading.refresh()
            if news.standing or news.are_findings_changed:
                self.similar.refresh()
            if news.headers or news.standing or news.studies_urgent or news.studies_read:
                self.asking.refresh_soon()
            if news.headers or news.standing:
                self.learning.refresh_collected()
                self.learning.adapting.take_news(news)
            if news.are_findings_changed:
                self.reading.added.refresh()
            if news.are_models_changed:
                self.learning.refresh_models()

        def look() -> tuple[Token, News]:
            store = workplace.store  # which is opened here, and not on the GUI thread
            return (store.moment(), News()) if moment is None else store.news_since(moment)

        self.store_jobs.submit(
            look,
            done,
            lambda error: self._remarks.say_failed(str(error)),
        )

    def _on_worker_event(self, event: WorkerEvent) -> None:
        if self._is_closed:
            return
        if isinstance(event, Looked):
            self.reading.on_look(event.request, event.look)
        elif isinstance(event, Covered):
            self.reading.on_covered(event.request, event.prediction)
        elif isinstance(event, Progressed):
            self.reading.on_progress(event)
        elif isinstance(event, Failed):
            self.reading.on_look_failed(event.request, event.reason)
        elif isinstance(event, Ready):
            self.window.status.set_device(event.device, None)
            self.reading.set_worker_problem("")
            if self._is_worker_mourned:
                self._is_worker_mourned = False
                self._remarks.say(self.tr("The model's process is up again."))
        elif isinstance(event, Died):
            self._is_worker_mourned = True
            self._remarks.say(event.reason, "look-again")

    def close(self) -> None:
        """End jobs and the worker; a training goes on by itself."""
        if self._is_closed:
            return
        self._is_closed = True
        self._reading_desk.close()
        self.similar.stop()
        self._store_timer.stop()
        self.asking.close()
        self.second_reads.close()
        self._learning_desk.close()
        self._previewing.close()
        self.search_desk.close()
        self.learning.close()
        self.films.close()
        self.reading.close()
        self.library.close()
        self.store_jobs.close()
        self.readers.close()
        self.client.stop()
