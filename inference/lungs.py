"""Finding the lungs on a frontal chest film, with the network that ships with the program."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch.nn.utils.fusion import fuse_conv_bn_eval

from inference.errors import InvalidWeights
from inference.lung_card import LungCard
from inference.lung_mask import LungMask, from_probability
from inference.lung_network import LungNetwork
from inference.network import differences
from inference.registry import content_of
from inference.state_files import in_a_sentence
from studies.display import network_intensities
from studies.image import Image

_SAMPLES = 4
_LEAST_STD = 1e-3
_ENDS = (1.0, 99.0)  # percentiles that become black and white


class LungFinder:
    """Finds lungs; one instance serves any number of threads.

    Parameters
    ----------
    folder
        Holds `card.json` and `weights.safetensors`.

    Raises
    ------
    InvalidCard
        The card is missing or damaged.
    InvalidWeights
        The weights are missing, damaged, not those the card names, or of another network.
    """

    def __init__(self, folder: Path) -> None:
        self.card = LungCard.read(folder / "card.json")
        self._network = _load(folder / "weights.safetensors", self.card)

    def find(self, image: Image) -> LungMask:
        """The lungs of one frame, in its stored-pixel space."""
        return self.find_in(network_intensities(image))

    def find_in(self, intensities: NDArray[np.float32]) -> LungMask:
        """The lungs in (H, W) float32 intensities of [0, 1] (`studies.display.network_intensities`)."""
        height, width = intensities.shape
        x = prepared(to_square(intensities, self.card.input_size))
        with torch.inference_mode():
            logits = self._network(torch.from_numpy(x)[None].contiguous(memory_format=torch.channels_last))
        side = self.card.input_size
        finer = cv2.resize(logits[0, 0].numpy(), (side, side), interpolation=cv2.INTER_LINEAR)
        return from_probability(_sigmoid(finer), (0.0, 0.0, float(height), float(width)))


def to_square(intensities: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """(H, W) to (side, side), by areas where the film is larger.

    Of a film that is much larger, each sample is the mean of some `_SAMPLES` x `_SAMPLES` pixels that lie
    evenly in its area: reading all of them would take longer than the network does.
    """
    thinned = max(min(intensities.shape) // (_SAMPLES * side), 1)
    grey = np.ascontiguousarray(intensities[thinned // 2 :: thinned, thinned // 2 :: thinned], np.float32)
    smaller = min(grey.shape) >= side
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (side, side), interpolation=how), dtype=np.float32)


def prepared(square: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's input from intensities of any scale: (S, S) to (2, S, S) float32.

    The first channel is the film by its own mean and spread, its extremes cut off; the second has its
    histogram made even, so that it is the same whatever curve a detector or a window has put on it.
    """
    low, high = np.percentile(square, _ENDS)
    grey = np.clip((square - low) / max(float(high - low), _LEAST_STD), 0.0, 1.0).astype(np.float32)
    even = cv2.equalizeHist(np.rint(grey * 255.0).astype(np.uint8)).astype(np.float32) / 255.0
    return np.stack([_standardised(grey), _standardised(even)])


def _standardised(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((grey - grey.mean()) / max(float(grey.std()), _LEAST_STD), dtype=np.float32)


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30.0, 30.0))), dtype=np.float32)


def _load(path: Path, card: LungCard) -> torch.nn.Module:
    content = content_of(path, card.weights_sha256)
    try:
        state = safetensors.torch.load(content)
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise InvalidWeights(f"{path} is no complete safetensors file: {error}.") from error
    network = LungNetwork(card.widths)
    if mismatches := differences(network, state):
        raise InvalidWeights(f"{path} does not fit {card.architecture}: {in_a_sentence(mismatches)}.")
    network.load_state_dict(state, strict=True)
    network.eval().requires_grad_(False)
    _fuse(network)
    return network.to(memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]


def _fuse(network: torch.nn.Module) -> None:
    """Put every normalisation into the convolution before it: the same numbers in fewer steps."""
    for step in network.modules():
        if isinstance(step, torch.nn.Sequential) and len(step) == 3:
            convolution, normalisation = step[0], step[1]
            if isinstance(convolution, torch.nn.Conv2d) and isinstance(normalisation, torch.nn.BatchNorm2d):
                step[0] = fuse_conv_bn_eval(convolution, normalisation)
                step[1] = torch.nn.Identity()
