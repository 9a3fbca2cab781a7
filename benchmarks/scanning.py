"""How fast a folder of DICOM files is scanned, beside pydicom reading the same headers in a loop.

    python benchmarks/scanning.py [--files 5000] [--repeats 3]

Files are made from pydicom's CT_small (258 elements, 62 of them private), 250 to a folder. Each measure is
a process of its own, in turn, with the files in the system's cache; the loop is
`pydicom.dcmread(path, stop_before_pixels=True)` over the sorted paths, and keeps nothing.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pydicom
from pydicom.data import get_testdata_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> int:
    """Write files, measure both, print medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", choices=("loop", "scan", "scan in one process"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    choice = parser.parse_args()
    if choice.one:
        measure(choice.one, choice.folder)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), choice.files)
        figures: dict[str, list[list[float]]] = {}
        for _ in range(choice.repeats):
            for name in ("loop", "scan", "scan in one process"):
                command = [sys.executable, __file__, "--one", name, "--folder", folder]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                figures.setdefault(name, []).append([float(word) for word in done.stdout.split()])
    print(f"{choice.files} files; median of {choice.repeats}")
    print(f"{'':22}{'first row':>10}{'whole':>9}{'images':>8}{'grew by':>10}{'grew by':>10}")
    print(f"{'':22}{'s':>10}{'s':>9}{'':>8}{'MB, half':>10}{'MB, whole':>10}")
    middle = {
        name: [statistics.median(run[n] for run in runs) for n in range(5)] for name, runs in figures.items()
    }
    for name, (first, whole, images, half, end) in middle.items():
        print(f"{name:22}{first:10.3f}{whole:9.2f}{images:8.0f}{half:10.1f}{end:10.1f}")
    for name in ("scan", "scan in one process"):
        print(f"{name}: {middle['loop'][1] / middle[name][1]:.2f} times as fast as the loop")
    return 0


def write_files(folder: Path, count: int) -> None:
    """CT slices of series of 250."""
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    for number in range(count):
        series = number // 250
        into = folder / f"series{series:04d}"
        into.mkdir(exist_ok=True)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.{number + 1}"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = (
            f"1.2.826.1.{series + 1}",
            f"1.2.826.2.{series + 1}",
        )
        dataset.PatientID, dataset.InstanceNumber = f"P{series}", number % 250 + 1
        dataset.ImagePositionPatient = [0.0, 0.0, float(number % 250)]
        dataset.save_as(into / f"IM{number:06d}")


def measure(name: str, folder: Path) -> None:
    """First row, whole time, images, and how much memory grew to half of it and to the end."""
    from studies.scan import Found, scan

    process = psutil.Process()
    total = sum(1 for _ in folder.rglob("IM*"))
    before = process.memory_info().rss
    started = time.perf_counter()
    first, images, half = 0.0, 0, 0.0
    if name == "loop":
        outcomes = (pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(folder.rglob("IM*")))  # type: ignore[assignment]
    else:
        if name == "scan in one process":
            import studies.scan as scanning

            scanning.MANY = sys.maxsize
        outcomes = scan([folder])  # type: ignore[assignment]
    for outcome in outcomes:
        images += name == "loop" or isinstance(outcome, Found)
        first = first or time.perf_counter() - started
        if images == total // 2:
            half = (process.memory_info().rss - before) / 1e6
    whole = time.perf_counter() - started
    print(first, whole, images, half, (process.memory_info().rss - before) / 1e6)


if __name__ == "__main__":
    sys.exit(main())
