"""State dictionaries from elsewhere: tensors by name out of .safetensors, .pt and .pth files.

Tensors are all that is taken from a file. A pickle that carries code is refused, never run, and an
archive is looked at before it is unpacked.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from inference.errors import InvalidWeights
from inference.zip_files import checked_members

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".tar")
LARGEST_BYTES = 16 << 30  # the largest network of timm's is half of that
_NESTED_UNDER = ("state_dict", "model", "model_state_dict", "model_state", "network", "net", "state_dict_ema")
_PREFIXES = ("module.", "model.", "network.", "net.", "backbone.", "_orig_mod.")
# Names with dots inside, from before torch 0.4: `denselayer1.norm.1.weight` of torchvision's own files.
_OLD_DENSE_LAYER = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")


@dataclass(frozen=True, slots=True, eq=False)
class StateFile:
    """The tensors of a file by name, and what else has to be said about it."""

    tensors: dict[str, torch.Tensor]
    notes: tuple[str, ...] = ()


def read_state(path: Path) -> StateFile:
    """The tensors of a weights file.

    Parameters
    ----------
    path
        .safetensors, or a PyTorch file of tensors only, plain or nested under one of `_NESTED_UNDER`.

    Raises
    ------
    InvalidWeights
        One sentence: it is missing, damaged, too large, carries code, or holds something else.
    """
    check_readable(path, SUFFIXES)
    if path.suffix.lower() == ".safetensors":
        try:
            return StateFile(safetensors.torch.load_file(path))
        except (OSError, SafetensorError, ValueError, RuntimeError, MemoryError) as error:
            raise InvalidWeights(f"{path} is no complete safetensors file: {first_line(error)}.") from error
    content, notes = _unpickle(path), []
    for key in _NESTED_UNDER:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            others = [k for k in _NESTED_UNDER if k != key and isinstance(content.get(k), Mapping)]
            if others:
                notes.append(f"{path.name} also holds {', '.join(others)}; those under {key} were taken")
            content = content[key]
            break
    if not isinstance(content, Mapping) or not content:
        raise InvalidWeights(f"{path} holds {type(content).__name__}; expected tensors by name.")
    strangers = [str(k) for k, v in content.items() if not isinstance(v, torch.Tensor)]
    if strangers:
        raise InvalidWeights(
            f"{path} holds {in_a_sentence(strangers, 5)} beside tensors; expected a state dictionary, "
            "plain or under 'state_dict' or 'model'."
        )
    return StateFile({str(key): value.detach() for key, value in content.items()}, tuple(notes))


def without_wrapping(tensors: dict[str, torch.Tensor], expected: Iterable[str]) -> dict[str, torch.Tensor]:
    """Take off what wrappers put before every key, unless the network's own keys begin so."""
    own = set(expected)
    while not own & set(tensors):
        prefix = next((p for p in _PREFIXES if all(key.startswith(p) for key in tensors)), None)
        if prefix is None:
            break
        tensors = {key[len(prefix) :]: tensor for key, tensor in tensors.items()}
    return {_OLD_DENSE_LAYER.sub(r"\1\2", key): tensor for key, tensor in tensors.items()}


def check_readable(path: Path, suffixes: Iterable[str]) -> None:
    """Raise `InvalidWeights` unless `path` is a file of a known kind and a bearable size."""
    known = ", ".join(suffixes)
    if not path.is_file():
        raise InvalidWeights(f"{path} is not there; expected a weights file ({known}).")
    if path.suffix.lower() not in suffixes:
        raise InvalidWeights(f"{path} ends in {path.suffix!r}; expected one of {known}.")
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise InvalidWeights(f"{path} has {size >> 30} GB; at most {LARGEST_BYTES >> 30} are read.")


def first_line(error: BaseException) -> str:
    """An error's first line without its full stop, or its type where it says nothing."""
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def in_a_sentence(found: list[str], most: int = 12) -> str:
    """The first `most` of what was found, and how many more there are."""
    listed = ", ".join(found[:most])
    return listed if len(found) <= most else f"{listed} and {len(found) - most} more"


def _unpickle(path: Path) -> Any:
    """Tensors and plain containers only: whatever would run code stays unread."""
    if zipfile.is_zipfile(path):
        checked_members(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about formats of old, of which nothing but tensors is read
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InvalidWeights(
            f"{path} holds more than tensors: reading it would run code from the file, so it was refused; "
            "save the network's state_dict() alone, best as .safetensors."
        ) from error
    except RuntimeError as error:
        raise _incomplete(path, error) from error
    except (
        OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError, MemoryError,
        AssertionError, OverflowError, zipfile.BadZipFile,
    ) as error:  # fmt: skip
        raise _incomplete(path, error) from error


def _incomplete(path: Path, error: BaseException) -> InvalidWeights:
    return InvalidWeights(f"{path} is no complete PyTorch file of tensors: {first_line(error)}.")
