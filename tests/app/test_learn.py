"""`adapt`, `train`, `evaluate` and `models`: the model learns, proves itself, and a person puts it in use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.workplace import Workplace
from tests.app.conftest import Overread
from tests.app.making import FINDINGS, film, write_png

QUICK = (
    "--input-size",
    32,
    "--epochs",
    1,
    "--batch-size",
    8,
    "--device",
    "cpu",
    "--threads",
    1,
    "--bootstrap",
    50,
)
TINY = ("--backbone", "test_resnet", *QUICK)
EVALUATION = {
    "model", "n", "patients", "accuracy", "balanced_accuracy", "macro_auroc", "findings", "per_finding",
    "confusion", "intervals", "brier", "ece", "lung_share",
}  # fmt: skip
MODEL = ["id", "name", "architecture", "findings", "promoted", "parent", "created"]
VERDICTS = ("better", "not worse", "not proven", "worse")


def labels(hospital: Path) -> tuple[object, ...]:
    return ("--labels", hospital / "labels.csv", "--images", hospital)


def review_all(overread: Overread, hospital: Path) -> None:
    """A reader decides every film as it is labelled."""
    rows = (hospital / "labels.csv").read_text().splitlines()[1:]
    for file, label, _ in (row.split(",") for row in rows):
        told = overread("review", hospital / file, "--finding", f"{label}=present", "--reader", "R")
        assert told.status == 0, told.err


def train(overread: Overread, *arguments: object) -> list[dict[str, Any]]:
    told = overread("train", *arguments)
    assert told.status == 0, told.err + told.out
    return told.lines


def test_adapt_says_how_many_reviews_and_changes_what_adapted_predicts(
    overread: Overread, tmp_path: Path
) -> None:
    paths = [write_png(tmp_path / "films" / f"{n}.png", film(FINDINGS[n % 3], n)) for n in range(12)]
    for path in paths:
        overread("review", path, "--finding", "covid-19=present", "--reader", "R")
    before = overread("predict", *paths).lines
    told = overread("adapt")
    assert told.status == 0, told.err
    assert set(told.line) >= {"model", "reviews", "elapsed_s"}
    assert told.line["model"] == "adapted"
    # The films of the test part never fit anything.
    place = Workplace(tmp_path / "data", None)
    fitted = sum(place.store.part_of(h) != "test" for h in place.store.headers())
    place.close()
    assert told.line["reviews"] == fitted
    after = overread("predict", *paths, "--model", "adapted").lines
    assert {line["model"] for line in after} == {"adapted"}

    def covid(line: dict[str, Any]) -> float:
        return float(next(f["probability"] for f in line["findings"] if f["name"] == "covid-19"))

    assert sum(map(covid, after)) > sum(map(covid, before)) + 0.5
    assert overread("predict", *paths).lines == before


def test_explain_with_the_adapted_head_shows_where_that_head_looks(
    overread: Overread, hospital: Path, png: Path, tmp_path: Path
) -> None:
    review_all(overread, hospital)
    assert overread("adapt").status == 0
    maps = []
    for model in ("starter", "adapted"):
        raw = tmp_path / f"{model}.npy"
        typed = ("explain", png, "--finding", "pneumonia", "--out", tmp_path / "o.png", "--raw", raw)
        told = overread(*typed, "--model", model)
        assert told.line["model"] == model
        maps.append(np.load(raw))
    assert not np.allclose(maps[0], maps[1])


def test_adapt_without_reviews_leaves_the_head_as_it_is(overread: Overread, png: Path) -> None:
    told = overread("adapt")
    assert told.status == 0
    assert told.line["reviews"] == 0
    assert told.err
    ours, theirs = (overread("predict", png, *more).line["findings"] for more in ((), ("--model", "adapted")))
    assert [f["probability"] for f in ours] == pytest.approx([f["probability"] for f in theirs], abs=1e-5)


def test_training_from_a_csv_ends_with_a_model_its_evaluation_and_the_gate(
    overread: Overread, hospital: Path, png: Path
) -> None:
    events = train(overread, *labels(hospital), *TINY, "--epochs", 2, "--name", "Tiny")
    assert [e["event"] for e in events if e["event"] != "prepare"] == ["plan", "epoch", "epoch", "done"]
    epoch = next(e for e in events if e["event"] == "epoch")
    assert set(epoch) >= {"epoch", "epochs", "loss", "validation", "elapsed_s", "remaining_s"}
    assert (epoch["epoch"], epoch["epochs"]) == (1, 2)
    assert isinstance(epoch["validation"], dict)
    done = events[-1]
    assert set(done) >= {"model", "evaluation", "current_evaluation", "gate"}
    assert set(done["evaluation"]) >= EVALUATION
    assert done["evaluation"]["n"] == 9  # a fifth of 48
    assert done["gate"]["verdict"] in VERDICTS
    assert isinstance(done["gate"]["passed"], bool)
    assert done["gate"]["reasons"]
    assert overread("predict", png, "--model", done["model"]).line["model"] == done["model"]
    shown = overread("models", "show", done["model"]).line
    assert shown["name"] == "Tiny"
    assert shown["recipe"]["seed"] == 0


def test_training_on_every_film_measures_nothing_and_says_so(overread: Overread, hospital: Path) -> None:
    done = train(overread, *labels(hospital), *TINY, "--no-held-out")[-1]
    assert done["event"] == "done"
    assert done["evaluation"] is None
    assert done["gate"]["verdict"] == "not proven"
    assert overread("models", "list").status == 0


def test_training_from_reviews_compares_with_the_model_in_use(
    overread: Overread, workplace: Workplace, hospital: Path, png: Path
) -> None:
    review_all(overread, hospital)
    done = train(overread, *QUICK[2:], "--depth", "head")[-1]
    assert done["event"] == "done"
    assert done["current_evaluation"]["model"] == "starter"
    assert done["evaluation"]["n"] == done["current_evaluation"]["n"] > 0
    card = workplace.registry.find(done["model"])
    assert card.parent == "starter"
    # Nobody promoted it: the model in use is the one before.
    assert overread("predict", png).line["model"] == "starter"


def test_training_without_reviews_fails_in_a_sentence(overread: Overread) -> None:
    told = overread("train", "--epochs", 1)
    assert told.status == 1
    assert told.lines[-1]["event"] == "failed"
    assert told.lines[-1]["reason"]
    assert told.err.count("\n") == 1
    assert "Traceback" not in told.err


def test_a_training_that_fails_says_why_on_stderr_too(overread: Overread, hospital: Path) -> None:
    told = overread("train", *labels(hospital), *QUICK, "--backbone", "no_such_network")
    assert told.status in (1, 2)
    assert told.lines[-1]["event"] == "failed"
    assert "no_such_network" in told.err


@pytest.mark.parametrize(
    "arguments",
    [["--labels", "labels.csv"], ["--epochs", "0"], ["--model", "nobody"], ["--depth", "deep"]],
)
def test_a_training_that_cannot_be_meant_is_wrong_usage(overread: Overread, arguments: list[str]) -> None:
    told = overread("train", *arguments)
    assert told.status == 2
    assert told.err


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_training_on_a_device_that_is_not_there_is_wrong_usage(overread: Overread, hospital: Path) -> None:
    told = overread("train", *labels(hospital), "--device", "cuda", "--run", "one")
    assert (told.status, told.lines) == (2, [])
    assert "cuda was asked for" in told.err


@pytest.mark.parametrize("name", ["../../away", "a/b", "..", "", "a\\b"])
def test_a_run_cannot_be_named_out_of_its_folder(overread: Overread, hospital: Path, name: str) -> None:
    told = overread("train", *labels(hospital), *TINY, "--run", name)
    assert (told.status, told.lines) == (2, [])
    assert "--run" in told.err


def test_a_csv_with_several_labels_a_film_makes_a_model_of_several_findings(
    overread: Overread, hospital: Path, tmp_path: Path
) -> None:
    table = tmp_path / "several.csv"
    table.write_text(
        (hospital / "labels.csv").read_text().replace(",covid-19,", ",covid-19|pneumonia,"), encoding="utf-8"
    )
    events = train(overread, "--labels", table, "--images", hospital, *TINY)
    card = overread("models", "show", events[-1]["model"]).line
    assert card["task"] == "multilabel"
    assert events[-1]["evaluation"]["per_finding"]["covid-19"]["support"] > 0
    one = overread("train", "--labels", table, "--images", hospital, *TINY, "--task", "multiclass").lines
    assert any("several findings" in hint for hint in one[0]["hints"])


def test_what_a_person_should_know_before_a_training_is_told_in_words_too(
    overread: Overread, hospital: Path
) -> None:
    told = overread("train", *labels(hospital), *TINY, "--shares", 0.4, 0.2, 0.4, text=True)
    assert told.status == 0, told.err
    assert "images of the training part show “covid-19”; with fewer than 10 a model learns little" in told.out


def test_a_file_in_the_labels_that_is_not_there_is_named_and_the_rest_is_learned(
    overread: Overread, hospital: Path, tmp_path: Path
) -> None:
    table = tmp_path / "labels.csv"
    table.write_text((hospital / "labels.csv").read_text() + "films/gone.png,pneumonia,p99\n")
    told = overread("train", "--labels", table, "--images", hospital, *TINY)
    assert told.status == 1
    assert "gone.png" in told.err
    assert told.lines[-1]["event"] == "done"


def test_evaluate_prints_the_contract_s_figures_and_writes_a_report(
    overread: Overread, hospital: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    told = overread("evaluate", *labels(hospital), "--out", out)
    assert told.status == 0, told.err
    figures = told.line
    assert set(figures) >= EVALUATION
    assert figures["model"] == "starter"
    assert figures["n"] == figures["patients"] == 48
    assert figures["findings"] == list(FINDINGS)
    assert set(figures["per_finding"]) == set(FINDINGS)
    for finding in figures["per_finding"].values():
        assert set(finding) >= {"precision", "recall", "f1", "support", "auroc"}
    confusion = figures["confusion"]
    assert [sum(row) for row in confusion] == [16, 16, 16]
    assert figures["accuracy"] == pytest.approx(sum(confusion[n][n] for n in range(3)) / 48)
    low, high = figures["intervals"]["accuracy"]
    assert low <= figures["accuracy"] <= high
    assert (out / "evaluation.html").read_text(encoding="utf-8").lstrip().startswith("<!")
    assert json.loads((out / "evaluation.json").read_text(encoding="utf-8"))


def test_evaluate_without_labels_measures_on_the_answered_films_of_the_test_part(
    overread: Overread, workplace: Workplace, hospital: Path, tmp_path: Path
) -> None:
    nothing = overread("evaluate")
    assert nothing.status == 2
    assert "no film of the test part" in nothing.err
    review_all(overread, hospital)
    test = [h for h in workplace.store.headers() if workplace.store.part_of(h) == "test"]
    told = overread("evaluate", "--out", tmp_path / "report")
    assert told.status == 0, told.err
    assert told.line["n"] == len(test)
    assert set(told.line["precision_recall"]) <= set(FINDINGS)
    assert Path(told.line["report"]).is_file()
    assert overread("evaluate", "--labels", hospital / "labels.csv").status == 2


def test_evaluate_says_that_a_model_is_measured_on_films_that_it_was_fitted_on(
    overread: Overread, hospital: Path
) -> None:
    done = train(overread, *labels(hospital), *TINY, "--no-held-out")[-1]
    told = overread("evaluate", *labels(hospital), "--model", done["model"])
    assert "was fitted on 48 of these 48 films" in told.err
    assert told.line["n"] == 48


def test_evaluate_counts_every_image_that_decodes_and_names_the_others(
    overread: Overread, hospital: Path, tmp_path: Path
) -> None:
    broken = write_png(tmp_path / "broken.png", film())
    broken.write_bytes(broken.read_bytes()[:200])
    write_png(tmp_path / "good.png", film())
    table = tmp_path / "labels.csv"
    table.write_text("file,label\ngood.png,no-finding\nbroken.png,pneumonia\ngone.png,covid-19\n")
    told = overread("evaluate", "--labels", table, "--images", tmp_path)
    assert told.status == 1
    assert told.line["n"] == 1
    assert told.line["macro_auroc"] is None
    assert "broken.png" in told.err
    assert "gone.png" in told.err


def test_models_are_listed_and_shown(overread: Overread) -> None:
    lines = overread("models", "list").lines
    assert [list(line) for line in lines] == [MODEL, MODEL]
    assert {line["id"] for line in lines} == {"starter", "phantom"}
    assert all(line["promoted"] for line in lines)
    assert overread("models", "show", "pha").line["covers"]["phantoms"] is True
    assert overread("models", "show", "nobody").status == 2


def test_a_model_is_imported_promoted_rolled_back_and_removed(
    overread: Overread, bundled: Path, png: Path
) -> None:
    weights = bundled / "phantom" / "weights.safetensors"
    told = overread(
        "models", "import", weights, "--arch", "test_resnet", "--findings", "no-finding,opacity",
        "--name", "Mine", "--input-size", 64, "--mean", "0.5", "--std", "0.25",
    )  # fmt: skip
    assert told.status == 0, told.err
    mine = told.line["id"]
    assert told.line["head_trained"] is True

    promoted = overread("models", "promote", mine, "--reader", "R", "--reason", "for a test")
    assert promoted.status == 0, promoted.err
    assert promoted.line["promoted"] is True
    assert "Nobody compared Mine with Starter, which is in use" in promoted.err
    assert overread("predict", png).line["model"] == mine
    in_use = {line["id"] for line in overread("models", "list").lines if line["promoted"]}
    assert in_use == {mine, "phantom"}
    assert overread("models", "remove", mine).status == 2  # in use

    assert overread("models", "rollback").line["id"] == "starter"
    assert overread("predict", png).line["model"] == "starter"
    assert overread("models", "rollback").status == 2  # nothing was promoted
    assert overread("models", "remove", mine).line == {"id": mine, "removed": True}
    assert overread("models", "show", mine).status == 2
    assert overread("models", "remove", "starter").status == 2


def test_promoting_against_the_gate_needs_a_reason_and_keeps_it(
    overread: Overread, workplace: Workplace, hospital: Path, png: Path
) -> None:
    review_all(overread, hospital)
    done = train(overread, *QUICK[2:], "--depth", "head", "--learning-rate", "0")[-1]
    workplace.store.remember_evaluation(
        done["model"], "gate", {**done["gate"], "passed": False, "verdict": "worse"}
    )
    refused = overread("models", "promote", done["model"], "--reader", "R")
    assert refused.status == 2
    assert "--reason" in refused.err
    assert overread("predict", png).line["model"] == "starter"
    assert overread("models", "promote", done["model"], "--reader", " ").status == 2
    assert (
        overread("models", "promote", done["model"], "--reader", "R", "--reason", "known shift").status == 0
    )
    assert overread("predict", png).line["model"] == done["model"]
    assert [(p.reason, p.verdict) for p in workplace.store.promotions()] == [("known shift", "worse")]


def test_an_imported_model_whose_head_does_not_fit_must_be_trained_first(
    overread: Overread, bundled: Path, png: Path
) -> None:
    weights = bundled / "phantom" / "weights.safetensors"
    told = overread(
        "models", "import", weights, "--arch", "test_resnet", "--findings", "a,b,c,d", "--input-size", 64
    )
    assert told.status == 0
    assert told.line["head_trained"] is False
    assert "trained" in told.err
    assert overread("models", "promote", told.line["id"], "--reader", "R").status == 2
    refused = overread("predict", png, "--model", told.line["id"])
    assert refused.status == 1
    assert refused.out == ""
    assert str(png) in refused.err


def test_weights_that_are_none_are_refused_in_a_sentence(overread: Overread, tmp_path: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps({"fc.weight": Evil()}))
    told = overread("models", "import", path, "--arch", "test_resnet", "--findings", "a,b")
    assert told.status == 1
    assert str(path) in told.err
    assert not (tmp_path / "ran").exists()
