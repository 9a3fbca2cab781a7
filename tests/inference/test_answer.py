"""What is suggested, and what a reader is told beside it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.answer import (
    margin_of,
    prediction_from,
    suggested,
    suggestions_of,
    uncertainties_of,
    uncertainty_of,
)
from inference.card import FindingName, ModelCard
from inference.prediction import Prediction
from tests.inference.making import make_card, make_header


def several(points: dict[str, float] | None = None, *names: str) -> ModelCard:
    findings = tuple(FindingName(n, n) for n in names or ("effusion", "nodule"))
    return make_card(task="multilabel", findings=findings, operating_points=points or {})


def answer(card: ModelCard, *p: float, **values: object) -> Prediction:
    probabilities: NDArray[np.float32] = np.array(p, np.float32)
    return prediction_from(card, "m", make_header(), 1, probabilities, **values)  # type: ignore[arg-type]


def test_an_unfamiliar_image_keeps_its_probabilities_and_gets_no_suggestion() -> None:
    known = answer(make_card(), 0.8, 0.1, 0.1, unfamiliarity=1.0)
    unknown = answer(make_card(), 0.8, 0.1, 0.1, unfamiliarity=1.31)
    assert known.suggestion == "covid-19"
    assert known.warnings == ()
    assert unknown.suggestion is None
    assert unknown.findings == known.findings
    assert unknown.unfamiliarity == 1.31
    (warning,) = unknown.warnings
    assert warning.startswith("This is not what test_resnet knows")
    assert "1.31" in warning


def test_a_header_that_is_not_covered_is_the_first_reason() -> None:
    said = prediction_from(
        make_card(), "m", make_header(modality="MR"), 1, np.full(3, 1 / 3, np.float32), unfamiliarity=2.0
    )
    assert said.suggestion is None
    assert "MR image" in said.warnings[0]


def test_evidence_outside_the_lungs_is_told_of_the_suggested_finding_alone() -> None:
    shares = {"covid-19": 0.31, "no-finding": 0.9, "pneumonia": None}
    outside = answer(make_card(), 0.8, 0.1, 0.1, lung_shares=shares, warnings=("Lossy.",))
    inside = answer(make_card(), 0.1, 0.8, 0.1, lung_shares=shares)
    silent = answer(make_card(), 0.1, 0.1, 0.8, lung_shares=shares)
    assert outside.lung_share == 0.31
    assert outside.warnings[0].startswith("Only 31% of the evidence for COVID-19 pattern lies in the lungs")
    assert outside.warnings[1] == "Lossy."
    assert (inside.lung_share, inside.warnings) == (0.9, ())
    assert (silent.lung_share, silent.warnings) == (None, ())


def test_operating_points_decide_what_is_suggested_and_leave_probabilities_alone() -> None:
    low = several({"effusion": 0.2, "nodule": 0.6})
    assert answer(low, 0.3, 0.55).suggestion == "effusion"
    assert answer(low, 0.3, 0.55).probability_of("effusion") == pytest.approx(0.3)
    assert answer(several(), 0.3, 0.55).suggestion == "nodule"
    assert answer(low, 0.25, 0.9).suggestion == "nodule"  # further above its point
    assert answer(low, 0.1, 0.59).suggestion is None
    assert "from which on it is suggested" in answer(low, 0.1, 0.59).warnings[0]
    assert (
        suggested(several(None, "effusion", "no-finding"), np.array([0.1, 0.2], np.float32)) == "no-finding"
    )


def test_one_of_many_is_the_most_probable_whatever_the_operating_points() -> None:
    card = make_card(operating_points={"covid-19": 0.9})
    assert answer(card, 0.5, 0.3, 0.2).suggestion == "covid-19"


def test_margin_says_how_near_another_answer_is() -> None:
    assert margin_of(make_card(), np.array([0.7, 0.2, 0.1], np.float32)) == pytest.approx(0.5)
    points = several({"effusion": 0.2, "nodule": 0.6})
    assert margin_of(points, np.array([0.3, 0.55], np.float32)) == pytest.approx(0.05)


@pytest.mark.parametrize("card", [make_card(), several(), several({"effusion": 0.2, "nodule": 0.6})])
def test_many_answers_at_once_are_those_of_each(card: ModelCard) -> None:
    said = np.random.default_rng(0).random((200, len(card.findings))).astype(np.float32)
    if card.task == "multiclass":
        said /= said.sum(axis=1, keepdims=True)
    names = (*card.finding_names, None)
    assert [names[k] for k in suggestions_of(card, said)] == [suggested(card, row) for row in said]
    each = [uncertainty_of(row, card.task) for row in said]
    assert np.allclose(uncertainties_of(said, card.task), each, atol=1e-6)
