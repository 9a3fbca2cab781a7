"""How much of a heatmap lies inside what a reader drew."""

from __future__ import annotations

import numpy as np
import pytest

from inference.lung_mask import LungMask, share_inside
from inference.prediction import Heatmap
from inference.region_share import share_in_outlines

SHAPE = (300, 200)


def heatmap(grid: list[list[float]]) -> Heatmap:
    values = np.array(grid, np.float32)
    return Heatmap("nodule", "gradcam", values, (0.0, 0.0, 300.0, 200.0), float(values.max()))


def rectangle(top: float, left: float, bottom: float, right: float) -> tuple[tuple[float, float], ...]:
    return ((top, left), (top, right), (bottom, right), (bottom, left))


def test_an_even_heatmap_lies_inside_by_area() -> None:
    even = heatmap([[2.0] * 4] * 4)
    assert share_in_outlines(even, SHAPE, [rectangle(0, 0, 75, 100)]) == pytest.approx(1 / 8, abs=0.002)
    both = [rectangle(0, 0, 150, 200), rectangle(100, 0, 225, 200)]  # what lies in both counts once
    assert share_in_outlines(even, SHAPE, both) == pytest.approx(3 / 4, abs=0.002)


def test_evidence_against_counts_for_nothing() -> None:
    half = heatmap([[3.0, -9.0], [3.0, -9.0]])
    assert share_in_outlines(half, SHAPE, [rectangle(0, 0, 300, 100)]) == pytest.approx(1.0, abs=0.01)
    assert share_in_outlines(heatmap([[-1.0, -2.0]]), SHAPE, [rectangle(0, 0, 300, 200)]) is None


def test_it_is_told_as_the_share_in_lungs_is() -> None:
    random = np.random.default_rng(2)
    drawn = heatmap(random.normal(0, 1, (7, 7)).tolist())
    mask = np.zeros((300, 200), np.uint8)
    mask[60:210, 30:140] = 255
    as_lungs = share_inside(drawn, LungMask(mask, (0.0, 0.0, 300.0, 200.0), True))
    assert share_in_outlines(drawn, SHAPE, [rectangle(60, 30, 210, 140)]) == pytest.approx(as_lungs, abs=0.01)
