"""Pretrained weights by name: from timm's hub, or from where timm and torchvision say they lie.

What has been fetched before is taken from its cache. Without a network there is a sentence that says which
file to bring from elsewhere. A fetched file is imported like any other (`inference.importing`).
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from inference.architectures import TORCHVISION, full_name, namesake
from inference.errors import InferenceError
from inference.state_files import first_line

_TIMEOUT_S = 6.0
_CHUNK = 1 << 20
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.\w+$")  # torch.hub's custom: resnet18-f37072fd.pth


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A weights file on this disk, where it is from, and under which licence."""

    path: Path
    source: str
    licence: str


def fetch(arch: str) -> Pretrained:
    """The weights that were trained for an architecture by its authors.

    Raises
    ------
    InferenceError
        There are none, or they can neither be found on this machine nor fetched.
    """
    name = full_name(arch)
    if name.startswith(TORCHVISION):
        import torchvision.models as zoo

        weights = zoo.get_model_weights(name.removeprefix(TORCHVISION)).DEFAULT
        return Pretrained(_from_address(name, str(weights.url)), str(weights.url), "")
    import timm

    own: Any = timm.get_pretrained_cfg(name)
    licence = str(getattr(own, "license", None) or "")
    if own is not None and own.hf_hub_id and own.custom_load != "hf":
        return Pretrained(
            _from_hub(name, str(own.hf_hub_id), own.hf_hub_filename), str(own.hf_hub_id), licence
        )
    if own is not None and own.url and not str(own.url).endswith(".npz"):
        return Pretrained(_from_address(name, str(own.url)), str(own.url), licence)
    other = namesake(name)
    hint = f"; {other} has some" if other else ""
    raise InferenceError(f"There are no pretrained weights of {name} that could be read here{hint}.")


def _from_hub(name: str, repository: str, filename: str | None) -> Path:
    """A file of timm's hub, from its cache where it is there."""
    import huggingface_hub

    repository, _, revision = repository.partition("@")
    names = [filename] if filename else ["model.safetensors", "pytorch_model.bin"]
    for wanted in names:
        kept = huggingface_hub.try_to_load_from_cache(repository, wanted, revision=revision or None)
        if isinstance(kept, str):
            return Path(kept)
    # The package's own download tries six times, for half a minute, before it says that there is no network.
    address = huggingface_hub.hf_hub_url(repository, names[0], revision=revision or None)
    return _from_address(name, address, f"{repository.replace('/', '--')}-{names[0]}")


def _from_address(name: str, address: str, called: str = "") -> Path:
    """A file of the web, kept in torch's own cache; the hash in its name has to be its own."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / (called or address.rpartition("/")[2])
    if file.is_file():
        return file
    try:
        if not address.startswith("https://"):
            raise ValueError("its address is not encrypted")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as unfinished:
            part = Path(unfinished) / file.name
            digest = _download(address, part)
            told = _HASH_IN_NAME.search(file.name)
            if told is not None and not digest.startswith(told[1]):
                raise ValueError("what came is not the file that its name promises")
            part.replace(file)
    except (OSError, ValueError) as error:
        raise _not_fetched(name, address, error) from error
    return file


def _download(address: str, target: Path) -> str:
    """SHA-256 of what came."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as reader, target.open("wb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
    return digest.hexdigest()


def _not_fetched(name: str, address: str, error: Exception) -> InferenceError:
    reason = getattr(error, "reason", None) or error
    what = getattr(reason, "strerror", None) or first_line(error)
    return InferenceError(
        f"The pretrained weights of {name} are not on this machine and could not be fetched ({what}); "
        f"bring {address} from a machine with a network and import that file with --arch {name}."
    )
