"""What a model knows: how its features usually lie, and how far an image is from that.

A network answers for whatever it is shown: a knee, a photograph or an empty film gets probabilities too.
What tells that such an image is none of the kind the model was trained on is what its last features look
like (Lee et al. 2018): those of known images lie close to a plane of few dimensions, and the distance from
that plane, the principal components' residual (as in ViM, Wang et al. 2022), is large for others.

The mean over the grid that the classifier sees forgets where on the film something lies, and with it what
tells a frontal chest from one that lies on its side. Therefore the features are averaged in a few cells of
the film each (`describe`). Measured against other scores in docs/trust.md. Free of torch.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from inference.errors import InvalidWeights
from inference.registry import content_of

if TYPE_CHECKING:
    from inference.evidence import Pass
    from inference.lung_mask import LungMask
    from inference.network import LoadedModel


CELLS = 4
"""Features are averaged over at most this many by this many cells of the film."""
MOST_DIRECTIONS = 64
IMAGES_A_DIRECTION = 8
"""Fewer images than this for each direction, and the plane follows their noise."""
LEAST_IMAGES = 30
MOST_IMAGES = 3000
"""More are not needed for 64 directions, and the fit takes their number squared."""
KNOWN_SHARE = 0.98
"""Share of images of held-out patients that lie within the limit."""
MARGIN = 1.1
"""What the limit is raised by for hospitals that no image came from (see docs/trust.md)."""
WITHOUT_LUNGS = 1.25
"""How much less familiar an image of the chest is on which no two lungs are found."""
FOLDS = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Typical:
    """A description of the images that a model knows.

    Parameters
    ----------
    mean
        (P,) float32, of the descriptions of known images.
    directions
        (K, P) float32, orthonormal: along which known images differ from each other.
    limit
        The distance from the plane of `directions` from which on an image is none of the kind.
    cells
        What `describe` has to be given.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    limit: float
    cells: int = CELLS

    @classmethod
    def fit(
        cls,
        descriptions: NDArray[np.float32],
        patients: Sequence[str],
        held_out: NDArray[np.float32] | None = None,
        *,
        cells: int = CELLS,
        margin: float = MARGIN,
        seed: int = 0,
    ) -> Typical:
        """Describe images by the (N, P) `descriptions` of some of them.

        The limit is `KNOWN_SHARE`'s quantile of the distances of images from a plane that was fitted
        without their patients (five folds), times `margin`. Images that the network itself was not
        trained on lie a little further away than those: where there are some, in `held_out` (M, P), and
        their quantile is larger, it is taken.

        Raises
        ------
        ValueError
            There are fewer than `LEAST_IMAGES` descriptions, or they are not finite.
        """
        known = np.asarray(descriptions, np.float64)
        if len(known) < LEAST_IMAGES:
            raise ValueError(
                f"{len(known)} images are too few to say what is typical, expected {LEAST_IMAGES}"
            )
        if not np.isfinite(known).all():
            raise ValueError("the features of some images are not finite")
        random = np.random.default_rng(seed)
        chosen = np.sort(random.permutation(len(known))[:MOST_IMAGES])
        known, owners = known[chosen], np.asarray(patients, str)[chosen]
        distances = _held_out_distances(known, owners, random)
        limit = float(np.quantile(distances, KNOWN_SHARE))
        mean, directions = _plane(known)
        if held_out is not None and len(held_out):
            outside = _distances(np.asarray(held_out, np.float64), mean, directions)
            limit = max(limit, float(np.quantile(outside, KNOWN_SHARE)))
        return cls(mean.astype(np.float32), directions.astype(np.float32), limit * margin, cells)

    def unfamiliarity(self, description: NDArray[np.float32]) -> float:
        """How far a (P,) description lies from what is known, over the limit: above 1 it is none of it."""
        centred = np.asarray(description, np.float32) - self.mean
        along = self.directions @ centred  # in single precision: a film is looked at in milliseconds
        square = float(np.dot(centred, centred)) - float(np.dot(along, along))
        return math.sqrt(max(square, 0.0)) / self.limit

    def write(self, path: Path) -> str:
        """Write a safetensors file; its SHA-256 as hex. Directions are kept in half precision."""
        content = save(
            {
                "mean": self.mean.astype(np.float32),
                "directions": np.ascontiguousarray(self.directions, np.float16),
                "limit": np.array([self.limit], np.float64),
                "cells": np.array([self.cells], np.int64),
            }
        )
        path.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def read(cls, path: Path, sha256: str) -> Typical:
        """Read what `write` wrote.

        Raises
        ------
        InvalidWeights
            The file is missing, damaged, or not the one with this hash.
        """
        content = content_of(path, sha256)
        try:
            values = load(content)
            mean, directions = values["mean"].astype(np.float32), values["directions"].astype(np.float32)
            limit, cells = float(values["limit"][0]), int(values["cells"][0])
        except (SafetensorError, KeyError, IndexError, ValueError) as error:
            raise InvalidWeights(f"{path} does not say what is typical: {error}.") from error
        if mean.ndim != 1 or directions.shape[1:] != mean.shape or not limit > 0 or cells < 0:
            raise InvalidWeights(
                f"{path} does not say what is typical: {directions.shape} directions for a mean of "
                f"{mean.shape} and a limit of {limit:g}."
            )
        return cls(mean, directions, limit, cells)


