"""The process that re-fits heads: it counts what was decided, and is started again when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue

import numpy as np
import pytest

from app.adapting import adapt_head
from app.fitting.handle import Fitting
from app.fitting.messages import Died, Failed, FittingEvent, Known, Ordered, Scored
from app.workplace import Workplace
from inference.adapted import AdaptedHead
from inference.card import ModelCard
from inference.embeddings import FrameKey
from inference.features import feature_key
from inference.heads import NO_HEAD, read_head
from reviews.normalise import complete
from reviews.record import Answer, Review
from studies.image import Header
from tests.repository.rooms import ROOT
from tests.reviews.parts import give_part
from training.adapting.asking import WHY

pytestmark = pytest.mark.timeout(200)
PATIENCE_S = 60.0  # a process that loads SciPy on a busy machine
TRAIN, TEST = range(40), range(40, 50)


def film(number: int) -> Header:
    uid = f"1.2.3.{number}"
    return Header(
        f"/{number}.png", "picture", uid, uid, uid, 8, 8, patient_id=f"P{number}", content_hash=str(number)
    )


class Site:
    """A workplace with fifty films that the model has looked at, and the process beside it."""

    def __init__(self, data: Path, bundled: Path) -> None:
        for part, numbers in (("train", TRAIN), ("test", TEST)):
            give_part(data / "overread.sqlite", [film(n).split_key for n in numbers], part)  # type: ignore[arg-type]
        self.place = Workplace(data, bundled)
        self.card: ModelCard = self.place.registry.find("starter")
        self.own = read_head(self.card, self.place.registry.weights_path(self.card))
        self.place.store.add_images(film(n) for n in (*TRAIN, *TEST))
        random = np.random.default_rng(0)
        films = np.abs(random.normal(size=(50, self.own[0].shape[1])))
        self.embeddings = (films / (films @ self.own[0].T).std()).astype(np.float32)  # logits of about 1
        for number in (*TRAIN, *TEST):
            self.look_at(number)
        self.events: Queue[FittingEvent] = Queue()
        self.fitting = Fitting(data, bundled, self.events.put)

    def look_at(self, number: int) -> None:
        key = feature_key(self.card, film(number), 1)
        self.place.features.put(key, self.embeddings[number], 0.5)

    def decide(self, number: int, finding: str, answer: Answer = "present", reader: str = "A") -> None:
        answers = complete(self.card, {finding: answer})
        self.place.store.append(Review(film(number).sop_instance_uid, 1, reader, answers))

    def decide_some(self, numbers: range = range(12)) -> None:
        for number in numbers:
            self.decide(number, self.card.finding_names[number % 3])

    def next(self, kind: type, is_wanted: Callable[[object], bool] = lambda event: True) -> object:
        """The next event of a kind."""
        while True:
            try:
                event = self.events.get(timeout=PATIENCE_S)
            except Empty:
                raise AssertionError(f"no {kind.__name__} came") from None
            if isinstance(event, kind) and is_wanted(event):
                return event

    def fit(self) -> Scored:
        """Re-fit, and what comes of it."""
        self.fitting.start()
        request = self.fitting.fit(self.card.id)
        told = self.next(Scored, lambda e: e.request == request and e.is_fitted)  # type: ignore[attr-defined]
        assert isinstance(told, Scored)
        return told

    def head(self) -> AdaptedHead:
        return AdaptedHead.read(self.place.adapted_head_path(self.card))

    def close(self) -> None:
        self.fitting.stop()
        self.place.close()
        assert self.fitting.pid is None
        assert not [t for t in threading.enumerate() if t.name == "fitting"]


@pytest.fixture
def site(data_dir: Path, bundled: Path) -> Iterator[Site]:
    site = Site(data_dir, bundled)
    yield site
    site.close()


def test_what_was_decided_is_fitted_and_every_film_is_scored(site: Site) -> None:
    site.decide_some()
    site.fit()
    told = site.next(Scored)  # once every film was brought into memory
    assert isinstance(told, Scored)
    assert not told.is_fitted
    assert told.reviews == 12
    assert told.probabilities.shape == (50, 3)
    assert np.allclose(told.probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(told.suggestion, told.probabilities.argmax(axis=1))
    assert told.findings == tuple((f.name, f.display) for f in site.card.findings)


def test_the_rows_are_named_before_they_are_scored(site: Site) -> None:
    site.decide_some()
    site.fitting.start()
    site.fitting.fit(site.card.id)
    known: dict[int, FrameKey] = {}
    scored: list[Scored] = []
    while len(scored) < 2:
        event = site.events.get(timeout=PATIENCE_S)
        if isinstance(event, Known):
            assert event.is_first == (not known)
            known |= {row: key for row, key, _ in event.keys}
        elif isinstance(event, Scored):
            scored.append(event)
            assert known.keys() == set(range(len(event.suggestion)))
    last = scored[-1]
    head = site.head()
    for row, (uid, _) in known.items():
        embedding = site.embeddings[int(uid.rpartition(".")[2])].astype(np.float16).astype(np.float32)
        expected = head.probabilities(embedding, site.card.temperature, site.card.task)
        assert np.allclose(last.probabilities[row], expected, atol=1e-4)


def test_corrections_one_by_one_come_to_what_all_at_once_come_to(site: Site) -> None:
    site.decide_some(range(6))
    site.fit()
    for number in range(6, 20):
        site.decide(number, site.card.finding_names[number % 3])
        told = site.fit()
    assert told.reviews == 20
    step_by_step = site.head()
    done = adapt_head(site.place, site.card, site.own, lambda sample: None)
    assert done.reviews == 20
    said = [
        head.probabilities(site.embeddings, site.card.temperature, site.card.task)
        for head in (step_by_step, done.head)
    ]
    assert np.abs(said[0] - said[1]).max() < 0.01


def test_films_of_the_test_part_never_change_the_head(site: Site) -> None:
    site.decide_some()
    site.fit()
    site.next(Scored)  # every film is in memory
    site.fit()
    before = site.head()
    for number in TEST:
        site.decide(number, site.card.finding_names[0])
    told = site.fit()
    assert told.reviews == 12
    after = site.head()
    said = [h.probabilities(site.embeddings, 1.0, "multiclass") for h in (before, after)]
    assert np.abs(said[0] - said[1]).max() < 1e-3
    assert len(told.suggestion) >= 12 + len(TEST), "they are scored all the same"


def test_a_process_that_dies_is_started_again_and_loses_nothing(site: Site) -> None:
    site.decide_some()
    site.fit()
    pid = site.fitting.pid
    assert pid is not None
    site.decide(20, site.card.finding_names[1])
    os.kill(pid, signal.SIGSTOP)  # it is in the middle of the fit, for all that the handle knows
    request = site.fitting.fit(site.card.id)
    site.decide(21, site.card.finding_names[2])
    os.kill(pid, signal.SIGKILL)
    died = site.next(Died)
    assert isinstance(died, Died)
    assert died.will_restart
    told = site.next(Scored, lambda e: e.request == request)  # type: ignore[attr-defined]
    assert isinstance(told, Scored)
    assert told.reviews == 14
    assert site.fitting.pid not in (None, pid)
    assert site.head().reviews == 14


def test_of_many_fits_that_wait_the_latest_is_done(site: Site) -> None:
    site.decide_some()
    site.fit()
    pid = site.fitting.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    requests = []
    for number in range(12, 30):
        site.decide(number, site.card.finding_names[number % 3])
        requests.append(site.fitting.fit(site.card.id))
    os.kill(pid, signal.SIGCONT)
    told = site.next(Scored, lambda e: e.request == requests[-1])  # type: ignore[attr-defined]
    assert isinstance(told, Scored)
    assert told.reviews == 30
    answered = {requests[-1]}
    while not site.events.empty():
        event = site.events.get()
        answered |= {event.request} if isinstance(event, Scored) else set()
    assert len(answered & set(requests)) <= 2


def test_what_was_taken_back_leaves_the_models_own_head(site: Site) -> None:
    site.decide(0, site.card.finding_names[0])
    assert site.fit().reviews == 1
    site.place.store.undo("A")
    told = site.fit()
    assert told.reviews == 0
    assert len(told.suggestion) == 0
    head = site.head()
    assert not head.reviews
    assert np.array_equal(head.weight, site.own[0])


def test_without_any_decision_a_sentence_says_why_nothing_is_fitted(site: Site) -> None:
    site.fitting.start()
    site.fitting.fit(site.card.id)
    failed = site.next(Failed)
    assert isinstance(failed, Failed)
    assert "no reviewed image outside the test part" in failed.reason


def test_two_readers_who_contradict_each_other_count_as_the_later_says(site: Site) -> None:
    site.decide_some()
    site.decide(0, site.card.finding_names[2], reader="B")
    site.fit()
    later = site.head()
    site.decide(0, site.card.finding_names[0], reader="A")
    site.fit()
    asked = site.embeddings[:1]
    first, second = (h.probabilities(asked, 1.0, "multiclass")[0] for h in (site.head(), later))
    assert second[2] > first[2]
    assert first[0] > second[0]
    assert later.reviews == 12


def test_a_decided_film_that_nobody_looked_at_is_named_and_counted_once_it_was(site: Site) -> None:
    fresh = film(90)
    site.place.store.add_images([fresh])
    site.decide_some()
    answers = complete(site.card, {"pneumonia": "present"})
    site.place.store.append(Review(fresh.sop_instance_uid, 1, "A", answers))
    told = site.fit()
    part = site.place.store.part_of(fresh)
    assert told.missing == ((fresh.sop_instance_uid, 1),)
    assert told.reviews == 12
    site.place.features.put(feature_key(site.card, fresh, 1), site.embeddings[0] + 1)
    from inference.answer import prediction_from

    said = prediction_from(site.card, site.card.id, fresh, 1, np.array([0.2, 0.3, 0.5], np.float32))
    site.place.store.remember_predictions([said])
    told = site.fit()
    assert told.missing == ()
    assert told.reviews == 12 + (part != "test")


def test_a_finding_that_readers_added_becomes_one_of_the_heads(site: Site) -> None:
    site.decide_some()
    site.fit()
    added = site.place.store.add_finding("Tuberculosis", site.card, "A")
    answers = complete(site.card, {added.name: "present"}, added=(added.name,))
    site.place.store.append(Review(film(30).sop_instance_uid, 1, "A", answers))
    told = site.fit()
    assert told.findings[3:] == (("tuberculosis", "Tuberculosis"),)
    assert told.probabilities.shape[1] == 4
    assert told.probabilities[:, 3].max() <= 0.25 + 1e-6
    assert site.head().added[0].display == "Tuberculosis"


def test_a_head_that_was_fitted_on_other_weights_is_not_used(site: Site) -> None:
    site.decide_some()
    site.fit()
    replace(site.head(), base_sha256="0" * 64).write(site.place.adapted_head_path(site.card))
    while not site.events.empty():
        site.events.get()
    site.fitting.score((site.card.id,))
    told = site.next(Scored)
    assert isinstance(told, Scored)
    assert told.is_fitted  # anew, on these
    assert site.head().base_sha256 == site.card.weights_sha256


def test_a_model_that_comes_into_use_after_films_were_decided_is_fitted_to_them(site: Site) -> None:
    site.decide_some()
    site.fitting.start()
    site.fitting.score((site.card.id,))
    told = site.next(Scored, lambda event: event.is_fitted)  # type: ignore[attr-defined]
    assert isinstance(told, Scored)
    assert told.reviews == 12
    assert site.head().reviews == 12


def test_a_model_that_cannot_be_refitted_keeps_no_other_from_being_scored(site: Site) -> None:
    weights = site.place.registry.weights_path(site.card)
    other = site.place.registry.add(replace(site.card, name="ends otherwise", head=NO_HEAD), weights)
    site.decide_some()
    site.fitting.start()
    site.fitting.score((other.id, site.card.id))
    told = site.next(Scored, lambda event: event.is_fitted)  # type: ignore[attr-defined]
    assert isinstance(told, Scored)
    assert (told.model_id, told.reviews) == (site.card.id, 12)


def test_an_order_that_was_asked_for_before_films_were_brought_is_made_again_of_all(site: Site) -> None:
    site.fitting.start()
    request = site.fitting.order((site.card.id,), "A", "")
    told = site.next(Ordered, lambda e: len(e.study_uids) == 50)  # type: ignore[attr-defined]
    assert isinstance(told, Ordered)
    assert told.request == request
    assert {WHY[n] for n in told.why} >= {"unlike", "unsure", "lot"}


def test_a_damaged_head_is_fitted_anew(site: Site) -> None:
    site.decide_some()
    path = site.place.adapted_head_path(site.card)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a head")
    site.fitting.start()
    site.fitting.score((site.card.id,))
    site.next(Scored, lambda event: event.is_fitted)  # type: ignore[attr-defined]
    assert site.head().reviews == 12


def test_the_process_needs_neither_qt_nor_torch() -> None:
    looks = "import sys, app.fitting.process; print([m for m in ('torch', 'PySide6') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", looks], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
