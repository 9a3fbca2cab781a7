"""Where the evidence of films may lie, as masks on the square that the network is shown.

A reader's word counts for the finding of which it was given. Where nothing was said, and the film is a chest
whose lungs were found, it is the lungs, a little widened: no network draws sharper than its cells.
Everything is worked out once, when the films are decoded, and warped with them afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from inference.card import Preprocessing
from inference.covering import Region as Outlines
from inference.covering import share_covered
from inference.lung_mask import HALF, LungMask, inside
from inference.preprocess import covered_box_of
from training.learning.augment import warped
from training.regions import Region
from training.samples import Sample

PX_A_CELL = 4
"""Of the square, for a cell of a mask: finer than any map."""
WIDER = 0.02
"""Of the film's side: so far beyond the lungs evidence may lie."""
_FARTHEST_PX = 1e6  # no film is so large
_SAMPLES = 3  # in a cell, each way

_OfReader = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Of one film: masks (K, m, m), known (K,), drawn (K,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Allowed:
    """Of a batch.

    Parameters
    ----------
    masks
        (B, K, m, m) float32 in [0, 1]: how much of each cell is allowed.
    known
        (B, K) float32: 1 where something is known of where that finding's evidence may lie.
    drawn
        (B, K) float32: 1 where a reader said it.
    whole
        (B, 1, m, m): where anything that tells findings apart may lie. A reader who drew where one finding
        is has said it of all.
    """

    masks: torch.Tensor
    known: torch.Tensor
    drawn: torch.Tensor
    whole: torch.Tensor

    def mixed_with(self, other: Allowed) -> Allowed:
        """Of films that were mixed with others: what either allows, known where it is of both."""
        masks, whole = torch.maximum(self.masks, other.masks), torch.maximum(self.whole, other.whole)
        return Allowed(masks, self.known * other.known, self.drawn * other.drawn, whole)


class AllowedRegions:
    """Masks of films, in their order; `note` each film before asking.

    Attributes
    ----------
    lungs
        (N, m, m) uint8: how much of each cell is lung, of 255; 0 everywhere where no lungs were found.
    boxes
        (N, 4) float64: the part of each film that its square shows, see `inference.preprocess.covered_box`.
    """

    def __init__(
        self, samples: Sequence[Sample], findings: Sequence[str], preprocessing: Preprocessing
    ) -> None:
        self._samples = tuple(samples)
        self._findings = tuple(findings)
        self._preprocessing = preprocessing
        self.side = max(preprocessing.input_size // PX_A_CELL, 8)
        self.lungs = torch.zeros((len(self._samples), self.side, self.side), dtype=torch.uint8)
        self.boxes: NDArray[np.float64] = np.zeros((len(self._samples), 4))
        self._drawn: dict[int, _OfReader] = {}

    def note(self, i: int, shape: tuple[int, int], lungs: LungMask | None) -> None:
        """Take up what is known of film `i`: its (rows, columns), and its lungs if anybody looked."""
        self.boxes[i] = covered_box_of(shape, self._preprocessing, lungs)
        if lungs is not None and lungs.is_plausible:
            self.lungs[i] = torch.from_numpy(_on_square(lungs, tuple(self.boxes[i]), self.side))

    def save(self, stream: BinaryIO) -> None:
        """Write what `note` was told; what readers drew is not part of it."""
        np.savez(stream, lungs=self.lungs.numpy(), boxes=self.boxes)

    def load(self, path: Path) -> bool:
        """Take up what `save` wrote of the same films; whether that could be done."""
        try:
            with np.load(path, allow_pickle=False) as kept:
                lungs, boxes = kept["lungs"], kept["boxes"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return False
        return self.take(lungs, boxes)

    def take(self, lungs: NDArray[np.uint8], boxes: NDArray[np.float64]) -> bool:
        """Take up `lungs` and `boxes` of the same films; whether they can be those."""
        if lungs.shape != tuple(self.lungs.shape) or lungs.dtype != np.uint8:
            return False
        if boxes.shape != self.boxes.shape or boxes.dtype != np.float64 or not np.isfinite(boxes).all():
            return False
        top, left, bottom, right = boxes.T
        is_box = (bottom - top >= 1) & (right - left >= 1) & (np.abs(boxes).max(axis=1) <= _FARTHEST_PX)
        if not (is_box | ~boxes.any(axis=1)).all():
            return False
        self.lungs, self.boxes = torch.from_numpy(lungs), boxes
        return True

    def knows_any(self, chosen: Sequence[int]) -> bool:
        """Whether anything is known of where the evidence of any of these films may lie."""
        return self.knows_lungs(chosen) or any(self._of_reader(i) is not None for i in chosen)

    def knows_lungs(self, chosen: Sequence[int]) -> bool:
        """Whether lungs were found on any of these films."""
        return any(bool(self.lungs[i].any()) for i in chosen)

    def batch(
        self,
        chosen: Sequence[int] | NDArray[np.int64],
        device: torch.device,
        grid: torch.Tensor | None = None,
    ) -> Allowed:
        """What is allowed on some films.

        Parameters
        ----------
        grid
            (B, S, S, 2): where each place of the films came from (`training.learning.augment.grid_of`); None
            where they were not moved. Beyond a film's edge nothing is allowed.
        """
        indices = torch.as_tensor(np.asarray(chosen, np.int64))
        count = len(self._findings)
        masks = (self.lungs[indices].float() / 255)[:, None].repeat(1, count, 1, 1)
        known = self.lungs[indices].flatten(1).any(1).float()[:, None].repeat(1, count)
        drawn = torch.zeros_like(known)
        for row, i in enumerate(indices.tolist()):
            if (own := self._of_reader(i)) is not None:
                masks[row], known[row], drawn[row] = own
        masks, known, drawn = masks.to(device), known.to(device), drawn.to(device)
        if grid is not None:
            masks = warped(masks, _coarser(grid, self.side))
        is_drawn = drawn[:, :, None, None] > 0
        of_drawn = torch.where(is_drawn, masks, 1.0).amin(dim=1, keepdim=True)
        whole = torch.where(is_drawn.any(dim=1, keepdim=True), of_drawn, masks[:, :1])
        return Allowed(masks, known, drawn, whole)

    def lungs_on(
        self,
        chosen: Sequence[int] | NDArray[np.int64],
        device: torch.device,
        grid: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """(B, m, m) float32 in [0, 1]: the lungs of films, whatever readers drew; `grid` as in `batch`."""
        lungs = self.lungs[torch.as_tensor(np.asarray(chosen, np.int64))].float().to(device) / 255
        return lungs if grid is None else warped(lungs, _coarser(grid, self.side))

    def _of_reader(self, i: int) -> _OfReader | None:
        """A film on which a reader drew; None where nobody did."""
        if not self._samples[i].regions or not self.boxes[i].any():
            return None
        if i not in self._drawn:
            self._drawn[i] = self._rasterised(i)
        return self._drawn[i]

    def _rasterised(self, i: int) -> _OfReader:
        lungs = self.lungs[i].numpy().astype(np.float32) / 255
        base = lungs if lungs.any() else np.ones_like(lungs)
        masks = np.repeat(base[None], len(self._findings), axis=0)
        known = np.full(len(self._findings), float(lungs.any()), np.float32)
        drawn = np.zeros(len(self._findings), np.float32)
        for k, finding in enumerate(self._findings):
            told = [r for r in self._samples[i].regions if r.finding in (finding, "")]
            if not told:
                continue
            known[k] = drawn[k] = 1.0
            evidence = [r for r in told if r.is_evidence]
            if evidence:
                masks[k] = self._share(i, evidence)
            masks[k] = np.maximum(masks[k] - self._share(i, [r for r in told if not r.is_evidence]), 0)
        return torch.from_numpy(masks), torch.from_numpy(known), torch.from_numpy(drawn)

    def _share(self, i: int, regions: Sequence[Region]) -> NDArray[np.float32]:
        """(m, m): how much of each cell of the square lies in any of these regions."""
        top, left, bottom, right = (float(edge) for edge in self.boxes[i])
        outlines = Outlines(tuple(region.outline for region in regions))
        return share_covered(self.side, (top, left, bottom, right), outlines)


def _coarser(grid: torch.Tensor, side: int) -> torch.Tensor:
    """A sampling grid (B, S, S, 2) for films of another side: it is linear across a film."""
    cells = F.interpolate(grid.permute(0, 3, 1, 2), size=(side, side), mode="bilinear", align_corners=False)
    return cells.permute(0, 2, 3, 1)


def _on_square(lungs: LungMask, box: tuple[float, ...], side: int) -> NDArray[np.uint8]:
    """(side, side) uint8: how much of each cell of the square is widened lung, of 255."""
    radius = max(1, round(WIDER * max(lungs.grid.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    grid = np.where(lungs.grid >= HALF, np.uint8(255), np.uint8(0))
    wider = LungMask(np.asarray(cv2.dilate(grid, disc), np.uint8), lungs.box, True)
    top, left, bottom, right = box
    at = (np.arange(side * _SAMPLES) + 0.5) / (side * _SAMPLES)
    rows, columns = top + at * (bottom - top), left + at * (right - left)
    fine = inside(wider, rows[:, None], columns[None, :]).astype(np.float32)
    share = fine.reshape(side, _SAMPLES, side, _SAMPLES).mean(axis=(1, 3))
    return np.asarray(np.rint(share * 255), np.uint8)
