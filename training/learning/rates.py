"""How fast a network learns from step to step, and with what it takes its steps."""

from __future__ import annotations

import math
from typing import Any

import torch

from training.errors import UnusablePlan
from training.plan import Plan


def rate_at(plan: Plan, step: int, steps_an_epoch: int, head_epochs: int) -> float:
    """The learning rate of a step, counted from 0.

    Linear warm-up times cosine (Loshchilov and Hutter 2017). Where the head learns alone at first, it does so
    at a rate that rises and stays, and what comes after has a warm-up and a cosine of its own.
    """
    first = head_epochs * steps_an_epoch
    is_head = step < first
    done, total = (step, first) if is_head else (step - first, steps_an_epoch * plan.epochs - first)
    rising = min(1.0, (done + 1) / (total * plan.warm_up)) if plan.warm_up > 0 else 1.0
    falls = plan.schedule == "cosine" and not is_head
    falling = 0.5 * (1 + math.cos(math.pi * done / total)) if falls else 1.0
    return plan.learning_rate * rising * falling


def optimiser_of(plan: Plan, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """The plan's optimiser for groups of `training.learning.networks.parameter_groups`."""
    if plan.optimiser == "sgd":
        nesterov = plan.momentum > 0
        return torch.optim.SGD(groups, plan.learning_rate, momentum=plan.momentum, nesterov=nesterov)
    kind = torch.optim.AdamW if plan.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, plan.learning_rate)


def half_precision(precision: str, device: torch.device) -> torch.dtype | None:
    """The type that the network computes with beside float32; None for float32 alone.

    Raises
    ------
    UnusablePlan
        float16 was asked for where its gradients cannot be scaled.
    """
    if precision == "auto":
        if device.type != "cuda":
            return None
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if precision == "float16" and device.type != "cuda":
        raise UnusablePlan(
            f"precision float16 was asked for on {device}; bfloat16 or float32 is expected there"
        )
    return {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
