"""The one place where panels, controllers and the worker are connected to one another."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app import locations
from app.gui.jobs import Jobs
from app.gui.learning import Comparison, Learning
from app.gui.library import FrameKey, Imported, Library
from app.gui.reading import Position, Reading
from app.gui.shortcuts import Shortcuts
from app.gui.window import Window
from app.workplace import Workplace
from inference.card import ModelCard
from inference.client import Died, Failed, InferenceClient, Looked, Ready, WorkerEvent
from inference.prediction import Heatmap
from reviews.record import Changes, Collected, Review
from studies.display import offered_windows
from studies.errors import StudyError
from studies.image import Header, Image
from studies.reader import read
from studies.thumbnail import thumbnail
from widgets.findings import FindingsState
from widgets.messages import Level, Problem
from widgets.numbers import duration_text
from widgets.training import DifferingFilm, ModelOption, TrainingChoice

log = logging.getLogger(__name__)

STORE_LOOK_MS = 2000
REMARK_MS = 5000
METHODS = (
    ("gradcam", "Grad-CAM"),
    ("gradcam++", "Grad-CAM++"),
    ("hirescam", "HiResCAM"),
    ("layercam", "LayerCAM"),
    ("eigencam", "Eigen-CAM"),
)


class Workstation(QObject):
    """Builds the controllers of one window and connects them. Everything in it lives on the GUI thread."""

    worker_event = Signal(object)  # WorkerEvent, from the client's thread

    def __init__(self, workplace: Workplace, window: Window) -> None:
        super().__init__(window)
        self.workplace = workplace
        self.window = window
        self.store_jobs = Jobs("store", 1, self)
        self._strip_jobs = Jobs("strip", 1, self)
        self.library = Library(workplace, self.store_jobs, self)
        self.client = InferenceClient(
            workplace.models_folder,
            workplace.bundled,
            workplace.cache_folder,
            self.worker_event.emit,
            workplace.settings.device,
        )
        self.reading = Reading(workplace, self.library, self.client, self.store_jobs, self)
        self.learning = Learning(workplace, self.library, self.store_jobs, self)
        self._store_token: object = None
        self._is_closed = False
        self._is_worker_mourned = False
        self._is_loaded = False
        self._in_use: list[ModelCard] = []
        self._candidate: Comparison | None = None
        self._all_cards: list[ModelCard] = []
        self._connect_library()
        self._connect_reading()
        self._connect_learning()
        self._connect_worker()
        self._make_shortcuts()
        self._remark_timer = QTimer(self)
        self._remark_timer.setSingleShot(True)
        self._remark_timer.setInterval(REMARK_MS)
        self._remark_timer.timeout.connect(window.banner.hide)
        self._store_timer = QTimer(self)
        self._store_timer.setInterval(STORE_LOOK_MS)
        self._store_timer.timeout.connect(self._look_for_changes)
        window.closing.connect(self.close)
        window.paths_chosen.connect(self.open_paths)
        window.page_changed.connect(self._on_page_changed)

    def start(self) -> None:
        """Load the worklist and start the worker; the window is on the screen already."""
        page = self.window.reading
        page.evidence.set_methods(METHODS, "gradcam")
        page.evidence.set_opacity(self.workplace.settings.heatmap_opacity)
        page.viewer.set_heatmap_opacity(self.workplace.settings.heatmap_opacity)
        self._show_heatmaps(self.workplace.settings.heatmap_shown)
        self.window.status.set_reader(self.workplace.settings.reader_name)
        self.window.training.set_reader(self.workplace.settings.reader_name)
        self.client.start()
        self._look_for_changes()  # before anything is read, so that nothing written since is missed
        self.learning.refresh_models()
        self.library.load(self._on_loaded)

    def _on_loaded(self) -> None:
        if not self.library.studies and not self.workplace.settings.samples_added:
            self._add_samples()
        self._is_loaded = True
        self._offer_models()
        self.window.reading.worklist.set_waiting(False)
        self.learning.refresh_collected()
        self.learning.find_run()
        self._select_first()
        self.reading.ask_in_background()
        self.learning.rescore()
        self._store_timer.start()

    def _add_samples(self) -> None:
        """On the very first start the sample studies stand in the worklist."""
        from dataclasses import replace

        if locations.sample_studies().is_dir():
            self.library.import_paths([locations.sample_studies()])
        self.workplace.change_settings(replace(self.workplace.settings, samples_added=True))

    # -- library and worklist ------------------------------------------------------------------

    def _connect_library(self) -> None:
        worklist = self.window.reading.worklist
        self.library.studies_changed.connect(self._on_studies_changed)
        self.library.rows_changed.connect(worklist.update_rows)
        self.library.import_progressed.connect(self._on_import_progressed)
        self.library.import_finished.connect(self._on_import_finished)
        self.library.failed.connect(self._say_failed)
        self.library.adapted_changed.connect(self.reading.refresh)
        worklist.study_selected.connect(self._on_study_selected)
        worklist.open_requested.connect(self.window.choose_files)
        worklist.thumbnails_wanted.connect(self.library.want_thumbnails)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way: the worklist is complete and every suggestion is there."""
        library = self.library
        return bool(library.predictions) and not library.waiting and not library.is_importing

    def open_paths(self, paths: list[Path]) -> None:
        """Add what was dropped or picked to the worklist."""
        self.window.show_page(0)
        self.window.status.show_background(self.tr("Looking for films"))
        self.library.import_paths(paths)

    def _on_studies_changed(self) -> None:
        self.window.reading.worklist.set_rows(self.library.rows())
        if self.library.studies:
            self.window.reading.worklist.set_waiting(False)
        self.reading.refresh()
        self._select_first()
        self.reading.ask_in_background()
        if not self.library.studies:
            self.window.reading.viewer.show_empty(
                self.tr("Open a file or a folder of films, or drop them here."), self.tr("Open films")
            )

    def _select_first(self) -> None:
        worklist = self.window.reading.worklist
        if self.reading.position is None and worklist.shown_uids():
            shown = worklist.shown_uids()
            worklist.select(next((uid for uid in shown if self.library.row(uid).awaits_reader), shown[0]))

    def _on_import_progressed(self, found: int, failures: int) -> None:
        words = self.tr("{0} films found").format(found)
        if failures:
            words += self.tr(", {0} could not be read").format(failures)
        self.window.status.show_background(words)

    def _on_import_finished(self, imported: Imported) -> None:
        self.window.status.show_background("")
        if imported.failures:
            self.window.problems.add([Problem(path, sentence) for path, sentence in imported.failures])
            self.window.problems.show()
        self.learning.refresh_collected()

    def _on_study_selected(self, uid: str) -> None:
        self.window.reading.findings.finish_note()
        if self.reading.position is None or self.reading.position.study.study_instance_uid != uid:
            self.reading.open_study(uid)

    def _look_for_changes(self) -> None:
        """Notice what a command line or another reader wrote since the last look."""

        def done(seen: tuple[object, bool]) -> None:
            token, is_changed = seen
            is_first = self._store_token is None
            self._store_token = token
            if is_changed and not is_first:
                self.library.load(self.reading.refresh)
                self.learning.refresh_collected()
                self.learning.refresh_models()

        token: Any = self._store_token
        self.store_jobs.submit(lambda: self.workplace.store.changed_since(token), done, self._on_store_error)

    def _on_store_error(self, error: Exception) -> None:
        self._say_failed(str(error))

    # -- the film on the screen ------------------------------------------------------------------

    def _connect_reading(self) -> None:
        reading, page, status = self.reading, self.window.reading, self.window.status
        reading.position_changed.connect(self._on_position_changed)
        reading.film_waiting.connect(self._on_film_waiting)
        reading.film_ready.connect(self._on_film_ready)
        reading.film_failed.connect(self._on_film_failed)
        reading.findings_changed.connect(self._on_findings_changed)
        reading.heatmap_changed.connect(self._on_heatmap_changed)
        reading.heatmap_choices_changed.connect(page.evidence.set_findings)
        reading.looked.connect(status.set_device)
        reading.saved.connect(self._on_saved)
        reading.decided.connect(self._on_decided)
        reading.moved_to.connect(page.worklist.select)
        reading.failed.connect(self._say_failed)
        reading.remarked.connect(self._say)
        viewer, findings, evidence = page.viewer, page.findings, page.evidence
        viewer.scroll_requested.connect(reading.step)
        viewer.files_dropped.connect(self.open_paths)
        viewer.open_requested.connect(self.window.choose_files)
        page.strip.frame_chosen.connect(self._on_frame_chosen)
        page.strip.thumbnail_wanted.connect(self._make_strip_thumbnail)
        findings.accepted.connect(reading.accept)
        findings.answered.connect(reading.answer)
        findings.unsure.connect(reading.answer_unsure)
        findings.note_changed.connect(reading.write_note)
        findings.undo_requested.connect(reading.undo)
        findings.redo_requested.connect(reading.redo)
        findings.finding_selected.connect(self._on_finding_selected)
        evidence.finding_changed.connect(reading.select_finding)
        evidence.method_changed.connect(reading.set_method)
        evidence.shown_changed.connect(self._on_heatmap_switched)
        evidence.opacity_changed.connect(self._on_opacity_changed)

    def _on_position_changed(self, position: Position, is_other_series: bool) -> None:
        strip = self.window.reading.strip
        study = position.study
        if is_other_series or strip.count != sum(len(s.frames) for s in study.series):
            strip.set_study(study)
            strip.setVisible(strip.count > 1)
        strip.set_current(*position.key)
        strip.set_decided(self._decided_frames())
        self.window.reading.viewer.set_position(position.index, position.count)
        self.window.reading.worklist.select(study.study_instance_uid)

    def _decided_frames(self) -> list[FrameKey]:
        if self.reading.position is None:
            return []
        frames = [(h.sop_instance_uid, n) for s in self.reading.position.study.series for h, n in s.frames]
        return [key for key in frames if self.library.decision(key) is not None]

    def _on_film_waiting(self, header: Header) -> None:
        self.window.set_film_shown(False)
        self.window.reading.viewer.show_waiting(header)

    def _on_film_ready(self, image: Image, keep_view: bool) -> None:
        viewer = self.window.reading.viewer
        viewer.show_image(image, keep_view=keep_view)
        if self.reading.position is not None:
            viewer.set_position(self.reading.position.index, self.reading.position.count)
        self.window.set_film_shown(True)
        self.reading.set_maps_wanted(self.reading.maps_wanted)

    def _on_film_failed(self, sentence: str) -> None:
        self.window.set_film_shown(False)
        self.window.reading.viewer.show_problem(sentence)

    def _on_findings_changed(self, state: FindingsState) -> None:
        self.window.reading.findings.show_state(state)

    def _on_heatmap_changed(self, heatmap: Heatmap | None) -> None:
        page = self.window.reading
        title = ""
        if heatmap is not None and self.reading.position is not None:
            card = self.reading.model_for(self.reading.position.header_and_frame[0])
            title = card.display_of(heatmap.finding) if card else heatmap.finding
            page.findings.set_selected_finding(heatmap.finding)
        page.viewer.set_heatmap(heatmap, title)

    def _on_finding_selected(self, name: str) -> None:
        self._show_heatmaps(True)
        self.reading.select_finding(name)

    def _on_heatmap_switched(self, is_shown: bool) -> None:
        self._show_heatmaps(is_shown)

    def _show_heatmaps(self, is_shown: bool) -> None:
        """Switch heatmaps on or off, everywhere that says so, and remember it."""
        page = self.window.reading
        page.evidence.set_shown(is_shown)
        page.viewer.set_heatmap_visible(is_shown)
        self.reading.set_maps_wanted(is_shown)
        self._remember(heatmap_shown=is_shown)

    def _on_opacity_changed(self, opacity: float) -> None:
        self.window.reading.viewer.set_heatmap_opacity(opacity)
        self._remember(heatmap_opacity=opacity)

    def _remember(self, **changes: Any) -> None:
        from dataclasses import replace

        settings = replace(self.workplace.settings, **changes)
        if settings != self.workplace.settings:
            self.workplace.settings = settings
            workplace = self.workplace
            self.store_jobs.submit(lambda: workplace.change_settings(settings), None, self._on_store_error)

    def _on_saved(self, clock: str) -> None:
        self.window.status.set_saved(clock)
        self.window.reading.findings.saved(clock)

    def _on_decided(self, review: Review, go_on: bool) -> None:
        self.window.reading.strip.set_decided(self._decided_frames())
        self.learning.refresh_collected()
        header = self._header_of(review.sop_instance_uid)
        card = self.reading.model_for(header) if header is not None else None
        if card is not None:
            self.learning.adapt_soon(card)
        if go_on:
            self._go_on()

    def _header_of(self, sop_instance_uid: str) -> Header | None:
        study = self.library.study_of(sop_instance_uid)
        if study is None:
            return None
        headers = (h for s in study.series for h in s.headers)
        return next((h for h in headers if h.sop_instance_uid == sop_instance_uid), None)

    def _go_on(self) -> None:
        """To the next frame without an answer, in this study first, then in the worklist's order."""
        following = self.reading.next_unanswered_frame()
        if following is not None:
            self.reading.go_to(following)
            return
        position = self.reading.position
        uid = position.study.study_instance_uid if position else ""
        next_uid = self.window.reading.worklist.next_unread(uid)
        if next_uid is not None and next_uid != uid:
            self.window.reading.worklist.select(next_uid)
            self._on_study_selected(next_uid)
        else:
            self._say(self.tr("Everything in this list is read."))

    def _on_frame_chosen(self, uid: str, frame: int) -> None:
        position = self.reading.position
        if position is None:
            return
        for number, series in enumerate(position.study.series):
            for index, (header, n) in enumerate(series.frames):
                if header.sop_instance_uid == uid and n == frame:
                    self.window.reading.findings.finish_note()
                    self.reading.go_to(Position(position.study, number, index))
                    return

    def _make_strip_thumbnail(self, uid: str, frame: int) -> None:
        header = self._header_of(uid)
        if header is None:
            return

        def work() -> NDArray[np.uint8] | None:
            try:
                return thumbnail(read(header, frame))
            except StudyError:
                return None  # the film itself says what is wrong when it is opened

        def done(pixels: NDArray[np.uint8] | None) -> None:
            if pixels is not None:
                self.window.reading.strip.set_thumbnail(uid, frame, pixels)

        self._strip_jobs.submit(work, done)

    # -- learning ----------------------------------------------------------------------------------

    def _connect_learning(self) -> None:
        learning, panel, status = self.learning, self.window.training, self.window.status
        learning.models_changed.connect(self._on_models_changed)
        learning.collected.connect(self._on_collected)
        learning.run_started.connect(lambda: panel.training_started(""))
        learning.run_event.connect(panel.on_event)
        learning.run_event.connect(self._show_training_in_status)
        learning.run_stopped.connect(panel.show_stopped)
        learning.run_stopped.connect(lambda _: status.show_training(""))
        learning.run_resumable.connect(panel.show_resumable)
        learning.compared.connect(self._on_compared)
        learning.promoted.connect(self._on_promoted)
        learning.failed.connect(self._say_failed)
        panel.start_requested.connect(self._on_start_requested)
        panel.cancel_requested.connect(learning.cancel)
        panel.resume_requested.connect(learning.resume)
        panel.promote_requested.connect(self._on_promote_requested)
        panel.roll_back_requested.connect(learning.roll_back)
        panel.discard_requested.connect(self._on_discard_requested)
        panel.film_requested.connect(self._on_film_requested)
        status.training_requested.connect(lambda: self.window.show_page(1))
        status.cancel_requested.connect(self.library.stop_importing)

    def _on_models_changed(self, in_use: list[ModelCard], cards: list[ModelCard]) -> None:
        self._all_cards = cards
        self.library.set_models(in_use)
        self.reading.set_models(in_use)
        self.window.model_label.setText(
            self.tr("Model: {0}").format(", ".join(c.name or c.id for c in in_use))
        )
        used = {c.id for c in in_use}
        self.window.models.show_models(cards, used)
        panel = self.window.training
        panel.set_display_names({f.name: f.display for c in cards for f in c.findings})
        self._in_use = in_use
        self._offer_models()
        promoted = [c for c in in_use if not c.bundled]
        names = ", ".join(c.name or c.id for c in in_use)
        panel.set_model_in_use(names, "the model before" if promoted else "")
        self.library.rows_changed.emit(self.library.rows())
        self.reading.ask_in_background()
        self.learning.rescore()

    def _offer_models(self) -> None:
        """The models that can be tuned; once reviews are known, the most reviewed one is chosen."""
        if self._is_loaded:
            options = [ModelOption(c.id, c.name or c.id) for c in self._in_use]
            self.window.training.set_models(options, self._most_reviewed(self._in_use))

    def _most_reviewed(self, in_use: list[ModelCard]) -> str:
        """The model that covers most of what was decided: the one that a training would start from."""
        counts = dict.fromkeys((card.id for card in in_use), 0)
        for uid, _ in self.library.standing:
            header = self._header_of(uid)
            card = self.reading.model_for(header) if header is not None else None
            if card is not None and card.id in counts:
                counts[card.id] += 1
        return max(counts, key=lambda model_id: counts[model_id], default="")

    def _on_collected(self, collected: Collected) -> None:
        self.window.training.set_collected(collected)
        self.window.status.set_corrections(self.library.corrections())
        self.window.training.set_start_blocked(
            "" if collected.reviews else self.tr("There are no decisions to learn from yet.")
        )

    def _on_start_requested(self, choice: TrainingChoice) -> None:
        self.learning.start(choice.model_id, choice.depth, choice.epochs)

    def _on_compared(self, comparison: Comparison) -> None:
        self._candidate = comparison
        self.window.status.show_training("")
        display = {f.name: f.display for card in self._all_cards for f in card.findings}
        differing = []
        for film in comparison.differing:
            header = self._header_of(film["image"].rpartition(":")[0])
            differing.append(
                DifferingFilm(
                    film["image"],
                    (header.patient_name or Path(header.path).name) if header else film["image"],
                    display.get(film["truth"], film["truth"]),
                    display.get(film["current"], film["current"]),
                    display.get(film["candidate"], film["candidate"]),
                )
            )
        self.window.training.show_comparison(
            comparison.candidate or None,
            comparison.current,
            comparison.gate,
            model_id=comparison.model_id,
            differing=differing,
        )

    def _show_training_in_status(self, event: dict[str, Any]) -> None:
        """The status line says how far a training is; the training page says the rest."""
        if event["event"] == "epoch":
            left = max(float(event.get("remaining_s") or 0.0), 0.0)
            words = self.tr("training: epoch {0}/{1}, {2} left").format(
                event["epoch"], event["epochs"], duration_text(left)
            )
            self.window.status.show_training(words, int(event["epoch"]), int(event["epochs"]))
        elif event["event"] == "prepare":
            self.window.status.show_training(
                self.tr("training: reading films"), int(event["done"]), int(event["total"])
            )
        elif event["event"] == "plan":
            self.window.status.show_training(self.tr("training: starting"))
        else:
            self.window.status.show_training("")

    def _on_promote_requested(self, model_id: str, reason: str) -> None:
        verdict = str(self._candidate.gate.get("verdict", "")) if self._candidate else ""
        self.learning.promote(model_id, reason, verdict)

    def _on_promoted(self, model_id: str) -> None:
        self.window.training.show_promoted(self.tr("The candidate is in use from now on."))

    def _on_film_requested(self, image: str) -> None:
        """Show a film on which candidate and current model differ."""
        uid, _, frame = image.rpartition(":")
        self.window.show_page(0)
        self.reading.show_frame((uid, int(frame)))

    def _on_discard_requested(self, model_id: str) -> None:
        self.learning.mark_decided()
        self.window.training.hide_comparison()

    # -- the worker --------------------------------------------------------------------------------

    def _connect_worker(self) -> None:
        self.worker_event.connect(self._on_worker_event, Qt.ConnectionType.QueuedConnection)

    def _on_worker_event(self, event: WorkerEvent) -> None:
        if self._is_closed:
            return
        if isinstance(event, Looked):
            self.reading.on_look(event.request, event.look)
        elif isinstance(event, Failed):
            self.reading.on_look_failed(event.request, event.reason)
        elif isinstance(event, Ready):
            self.window.status.set_device(event.device, None)
            self.reading.set_worker_problem("")
            if self._is_worker_mourned:
                self._is_worker_mourned = False
                self._say(self.tr("The model's process is up again."))
        elif isinstance(event, Died):
            self._is_worker_mourned = True
            self._say(event.reason, "look-again")

    # -- keys and messages ---------------------------------------------------------------------------

    def _make_shortcuts(self) -> None:
        page, key = self.window.reading, Qt.Key
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
            (key.Key_Z, True, False): self.reading.undo,
            (key.Key_Y, True, False): self.reading.redo,
            (key.Key_Z, True, True): self.reading.redo,
            (key.Key_F, True, False): page.worklist.focus_search,
            (key.Key_F5, False, False): lambda: self.window.toggle_panel(page.worklist),
            (key.Key_F6, False, False): lambda: self.window.toggle_panel(page.strip),
            (key.Key_F7, False, False): lambda: self.window.toggle_panel(page.side),
            (key.Key_Slash, False, False): self._mark_read,
        }
        self.shortcuts = Shortcuts(
            self.window,
            keys,
            self._apply_preset,
            page.findings.correct_by_position,
            page.findings.accept,
            lambda: self.window.page == 0,
        )

    def _apply_preset(self, digit: int) -> None:
        """0: automatic; 1 and on: the windows that the film offers, in their order."""
        viewer = self.window.reading.viewer
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
        position = self.reading.position
        if position is None:
            return
        uid = position.study.study_instance_uid
        is_read = not self.library.is_study_read(uid)
        store, reader = self.workplace.store, self.workplace.settings.reader_name

        def done(_: Changes) -> None:
            self.library.set_study_read(uid, is_read)

        self.store_jobs.submit(
            lambda: store.mark_study_read(uid, reader, is_read), done, self._on_store_error
        )

    def _say(self, sentence: str, level: Level = "note") -> None:
        self.window.banner.show_message(sentence, level)
        self._remark_timer.stop()
        if level == "note":
            self._remark_timer.start()

    def _say_failed(self, sentence: str) -> None:
        self._say(sentence, "failed")

    def _on_page_changed(self, number: int) -> None:
        if number == 1:
            self.learning.refresh_collected()

    def close(self) -> None:
        """End jobs and the worker; a training goes on by itself."""
        if self._is_closed:
            return
        self._is_closed = True
        self.window.reading.findings.finish_note()
        self._store_timer.stop()
        self.learning.close()
        self.reading.close()
        self.library.close()
        self._strip_jobs.close(wait=False)
        self.store_jobs.close()
        self.client.stop()
