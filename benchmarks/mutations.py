"""Thousands of damaged files, each opened and rendered: an image or one sentence, or the exit status is 1.

    python benchmarks/mutations.py [--files DIR] [--count 5000] [--seed 1] [--keep DIR]

What is damaged are the files of DIR (DICOM, PNG, JPEG, TIFF; no others, none larger than 2 MB), or small
ones of every kind that are made here. A reader that crashes is fine when one sentence tells it; what hangs,
what is no sentence, or fails in this process, is not. `--keep` keeps the damaged files that were not fine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from studies.dicom_file import looks_like_dicom  # noqa: E402
from studies.picture import looks_like_picture  # noqa: E402
from studies.reader_pool import Limits, ReaderPool  # noqa: E402
from tests.studies.mutations import mutated, open_all, write_originals  # noqa: E402

LARGEST = 2_000_000


def main() -> int:
    """Damage, open, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=Path)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0, help="after which a file hangs")
    parser.add_argument("--keep", type=Path)
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "originals").mkdir()
        originals = [] if choice.files is None else images_of(choice.files)
        originals = originals or write_originals(folder / "originals")
        pool = ReaderPool(limits=Limits(seconds=choice.seconds))
        started = time.perf_counter()
        tally = open_all(pool, said(mutated(originals, choice.count, choice.seed)), folder)
        elapsed = time.perf_counter() - started
        pool.close()
    print(f"{choice.count} files made of {len(originals)}, seed {choice.seed}: {elapsed:.0f} s")
    for outcome, count in tally.counts.most_common():
        print(f"  {outcome}: {count}")
    print(f"  anything else: {len(tally.wrong)}")
    for line in [*(f"crash: {name}" for name in tally.crashes), *tally.wrong]:
        print(f"    {line}")
    if choice.keep is not None:
        keep(choice.keep, originals, choice, [line.split(":")[0] for line in [*tally.crashes, *tally.wrong]])
    return 1 if tally.wrong else 0


def images_of(folder: Path) -> list[Path]:
    """The files of a folder that are to be damaged."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= LARGEST:
            with path.open("rb") as stream:
                head = stream.read(140)
            if looks_like_dicom(head) or looks_like_picture(head):
                found.append(path)
    return found


def said(files: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The same files, with a word about every thousandth."""
    for number, file in enumerate(files):
        if number and number % 1000 == 0:
            print(f"{number} …", file=sys.stderr, flush=True)
        yield file


def keep(folder: Path, originals: list[Path], choice: argparse.Namespace, names: list[str]) -> None:
    """Make the named files once more, to be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in mutated(originals, choice.count, choice.seed):
        if name in names:
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
