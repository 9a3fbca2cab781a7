"""What is fitted to films that a network was not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from training.calibrate import LEAST_OF_EACH, choose_operating_points


@given(seed=st.integers(0, 1000), levels=st.integers(2, 40))
def test_an_operating_point_is_where_scikit_learn_s_roc_curve_is_highest(seed: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    said = (random.integers(0, levels, 80) / levels).astype(np.float32)
    true = random.uniform(size=80) < 0.2 + 0.6 * said
    true[:LEAST_OF_EACH], true[-LEAST_OF_EACH:] = True, False
    (point,) = choose_operating_points(said[:, None], [(int(t),) for t in true], ("a",)).values()
    false_alarms, sensitivity, _ = roc_curve(true, said)
    called = said >= point
    assert called[true].mean() - called[~true].mean() == pytest.approx((sensitivity - false_alarms).max())


def test_unknown_answers_and_rare_findings_choose_nothing() -> None:
    said = np.linspace(0, 1, 40, dtype=np.float32)[:, None].repeat(3, axis=1)
    truths = [(int(i >= 20), int(i == 39), None if i % 2 else int(i >= 30)) for i in range(40)]
    points = choose_operating_points(said, truths, ("common", "rare", "half known"))
    assert set(points) == {"common"}
    assert 19 / 39 < points["common"] < 20 / 39  # between the two films that it separates


def test_a_finding_that_cannot_be_told_has_a_point_that_is_a_probability() -> None:
    said = np.full((40, 1), 0.7, np.float32)
    points = choose_operating_points(said, [(i % 2,) for i in range(40)], ("a",))
    assert 0.0 <= points["a"] <= 1.0
