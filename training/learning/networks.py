"""The network a training starts from, and which parts of it move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from inference.architectures import classifier_names, create, full_name
from inference.card import ModelCard
from inference.network import build, load
from inference.registry import ModelRegistry
from training.errors import UnusablePlan
from training.plan import Depth, Plan

LEAST_MATCHING = 0.9  # share of an encoder's tensors that initial weights have to fill


def starting_network(
    plan: Plan, card: ModelCard, registry: ModelRegistry, base: ModelCard | None
) -> nn.Module:
    """The candidate's network before its first step, on the CPU.

    With a base model: its weights; a finding that it knows keeps its row of the head, a new one
    starts at random.

    Parameters
    ----------
    card
        The candidate's: architecture, findings and preprocessing count.
    """
    if base is not None:
        check_can_be_tuned(base)
    network = _create(card, plan)
    if base is None:
        if plan.initial_weights:
            _fill_encoder(network, Path(plan.initial_weights))
        return network
    learnt = load(base, registry, torch.device("cpu")).network.state_dict()
    own = network.state_dict()
    rows = [base.finding_names.index(f) if f in base.finding_names else None for f in card.finding_names]
    is_same_head = rows == list(range(len(base.findings)))
    for name, value in learnt.items():
        if is_same_head:
            own[name] = value
        elif name in own and _is_head(network, name):
            for i, row in enumerate(rows):
                if row is not None and base.head_trained:
                    own[name][i] = value[row]
        else:
            own[name] = value
    network.load_state_dict(own)
    return network


def check_can_be_tuned(base: ModelCard) -> None:
    """Raise `UnusablePlan` for a model that has no architecture here to go on with."""
    if base.format != "network":
        kind = {"program": "a program of torch.export", "onnx": "an ONNX file"}[base.format]
        raise UnusablePlan(
            f"{base.name or base.id} is {kind}, which is run as it is; a model imported from its weights, "
            "as a state_dict with --arch, is expected"
        )


def moving_parameters(network: nn.Module, depth: Depth) -> set[str]:
    """Names of the parameters that a training of this depth changes.

    The stages are those that timm's `group_matcher` gives for the architecture.
    """
    names = [name for name, _ in network.named_parameters()]
    if depth == "all":
        return set(names)
    head = {name for name in names if _is_head(network, name)}
    if not head:
        raise UnusablePlan("this architecture has no head of its own; only depth all can be tuned")
    if depth == "head":
        return head
    stages = [[n for n in stage if n not in head] for stage in _stages(network)]
    stages = [stage for stage in stages if stage]
    kept = 1 if depth == "last" else (len(stages) + 1) // 2
    return head.union(*stages[-kept:])


def set_moving(network: nn.Module, moving: set[str]) -> None:
    """Freeze every parameter that is not in `moving`."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in moving)


def set_training_mode(network: nn.Module, *, freeze_batch_norm: bool) -> None:
    """Training mode, but evaluation mode for modules that are frozen as a whole, so that neither
    running statistics nor dropout nor stochastic depth act in them, and for BatchNorm if asked."""
    network.train()
    for module in network.modules():
        own = list(module.parameters())
        is_frozen = bool(own) and not any(p.requires_grad for p in own)
        if is_frozen or (
            isinstance(module, _BatchNorm) and (freeze_batch_norm or _is_still(network, module))
        ):
            module.eval()


def _is_still(network: nn.Module, norm: nn.Module) -> bool:
    """A BatchNorm without parameters of its own stands still where nothing else of its network moves."""
    return not list(norm.parameters()) and not all(p.requires_grad for p in network.parameters())


def parameter_groups(
    network: nn.Module, moving: set[str], weight_decay: float, layer_decay: float = 1.0
) -> list[dict[str, Any]]:
    """Moving parameters for the optimiser, from the head on back.

    Kernels and matrices decay, vectors and scalars do not. A group's ``rate`` is the share of the learning
    rate that its stage learns with: 1 for the head, `layer_decay` for the last stage, its square for the
    one before.
    """
    stage_of = _distances(network, moving) if layer_decay < 1 else dict.fromkeys(moving, 0)
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in network.named_parameters():
        if name in moving:
            key = stage_of[name], parameter.ndim > 1
            decay = weight_decay if parameter.ndim > 1 else 0.0
            fresh = {"params": [], "weight_decay": decay, "rate": layer_decay ** stage_of[name]}
            groups.setdefault(key, fresh)["params"].append(parameter)
    return [groups[key] for key in sorted(groups)]


class Encoded(nn.Module):
    """A network that gives what it sees beside what it says, from one pass.

    Whoever wraps it to learn in several processes gets both with their gradients.

    Attributes
    ----------
    back
        Makes features of what was kept of films (`training.learning.frozen`); None where it is given films.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network: Any = network
        self.back: Callable[[torch.Tensor], torch.Tensor] | None = None

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, C, S, S) to features, in the architecture's own order of axes, and (B, K) logits."""
        features = self.network.forward_features(x) if self.back is None else self.back(x)
        return features, self.network.forward_head(features)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while: no dropout, and no statistics that move."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _create(card: ModelCard, plan: Plan) -> nn.Module:
    """The card's architecture with random weights, and with the plan's dropout and stochastic depth."""
    if not plan.drop_rate and not plan.drop_path:
        return build(card)
    pre = card.preprocessing
    choices = {"drop_rate": plan.drop_rate, "drop_path": plan.drop_path}
    try:
        return create(
            full_name(card.architecture), len(card.findings), pre.channels, pre.input_size, **choices
        )
    except (TypeError, ValueError, RuntimeError, AssertionError) as error:
        raise UnusablePlan(f"{card.architecture} cannot be made with {choices}: {error}") from error


def _is_head(network: nn.Module, name: str) -> bool:
    return any(name.startswith(f"{head}.") for head in classifier_names(network))


def _distances(network: nn.Module, names: set[str]) -> dict[str, int]:
    """How many stages lie between each parameter and the head's own place, 0 for the head."""
    found = {name: 0 for name in names if _is_head(network, name)}
    stages = [[n for n in stage if n not in found] for stage in _stages(network)]
    for distance, stage in enumerate(reversed([stage for stage in stages if stage]), start=1):
        found |= {name: distance for name in stage if name in names}
    return found


def _stages(network: nn.Module) -> list[list[str]]:
    """Parameter names stage by stage from the input on."""
    from timm.models import group_parameters

    matcher: Any = getattr(network, "group_matcher", None)
    if matcher is None:
        raise UnusablePlan("this architecture does not tell its stages; depth head or all can be tuned")
    groups: dict[Any, list[str]] = group_parameters(network, matcher(coarse=True), reverse=False)
    return [groups[key] for key in sorted(groups)]


def _fill_encoder(network: nn.Module, weights: Path) -> None:
    """Start from an encoder that was trained elsewhere; tensors are matched by name and shape."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        given = load_file(weights)
    except (OSError, SafetensorError) as error:
        raise UnusablePlan(f"{weights} cannot be read as .safetensors weights: {error}") from error
    wanted = {n: v for n, v in network.state_dict().items() if not _is_head(network, n)}
    fitting = {n: v for n, v in given.items() if n in wanted and wanted[n].shape == v.shape}
    if len(fitting) < LEAST_MATCHING * len(wanted):
        raise UnusablePlan(
            f"{weights} fills {len(fitting)} of the encoder's {len(wanted)} tensors; "
            "weights of the same architecture are expected"
        )
    network.load_state_dict(fitting, strict=False)
