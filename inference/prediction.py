"""What a model says of an image. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from inference.lung_mask import LungMask


@dataclass(frozen=True, slots=True)
class FindingProbability:
    """A finding's calibrated probability in [0, 1]."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one frame.

    `findings` stand in the card's order. `suggestion` is the machine name of the suggested
    finding, None where the model's card does not cover the image; `warnings` then says why.
    `uncertainty` is the entropy of the probabilities over its maximum, in [0, 1] (several
    findings at once: the mean of the binary entropies).

    Parameters
    ----------
    margin
        Between the two largest probabilities; of several findings at once, the smallest distance of a
        probability from its operating point. In [0, 1].
    agreement
        Share of slightly altered copies of the image for which the same is suggested; None where that
        was not asked for.
    unfamiliarity
        How far the embedding lies from those of the images that the model knows, over the distance from
        which on nothing is suggested: above 1 the image is not what this model knows. None where the
        model has no description of what it knows.
    lung_share
        Share of the suggested finding's positive evidence that lies inside the lungs, in [0, 1]; None
        where there is no such evidence, or no lungs.
    weights_sha256
        Of what said it: the model's weights; of a head that was re-fitted, the weights and that head
        together. A model that comes with the program keeps its name when its weights change. Empty in what
        was kept before this was.
    """

    sop_instance_uid: str
    frame: int
    model: str
    findings: tuple[FindingProbability, ...]
    suggestion: str | None
    uncertainty: float | None
    warnings: tuple[str, ...] = ()
    elapsed_ms: float = 0.0
    device: str = "cpu"
    margin: float | None = None
    agreement: float | None = None
    unfamiliarity: float | None = None
    lung_share: float | None = None
    weights_sha256: str = ""

    def probability_of(self, name: str) -> float | None:
        return next((f.probability for f in self.findings if f.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """Evidence for one finding.

    Parameters
    ----------
    grid
        (h, w) float32, signed, unscaled: the map at the network's last spatial layer.
    box
        (top, left, bottom, right) in stored-pixel coordinates, edges not centres: the part of the
        image that the grid covers. It may reach beyond the image where the input was padded.
    peak
        The largest positive value over the maps of all findings of this image: maps are shown on
        one scale, so that an absent finding looks absent.
    lung_share
        Share of the map's positive values that lies inside the lungs, in [0, 1]; None where not known.
    spread
        (h, w) float32 standard deviation over repeated runs of a method that draws lots (LIME).
    """

    finding: str
    method: str
    grid: NDArray[np.float32]
    box: tuple[float, float, float, float]
    peak: float
    lung_share: float | None = None
    spread: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Everything that one pass of a network over one frame gave.

    Parameters
    ----------
    heatmaps
        One for each finding that was asked for, in the order of the question.
    embedding
        (D,) float32: what the network's last linear layer sees.
    adapted
        What the same embedding gives with a head that was re-fitted from reviews, where one was given.
    lungs
        Where the lungs are, on chest radiographs; plausible or not. None where nobody looked for them.
    likeness
        The film's perceptual hash (`studies.likeness`), empty where there is too little on it to tell films
        apart; None where the film was not decoded for this look.
    """

    prediction: Prediction
    heatmaps: tuple[Heatmap, ...]
    embedding: NDArray[np.float32]
    adapted: Prediction | None = None
    lungs: LungMask | None = None
    likeness: bytes | None = None
