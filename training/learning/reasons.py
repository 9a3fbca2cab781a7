"""Right for the right reasons: evidence that lies where it may not costs something while a network learns.

The maps are those that are shown (`inference.evidence`, the plain method). Where a network pools by the mean
and ends in a linear layer, the map of finding k is `W_k . f`: it is part of the graph of the loss as it
stands. Elsewhere the channels' weights are gradients, which are kept in the graph and gone through a second
time (Ross, Hughes and Doshi-Velez 2017, with the map in place of the input's gradient, as Rieger et al. 2020
and Schramowski et al. 2020 have it).

What is penalised is the share of a map's squared mass that lies outside, of both signs: of the positive mass
alone a network gets rid by making its maps negative everywhere. Of findings that exclude each other only
what tells them apart decides, so that their maps are taken from the mean of all; otherwise the evidence for
one could go on as evidence against the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F

from inference.anatomy import Anatomy, examine
from inference.card import Preprocessing, Task
from training.errors import UnusablePlan
from training.learning.allowed import Allowed, AllowedRegions

if TYPE_CHECKING:
    from training.learning.learner import Batch

LEAST_EVIDENCE = 0.03
"""In logits, the root of a map's mean square: what is much less is hardly evidence, wherever it lies."""
MAPS_BY_GRADIENT = 2
"""Findings of a film whose maps are made where each of them needs a pass back."""


