"""Right for the right reasons: evidence that lies where it may not costs something while a network learns.

The maps are those that are shown (`inference.evidence`, the plain method). Where a network pools by the mean
and ends in a linear layer, the map of finding k is `W_k . f`: it is part of the graph of the loss as it
stands. Elsewhere the channels' weights are gradients, which are kept in the graph and gone through a second
time. The penalty is the share of a map's positive mass that lies outside, as `lung_mask.share_inside` and
the window tell it (Ross, Hughes and Doshi-Velez 2017, with the map in place of the input's gradient, as
Rieger et al. 2020 and Schramowski et al. 2020 have it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F

from inference.anatomy import Anatomy, examine
from inference.card import Preprocessing, Task
from training.allowed import Allowed, AllowedRegions
from training.errors import UnusablePlan

if TYPE_CHECKING:
    from training.learner import Batch

LEAST_EVIDENCE = 0.1
"""In logits, the mean of a map: what is much less is hardly evidence, and where it lies costs little."""
MAPS_BY_GRADIENT = 2
"""Findings of a film whose maps are made where each of them needs a pass back."""


class Reasons:
    """A term of the loss (`training.learner.Term`): the share of evidence that lies where it may not.

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
        """The weighted mean over all films, those of which nothing is known counting 0; a scalar.

        A film's share is that of what is present and of what the network answers, half each; a finding of
        which a reader said where it is, or is not, counts whole.
        """
        allowed = self._allowed_on(batch)
        logits = logits.float()
        said = logits.detach().softmax(1) if self._task == "multiclass" else logits.detach().sigmoid()
        counts = (batch.targets * batch.known + said) / 2
        counts = torch.maximum(counts, allowed.drawn) * allowed.known
        most = counts.shape[1] if self._anatomy.is_pool_and_linear else MAPS_BY_GRADIENT
        weights, findings = counts.topk(min(most, counts.shape[1]), dim=1)  # (B, n)
        if not bool((weights > 0).any()):
            return logits.new_zeros(())
        chosen = findings[:, :, None, None].expand(-1, -1, *allowed.masks.shape[2:])
        shares = share_outside(self.maps(features, logits, findings), allowed.masks.gather(1, chosen))
        return self._weight * (shares * weights).sum() / len(logits)

    def _allowed_on(self, batch: Batch) -> Allowed:
        device = batch.x.device
        allowed = self._allowed.batch(batch.rows, device, batch.grid)
        if batch.partners is None:
            return allowed
        return allowed.mixed_with(self._allowed.batch(batch.partners, device, batch.partners_grid))

    def maps(self, features: torch.Tensor, logits: torch.Tensor, findings: torch.Tensor) -> torch.Tensor:
        """(B, n, h, w) float32 maps of the findings (B, n) of each film, in the graph of the latest pass."""
        network: Any = self._network
        if self._anatomy.is_pool_and_linear:
            grid = self._anatomy.as_grid(features).float()  # (B, C, h, w)
            weight = network.get_classifier().weight.float().flatten(1)  # (K, C)
            every = torch.einsum("kc,bchw->bkhw", weight, grid)
            return every.gather(1, findings[:, :, None, None].expand(-1, -1, *every.shape[2:]))
        at = features
        if self._anatomy.target is not None:
            assert self._kept is not None, "the explained module is part of every pass"
            at = self._kept
        elif not features.requires_grad:  # of an encoder that stands still: the head alone is gone through
            at = features.detach().float().requires_grad_()
            logits = network.forward_head(at)
        grid, maps = self._anatomy.as_grid(at).float(), []
        for n in range(findings.shape[1]):
            own = logits.gather(1, findings[:, n : n + 1]).sum()
            (gradient,) = torch.autograd.grad(own, at, create_graph=True)
            weights = self._anatomy.as_grid(gradient).float().sum(dim=(2, 3))  # (B, C)
            maps.append(torch.einsum("bc,bchw->bhw", weights, grid))
        return torch.stack(maps, dim=1)

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
    """The share of the positive mass of maps that lies outside of what is allowed: (B, n) in [0, 1).

    The maps are taken between the centres of their cells, as they are drawn.

    Parameters
    ----------
    maps
        (B, n, h, w) float32, in logits: their mean and the bias are the logit.
    allowed
        (B, n, m, m) float32 in [0, 1]: how much of each part of the square is allowed.
    """
    drawn = F.interpolate(maps, size=allowed.shape[-2:], mode="bilinear", align_corners=False)
    positive = drawn.relu()
    return (positive * (1 - allowed)).mean(dim=(2, 3)) / (positive.mean(dim=(2, 3)) + LEAST_EVIDENCE)


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
