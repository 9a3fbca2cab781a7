"""`export worklist`: waiting studies in the order in which a reader is asked about them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from app.fitting.messages import Ask, Failed, Ordered, Score
from app.fitting.process import Fitter
from app.output import Output
from app.workplace import Workplace
from reviews.export import RowValues, write_csv
from studies.image import Header
from training.adapting.asking import WHY

_COLUMNS = ("place", "study_instance_uid", "path", "why", "reason")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--order",
        choices=("newest", "ask-first"),
        default="newest",
        help="newest studies first, or those whose answer helps most",
    )
    parser.add_argument("--reader", metavar="R", help="who is asked (default: the reader of the settings)")


def worklist_rows(options: argparse.Namespace, workplace: Workplace, output: Output) -> list[RowValues]:
    """A row for each study that waits; those that no model has looked at come last."""
    store = workplace.store
    first: dict[str, Header] = {}
    waiting: dict[str, bool] = {}
    decided = {(r.sop_instance_uid, r.frame) for r in store.standing_reviews() if r.findings}
    for rows in store.studies_newest_first():
        for header in store.images_in(rows).headers:
            uid = header.study_instance_uid
            first.setdefault(uid, header)
            frames = range(1, header.frames + 1)
            is_open = any((header.sop_instance_uid, n) not in decided for n in frames)
            waiting[uid] = waiting.get(uid, False) or is_open
    read = store.studies_read()
    newest = [uid for uid, is_open in waiting.items() if is_open and uid not in read]
    ordered = None
    if options.order == "ask-first":
        ordered = asked_order(workplace, options.reader or workplace.settings.reader_name, output)
    reasons = {} if ordered is None else _reasons(ordered)
    order = dict.fromkeys((*(uid for uid in reasons if uid in first), *newest))
    return [
        {
            "place": place,
            "study_instance_uid": uid,
            "path": first[uid].path,
            "why": reasons[uid][0] if uid in reasons else None,
            "reason": reasons[uid][1] if uid in reasons else "",
        }
        for place, uid in enumerate(order, start=1)
    ]


def asked_order(workplace: Workplace, reader: str, output: Output) -> Ordered | None:
    """What the window's list shows under *ask first*, from the same code."""
    fitter = Fitter(workplace)
    model_ids = tuple(card.id for card in workplace.models_in_use())
    fitter.answer_now(Score(1, model_ids))
    for event in fitter.answer_now(Ask(2, model_ids, reader)):
        if isinstance(event, Ordered):
            return event
        if isinstance(event, Failed):
            output.failure(event.reason)
    return None


def write_worklist_csv(rows: Sequence[RowValues], path: Path) -> None:
    write_csv([list(_COLUMNS), *([row[name] for name in _COLUMNS] for row in rows)], path)


def _reasons(ordered: Ordered) -> dict[str, tuple[str, str]]:
    """By study: why it has its place, and the sentence."""
    found: dict[str, tuple[str, str]] = {}
    for n, uid in enumerate(ordered.study_uids):
        why = WHY[int(ordered.why[n])]
        told = {
            "urgent": "marked urgent by its reader",
            "unlike": "unlike any film read so far",
            "lot": "random share: keeps the measurement honest",
            "later": "",
        }
        first, second = (int(k) for k in ordered.leading[n])
        sentence = told.get(why, "")
        if why == "unsure" and first >= 0:
            numbers = [f"{float(share):.2f}".removeprefix("0") for share in ordered.said[n]]
            both = [f"{ordered.names[first]} {numbers[0]}", f"{ordered.names[second]} {numbers[1]}"]
            sentence = "the model is unsure: " + ", ".join(both[: 1 if first == second else 2])
        found[uid] = (why, sentence)
    return found
