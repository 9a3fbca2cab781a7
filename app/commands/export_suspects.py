"""`export suspects`: decisions that a model doubts which has not seen them, for a second read."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from app.commands.adapt import most_reviewed_model
from app.fitting.messages import Doubt, Doubted, Failed
from app.fitting.process import Fitter
from app.output import Output
from app.workplace import Workplace
from reviews.export import RowValues, write_csv

_COLUMNS = ("path", "sop_instance_uid", "frame", "reader", "decided", "instead", "confidence", "margin")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="M", help="id or unique prefix (default: the most reviewed)")


def suspect_rows(options: argparse.Namespace, workplace: Workplace, output: Output) -> list[RowValues]:
    """The most doubtful first. Films whose embedding no model has left in the cache are not judged."""
    card = workplace.registry.find(options.model) if options.model else most_reviewed_model(workplace)
    for event in Fitter(workplace).answer_now(Doubt(1, card.id)):
        if isinstance(event, Failed):
            output.failure(event.reason)
        elif isinstance(event, Doubted):
            if event.reason:
                output.warning(f"{event.reason}.")
            paths = {h.sop_instance_uid: h.path for h in workplace.store.headers()}
            return [
                {
                    "path": paths[one.key[0]],
                    "sop_instance_uid": one.key[0],
                    "frame": one.key[1],
                    "reader": one.reader,
                    "decided": one.decided,
                    "instead": one.instead,
                    "confidence": round(one.confidence, 4),
                    "margin": round(one.margin, 4),
                }
                for one in event.doubtful
            ]
    return []


def write_suspects_csv(rows: Sequence[RowValues], path: Path) -> None:
    write_csv([list(_COLUMNS), *([row[name] for name in _COLUMNS] for row in rows)], path)
