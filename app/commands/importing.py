"""`import PATH…`: add images to the worklist."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.images import headers_of
from app.output import Output
from app.workplace import Workplace
from studies.image import Header

BATCH = 64


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    waiting: list[Header] = []
    total = nameless = 0
    for header in headers_of(options.paths, workplace, output):
        waiting.append(header)
        total += 1
        nameless += not header.patient_id
        if len(waiting) >= BATCH:
            _record(waiting, workplace, output)
            waiting = []
    _record(waiting, workplace, output)
    output.remark(f"{total} image{'' if total == 1 else 's'} in the worklist.")
    if nameless:
        films = "1 film has" if nameless == 1 else f"{nameless} films have"
        output.remark(
            f"{films} no patient identifier: each counts as a patient of its own, so two of one patient may "
            "be learned from and measured on."
        )
    return output.status


def _record(headers: list[Header], workplace: Workplace, output: Output) -> None:
    """Store first, print then: a line means that the image is in the worklist."""
    if not headers:
        return
    workplace.store.add_images(headers)
    for header in headers:
        output.result(
            {
                "path": header.path,
                "study": header.study_instance_uid,
                "series": header.series_instance_uid,
                "sop_instance_uid": header.sop_instance_uid,
                "frames": header.frames,
            },
            header.path,
        )
