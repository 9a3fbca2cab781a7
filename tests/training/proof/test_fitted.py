"""A model says which films it was fitted on, and nobody measures it on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inference.card import FITTED
from inference.errors import InvalidWeights
from inference.registry import ModelRegistry
from tests.training.conftest import QUICK
from training.events import TrainingEvent
from training.finetune import fine_tune
from training.proof.fitted import Fitted, digests_of, fitted_of
from training.samples import Samples


def last_of(samples: Samples, registry: ModelRegistry, folder: Path, base: str = "") -> TrainingEvent:
    start = registry.find(base) if base else None
    plan = replace(QUICK, epochs=1)
    *_, last = fine_tune(plan, samples, registry, folder, start)
    assert last.event == "done", last
    return last


def test_a_film_is_known_again_whatever_it_is_called(labelled: Samples) -> None:
    sample = labelled.samples[0]
    moved = replace(sample, header=replace(sample.header, path=str(Path("elsewhere") / "b.png")))
    assert Fitted.of([sample]).overlap([moved]) == (moved,)
    assert Fitted.of([sample]).overlap(labelled.samples[1:]) == ()


def test_another_film_of_the_same_patient_is_known_too(labelled: Samples) -> None:
    first, second = labelled.samples[:2]
    same = replace(first.header, patient_id="P7"), replace(second.header, patient_id="P7")
    seen = Fitted.of([replace(first, header=same[0])])
    other = replace(second, header=same[1])
    assert seen.overlap([other]) == (other,)


def test_digests_tell_nothing_of_the_patient(labelled: Samples) -> None:
    told = digests_of(replace(labelled.samples[0].header, patient_id="DOE-1971"))
    assert not any("DOE" in digest for digest in told)
    assert all(len(digest) == 16 for digest in told)


def test_what_was_written_is_read_and_a_changed_file_is_refused(labelled: Samples, tmp_path: Path) -> None:
    from inference.registry import sha256_of

    seen, path = Fitted.of(labelled.samples), tmp_path / FITTED
    seen.write(path)
    sha256 = sha256_of(path)
    assert Fitted.read(path, sha256) == seen
    path.write_text(path.read_text().replace("fitted", "Fitted"))
    with pytest.raises(InvalidWeights, match=r"fitted\.json"):
        Fitted.read(path, sha256)
    path.write_text("[]")
    with pytest.raises(InvalidWeights, match="fitted films"):
        Fitted.read(path, sha256_of(path))


def test_a_training_writes_down_what_it_was_fitted_on_and_its_parents_films(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    half = len(labelled.samples) // 2
    early, late = (
        replace(labelled, samples=labelled.samples[:half]),
        replace(labelled, samples=labelled.samples[half:]),
    )
    parent = last_of(early, registry, tmp_path / "one").values["model"]
    child = last_of(late, registry, tmp_path / "two", parent).values["model"]
    known = fitted_of(registry.find(child), registry)
    assert known is not None
    assert known.is_whole
    assert known == Fitted.of(labelled.of_part("train", "validation"))


def test_films_of_the_test_part_that_a_parent_was_fitted_on_are_left_out_and_named(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    """The sabotage: a model that was trained on every film is the base of one that is measured."""
    everything = replace(labelled, samples=tuple(replace(s, part="train") for s in labelled.samples))
    cheat = last_of(everything, registry, tmp_path / "cheat").values["model"]
    told = last_of(labelled, registry, tmp_path / "run", cheat).values
    assert told["evaluation"] is None
    gate = told["gate"]
    assert (gate["passed"], gate["verdict"]) == (False, "not proven")
    test = labelled.of_part("test")
    names = f"{len(test)} of the {len(test)} films of the test part"
    assert any(
        reason.startswith(names) and "the candidate was fitted" in reason for reason in gate["reasons"]
    )


def test_a_candidate_trained_on_some_films_of_the_test_part_is_measured_on_the_others(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    """The same films once more, as training films."""
    test = labelled.of_part("test")
    stolen = tuple(replace(s, part="train", patient="somebody") for s in test[:3])
    cheating = replace(labelled, samples=(*labelled.samples, *stolen))
    told = last_of(cheating, registry, tmp_path / "run").values
    assert told["evaluation"]["n"] == len(test) - 3
    reasons = " ".join(told["gate"]["reasons"])
    assert "There is no current model to compare the candidate with." in reasons
    assert "is left that neither" not in reasons, "the others measured it"
    assert f"3 of the {len(test)} films of the test part" in reasons
    assert Path(test[0].header.path).name in reasons


def test_a_test_film_of_a_patient_who_is_trained_on_is_left_out(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    """By the name that the labels give the patient: pictures carry none."""
    test = labelled.of_part("test")
    patient = labelled.of_part("train")[0].patient
    moved = tuple(replace(s, patient=patient) if s is test[0] else s for s in labelled.samples)
    told = last_of(replace(labelled, samples=moved), registry, tmp_path / "run").values
    assert told["evaluation"]["n"] == len(test) - 1


def test_a_model_that_never_said_what_it_was_fitted_on_is_named(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    first = registry.find(last_of(labelled, registry, tmp_path / "one").values["model"])
    silent = registry.add(replace(first, name="From elsewhere", companions={}), registry.weights_path(first))
    told = last_of(labelled, registry, tmp_path / "two", silent.id).values
    assert "Which films From elsewhere was fitted on was never written down" in " ".join(
        told["gate"]["reasons"]
    )
    assert told["evaluation"]["n"] == len(labelled.of_part("test"))
    known = fitted_of(registry.find(told["model"]), registry)
    assert known is not None
    assert not known.is_whole


def test_films_that_only_the_current_model_was_fitted_on_still_measure_the_candidate(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    everything = replace(labelled, samples=tuple(replace(s, part="train") for s in labelled.samples))
    cheat = registry.find(last_of(everything, registry, tmp_path / "cheat").values["model"])
    *_, last = fine_tune(replace(QUICK, epochs=1), labelled, registry, tmp_path / "run", current=cheat)
    told = last.values
    assert told["evaluation"]["n"] == len(labelled.of_part("test"))
    assert told["current_evaluation"] is None
    assert told["gate"]["verdict"] == "not proven"
    assert "the current model was fitted on them" in " ".join(told["gate"]["reasons"])


def test_a_training_leaves_a_report_with_both_models_and_the_verdict(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    first = last_of(labelled, registry, tmp_path / "one").values["model"]
    told = last_of(labelled, registry, tmp_path / "two", first).values
    page = Path(told["report"])
    assert page.parent == tmp_path / "two" / "report"
    text = page.read_text(encoding="utf-8")
    assert "<th>Candidate</th><th>Current model</th>" in text
    assert told["gate"]["reasons"][0] in text
    alone = Path(last_of(labelled, registry, tmp_path / "three").values["report"])
    assert "Current model" not in alone.read_text(encoding="utf-8")
