"""Networks: building one from its card, loading its weights, and finding out how it ends.

Only files whose SHA-256 the card names are loaded: tensors as `safetensors`, programs of torch.export and
ONNX files, each checked again by its own reader.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from inference.adapted import AdaptedHead
from inference.anatomy import Anatomy, examine
from inference.architectures import classifier_names, create, full_name
from inference.card import TYPICAL, ModelCard
from inference.encoders import Encoder
from inference.errors import InvalidCard, InvalidWeights
from inference.heads import NO_HEAD
from inference.program_network import load_program
from inference.registry import ModelRegistry, sha256_of
from inference.state_files import in_a_sentence
from inference.typical import Typical


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A network that is ready to look at images: in eval mode, its parameters frozen, on `device`."""

    card: ModelCard
    network: nn.Module
    device: torch.device
    anatomy: Anatomy
    encoder: Encoder
    typical: Typical | None = None  # what it knows; None where nobody has described that


def build(card: ModelCard) -> nn.Module:
    """The card's architecture with random weights, in training mode.

    Raises
    ------
    UnknownArchitecture
        Neither timm nor torchvision has a network of this name.
    InvalidCard
        The network cannot be built with the card's input size or channels.
    """
    name, pre = full_name(card.architecture), card.preprocessing
    try:
        return create(name, len(card.findings), pre.channels, pre.input_size)
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        raise InvalidCard(
            f"{card.architecture} cannot be built for {pre.channels} channels of "
            f"{pre.input_size} x {pre.input_size} pixels: {error}."
        ) from error


def load(card: ModelCard, registry: ModelRegistry, device: torch.device) -> LoadedModel:
    """Load a model's weights, check them against its card, and examine the network once.

    Raises
    ------
    InvalidWeights
        The weights, or the description of typical images, are missing, damaged, not what the card names,
        or do not fit the architecture.
    """
    path = registry.weights_path(card)
    found = sha256_of(path)
    if not found:
        raise InvalidWeights(f"{path} cannot be read.")
    if found != card.weights_sha256:
        raise InvalidWeights(
            f"{path} is not the file that its card names: its SHA-256 begins with {found[:12]}, "
            f"expected {card.weights_sha256[:12] or 'one in the card'}."
        )
    model = prepare(card, _network_from(path, card), device)
    described = registry.companion_path(card, TYPICAL)
    if described is None:
        return model
    return replace(model, typical=Typical.read(described, card.typical_sha256))


def _network_from(path: Path, card: ModelCard) -> nn.Module:
    """The network with its weights, on the CPU."""
    if card.format == "program":
        return load_program(path, len(card.findings))
    if card.format == "onnx":
        from inference.onnx_network import load_onnx  # with ONNX Runtime, which few models need

        return load_onnx(path, len(card.findings))
    try:
        state = safetensors.torch.load_file(path)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise InvalidWeights(f"{path} is no complete safetensors file: {error}.") from error
    network = build(card)
    if mismatches := differences(network, state):
        raise InvalidWeights(f"{path} does not fit {card.architecture}: {in_a_sentence(mismatches)}.")
    network.load_state_dict(state, strict=True)
    return network


def prepare(card: ModelCard, network: nn.Module, device: torch.device) -> LoadedModel:
    """Freeze a network that holds its weights already, move it to `device` and examine it.

    Raises
    ------
    InvalidCard
        The network cannot be run at the card's input size.
    """
    network.eval().requires_grad_(False).to(device)
    try:
        anatomy = examine(network, card.preprocessing)
        return LoadedModel(card, network, device, anatomy, Encoder(network, device, anatomy, card))
    except (RuntimeError, ValueError, AssertionError, IndexError, TypeError, AttributeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        side = card.preprocessing.input_size
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidCard(
            f"{card.architecture} cannot take {side} x {side} pixels: {reason.rstrip('.')}."
        ) from error


def head_of(network: nn.Module) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Weight (K, D) and bias (K,) of the last linear layer, or None where the network ends otherwise."""
    classifier: object = network.get_classifier()  # type: ignore[operator]
    if isinstance(classifier, nn.Conv2d) and classifier.kernel_size == (1, 1):
        weight = classifier.weight.detach().flatten(1)
    elif isinstance(classifier, nn.Linear):
        weight = classifier.weight.detach()
    else:
        return None
    bias = classifier.bias.detach() if classifier.bias is not None else weight.new_zeros(weight.shape[0])
    return weight, bias


def head_name(model: LoadedModel) -> str:
    """What a card's `head` says: the last linear layer, or `NO_HEAD` where the logits are more than it."""
    names = classifier_names(model.network)
    ends = head_of(model.network) is not None and len(names) == 1 and model.anatomy.has_linear_end
    return names[0] if ends and model.card.format == "network" else NO_HEAD


def with_head(model: LoadedModel, head: AdaptedHead) -> LoadedModel:
    """The same network with a head that was re-fitted for it as its last layer, in a model of its own.

    Where readers added findings, the last layer has more rows.

    Raises
    ------
    InvalidWeights
        The network ends otherwise, or with another number of findings or features.
    """
    card = head.card_of(model.card)
    own = head_of(model.network)
    known = len(model.card.findings)
    if model.card.format != "network" or own is None or own[0].shape != head.weight[:known].shape:
        raise InvalidWeights(f"The adapted head does not fit {model.card.id}; run adapt again.")
    network: Any = build(card)
    (name,) = classifier_names(network)
    state = model.network.state_dict()
    state[f"{name}.weight"] = torch.from_numpy(head.weight).reshape(-1, *state[f"{name}.weight"].shape[1:])
    state[f"{name}.bias"] = torch.from_numpy(head.bias)
    classifier = network.get_classifier()
    if classifier.bias is None:  # torchvision's MaxViT
        classifier.bias = nn.Parameter(torch.zeros(len(head.bias)), requires_grad=False)
    network.load_state_dict(state)
    return replace(prepare(card, network, model.device), typical=model.typical)


def differences(network: nn.Module, state: dict[str, torch.Tensor]) -> list[str]:
    """What keeps a state dictionary from being loaded: missing, surplus and misshapen keys, in words.

    Whole numbers where fractions belong (a quantised network) are named too.
    """
    expected = network.state_dict()
    found = [f"{key} is missing" for key in expected if key not in state]
    found += [f"{key} is not expected" for key in state if key not in expected]
    for key, tensor in expected.items():
        if key not in state:
            continue
        if state[key].shape != tensor.shape:
            found.append(f"{key} is {_shape(state[key])}, expected {_shape(tensor)}")
        elif state[key].is_floating_point() != tensor.is_floating_point():
            found.append(f"{key} is {_dtype(state[key])}, expected {_dtype(tensor)}")
    return found


def _shape(tensor: torch.Tensor) -> str:
    return " x ".join(str(n) for n in tensor.shape) or "a single number"


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
