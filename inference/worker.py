"""The process that looks at images, so that the window's process needs no torch and never waits.

It is spawned by `inference.client`, asked one question at a time over a pipe, and ends when the pipe
does. Importing this module does not import torch: that happens in `main`, after the environment is set.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections import OrderedDict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from inference.adapted import AdaptedHead
from inference.errors import InferenceError
from inference.features import FeatureCache, feature_key
from inference.messages import Died, Failed, Looked, Question, Ready, WorkerSettings
from inference.prediction import Look
from inference.registry import ModelRegistry
from studies.errors import StudyError

if TYPE_CHECKING:
    import torch

    from inference.network import LoadedModel

_log = logging.getLogger(__name__)

_KEPT_MODELS = 3  # the promoted one, the phantoms', and one that is being compared


def main(connection: Connection, settings: WorkerSettings) -> None:
    """Answer questions until the other end of `connection` is closed, by intent or by its process's end."""
    started = time.monotonic()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    threads = _share_the_machine()
    try:
        try:
            worker = Worker(settings, threads)
        except InferenceError as error:
            connection.send(Died(str(error)))
            return
        connection.send(Ready(worker.device, time.monotonic() - started))
        while True:
            question: Question = connection.recv()
            connection.send(worker.answer(question))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _share_the_machine() -> int:
    """Set what OpenMP reads when torch is loaded; return the number of threads to use.

    Waiting threads that spin made inference twenty times slower beside a training process. One core
    is left to the window and to others where there are more than two.
    """
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    allowed = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else None
    there_are = psutil.cpu_count() or 1
    cores = min(psutil.cpu_count(logical=False) or there_are, allowed or there_are)
    threads = cores - 1 if cores > 2 else cores
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    return threads


class Worker:
    """Answers questions; keeps the models that were used last."""

    def __init__(self, settings: WorkerSettings, threads: int):
        import torch

        from inference.devices import best_device

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", threads)))
        self._device: torch.device = best_device(settings.device)
        import inference.predictor  # noqa: F401  (timm: seconds that the first question need not wait for)

        self._registry = ModelRegistry(settings.models_folder, settings.bundled_folder)
        self._features = FeatureCache(settings.cache_folder / "features")
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()

    @property
    def device(self) -> str:
        return str(self._device)

    def answer(self, question: Question) -> Looked | Failed:
        """Look at the frame that is asked about. Whatever goes wrong with it is an answer too."""
        try:
            return Looked(question.request, self._look(question))
        except (StudyError, InferenceError) as error:
            return Failed(question.request, str(error))
        except Exception as error:  # noqa: BLE001  (the edge of this process: one image, not the worker)
            _log.exception("A question could not be answered")
            name = Path(question.header.path).name
            what = (str(error).splitlines() or ["no reason given"])[0]
            return Failed(question.request, f"{name} could not be predicted: {type(error).__name__}: {what}")

    def _look(self, question: Question) -> Look:
        from inference.predictor import Predictor
        from studies.reader import read

        model = self._model(question.model_id)
        head = AdaptedHead.read(question.adapted_head) if question.adapted_head else None
        if head is not None and not head.reviews:
            head = None  # it is the model's own, and there is nothing to tell apart
        predictor = Predictor(model, head)
        image = read(question.header, question.frame)
        look = predictor.look(image, question.maps, question.method)
        self._features.put(feature_key(model.card, question.header, question.frame), look.embedding)
        return look

    def _model(self, model_id: str) -> LoadedModel:
        from inference.network import load

        card = self._registry.find(model_id)
        if card.weights_sha256 not in self._models or self._models[card.weights_sha256].card != card:
            self._models.pop(card.weights_sha256, None)
            while len(self._models) >= _KEPT_MODELS:
                self._models.popitem(last=False)
            self._models[card.weights_sha256] = load(card, self._registry, self._device)
        self._models.move_to_end(card.weights_sha256)
        return self._models[card.weights_sha256]
