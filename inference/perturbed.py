"""What the explanations of many passes share: what stands in for what is taken away, and how to ask."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from inference import evidence
from inference.network import LoadedModel
from inference.pacing import in_stretches
from inference.perturbation import Explained, Progress

Result = TypeVar("Result")
Count = Callable[[int], None]

_CPU_BATCH = 8  # a batch is the time that stopping takes; larger ones are hardly faster
_GPU_BATCH = 64


def batch_size(model: LoadedModel) -> int:
    """Images that are put through the network at a time."""
    return _CPU_BATCH if model.device.type == "cpu" else _GPU_BATCH


def logits_of_batch(model: LoadedModel, batch: torch.Tensor) -> torch.Tensor:
    """(B, K) on the model's device: by the way that predictions are made, whatever kind of model it is."""
    return torch.from_numpy(evidence.run(model, batch).logits).to(batch.device)


def blurred(image: torch.Tensor, window: int) -> torch.Tensor:
    """The image (C, S, S) without what is smaller than `window` pixels: Gaussian, sigma half a window.

    This is what stands in for what is taken away. Black is air, and the mean grey of a film is an opacity
    where a lung was: either would be a finding of its own, with edges. A place's own surroundings are not
    (Fong and Vedaldi 2017, "Interpretable explanations of black boxes by meaningful perturbation").
    """
    planes = image.detach().cpu().numpy().astype(np.float32)
    sigma = window / 2
    smooth = [cv2.GaussianBlur(p, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for p in planes]
    return torch.from_numpy(np.stack(smooth)).to(image.device)


def followed(work: Callable[[Count], Result], total: int) -> Generator[Progress, None, Result]:
    """Run a library's function to its end, and tell how far it is.

    Parameters
    ----------
    work
        Is given a function that it has to tell, after each batch, how many passes that was. When the
        generator is closed, that is where the work ends.
    total
        Passes that are expected in all.
    """
    done = 0

    def paced(pause: Callable[[], None]) -> Result:
        def count(passes: int) -> None:
            nonlocal done
            done += passes
            pause()

        return work(count)

    stretches = in_stretches(paced)
    try:
        while True:
            next(stretches)
            yield Progress(min(done, total), total)
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        stretches.close()


def window_of(image: torch.Tensor) -> int:
    """Side in pixels of what is hidden at a time: a seventh of the image, as wide as a third of a lung."""
    return max(2 * math.ceil(image.shape[-1] / 14), 1)


def fine_cells(image: torch.Tensor) -> int:
    """Cells along a side of maps that are finer than the network's own grid: 8 pixels each."""
    return max(round(image.shape[-1] / 8), 1)


def over_grid(maps: NDArray[np.float32], cells: int) -> NDArray[np.float32]:
    """Maps of pixels (K, S, S) as means over a grid: (K, cells, cells)."""
    return np.stack([cv2.resize(m, (cells, cells), interpolation=cv2.INTER_AREA) for m in maps])


def explained(
    maps: NDArray[np.float32], wanted: Sequence[int], spread: NDArray[np.float32] | None = None
) -> Explained:
    """The wanted ones of the maps of all findings, with the peak of all."""
    chosen = list(wanted)
    peak = max(float(maps.max()), 0.0)
    return Explained(
        np.ascontiguousarray(maps[chosen], np.float32),
        peak,
        None if spread is None else np.ascontiguousarray(spread[chosen], np.float32),
    )
