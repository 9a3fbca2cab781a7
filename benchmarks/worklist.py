"""What a worklist of 100,000 studies costs on the GUI thread, and how a store of that size is opened.

    QT_QPA_PLATFORM=offscreen python benchmarks/worklist.py [panel] [store] [--studies 100000] [--runs 20]

``panel`` drives the window's own panel (`widgets.worklist.Worklist`) with rows: what an action takes on
the GUI thread until it is painted. Beside it, in the same run, stands what a plain `QListView` over a
`QSortFilterProxyModel` needs for the same rows.

``store`` makes a store of that many studies in a temporary folder (the newest 100 are small real films, the
others name the sample films and have a remembered suggestion) and opens the window on it, with its worker, in
a process of its own. A timer of 5 ms tells how long the GUI thread was
ever kept from its events while the list comes in, while a correction re-ranks the suggestions, and while
5,000 files are imported.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FAMILIES = (
    "Abel",
    "Bauer",
    "Costa",
    "Dubois",
    "Fischer",
    "García",
    "Hansen",
    "Ivanov",
    "Kowalski",
    "Lindström",
)
GIVEN = ("Anna", "Boris", "Clara", "David", "Elif", "Frank", "Greta", "Hugo", "Ines", "Jan", "Karla", "Luis")
UNSEEN = 100  # studies without a remembered suggestion, the newest ones, as small real films
DECIDED = 5_000  # studies with a decision, the oldest ones
RERANKED = 20_000
IMPORTED = 5_000
TICK_MS = 5
LIMIT_MS = 300_000


def main() -> int:
    """Run the parts that were asked for, and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["panel", "store"])
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--peer-runs", type=int, default=3)
    parser.add_argument("--made", type=Path, help="keep the store in this folder, or use the one there")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    choice = parser.parse_args()
    if choice.one is not None:
        open_store(choice.one, choice.studies)
        return 0
    print(f"{choice.studies:,} studies; load of the machine {os.getloadavg()[0]:.1f}")
    if "panel" in choice.parts:
        measure_panel(choice.studies, choice.runs, choice.peer_runs)
    if "store" in choice.parts:
        measure_store(choice.studies, choice.made)
    return 0


Times = list[tuple[float, float]]
"""What passed, and what the GUI thread itself worked of it, in ms: they differ on a busy machine."""


def told(name: str, times: Times, peer: Times) -> None:
    """Print median and 95th percentile, the median of the work, and how often the peer's work that is."""
    passed, worked = (sorted(one) for one in zip(*times, strict=True))
    late = passed[min(int(len(passed) * 0.95), len(passed) - 1)]
    line = f"{name:34} median {statistics.median(passed):6.1f} ms   95th percentile {late:6.1f} ms"
    line += f"   work {statistics.median(worked):6.1f} ms"
    if peer:
        of_peer = statistics.median(work for _, work in peer)
        line += f"   peer {of_peer:7.1f} ms   ratio {statistics.median(worked) / of_peer:6.3f}"
    print(line, flush=True)


# -- the panel -----------------------------------------------------------------------------------


def made_rows(count: int) -> list[Any]:
    """Rows with every text field filled, in no order."""
    from widgets.worklist import Row

    draw = random.Random(7)
    rows = []
    for n in range(count):
        family, given = draw.choice(FAMILIES), draw.choice(GIVEN)
        has_suggestion = n % 5 != 0
        rows.append(
            Row(
                study_uid=f"1.2.826.0.1.3680043.10.1234.{n}",
                patient=f"{family}^{given}^{n % 977}",
                patient_id=f"PID{draw.randrange(10**7):07d}",
                birth_date=f"19{n % 90 + 10}-0{n % 9 + 1}-1{n % 9}",
                sex="FM"[n % 2],
                accession=f"A{draw.randrange(10**8):08d}",
                date=f"20{draw.randrange(8, 27):02d}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}",
                time=f"{draw.randrange(24):02d}:{draw.randrange(60):02d}:{draw.randrange(60):02d}",
                modality=("DX", "CR", "CT", "MR")[n % 4],
                description="Chest PA and lateral",
                suggestion="other pneumonia" if has_suggestion else None,
                confidence=draw.random() if has_suggestion else None,
                uncertainty=draw.random() if has_suggestion else None,
                status="read" if n % 7 == 0 else "to read",
            )
        )
    return rows


