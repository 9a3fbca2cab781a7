"""What an evaluation asks beside whether the answers are right."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import replace

import cv2
import numpy as np
import pytest

from inference.lung_mask import LungMask
from inference.predictor import Prepared
from tests.inference.making import make_header
from training.events import ImageResult
from training.proof.metrics import evaluate_results
from training.proof.probes import added, blanked, lung_shares, unfamiliar_share, without_lungs

NAMES = ("opacity", "no-finding")
SIDE = 96


def film(is_plausible: bool = True) -> Prepared:
    """Grey tissue with two dark lungs of 200 x 100 stored pixels each that hold bright spots."""
    grid = np.zeros((64, 64), np.uint8)
    for column in (18, 46):
        cv2.ellipse(grid, (column, 32), (9, 20), 0, 0, 360, 255, -1)
    lungs = cv2.resize(grid, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST) > 0
    square = np.where(lungs, 0.2, 0.6).astype(np.float32)
    square[40:50, 25:32] = 1.0
    mask = LungMask(grid, (0.0, 0.0, 640.0, 640.0), is_plausible)
    found: Future[LungMask] = Future()
    found.set_result(mask)
    return Prepared(make_header(rows=640, columns=640), 1, square, (0.0, 0.0, 640.0, 640.0), (), found)


def result(
    number: int,
    said: float,
    after: float | None = None,
    lung_share: float | None = None,
    unfamiliarity: float | None = None,
) -> ImageResult:
    true = number % 2
    later = () if after is None else (after, 1 - after)
    return ImageResult(
        f"i{number}", f"p{number}", (true, 1 - true), (said, 1 - said), lung_share, unfamiliarity, later
    )


def test_nothing_of_the_lungs_is_left_and_the_rest_stays() -> None:
    frame = film()
    without = blanked(frame)
    assert without is not None
    lungs = np.asarray(frame.square != np.float32(0.6))
    assert np.allclose(without.square[lungs], 0.6, atol=0.02)
    far = cv2.dilate(lungs.astype(np.uint8), np.ones((15, 15), np.uint8)) == 0
    assert np.array_equal(without.square[far], frame.square[far])


def test_a_film_without_lungs_is_not_probed() -> None:
    assert blanked(film(is_plausible=False)) is None
    assert blanked(replace(film(), looking_for_lungs=None)) is None


def test_the_share_in_the_lungs_is_told_of_the_most_probable_finding() -> None:
    results = [result(0, 0.9, lung_share=0.8), result(1, 0.7, lung_share=0.4), result(2, 0.1)]
    share, by_finding = lung_shares(results, NAMES)
    assert share == pytest.approx(0.6)
    assert by_finding == {"opacity": pytest.approx(0.6), "no-finding": None}
    assert lung_shares([], NAMES) == (None, {"opacity": None, "no-finding": None})


def test_a_model_that_needs_no_lungs_raises_the_alarm() -> None:
    """Its answers stay what they were; it ranks the films without lungs as well as with them."""
    stays = [result(n, 0.9 if n % 2 else 0.1, 0.85 if n % 2 else 0.12) for n in range(20)]
    told = without_lungs(stays, "multiclass")
    assert told is not None
    assert (told["n"], told["same"], told["still_confident"], told["alarm"]) == (20, 1.0, 1.0, True)
    assert told["macro_auroc"] == told["macro_auroc_with"] == 1.0
    assert told["warning"] == (
        "With their lungs covered 100% of the films still get the same answer, about as sure, and 100% of "
        "the ability to tell findings apart is left: the model reads something else than the lungs."
    )


def test_answers_that_change_but_still_tell_findings_apart_raise_it_too() -> None:
    weaker = [result(n, 0.95 if n % 2 else 0.05, 0.45 if n % 2 else 0.05) for n in range(20)]
    told = without_lungs(weaker, "multiclass")
    assert told is not None
    assert told["still_confident"] == 0.5
    assert told["ability_left"] == 1.0
    assert told["alarm"] is True


def test_a_model_that_looks_at_lungs_does_not() -> None:
    lost = [result(n, 0.9 if n % 2 else 0.1, 0.5) for n in range(20)]
    told = without_lungs(lost, "multiclass")
    assert told is not None
    assert told["still_confident"] == 0.0
    assert told["macro_auroc"] == 0.5
    assert told["alarm"] is False
    assert told["warning"] == ""


def test_few_films_say_nothing() -> None:
    assert without_lungs([result(n, 0.9, 0.9) for n in range(9)], "multiclass") is None
    assert without_lungs([result(n, 0.9) for n in range(50)], "multiclass") is None


def test_the_share_of_unfamiliar_films_counts_those_beyond_the_limit() -> None:
    known = [result(n, 0.9, unfamiliarity=u) for n, u in enumerate((0.4, 1.0, 1.2, 3.0))]
    assert unfamiliar_share([*known, result(9, 0.5)]) == 0.5
    assert unfamiliar_share([result(9, 0.5)]) is None


def test_an_evaluation_says_it_all_as_json() -> None:
    results = [
        result(n, 0.9 if n % 2 else 0.1, 0.9 if n % 2 else 0.1, lung_share=0.7, unfamiliarity=0.5)
        for n in range(20)
    ]
    measured = added(evaluate_results(results, NAMES, "m", bootstrap=5), "multiclass")
    told = json.loads(json.dumps(measured.as_json()))
    assert told["lung_share"] == pytest.approx(0.7)
    assert told["lung_share_per_finding"] == {"opacity": pytest.approx(0.7), "no-finding": pytest.approx(0.7)}
    assert told["unfamiliar"] == 0.0
    assert told["without_lungs"]["alarm"] is True
    assert told["warnings"] == [told["without_lungs"]["warning"]]


def test_where_the_evidence_lies_has_an_interval_over_patients() -> None:
    random = np.random.default_rng(3)
    shares = random.uniform(0.4, 0.9, 60)
    results = [result(i, 0.8, None, float(shares[i]), 1.5 if i % 5 == 0 else 0.4) for i in range(60)]
    told = added(evaluate_results(results, NAMES, "m", bootstrap=300), "multiclass", bootstrap=300)
    low, high = told.intervals["lung_share"]
    spread = 1.96 * shares.std() / np.sqrt(60)
    assert (low, high) == pytest.approx((shares.mean() - spread, shares.mean() + spread), abs=0.01)
    low, high = told.intervals["unfamiliar"]
    assert low < 0.2 < high
    assert "accuracy" in told.intervals
