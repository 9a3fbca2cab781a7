"""A finding that the model has never seen, from the command line: added on purpose, answered, learned."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from app.workplace import Workplace
from inference.coverage import family
from reviews.record import Review
from tests.app.conftest import Overread
from tests.app.making import FINDINGS

TYPED = "Pulmonary tuberculosis"
NAME = "pulmonary-tuberculosis"


def added(workplace: Workplace) -> list[str]:
    return [a.name for a in workplace.store.added_findings(family(workplace.registry.find("starter")))]


def test_a_finding_is_added_and_answered_in_one_command(
    overread: Overread, workplace: Workplace, png: Path
) -> None:
    told = overread("review", png, "--add-finding", TYPED, "--finding", f"{NAME}=present", "--reader", "R")
    assert told.status == 0, told.err
    assert told.line["findings"] == {**dict.fromkeys(FINDINGS, "absent"), NAME: "present"}
    assert added(workplace) == [NAME]


def test_it_is_known_from_then_on_by_either_name(overread: Overread, png: Path) -> None:
    overread("review", png, "--add-finding", TYPED, "--finding", f"{NAME}=present", "--reader", "R")
    for name in (NAME, TYPED, TYPED.upper()):
        told = overread("review", png, "--finding", f"{name}=absent", "--reader", "R")
        assert told.status == 0, told.err
        assert told.line["findings"] == {**dict.fromkeys(FINDINGS, "unknown"), NAME: "absent"}
    told = overread("review", png, "--finding", "pneumonia=present", "--reader", "R")
    assert told.line["findings"][NAME] == "absent"


def test_a_typing_error_adds_nothing_and_the_sentence_says_how_to_add(
    overread: Overread, workplace: Workplace, png: Path
) -> None:
    told = overread("review", png, "--finding", "pneumonla=present", "--reader", "R")
    assert told.status != 0
    assert "'pneumonla' is not a finding of the model starter, which knows covid-19" in told.err
    assert "--add-finding 'pneumonla'" in told.err
    told = overread(
        "review", png, "--add-finding", TYPED, "--finding", "tubercolosis=present", "--reader", "R"
    )
    assert told.status != 0
    assert NAME in told.err
    assert added(workplace) == []
    assert workplace.store.history() == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("Pneumonia", "is a finding of the model starter already"),
        ("!", "expected a name"),
        ("x" * 61, "at most 60"),
    ],
)
def test_what_cannot_be_added_is_refused_in_a_sentence(
    overread: Overread, workplace: Workplace, png: Path, typed: str, says: str
) -> None:
    told = overread("review", png, "--add-finding", typed, "--finding", "pneumonia=present", "--reader", "R")
    assert told.status != 0
    assert says in told.err
    assert workplace.store.history() == []


def test_labels_are_exported_with_a_column_for_it(overread: Overread, png: Path, tmp_path: Path) -> None:
    overread("review", png, "--add-finding", TYPED, "--finding", f"{NAME}=present", "--reader", "R")
    assert overread("export", "labels").line["findings"][NAME] == "present"
    added, decided = overread("export", "audit").lines
    assert (added["event"], decided["findings"][NAME]) == ("finding added", "present")
    assert overread("export", "labels", "--out", tmp_path / "labels.csv").status == 0
    with (tmp_path / "labels.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row[NAME] == "present"


def test_the_network_grows_by_it_and_what_it_knew_stays(
    overread: Overread, workplace: Workplace, hospital: Path
) -> None:
    store, starter = workplace.store, workplace.registry.find("starter")
    assert overread("import", hospital).status in (0, 1)  # its list of labels is no film
    store.add_finding(TYPED, starter, "R")
    fitted = [h for h in store.headers() if store.part_of(h) == "train"]
    for i, header in enumerate(fitted):
        present = (*FINDINGS, NAME)[i % 4] if i >= 5 else NAME
        answers = tuple((f, "present" if f == present else "absent") for f in (*FINDINGS, NAME))
        store.append(Review(header.sop_instance_uid, 1, "R", answers))  # type: ignore[arg-type]
    told = overread(
        "train", "--depth", "head", "--learning-rate", 0, "--epochs", 1, "--batch-size", 8,
        "--device", "cpu", "--threads", 1, "--bootstrap", 10,
    )  # fmt: skip
    assert told.status == 0, told.err
    candidate = workplace.registry.find(told.lines[-1]["model"])
    assert candidate.finding_names == (*FINDINGS, NAME)
    assert candidate.display_of(NAME) == TYPED
    before, after = (load_file(workplace.registry.weights_path(c)) for c in (starter, candidate))
    head = f"{candidate.head}.weight"
    assert after[head].shape[0] == 4
    assert torch.equal(after[head][:3], before[head])
    assert after[head][3].abs().max() > 0
