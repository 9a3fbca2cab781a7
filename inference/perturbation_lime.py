"""LIME: parts of the image are hidden by lot, and a linear model of the answers is fitted (Ribeiro 2016)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.network import LoadedModel
from inference.perturbation import Step
from inference.perturbed import (
    Count,
    batch_size,
    blurred,
    explained,
    fine_cells,
    followed,
    logits_of_batch,
    over_grid,
    window_of,
)

RUNS = 4
"""Repetitions with other lots; the map is their mean, and their standard deviation is shown."""
SAMPLES = 150
"""Images a run."""
SUPERPIXELS = 64
"""At most so many; about 28 pixels wide where the input has 224."""

_KERNEL_WIDTH = 0.25  # as in the authors' own program, and so is the penalty
_PENALTY = 1.0
_COMPACTNESS = 0.3  # of superpixels, for greys in [0, 1]: less and they run along the edges of lungs


def lime(
    model: LoadedModel, image: torch.Tensor, wanted: Sequence[int], seed: int
) -> Generator[Step, None, None]:
    """How much each superpixel adds to the logit, where others are there and others are not.

    The maps are in units of the logit. What is hidden is blurred; the authors' own way, to fill a superpixel
    with its own mean, hides nothing where a superpixel is an opacity. One set of passes serves all findings.
    Runs differ, for that is what drawing lots does: `Explained.spread` is the standard deviation over them.
    """
    labels = superpixels(image)
    baseline = blurred(image, window_of(image))

    def runs(count: Count) -> NDArray[np.float32]:
        of_runs = []
        for run in range(RUNS):
            lots = draw_lots(int(labels.max()) + 1, SAMPLES, seed, run)
            of_runs.append(_coefficients(model, image, baseline, labels, lots, count)[:, labels])
        return np.stack([over_grid(m, fine_cells(image)) for m in of_runs])

    maps = yield from followed(runs, RUNS * SAMPLES)  # (R, K, h, w)
    yield explained(maps.mean(axis=0), wanted, maps.std(axis=0, ddof=1))


def superpixels(image: torch.Tensor, count: int = SUPERPIXELS) -> NDArray[np.intp]:
    """Connected parts of similar grey: (S, S), numbered from 0. Takes 30 ms for 224 x 224 pixels.

    The greys' range is stretched first: how compact superpixels become depends on it, and a flat film's
    would otherwise be plain squares.
    """
    from skimage.segmentation import slic

    grey = image.mean(dim=0).cpu().numpy().astype(np.float64)
    low, high = np.percentile(grey, (1, 99))
    stretched = np.clip((grey - low) / max(high - low, 1e-6), 0.0, 1.0)
    labels = slic(stretched, count, _COMPACTNESS, channel_axis=None, start_label=0)
    _, numbered = np.unique(labels, return_inverse=True)
    return np.asarray(numbered.reshape(labels.shape), dtype=np.intp)


def draw_lots(parts: int, samples: int, seed: int, run: int) -> NDArray[np.float32]:
    """(samples, parts): 1 where a part is shown, 0 where it is hidden; the first shows all."""
    lots = np.random.default_rng([seed, run]).integers(0, 2, (samples, parts)).astype(np.float32)
    lots[0] = 1.0
    return lots


def _coefficients(
    model: LoadedModel,
    image: torch.Tensor,
    baseline: torch.Tensor,
    labels: NDArray[np.intp],
    lots: NDArray[np.float32],
    count: Count,
) -> NDArray[np.float32]:
    """(K, parts): what each superpixel adds to each logit, of one run."""
    from captum._utils.models.model import Model
    from captum.attr import LimeBase
    from sklearn.linear_model import Ridge

    answers: list[torch.Tensor] = []
    parts = torch.from_numpy(labels).to(image.device)

    def forward(batch: torch.Tensor) -> torch.Tensor:
        answers.append(logits_of_batch(model, batch).cpu())
        count(len(batch))
        return answers[-1][:, 0]  # captum wants one number an image; the fit below takes all of them

    def shown(_image: torch.Tensor, **_: Any) -> Iterator[torch.Tensor]:
        yield from torch.from_numpy(lots).to(image.device)[:, None]  # (1, parts) each

    def as_image(lot: torch.Tensor, original: torch.Tensor, **_: Any) -> torch.Tensor:
        is_shown = lot[0][parts]  # (S, S)
        return original * is_shown + baseline * (1.0 - is_shown)

    class AllFindings(Model):  # type: ignore[misc]
        """One linear model a finding, fitted together."""

        def fit(self, train_data: Any, **_: object) -> None:
            # Iterating over a loader would draw from torch's own lots, which are not ours.
            x, _first, closeness = train_data.dataset.tensors
            self._fitted = Ridge(alpha=_PENALTY).fit(
                x.cpu().numpy(), torch.cat(answers).numpy(), sample_weight=closeness.cpu().numpy()
            )

        def representation(self) -> NDArray[np.float32]:
            return np.atleast_2d(self._fitted.coef_).astype(np.float32)

        def __call__(self, x: Any) -> Any:
            return self._fitted.predict(x)

    explainer = LimeBase(
        forward,
        AllFindings(),
        similarity_func=closeness_of,
        perturb_func=shown,
        perturb_interpretable_space=True,
        from_interp_rep_transform=as_image,
        to_interp_rep_transform=None,
    )
    found: NDArray[np.float32] = explainer.attribute(
        image[None], n_samples=len(lots), perturbations_per_eval=batch_size(model)
    )
    return found


def closeness_of(_original: Any, _changed: Any, lot: torch.Tensor, **_: Any) -> torch.Tensor:
    """How much a sample counts: 1 where all is shown, less the more is hidden (by the cosine distance)."""
    distance = 1.0 - lot.mean().sqrt()
    return torch.exp(-(distance**2) / (2 * _KERNEL_WIDTH**2))
