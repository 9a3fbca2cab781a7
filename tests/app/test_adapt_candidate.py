"""`adapt --candidate`: a re-fitted head becomes a model of its own, judged like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.workplace import Workplace
from inference.card import FITTED, REPLAY
from reviews.normalise import complete
from reviews.record import Review
from studies.reader import read_header
from tests.app.conftest import Overread
from tests.app.making import FINDINGS, card_of
from tests.reviews.parts import give_part
from training.replay import replay_of

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def decided(data_dir: Path, bundled: Path, hospital: Path) -> None:
    """48 films on which a reader has decided, a third of them kept aside for testing."""
    rows = [line.split(",") for line in (hospital / "labels.csv").read_text().splitlines()[1:]]
    headers = [read_header(hospital / file) for file, _, _ in rows]
    for part, some in (("test", headers[32:]), ("train", headers[:32])):
        give_part(data_dir / "overread.sqlite", [h.split_key for h in some], part)  # type: ignore[arg-type]
    place = Workplace(data_dir, bundled)
    card = place.registry.find("starter")
    place.store.add_images(headers)
    for header, (_, label, _) in zip(headers, rows, strict=True):
        place.store.append(Review(header.sop_instance_uid, 1, "A. Smith", complete(card, {label: "present"})))
    place.close()


@pytest.mark.usefixtures("decided")
def test_a_re_fitted_head_is_measured_on_films_kept_aside_and_waits_for_a_person(
    overread: Overread, data_dir: Path, bundled: Path, png: Path
) -> None:
    told = overread("adapt", "--model", "starter", "--candidate")
    assert told.status == 0, told.err
    adapted, done = told.lines
    assert (adapted["model"], adapted["reviews"]) == ("adapted", 32)
    assert done["event"] == "done"
    assert done["evaluation"]["n"] == done["current_evaluation"]["n"] == 16
    assert done["gate"]["verdict"] in ("better", "not worse", "not proven", "worse")
    page = Path(done["report"]).read_text(encoding="utf-8")
    assert "<th>Candidate</th><th>Current model</th>" in page
    assert done["gate"]["reasons"][0] in page

    place = Workplace(data_dir, bundled)
    try:
        card = place.registry.find(done["model"])
        assert card.parent == "starter"
        assert card.name == "Starter, site-adapted"
        assert {REPLAY, FITTED} <= card.companions.keys()
        replay = replay_of(place.registry, card)
        assert replay is not None
        assert len(replay.embeddings) == 32
        assert {c.id for c in place.models_in_use()} == {"starter", "phantom"}, "nobody has promoted it"
        assert [kept.kind for kept in place.store.evaluations(card.id)] == ["held-out", "gate"]
    finally:
        place.close()
    ours, theirs = (overread("predict", png, "--model", m).line for m in (done["model"], "adapted"))
    assert [f["probability"] for f in ours["findings"]] == pytest.approx(
        [f["probability"] for f in theirs["findings"]], abs=2e-3
    )


@pytest.mark.usefixtures("decided")
def test_a_finding_that_enough_films_show_grows_the_network(
    overread: Overread, data_dir: Path, bundled: Path, png: Path
) -> None:
    place = Workplace(data_dir, bundled)
    card = card_of(bundled, "starter")
    added = place.store.add_finding("Tuberculosis", card, "A. Smith")
    few = place.store.add_finding("Sarcoidosis", card, "A. Smith")
    training = [h for h in place.store.headers() if place.store.part_of(h) == "train"]
    names = [added.name] * 6 + [few.name] * 2
    for header, name in zip(training[:8], names, strict=True):
        answers = complete(card, {name: "present"}, added=(added.name, few.name))
        place.store.append(Review(header.sop_instance_uid, 1, "A. Smith", answers))
    place.close()
    told = overread("adapt", "--model", "starter", "--candidate")
    assert told.status == 0, told.err
    model = told.lines[-1]["model"]
    line = overread("predict", png, "--model", model).line
    assert [f["name"] for f in line["findings"]] == [*FINDINGS, "tuberculosis"]
    adapted = overread("predict", png, "--model", "adapted").line
    assert [f["name"] for f in adapted["findings"]] == [*FINDINGS, "tuberculosis", "sarcoidosis"]
    probabilities = {f["name"]: f["probability"] for f in adapted["findings"]}
    assert probabilities["sarcoidosis"] <= 2 / 5
    raw = overread("explain", png, "--finding", "tuberculosis", "--model", model, "--out", data_dir / "o.png")
    assert raw.status == 0, raw.err


def test_without_a_decision_there_is_no_candidate(overread: Overread) -> None:
    told = overread("adapt", "--candidate")
    assert told.lines[-1]["event"] == "failed"
    assert "no candidate" in told.err
    assert overread("models", "list").lines[2:] == []
