"""`review IMAGE --finding F=present…`: record what a click records. Does not load torch."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import get_args

from app.command_line import UsageError
from app.images import image_of
from app.output import Output
from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import family
from inference.errors import UnknownFinding
from reviews.added_findings import beyond, name_of, refuse_unusable
from reviews.blinding import is_hidden
from reviews.export import review_row
from reviews.normalise import complete
from reviews.record import Answer, Review, Shown
from studies.image import Header


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="an image file, or UID:frame of the worklist")
    parser.add_argument(
        "--finding", action="append", default=[], metavar="F=ANSWER", help="present, absent or unknown"
    )
    parser.add_argument(
        "--add-finding",
        action="append",
        default=[],
        metavar="NAME",
        help="a finding that the model has never seen; to be answered with --finding",
    )
    parser.add_argument("--reader", metavar="R", help="who decides (default: the settings' reader)")
    parser.add_argument("--note", default="")
    parser.add_argument("--frame", type=int, default=1, metavar="N")
    parser.add_argument("--model", metavar="M", help="the model whose findings are answered")


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    reader = options.reader if options.reader is not None else workplace.settings.reader_name
    if not reader.strip():
        raise UsageError("--reader is empty; a review needs the name of the person who decides.")
    header, frame = image_of(options.image, workplace, options.frame)
    card, _ = workplace.choose_model(options.model, header)
    for typed in options.add_finding:
        refuse_unusable(typed, card)
    known_before = beyond(card, workplace.store.added_findings(family(card)))
    new = {name_of(typed): typed for typed in options.add_finding}
    displays = {a.name: a.display for a in known_before}
    displays |= {name: typed for name, typed in new.items() if name not in displays}
    answers = complete(card, parse_answers(options.finding, card, displays), tuple(displays))
    # Only now: what was typed wrongly has added nothing.
    for typed in options.add_finding:
        workplace.store.add_finding(typed, card, reader.strip())
    workplace.store.add_images([header])
    review, _ = workplace.store.append(
        Review(
            sop_instance_uid=header.sop_instance_uid,
            frame=frame,
            reader=reader.strip(),
            findings=answers,
            note=options.note,
            shown=_shown(workplace, card, header, frame, reader.strip()),
        )
    )
    known = ", ".join(f"{name} {answer}" for name, answer in review.findings)
    output.result(review_row(review, header), f"{header.path}: {known}, by {review.reader}")
    return output.status


def _shown(workplace: Workplace, card: ModelCard, header: Header, frame: int, reader: str) -> Shown | None:
    """Who types a command has been shown nothing by it; of a film that measures, nothing by anything yet."""
    store = workplace.store
    answered_by = store.answered_by(header.sop_instance_uid, frame)
    if is_hidden(store.part_of(header), answered_by, reader):
        return None
    return Shown(model=card.id, suggestion=None, weights_sha256=card.weights_sha256)


def parse_answers(texts: list[str], card: ModelCard, added: Mapping[str, str]) -> dict[str, Answer]:
    """Read ``F=ANSWER`` pairs; a finding may be named by its machine or its display name.

    Parameters
    ----------
    added
        What readers added to the model's findings: display by machine name.
    """
    known = (*card.finding_names, *added)
    if not texts:
        raise UsageError(
            "--finding is missing; expected one or more of "
            + ", ".join(f"--finding {n}=present|absent|unknown" for n in known)
        )
    by_display = {f.display.casefold(): f.name for f in card.findings}
    by_display |= {display.casefold(): name for name, display in added.items()}
    answers: dict[str, Answer] = {}
    for text in texts:
        name, separator, answer = text.partition("=")
        name = by_display.get(name.strip().casefold(), name.strip())
        if not separator or answer not in get_args(Answer):
            raise UsageError(f"--finding {text}: expected NAME=present, NAME=absent or NAME=unknown.")
        if name not in known and name_of(name) in added:
            name = name_of(name)
        if name not in known:
            also = f", readers added {', '.join(added)}" if added else ""
            raise UnknownFinding(
                f"{name!r} is not a finding of the model {card.id}, which knows "
                f"{', '.join(card.finding_names)}{also}; a new one is added with --add-finding {name!r}."
            )
        if name in answers and answers[name] != answer:
            raise UsageError(f"--finding {name} is given twice with different answers.")
        answers[name] = answer  # type: ignore[assignment]
    return answers
