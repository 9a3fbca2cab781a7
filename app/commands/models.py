"""`models list|show|import|promote|rollback|remove`: the registry."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.card_text import card_text
from app.command_line import UsageError
from app.output import Output
from app.promoting import PromotionRefused, promote, roll_back
from app.workplace import Workplace
from inference.card import Covers, ModelCard


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="a line a model")
    show = actions.add_parser("show", help="a model's card")
    show.add_argument("model", metavar="M")
    bring = actions.add_parser("import", help="bring weights, a program or an ONNX file from elsewhere")
    bring.add_argument(
        "weights",
        type=Path,
        nargs="?",
        metavar="WEIGHTS",
        help=".safetensors, .pt or .pth; .pt2; .onnx (default: the architecture's pretrained weights)",
    )
    bring.add_argument(
        "--arch",
        default="",
        metavar="NAME",
        help="timm's name or torchvision/NAME; not for .pt2, .onnx",
    )
    bring.add_argument("--pretrained", action="store_true", help="fetch the architecture's own weights")
    bring.add_argument("--new-head", action="store_true", help="leave the file's last layer out")
    bring.add_argument("--findings", required=True, metavar="a,b")
    bring.add_argument("--name", default="")
    bring.add_argument("--task", choices=("multiclass", "multilabel"), default="multiclass")
    bring.add_argument("--input-size", type=int, metavar="PX")
    bring.add_argument("--mean", metavar="M[,M,M]")
    bring.add_argument("--std", metavar="S[,S,S]")
    bring.add_argument(
        "--crop", choices=("none", "lungs"), default="none", help="it was trained on films cut to the lungs"
    )
    bring.add_argument("--modality", default="CR,DX,picture", help="which images it is meant for")
    bring.add_argument("--body-part", default="CHEST")
    bring.add_argument("--view", default="PA,AP")
    promote = actions.add_parser("promote", help="use a model from now on")
    promote.add_argument("model", metavar="M")
    promote.add_argument("--reader", required=True, metavar="R")
    promote.add_argument("--reason", default="", metavar="TEXT")
    rollback = actions.add_parser("rollback", help="go back to the model used before")
    rollback.add_argument(
        "model", nargs="?", metavar="M", help="the model to leave (default: the chest model)"
    )
    rollback.add_argument("--reader", metavar="R")
    rollback.add_argument("--reason", default="", metavar="TEXT")
    remove = actions.add_parser("remove", help="delete a model that is not in use")
    remove.add_argument("model", metavar="M")


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    actions = {
        "list": _list,
        "show": _show,
        "import": _import,
        "promote": _promote,
        "rollback": _roll_back,
        "remove": _remove,
    }
    actions[options.action](options, workplace, output)
    return output.status


def row(card: ModelCard, promoted: bool) -> dict[str, Any]:
    """The contract's object for a model."""
    return {
        "id": card.id,
        "name": card.name,
        "architecture": card.architecture,
        "findings": list(card.finding_names),
        "promoted": promoted,
        "parent": card.parent or None,
        "created": card.created,
    }


def _list(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    in_use = {card.id for card in workplace.models_in_use()}
    for card in workplace.registry.cards():
        mark = "in use" if card.id in in_use else "" if card.head_trained else "not trained"
        output.result(
            row(card, card.id in in_use),
            f"{card.id:<16}  {card.architecture:<14}  {', '.join(card.finding_names):<40}  {mark}".rstrip(),
        )
    for problem in workplace.registry.problems():
        output.failure(problem)


def _show(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    card = workplace.registry.find(options.model)
    in_use = card.id in {c.id for c in workplace.models_in_use()}
    output.result(asdict(card), card_text(card, in_use=in_use))


def _import(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    if options.weights is not None and options.pretrained:
        raise UsageError("WEIGHTS and --pretrained exclude each other.")
    if options.weights is None and not options.arch:
        raise UsageError("a weights file, or --arch with the name of a pretrained network, is expected.")
    from inference.importing import import_weights

    card = import_weights(
        workplace.registry,
        options.weights.expanduser().resolve() if options.weights is not None else None,
        options.arch,
        _words(options.findings),
        name=options.name,
        input_size=options.input_size,
        mean=_numbers("--mean", options.mean),
        std=_numbers("--std", options.std),
        task=options.task,
        covers=Covers(_words(options.modality), _words(options.body_part), _words(options.view)),
        crop=options.crop,
        new_head=options.new_head,
    )
    notes = card.data["imported"]["notes"]
    for note in notes:
        output.warning(f"{note}.")
    told = {**row(card, False), "head_trained": card.head_trained, "notes": notes}
    output.result(told, f"{card.id}: {card.name}")


def _promote(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    if not options.reader.strip():
        raise UsageError("--reader is empty; a promotion needs the name of a person.")
    card = workplace.registry.find(options.model)
    try:
        standing = promote(workplace, card, options.reader, options.reason)
    except PromotionRefused as refusal:
        raise UsageError(str(refusal)) from refusal
    if standing.is_uncompared:
        output.warning(standing.sentence)
    output.result(row(card, True), f"{card.id} is in use from now on.")


def _roll_back(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    reader = options.reader or workplace.settings.reader_name
    card = workplace.registry.find(options.model) if options.model else None
    done = roll_back(workplace, reader, options.reason, card)
    if done is None:
        raise UsageError("no model was promoted, so there is nothing to roll back.")
    if done.now is None:
        output.result(
            {"id": None, "left": done.left}, f"{done.left} is no longer in use, and no other model is."
        )
    else:
        output.result(row(done.now, True) | {"left": done.left}, f"{done.now.id} is in use again.")


def _remove(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    card = workplace.registry.find(options.model)
    if card.id in {c.id for c in workplace.models_in_use()}:
        raise UsageError(f"{card.id} is in use; roll back or promote another model first.")
    workplace.registry.remove(card.id)
    output.result({"id": card.id, "removed": True}, f"{card.id} was removed.")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise UsageError(f"{option} {text}: expected numbers separated by commas.") from None
