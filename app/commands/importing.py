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
    total = 0
    for header in headers_of(options.paths, workplace, output):
        waiting.append(header)
        total += 1
        if len(waiting) >= BATCH:
            _record(waiting, workplace, output)
            waiting = []
    _record(waiting, workplace, output)
    output.remark(f"{total} image{'' if total == 1 else 's'} in the worklist.")
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
