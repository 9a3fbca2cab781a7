"""What a search tries, and how much of it: plain data, without torch or Optuna, for the window too."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from training.errors import UnusablePlan
from training.plan import Depth, Optimiser, Plan

Sampler = Literal["tpe", "random"]
Pruner = Literal["median", "hyperband", "none"]
State = Literal["running", "complete", "pruned", "failed"]

TUNED = ("depth", "learning_rate", "weight_decay", "augmentation")
FROM_SCRATCH = ("learning_rate", "weight_decay", "augmentation")
SEARCHED = (
    "depth",
    "learning_rate",
    "weight_decay",
    "augmentation",
    "optimiser",
    "layer_decay",
    "class_balance",
)
"""What can be searched of a plan. `backbone` and `model` are searched where several are named."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`; `is_log` draws their logarithm evenly."""

    low: float
    high: float
    is_log: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """One of these."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """How a search goes.

    Parameters
    ----------
    trials, minutes
        The budget: so many trials, and none is begun after so many minutes (0: no such limit). A search that
        is resumed goes on with what is left.
    sampler
        ``"tpe"`` draws where earlier trials were good (Bergstra et al. 2011), ``"random"`` anywhere.
    pruner
        ``"median"`` ends a trial whose validation log-loss is worse than most had at the same epoch;
        ``"hyperband"`` gives few trials all epochs (Li et al. 2018); ``"none"`` ends none.
    over
        What is searched; empty: the usual, as the training starts from a model or from scratch.
    backbones
        Networks to choose from, for a training from scratch.
    models
        Ids of models to choose from as the one to start from, besides the training's own.
    seed
        Fixes what is drawn. Every trial trains with the plan's own seed.
    """

    trials: int = 20
    minutes: float = 0.0
    sampler: Sampler = "tpe"
    pruner: Pruner = "median"
    over: tuple[str, ...] = ()
    backbones: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.trials <= 10_000:
            raise UnusablePlan(f"trials is {self.trials}; expected 1 to 10000")
        if not 0 <= self.minutes <= 1e6:
            raise UnusablePlan(f"minutes is {self.minutes}; expected 0 or more")
        for name, value, known in (
            ("sampler", self.sampler, get_args(Sampler)),
            ("pruner", self.pruner, get_args(Pruner)),
            *(("over", one, SEARCHED) for one in self.over),
        ):
            if value not in known:
                raise UnusablePlan(f"{name} is {value!r}; expected {', '.join(known)}")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def space_of(search: Search, plan: Plan, base: str) -> dict[str, Range | Choices]:
    """What is drawn for each trial, by name.

    Parameters
    ----------
    base
        Id of the model that the training starts from; empty: from scratch.
    """
    over = search.over or (TUNED if base else FROM_SCRATCH)
    if not base and "depth" in over:
        raise UnusablePlan("depth is searched only where a model is tuned; a new network learns as a whole")
    if base and search.backbones:
        raise UnusablePlan("backbones are searched only from scratch; --models names models to start from")
    if not base and search.models:
        raise UnusablePlan("models are searched only where a model is tuned; --backbones names new networks")
    centre = plan.learning_rate
    ranges: dict[str, Range | Choices] = {
        "depth": Choices(get_args(Depth)),
        # Two decades about the plan's own: SGD and Adam, tuning and starting anew differ by as much.
        "learning_rate": Range(float(f"{centre / 10:.6g}"), min(centre * 10, 1e6), is_log=True),
        "weight_decay": Range(1e-4, 0.3, is_log=True),
        "augmentation": Range(0.0, 2.0),
        "optimiser": Choices(get_args(Optimiser)),
        "layer_decay": Range(0.5, 1.0),
        "class_balance": Range(0.0, 1.0),
    }
    if "learning_rate" in over and centre <= 0:
        raise UnusablePlan("the learning rate to search about is 0; one above 0 is expected")
    space = {name: ranges[name] for name in dict.fromkeys(over)}
    if search.backbones:
        space["backbone"] = Choices(tuple(dict.fromkeys((plan.backbone, *search.backbones))))
    if search.models:
        space["model"] = Choices(tuple(dict.fromkeys((base, *search.models))))
    return space


def usual(space: dict[str, Range | Choices], plan: Plan, base: str) -> dict[str, Any]:
    """The plan's own settings as a trial: the first, so that a search is never worse than none."""
    own = {name: base if name == "model" else getattr(plan, name) for name in space}
    for name, kind in space.items():
        if isinstance(kind, Range):
            own[name] = min(max(own[name], kind.low), kind.high)
    return own


def plan_with(plan: Plan, parameters: dict[str, Any]) -> Plan:
    """The plan of a trial; which model it starts from is no part of a plan."""
    return replace(plan, **{name: value for name, value in parameters.items() if name != "model"})


def told(space: dict[str, Range | Choices]) -> dict[str, Any]:
    """The space as an event tells it."""
    return {
        name: {"choices": list(kind.values)}
        if isinstance(kind, Choices)
        else {"low": kind.low, "high": kind.high, "log": kind.is_log}
        for name, kind in space.items()
    }
