"""`export labels|audit|annotations|worklist|suspects`: what was decided and marked, as CSV or JSON."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from app.commands import export_suspects, export_worklist
from app.output import Output
from app.workplace import Workplace
from reviews.annotation_export import annotation_row, write_annotations_csv
from reviews.export import RowValues, audit_rows, label_rows, write_audit_csv, write_labels_csv
from studies.errors import StudyError
from studies.image import Header, Image
from studies.reader import read

_WRITERS: dict[str, Callable[[Sequence[RowValues], Path], None]] = {
    "labels": write_labels_csv,
    "audit": write_audit_csv,
    "annotations": write_annotations_csv,
    "worklist": export_worklist.write_worklist_csv,
    "suspects": export_suspects.write_suspects_csv,
}


def configure(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, line in (
        ("labels", "the reviews that stand"),
        ("audit", "every decision ever recorded"),
        ("annotations", "measurements and marks that stand, with their values"),
        ("worklist", "studies that wait, in an order of the worklist"),
        ("suspects", "decisions to be read a second time"),
    ):
        sub = kinds.add_parser(kind, help=line)
        if kind == "worklist":
            export_worklist.configure(sub)
        elif kind == "suspects":
            export_suspects.configure(sub)
        sub.add_argument("--out", type=Path, metavar="PATH", help="a CSV file (default: JSON lines)")


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    if options.kind == "annotations":
        rows = _annotation_rows(workplace, output)
    elif options.kind == "worklist":
        rows = export_worklist.worklist_rows(options, workplace, output)
    elif options.kind == "suspects":
        rows = export_suspects.suspect_rows(options, workplace, output)
    else:
        rows = label_rows(workplace.store) if options.kind == "labels" else audit_rows(workplace.store)
    if options.out is not None:
        out = options.out.expanduser().resolve()
        out.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[options.kind](rows, out)
        output.remark(f"{out}: {len(rows)} row{'' if len(rows) == 1 else 's'}")
    if options.json or options.out is None:
        for row in rows:
            output.result(row, "  ".join(f"{k}={v}" for k, v in row.items()))
    return output.status


def _annotation_rows(workplace: Workplace, output: Output) -> list[RowValues]:
    """Annotations, frame by frame, so that each film is read once; of one that cannot be read, no values."""
    annotations = sorted(workplace.store.annotations(), key=lambda one: (one.sop_instance_uid, one.frame))
    rows: list[RowValues] = []
    read_key: tuple[str, int] | None = None
    header: Header | None = None
    image: Image | None = None
    for one in annotations:
        if (one.sop_instance_uid, one.frame) != read_key:
            read_key = one.sop_instance_uid, one.frame
            header = workplace.store.header(one.sop_instance_uid)
            assert header is not None  # a foreign key
            try:
                image = read(header, one.frame)
            except StudyError as error:
                image = None
                output.failure(str(error))
        assert header is not None
        rows.append(annotation_row(one, header, image))
    return rows
