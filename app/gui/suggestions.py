"""What the models say: which one answers for an image, what it was asked, and where it looked.

The controller knows frames, and not which of them is on the screen: an answer is kept by the library,
and `answered` tells for which frame it was.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from app.gui.evidence import Evidence, operating_point
from app.gui.explaining import Explaining
from app.gui.film_cache import FrameKey
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.gui.slices import Slices
from app.gui.study_row import is_unfamiliar, reason_without_model
from app.workplace import Workplace
from inference.card import ModelCard
from inference.client import InferenceClient
from inference.coverage import reason_not_covered
from inference.lung_mask import LungMask
from inference.methods import FOR_ANY_MODEL
from inference.prediction import Heatmap, Look
from reviews.errors import StoreError
from reviews.likeness import Joined
from studies.image import Header
from widgets.blind_words import again_text, hidden_evidence_text, hidden_text, unfinished_text
from widgets.evidence_methods import all_methods
from widgets.findings import FindingRow, FindingsState
from widgets.words import in_words

HEATMAPS_KEPT = 200
LUNGS_KEPT = 500
WITHOUT_FEATURES = ("occlusion", "integrated-gradients", "lime")
ASKED_AHEAD = 16
STUDIES_A_STEP = 50


@dataclass(frozen=True, slots=True)
class _Question:
    """What the worker was asked: about which frame, with which model and method."""

    key: FrameKey
    model: str
    method: str
    urgent: bool
    with_maps: bool = False
    agreement: bool = False
    failed_with_maps: str = ""  # it is asked again without, because of this


class Suggestions(QObject):
    """Questions to the worker and its answers. Lives on the GUI thread."""

    answered = Signal(object, object)  # FrameKey, Prediction | None where the model failed
    looked_again = Signal()  # at every frame that `look_again` asked for, and the store has it
    explained = Signal(object)  # FrameKey: an explanation of it began, goes on or ended
    failed = Signal(str)  # a sentence

    def __init__(
        self,
        workplace: Workplace,
        library: Library,
        client: InferenceClient,
        store_jobs: Jobs,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._library = library
        self._client = client
        self._store_jobs = store_jobs
        self._heatmaps: OrderedDict[tuple[FrameKey, str, str], tuple[Heatmap, ...]] = OrderedDict()
        self._asked: dict[int, _Question] = {}  # by number of request
        self._backlog: OrderedDict[FrameKey, Header] = OrderedDict()  # to be asked about, the first first
        self._comparing: set[FrameKey] = set()  # looked at, and not yet known to be copies or not
        self._again: set[FrameKey] = set()  # frames whose prediction is known, and whose embedding is not
        self._slices = Slices(self)
        self._models: list[ModelCard] = []
        self._lungs: OrderedDict[FrameKey, LungMask | None] = OrderedDict()
        self._without_maps: dict[str, str] = {}  # model: why it shows none
        self.explaining = Explaining(client, self)
        self.explaining.changed.connect(self.explained)
        self.explaining.failed.connect(self.failed)
        self.worker_problem = ""  # why no answer is to be expected of the worker
        self.method = "gradcam"

    def set_models(self, models: list[ModelCard]) -> None:
        """The models in use; heatmaps of others are forgotten, and so is what they were asked.

        `ask_in_background` has to be called after it.
        """
        self._models = models
        ids = {m.id for m in models}
        if any(asked.model not in ids for asked in self._asked.values()):
            self._client.forget_background()
            self._asked = {r: asked for r, asked in self._asked.items() if asked.urgent}
            self._forget(lambda asked: asked.model not in ids)
        for key in [k for k in self._heatmaps if k[1] not in ids]:
            del self._heatmaps[key]
        self.explaining.set_models(ids)

    def model_for(self, header: Header) -> ModelCard | None:
        return next((m for m in self._models if reason_not_covered(m, header) is None), None)

    # -- asking ----------------------------------------------------------------------------------

    def ask_about(self, header: Header, frame: int, with_maps: bool, with_lungs: bool = False) -> None:
        """Ask for what is not known yet of the frame on the screen, before everything else."""
        model = self.model_for(header)
        key = (header.sop_instance_uid, frame)
        if model is None:
            return
        can_explain = not self._why_no_maps(model)
        has_maps = not can_explain or (key, model.id, self.method) in self._heatmaps
        is_enough = (has_maps or not with_maps) and (key in self._lungs or not with_lungs)
        is_known = key in self._comparing or key in self._library.predictions
        if is_known and is_enough:
            return
        question = _Question(key, model.id, self.method, True, can_explain)
        if question in self._asked.values():
            return
        self._forget(lambda asked: asked.urgent)  # the latest question wins
        self._ask(header, question, model)

    def check_agreement(self, header: Header, frame: int) -> None:
        """Ask whether slightly altered copies of a frame give the same suggestion."""
        model = self.model_for(header)
        key = (header.sop_instance_uid, frame)
        if model is not None and not self.is_checking(key) and not self._library.is_hidden(key):
            self._ask(header, _Question(key, model.id, self.method, True, agreement=True), model)

    def is_checking(self, key: FrameKey) -> bool:
        """Whether the agreement for a frame is being found out."""
        return any(asked.agreement and asked.key == key for asked in self._asked.values())

    def ask_in_background(self, study_uids: Sequence[str] | None = None) -> None:
        """Ask for a suggestion for every frame of some studies that has none yet, or of the whole worklist.

        The frame on the screen too: its urgent question is forgotten when the reader goes on. A whole
        worklist is gone through in slices, and the rows of its studies are told that they wait.
        """
        if study_uids is None:
            self._slices.run(self._queue_up(list(self._library.studies), is_told=True))
        else:
            for _ in self._queue_up(study_uids, is_told=False):
                pass

    def look_again(self, keys: Iterable[FrameKey]) -> None:
        """Ask about frames whose prediction is known, too: what the network saw of them is gone."""
        for key in keys:
            header = self._library.header_of(key[0])
            if header is not None and self.model_for(header) is not None:
                self._again.add(key)
                self._backlog[key] = header
        self._ask_next()

    def _end_again(self, key: FrameKey) -> None:
        """One frame less to look at again; what was seen is in the store once its thread has come to it."""
        if key in self._again:
            self._again.discard(key)
            if not self._again:
                self._store_jobs.submit(lambda: None, lambda _: self.looked_again.emit())

    def _queue_up(self, study_uids: Sequence[str], is_told: bool) -> Iterator[None]:
        """Put the frames of studies that nothing is known of into the backlog, some studies a step."""
        for first in range(0, len(study_uids), STUDIES_A_STEP):
            asked = {asked.key for asked in self._asked.values() if not asked.urgent}
            library, added = self._library, []
            for uid in study_uids[first : first + STUDIES_A_STEP]:
                for series in library.studies[uid].series:
                    if self.model_for(series.headers[0]) is None:
                        continue
                    for header, frame in series.frames:
                        key = (header.sop_instance_uid, frame)
                        known = (asked, self._comparing, self._backlog, library.predictions, library.failures)
                        if not any(key in some for some in known):
                            self._backlog[key] = header
                            added.append(key)
            library.set_waiting(added, is_told=is_told)
            self._ask_next()
            yield

    def _ask_next(self) -> None:
        """Keep a few questions with the client; a worklist's worth of them would only lie there."""
        asked = sum(not asked.urgent for asked in self._asked.values())
        while self._backlog and asked < ASKED_AHEAD:
            key, header = self._backlog.popitem(last=False)
            model = self.model_for(header)
            if model is None:  # it went out of use
                self._library.waiting.discard(key)
                continue
            self._ask(header, _Question(key, model.id, self.method, False), model)
            asked += 1

    def _ask(self, header: Header, question: _Question, model: ModelCard) -> None:
        head = self._workplace.adapted_head_path(model)
        request = self._client.ask(
            header,
            question.key[1],
            model.id,
            maps=model.finding_names if question.with_maps else (),
            method=question.method,
            adapted_head=head if head.exists() else None,
            urgent=question.urgent,
            agreement=question.agreement,
        )
        self._asked[request] = question

    def _forget(self, is_unwanted: Callable[[_Question], bool]) -> None:
        """Nobody wants the answers to these questions any more."""
        for request in [r for r, asked in self._asked.items() if is_unwanted(asked)]:
            self._client.forget(request)
            del self._asked[request]

    # -- answers ---------------------------------------------------------------------------------

    def on_look(self, request: int, look: Look) -> None:
        """The worker's answer to a request."""
        if self.explaining.on_look(request, look):
            return
        asked = self._asked.pop(request, None)
        if asked is None:
            return
        key, method = asked.key, asked.method
        if asked.failed_with_maps:
            self._without_maps[asked.model] = asked.failed_with_maps
        self._keep_lungs(key, look.lungs)
        self._keep_heatmaps((key, look.prediction.model, method), look.heatmaps)
        self._backlog.pop(key, None)
        self._forget(lambda other: other.key == key and not other.urgent)
        self._ask_next()
        self._remember(look, key)

    def _remember(self, look: Look, key: FrameKey) -> None:
        """Keep what a look gave and tell it; a new film may be a copy: that is found out first."""
        prediction, likeness = look.prediction, look.likeness

        def remember() -> Joined:
            return self._workplace.store.remember_look(prediction, likeness)

        if likeness is None or key in self._library.predictions:
            self._store_jobs.submit(remember, self._library.take_joined)
            self._tell(look, key)
            return

        def compared(joined: Joined) -> None:
            self._library.take_joined(joined)
            self._tell(look, key)

        def not_kept(error: Exception) -> None:
            self._tell(look, key)  # a film is read all the same where nothing can be written
            if not isinstance(error, StoreError):
                raise error
            self.failed.emit(str(error))

        self._comparing.add(key)
        self._store_jobs.submit(remember, compared, not_kept)

    def _tell(self, look: Look, key: FrameKey) -> None:
        """Tell what the worker saw of a frame, as far as the reader may know it."""
        self._comparing.discard(key)
        self._library.set_prediction(look.prediction, look.adapted)
        self._end_again(key)
        self.answered.emit(key, look.prediction)

    def _keep_heatmaps(self, place: tuple[FrameKey, str, str], heatmaps: tuple[Heatmap, ...]) -> None:
        if heatmaps:
            self._heatmaps[place] = heatmaps
            while len(self._heatmaps) > HEATMAPS_KEPT:
                self._heatmaps.popitem(last=False)

    def _keep_lungs(self, key: FrameKey, lungs: LungMask | None) -> None:
        self._lungs[key] = lungs
        while len(self._lungs) > LUNGS_KEPT:
            self._lungs.popitem(last=False)

    def on_look_failed(self, request: int, reason: str) -> None:
        if self.explaining.on_failed(request, reason):
            return
        asked = self._asked.pop(request, None)
        if asked is None:
            return
        key = asked.key
        header, model = self._library.header_of(key[0]), self._library.card_of(asked.model)
        if asked.with_maps and header is not None and model is not None:
            # A model that cannot be explained still predicts: the maps must not cost the suggestion.
            self._ask(header, replace(asked, with_maps=False, failed_with_maps=reason), model)
            return
        if asked.agreement:
            self.failed.emit(reason)
            self.answered.emit(key, self._library.predictions.get(key))
            return
        self._backlog.pop(key, None)
        self._forget(lambda other: other.key == key and not other.urgent)
        self._ask_next()
        self._library.set_failure(key, reason)
        self._end_again(key)
        self.answered.emit(key, None)

    # -- what is known of a frame ----------------------------------------------------------------

    def findings_state(self, header: Header, frame: int) -> FindingsState:
        """What the findings panel shows of a frame before the reader decides."""
        key = (header.sop_instance_uid, frame)
        model = self.model_for(header)
        prediction = self._library.told(key)
        if model is not None and self._library.is_hidden(key):
            return self._hidden_state(key, model)
        reason = self._reason_for_none(header, key)
        return FindingsState(
            findings=self._rows(key, model) if model else (),
            task=model.task if model else "multiclass",
            suggestion=prediction.suggestion if prediction else None,
            is_unfamiliar=prediction is not None and is_unfamiliar(prediction),
            agreement=prediction.agreement if prediction else None,
            is_checking=self.is_checking(key),
            reason_no_suggestion=reason,
            waiting=model is not None and prediction is None and not reason,
            image_key=f"{key[0]}:{key[1]}",
        )

    def _hidden_state(self, key: FrameKey, model: ModelCard) -> FindingsState:
        """A frame of which the reader is told nothing yet: the findings to answer, and why nothing else."""
        is_begun = self._library.blinds.is_held(key)
        why = again_text() if key in self._library.second_reads else hidden_text()
        return FindingsState(
            findings=self._rows(key, model),
            task=model.task,
            reason_no_suggestion=unfinished_text() if is_begun else why,
            image_key=f"{key[0]}:{key[1]}",
            is_hidden=True,
            is_begun=is_begun,
        )

    def _rows(self, key: FrameKey, model: ModelCard) -> tuple[FindingRow, ...]:
        prediction = self._library.told(key)
        adapted = self._library.told_adapted(key)
        return tuple(
            FindingRow(
                name=f.name,
                display=in_words(f.display),
                probability=prediction.probability_of(f.name) if prediction else None,
                adapted=adapted.probability_of(f.name) if adapted else None,
                operating_point=operating_point(model, f.name),
            )
            for f in model.findings
        )

    def _reason_for_none(self, header: Header, key: FrameKey) -> str:
        """Why a frame has no suggestion; empty when it has one, or will have."""
        if self.model_for(header) is None:
            return reason_without_model(self._models, header)
        prediction = self._library.told(key)
        if prediction is None:
            return self._library.failures.get(key, "") or self.worker_problem
        if prediction.suggestion is None:
            return " ".join(prediction.warnings)
        return ""

    def evidence(self, header: Header, frame: int, chosen: str | None) -> Evidence:
        """Where the model looked on a frame: of the reader's choice, else of the suggestion."""
        model = self.model_for(header)
        if model is None:
            return Evidence()
        key = (header.sop_instance_uid, frame)
        is_hidden = self._library.is_hidden(key)
        is_untold = is_hidden or key in self._comparing
        prediction = self._library.told(key)
        suggestion = prediction.suggestion if prediction else None
        if chosen is not None and chosen in model.finding_names:
            selected = chosen
        else:
            selected = suggestion or model.finding_names[0]
        method = self.method_of(key, model)
        maps = self.explaining.heatmaps(key, model.id, method) or self._heatmaps.get(
            (key, model.id, method), ()
        )
        return Evidence(
            choices=tuple((f.name, in_words(f.display)) for f in model.findings),
            selected=selected,
            heatmap=None if is_untold else next((m for m in maps if m.finding == selected), None),
            methods=self.methods_for(model),
            method=method,
            under_way=None if is_hidden else self.explaining.under_way(key),
            why_no_maps=hidden_evidence_text() if is_hidden else self._why_no_maps(model),
            warnings=prediction.warnings if prediction and suggestion else (),
        )

    def method_of(self, key: FrameKey, model: ModelCard) -> str:
        """The method in force for a frame: the one chosen for it, else that of all frames."""
        return self.explaining.chosen(key, model.id) or ("" if self._why_no_maps(model) else self.method)

    def methods_for(self, model: ModelCard) -> tuple[str, ...]:
        """Machine names of the methods that work with a model."""
        if model.format == "onnx":
            return FOR_ANY_MODEL
        if self._why_no_maps(model):
            return WITHOUT_FEATURES
        return tuple(method.name for method in all_methods())

    def _why_no_maps(self, model: ModelCard) -> str:
        """Why a model shows nothing by itself, in a sentence; empty where it does."""
        if model.format == "onnx":
            return self.tr(
                "An ONNX model gives answers and no features: only what looks from outside can explain it."
            )
        return in_words(self._without_maps.get(model.id, ""))

    def lungs(self, key: FrameKey) -> LungMask | None:
        """Where the lungs of a frame are, as far as that is known and can be believed."""
        mask = self._lungs.get(key)
        return mask if mask is not None and mask.is_plausible else None

    def close(self) -> None:
        """Ask nothing more."""
        self._slices.clear()
        self._backlog.clear()