def measure_panel(count: int, runs: int, peer_runs: int) -> None:
    """Actions on the panel, each until it is painted."""
    from PySide6.QtWidgets import QApplication

    from widgets import theme

    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    theme.apply(application)
    rows = made_rows(count)
    times: dict[str, Times] = {}
    for _ in range(max(runs // 4, 2)):
        for name, taken in panel_times(application, rows).items():
            times.setdefault(name, []).extend(taken)
    peer: dict[str, Times] = {}
    for _ in range(peer_runs):
        for name, one in peer_times(application, rows).items():
            peer.setdefault(name, []).append(one)
    for name, taken in times.items():
        told(name, taken, peer.get(name, []))


def panel_times(application: Any, rows: list[Any]) -> dict[str, Times]:
    """One new panel, filled and used."""
    from PySide6.QtWidgets import QLineEdit

    from widgets.worklist import StudyView, Worklist

    panel = Worklist()
    panel.resize(360, 900)
    panel.show()
    application.processEvents()
    view, field = panel.findChild(StudyView), panel.findChild(QLineEdit)
    assert view is not None
    assert field is not None

    def took(action: Callable[[], object]) -> tuple[float, float]:
        began, worked = time.perf_counter(), time.thread_time()
        action()
        view.viewport().repaint()
        application.sendPostedEvents()
        taken = (time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000
        settle(application)
        return taken

    times: dict[str, Times] = {"open": [took(lambda: panel.set_rows(rows))]}
    times["first search after opening"] = [took(lambda: field.setText("lindström"))]
    times["search cleared"] = [took(field.clear)]
    panel.select(rows[40_000 % len(rows)].study_uid)
    for name in ("uncertain", "patient", "to read", "newest"):
        times[f"order: {name}"] = [took(lambda name=name: panel.set_order(name)) for _ in range(1)]
    for name in ("uncertain", "patient", "to read", "newest"):
        times[f"order again: {name}"] = [took(lambda name=name: panel.set_order(name)) for _ in range(3)]
    typed: Times = []
    for end in range(1, len("fischer greta") + 1):
        typed.append(took(lambda end=end: field.setText("fischer greta"[:end])))
    times["search, each letter typed"] = typed
    times["search of one word"], times["search of two words"] = [], []
    for words, name in (("hansen", "search of one word"), ("ct ivanov", "search of two words")):
        for _ in range(2):
            times["search cleared"].append(took(field.clear))
            times[name].append(took(lambda words=words: field.setText(words)))
    field.clear()
    settle(application)
    some = [rows[n] for n in range(0, len(rows), len(rows) // 8)]
    times["one row updated in place"] = [
        took(lambda row=row: panel.update_rows([replace(row, note="x")])) for row in some
    ]
    times["one row moves (new suggestion)"] = []
    panel.set_order("uncertain")
    settle(application)
    for n, row in enumerate(some):
        changed = replace(row, uncertainty=n / 9, suggestion="pneumonia", confidence=0.5)
        times["one row moves (new suggestion)"].append(took(lambda row=changed: panel.update_rows([row])))
    reranked = [replace(row, uncertainty=random.random()) for row in rows[:RERANKED]]
    times["20,000 suggestions re-ranked"] = [took(lambda: panel.update_rows(reranked))]
    panel.set_order("newest")
    new = [replace(row, study_uid=f"9.{n}") for n, row in enumerate(rows[:640])]
    times["64 studies added"] = [
        took(lambda at=at: panel.update_rows(new[at : at + 64])) for at in range(0, 640, 64)
    ]
    bar = view.verticalScrollBar()
    times["scrolled to the end"] = [took(lambda: bar.setValue(bar.maximum()))]
    times["scrolled by a page"] = [took(lambda: bar.setValue(bar.value() - bar.pageStep())) for _ in range(5)]
    times["study chosen"] = [took(lambda row=row: panel.select(row.study_uid)) for row in some]
    times["next to read"] = [took(lambda row=row: panel.next_unread(row.study_uid)) for row in some]
    panel.close()
    panel.deleteLater()
    settle(application)
    return times


def settle(application: Any) -> None:
    """Let everything that waits for its turn have it, so that actions are measured one by one."""
    until = time.perf_counter() + 0.06
    while time.perf_counter() < until:
        application.processEvents()


def peer_times(application: Any, rows: list[Any]) -> dict[str, tuple[float, float]]:
    """The same rows in what Qt offers for it, without a line of Python under its comparisons."""
    from PySide6.QtCore import QSortFilterProxyModel, Qt
    from PySide6.QtGui import QStandardItem, QStandardItemModel
    from PySide6.QtWidgets import QListView

    role = Qt.ItemDataRole.UserRole
    items = []
    for row in rows:
        item = QStandardItem(row.patient)
        item.setData(f"{row.date} {row.time}", role)
        item.setData(row.uncertainty or 0.0, role + 1)
        item.setData(row.status, role + 2)
        item.setData(row.searched_text, role + 3)
        items.append(item)
    view, proxy, source = QListView(), QSortFilterProxyModel(), QStandardItemModel()
    proxy.setFilterRole(role + 3)
    proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    view.setUniformItemSizes(True)
    view.resize(360, 900)
    view.show()

    def order(by: int, direction: Qt.SortOrder) -> None:
        proxy.setSortRole(by)
        proxy.sort(0, direction)

    def took(action: Callable[[], object]) -> tuple[float, float]:
        began, worked = time.perf_counter(), time.thread_time()
        action()
        view.viewport().repaint()
        application.sendPostedEvents()
        taken = (time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000
        application.processEvents()
        return taken

    def fill() -> None:
        source.appendColumn(items)
        order(role, Qt.SortOrder.DescendingOrder)
        proxy.setSourceModel(source)
        view.setModel(proxy)

    falling, rising = Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder
    times = {"open": took(fill)}
    times["order: uncertain"] = took(lambda: order(role + 1, falling))
    times["order: patient"] = took(lambda: order(int(Qt.ItemDataRole.DisplayRole), rising))
    times["order: to read"] = took(lambda: order(role + 2, rising))
    times["order: newest"] = took(lambda: order(role, falling))
    times["search of one word"] = took(lambda: proxy.setFilterFixedString("hansen"))
    times["search cleared"] = took(lambda: proxy.setFilterFixedString(""))
    times["search of two words"] = took(lambda: proxy.setFilterRegularExpression("(?s)^(?=.*ct)(?=.*ivanov)"))
    proxy.setFilterFixedString("")
    times["one row updated in place"] = took(lambda: items[50].setText("x"))
    bar = view.verticalScrollBar()
    times["scrolled to the end"] = took(lambda: bar.setValue(bar.maximum()))
    view.close()
    return times


# -- the whole way -------------------------------------------------------------------------------


def made_headers(films: list[Any], count: int) -> Iterator[Any]:
    """Headers of studies on the sample films: every name, date and UID is another."""
    draw = random.Random(7)
    for n in range(count):
        film = films[n % len(films)]
        day = f"20{draw.randrange(8, 27):02d}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
        for image in range(2 if n % 5 == 0 else 1):
            yield replace(
                film,
                sop_instance_uid=f"1.2.826.0.1.3680043.10.1234.{n}.1.{image}",
                series_instance_uid=f"1.2.826.0.1.3680043.10.1234.{n}.1",
                study_instance_uid=f"1.2.826.0.1.3680043.10.1234.{n}",
                patient_name=f"{draw.choice(FAMILIES)}^{draw.choice(GIVEN)}^{n % 977}",
                patient_id=f"PID{n // 2:07d}",
                accession_number=f"A{draw.randrange(10**8):08d}",
                study_date=day,
                study_time=f"{draw.randrange(24):02d}:{draw.randrange(60):02d}:{draw.randrange(60):02d}",
                instance_number=image + 1,
            )


def make_store(folder: Path, count: int) -> None:
    """A data folder with that many studies, all with a suggestion but the newest, some with a decision."""
    from app import locations
    from app.settings import Settings, write_settings
    from app.workplace import Workplace
    from inference.prediction import FindingProbability, Prediction
    from reviews.record import Review, Shown
    from studies.reader import read_header
    from studies.scan import Found, scan

    films = [item.header for item in scan([locations.sample_studies()]) if isinstance(item, Found)]
    films = [header for header in films if header.modality in ("CR", "DX")]
    write_settings(folder, Settings(reader="A. Smith", samples_added=True))
    place = Workplace(folder)
    headers = list(made_headers(films, count - UNSEEN))
    newest = write_small_films(folder / "newest", UNSEEN, "2027")
    place.store.add_images([*headers, *(read_header(path) for path in newest)])
    draw = random.Random(8)
    predictions = []
    card = place.model_for(films[0])
    assert card is not None
    for header in headers:
        found = tuple(FindingProbability(name, draw.random()) for name in card.finding_names)
        best = max(found, key=lambda f: f.probability).name
        uncertainty = draw.random()
        predictions.append(
            Prediction(
                header.sop_instance_uid,
                1,
                card.id,
                found,
                best,
                uncertainty,
                (),
                41.0,
                "cpu",
                weights_sha256=card.weights_sha256,
            )
        )
    place.store.remember_predictions(predictions)
    for prediction in predictions[:DECIDED]:
        answer = ((prediction.suggestion or "", "present"),)
        shown = Shown(prediction.model, prediction.suggestion)
        place.store.append(Review(prediction.sop_instance_uid, 1, "A. Smith", answer, shown=shown))
    place.close()


def measure_store(count: int, made: Path | None) -> None:
    """Make the store, open it in a process of its own, print what that told."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = made or Path(temporary)
        if not (folder / "overread.sqlite").exists():
            began = time.perf_counter()
            folder.mkdir(parents=True, exist_ok=True)
            make_store(folder, count)
            print(f"made a store of {count:,} studies in {time.perf_counter() - began:.0f} s", flush=True)
        command = [sys.executable, __file__, "--one", str(folder), "--studies", str(count)]
        subprocess.run(command, cwd=ROOT, check=True)


class Gaps:
    """How long the GUI thread was kept from its events since it was last asked.

    Beside the time that passed stands the processor time that the thread itself used: on a machine that is
    busy with other things the former tells of them too.
    """

    def __init__(self, parent: Any) -> None:
        from PySide6 import QtCore as core  # noqa: N813

        self._late: list[float] = []
        self._worked: list[float] = []
        self.forget()
        timer = core.QTimer(parent, timerType=core.Qt.TimerType.PreciseTimer, interval=TICK_MS)
        timer.timeout.connect(self._tick)
        timer.start()

    def _tick(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        self._late.append((now - self._last) * 1000 - TICK_MS)
        self._worked.append((worked - self._last_worked) * 1000)
        self._last, self._last_worked = now, worked

    def forget(self) -> None:
        self._late, self._worked = [], []
        self._last, self._last_worked = time.perf_counter(), time.thread_time()

    def tell(self, name: str) -> None:
        self._tick()  # what keeps it at this moment counts
        late, worked = sorted(self._late), sorted(self._worked)
        say(f"{name}: longest the GUI thread was kept, ms", late[-1])
        say(f"{name}: 99th percentile, ms", late[int(len(late) * 0.99)])
        say(f"{name}: times over 50 ms", sum(one > 50 for one in late))
        say(f"{name}: longest work of its own, ms", worked[-1])
        self.forget()


def say(name: str, value: float) -> None:
    print(f"{name:70} {value:10.3f}", flush=True)


def write_small_films(folder: Path, count: int, name: str, a_study: int = 1) -> list[Path]:
    """Small real films; each name is that of other films."""
    import numpy as np
    import pydicom

    from app import locations

    folder.mkdir(parents=True)
    samples = sorted(locations.sample_studies().rglob("*.dcm"))
    dataset = pydicom.dcmread(next(path for path in samples if "ct" not in path.parts))
    dataset.Rows = dataset.Columns = 64
    dataset.PixelData = np.random.default_rng(0).integers(0, 4000, (64, 64), np.uint16).tobytes()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.StudyDate = f"{name[:4]}0102"
    paths = [folder / f"{n:05}.dcm" for n in range(count)]
    for n, path in enumerate(paths):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.{name}{n:06}"
        dataset.StudyInstanceUID = f"1.2.3.{name}.{n // a_study}"
        dataset.SeriesInstanceUID = f"1.2.3.{name}.{n // a_study}.1"
        dataset.InstanceNumber = n + 1
        dataset.PatientID = f"{name}-{n // 4}"
        dataset.save_as(path)
    return paths


def open_store(folder: Path, count: int) -> None:
    """The real window on the store, in this process: what is seen when, and how long its thread is kept."""
    from app.gui import start as starting  # noqa: I001  (Qt is imported by it first, as in the program)

    import numpy as np
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from app.fitting.messages import Known, Scored
    from app.gui.window import Window
    from app.locations import bundled_models
    from widgets import theme
    from widgets.worklist import StudyView

    name = f"2026{time.time_ns()}"
    films = write_small_films(folder / f"import-{name}", IMPORTED, name, a_study=2)[0].parent
    application = QApplication(sys.argv[:1])
    theme.apply(application)
    window = Window(folder / "window.ini")
    window.resize(1400, 900)
    window.show()
    settle(application)
    view = window.reading.worklist.findChild(StudyView)
    assert view is not None
    opening = starting.Opening(window, folder, bundled_models())
    QTimer.singleShot(LIMIT_MS, application.quit)

    def until(is_there: Callable[[], object], at_most_s: float = 120) -> float:
        began = time.perf_counter()
        while not is_there() and time.perf_counter() - began < at_most_s:
            application.processEvents()
            time.sleep(0.001)
        return time.perf_counter() - began

    gaps = Gaps(window)
    settle(application)
    opening.begin()
    until(lambda: opening.workstation is not None)
    gaps.tell("imports and connecting")
    rows = view.model()
    say("first rows on the screen, s after connecting", until(lambda: rows.rowCount() > 0))
    say("the whole list, s after the first rows", until(lambda: rows.rowCount() >= count))
    gaps.tell("while the list comes in")
    station = opening.workstation
    assert station is not None
    library = station.library
    say("the first film, s after the whole list", until(lambda: window.reading.viewer.image is not None, 20))
    until(lambda: False, 10)
    gaps.tell("the ten seconds after that")
    draw = random.Random(9)
    some = [key for key in library.predictions if library.decision(key) is None][:RERANKED]
    card = library.card_of(library.predictions[some[0]].model)
    assert card is not None
    names = tuple((f.name, f.display) for f in card.findings)
    library.adapted.take_known(Known(card.id, tuple((n, key, 0.5) for n, key in enumerate(some)), True))
    told = np.array([draw.random() for _ in some], np.float32)
    said = np.tile(np.linspace(0.1, 0.9, len(names), dtype=np.float32), (len(some), 1))
    best = np.full(len(some), len(names) - 1, np.int16)
    scored = Scored(1, card.id, names, said, best, told, 1, "", 0.0)
    window.reading.worklist.set_order("uncertain")
    until(lambda: False, 0.5)
    gaps.forget()
    began = time.perf_counter()
    last = some[int(told.argmax())]
    library.take_scores(scored, card)
    uid = library.study_of(last[0]).study_instance_uid  # type: ignore[union-attr]
    until(lambda: (r := window.reading.worklist.row_of(uid)) is not None and r.adapted is not None)
    say(f"{len(some):,} suggestions re-ranked, s", time.perf_counter() - began)
    until(lambda: False, 1)
    gaps.tell("re-ranking")
    window.reading.worklist.set_order("newest")
    until(lambda: False, 0.5)
    gaps.forget()
    for _ in range(5):
        window.reading.findings.accept()
        until(lambda: False, 2)
    gaps.tell("five decisions")
    window.reading.worklist.select(window.reading.worklist.shown_uids()[-1])
    until(lambda: False, 1)
    gaps.forget()
    done: list[object] = []
    library.import_finished.connect(done.append)
    began = time.perf_counter()
    known = len(library.studies)
    station.open_paths([films])
    until(lambda: len(library.studies) > known)
    say("import of 5,000 files: first row, s", time.perf_counter() - began)
    until(lambda: done and rows.rowCount() == len(library.studies))
    say("import of 5,000 files: whole, s", time.perf_counter() - began)
    gaps.tell("import of 5,000 files")
    window.close()
    opening.close()


if __name__ == "__main__":
    sys.exit(main())
