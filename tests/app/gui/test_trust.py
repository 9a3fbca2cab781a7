"""How far a suggestion can be trusted is told where it is read: in its row, beside it, under the map."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.workplace import Workplace
from inference.prediction import FindingProbability, Prediction
from studies.reader import read_header
from tests.app.gui.conftest import OpenDesk
from tests.app.making import FINDINGS, film, write_png
from tests.reviews.parts import give_part

pytestmark = pytest.mark.timeout(300)


def remember(data: Path, bundled: Path, path: Path, **said: object) -> None:
    """A film in the worklist with what a model said of it before."""
    header = read_header(path)
    give_part(data / "overread.sqlite", [header.split_key], "train")  # a film that measures hides all this
    place = Workplace(data, bundled)
    place.store.add_images([header])
    findings = tuple(FindingProbability(n, p) for n, p in zip(FINDINGS, (0.1, 0.2, 0.7), strict=True))
    made_by = place.registry.find("starter").weights_sha256
    known: dict[str, object] = {"suggestion": "pneumonia", "uncertainty": 0.5, **said}
    known["weights_sha256"] = made_by
    uid = header.sop_instance_uid
    place.store.remember_predictions([Prediction(uid, 1, "starter", findings, **known)])  # type: ignore[arg-type]
    place.close()


@pytest.fixture
def film_path(tmp_path: Path) -> Path:
    return write_png(tmp_path / "film.png", film("pneumonia", seed=3))


def test_an_unfamiliar_image_gets_no_diagnosis_and_its_row_says_so(
    open_desk: OpenDesk, data_dir: Path, bundled: Path, film_path: Path
) -> None:
    reason = (
        "This is not what Starter knows: the image lies 1.73 times as far from those it was trained on "
        "as it may, so nothing is suggested."
    )
    remember(data_dir, bundled, film_path, suggestion=None, unfamiliarity=1.73, warnings=(reason,))
    desk = open_desk()
    desk.settle(1)
    (row,) = desk.rows
    assert (row.suggestion, row.status, row.note) == (None, "no suggestion", "not what the model knows")
    findings = desk.texts(desk.window.reading.findings)
    assert "Not what this model knows" in findings
    assert reason in findings
    assert ".70" in findings
    desk.window.reading.findings.accept()
    assert desk.place.store.history() == []


def test_evidence_outside_the_lungs_is_warned_of(
    open_desk: OpenDesk, data_dir: Path, bundled: Path, film_path: Path
) -> None:
    warning = "Only 31% of the evidence for other pneumonia lies in the lungs; the rest lies outside of them."
    remember(data_dir, bundled, film_path, lung_share=0.31, warnings=(warning,))
    desk = open_desk()
    desk.settle(1)
    assert warning in desk.texts(desk.window.reading.evidence)
    assert "Clear: .50 ahead of no finding" in desk.texts(desk.window.reading.findings)
