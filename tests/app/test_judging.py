"""`evaluate --against`: any model beside another; and the re-fitted head, measured as it is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from PIL import Image as PictureImage

from app.workplace import Workplace
from reviews.normalise import complete
from reviews.record import Review
from studies.image import Header
from studies.reader import read_header
from tests.app.conftest import Overread, Told
from tests.app.making import FINDINGS
from tests.reviews.parts import give_part

pytestmark = pytest.mark.timeout(300)


def films_of(hospital: Path) -> list[tuple[Header, str]]:
    rows = [line.split(",") for line in (hospital / "labels.csv").read_text().splitlines()[1:]]
    return [(read_header(hospital / file), label) for file, label, _ in rows]


@pytest.fixture
def decided(data_dir: Path, workplace: Workplace, hospital: Path) -> None:
    """48 films on which a reader has decided, a half of them kept aside for testing."""
    films = films_of(hospital)
    for part, some in (("test", films[24:]), ("train", films[:24])):
        give_part(data_dir / "overread.sqlite", [h.split_key for h, _ in some], part)  # type: ignore[arg-type]
    card = workplace.registry.find("starter")
    workplace.store.add_images([header for header, _ in films])
    for header, label in films:
        answers = complete(card, {label: "present"})
        workplace.store.append(Review(header.sop_instance_uid, 1, "A. Smith", answers))


def imported(overread: Overread, weights: Path, name: str, findings: tuple[str, ...] = FINDINGS) -> str:
    """A model from elsewhere, with weights of its own: its id."""
    told = overread(
        "models", "import", weights, "--arch", "test_resnet", "--name", name, "--findings",
        ",".join(findings),
        "--input-size", 64, "--mean", 0.5, "--std", 0.25,
    )  # fmt: skip
    assert told.status == 0, told.err
    return str(told.line["id"])


@pytest.fixture
def sabotaged(bundled: Path, tmp_path: Path) -> Path:
    """The starter's weights, but what it gives to COVID-19 it gives to no finding."""
    weights = safetensors.torch.load_file(bundled / "starter" / "weights.safetensors")
    (bias,) = (name for name, value in weights.items() if value.shape == (3,))
    weights[bias] = weights[bias] + torch.tensor([-100.0, 0.0, 0.0])
    path = tmp_path / "sabotaged.safetensors"
    safetensors.torch.save_file(weights, path)
    return path


def against(overread: Overread, model: str, *more: object) -> Told:
    return overread("evaluate", "--model", model, "--against", *more)


@pytest.mark.usefixtures("decided")
def test_a_model_from_elsewhere_is_judged_by_the_gate_and_promoting_it_heeds_the_verdict(
    overread: Overread, sabotaged: Path, tmp_path: Path
) -> None:
    model = imported(overread, sabotaged, "From elsewhere")
    told = against(overread, model, "--out", tmp_path / "out")
    assert told.status == 0, told.err
    gate = told.line["gate"]
    assert gate["passed"] is False
    assert any("covid-19 loses" in reason for reason in gate["reasons"])
    nobody = "Which films From elsewhere was fitted on was never written down"
    assert any(nobody in reason for reason in gate["reasons"])
    assert told.line["n"] == told.line["current_evaluation"]["n"] == 24
    assert told.line["current_evaluation"]["model"] == "starter"
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert "<th>Candidate</th><th>Current model</th>" in page
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))["gate"] == gate
    refused = overread("models", "promote", model, "--reader", "A. Smith")
    assert refused.status == 2
    assert gate["verdict"] in refused.err
    assert overread("models", "promote", model, "--reader", "A. Smith", "--reason", "a trial").status == 0


@pytest.mark.usefixtures("decided")
def test_the_same_weights_under_another_name_are_not_better(
    overread: Overread, workplace: Workplace, bundled: Path
) -> None:
    from dataclasses import replace

    starter = workplace.registry.find("starter")
    twin = workplace.registry.add(
        replace(starter, name="Twin", companions={}), workplace.registry.weights_path(starter)
    )
    gate = against(overread, twin.id).line["gate"]
    assert (gate["verdict"], gate["passed"]) == ("not worse", True)
    assert "same probabilities" in gate["reasons"][0]