class Reasons:
    """A term of the loss (`training.learning.learner.Term`): the share of evidence that lies where it may
    not.

    Parameters
    ----------
    weight
        By how much it counts beside the loss.
    network
        As it will learn, on the CPU: it is tried once, so that what cannot be done is said at once.
    allowed
        Where the evidence of the training's films may lie.
    name
        What people call the architecture, for that sentence.

    Raises
    ------
    UnusablePlan
        This network has no maps, or none through which gradients can be followed.
    """

    def __init__(
        self,
        weight: float,
        network: nn.Module,
        preprocessing: Preprocessing,
        allowed: AllowedRegions,
        task: Task,
        name: str,
    ) -> None:
        self._weight, self._network, self._allowed = weight, network, allowed
        self._task: Task = task
        self._anatomy = _anatomy_of(network, preprocessing)
        self._kept: torch.Tensor | None = None  # what the explained module gave in the latest pass
        if self._anatomy.why_no_map:
            raise UnusablePlan(
                f"{name} gives no heatmaps, because {self._anatomy.why_no_map}, so nothing can be learned "
                "from where its evidence lies; an evidence weight of 0 is expected"
            )
        if self._anatomy.target is not None:
            self._anatomy.target.register_forward_hook(self._keep)
            _spell_out_attention(network)
        self._try(preprocessing, name)

    def __call__(self, batch: Batch, features: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """The weighted mean over all films, those of which nothing is known counting 0; a scalar."""
        allowed, logits = self._allowed_on(batch), logits.float()
        if self._task == "multiclass":
            shares, known = self._of_one_finding(batch, allowed, features, logits)
        else:
            shares, known = self._of_several(batch, allowed, features, logits)
        if batch.blanked is not None:
            known = known * ~batch.blanked
        return self._weight * (shares * known).mean()

    def _of_one_finding(
        self, batch: Batch, allowed: Allowed, features: torch.Tensor, logits: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(B,) shares, and 1 where something is known: of what tells the findings of a film apart."""
        if self._anatomy.is_pool_and_linear:
            maps = self.maps(features, logits, torch.arange(logits.shape[1]).expand_as(logits))
            maps = maps - maps.mean(dim=1, keepdim=True)
        else:
            maps = self._contrast(features, logits, self._counts(batch, logits))
        return share_outside(maps, allowed.whole), allowed.known.amax(dim=1)

    def _of_several(
        self, batch: Batch, allowed: Allowed, features: torch.Tensor, logits: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(B,) mean shares of the findings of a film, each by itself, and 1 where something is known."""
        counts = torch.maximum(batch.known, allowed.drawn) * allowed.known  # (B, K)
        most = counts.shape[1] if self._anatomy.is_pool_and_linear else MAPS_BY_GRADIENT
        first = counts * (1 + self._counts(batch, logits) + allowed.drawn)
        findings = first.topk(min(most, counts.shape[1]), dim=1).indices  # (B, n)
        weights = counts.gather(1, findings)
        chosen = findings[:, :, None, None].expand(-1, -1, *allowed.masks.shape[2:])
        maps = self.maps(features, logits, findings).flatten(0, 1)[:, None]  # (B n, 1, h, w)
        masks = allowed.masks.gather(1, chosen).flatten(0, 1)[:, None]
        shares = share_outside(maps, masks).reshape(weights.shape)
        total = weights.sum(dim=1)
        return (shares * weights).sum(dim=1) / total.clamp_min(1), (total > 0).float()

    def _counts(self, batch: Batch, logits: torch.Tensor) -> torch.Tensor:
        """(B, K): what is present and what the network answers, half each."""
        said = logits.detach().softmax(1) if self._task == "multiclass" else logits.detach().sigmoid()
        return (batch.targets * batch.known + said) / 2

    def _allowed_on(self, batch: Batch) -> Allowed:
        device = batch.x.device
        allowed = self._allowed.batch(batch.rows, device, batch.grid)
        if batch.partners is None:
            return allowed
        return allowed.mixed_with(self._allowed.batch(batch.partners, device, batch.partners_grid))

    def maps(self, features: torch.Tensor, logits: torch.Tensor, findings: torch.Tensor) -> torch.Tensor:
        """(B, n, h, w) float32 maps of the findings (B, n) of each film, in the graph of the latest pass."""
        if self._anatomy.is_pool_and_linear:
            network: Any = self._network
            grid = self._anatomy.as_grid(features).float()  # (B, C, h, w)
            weight = network.get_classifier().weight.float().flatten(1)  # (K, C)
            every = torch.einsum("kc,bchw->bkhw", weight, grid)
            places = findings.to(every.device)[:, :, None, None]
            return every.gather(1, places.expand(-1, -1, *every.shape[2:]))
        at, logits = self._at(features, logits)
        own = [logits.gather(1, findings[:, n : n + 1]).sum() for n in range(findings.shape[1])]
        return torch.stack([self._map_of(one, at) for one in own], dim=1)

    def _contrast(self, features: torch.Tensor, logits: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        """(B, 1, h, w): the map of half the difference of the two findings that count most on each film."""
        at, logits = self._at(features, logits)
        two = logits.gather(1, counts.topk(min(2, counts.shape[1]), dim=1).indices)
        return self._map_of((two[:, 0] - two[:, -1]).sum() / 2, at)[:, None]

    def _at(self, features: torch.Tensor, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is explained, and logits that depend on it."""
        if self._anatomy.target is not None:
            assert self._kept is not None, "the explained module is part of every pass"
            return self._kept, logits
        if features.requires_grad:
            return features, logits
        network: Any = self._network  # whose encoder stands still: the head alone is gone through again
        at = features.detach().float().requires_grad_()
        return at, network.forward_head(at)

    def _map_of(self, told: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        """(B, h, w): the map of a sum of what is told of each film."""
        (gradient,) = torch.autograd.grad(told, at, create_graph=True)
        weights = self._anatomy.as_grid(gradient).float().sum(dim=(2, 3))  # (B, C)
        return torch.einsum("bc,bchw->bhw", weights, self._anatomy.as_grid(at).float())

    def _keep(self, _module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor | None:
        """Hold what the explained module gives, in the graph also where nothing before it moves."""
        if not torch.is_grad_enabled():
            return None
        self._kept = output if output.requires_grad else output.detach().requires_grad_()
        return self._kept

    def _try(self, pre: Preprocessing, name: str) -> None:
        """Go once through a map's own gradient: some layers have none of second order."""
        network: Any = self._network
        modes = _evaluating(network)
        try:
            with torch.random.fork_rng(devices=[]), torch.enable_grad():
                x = torch.randn(1, pre.channels, pre.input_size, pre.input_size)
                features = network.forward_features(x)
                logits = network.forward_head(features)
                told = self.maps(features, logits, torch.zeros((1, 1), dtype=torch.int64))
                moving = [p for p in network.parameters() if p.requires_grad]
                torch.autograd.grad(told.square().sum(), moving, allow_unused=True)
        except (RuntimeError, NotImplementedError) as error:
            raise UnusablePlan(
                f"{name} has a head through which the gradient of a heatmap cannot be followed "
                f"({str(error).splitlines()[0].rstrip('.')}); an evidence weight of 0 is expected"
            ) from error
        finally:
            self._kept = None
            _put_back(modes)


def share_outside(maps: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """The share of the squared mass of a film's maps that lies outside of what is allowed: (B,) in [0, 1).

    The maps are taken between the centres of their cells, as they are drawn.

    Parameters
    ----------
    maps
        (B, n, h, w) float32, in logits: their mean and the bias are the logit.
    allowed
        (B, 1, m, m) float32 in [0, 1]: how much of each part of the square is allowed.
    """
    drawn = F.interpolate(maps, size=allowed.shape[-2:], mode="bilinear", align_corners=False)
    mass = drawn.square().sum(dim=1, keepdim=True)
    outside = (mass * (1 - allowed)).mean(dim=(1, 2, 3))
    return outside / (mass.mean(dim=(1, 2, 3)) + LEAST_EVIDENCE**2)


def _anatomy_of(network: nn.Module, pre: Preprocessing) -> Anatomy:
    modes = _evaluating(network)
    try:
        return examine(network, pre)
    finally:
        _put_back(modes)


def _evaluating(network: nn.Module) -> dict[nn.Module, bool]:
    """Put a network into eval mode; which modules were in training mode before."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    return modes


def _put_back(modes: dict[nn.Module, bool]) -> None:
    for module, mode in modes.items():
        vars(module)["training"] = mode


def _spell_out_attention(network: nn.Module) -> None:
    """Have timm's attentions made of plain products: the fused ones have no gradient of second order."""
    for module in network.modules():
        if hasattr(module, "fused_attn"):
            vars(module)["fused_attn"] = False
