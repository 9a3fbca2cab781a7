"""A finding that the model has never seen: added by what a reader types, once, for a family of models."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.card import Covers, FindingName, ModelCard
from inference.coverage import family
from reviews.added_findings import LONGEST, beyond, name_of
from reviews.errors import InvalidFinding
from reviews.export import audit_rows, write_audit_csv
from reviews.store import Store
from tests.reviews.making import CARD, header, review

CHEST = family(CARD)
KNEES = ModelCard("knees", "Knees", "resnet18", CARD.findings, covers=Covers(body_parts=("KNEE",)))


def test_a_finding_is_named_by_what_the_reader_typed(store: Store) -> None:
    added = store.add_finding("  Pulmonary  tuberculosis ", CARD, "Ada")
    assert (added.name, added.display, added.reader) == (
        "pulmonary-tuberculosis",
        "Pulmonary tuberculosis",
        "Ada",
    )
    assert store.added_findings(CHEST) == (added,)


def test_the_same_words_are_the_same_finding_however_they_are_written(store: Store) -> None:
    first = store.add_finding("Pulmonary tuberculosis", CARD, "Ada")
    assert store.add_finding("pulmonary  TUBERCULOSIS.", CARD, "Ben") == first
    assert len(store.added_findings(CHEST)) == 1


def test_a_finding_belongs_to_its_family_and_is_there_after_a_restart(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        names = [store.add_finding(typed, CARD, "Ada").name for typed in ("Tuberculosis", "Effusion")]
        store.add_finding("Osteoarthritis", KNEES, "Ada")
    with Store(tmp_path / "store.sqlite") as store:
        assert [a.name for a in store.added_findings(CHEST)] == names
        assert [a.name for a in store.added_findings(family(KNEES))] == ["osteoarthritis"]


@pytest.mark.parametrize("typed", ["covid-19", "COVID 19", " No Finding "])
def test_a_finding_that_the_model_has_is_not_added(store: Store, typed: str) -> None:
    with pytest.raises(InvalidFinding, match="is a finding of the model starter already"):
        store.add_finding(typed, CARD, "Ada")
    assert store.added_findings(CHEST) == ()


@pytest.mark.parametrize(
    ("typed", "reader", "says"),
    [
        ("  ", "Ada", "expected a name with a letter or a digit"),
        ("?!", "Ada", "expected a name with a letter or a digit"),
        ("a" * (LONGEST + 1), "Ada", f"has {LONGEST + 1} characters; expected at most {LONGEST}"),
        ("Tuberculosis", " ", "expected the name of the reader"),
    ],
)
def test_what_cannot_be_a_finding_is_refused_in_a_sentence(
    store: Store, typed: str, reader: str, says: str
) -> None:
    with pytest.raises(InvalidFinding, match=says):
        store.add_finding(typed, CARD, reader)
    assert store.added_findings(CHEST) == ()


def test_a_finding_that_nobody_used_can_be_taken_away_and_added_again(store: Store) -> None:
    misspelt = store.add_finding("Tubercolosis", CARD, "Ada")
    kept = store.add_finding("Tuberculosis", CARD, "Ada")
    store.take_finding_away(misspelt.name, CHEST, "Ada")
    assert store.added_findings(CHEST) == (kept,)
    store.add_finding("Tubercolosis", CARD, "Ben")
    assert [a.name for a in store.added_findings(CHEST)] == [misspelt.name, kept.name]


def test_a_finding_that_is_answered_present_stays(store: Store) -> None:
    added = store.add_finding("Tuberculosis", CARD, "Ada")
    store.add_images([header(1)])
    store.append(review(header(1), tuberculosis="present"))
    with pytest.raises(InvalidFinding, match="answered present in 1 image; expected none"):
        store.take_finding_away(added.name, CHEST, "Ada")
    assert store.added_findings(CHEST) == (added,)
    store.undo("Ada")
    store.take_finding_away(added.name, CHEST, "Ada")
    assert store.added_findings(CHEST) == ()


def test_what_nobody_added_cannot_be_taken_away(store: Store) -> None:
    with pytest.raises(InvalidFinding, match="no reader added"):
        store.take_finding_away("tuberculosis", CHEST, "Ada")


def test_a_network_that_grew_answers_the_finding_itself(store: Store) -> None:
    added = store.add_finding("Tuberculosis", CARD, "Ada")
    grown = ModelCard("grown", "Grown", "resnet18", (*CARD.findings, FindingName(added.name, added.display)))
    assert beyond(CARD, [added]) == (added,)
    assert beyond(grown, [added]) == ()


def test_the_audit_tells_who_added_and_took_away_what(store: Store, tmp_path: Path) -> None:
    store.add_finding("Tubercolosis", CARD, "Ada")
    store.take_finding_away("tubercolosis", CHEST, "Ben")
    rows = audit_rows(store)
    assert [(r["event"], r["finding"], r["reader"]) for r in rows] == [
        ("finding added", "tubercolosis", "Ada"),
        ("finding taken away", "tubercolosis", "Ben"),
    ]
    write_audit_csv(rows, tmp_path / "audit.csv")
    with (tmp_path / "audit.csv").open(newline="") as file:
        assert [r["display"] for r in csv.DictReader(file)] == ["Tubercolosis", "Tubercolosis"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Pulmonary tuberculosis", "pulmonary-tuberculosis"),
        ("Lungenödem (links)", "lungenodem-links"),
        ("Großes Herz", "grosses-herz"),
        ("Туберкулёз", "туберкулез"),
        ("COVID-19", "covid-19"),
        ("under_score", "under-score"),
    ],
)
def test_names_are_made_of_letters_and_digits_of_any_script(typed: str, name: str) -> None:
    assert name_of(typed) == name


@given(st.text(max_size=80))
def test_a_name_is_the_name_of_itself(typed: str) -> None:
    name = name_of(typed)
    assert name_of(name) == name
    assert name == "" or all(part and part.isalnum() for part in name.split("-"))
