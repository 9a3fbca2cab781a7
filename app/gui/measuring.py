"""Measuring a model on the films kept aside: the command `evaluate`, in a process of its own.

What it wrote stays in the data folder, so that it can be looked at again at any time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from app import locations
from app.gui.last_words import last_words
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

    def __init__(
        self, workplace_options: Sequence[str], folder: Path, device: str, parent: QObject | None = None
    ) -> None:
        """`folder`: where evaluations are kept, one folder a model."""
        super().__init__(parent)
        self._options = list(workplace_options)
        self._folder = folder
        self._device = device
        self._process: QProcess | None = None
        self._model_id = ""
        self._is_cancelled = False

    @property
    def running(self) -> str:
        """The id of the model that is being measured; empty where none is."""
        return self._model_id if self._process is not None else ""

    def place_of(self, card: ModelCard) -> Path:
        """Where a model's evaluation is kept: by its weights, which the program's own may change."""
        return self._folder / f"{card.id}-{card.weights_sha256[:12]}"

    def page_of(self, card: ModelCard) -> Path:
        return self.place_of(card) / _PAGE

    def kept(self, card: ModelCard) -> tuple[dict[str, Any], str] | None:
        """The last evaluation of a model and when it was made; None where there is none."""
        path = self.place_of(card) / _FILE
        try:
            figures = json.loads(path.read_text(encoding="utf-8"))
            made = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        except (OSError, ValueError):
            return None
        return (figures, made.strftime("%Y-%m-%d %H:%M")) if isinstance(figures, dict) else None

    def start(self, card: ModelCard) -> None:
        """Begin; `measured` or `failed` follows."""
        if self._process is not None:
            return
        program, *words = locations.command_line_program()
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("OMP_WAIT_POLICY", "PASSIVE")
        environment.insert("PYTHONUTF8", "1")
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(str(locations.program_folder()))
        process.setStandardOutputFile(QProcess.nullDevice())
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process, self._model_id, self._is_cancelled = process, card.id, False
        asked = ["evaluate", "--model", card.id, "--out", str(self.place_of(card)), "--device", self._device]
        process.start(program, [*words, *self._options, *asked, "--json"])

    def cancel(self) -> None:
        """End the process; what was measured before stays."""
        if self._process is not None:
            self._is_cancelled = True
            self._process.kill()

    def close(self) -> None:
        """End what is under way, and tell nobody."""
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect()
            process.errorOccurred.disconnect()
            process.kill()
            process.waitForFinished(2000)

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._process = None
            self.failed.emit(
                self._model_id, self.tr("The measurement could not be started: {0}.").format(reason)
            )

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        errors = bytes(process.readAllStandardError().data()).decode("utf-8", "replace")
        process.deleteLater()
        if self._is_cancelled:
            self.failed.emit(self._model_id, "")
        elif status == QProcess.ExitStatus.NormalExit and code in (0, 1):  # 1: some films could not be read
            self.measured.emit(self._model_id)
        else:
            said = last_words(errors) or self.tr("The measurement ended without a word.")
            self.failed.emit(self._model_id, said)