def describe(embedding: NDArray[np.float32], grid: NDArray[np.float32] | None, cells: int = CELLS) -> Floats:
    """What of an image's features is compared with those of others.

    Parameters
    ----------
    embedding
        (D,): what the last linear layer sees; taken where there is no grid, or where `cells` is 0.
    grid
        (C, h, w): the last features by place. They are averaged over cells of the film, `cells` by `cells`
        or as many as there are.

    Returns
    -------
    (P,) float64: square roots with the values' signs, so that a few strong channels do not decide alone.
    """
    values = np.asarray(embedding, np.float64)
    if grid is not None and cells:
        flat = np.asarray(grid, np.float32).reshape(len(grid), -1)
        values = (flat @ _cells_of(*grid.shape[1:], cells)).T.ravel().astype(np.float64)
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)), np.float64)


def descriptions(model: LoadedModel, found: Pass, cells: int = CELLS) -> Floats:
    """(B, P) descriptions of the images of a pass."""
    grids: Any = None
    if found.features is not None and model.anatomy.layout is not None:
        grids = model.anatomy.as_grid(found.features).detach().float().cpu().numpy()
    return np.stack(
        [describe(row, None if grids is None else grids[n], cells) for n, row in enumerate(found.embedding)]
    )


def with_lungs(unfamiliarity: float, lungs: LungMask | None) -> float:
    """Take into account whether what looks like two lungs was found where a model expects a chest.

    A second sign, from another network: one that is near the limit by its features alone lies beyond it
    without lungs. Alone it decides nothing: a white chest has no lungs that could be outlined either.
    """
    return unfamiliarity * WITHOUT_LUNGS if lungs is not None and not lungs.is_plausible else unfamiliarity


@lru_cache(maxsize=16)
def _cells_of(height: int, width: int, cells: int) -> NDArray[np.float32]:
    """(height x width, cells x cells) float32: what each place adds to each cell's mean."""
    shares = np.zeros((height, width, min(cells, height), min(cells, width)), np.float32)
    for row, (top, low) in enumerate(_edges(height, min(cells, height))):
        for column, (left, right) in enumerate(_edges(width, min(cells, width))):
            shares[top:low, left:right, row, column] = 1.0 / ((low - top) * (right - left))
    return shares.reshape(height * width, -1)


def _edges(size: int, parts: int) -> list[tuple[int, int]]:
    """`parts` ranges that together cover `size` places evenly; neighbours share a place where they must."""
    return [(n * size // parts, -(-(n + 1) * size // parts)) for n in range(parts)]


def _plane(known: Floats) -> tuple[Floats, Floats]:
    """Mean (P,) and principal directions (K, P) of (N, P) descriptions, from their Gram matrix."""
    mean = known.mean(axis=0)
    centred = known - mean
    count = max(1, min(MOST_DIRECTIONS, len(known) // IMAGES_A_DIRECTION, known.shape[1] - 1))
    powers, vectors = np.linalg.eigh(centred @ centred.T)
    powers, vectors = powers[::-1][:count], vectors[:, ::-1][:, :count]
    used = powers > max(float(powers[0]), 0.0) * 1e-10
    directions = (vectors[:, used] / np.sqrt(powers[used])).T @ centred
    return mean, np.asarray(directions, np.float64)


def _distances(rows: Floats, mean: Any, directions: Any) -> Floats:
    """(M,) distances of (M, P) descriptions from a plane."""
    centred = rows - np.asarray(mean, np.float64)
    along = centred @ np.asarray(directions, np.float64).T
    squares = (centred**2).sum(axis=1) - (along**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), np.float64)


def _held_out_distances(known: Floats, patients: NDArray[np.str_], random: np.random.Generator) -> Floats:
    """(N,) distances, each from a plane that was fitted without the image's patient."""
    names = np.unique(patients)
    fold_of = dict(zip(random.permutation(names), np.arange(len(names)) % FOLDS, strict=True))
    fold = np.array([fold_of[name] for name in patients])
    distances = np.zeros(len(known))
    for number in np.unique(fold):
        out = fold == number
        if not (~out).any():  # one patient alone
            return _distances(known, *_plane(known))
        distances[out] = _distances(known[out], *_plane(known[~out]))
    return distances
