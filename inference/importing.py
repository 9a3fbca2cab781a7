"""Weights from elsewhere become a model of the registry.

State dictionaries for networks that timm or torchvision know, programs of torch.export, ONNX files. What was
found, replaced or assumed on the way stands on the model's card.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from inference import pretrained
from inference.architectures import TORCHVISION, classifier_names, full_name, namesake, usual_input
from inference.card import Covers, Crop, FindingName, Format, ModelCard, Preprocessing, Task
from inference.errors import InvalidCard, InvalidWeights, ModelNotStored, UnknownArchitecture
from inference.heads import NO_HEAD
from inference.network import LoadedModel, build, differences, head_name, prepare
from inference.programs import is_program
from inference.registry import ModelRegistry, sha256_of
from inference.state_files import (
    SUFFIXES,
    check_readable,
    in_a_sentence,
    read_state,
    without_wrapping,
)

_WITH_AUXILIARY_HEADS = ("googlenet", "inception_v3")
_AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_USUAL_SIDE = 224
_NO_FEATURES = "It comes as an ONNX file: it predicts, and can be neither fine-tuned nor adapted."
_NO_TRAINING = "It comes as a program of torch.export: it can be neither fine-tuned nor adapted."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What whoever brings a model says of it; None leaves it to the architecture or the file."""

    findings: tuple[str, ...]
    name: str = ""
    input_size: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    task: Task = "multiclass"
    covers: Covers = field(default_factory=Covers)
    crop: Crop = "none"


@dataclass(slots=True, eq=False)
class _Fit:
    """A network that a file was tried on."""

    card: ModelCard
    network: nn.Module
    tensors: dict[str, torch.Tensor]
    notes: list[str]
    mismatches: list[str]
    head_trained: bool = True


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
    crop: Crop = "none",
    new_head: bool = False,
) -> ModelCard:
    """Add a trained network to the registry.

    Parameters
    ----------
    weights
        .safetensors, .pt or .pth with tensors only (plain or nested under ``state_dict`` or ``model``, with
        or without ``module.`` or ``model.`` before every key); a program of torch.export (.pt2); an ONNX
        file (.onnx). None takes the architecture's pretrained weights, fetched by name.
    arch
        timm's name of the architecture, or ``torchvision/NAME``; for programs and ONNX files what to call
        it, or empty.
    findings
        Machine names of the logits, in their order.
    input_size, mean, std
        The architecture's own where they are None.
    crop
        ``"lungs"`` where the network was trained on images cut to the lungs.
    new_head
        Give it a new head, whatever the file has.

    Returns
    -------
    ModelCard
        With `head_trained` False where the file's last layer has another number of findings: it was
        replaced, and the model does not predict before it has been trained. What else was found stands in
        `data["imported"]`.

    Raises
    ------
    InferenceError
        One sentence on what was found and what was expected.
    """
    wanted = Wanted(
        tuple(findings), name, input_size, tuple(mean) if mean else None, tuple(std) if std else None, task,
        covers or Covers(), crop,
    )  # fmt: skip
    if weights is None:
        found = pretrained.fetch(arch)
        wanted = wanted if name else replace(wanted, name=f"{full_name(arch)}, pretrained")
        return _import_state(registry, found.path, arch, wanted, True, found)
    check_readable(weights, (*SUFFIXES, ".pt2", ".onnx"))
    if weights.suffix.lower() == ".onnx":
        return _import_onnx(registry, weights, arch, wanted)
    if weights.suffix.lower() == ".pt2" or is_program(weights):
        return _import_program(registry, weights, arch, wanted)
    return _import_state(registry, weights, arch, wanted, new_head, None)


def _import_state(
    registry: ModelRegistry,
    weights: Path,
    arch: str,
    wanted: Wanted,
    new_head: bool,
    fetched: pretrained.Pretrained | None,
) -> ModelCard:
    if not arch:
        raise UnknownArchitecture(f"{weights} holds weights alone; --arch has to say of which architecture.")
    fit = _best_fit(full_name(arch), arch, wanted, weights, new_head)
    fit.network.load_state_dict(fit.tensors)
    fit.tensors.clear()  # large networks: what is held twice is let go as soon as it can be
    card = _card_of(fit, weights, fetched)
    tensors = {key: tensor.contiguous().clone() for key, tensor in fit.network.state_dict().items()}
    del fit
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        try:
            safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})
        except (OSError, SafetensorError) as error:  # a full disk
            raise ModelNotStored(f"{weights} could not be copied to {folder}: {error}.") from error
        return registry.add(card, path)


