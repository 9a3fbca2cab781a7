"""Explanations that take many passes: what a model says when parts of the image, or of what it sees, change.

Each method is a generator of progress that ends with maps of all the findings that were asked for. Nothing
is left behind where it is closed early. Importing this module imports neither torch nor the libraries that
the methods need; those come when a method is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.errors import CannotExplain, UnknownFinding
from inference.methods import MANY_PASSES

if TYPE_CHECKING:
    import torch

    from inference.network import LoadedModel

METHODS = MANY_PASSES


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` passes are behind us; at least one is said after each batch."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """What a method found.

    Parameters
    ----------
    maps
        (K, h, w) float32, signed, over the network's square input, in the order of the findings that were
        asked for: positive is evidence for the finding. What the numbers are is said by each method.
    peak
        The largest positive value of the maps of all the model's findings, so that they are shown on one
        scale; with integrated gradients, of those asked for and the most probable one.
    spread
        (K, h, w) float32, the standard deviation over repeated runs, of methods that draw lots.
    """

    maps: NDArray[np.float32]
    peak: float
    spread: NDArray[np.float32] | None = None


Step = Progress | Explained
Method = Callable[["LoadedModel", "torch.Tensor", Sequence[int], int], Generator[Step, None, None]]


def explain(
    model: LoadedModel, tensor: torch.Tensor, findings: Sequence[str], method: str, *, seed: int = 0
) -> Generator[Step, None, None]:
    """Explain one image; closing the generator ends the work within one batch.

    Parameters
    ----------
    tensor
        (C, S, S) float32: what `preprocess.to_tensor` gives.
    findings
        Machine names, in the order in which their maps are wanted.
    method
        One of `METHODS`.
    seed
        For methods that draw lots: the same seed gives the same maps.

    Yields
    ------
    Progress
        After every batch.
    Explained
        Once, at last.

    Raises
    ------
    CannotExplain
        The method is unknown, or needs what this model has not.
    UnknownFinding
        The model does not know a finding of this name.
    """
    known = model.card.finding_names
    for name in findings:
        if name not in known:
            raise UnknownFinding(f"The model knows no finding called {name!r}; expected {', '.join(known)}.")
    wanted = [known.index(name) for name in findings]
    image = tensor.detach().clone().to(model.device)  # whatever mode it was made under
    return _method(method)(model, image, wanted, seed)


def _method(name: str) -> Method:
    if name == "occlusion":
        from inference.perturbation_occlusion import occlusion

        return occlusion
    if name == "integrated-gradients":
        from inference.perturbation_gradients import integrated_gradients

        return integrated_gradients
    if name == "lime":
        from inference.perturbation_lime import lime

        return lime
    if name == "scorecam":
        from inference.perturbation_channels import score_cam

        return score_cam
    if name == "ablationcam":
        from inference.perturbation_channels import ablation_cam

        return ablation_cam
    raise CannotExplain(f"There is no method called {name!r}; expected one of {', '.join(METHODS)}.")
