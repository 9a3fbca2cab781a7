"""What adapted heads say, kept in arrays: predictions are made of them when one is looked at."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from app.fitting.messages import Known, Scored
from app.gui.adapted_scores import AdaptedScores
from inference.card import ModelCard
from inference.prediction import Prediction
from studies.image import Header
from tests.inference.making import make_card, make_header

CARD: ModelCard = replace(make_card(), id="m", weights_sha256="w")
OTHER: ModelCard = replace(make_card(), id="n")
FINDINGS = tuple((f.name, f.display) for f in CARD.findings)


def film(uid: str) -> Header:
    return replace(make_header(), sop_instance_uid=uid)


def known(*uids: str, first: int = 0, is_first: bool = True, model: str = "m") -> Known:
    keys = tuple((first + n, (uid, 1), 0.5) for n, uid in enumerate(uids))
    return Known(model, keys, is_first)


def scored(*rows: list[float], added: tuple[tuple[str, str], ...] = (), model: str = "m") -> Scored:
    said = np.array(rows, np.float32).reshape(len(rows), len(FINDINGS) + len(added))
    best = said.argmax(axis=1).astype(np.int16) if len(rows) else np.zeros(0, np.int16)
    uncertainty = np.linspace(0, 1, len(rows)).astype(np.float32)
    return Scored(1, model, (*FINDINGS, *added), said, best, uncertainty, len(rows), "h", 0.1)


def scores() -> AdaptedScores:
    return AdaptedScores(film)


def test_a_frame_that_was_scored_has_a_prediction() -> None:
    made = scores()
    made.take_known(known("1", "2"))
    assert ("1", 1) not in made
    made.take_scores(scored([0.7, 0.2, 0.1], [0.1, 0.1, 0.8]), CARD)
    told = made[("2", 1)]
    assert isinstance(told, Prediction)
    assert (told.model, told.suggestion, told.weights_sha256) == ("adapted", CARD.finding_names[2], "h")
    assert told.unfamiliarity == 0.5
    assert made.get(("3", 1)) is None
    assert len(made) == 2
    assert set(made) == {("1", 1), ("2", 1)}


def test_findings_that_readers_added_are_told_under_their_name() -> None:
    made = scores()
    made.take_known(known("1"))
    made.take_scores(scored([0.2, 0.2, 0.1, 0.5], added=(("tb", "Tuberculosis"),)), CARD)
    assert made[("1", 1)].suggestion == "tb"
    card = made.card_of(("1", 1))
    assert card is not None
    assert card.display_of("tb") == "Tuberculosis"


def test_the_names_are_the_same_whichever_frames_are_asked_for() -> None:
    made = scores()
    made.take_known(known("1"))
    made.take_known(known("2", model="n"))
    made.take_scores(scored([0.7, 0.2, 0.1]), CARD)
    made.take_scores(scored([0.1, 0.1, 0.8], model="n"), OTHER)
    none, first, second = (made.suggested([(uid, 1)]) for uid in ("x", "1", "2"))
    assert none.names == first.names == second.names
    assert none.suggestion.tolist() == [-1]
    assert math.isnan(none.uncertainty[0])
    assert [s.names[s.suggestion[0]] for s in (first, second)] == [
        CARD.findings[0].display,
        OTHER.findings[2].display,
    ]
    assert second.confidence[0] == pytest.approx(0.8)


def test_a_row_that_another_frame_took_is_that_frames() -> None:
    made = scores()
    made.take_known(known("1", "2"))
    made.take_known(known("3", first=0, is_first=False))
    made.take_scores(scored([0.7, 0.2, 0.1], [0.1, 0.1, 0.8]), CARD)
    assert ("1", 1) not in made
    assert made[("3", 1)].suggestion == CARD.finding_names[0]


def test_a_process_that_was_started_again_tells_its_rows_anew() -> None:
    made = scores()
    made.take_known(known("1", "2"))
    made.take_scores(scored([0.7, 0.2, 0.1], [0.1, 0.1, 0.8]), CARD)
    made.take_known(known("2"))
    made.take_scores(scored([0.1, 0.8, 0.1]), CARD)
    assert made[("2", 1)].suggestion == CARD.finding_names[1]
    assert ("1", 1) not in made


def test_what_a_look_tells_counts_until_the_next_scores() -> None:
    made = scores()
    made.take_known(known("1"))
    made.take_scores(scored([0.7, 0.2, 0.1]), CARD)
    look = replace(made[("1", 1)], suggestion="told by a look")
    made.put(look)
    assert made[("1", 1)].suggestion == "told by a look"
    made.take_scores(scored([0.7, 0.2, 0.1]), CARD)
    assert made[("1", 1)].suggestion == CARD.finding_names[0]


def test_heads_of_models_out_of_use_say_nothing_and_are_known_when_they_come_back() -> None:
    made = scores()
    made.take_known(known("1"))
    made.take_scores(scored([0.7, 0.2, 0.1]), CARD)
    made.keep([])
    assert len(made) == 0
    made.keep(["m"])
    assert ("1", 1) in made


def test_a_head_that_is_the_models_own_again_says_nothing() -> None:
    made = scores()
    made.take_known(known("1"))
    made.take_scores(scored([0.7, 0.2, 0.1]), CARD)
    made.take_scores(scored(), CARD)
    assert ("1", 1) not in made
    assert made.suggested([("1", 1)]).suggestion.tolist() == [-1]
