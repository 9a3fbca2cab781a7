"""`export labels|audit`: what was decided, as CSV or JSON."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.output import Output
from app.workplace import Workplace
from reviews.export import audit_rows, label_rows, write_audit_csv, write_labels_csv


def configure(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, line in (("labels", "the reviews that stand"), ("audit", "every decision ever recorded")):
        sub = kinds.add_parser(kind, help=line)
        sub.add_argument("--out", type=Path, metavar="PATH", help="a CSV file (default: JSON lines)")


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    labels = options.kind == "labels"
    rows = label_rows(workplace.store) if labels else audit_rows(workplace.store)
    if options.out is not None:
        out = options.out.expanduser().resolve()
        out.parent.mkdir(parents=True, exist_ok=True)
        (write_labels_csv if labels else write_audit_csv)(rows, out)
        output.remark(f"{out}: {len(rows)} row{'' if len(rows) == 1 else 's'}")
    if options.json or options.out is None:
        for row in rows:
            output.result(row, "  ".join(f"{k}={v}" for k, v in row.items()))
    return output.status
