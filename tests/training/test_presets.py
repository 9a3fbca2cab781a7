"""How deep to tune, from what was collected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inference.card import Covers, FindingName, ModelCard, Preprocessing
from training.plan import Depth, Plan
from training.presets import LEAST_FILMS, is_waiting_candidate, preset, seconds, suggested

BASE = ModelCard(
    id="m1", name="starter", architecture="resnet18", findings=(FindingName("a", "a"), FindingName("b", "b")),
    task="multiclass", preprocessing=Preprocessing(224), covers=Covers(),
)  # fmt: skip


def test_more_films_of_each_finding_let_a_training_go_deeper() -> None:
    depths = [suggested({"a": n, "b": n, "c": n}).depth for n in (0, 3, 10, 59, 60, 299, 300, 5000)]
    assert depths == ["head", "head", "last", "last", "half", "half", "all", "all"]


def test_the_reason_is_a_sentence_with_its_numbers() -> None:
    told = suggested({"covid-19": 14, "no-finding": 13, "pneumonia": 13})
    assert told.reason == "40 corrections of 3 findings, about 13 of each: the last stage."
    assert suggested({"a": 1, "b": 0}).reason == "1 correction of 1 finding, about 1 of each: the head."
    assert suggested({}).depth == "head"


def test_one_rare_finding_does_not_hold_back_the_others() -> None:
    assert suggested({"a": 400, "b": 350, "tuberculosis": 2}).depth == "all"
    assert suggested({"a": 400, "b": 3, "tuberculosis": 2}).depth == "head"


@pytest.mark.parametrize("depth", list(LEAST_FILMS))
@pytest.mark.parametrize("epochs", [None, 1, 2, 50])
def test_every_preset_is_a_plan_whatever_its_epochs(depth: Depth, epochs: int | None) -> None:
    plan = Plan(**preset(depth, BASE, epochs))
    assert plan.depth == depth
    assert plan.epochs == (epochs or plan.epochs)
    assert plan.head_epochs < plan.epochs


def test_few_films_come_in_small_batches_so_that_there_are_steps_enough() -> None:
    for films, steps in ((20, 40), (150, 300), (600, 700), (5000, 3000)):
        plan = Plan(**preset("last", BASE, films=films))
        assert films / plan.batch_size * plan.epochs >= steps
    assert "batch_size" not in preset("last", BASE)


def test_only_what_was_tuned_and_never_promoted_waits() -> None:
    tuned = replace(BASE, parent="m0")
    assert is_waiting_candidate(tuned, ())
    assert not is_waiting_candidate(tuned, {"m1"})
    assert not is_waiting_candidate(BASE, ())
    assert not is_waiting_candidate(replace(tuned, bundled=True), ())


def test_a_deeper_training_of_more_films_takes_longer() -> None:
    plans = [Plan(**preset(depth, BASE, 12)) for depth in LEAST_FILMS]
    told = [seconds(plan, 200, 30, 60, 40.0) for plan in plans]
    assert told == sorted(told)
    assert seconds(plans[1], 400, 30, 60, 40.0) > told[1]
    assert seconds(replace(plans[0], copies=0), 200, 30, 60, 40.0) > told[0]