@pytest.mark.usefixtures("decided")
def test_a_model_trained_on_films_of_the_test_part_is_not_measured_on_them(
    overread: Overread, hospital: Path, tmp_path: Path
) -> None:
    rows = (hospital / "labels.csv").read_text().splitlines()
    stolen = tmp_path / "stolen.csv"
    stolen.write_text("\n".join([*rows[:25], *rows[25:31]]))  # six of the test part
    (*_, done) = overread(
        "train", "--labels", stolen, "--images", hospital, "--no-held-out", "--backbone", "test_resnet",
        "--input-size", 32, "--epochs", 1, "--device", "cpu", "--threads", 1,
    ).lines  # fmt: skip
    told = against(overread, done["model"])
    assert told.line["n"] == 18
    said = "6 of the 24 films of the test part were left out, because the candidate was fitted on them"
    assert any(said in reason for reason in told.line["gate"]["reasons"])
    every = overread(
        "train", "--labels", hospital / "labels.csv", "--images", hospital, "--no-held-out", "--backbone",
        "test_resnet", "--input-size", 32, "--epochs", 1, "--device", "cpu", "--threads", 1,
    ).lines[-1]  # fmt: skip
    nothing = against(overread, every["model"])
    assert nothing.status == 2
    assert "was fitted on all of the 24 films of the test part" in nothing.err


def test_labels_of_somebody_s_own_judge_too_and_leave_no_verdict_behind(
    overread: Overread, workplace: Workplace, hospital: Path, sabotaged: Path
) -> None:
    model = imported(overread, sabotaged, "From elsewhere")
    told = against(overread, model, "starter", "--labels", hospital / "labels.csv", "--images", hospital)
    assert told.status == 0, told.err
    assert told.line["n"] == 48
    assert told.line["gate"]["passed"] is False
    assert workplace.store.evaluations(model) == []


@pytest.mark.usefixtures("decided")
def test_a_copy_of_a_film_that_a_model_was_fitted_on_does_not_judge_it(
    overread: Overread, hospital: Path, tmp_path: Path
) -> None:
    """Two films that it learned from and two that were kept aside, all encoded anew under other names."""
    (*_, done) = overread(
        "train", "--model", "starter", "--depth", "head", "--epochs", 1, "--device", "cpu", "--threads", 1,
        "--bootstrap", 50,
    ).lines  # fmt: skip
    rows = [line.split(",") for line in (hospital / "labels.csv").read_text().splitlines()[1:]]
    copies = tmp_path / "copies"
    copies.mkdir()
    told = ["file,label,patient"]
    for number, (file, label, _) in enumerate([*rows[:2], *rows[-2:]]):
        with PictureImage.open(hospital / file) as picture:
            picture.convert("L").save(copies / f"{number}.jpg", quality=90)
        told.append(f"{number}.jpg,{label},somebody else {number}")
    (copies / "labels.csv").write_text("\n".join(told))
    labels = ("--labels", copies / "labels.csv", "--images", copies)
    alone = overread("evaluate", "--model", done["model"], *labels)
    assert any("was fitted on 2 of these 4 films" in remark for remark in alone.line["remarks"])
    beside = against(overread, done["model"], "starter", *labels)
    assert beside.line["n"] == 2
    said = "2 of the 4 films were left out, because the candidate was fitted on them"
    assert any(said in reason for reason in beside.line["gate"]["reasons"])


@pytest.mark.usefixtures("decided")
def test_a_verdict_beside_a_model_that_is_not_in_use_is_told_and_not_kept(
    overread: Overread, workplace: Workplace, sabotaged: Path
) -> None:
    rival = imported(overread, sabotaged, "From elsewhere")
    assert overread("adapt").status == 0
    for other in ("adapted", "phantom"):  # beside the starter, in use elsewhere
        told = against(overread, rival, other)
        assert told.status == 0, told.err
        assert told.line["gate"]["verdict"]
    assert workplace.store.evaluations(rival) == []


def test_a_model_cannot_be_held_against_itself(overread: Overread) -> None:
    told = against(overread, "starter")
    assert told.status == 2
    assert "cannot be held against itself" in told.err


