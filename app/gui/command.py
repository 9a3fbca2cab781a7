"""A command of this program in a process of its own, because it loads torch, and what it said at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from app import locations
from app.output import last_words


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Parameters
    ----------
    code
        Its exit status; None where it did not come to one.
    out
        What it wrote on stdout.
    last_words
        The last sentence on stderr, empty where there is none.
    is_cancelled
        Somebody ended it.
    """

    code: int | None
    out: str
    last_words: str
    is_cancelled: bool


class Command(QObject):
    """Runs one command at a time. Lives on the GUI thread.

    Signals
    -------
    ended(Ended)
        The process is gone.
    not_started(str)
        Why there was no process.
    """

    ended = Signal(object)
    not_started = Signal(str)

    def __init__(self, workplace_options: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._options = list(workplace_options)
        self._process: QProcess | None = None
        self._is_cancelled = False

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """Begin; `ended` or `not_started` follows."""
        if self._process is not None:
            return
        program, *words = locations.command_line_program()
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("OMP_WAIT_POLICY", "PASSIVE")
        environment.insert("PYTHONUTF8", "1")
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(str(locations.program_folder()))
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process, self._is_cancelled = process, False
        process.start(program, [*words, *self._options, *arguments])

    def cancel(self) -> None:
        """End the process; `ended` follows."""
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
            self.not_started.emit(reason)

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        out = bytes(process.readAllStandardOutput().data()).decode("utf-8", "replace")
        errors = bytes(process.readAllStandardError().data()).decode("utf-8", "replace")
        process.deleteLater()
        is_whole = status == QProcess.ExitStatus.NormalExit
        self.ended.emit(Ended(code if is_whole else None, out, last_words(errors), self._is_cancelled))
