"""What passes from a reader's click until every open suggestion is scored anew and stands in its place.

    QT_QPA_PLATFORM=offscreen python benchmarks/adapting.py [--studies 2000 20000] [--runs 10]
        [--added]

For each size: a store of that many reviewed and as many waiting studies, the starter model's head (512
features, 3 findings), made-up embeddings of it in the cache, and the window's own library, worklist and
fitting process on it. A decision is recorded as a click records it; the clock stops when the worklist, in
the order *uncertain*, has the new scores. Beside it stands what the same fit takes from the beginning,
without what the process keeps in memory, and how long the GUI thread was ever kept from its events meanwhile.
`--added`: one film in twenty shows a finding that the model has never seen and that a reader added.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

TICK_MS = 2
LIMIT_S = 300.0
ADDED = ("tuberculosis",)
SHOWS_IT = 20  # one film in so many


def main() -> int:
    """Measure each size in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, nargs="+", default=[2000, 20_000])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--added", action="store_true", help="a finding was added that the model never saw")
    choice = parser.parse_args()
    print(f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
    for count in choice.studies:
        with tempfile.TemporaryDirectory(prefix="overread-adapting-") as folder:
            began = time.perf_counter()
            make(Path(folder), count, added=ADDED if choice.added else ())
            print(f"\n{count:,} reviewed and {count:,} waiting (made in {time.perf_counter() - began:.0f} s)")
            measure(Path(folder), count, choice.runs, added=ADDED if choice.added else ())
    return 0


def make(folder: Path, count: int, added: tuple[str, ...] = ()) -> None:
    """A data folder with that many reviewed and as many waiting studies."""
    import numpy as np

    from app.settings import Settings, write_settings
    from app.workplace import Workplace
    from inference.answer import prediction_from
    from inference.features import feature_key
    from inference.heads import read_head
    from reviews import decisions
    from reviews.normalise import complete
    from reviews.record import Review, Shown

    write_settings(folder, Settings(reader="A. Smith", samples_added=True))
    place = Workplace(folder)
    card = place.registry.find("starter")
    weight, bias = read_head(card, place.registry.weights_path(card))
    for name in added:
        place.store.add_finding(name.capitalize(), card, "A. Smith")
    random = np.random.default_rng(0)
    sign = 0.3 * random.normal(size=weight.shape[1])
    mix = random.normal(size=(40, weight.shape[1]))
    site = weight + 0.5 * weight.std() * random.normal(size=weight.shape)  # what would be right here
    predictions, reviews = [], []
    headers = [header_of(n) for n in range(2 * count)]
    for n, header in enumerate(headers):
        seen = np.maximum(
            0.3 * random.normal(size=40) @ mix + 0.3 * random.normal(size=mix.shape[1]) + 0.5, 0
        )
        if added and n % SHOWS_IT == 0:
            seen = np.maximum(seen + sign, 0)
        embedding = seen.astype(np.float32)
        place.features.put(feature_key(card, header, 1), embedding, 0.5)
        logits = (embedding @ weight.T + bias).astype(np.float64)
        shares = np.exp(logits - logits.max())
        said = prediction_from(card, card.id, header, 1, (shares / shares.sum()).astype(np.float32))
        predictions.append(said)
        if n >= count:
            right = card.finding_names[int((embedding @ site.T + random.gumbel(size=len(site))).argmax())]
            if added and n % SHOWS_IT == 0:
                right = added[0]
            shown = Shown(card.id, said.suggestion)
            answers = complete(card, {right: "present"}, added)
            reviews.append(Review(header.sop_instance_uid, 1, "A. Smith", answers, shown=shown))
    place.store.add_images(headers)
    place.store.remember_predictions(predictions)
    with place.store._write() as connection:  # one transaction: a decision each would take minutes
        for review in reviews:
            decisions.append(connection, review)
    place.close()


def header_of(number: int) -> Any:
    """A chest film; the larger the number, the older it is."""
    from studies.image import Header

    year, day = 2025 - number // 10_000, number % 28 + 1
    uid = f"1.2.826.0.1.3680043.10.77.{number}"
    return Header(
        f"/films/{number}.png", "picture", uid, uid, uid, 512, 512,
        patient_id=f"P{number}", patient_name=f"Doe^{number}", content_hash=str(number),
        study_date=f"{year}-{number // 28 % 12 + 1:02d}-{day:02d}",
    )  # fmt: skip


def measure(folder: Path, count: int, runs: int, added: tuple[str, ...] = ()) -> None:
    """Click, and wait for the worklist."""
    from PySide6.QtCore import QCoreApplication, QEventLoop, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from app.gui.adapting import Adapting
    from app.gui.jobs import Jobs
    from app.gui.library import Library
    from app.workplace import Workplace
    from reviews.normalise import complete
    from reviews.record import Review
    from studies.reader_pool import ReaderPool
    from widgets.worklist import Worklist

    application = QApplication.instance() or QApplication([])
    place = Workplace(folder)
    jobs = Jobs("store", 1)
    readers = ReaderPool()
    library = Library(place, jobs, readers)
    library.set_models(place.models_in_use())
    worklist = Worklist()
    worklist.resize(400, 900)
    worklist.show()
    library.studies_added.connect(lambda uids: worklist.update_rows([library.row(uid) for uid in uids]))
    library.rows_changed.connect(worklist.update_rows)
    scored: list[float] = []
    library.rows_scored.connect(worklist.score_rows)
    library.rows_scored.connect(lambda _: scored.append(time.perf_counter()))
    adapting = Adapting(place, library)
    fits: list[Any] = []
    adapting.adapted.connect(fits.append)
    late: list[float] = []
    last = [time.perf_counter()]

    def tick() -> None:
        now = time.perf_counter()
        late.append((now - last[0]) * 1000 - TICK_MS)
        last[0] = now

    timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)

    def until(is_done: Callable[[], bool]) -> None:
        end = time.perf_counter() + LIMIT_S
        while not is_done():
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if time.perf_counter() > end:
                raise SystemExit(f"not done after {LIMIT_S:.0f} s")

    timer.start()
    loaded: list[bool] = []
    library.load(lambda: loaded.append(True))
    until(lambda: bool(loaded))
    worklist.set_order("uncertain")
    card = place.registry.find("starter")
    began = time.perf_counter()
    adapting.fit_soon(card)  # as the first correction after a start does: everything has to be read
    until(lambda: bool(fits))
    told("the first fit after a start, s", [time.perf_counter() - began])
    until(lambda: len(library.adapted) == 2 * count)
    pause(until, 0.5)
    waiting = [key for key in library.predictions if library.decision(key) is None][:runs]
    totals, fitting = [], []
    late.clear()
    last[0] = time.perf_counter()
    for number, key in enumerate(waiting):
        answers = complete(card, {card.finding_names[number % len(card.finding_names)]: "present"}, added)
        review, done = Review(*key, "A. Smith", answers), len(scored)

        def after(kept: tuple[Review, Any]) -> None:
            library.set_standing((kept[0].sop_instance_uid, kept[0].frame), kept[0])
            adapting.fit_soon(card)

        began = time.perf_counter()
        jobs.submit(partial(place.store.append, review), after)
        until(lambda done=done: len(scored) > done)  # type: ignore[misc]
        totals.append((scored[done] - began) * 1000)
        fitting.append(fits[-1].elapsed_s * 1000)
        pause(until, 0.1)
    told("click to worklist in order, ms", totals)
    told("  of it in the process: fit and write, ms", fitting)
    print(f"{'longest the GUI thread was kept meanwhile, ms':50} {max(late):8.1f}")
    whole = from_the_beginning(place, card)
    print(f"{'the same from the beginning, in the same program, ms':50} {whole:8.1f}")
    print(f"{'ratio':50} {statistics.median(totals) / whole:8.3f}")
    timer.stop()
    adapting.close()
    library.close()
    jobs.close()
    readers.close()
    worklist.close()
    worklist.deleteLater()
    place.close()
    application.processEvents()


def pause(until: Callable[[Callable[[], bool]], None], seconds: float) -> None:
    end = time.perf_counter() + seconds
    until(lambda: time.perf_counter() > end)


def from_the_beginning(place: Any, card: Any) -> float:
    """Read the reviews and their embeddings, fit, and score: what nothing in memory helps with; ms."""
    from app.adapting import adapt_head
    from inference.heads import read_head

    head = read_head(card, place.registry.weights_path(card))
    began = time.perf_counter()
    adapt_head(place, card, head, lambda sample: None)
    return (time.perf_counter() - began) * 1000


def told(name: str, times: list[float]) -> None:
    """Print median and maximum."""
    line = f"{name:50} {statistics.median(times):8.1f}"
    print(line if len(times) == 1 else f"{line}   at most {max(times):8.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
