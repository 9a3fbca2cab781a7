"""The worker is a real process here: it answers, is killed, comes back and goes with its parent."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image as Pillow

from inference.adapted import AdaptedHead
from inference.card import ModelCard
from inference.client import Covered, Died, Failed, InferenceClient, Looked, Progressed, Ready, WorkerEvent
from inference.covering import Region
from inference.features import FeatureCache, feature_key
from inference.registry import ModelRegistry
from studies.image import Header
from studies.reader import read_header
from tests.inference.making import add_model, make_film

PATIENCE_S = 90.0
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="stops the worker with signals")


class Desk:
    """A client, a model it can ask, a film to ask about, and the events as they came."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.events: queue.Queue[WorkerEvent] = queue.Queue()
        self.card: ModelCard = add_model(ModelRegistry(folder / "models", folder / "bundled"), folder)
        Pillow.fromarray(make_film()).save(folder / "film.png")
        self.film: Header = read_header(folder / "film.png")
        self.on_ready: Callable[[], None] | None = None
        self.client = InferenceClient(
            folder / "models", folder / "bundled", folder / "cache", self._on_event, "cpu"
        )

    def _on_event(self, event: WorkerEvent) -> None:
        if isinstance(event, Ready) and self.on_ready is not None:
            self.on_ready()
        self.events.put(event)

    def next_event(self) -> WorkerEvent:
        return self.events.get(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.client.start()
    event = desk.next_event()
    assert isinstance(event, Ready)
    assert event.device == "cpu"
    yield desk
    desk.client.stop()
    assert desk.client.worker_pid is None
    assert desk.events.empty()


def wait_until_handed_over(desk: Desk) -> None:
    """Until the client's thread has given the only question to the worker, which is stopped."""
    deadline = time.monotonic() + PATIENCE_S
    while desk.client.waiting and time.monotonic() < deadline:
        os.sched_yield()
    assert desk.client.waiting == 0


def answer(desk: Desk, request: int) -> Looked:
    event = desk.next_event()
    assert isinstance(event, Looked), event
    assert event.request == request
    return event


def test_a_question_is_answered_and_its_embedding_kept(desk: Desk) -> None:
    look = answer(desk, desk.client.ask(desk.film, 1, desk.card.id, maps=("pneumonia",))).look
    assert look.prediction.suggestion in desk.card.finding_names
    assert look.prediction.sop_instance_uid == desk.film.sop_instance_uid
    assert [h.finding for h in look.heatmaps] == ["pneumonia"]
    kept = FeatureCache(desk.folder / "cache" / "features").get(feature_key(desk.card, desk.film, 1))
    assert kept is not None
    assert np.allclose(kept, look.embedding, atol=1e-2)


def test_a_refitted_head_is_read_by_the_worker(desk: Desk) -> None:
    path = desk.folder / "models" / "adapted" / desk.card.id / "head.npz"
    AdaptedHead(
        desk.card.id, np.zeros((3, 96), np.float32), np.zeros(3, np.float32), desk.card.finding_names, 1
    ).write(path)
    look = answer(desk, desk.client.ask(desk.film, 1, desk.card.id, adapted_head=path)).look
    assert look.adapted is not None
    assert [f.probability for f in look.adapted.findings] == pytest.approx([1 / 3] * 3)


def test_what_cannot_be_answered_is_told_and_the_worker_goes_on(desk: Desk) -> None:
    (desk.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    broken = replace(desk.film, path=str(desk.folder / "broken.png"))
    missing = replace(desk.film, path=str(desk.folder / "missing.png"))
    for header, model, maps, told in (
        (broken, desk.card.id, (), "broken.png"),
        (missing, desk.card.id, (), "missing.png"),
        (desk.film, "nope", (), "no model called 'nope'"),
        (desk.film, desk.card.id, ("effusion",), "no finding called 'effusion'"),
    ):
        request = desk.client.ask(header, 1, model, maps=maps)
        event = desk.next_event()
        assert isinstance(event, Failed)
        assert event.request == request
        assert told in event.reason
    answer(desk, desk.client.ask(desk.film, 1, desk.card.id))


@contextmanager
def asleep(desk: Desk) -> Iterator[None]:
    """The worker is stopped, so that all that is asked meanwhile waits for it together."""
    pid = desk.client.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
        wait_until_handed_over(desk)
    finally:
        os.kill(pid, signal.SIGCONT)


@needs_signals
def test_urgent_questions_go_first_and_forgotten_ones_are_not_answered(desk: Desk) -> None:
    with asleep(desk):
        background = [desk.client.ask(desk.film, 1, desk.card.id) for _ in range(3)]
        urgent = [desk.client.ask(desk.film, 1, desk.card.id, urgent=True) for _ in range(3)]
        desk.client.forget(background[0])
        desk.client.forget(urgent[1])
    for request in (urgent[2], urgent[0], background[1], background[2]):
        answer(desk, request)


@needs_signals
def test_a_forgotten_background_leaves_what_is_urgent(desk: Desk) -> None:
    with asleep(desk):
        for _ in range(20):
            desk.client.ask(desk.film, 1, desk.card.id)
        urgent = desk.client.ask(desk.film, 1, desk.card.id, urgent=True)
        desk.client.forget_background()
    answer(desk, urgent)
    answer(desk, desk.client.ask(desk.film, 1, desk.card.id))


def test_covering_changes_what_is_said(desk: Desk) -> None:
    whole = answer(desk, desk.client.ask(desk.film, 1, desk.card.id)).look.prediction
    rows, columns = desk.film.rows, desk.film.columns
    half = Region((((0, 0), (0, columns), (rows / 2, columns), (rows / 2, 0)),))
    nothing = Region((((0, 0), (0, -5), (-5, -5)),))
    said = {}
    for region in (half, nothing, replace(half, keeps=True)):
        request = desk.client.cover(desk.film, 1, desk.card.id, region)
        event = desk.next_event()
        assert isinstance(event, Covered)
        assert event.request == request
        said[region] = [f.probability for f in event.prediction.findings]
    bare = [f.probability for f in whole.findings]
    assert said[nothing] == pytest.approx(bare, abs=1e-5)
    assert max(abs(a - b) for a, b in zip(said[half], bare, strict=True)) > 0.01
    assert max(abs(a - b) for a, b in zip(said[half], said[replace(half, keeps=True)], strict=True)) > 0.01


@needs_signals
def test_of_covers_that_wait_the_latest_alone_is_answered(desk: Desk) -> None:
    regions = [Region((((0, 0), (0, 40), (n, 40), (n, 0)),)) for n in range(10, 60, 10)]
    pid = desk.client.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    first = desk.client.cover(desk.film, 1, desk.card.id, regions[0])
    wait_until_handed_over(desk)
    asked = [desk.client.cover(desk.film, 1, desk.card.id, region) for region in regions[1:]]
    os.kill(pid, signal.SIGCONT)
    for request in (first, asked[-1]):
        event = desk.next_event()
        assert isinstance(event, Covered)
        assert event.request == request


@needs_signals
def test_suggestions_go_on_while_an_explanation_is_under_way(desk: Desk) -> None:
    with asleep(desk):
        names = desk.card.finding_names
        explaining = desk.client.explain(desk.film, 1, desk.card.id, maps=names, method="occlusion")
        background = [desk.client.ask(desk.film, 1, desk.card.id) for _ in range(2)]
        urgent = desk.client.ask(desk.film, 1, desk.card.id, urgent=True)
    progress, answered = [], []
    while explaining not in answered:
        event = desk.next_event()
        if isinstance(event, Progressed):
            assert event.request == explaining
            progress.append(event)
            continue
        assert isinstance(event, Looked), event
        answered.append(event.request)
        look = event.look
    assert answered == [urgent, *background, explaining]
    assert [h.finding for h in look.heatmaps] == list(names)
    assert {h.method for h in look.heatmaps} == {"occlusion"}
    assert 0 < progress[0].done < progress[0].total
    assert progress[0].remaining_s > 0


def test_an_explanation_that_is_forgotten_is_given_up(desk: Desk) -> None:
    names = desk.card.finding_names
    explaining = desk.client.explain(desk.film, 1, desk.card.id, maps=names, method="occlusion")
    assert isinstance(desk.next_event(), Progressed)
    desk.client.forget(explaining)
    wait_until_handed_over(desk)
    answer(desk, desk.client.ask(desk.film, 1, desk.card.id))


def test_an_explanation_that_cannot_be_given_is_refused(desk: Desk) -> None:
    for maps, method, told in (
        (("effusion",), "occlusion", "no finding called 'effusion'"),
        (("pneumonia",), "tarot", "no method called 'tarot'"),
    ):
        request = desk.client.explain(desk.film, 1, desk.card.id, maps=maps, method=method)
        event = desk.next_event()
        assert isinstance(event, Failed)
        assert event.request == request
        assert told in event.reason


@needs_signals
def test_a_worker_that_is_killed_comes_back_and_answers_what_was_asked(desk: Desk) -> None:
    pid = desk.client.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    asked = [desk.client.ask(desk.film, 1, desk.card.id) for _ in range(3)]
    wait_until_handed_over(desk)
    urgent = desk.client.ask(desk.film, 1, desk.card.id, urgent=True)
    os.kill(pid, signal.SIGKILL)
    event = desk.next_event()
    assert isinstance(event, Died)
    assert event.will_restart
    assert isinstance(desk.next_event(), Ready)
    assert desk.client.worker_pid != pid
    for request in (urgent, *asked):
        answer(desk, request)


@needs_signals
def test_what_a_worker_died_of_twice_is_passed_over_and_the_rest_is_answered(desk: Desk) -> None:
    def kill_with(waiting: int) -> None:
        pid = desk.client.worker_pid
        assert pid is not None
        while desk.client.waiting > waiting:
            os.sched_yield()
        os.kill(pid, signal.SIGKILL)
        assert isinstance(desk.next_event(), Died)

    pid = desk.client.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    deadly = desk.client.ask(desk.film, 1, desk.card.id)
    innocent = [desk.client.ask(desk.film, 1, desk.card.id) for _ in range(2)]
    kill_with(0)
    event = stop_at_ready(desk)
    assert isinstance(event, Ready)
    kill_with(2)  # now the first is with the worker alone
    told = desk.next_event()
    assert isinstance(told, Failed)
    assert told.request == deadly
    assert "ended the prediction process twice" in told.reason
    assert isinstance(desk.next_event(), Ready)
    for request in innocent:
        answer(desk, request)


def stop_at_ready(desk: Desk) -> WorkerEvent:
    """The next event; where it is `Ready` the worker is stopped before it can answer anything."""
    desk.on_ready = lambda: os.kill(desk.client.worker_pid or 0, signal.SIGSTOP)
    try:
        return desk.next_event()
    finally:
        desk.on_ready = None


@needs_signals
def test_a_second_look_needs_neither_the_pixels_nor_the_same_worker(desk: Desk) -> None:
    path = desk.folder / "second.png"
    Pillow.fromarray(make_film(seed=5)).save(path)
    film, status = read_header(path), path.stat()
    names = desk.card.finding_names
    first = answer(desk, desk.client.ask(film, 1, desk.card.id)).look
    answer(desk, desk.client.ask(desk.film, 1, desk.card.id))  # what was seen is kept before the next answer
    pid = desk.client.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert isinstance(desk.next_event(), Died)
    assert isinstance(desk.next_event(), Ready)
    path.write_bytes(bytes(status.st_size))  # it cannot be decoded any more
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    second = answer(desk, desk.client.ask(film, 1, desk.card.id, maps=names, urgent=True)).look
    assert second.prediction.findings == first.prediction.findings
    assert [h.finding for h in second.heatmaps] == list(names)
    path.write_bytes(b"something else")  # another file: nothing is believed of it
    event = told_of(desk, desk.client.ask(film, 1, desk.card.id))
    assert isinstance(event, Failed)


def told_of(desk: Desk, request: int) -> WorkerEvent:
    event = desk.next_event()
    assert isinstance(event, Looked | Failed)
    assert event.request == request
    return event


def test_a_device_that_is_not_there_fails_questions_with_a_sentence(tmp_path: Path) -> None:
    events: queue.Queue[WorkerEvent] = queue.Queue()
    client = InferenceClient(tmp_path, tmp_path, tmp_path, events.put, "cuda:99")
    Pillow.fromarray(make_film()).save(tmp_path / "film.png")
    request = client.ask(read_header(tmp_path / "film.png"), 1, "starter")
    client.start()
    died = events.get(timeout=PATIENCE_S)
    assert isinstance(died, Died)
    assert not died.will_restart
    assert "cuda:99" in died.reason
    assert events.get(timeout=PATIENCE_S) == Failed(request, died.reason)
    client.stop()


PARENT = """
import sys
from pathlib import Path
from inference.client import InferenceClient

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    tell = lambda event: print(client.worker_pid, flush=True)
    client = InferenceClient(folder, folder, folder, tell, "cpu")
    client.start()
    sys.stdin.read()
"""


def test_the_worker_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    root = str(Path(__file__).resolve().parents[2])
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": root},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _, alive = psutil.wait_procs([worker], timeout=PATIENCE_S)
    assert not alive
