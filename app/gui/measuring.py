"""Measuring a model on the films kept aside: the command `evaluate`, in a process of its own.

What it wrote stays in the data folder, so that it can be looked at again at any time.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.gui.command import Command, Ended
from app.workplace import Workplace
from inference.card import ModelCard

_FILE, _PAGE = "evaluation.json", "evaluation.html"


class Measuring(QObject):
    """One measurement at a time. Lives on the GUI thread.

    Signals
    -------
    measured(model_id)
        It is there; `kept` has it.
    failed(model_id, sentence)
        Why it is not; empty where the reader cancelled it.
    """

    measured = Signal(str)
    failed = Signal(str, str)

    def __init__(self, workplace: Workplace, device: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._device = device
        self._model_id = ""
        self._command = Command(workplace.options, self)
        self._command.ended.connect(self._on_ended)
        self._command.not_started.connect(self._on_not_started)

    @property
    def running(self) -> str:
        """The id of the model that is being measured; empty where none is."""
        return self._model_id if self._command.is_running else ""

    def page_of(self, card: ModelCard) -> Path:
        return self._workplace.evaluation_folder(card) / _PAGE

    def kept(self, card: ModelCard) -> tuple[dict[str, Any], str] | None:
        """The last evaluation of a model and when it was made; None where there is none."""
        path = self._workplace.evaluation_folder(card) / _FILE
        try:
            figures = json.loads(path.read_text(encoding="utf-8"))
            made = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        except (OSError, ValueError):
            return None
        return (figures, made.strftime("%Y-%m-%d %H:%M")) if isinstance(figures, dict) else None

    def start(self, card: ModelCard, current: ModelCard | None = None) -> None:
        """Begin; `measured` or `failed` follows.

        Parameters
        ----------
        current
            The model in use, where the gate shall judge the other one beside it.
        """
        if self._command.is_running:
            return
        self._model_id = card.id
        out = str(self._workplace.evaluation_folder(card))
        beside = [] if current is None else ["--against", current.id]
        self._command.start(
            ["evaluate", "--model", card.id, *beside, "--out", out, "--device", self._device, "--json"]
        )

    def cancel(self) -> None:
        """End the process; what was measured before stays."""
        self._command.cancel()

    def close(self) -> None:
        """End what is under way, and tell nobody."""
        self._command.close()

    def _on_not_started(self, reason: str) -> None:
        self.failed.emit(self._model_id, self.tr("The measurement could not be started: {0}.").format(reason))

    def _on_ended(self, ended: Ended) -> None:
        if ended.is_cancelled:
            self.failed.emit(self._model_id, "")
        elif ended.code in (0, 1):  # 1: some films could not be read
            self.measured.emit(self._model_id)
        else:
            said = ended.last_words or self.tr("The measurement ended without a word.")
            self.failed.emit(self._model_id, said)
