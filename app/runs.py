"""Training runs as the window sees them: a process of its own, watched through its event file.

A run outlives the window that started it: it is a detached command (`train`, `search`, `jobs take`,
`adapt --candidate`) that appends every event to `events.jsonl` in its folder. Whoever looks, now or after a
restart, reads that file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from app import locations
from app.output import last_words
from training.alone import ENDS, EVENTS, PID, has_told_its_end, told_before, who_works
from training.runs import CANCEL, ask_to_cancel

TRAIN, SEARCH, TAKE = ("train",), ("search",), ("jobs", "take")
ADAPT = ("adapt", "--candidate")
"""Commands that work in a run's folder."""


@dataclass(frozen=True, slots=True)
class RunEvents:
    """Events read since the last look, and whether the process still lives."""

    events: tuple[dict[str, Any], ...]
    is_alive: bool


class Run:
    """One training run's folder and process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._offset = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def command(self) -> tuple[str, ...]:
        """What works in the folder."""
        path = self.folder / "command"
        return tuple(path.read_text(encoding="utf-8").split()) if path.exists() else TRAIN

    def start(
        self, workplace_options: Sequence[str], arguments: Sequence[str], command: Sequence[str] = TRAIN
    ) -> None:
        """Start (or resume) the training in a process that does not end with this one.

        Parameters
        ----------
        workplace_options
            What names the workplace on a command line (`Workplace.options`).
        arguments
            The command's options; kept for resuming.
        command
            Its words.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / CANCEL).unlink(missing_ok=True)
        self._write("command", " ".join(command))
        self._write("arguments.json", json.dumps(list(arguments)))
        line = [
            *locations.command_line_program(),
            *workplace_options,
            *command,
            "--run",
            self.id,
            "--json",
            *arguments,
        ]
        self._offset = told_before(self.folder)
        with (self.folder / "stderr.txt").open("wb") as errors:
            self._process = subprocess.Popen(
                line,
                cwd=locations.program_folder(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
                env=_environment(),
            )
        # It says so itself (`training.alone`), but not before Python has started there.
        created = psutil.Process(self._process.pid).create_time()
        self._write(PID, who_works(self._process.pid, created, self._offset))
        # Whoever started a process has to wait for its end, or it stays as a zombie.
        threading.Thread(target=self._process.wait, name="training-end", daemon=True).start()

    def _write(self, name: str, content: str) -> None:
        """Write a file of the run's folder as a whole."""
        part = self.folder / f"{name}.part"
        part.write_text(content, encoding="utf-8")
        part.replace(self.folder / name)

    def resume(self, workplace_options: Sequence[str]) -> None:
        """Go on from the last checkpoint with the arguments that the run was started with; a run that goes on
        already (somebody resumed it in another window) is only watched."""
        if self._is_alive() and not self.has_ended:  # one that has told its end is waited for where it works
            return
        arguments = json.loads((self.folder / "arguments.json").read_text(encoding="utf-8"))
        self.start(workplace_options, [str(a) for a in arguments], self.command)

    def cancel(self) -> None:
        """Ask the run to stop; it looks for this file at every batch."""
        ask_to_cancel(self.folder)

    def look(self) -> RunEvents:
        """Read what was appended since the last look, but for the end of a process that was gone on from."""
        is_alive = self._is_alive()  # first: what is written before the end is read below
        events: list[dict[str, Any]] = []
        path = self.folder / EVENTS
        if path.exists():
            with path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
            whole, newline, _ = data.rpartition(b"\n")
            before = max(self._told_before() - self._offset, 0)
            self._offset += len(whole) + len(newline)
            earlier, own = _events_in(whole[:before]), _events_in(whole[before:])
            events = [*_without_ends([*earlier, *own[:-1]]), *own[-1:]]
        return RunEvents(tuple(events), is_alive)

    def last_words(self) -> str:
        """What the process wrote on stderr, for a failure that left no event."""
        path = self.folder / "stderr.txt"
        return last_words(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else ""

    @property
    def is_decided(self) -> bool:
        """Whether a person promoted or put away what came of it."""
        return (self.folder / "decided").exists()

    def mark_decided(self) -> None:
        (self.folder / "decided").touch()

    @property
    def has_ended(self) -> bool:
        """Whether the last event is an end."""
        return has_told_its_end(self.folder)

    def _who_works(self) -> list[str]:
        return (self.folder / PID).read_text(encoding="utf-8").split()

    def _told_before(self) -> int:
        """How much was told before the process that works, or was killed, came; 0 where nobody knows."""
        try:
            return int(self._who_works()[2])
        except (OSError, ValueError, IndexError):
            return 0

    def _is_alive(self) -> bool:
        try:
            if self._process is not None:  # `poll` does not know yet while the other thread waits
                process, is_same = psutil.Process(self._process.pid), self._process.poll() is None
            else:
                pid, created, *_ = self._who_works()
                process = psutil.Process(int(pid))
                is_same = abs(process.create_time() - float(created)) < 1.0
            return bool(is_same and process.status() != psutil.STATUS_ZOMBIE)
        except (OSError, ValueError, psutil.Error):
            return False


def _without_ends(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] not in ENDS]


def _events_in(lines: bytes) -> list[dict[str, Any]]:
    return [event for line in lines.splitlines() if (event := _event_of(line)) is not None]


def _event_of(line: bytes) -> dict[str, Any] | None:
    """The event of a line; None for one that a kill cut off."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _environment() -> dict[str, str]:
    """The child's environment: threads of it that wait do not spin."""
    environment = dict(os.environ)
    environment["OMP_WAIT_POLICY"] = "PASSIVE"
    return environment


def new_run(runs_folder: Path) -> Run:
    """A new run folder with a name that sorts by time; two that begin in the same second have one each."""
    name = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    folder, number = runs_folder / name, 1
    runs_folder.mkdir(parents=True, exist_ok=True)
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = runs_folder / f"{name}-{number}"
        else:
            return Run(folder)


def newest_run(runs_folder: Path, commands: Sequence[tuple[str, ...]] = (TRAIN, TAKE, ADAPT)) -> Run | None:
    """The newest run of these commands that the window started, running, interrupted or done."""
    if not runs_folder.is_dir():
        return None
    runs = [Run(f) for f in sorted(runs_folder.iterdir()) if (f / "arguments.json").exists()]
    return next((run for run in reversed(runs) if run.command in commands), None)


def newest_result_of_commands(runs_folder: Path) -> tuple[Run, dict[str, Any]] | None:
    """The newest training that a command of its own ended with a compared candidate, and its last event.

    None where a run of the window is newer, or somebody decided about this one already.
    """
    if not runs_folder.is_dir():
        return None
    told = [(events.stat().st_mtime, events.parent) for events in runs_folder.glob(f"*/{EVENTS}")]
    for _, folder in sorted(told, reverse=True):
        if (folder / "arguments.json").exists():
            return None
        run, last = Run(folder), _event_of((folder / EVENTS).read_bytes().strip().rpartition(b"\n")[2])
        if last is not None and last["event"] == "done" and last.get("gate", {}).get("current"):
            return None if run.is_decided else (run, last)
    return None
