"""`review IMAGE --finding F=present…`: record what a click records. Does not load torch."""

from __future__ import annotations

import argparse
from typing import get_args

from app.command_line import UsageError
from app.images import image_of
from app.output import Output
from app.workplace import Workplace
from inference.card import ModelCard
from inference.errors import UnknownFinding
from reviews.export import review_row
from reviews.normalise import complete
from reviews.record import Answer, Review, Shown


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="an image file, or UID:frame of the worklist")
    parser.add_argument(
        "--finding", action="append", default=[], metavar="F=ANSWER", help="present, absent or unknown"
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
    answers = complete(card, parse_answers(options.finding, card))
    workplace.store.add_images([header])
    review, _ = workplace.store.append(
        Review(
            sop_instance_uid=header.sop_instance_uid,
            frame=frame,
            reader=reader.strip(),
            findings=answers,
            note=options.note,
            # Who types a command has been shown nothing by it.
            shown=Shown(model=card.id, suggestion=None),
        )
    )
    known = ", ".join(f"{name} {answer}" for name, answer in review.findings)
    output.result(review_row(review, header), f"{header.path}: {known}, by {review.reader}")
    return output.status


def parse_answers(texts: list[str], card: ModelCard) -> dict[str, Answer]:
    """Read ``F=ANSWER`` pairs; a finding may be named by its machine or its display name."""
    if not texts:
        raise UsageError(
            "--finding is missing; expected one or more of "
            + ", ".join(f"--finding {n}=present|absent|unknown" for n in card.finding_names)
        )
    by_display = {f.display.casefold(): f.name for f in card.findings}
    answers: dict[str, Answer] = {}
    for text in texts:
        name, separator, answer = text.partition("=")
        name = by_display.get(name.strip().casefold(), name.strip())
        if not separator or answer not in get_args(Answer):
            raise UsageError(f"--finding {text}: expected NAME=present, NAME=absent or NAME=unknown.")
        if name not in card.finding_names:
            raise UnknownFinding(
                f"{name!r} is not a finding of the model {card.id}, which knows "
                f"{', '.join(card.finding_names)}."
            )
        if name in answers and answers[name] != answer:
            raise UsageError(f"--finding {name} is given twice with different answers.")
        answers[name] = answer  # type: ignore[assignment]
    return answers
