"""The reading page at work: worklist, film, findings and evidence, connected to their controllers."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from app.gui.evidence import Evidence
from app.gui.intake import Imported
from app.gui.jobs import Jobs
from app.gui.learning import Learning
from app.gui.library import FrameKey, Library
from app.gui.reading import Position, Reading
from app.gui.remarks import Remarks
from app.gui.window import Window
from app.workplace import Workplace
from inference.overlay import HeatmapStyle
from inference.prediction import Heatmap
from reviews.likeness import Alike
from reviews.record import Review
from studies.image import Header, Image
from studies.reader_pool import ReaderPool
from widgets.blind_words import copies_text, copy_text
from widgets.evidence_methods import LONG_METHODS, all_methods
from widgets.findings import FindingsState
from widgets.messages import Problem
from widgets.numbers import counted, grouped
from widgets.words import in_words

COPIES_MS = 500  # films that turn out to be copies within this time are told of together


class ReadingDesk(QObject):
    """Carries what happens in the page's panels to the controllers, and what they tell back."""

    def __init__(
        self,
        workplace: Workplace,
        window: Window,
        library: Library,
        reading: Reading,
        learning: Learning,
        store_jobs: Jobs,
        remarks: Remarks,
        readers: ReaderPool,
    ) -> None:
        super().__init__(window)
        self._readers = readers
        self._workplace = workplace
        self._window = window
        self._library = library
        self._reading = reading
        self._learning = learning
        self._store_jobs = store_jobs
        self._remarks = remarks
        self._strip_jobs = Jobs("strip", 1, self)
        self._copies: list[Alike] = []  # to be told of
        self._saying_copies = QTimer(self, singleShot=True, interval=COPIES_MS)
        self._saying_copies.timeout.connect(self._say_copies)
        self._connect_library()
        self._connect_reading()
        self._show_settings()

    def _show_settings(self) -> None:
        page, settings = self._window.reading, self._workplace.settings
        quick = [method for method in all_methods() if not method.is_long]
        known = settings.heatmap_method if settings.heatmap_method in {m.name for m in quick} else "gradcam"
        page.evidence.set_methods(all_methods(), known)
        self._reading.set_method(known)
        page.evidence.set_style(settings.heatmap_style)
        page.evidence.set_expanded(settings.evidence_expanded)
        self._show_style(settings.heatmap_style)
        self.show_heatmaps(settings.heatmap_shown)

    def close(self) -> None:
        self._window.reading.findings.finish_note()
        self._strip_jobs.close(wait=False)

    def _on_store_error(self, error: Exception) -> None:
        self._remarks.say_failed(str(error))

    # -- library and worklist ------------------------------------------------------------------

    def _connect_library(self) -> None:
        worklist = self._window.reading.worklist
        self._library.studies_added.connect(self._on_studies_added)
        self._library.rows_changed.connect(worklist.update_rows)
        self._library.rows_scored.connect(worklist.score_rows)
        self._library.import_progressed.connect(self._on_import_progressed)
        self._library.import_finished.connect(self._on_import_finished)
        self._library.failed.connect(self._remarks.say_failed)
        self._library.copies_found.connect(self._on_copies_found)
        self._library.adapted_changed.connect(self._reading.refresh)
        worklist.study_selected.connect(self._on_study_selected)
        worklist.search_entered.connect(self._window.focus_film)
        worklist.open_requested.connect(self._window.choose_files)
        worklist.thumbnails_wanted.connect(self._library.want_thumbnails)
        self._window.status.cancel_requested.connect(self._library.stop_importing)

    def open_paths(self, paths: list[Path]) -> None:
        """Add what was dropped or picked to the worklist."""
        self._window.show_page(0)
        self._window.status.show_background(self.tr("Looking for films"))
        self._library.import_paths(paths)

    def _on_studies_added(self, uids: list[str]) -> None:
        worklist, position = self._window.reading.worklist, self._reading.position
        self._reading.ask_in_background(uids)
        worklist.update_rows([self._library.row(uid) for uid in uids])
        if position is not None and position.study.study_instance_uid in uids:
            self._reading.refresh()
        self.select_first()

    def select_first(self) -> None:
        """Open the first study to read where none is open; say what to do where there is none at all."""
        if not self._library.studies:
            self._window.reading.viewer.show_empty(
                self.tr("Open a file or a folder of films, or drop them here."), self.tr("Open films")
            )
        worklist = self._window.reading.worklist
        first = worklist.first_to_read() if self._reading.position is None else None
        if first is not None:
            worklist.select(first)

    def _on_import_progressed(self, found: int, failures: int) -> None:
        words = counted(found, self.tr("1 film found"), self.tr("{0} films found"))
        if failures:
            words = self.tr("{0}, {1} could not be read").format(words, grouped(failures))
        self._window.status.show_background(words)

    def _on_import_finished(self, imported: Imported) -> None:
        self._window.status.show_background("")
        if imported.failures:
            self._window.problems.add([Problem(path, sentence) for path, sentence in imported.failures])
            self._window.problems.show()
        if imported.nameless:
            self._remarks.say(
                counted(
                    imported.nameless,
                    self.tr("1 film has no patient identifier: it counts as a patient of its own."),
                    self.tr("{0} films have no patient identifier: each counts as a patient of its own."),
                )
            )
        self._learning.refresh_collected()

    def _on_copies_found(self, pairs: tuple[Alike, ...], is_moved: bool) -> None:
        """Say which films turned out to be copies, where they belong to another part for it."""
        if is_moved:
            self._copies += pairs
            self._saying_copies.start()
            self._reading.refresh()

    def _say_copies(self) -> None:
        copies, self._copies = self._copies, []
        one = copies[0]
        if len(copies) == 1:
            self._remarks.say(copy_text(self._name_of(one.key), self._name_of(one.other), one.part))
        else:
            self._remarks.say(copies_text(len(copies)))

    def _name_of(self, key: FrameKey) -> str:
        header = self._library.header_of(key[0])
        return key[0] if header is None else Path(header.path).name

    def _on_study_selected(self, uid: str) -> None:
        self._window.reading.findings.finish_note()
        if self._reading.position is None or self._reading.position.study.study_instance_uid != uid:
            self._reading.open_study(uid)

    # -- the film on the screen ------------------------------------------------------------------

    def _connect_reading(self) -> None:
        reading, page, status = self._reading, self._window.reading, self._window.status
        reading.position_changed.connect(self._on_position_changed)
        reading.film_waiting.connect(self._on_film_waiting)
        reading.film_ready.connect(self._on_film_ready)
        reading.film_failed.connect(self._on_film_failed)
        reading.findings_changed.connect(self._on_findings_changed)
        reading.heatmap_changed.connect(self._on_heatmap_changed)
        reading.heatmap_choices_changed.connect(page.evidence.set_findings)
        reading.evidence_changed.connect(self._on_evidence_changed)
        reading.looked.connect(status.set_device)
        reading.saved.connect(self._on_saved)
        reading.decided.connect(self._on_decided)
        reading.went_on.connect(self._go_on)
        reading.moved_to.connect(page.worklist.select)
        reading.failed.connect(self._remarks.say_failed)
        reading.remarked.connect(self._remarks.say)
        viewer, findings, evidence = page.viewer, page.findings, page.evidence
        viewer.scroll_requested.connect(reading.step)
        viewer.files_dropped.connect(self.open_paths)
        viewer.open_requested.connect(self._window.choose_files)
        page.strip.frame_chosen.connect(self._on_frame_chosen)
        page.strip.thumbnail_wanted.connect(self._make_strip_thumbnail)
        findings.accepted.connect(reading.accept)
        findings.answered.connect(reading.answer)
        findings.unsure.connect(reading.answer_unsure)
        findings.note_changed.connect(reading.write_note)
        findings.undo_requested.connect(reading.undo)
        findings.redo_requested.connect(reading.redo)
        findings.finding_selected.connect(self._on_finding_selected)
        findings.agreement_wanted.connect(reading.check_agreement)
        findings.set_agreement_offered(True)
        findings.finding_wanted.connect(reading.add_finding)
        findings.finding_taken_away.connect(reading.take_finding_away)
        reading.added.refused.connect(self._on_finding_refused)
        reading.added.added.connect(self._on_finding_added)
        reading.added.changed.connect(lambda: findings.adder.set_known(reading.known_findings()))
        evidence.finding_changed.connect(reading.select_finding)
        evidence.method_changed.connect(self._on_method_changed)
        evidence.cancel_requested.connect(reading.cancel_explanation)
        evidence.spread_toggled.connect(reading.show_spread)
        evidence.shown_changed.connect(self._on_heatmap_switched)
        evidence.style_changed.connect(self._on_style_changed)
        evidence.expanded_changed.connect(lambda is_open: self._remember(evidence_expanded=is_open))

    def _on_position_changed(self, position: Position, is_other_series: bool) -> None:
        strip = self._window.reading.strip
        study = position.study
        if is_other_series or strip.count != sum(len(s.frames) for s in study.series):
            strip.set_study(study)
            self._window.reading.show_strip()
        strip.set_current(*position.key)
        strip.set_decided(self._decided_frames())
        self._window.reading.viewer.set_position(position.index, position.count)
        self._window.reading.findings.adder.set_known(self._reading.known_findings())
        self._window.reading.worklist.select(study.study_instance_uid)

    def _decided_frames(self) -> list[FrameKey]:
        if self._reading.position is None:
            return []
        frames = [(h.sop_instance_uid, n) for s in self._reading.position.study.series for h, n in s.frames]
        return [key for key in frames if self._library.decision(key) is not None]

    def _on_film_waiting(self, header: Header) -> None:
        self._window.set_film_shown(False)
        self._window.reading.viewer.show_waiting(header)

    def _on_film_ready(self, image: Image, keep_view: bool) -> None:
        viewer = self._window.reading.viewer
        viewer.show_image(image, keep_view=keep_view)
        if self._reading.position is not None:
            viewer.set_position(self._reading.position.index, self._reading.position.count)
        self._window.set_film_shown(True)
        self._reading.set_maps_wanted(self._reading.maps_wanted)

    def _on_film_failed(self, sentence: str) -> None:
        self._window.set_film_shown(False)
        self._window.reading.viewer.show_problem(sentence)

    def _on_findings_changed(self, state: FindingsState) -> None:
        self._window.reading.findings.show_state(state)

    def _on_heatmap_changed(self, heatmap: Heatmap | None) -> None:
        page = self._window.reading
        title = ""
        if heatmap is not None and self._reading.position is not None:
            card = self._reading.model_for(self._reading.position.header_and_frame[0])
            title = in_words(card.display_of(heatmap.finding)) if card else heatmap.finding
            page.findings.set_selected_finding(heatmap.finding)
        page.viewer.set_heatmap(heatmap, title)

    def _on_evidence_changed(self, evidence: Evidence) -> None:
        """Tell beside the controls what is known of the evidence, and what is under way."""
        panel, heatmap = self._window.reading.evidence, evidence.heatmap
        cells = None if heatmap is None else (heatmap.grid.shape[0], heatmap.grid.shape[1])
        is_networks = evidence.method not in LONG_METHODS
        panel.set_methods([m for m in all_methods() if m.name in evidence.methods], evidence.method or None)
        if evidence.under_way is None:
            panel.end_progress()
        else:
            panel.show_progress(
                evidence.under_way.done, evidence.under_way.total, evidence.under_way.remaining_s
            )
        panel.set_grid(cells, is_networks)
        panel.set_in_lungs(None if heatmap is None else heatmap.lung_share)
        panel.set_spread(_spread_at_peak(heatmap))
        panel.set_notes(evidence.why_no_maps if heatmap is None and evidence.under_way is None else "")
        panel.set_warning(" ".join(in_words(warning) for warning in evidence.warnings))

    def _on_finding_added(self, _: str) -> None:
        self._window.reading.findings.adder.close_field()
        self._window.focus_film()

    def _on_finding_refused(self, sentence: str) -> None:
        adder = self._window.reading.findings.adder
        if adder.is_open:
            adder.refuse(sentence)
        else:
            self._remarks.say_failed(sentence)

    def _on_finding_selected(self, name: str) -> None:
        self.show_heatmaps(True)
        self._reading.select_finding(name)

    def _on_heatmap_switched(self, is_shown: bool) -> None:
        self.show_heatmaps(is_shown)

    def show_heatmaps(self, is_shown: bool) -> None:
        """Switch heatmaps on or off, everywhere that says so, and remember it."""
        page = self._window.reading
        page.evidence.set_shown(is_shown)
        page.viewer.set_heatmap_visible(is_shown)
        self._reading.set_maps_wanted(is_shown)
        self._remember(heatmap_shown=is_shown)

    def _on_method_changed(self, method: str) -> None:
        self._reading.choose_method(method)
        if method not in LONG_METHODS:  # which are about one film
            self._remember(heatmap_method=method)

    def _on_style_changed(self, style: HeatmapStyle) -> None:
        self._show_style(style)
        self._remember(
            heatmap_mode=style.mode,
            heatmap_opacity=style.opacity,
            heatmap_threshold=style.threshold,
            heatmap_colour_map=style.colour_map,
        )

    def _show_style(self, style: HeatmapStyle) -> None:
        """The look is one for all views: maps that stand side by side are compared."""
        for viewer in self._window.reading.grid.viewers:
            viewer.set_heatmap_style(style)

    def _remember(self, **changes: Any) -> None:
        settings = replace(self._workplace.settings, **changes)
        if settings != self._workplace.settings:
            self._workplace.settings = settings
            self._store_jobs.submit(self._workplace.keep_settings, None, self._on_store_error)

    def _on_saved(self, clock: str) -> None:
        self._window.status.set_saved(clock)
        self._window.reading.findings.saved(clock)

    def _on_decided(self, review: Review, go_on: bool) -> None:
        self._window.reading.strip.set_decided(self._decided_frames())
        self._learning.refresh_collected()
        header = self._library.header_of(review.sop_instance_uid)
        card = self._reading.model_for(header) if header is not None else None
        if card is not None:
            self._learning.adapt_soon(card)
        if go_on:
            self._go_on()

    def _go_on(self) -> None:
        """To the next frame without an answer, in this study first, then in the worklist's order."""
        following = self._reading.next_unanswered_frame()
        if following is not None:
            self._reading.go_to(following)
            return
        position = self._reading.position
        uid = position.study.study_instance_uid if position else ""
        next_uid = self._window.reading.worklist.next_unread(uid)
        if next_uid is not None and next_uid != uid:
            self._window.reading.worklist.select(next_uid)
            self._on_study_selected(next_uid)
        else:
            self._remarks.say(self.tr("Everything in this list is read."))

    def _on_frame_chosen(self, uid: str, frame: int) -> None:
        position = self._reading.position
        if position is None:
            return
        for number, series in enumerate(position.study.series):
            for index, (header, n) in enumerate(series.frames):
                if header.sop_instance_uid == uid and n == frame:
                    self._window.reading.findings.finish_note()
                    self._reading.go_to(Position(position.study, number, index))
                    return

    def _make_strip_thumbnail(self, uid: str, frame: int) -> None:
        header = self._library.header_of(uid)
        if header is None:
            return

        def tell(made: Future[NDArray[np.uint8]]) -> None:
            if (
                not made.cancelled() and made.exception() is None
            ):  # the film says itself what is wrong with it
                pixels = made.result()
                self._strip_jobs.deliver(lambda: self._window.reading.strip.set_thumbnail(uid, frame, pixels))

        self._readers.thumbnail(header, frame).add_done_callback(tell)


def _spread_at_peak(heatmap: Heatmap | None) -> float | None:
    """Standard deviation over runs where the evidence is strongest, as a share of the peak."""
    if heatmap is None or heatmap.spread is None or heatmap.peak <= 0:
        return None
    return float(heatmap.spread.flat[int(heatmap.grid.argmax())]) / heatmap.peak
