"""A correction counts at once, beside the model's own value, and can be judged as a candidate."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app.fitting.messages import Scored
from inference.adapted import AdaptedHead
from inference.card import ModelCard
from inference.heads import read_head
from tests.app.gui.conftest import Desk, OpenDesk
from tests.app.making import FINDINGS, film, write_png
from tests.reviews.parts import give_part

pytestmark = pytest.mark.timeout(300)
COUNT = 8


@pytest.fixture
def folder(tmp_path: Path, data_dir: Path) -> Path:
    """Eight films, all of them of the training part."""
    from studies.reader import read_header

    paths = [write_png(tmp_path / "films" / f"{n}.png", film(FINDINGS[n % 3], seed=n)) for n in range(COUNT)]
    give_part(data_dir / "overread.sqlite", [read_header(path).split_key for path in paths], "train")
    return tmp_path / "films"


def starter(desk: Desk) -> ModelCard:
    return desk.place.registry.find("starter")


def decide(desk: Desk, finding: str) -> tuple[str, int]:
    """Answer the film on the screen; its frame."""
    key = desk.key
    assert key is not None
    desk.station.reading.answer(finding, "present")
    desk.until(lambda: desk.station.library.decision(key) is not None)
    return key


def open_films(desk: Desk, folder: Path) -> list[Scored]:
    fitted: list[Scored] = []
    desk.station.learning.adapting.adapted.connect(fitted.append)
    desk.station.open_paths([folder])
    desk.settle(COUNT)
    return fitted


def test_a_correction_scores_every_open_film_beside_what_the_model_says(
    open_desk: OpenDesk, folder: Path
) -> None:
    desk = open_desk()
    fitted = open_films(desk, folder)
    library = desk.station.library
    own = {key: prediction.findings for key, prediction in library.predictions.items()}
    key = decide(desk, "covid-19")
    desk.until(lambda: fitted)
    desk.until(lambda: all(row.adapted is not None for row in desk.rows))
    assert fitted[-1].reviews == 1
    assert {k: p.findings for k, p in library.predictions.items()} == own, "never in its place"
    before = library.predictions[key].probability_of("covid-19")
    after = library.adapted[key].probability_of("covid-19")
    assert before is not None
    assert after is not None
    assert after > before
    assert library.adapted[key].model == "adapted"
    for row in desk.rows:
        told = library.adapted[(library.studies[row.study_uid].first.sop_instance_uid, 1)]
        assert row.adapted_confidence == pytest.approx(told.probability_of(str(told.suggestion)), abs=1e-6)
        assert row.uncertainty == pytest.approx(told.uncertainty, abs=1e-6)
    desk.window.reading.worklist.set_order("uncertain")
    shown_order = [row.uncertainty for row in desk.rows]
    assert shown_order == sorted(shown_order, key=lambda u: -(u or 0.0))

    # Taken back, nothing is left of it.
    desk.station.reading.undo()
    desk.until(lambda: fitted[-1].reviews == 0)
    desk.until(lambda: all(row.adapted is None for row in desk.rows))
    head = AdaptedHead.read(desk.place.adapted_head_path(starter(desk)))
    weight, _ = read_head(starter(desk), desk.place.registry.weights_path(starter(desk)))
    assert np.array_equal(head.weight, weight)


def test_a_fitting_process_that_dies_is_up_again_and_what_was_decided_counts(
    open_desk: OpenDesk, folder: Path
) -> None:
    desk = open_desk()
    fitted = open_films(desk, folder)
    decide(desk, "covid-19")
    desk.until(lambda: fitted)
    pid = desk.station.learning.adapting.fitting.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    desk.choose_row(3)
    QApplication.processEvents()
    decide(desk, "pneumonia")
    desk.until(lambda: fitted[-1].reviews == 2)
    desk.until(lambda: all(row.adapted is not None for row in desk.rows))
    assert desk.station.learning.adapting.fitting.pid not in (None, pid)


def test_films_whose_embeddings_are_gone_are_looked_at_again(open_desk: OpenDesk, folder: Path) -> None:
    desk = open_desk()
    fitted = open_films(desk, folder)
    decide(desk, "covid-19")
    desk.until(lambda: fitted)
    desk.close()
    shutil.rmtree(desk.place.cache_folder)

    desk = open_desk()
    fitted = []
    desk.station.learning.adapting.adapted.connect(fitted.append)
    desk.settle(COUNT)
    desk.choose_row(3)
    QApplication.processEvents()
    decide(desk, "pneumonia")
    desk.until(lambda: fitted and fitted[-1].reviews == 2 and not fitted[-1].missing)


def test_the_site_adapted_head_is_judged_by_a_button(open_desk: OpenDesk, folder: Path) -> None:
    desk = open_desk()
    panel = desk.window.training
    desk.click(desk.window, "Training")
    assert not desk.button(panel, "Judge the site-adapted head").isEnabled()
    desk.click(desk.window, "Reading")
    fitted = open_films(desk, folder)
    decide(desk, "covid-19")
    desk.until(lambda: fitted)
    told: list[dict[str, object]] = []
    desk.station.learning.run_event.connect(told.append)
    desk.click(desk.window, "Training")
    desk.until(lambda: "fitted to 1 decision" in desk.texts(panel))
    desk.click(panel, "Judge the site-adapted head")
    desk.until(lambda: told and told[-1]["event"] == "done", 180_000)
    made = [card for card in desk.place.registry.cards() if not card.bundled]
    assert [card.name for card in made] == ["Starter, site-adapted"]
    desk.until(lambda: desk.button(panel, "Discard").isVisible())
    assert "not proven" in desk.texts(panel) or "nothing is proven" in desk.texts(panel)