def _best_fit(name: str, arch: str, wanted: Wanted, weights: Path, new_head: bool) -> _Fit:
    """The file on its architecture; on torchvision's of the same name where it fits that alone."""
    file = read_state(weights)
    fit = _fit(name, file.tensors, wanted, weights, new_head)
    other = namesake(name) if arch == name else None  # a bare name that both know
    if fit.mismatches and other is not None:
        second = _fit(other, file.tensors, wanted, weights, new_head)
        if not second.mismatches:
            second.notes.append(f"the keys fit torchvision's {arch} and not timm's, so it is {other}")
            fit = second
    if fit.mismatches:
        raise InvalidWeights(f"{weights} does not fit {name}: {in_a_sentence(fit.mismatches)}.")
    fit.notes[:0] = file.notes
    return fit


def _card_of(fit: _Fit, weights: Path, fetched: pretrained.Pretrained | None) -> ModelCard:
    """The card of a network that holds its weights, after a trial."""
    state = fit.network.state_dict()
    if broken := [k for k, t in state.items() if t.is_floating_point() and not torch.isfinite(t).all()]:
        raise InvalidWeights(f"{weights} holds numbers that are not finite, in {in_a_sentence(broken, 3)}.")
    model = prepare(fit.card, fit.network, torch.device("cpu"))  # refuses sizes that the network cannot take
    card = _told(fit.card, model, weights, fit.notes, fetched)
    return replace(card, head_trained=fit.head_trained, head=head_name(model))


def _import_program(registry: ModelRegistry, weights: Path, arch: str, wanted: Wanted) -> ModelCard:
    from inference.program_network import load_program

    network = load_program(weights, len(wanted.findings))
    program = network.program
    _check_side(weights, wanted, program.side)
    notes = _ending_notes(weights, wanted, network.ends_in)
    if program.batch is not None:
        count = "one image" if program.batch == 1 else f"{program.batch} images"
        notes.append(f"it was exported for {count} at a time and is run so")
    card, assumed = _free_card(weights, arch, wanted, "program", program.channels, program.side)
    model = prepare(card, network, torch.device("cpu"))
    return registry.add(_told(card, model, weights, [*assumed, *notes], None), weights)


def _import_onnx(registry: ModelRegistry, weights: Path, arch: str, wanted: Wanted) -> ModelCard:
    from inference.onnx_network import load_onnx

    network = load_onnx(weights, len(wanted.findings))
    side = network.side or wanted.input_size or _USUAL_SIDE
    _check_side(weights, wanted, side)
    notes = _ending_notes(weights, wanted, network.ends_in)
    if network.side is None and wanted.input_size is None:
        notes.append(f"the file takes images of any size and none was given; {side} pixels are assumed")
    card, assumed = _free_card(weights, arch, wanted, "onnx", network.channels, side)
    model = prepare(card, network, torch.device("cpu"))
    return registry.add(_told(card, model, weights, [*assumed, *notes], None), weights)


def _fit(name: str, given: dict[str, torch.Tensor], wanted: Wanted, weights: Path, new_head: bool) -> _Fit:
    """Build the architecture and see how the file's tensors fit it."""
    usual = usual_input(name)
    label = wanted.name or f"{name} from {weights.name}"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # a replaced head is the same at every import, and so is the model's id
        card = _card(label, name, wanted, 3, usual)
        network = build(card)
        tensors = without_wrapping(given, network.state_dict())
        if _takes_grey(network, tensors):
            torch.manual_seed(0)
            card = _card(label, name, wanted, 1, usual)
            network = build(card)
    notes: list[str] = []
    tensors = _with_counters(tensors, network)
    tensors = _without_auxiliary_heads(name, tensors, network, notes)
    head_trained = not _replace_heads(network, tensors, new_head, notes)
    return _Fit(card, network, tensors, notes, differences(network, tensors), head_trained)


def _card(
    label: str,
    arch: str,
    wanted: Wanted,
    channels: int,
    usual: tuple[int, tuple[float, ...], tuple[float, ...]],
    kind: Format = "network",
) -> ModelCard:
    pre = Preprocessing(
        input_size=wanted.input_size or usual[0],
        channels=channels,
        mean=_per_channel(wanted.mean or usual[1], channels),
        std=_per_channel(wanted.std or usual[2], channels),
        crop=wanted.crop,
    )
    names = tuple(FindingName(f, re.sub(r"[-_](?!\d)", " ", f)) for f in wanted.findings)
    card = ModelCard(
        "", label, arch, names, task=wanted.task, preprocessing=pre, covers=wanted.covers, format=kind
    )
    try:
        card.check()
    except ValueError as error:
        raise InvalidCard(f"{label} cannot be imported: {error}") from error
    return card


