"""Weights from elsewhere become a model of the registry.

Tensors are all that is taken from a file: pickles that carry code are refused, never run.
"""

from __future__ import annotations

import pickle
import re
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from inference.architectures import create, full_name, usual_input
from inference.card import Covers, FindingName, ModelCard, Preprocessing, Task
from inference.errors import InferenceError, InvalidCard, InvalidWeights, ModelNotStored
from inference.network import build, differences, prepare
from inference.registry import ModelRegistry
from inference.state_files import in_a_sentence

_NESTED_UNDER = ("state_dict", "model", "model_state_dict")
_PREFIXES = ("module.", "model.", "_orig_mod.")
_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")


def import_weights(
    registry: ModelRegistry,
    weights: Path | None,
    arch: str,
    findings: Sequence[str],
    *,
    name: str = "",
    input_size: int | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    task: Task = "multiclass",
    covers: Covers | None = None,
) -> ModelCard:
    """Add a trained timm network to the registry.

    Parameters
    ----------
    weights
        A state dictionary: .safetensors, or .pt/.pth with tensors only, plain or nested under
        ``state_dict`` or ``model``, with or without ``module.`` or ``model.`` before every key.
    arch
        timm's name of the architecture.
    findings
        Machine names of the logits, in their order.
    input_size, mean, std
        The architecture's own where they are None.

    Returns
    -------
    ModelCard
        With `head_trained` False where the file's last layer has another number of findings: it was
        replaced, and the model does not predict before it has been trained.

    Raises
    ------
    InferenceError
        One sentence on what was found and what was expected.
    """
    arch = full_name(arch)
    if weights is None:
        raise InferenceError(
            f"No weights were given for {arch}, and pretrained ones are not downloaded here; "
            "fetch its .safetensors or .pth file on a machine with a network and name that file."
        )
    state = read_state(weights)
    label = name or f"{arch} from {weights.name}"
    card = _card(label, arch, findings, _channels(arch, state), input_size, mean, std, task, covers)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # a replaced head is the same at every import, and so is the model's id
        network = build(card)
    state = _with_counters(_without_prefixes(state, network), network)
    head_trained = _replace_head(network, state)
    if mismatches := differences(network, state):
        raise InvalidWeights(f"{weights} does not fit {arch}: {in_a_sentence(mismatches)}.")
    network.load_state_dict(state)
    prepare(card, network, torch.device("cpu"))  # refuses an input size that the network cannot take
    tensors = {key: tensor.contiguous().clone() for key, tensor in network.state_dict().items()}
    if broken := [k for k, t in tensors.items() if t.is_floating_point() and not torch.isfinite(t).all()]:
        raise InvalidWeights(f"{weights} holds numbers that are not finite, in {in_a_sentence(broken, 3)}.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weights.safetensors"
        try:
            safetensors.torch.save_file(tensors, file, metadata={"format": "pt"})
        except (OSError, SafetensorError) as error:  # a full disk
            raise ModelNotStored(f"{weights} could not be copied to {folder}: {error}.") from error
        return registry.add(replace(card, head_trained=head_trained), file)


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a weights file, by name; raise `InvalidWeights` with one sentence otherwise."""
    if not path.is_file():
        raise InvalidWeights(f"{path} is not there; expected a weights file ({', '.join(_SUFFIXES)}).")
    if path.suffix.lower() == ".safetensors":
        try:
            return safetensors.torch.load_file(path)
        except (OSError, SafetensorError, ValueError, RuntimeError) as error:
            raise InvalidWeights(f"{path} is no complete safetensors file: {error}.") from error
    if path.suffix.lower() not in _SUFFIXES:
        raise InvalidWeights(f"{path} ends in {path.suffix!r}; expected one of {', '.join(_SUFFIXES)}.")
    content = _unpickle(path)
    for key in _NESTED_UNDER:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
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
    return {str(key): value.detach() for key, value in content.items()}


def _unpickle(path: Path) -> Any:
    """Tensors and plain containers only: whatever would run code stays unread."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about TorchScript archives, which are refused anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InvalidWeights(
            f"{path} holds more than tensors: reading it would run code from the file, so it was refused; "
            "save the network's state_dict() alone, best as .safetensors."
        ) from error
    except RuntimeError as error:
        if "TorchScript" in str(error):
            raise InvalidWeights(
                f"{path} is a TorchScript program; expected its state_dict() alone."
            ) from error
        raise InvalidWeights(
            f"{path} is no complete PyTorch file of tensors: {_first_line(error)}"
        ) from error
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, AttributeError) as error:
        raise InvalidWeights(
            f"{path} is no complete PyTorch file of tensors: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _card(
    label: str,
    arch: str,
    findings: Sequence[str],
    channels: int,
    input_size: int | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    task: Task,
    covers: Covers | None,
) -> ModelCard:
    usual_size, usual_mean, usual_std = usual_input(arch)
    pre = Preprocessing(
        input_size=input_size or usual_size,
        channels=channels,
        mean=_per_channel(mean or usual_mean, channels),
        std=_per_channel(std or usual_std, channels),
    )
    names = tuple(FindingName(f, re.sub(r"[-_](?!\d)", " ", f)) for f in findings)
    card = ModelCard("", label, arch, names, task=task, preprocessing=pre, covers=covers or Covers())
    try:
        card.check()
    except ValueError as error:
        raise InvalidCard(f"{label} cannot be imported: {error}") from error
    return card


def _per_channel(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """One value is meant for every channel; three for a grey network become their mean."""
    numbers = tuple(float(v) for v in values) or (0.5,)
    if len(numbers) == 1:
        return numbers * channels
    return (sum(numbers) / len(numbers),) if channels == 1 else numbers


def _channels(arch: str, state: Mapping[str, torch.Tensor]) -> int:
    """1 where the file's first convolution takes grey images, else 3."""
    with torch.device("meta"):
        network = create(arch, 2, 3, usual_input(arch)[0])
    first = next((n for n, m in network.named_modules() if isinstance(m, nn.Conv2d)), "")
    for key, tensor in state.items():
        if (f".{key}").endswith(f".{first}.weight") and tensor.ndim == 4:
            return 1 if tensor.shape[1] == 1 else 3
    return 3


def _without_prefixes(state: dict[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    """Take off what wrappers put before every key, unless the network's own keys begin so."""
    expected = set(network.state_dict())
    while not expected & set(state):
        prefix = next((p for p in _PREFIXES if all(key.startswith(p) for key in state)), None)
        if prefix is None:
            break
        state = {key[len(prefix) :]: tensor for key, tensor in state.items()}
    return state


def _with_counters(state: dict[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    """Add batch norm's step counters, which files from before torch 0.4.1 lack and nothing here reads."""
    counters = {
        key: tensor
        for key, tensor in network.state_dict().items()
        if key.endswith(".num_batches_tracked") and key not in state
    }
    return {**state, **counters}


def _replace_head(network: Any, state: dict[str, torch.Tensor]) -> bool:
    """Give `state` the network's own head where its has another number of findings; True if it fitted."""
    classifier = network.get_classifier()
    prefix = next((n for n, m in network.named_modules() if m is classifier), None)
    if not prefix or not isinstance(classifier, nn.Linear | nn.Conv2d):
        return True
    own = {f"{prefix}.{key}": tensor for key, tensor in classifier.state_dict().items()}
    weight = state.get(f"{prefix}.weight")
    expected = own[f"{prefix}.weight"]
    if weight is None or weight.ndim != expected.ndim:
        return True
    if weight.shape[0] == expected.shape[0] or weight.shape[1:] != expected.shape[1:]:
        return True
    state.update(own)
    return False
