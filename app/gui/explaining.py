"""Explanations that take many passes: asked for by film, followed while they are under way, kept.

One is under way at a time. It goes on while the reader looks at other films, which come first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.gui.film_cache import FrameKey
from inference.card import ModelCard
from inference.client import InferenceClient
from inference.messages import Progressed
from inference.prediction import Heatmap, Look
from studies.image import Header

EXPLANATIONS_KEPT = 60


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An explanation that is being computed: of which frame, with which model and method, and how far."""

    request: int
    key: FrameKey
    model: str
    method: str
    done: int = 0
    total: int = 0
    remaining_s: float | None = None


class Explaining(QObject):
    """Asks the worker for explanations, and keeps them. Lives on the GUI thread.

    Signals
    -------
    changed
        Something else is known or under way for a frame (`FrameKey`).
    failed
        A sentence for the reader.
    """

    changed = Signal(object)
    failed = Signal(str)

    def __init__(self, client: InferenceClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._kept: OrderedDict[tuple[FrameKey, str, str], tuple[Heatmap, ...]] = OrderedDict()
        self._chosen: dict[tuple[FrameKey, str], str] = {}  # (frame, model): method
        self._under_way: UnderWay | None = None

    # -- what is wanted ----------------------------------------------------------------------------

    def chosen(self, key: FrameKey, model: str) -> str:
        """The method that the reader chose for this frame; empty where that is one for all frames."""
        return self._chosen.get((key, model), "")

    def choose(self, header: Header, frame: int, model: ModelCard, method: str) -> None:
        """Explain a frame by a method: at once where that was done before."""
        key = (header.sop_instance_uid, frame)
        self._chosen[key, model.id] = method
        if (key, model.id, method) not in self._kept:
            self._ask(header, key, model, method)
        self.changed.emit(key)

    def choose_none(self, key: FrameKey, model: str) -> None:
        """The frame is shown as all others are; what is under way for it is given up."""
        self._chosen.pop((key, model), None)
        if self._under_way is not None and self._under_way.key == key:
            self._give_up()

    def _ask(self, header: Header, key: FrameKey, model: ModelCard, method: str) -> None:
        under_way = self._under_way
        if under_way is not None and (under_way.key, under_way.model, under_way.method) == (
            key,
            model.id,
            method,
        ):
            return
        self._give_up()
        request = self._client.explain(header, key[1], model.id, maps=model.finding_names, method=method)
        self._under_way = UnderWay(request, key, model.id, method)

    def cancel(self) -> None:
        """Give up what is under way; the frame is shown as all others are."""
        self._give_up()

    def _give_up(self) -> None:
        """What is not finished leaves nothing behind."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            self._client.forget(under_way.request)
            if self._chosen.get((under_way.key, under_way.model)) == under_way.method:
                del self._chosen[under_way.key, under_way.model]
            self.changed.emit(under_way.key)

    def set_models(self, ids: set[str]) -> None:
        """The models in use: what others said is forgotten."""
        if self._under_way is not None and self._under_way.model not in ids:
            self._give_up()
        for kept in [k for k in self._kept if k[1] not in ids]:
            del self._kept[kept]
        self._chosen = {k: method for k, method in self._chosen.items() if k[1] in ids}

    # -- what comes back -----------------------------------------------------------------------------

    def on_progress(self, event: Progressed) -> None:
        """The worker is so far."""
        under_way = self._under_way
        if under_way is not None and under_way.request == event.request:
            self._under_way = UnderWay(
                under_way.request,
                under_way.key,
                under_way.model,
                under_way.method,
                event.done,
                event.total,
                event.remaining_s,
            )
            self.changed.emit(under_way.key)

    def on_look(self, request: int, look: Look) -> bool:
        """Whether a look is the explanation that was asked for; if so, keep it."""
        under_way = self._under_way
        if under_way is None or under_way.request != request:
            return False
        self._under_way = None
        self._kept[under_way.key, under_way.model, under_way.method] = look.heatmaps
        while len(self._kept) > EXPLANATIONS_KEPT:
            self._kept.popitem(last=False)
        self.changed.emit(under_way.key)
        return True

    def on_failed(self, request: int, reason: str) -> bool:
        """Whether it is the explanation that failed; if so, say why and show the frame as all others."""
        under_way = self._under_way
        if under_way is None or under_way.request != request:
            return False
        self._give_up()
        self.failed.emit(reason)
        return True

    # -- what is known ---------------------------------------------------------------------------------

    def heatmaps(self, key: FrameKey, model: str, method: str) -> tuple[Heatmap, ...]:
        """The maps of a frame by a method; none where it was not explained by it."""
        return self._kept.get((key, model, method), ())

    def under_way(self, key: FrameKey) -> UnderWay | None:
        """What is being computed for a frame."""
        is_of_it = self._under_way is not None and self._under_way.key == key
        return self._under_way if is_of_it else None
