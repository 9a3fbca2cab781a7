"""How long until the window is on the screen, and how long its thread is ever kept busy.

    QT_QPA_PLATFORM=offscreen python benchmarks/window.py [--films DIR] [--runs 5]

Each run is a process of its own with an empty data folder: it opens the window on the sample studies
(or on `--films`), waits until every suggestion is there, scrolls, answers five films with Enter, and
ends. A timer that should fire every 5 ms tells how long the GUI thread was kept from its events.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

TICK_MS = 5
ANSWERS = 5
LIMIT_MS = 120_000


def main() -> int:
    """Run the window several times and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--one", type=float, metavar="STARTED", help=argparse.SUPPRESS)
    choice = parser.parse_args()
    if choice.one is not None:
        print(json.dumps(measure(choice.one, choice.films)))
        return 0
    told = []
    for _ in range(choice.runs):
        command = [sys.executable, __file__, "--one", str(time.time())]
        command += ["--films", str(choice.films)] if choice.films else []
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        told.append(json.loads(done.stdout.splitlines()[-1]))
        print(told[-1])
    for name in told[0]:
        values = sorted(run[name] for run in told)
        print(f"{name}: median {statistics.median(values):.3f}, from {values[0]:.3f} to {values[-1]:.3f}")
    return 0


def measure(started: float, films: Path | None) -> dict[str, Any]:
    """One start, in this process, which was started at `started` (seconds since the epoch)."""
    from app.gui import start as starting  # noqa: I001  (Qt is imported by it first, as in the program)

    from PySide6 import QtCore as core  # noqa: N813
    from PySide6.QtWidgets import QApplication

    from app.gui.window import Window
    from app.locations import bundled_models
    from widgets import theme

    seen: dict[str, float] = {}

    class FirstPaint(core.QObject):
        def eventFilter(self, watched: core.QObject, event: core.QEvent) -> bool:
            if event.type() == core.QEvent.Type.Paint and "first_paint_s" not in seen:
                seen["first_paint_s"] = time.time() - started
            return False

    application = QApplication(sys.argv[:1])
    theme.apply(application)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        window = Window(data / "window.ini")
        filter_ = FirstPaint()
        window.installEventFilter(filter_)
        window.show()
        opening = starting.Opening(window, data, bundled_models())
        gaps: list[float] = []
        last = [time.perf_counter()]

        def tick() -> None:
            now = time.perf_counter()
            gaps.append(now - last[0] - TICK_MS / 1000)
            last[0] = now

        timer = core.QTimer(window)
        timer.setTimerType(core.Qt.TimerType.PreciseTimer)
        timer.setInterval(TICK_MS)
        timer.timeout.connect(tick)

        def answer(left: int) -> None:
            if not left:
                seen["answered_s"] = time.time() - started
                timer.stop()
                window.close()
                return
            window.reading.findings.accept()
            core.QTimer.singleShot(700, lambda: answer(left - 1))

        def suggested() -> bool:
            station = opening.workstation
            return station is not None and station.is_settled

        def on_suggested() -> None:
            seen["all_suggested_s"] = time.time() - started
            answer(ANSWERS)

        def connected(station: Any) -> None:
            if films is not None:
                station.open_paths([films])

        opening.on_connected = connected
        starting.when(window, suggested, on_suggested)
        core.QTimer.singleShot(0, opening.begin)
        core.QTimer.singleShot(0, timer.start)
        core.QTimer.singleShot(LIMIT_MS, window.close)
        application.exec()
        timer.stop()
        opening.close()
    gaps.sort()
    seen["longest_gap_ms"] = gaps[-1] * 1000
    seen["gaps_over_50_ms"] = float(sum(gap > 0.05 for gap in gaps))
    seen["p99_gap_ms"] = gaps[int(len(gaps) * 0.99)] * 1000
    return seen


if __name__ == "__main__":
    sys.exit(main())
