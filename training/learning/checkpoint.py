"""Checkpoints that a kill at any moment cannot damage, and that hold all that a resumed run needs.

Random numbers are drawn from generators seeded by (plan's seed, epoch), so the epoch is their state.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import IO, Any

import torch

from training.errors import UnusableCheckpoint
from training.room import sentence_of

FORMAT = 1


def save(path: Path, state: dict[str, Any], fingerprint: str) -> None:
    """Write `state` (tensors, numbers, text, lists, dictionaries); the old file stands until it is safe."""
    part = path.with_name(path.name + ".part")
    stream: _Stream | None = None
    try:
        with part.open("wb") as file:
            stream = _Stream(file)
            whole = {"format": FORMAT, "fingerprint": fingerprint, "state": state}
            torch.save(whole, stream)  # type: ignore[arg-type]  # it asks for `write` and `flush` alone
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        found = stream.error if stream is not None and stream.error is not None else error
        if isinstance(found, OSError):
            raise UnusableCheckpoint(sentence_of(path, found, _bytes_in(state))) from error
        raise UnusableCheckpoint(f"{path} could not be written: {_first_line(error)}") from error
    _sync_folder(path.parent)


class _Stream:
    """A file that remembers what went wrong: torch tells of a full disk in words of its own."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, block: bytes) -> int:
        try:
            return self._file.write(block)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()


def _bytes_in(value: Any) -> int:
    """Of all tensors in a state; the rest of it is small beside them."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, dict):
        return sum(map(_bytes_in, value.values()))
    return sum(map(_bytes_in, value)) if isinstance(value, list | tuple) else 0


def read(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """The state that `save` wrote, None where there is none.

    Raises
    ------
    UnusableCheckpoint
        It is damaged, or it was made by another plan, from other images or from another base model.
    """
    if not path.exists():
        return None
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        found, state = (stored["format"], stored["fingerprint"]), stored["state"]
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError,
            zipfile.BadZipFile) as error:  # fmt: skip
        raise UnusableCheckpoint(
            f"{path} is damaged ({_first_line(error)}); remove it to start this run again"
        ) from error
    if found != (FORMAT, fingerprint):
        raise UnusableCheckpoint(
            f"{path} belongs to another plan, other images or another base model; "
            "a run resumes with what it was started with"
        )
    assert isinstance(state, dict)
    return state


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
