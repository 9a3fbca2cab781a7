"""What the worker does between its threads; tests/inference/test_client.py talks to it as a process."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from PIL import Image as Pillow

from inference.messages import Looked, Question, WorkerSettings
from inference.registry import ModelRegistry
from inference.worker import Worker
from studies.reader import read_header
from tests.inference.making import add_model, make_film

PATIENCE_S = 30.0


def test_an_urgent_look_never_waits_for_a_decoder_that_waits_for_it(tmp_path: Path) -> None:
    """A decoder that took up the frame just when the urgent look began holds still until that is over."""
    card = add_model(ModelRegistry(tmp_path / "models", tmp_path / "bundled"), tmp_path)
    Pillow.fromarray(make_film()).save(tmp_path / "film.png")
    film = read_header(tmp_path / "film.png")
    worker = Worker(
        WorkerSettings(tmp_path / "models", tmp_path / "bundled", tmp_path / "cache", "cpu"),
        torch.get_num_threads(),
    )
    question = Question(1, film, 1, card.id, (), "gradcam", None)
    worker._ahead.hold()
    assert list(worker._take_in(question)) == []
    found = worker._background[0].ahead.found
    deadline = time.monotonic() + PATIENCE_S
    while not found.running() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert found.running()
    urgent = Question(2, film, 1, card.id, (), "gradcam", None, urgent=True)
    assert list(worker._take_in(urgent)) == []
    with ThreadPoolExecutor(1) as thread:
        step = thread.submit(lambda: list(worker._step()))
        try:
            (event,) = step.result(timeout=PATIENCE_S)
        finally:
            worker._ahead.go_on()  # or a test that fails would never end
    assert isinstance(event, Looked)
    assert event.request == 2
