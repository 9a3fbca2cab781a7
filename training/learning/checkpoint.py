"""Checkpoints that a kill at any moment cannot damage, and that hold all that a resumed run needs.

Random numbers are drawn from generators seeded by (plan's seed, epoch), so the epoch is their state.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from training.errors import UnusableCheckpoint

FORMAT = 1


def save(path: Path, state: dict[str, Any], fingerprint: str) -> None:
    """Write `state` (tensors, numbers, text, lists, dictionaries); the old file stands until it is safe."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as stream:
            torch.save({"format": FORMAT, "fingerprint": fingerprint, "state": state}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        part.unlink(missing_ok=True)
        raise UnusableCheckpoint(f"{path} could not be written: {_first_line(error)}") from error
    _sync_folder(path.parent)


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