def test_an_evaluation_says_that_nobody_knows_what_a_model_has_seen(
    overread: Overread, hospital: Path
) -> None:
    told = overread("evaluate", "--labels", hospital / "labels.csv", "--images", hospital)
    (remark,) = told.line["remarks"]
    assert remark.startswith("Which films Starter was fitted on was never written down")
    assert remark in told.err
    assert len(told.line["weights_sha256"]) == 64


# -- the re-fitted head ------------------------------------------------------------------------------


@pytest.fixture
def with_tuberculosis(data_dir: Path, workplace: Workplace, hospital: Path) -> list[tuple[Header, str]]:
    """Films of which every eighth shows what no model has seen; a half is kept aside for testing."""
    card = workplace.registry.find("starter")
    workplace.store.add_finding("Tuberculosis", card, "A. Smith")
    films = films_of(hospital)
    for part, some in (("test", films[24:]), ("train", films[:24])):
        give_part(data_dir / "overread.sqlite", [h.split_key for h, _ in some], part)  # type: ignore[arg-type]
    workplace.store.add_images([header for header, _ in films])
    told = [(h, "tuberculosis" if n % 8 == 0 else label) for n, (h, label) in enumerate(films)]
    for header, label in told:
        answers = complete(card, {label: "present"}, ("tuberculosis",))
        workplace.store.append(Review(header.sop_instance_uid, 1, "A. Smith", answers))
    return told


def test_a_finding_that_readers_added_is_measured_with_the_number_of_its_films(
    overread: Overread, with_tuberculosis: list[tuple[Header, str]]
) -> None:
    assert overread("adapt").status == 0
    told = overread("evaluate", "--model", "adapted")
    assert told.status == 0, told.err
    assert told.line["model"] == "adapted"
    assert told.line["findings"] == [*FINDINGS, "tuberculosis"]
    assert told.line["n"] == 24
    assert told.line["per_finding"]["tuberculosis"]["support"] == 3
    said = "Tuberculosis was added by readers: 3 films to learn from show it, and 3 of the 24 films measured"
    assert said in told.err


def test_labels_of_an_added_finding_are_measured(
    overread: Overread, with_tuberculosis: list[tuple[Header, str]], tmp_path: Path
) -> None:
    overread("adapt")
    table = tmp_path / "labels.csv"
    rows = [f"{header.path},{label}" for header, label in with_tuberculosis[24:]]
    table.write_text("\n".join(["file,label", *rows]))
    told = overread("evaluate", "--model", "adapted", "--labels", table, "--images", tmp_path)
    assert told.status == 0, told.err
    assert told.line["n"] == 24
    assert told.line["per_finding"]["tuberculosis"]["support"] == 3
    learned = [f"{header.path},{label}" for header, label in with_tuberculosis[:24]]
    table.write_text("\n".join(["file,label", *learned]))
    told = overread("evaluate", "--model", "adapted", "--labels", table, "--images", tmp_path)
    assert "adapted was fitted on 24 of these 24 films" in told.err


def test_what_is_measured_of_the_head_is_what_readers_are_shown(
    overread: Overread, with_tuberculosis: list[tuple[Header, str]]
) -> None:
    """With its doubt of what it has seen on three films."""
    overread("adapt")
    test = [header.path for header, _ in with_tuberculosis[24:]]
    shown = overread("predict", *test, "--model", "adapted").lines
    squares = []
    for line, (_, label) in zip(shown, with_tuberculosis[24:], strict=True):
        squares.append(sum((f["probability"] - (f["name"] == label)) ** 2 for f in line["findings"]))
    told = overread("evaluate", "--model", "adapted").line
    assert told["brier"] == pytest.approx(sum(squares) / len(squares), rel=1e-4)
    assert told["weights_sha256"] == shown[0]["weights_sha256"]


def test_the_head_is_judged_beside_the_model_in_use(
    overread: Overread, with_tuberculosis: list[tuple[Header, str]]
) -> None:
    assert with_tuberculosis
    overread("adapt")
    told = against(overread, "adapted")
    assert told.status == 0, told.err
    reasons = told.line["gate"]["reasons"]
    assert any(reason.startswith("tuberculosis is new:") for reason in reasons)
    assert any("Which films Starter was fitted on" in reason for reason in reasons)
    assert told.line["current_evaluation"]["knows"] == list(FINDINGS)