def _free_card(
    weights: Path, arch: str, wanted: Wanted, kind: Format, channels: int, side: int
) -> tuple[ModelCard, list[str]]:
    """The card of a file that is its own architecture, and what had to be assumed."""
    notes = []
    usual: tuple[int, tuple[float, ...], tuple[float, ...]] = (side, *_IMAGENET)
    try:
        usual = (side, *usual_input(full_name(arch))[1:])
    except UnknownArchitecture:
        if wanted.mean is None or wanted.std is None:
            notes.append("no mean and std were given; those of ImageNet are assumed")
    label = wanted.name or weights.stem
    card = _card(label, arch or weights.stem, replace(wanted, input_size=side), channels, usual, kind)
    limits = (_NO_FEATURES,) if kind == "onnx" else (_NO_TRAINING,)
    return replace(card, head=NO_HEAD, limits=limits), notes


def _told(
    card: ModelCard,
    model: LoadedModel,
    weights: Path,
    notes: list[str],
    fetched: pretrained.Pretrained | None,
) -> ModelCard:
    """The card with where the file is from and what was found out about it."""
    if model.anatomy.why_no_map:
        notes = [*notes, f"it gives no heatmaps in one pass ({model.anatomy.why_no_map})"]
    imported: dict[str, Any] = {"file": weights.name, "sha256": sha256_of(weights), "notes": notes}
    licence = card.licence
    if fetched is not None:
        imported["source"] = fetched.source
        licence = fetched.licence
    return replace(card, data={"imported": imported}, licence=licence)


def _per_channel(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """One value is meant for every channel; three for a grey network become their mean."""
    numbers = tuple(float(v) for v in values) or (0.5,)
    if len(numbers) == 1:
        return numbers * channels
    return (sum(numbers) / len(numbers),) if channels == 1 else numbers


def _takes_grey(network: nn.Module, tensors: dict[str, torch.Tensor]) -> bool:
    """Whether the file's first convolution has one channel where the network's has three."""
    first = next(
        (n for n, m in network.named_modules() if isinstance(m, nn.Conv2d) and m.in_channels == 3), ""
    )
    weight = tensors.get(f"{first}.weight")
    return weight is not None and weight.ndim == 4 and weight.shape[1] == 1


def _with_counters(state: dict[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    """Add batch norm's step counters, which files from before torch 0.4.1 lack and nothing here reads."""
    counters = {
        key: tensor
        for key, tensor in network.state_dict().items()
        if key.endswith(".num_batches_tracked") and key not in state
    }
    return {**state, **counters}


def _without_auxiliary_heads(
    name: str, tensors: dict[str, torch.Tensor], network: nn.Module, notes: list[str]
) -> dict[str, torch.Tensor]:
    """Leave out the heads in the middle of GoogLeNet and Inception, which only help to train from scratch."""
    bare = name.removeprefix(TORCHVISION).partition(".")[0]
    if bare not in _WITH_AUXILIARY_HEADS:
        return tensors
    own = network.state_dict()
    left_out = [key for key in tensors if key.startswith(_AUXILIARY) and key not in own]
    if left_out:
        notes.append(f"its auxiliary heads were left out ({len(left_out)} tensors); they only help to train")
    return {key: tensor for key, tensor in tensors.items() if key not in left_out}


def _replace_heads(
    network: nn.Module, tensors: dict[str, torch.Tensor], new_head: bool, notes: list[str]
) -> bool:
    """Put the network's own head among the tensors where theirs has another number of findings.

    Returns whether it did.
    """
    own = network.state_dict()
    replaced: dict[str, torch.Tensor] = {}
    had = 0
    for name in classifier_names(network):
        keys = [key for key in own if key.startswith(f"{name}.")]
        given = [tensors[key] for key in keys if key in tensors]
        of_another_size = len(given) == len(keys) and all(
            tensors[key].ndim == own[key].ndim and tensors[key].shape[1:] == own[key].shape[1:]
            for key in keys
        )
        rows = [len(tensors[k]) for k in keys if k in tensors and tensors[k].shape != own[k].shape]
        if new_head or (of_another_size and rows):
            replaced |= {key: own[key] for key in keys}
            had = rows[0] if rows else had
    if not replaced:
        return False
    for key in replaced:
        tensors.pop(key, None)
    tensors.update(replaced)
    what = f"its head of {had} findings" if had else "its head"
    notes.append(f"{what} was replaced by a new one; it does not predict until it has been trained")
    return True


def _check_side(weights: Path, wanted: Wanted, side: int) -> None:
    if wanted.input_size is not None and wanted.input_size != side:
        raise InvalidWeights(
            f"{weights} takes {side} x {side} pixels; --input-size {wanted.input_size} does not fit it."
        )


def _ending_notes(weights: Path, wanted: Wanted, ends_in: str) -> list[str]:
    """A file that gives probabilities is taken back to logits; its kind has to be the task's."""
    if not ends_in:
        return []
    task = "multiclass" if ends_in == "softmax" else "multilabel"
    if wanted.task != task:
        raise InvalidWeights(
            f"{weights} ends in a {ends_in}, so --task {task} is expected, not {wanted.task}."
        )
    return [f"it ends in a {ends_in}, which was taken back: temperature and task make the probabilities"]
