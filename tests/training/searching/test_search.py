"""A search: trials by the validation part alone, one candidate, the same after a kill."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inference.card import ModelCard
from inference.registry import ModelRegistry
from tests.training.conftest import QUICK
from training.errors import UnusableCheckpoint, UnusablePlan
from training.events import TrainingEvent
from training.runs import ask_to_cancel, read_events
from training.samples import Samples
from training.searching.search import search
from training.searching.space import Choices, Range, Search, space_of, usual

PLAN = replace(QUICK, learning_rate=3e-3)
SMALL = Search(trials=3, over=("learning_rate", "augmentation"), pruner="none")


@pytest.fixture(scope="session")
def parent(trained: dict[str, object], shared_registry: ModelRegistry) -> ModelCard:
    return shared_registry.find(str(trained["model"]))


def told(events: list[TrainingEvent]) -> list[dict[str, Any]]:
    """What the trials were at their end."""
    return [e.values for e in events if e.event == "trial" and e.values["state"] != "running"]


def settled(events: list[TrainingEvent]) -> list[tuple[Any, ...]]:
    return [(t["trial"], t["parameters"], t["state"], t["log_loss"]) for t in told(events)]


def test_a_search_ends_with_the_best_trial_as_one_candidate(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    events = list(search(PLAN, labelled, registry, tmp_path / "run", SMALL, cache_folder=tmp_path / "films"))
    trials, done = told(events), events[-1]
    assert events[0].event == "search"
    assert events[0].values["space"]["augmentation"] == {"low": 0.0, "high": 2.0, "log": False}
    assert [t["state"] for t in trials] == ["complete"] * 3
    assert trials[0]["parameters"] == {"learning_rate": 3e-3, "augmentation": 1.0}  # the plan's own first
    best = min(trials, key=lambda t: t["log_loss"])
    assert done.event == "done"
    assert done.values["search"]["trial"] == best["trial"] == trials[-1]["best"]["trial"]
    assert done.values["evaluation"]["n"] == len(labelled.of_part("test"))
    (card,) = registry.cards()  # the trials leave no model behind
    assert card.recipe["learning_rate"] == best["parameters"]["learning_rate"]
    assert card.figures["validation"]["n"] == len(labelled.of_part("validation"))
    assert not list((tmp_path / "run").rglob("checkpoint.pt"))
    assert [e.as_json() for e in read_events(tmp_path / "run")] == [
        json.loads(json.dumps(e.as_json())) for e in events
    ]


def test_trials_never_look_at_the_test_part(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    """Films of the test part that cannot be read stop nothing until the candidate is measured."""
    lost = tuple(
        replace(s, header=replace(s.header, path=str(tmp_path / "gone.png"))) if s.part == "test" else s
        for s in labelled.samples
    )
    events = list(search(PLAN, replace(labelled, samples=lost), registry, tmp_path / "run", SMALL))
    assert [t["state"] for t in told(events)] == ["complete"] * 3
    for folder in (tmp_path / "run" / "trials").iterdir():
        (plan,) = (e for e in read_events(folder)[:1])
        if folder.name != f"{told(events)[-1]['best']['trial']:04d}":
            assert plan.values["parts"]["test"]["images"] == 0


def test_the_same_seed_draws_the_same_and_another_one_does_not(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    def run(name: str, seed: int) -> list[tuple[Any, ...]]:
        what = replace(SMALL, seed=seed, sampler="random")
        events = list(
            search(PLAN, labelled, registry, tmp_path / name, what, cache_folder=tmp_path / "films")
        )
        return settled(events)

    first = run("a", 1)
    assert run("b", 1) == first
    assert run("c", 2)[1:] != first[1:]


@pytest.mark.parametrize("stop_after", [1, 4, 7])
def test_a_search_that_was_killed_goes_on_and_comes_to_the_same(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path, stop_after: int
) -> None:
    films = tmp_path / "films"
    whole = list(search(PLAN, labelled, registry, tmp_path / "whole", SMALL, cache_folder=films))
    killed = search(PLAN, labelled, registry, tmp_path / "killed", SMALL, cache_folder=films)
    seen = list(itertools.islice(_trials(killed), stop_after))
    killed.close()  # type: ignore[attr-defined]
    with (tmp_path / "killed" / "search.log").open("a") as journal:
        journal.write('{"op_code": 5, "cut of')
    (tmp_path / "killed" / "search.log.lock").touch()
    again = list(search(PLAN, labelled, registry, tmp_path / "killed", SMALL, cache_folder=films))
    finished = [e.values for e in seen if e.values["state"] != "running"]
    assert again[0].values["finished"] == [
        {k: t[k] for k in again[0].values["finished"][0]} for t in finished
    ]
    assert settled([*seen, *again]) == settled(whole)
    assert again[-1].values["model"] == whole[-1].values["model"]


def _trials(events: Iterator[TrainingEvent]) -> Iterator[TrainingEvent]:
    return (e for e in events if e.event == "trial")


def test_a_search_stops_within_two_seconds_and_can_be_resumed(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    long = replace(PLAN, epochs=500)
    run = tmp_path / "run"
    events = search(long, labelled, registry, run, SMALL)
    while next(events).values.get("epoch", 0) < 2:
        pass
    asked: list[float] = []

    def ask() -> None:
        ask_to_cancel(run)
        asked.append(time.monotonic())

    threading.Timer(0.05, ask).start()
    last = list(events)[-1]
    assert last.event == "cancelled"
    assert time.monotonic() - asked[0] < 2
    assert registry.cards() == []
    again = search(long, labelled, registry, run, SMALL)
    epochs = [e.values["epoch"] for e in itertools.islice(_trials(again), 2)]
    again.close()  # type: ignore[attr-defined]
    assert epochs[1] > epochs[0] >= 2


def test_a_hopeless_trial_is_ended_early(labelled: Samples, registry: ModelRegistry, tmp_path: Path) -> None:
    what = Search(trials=8, over=("learning_rate",), sampler="random", pruner="median")
    plan = replace(PLAN, epochs=4, learning_rate=1e-2)
    trials = told(list(search(plan, labelled, registry, tmp_path / "run", what, cache_folder=tmp_path / "f")))
    assert len(trials) == 8
    pruned = [t for t in trials if t["state"] == "pruned"]
    assert pruned
    assert all(t["epoch"] < 4 for t in pruned)
    assert trials[-1]["best"]["trial"] not in [t["trial"] for t in pruned]


def test_a_trial_that_diverges_ends_itself_and_no_other(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    plan = replace(PLAN, optimiser="sgd", learning_rate=1e5, gradient_clip=0.0)
    what = Search(trials=3, over=("learning_rate",), sampler="random", pruner="none")
    events = list(search(plan, labelled, registry, tmp_path / "run", what, cache_folder=tmp_path / "films"))
    failed = [t for t in told(events) if t["state"] == "failed"]
    assert failed
    assert all("learning rate" in t["reason"] for t in failed)
    if len(failed) == 3:
        assert events[-1].event == "failed"
        assert "learning rate" in events[-1].values["reason"]


def test_nothing_but_choices_is_tried_once_each(
    parent: ModelCard, labelled: Samples, shared_registry: ModelRegistry, tmp_path: Path
) -> None:
    what = Search(trials=10, over=("depth",), pruner="none")
    plan = replace(PLAN, epochs=1, depth="last")
    events = list(search(plan, labelled, shared_registry, tmp_path / "run", what, parent))
    assert told(events)[0]["parameters"]["depth"] == "last"
    assert {t["parameters"]["depth"] for t in told(events)} == {"head", "last", "half", "all"}
    assert len(told(events)) == 4
    assert events[-1].values["current_evaluation"] is not None


def test_the_model_to_start_from_is_searched_among_those_that_are_named(
    parent: ModelCard, labelled: Samples, shared_registry: ModelRegistry, tmp_path: Path
) -> None:
    other = shared_registry.add(replace(parent, name="other"), shared_registry.weights_path(parent))
    what = Search(trials=4, over=("depth",), models=(other.id,), pruner="none", sampler="random")
    plan = replace(PLAN, epochs=1, depth="head")
    events = list(search(plan, labelled, shared_registry, tmp_path / "run", what, parent))
    assert {t["parameters"]["model"] for t in told(events)} == {parent.id, other.id}
    best = events[-1].values["search"]["parameters"]["model"]
    assert shared_registry.find(events[-1].values["model"]).parent == best


def test_importance_is_told_once_enough_trials_are_there(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    what = replace(SMALL, trials=5)
    plan = replace(PLAN, epochs=1)
    trials = told(list(search(plan, labelled, registry, tmp_path / "run", what, cache_folder=tmp_path / "f")))
    assert trials[0]["importance"] == {}
    assert set(trials[-1]["importance"]) == {"learning_rate", "augmentation"}
    assert sum(trials[-1]["importance"].values()) == pytest.approx(1, abs=1e-3)


def test_time_that_is_over_begins_no_trial(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    what = replace(SMALL, trials=50, minutes=1e-4)
    events = list(search(PLAN, labelled, registry, tmp_path / "run", what))
    assert [t["state"] for t in told(events)] == ["complete"]  # one is always finished
    assert events[-1].event == "done"


def test_a_search_resumes_only_with_what_it_was_started_with(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    next(search(PLAN, labelled, registry, tmp_path / "run", SMALL))
    more = replace(SMALL, trials=9)  # the budget may change
    next(search(PLAN, labelled, registry, tmp_path / "run", more))
    with pytest.raises(UnusableCheckpoint, match="belongs to a search of another plan"):
        next(search(PLAN, labelled, registry, tmp_path / "run", replace(SMALL, seed=5)))
    with pytest.raises(UnusableCheckpoint, match="belongs to a search of another plan"):
        next(search(replace(PLAN, epochs=7), labelled, registry, tmp_path / "run", SMALL))


def test_a_search_needs_a_validation_part(labelled: Samples, registry: ModelRegistry, tmp_path: Path) -> None:
    kept = replace(labelled, samples=labelled.of_part("train", "test"))
    (only,) = search(PLAN, kept, registry, tmp_path / "run", SMALL)
    assert only.event == "failed"
    assert "validation part" in only.values["reason"]


def test_what_can_be_searched_depends_on_where_a_training_starts() -> None:
    assert next(iter(space_of(Search(), PLAN, "starter"))) == "depth"
    assert "depth" not in space_of(Search(), PLAN, "")
    found = space_of(Search(backbones=("resnet10t",)), PLAN, "")
    assert found["backbone"] == Choices((PLAN.backbone, "resnet10t"))
    assert found["learning_rate"] == Range(3e-4, 3e-2, is_log=True)
    assert usual(found, replace(PLAN, weight_decay=50.0), "")["weight_decay"] == 0.3
    for what, base in (
        (Search(over=("depth",)), ""),
        (Search(backbones=("resnet10t",)), "starter"),
        (Search(models=("x",)), ""),
    ):
        with pytest.raises(UnusablePlan):
            space_of(what, PLAN, base)
    for wrong in ({"trials": 0}, {"sampler": "grid"}, {"over": ("colour",)}, {"minutes": -1.0}):
        with pytest.raises(UnusablePlan):
            Search(**wrong)  # type: ignore[arg-type]
