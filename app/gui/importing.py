"""Bringing a model in: the command `models import`, run in a process of its own, because it loads torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.gui.command import Command, Ended
from widgets.models_import import ImportChoice


@dataclass(frozen=True, slots=True)
class ImportedModel:
    """What an import ended with: the model's id, and what has to be known of it, a sentence each."""

    model_id: str
    notes: tuple[str, ...]


def arguments_of(choice: ImportChoice) -> list[str]:
    """The command line's words for what a reader filled in."""
    arguments = ["models", "import"]
    if choice.path is not None:
        arguments.append(str(choice.path.absolute()))
    texts = {
        "--arch": choice.architecture,
        "--findings": ",".join(choice.findings),
        "--name": choice.name,
        "--mean": choice.mean,
        "--std": choice.std,
        "--input-size": str(choice.input_size) if choice.input_size else "",
    }
    # With an equals sign, so that a value that begins with a dash is none of the options.
    arguments += [f"{option}={text}" for option, text in texts.items() if text]
    arguments += [f"--task={choice.task}"]
    covers = {"--modality": choice.modality, "--body-part": choice.body_part, "--view": choice.view}
    arguments += [f"{option}={text}" for option, text in covers.items()]
    if choice.path is None:
        arguments.append("--pretrained")
    if choice.new_head:
        arguments.append("--new-head")
    if choice.crops_to_lungs:
        arguments.append("--crop=lungs")
    return [*arguments, "--json"]


class ModelImport(QObject):
    """One import at a time. Lives on the GUI thread.

    Signals
    -------
    imported
        It is there (`ImportedModel`).
    failed
        Why it is not, in a sentence.
    """

    imported = Signal(object)
    failed = Signal(str)

    def __init__(self, workplace_options: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = Command(workplace_options, self)
        self._command.ended.connect(self._on_ended)
        self._command.not_started.connect(self._on_not_started)

    @property
    def is_running(self) -> bool:
        return self._command.is_running

    def start(self, choice: ImportChoice) -> None:
        """Begin; `imported` or `failed` follows."""
        self._command.start(arguments_of(choice))

    def cancel(self) -> None:
        """End the process; nothing of the model is kept."""
        self._command.cancel()

    def close(self) -> None:
        """End what is under way, and tell nobody."""
        self._command.close()

    def _on_not_started(self, reason: str) -> None:
        self.failed.emit(self.tr("The import could not be started: {0}.").format(reason))

    def _on_ended(self, ended: Ended) -> None:
        told = _last_object(ended.out)
        if ended.is_cancelled:
            self.failed.emit(self.tr("The import was cancelled."))
        elif ended.code == 0 and "id" in told:
            notes = tuple(str(note) for note in told.get("notes", ()))
            self.imported.emit(ImportedModel(str(told["id"]), notes))
        else:
            self.failed.emit(ended.last_words or self.tr("The import ended without a word."))


def _last_object(out: str) -> dict[str, Any]:
    """The last JSON object among the lines; an empty one where there is none."""
    for line in reversed(out.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}
