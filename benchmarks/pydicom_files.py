"""Every DICOM file of pydicom's and pydicom-data's collections, opened, shown and compared with pydicom.

    python benchmarks/pydicom_files.py [FOLDER ...]

A line a file: same, refused with the sentence, read by us alone with the reason, or what differs; folders
named are compared too. Ends with 1 when a file crashed or came out otherwise than is explained in
tests/studies/against_pydicom.py.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.studies.against_pydicom import REFUSED, WITHOUT_PYDICOM, collection, compare  # noqa: E402


def main(folders: list[str]) -> int:
    files = collection()
    named = [path for folder in folders for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    counts: Counter[str] = Counter()
    unexplained = 0
    started = time.perf_counter()
    for path in files + named:
        outcome = compare(path)
        counts[outcome.verdict] += 1
        unexplained += not outcome.is_explained
        why = REFUSED.get(path.name) or WITHOUT_PYDICOM.get(path.name) or ""
        mark = "" if outcome.is_explained else "  <-- unexplained"
        print(f"{outcome.verdict:13}{path.name:48}{why}{mark}")
        if outcome.detail and outcome.verdict != "not an image":
            print(f"{'':13}{outcome.detail.replace(str(path), path.name)}")
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    seconds = time.perf_counter() - started
    print(f"{sum(counts.values())} files in {seconds:.0f} s: {summary}; {unexplained} unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
