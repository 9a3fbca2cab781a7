"""The training and models pages at work: connected to what learns, with the status line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from app import locations
from app.fitting.messages import Scored
from app.gui.importing import ImportedModel, ModelImport
from app.gui.learning import Comparison, Learning
from app.gui.library import Library
from app.gui.reading import Reading
from app.gui.remarks import Remarks
from app.gui.window import Window
from inference.card import ModelCard
from inference.coverage import family
from reviews.record import Collected
from training.presets import is_waiting_candidate
from widgets.models_import import ImportChoice
from widgets.models_words import short_id
from widgets.numbers import duration_text
from widgets.training import DifferingFilm, ModelOption, TrainingChoice
from widgets.words import in_words


class LearningDesk(QObject):
    """Carries what happens on the two pages to the controllers, and what they tell back."""

    def __init__(
        self,
        window: Window,
        library: Library,
        reading: Reading,
        learning: Learning,
        remarks: Remarks,
        options: Sequence[str],
    ) -> None:
        """`options`: what names the workplace on a command line (`Workplace.options`)."""
        super().__init__(window)
        self._window = window
        self._library = library
        self._reading = reading
        self._learning = learning
        self._remarks = remarks
        self._is_loaded = False
        self._report = ""  # path of the page about the candidate that is shown
        self._architectures: tuple[str, ...] = ()
        self._in_use: list[ModelCard] = []
        self._all_cards: list[ModelCard] = []
        self._import = ModelImport(options, self)
        self._to_select = ""  # a model that was imported, once it is listed
        self._adapted: dict[str, int] = {}  # by model in use: the decisions its head was fitted to
        self._connect_learning()
        self._connect_models()
        window.page_changed.connect(self._on_page_changed)

    def on_library_loaded(self) -> None:
        """Reviews are known: say which model they are about, and look for a run that ended or was left."""
        self._is_loaded = True
        self.offer_models()
        self._learning.refresh_collected()
        self._learning.find_run()

    def _on_page_changed(self, number: int) -> None:
        if number == 1:
            looks = [p.elapsed_ms for p in self._library.predictions.values() if p.elapsed_ms > 0]
            if looks:
                self._window.training.set_pass_ms(median(looks))
            self._learning.refresh_collected()

    def _connect_learning(self) -> None:
        learning, panel, status = self._learning, self._window.training, self._window.status
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
        learning.failed.connect(self._remarks.say_failed)
        learning.adapting.scored.connect(self._on_adapted)
        learning.adapting.missing.connect(self._reading.look_again)
        self._reading.looked_again.connect(learning.adapting.fit_again)
        panel.adapted.candidate_requested.connect(learning.judge_adapted)
        panel.start_requested.connect(self._on_start_requested)
        panel.cancel_requested.connect(learning.cancel)
        panel.resume_requested.connect(learning.resume)
        panel.promote_requested.connect(self._on_promote_requested)
        panel.roll_back_requested.connect(learning.roll_back)
        panel.discard_requested.connect(self._on_discard_requested)
        panel.film_requested.connect(self._on_film_requested)
        panel.report_requested.connect(lambda: self._open_page(Path(self._report)))
        status.training_requested.connect(lambda: self._window.show_page(1))

    # -- the models page ---------------------------------------------------------------------------

    def _connect_models(self) -> None:
        models, learning = self._window.models, self._learning
        models.use_requested.connect(learning.use)
        models.tune_requested.connect(self._on_tune_requested)
        models.form.import_requested.connect(self._on_import_requested)
        models.form.cancel_requested.connect(self._import.cancel)
        self._import.imported.connect(self._on_imported)
        self._import.failed.connect(self._on_import_failed)
        learning.used.connect(self._on_used)
        models.evaluation_requested.connect(self._on_evaluation_requested)
        models.evaluation.measure_requested.connect(self._on_measure_requested)
        models.evaluation.cancel_requested.connect(learning.measuring.cancel)
        models.evaluation.report_requested.connect(self._on_report_requested)
        learning.measuring.measured.connect(lambda model_id: self._on_measured(model_id, ""))
        learning.measuring.failed.connect(self._on_measured)
        self._window.training.evaluation_requested.connect(self._on_evaluation_of_model_in_use)
        self._window.page_changed.connect(self._offer_architectures)

    def _offer_architectures(self, number: int) -> None:
        """Read the names that can be imported, when the page is first looked at."""
        if number == 2 and not self._architectures:
            self._architectures = tuple(locations.architectures().read_text(encoding="utf-8").split())
            self._window.models.form.offer_architectures(self._architectures)

    def _on_import_requested(self, choice: ImportChoice) -> None:
        self._window.models.form.set_running(True)
        self._import.start(choice)

    def _on_imported(self, imported: ImportedModel) -> None:
        form = self._window.models.form
        form.set_running(False)
        form.say("")
        self._to_select = imported.model_id
        self._learning.refresh_models()
        self._remarks.say(
            " ".join([self.tr("The model was imported."), *(_sentence(note) for note in imported.notes)]),
            "look-again" if imported.notes else "note",
        )

    def _on_import_failed(self, sentence: str) -> None:
        form = self._window.models.form
        form.set_running(False)
        form.say(sentence)

    def _on_tune_requested(self, model_id: str) -> None:
        self.offer_models()
        if not self._window.training.choose_model(model_id):
            self._remarks.say(
                self.tr("Nobody promoted this candidate; a training starts from the model in use."),
                "look-again",
            )
        self._window.show_page(1)

    # -- how good a model is here ------------------------------------------------------------------

    def _on_evaluation_of_model_in_use(self) -> None:
        """From the training page: the model that most of what was decided is about."""
        of_patients = [card for card in self._in_use if not card.covers.phantoms]
        model_id = self._most_reviewed(of_patients or self._in_use)
        if model_id:
            self._window.show_page(2)
            self._on_evaluation_requested(model_id)

    def _on_evaluation_requested(self, model_id: str) -> None:
        self._window.models.show_evaluation_of(model_id)
        self._show_evaluation(model_id)

    def _show_evaluation(self, model_id: str) -> None:
        """The last evaluation of a model, where its page is shown."""
        view, measuring = self._window.models.evaluation, self._learning.measuring
        card = self._card_of(model_id)
        if card is None or view.model_id != model_id:
            return
        view.set_running(measuring.running == model_id)
        kept = measuring.kept(card)
        if kept is not None:
            view.show_evaluation(*kept, {f.name: in_words(f.display) for f in card.findings})

    def _on_measure_requested(self, model_id: str) -> None:
        card, measuring = self._card_of(model_id), self._learning.measuring
        if card is None:
            return
        if measuring.running:
            self._window.models.evaluation.say(self.tr("Another model is being measured; wait for its end."))
            return
        self._window.models.evaluation.say("")
        measuring.start(card, self._in_use_instead_of(card))
        self._show_evaluation(model_id)

    def _on_measured(self, model_id: str, problem: str) -> None:
        self._show_evaluation(model_id)
        view = self._window.models.evaluation
        if view.model_id == model_id:
            view.say(problem)
        elif problem:
            self._remarks.say_failed(problem)

    def _on_report_requested(self, model_id: str) -> None:
        card = self._card_of(model_id)
        if card is not None:
            self._open_page(self._learning.measuring.page_of(card))

    def _open_page(self, page: Path) -> None:
        """Hand a page to whatever shows pages on this machine."""
        if not page.is_file():
            self._remarks.say_failed(self.tr("{0} is not there any more; measure again.").format(page))
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(page))):
            self._remarks.say_failed(self.tr("Nothing on this machine opens {0}.").format(page))

    def _in_use_instead_of(self, card: ModelCard) -> ModelCard | None:
        """The model in use for what a model is meant for, where that is another one that predicts."""
        current = next((used for used in self._in_use if family(used) == family(card)), None)
        is_another = current is not None and current.id != card.id
        return current if current is not None and is_another and current.head_trained else None

    def _card_of(self, model_id: str) -> ModelCard | None:
        return next((card for card in self._all_cards if card.id == model_id), None)

    def _on_used(self, name: str) -> None:
        self._remarks.say(self.tr("{0} suggests from now on.").format(name))

    def close(self) -> None:
        """End an import that is under way."""
        self._import.close()

    def _on_models_changed(self, in_use: list[ModelCard], cards: list[ModelCard]) -> None:
        self._all_cards = cards
        self._library.set_models(in_use)
        self._reading.set_models(in_use)
        self._window.model_label.setText(
            self.tr("Model: {0}").format(" · ".join(c.name or c.id for c in in_use))
        )
        used = {c.id for c in in_use}
        self._window.models.show_models(cards, used, self._learning.standings)
        if self._to_select and self._window.models.select(self._to_select):
            self._to_select = ""
            self._window.models.hide_form()
        panel = self._window.training
        panel.set_display_names({f.name: in_words(f.display) for c in cards for f in c.findings})
        self._in_use = in_use
        self.offer_models()
        names = " · ".join(c.name or c.id for c in in_use)  # a name may have a comma
        panel.set_model_in_use(names, self._learning.before, ids=used)
        self._library.refresh_rows()
        self._reading.ask_in_background()
        self._learning.rescore()

    def offer_models(self) -> None:
        """The models that can be tuned; once reviews are known, the most reviewed one is chosen."""
        if self._is_loaded:
            others = [c for c in self._all_cards if c.id not in {used.id for used in self._in_use}]
            offered = [
                c
                for c in (*self._in_use, *others)
                if c.format == "network" and not is_waiting_candidate(c, self._learning.ever_promoted)
            ]
            named = Counter(c.name for c in offered)
            options = [
                ModelOption(
                    c.id,
                    c.name if c.name and named[c.name] == 1 else f"{c.name} {short_id(c.id)}",
                    c.covers.modalities,
                    tuple(sorted(c.finding_names)),
                )
                for c in offered
            ]
            self._window.training.set_models(options, self._most_reviewed(self._in_use))

    def _most_reviewed(self, in_use: list[ModelCard]) -> str:
        """The model that covers most of what was decided: the one that a training would start from."""
        counts = dict.fromkeys((card.id for card in in_use), 0)
        for uid, _ in self._library.standing:
            header = self._library.header_of(uid)
            card = self._reading.model_for(header) if header is not None else None
            if card is not None and card.id in counts:
                counts[card.id] += 1
        return max(counts, key=lambda model_id: counts[model_id], default="")

    def _on_collected(self, collected: Collected) -> None:
        self._window.training.set_collected(collected)
        self._window.status.set_corrections(self._library.corrections())
        self._window.training.set_start_blocked(
            "" if collected.reviews else self.tr("There are no decisions to learn from yet.")
        )

    def _on_adapted(self, scored: Scored) -> None:
        """Offer to judge the head that was fitted to most decisions."""
        told = {**self._adapted, scored.model_id: scored.reviews}
        self._adapted = {card.id: told[card.id] for card in self._in_use if card.id in told}
        most = max(self._adapted, key=self._adapted.__getitem__, default="")
        self._window.training.adapted.set_fitted(most, self._adapted.get(most, 0))

    def _on_start_requested(self, choice: TrainingChoice) -> None:
        self._learning.start(choice.model_id, choice.depth, choice.epochs, settings=dict(choice.settings))

    def _on_compared(self, comparison: Comparison) -> None:
        self._window.status.show_training("")
        self._report = comparison.report
        display = {f.name: in_words(f.display) for card in self._all_cards for f in card.findings}
        differing = []
        for film in comparison.differing:
            uid, _, frame = film["image"].rpartition(":")
            if frame.isdecimal() and self._library.is_hidden((uid, int(frame))):
                continue  # somebody else answered it, and this reader has not
            header = self._library.header_of(uid)
            differing.append(
                DifferingFilm(
                    film["image"],
                    (header.patient_name or Path(header.path).name) if header else film["image"],
                    display.get(film["truth"], film["truth"]),
                    display.get(film["current"], film["current"]),
                    display.get(film["candidate"], film["candidate"]),
                )
            )
        self._window.training.show_comparison(
            comparison.candidate or None,
            comparison.current,
            comparison.gate,
            model_id=comparison.model_id,
            differing=differing,
            has_report=bool(comparison.report),
        )

    def _show_training_in_status(self, event: dict[str, Any]) -> None:
        """The status line says how far a training is; the training page says the rest."""
        if event["event"] == "epoch":
            left = max(float(event.get("remaining_s") or 0.0), 0.0)
            words = self.tr("training: epoch {0}/{1}, {2} left").format(
                event["epoch"], event["epochs"], duration_text(left)
            )
            self._window.status.show_training(words, int(event["epoch"]), int(event["epochs"]))
        elif event["event"] == "prepare":
            self._window.status.show_training(
                self.tr("training: reading films"), int(event["done"]), int(event["total"])
            )
        elif event["event"] == "plan":
            self._window.status.show_training(self.tr("training: starting"))
        else:
            self._window.status.show_training("")

    def _on_promote_requested(self, model_id: str, reason: str) -> None:
        self._learning.promote(model_id, reason)

    def _on_promoted(self, model_id: str) -> None:
        words = self.tr("The candidate is in use from now on; Roll back, at the lower left, undoes it.")
        self._window.training.show_promoted(words)

    def _on_film_requested(self, image: str) -> None:
        """Show a film on which candidate and current model differ."""
        uid, _, frame = image.rpartition(":")
        self._window.show_page(0)
        self._reading.show_frame((uid, int(frame)))

    def _on_discard_requested(self, model_id: str) -> None:
        self._learning.mark_decided()
        self._window.training.hide_comparison()


def _sentence(note: str) -> str:
    """A note of the command line as a sentence."""
    said = note[:1].upper() + note[1:]
    return said if said.endswith(".") else f"{said}."
