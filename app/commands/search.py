"""`search`: try settings of a training, and make a candidate with those that the validation part likes best.

Every option of `train` is one here too: it says what is not searched, and the first trial.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

from app.command_line import UsageError
from app.commands import train
from app.output import Output
from app.runs import new_run
from app.workplace import Workplace
from inference.errors import NoDevice, UnknownArchitecture, UnknownModel
from training.alone import alone_in
from training.errors import TrainingError, UnusablePlan
from training.events import TrainingEvent
from training.runs import Wish, lower_priority
from training.searching.space import SEARCHED, Pruner, Sampler, Search


def configure(parser: argparse.ArgumentParser) -> None:
    train.configure(parser)
    usual = Search()
    parser.add_argument("--trials", type=int, default=usual.trials, metavar="N", help="how many to try")
    parser.add_argument(
        "--minutes", type=float, default=0.0, metavar="M", help="begin no trial after so long"
    )
    parser.add_argument("--over", metavar="a,b", help=f"what to search: {', '.join(SEARCHED)}")
    parser.add_argument("--sampler", choices=get_args(Sampler), default=usual.sampler)
    parser.add_argument("--pruner", choices=get_args(Pruner), default=usual.pruner)
    parser.add_argument("--backbones", metavar="a,b", help="networks to choose from, from scratch")
    parser.add_argument("--models", metavar="a,b", help="models to choose from as the one to start from")


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    train.check_options(options)
    lower_priority()
    folder = workplace.runs_folder / options.run if options.run else new_run(workplace.runs_folder).folder
    wish = Wish(folder)
    with alone_in(folder), wish.ends_process(lambda event: train.tell(event, output)):
        return _search(options, workplace, output, folder, wish)


def _search(
    options: argparse.Namespace, workplace: Workplace, output: Output, folder: Path, wish: Wish
) -> int:
    from inference.architectures import full_name
    from inference.devices import best_device
    from training.learning.networks import check_can_be_tuned
    from training.searching.search import search

    try:
        best_device(options.device or "auto")
        if options.backbone is not None and options.model is None:
            options.backbone = full_name(options.backbone)
        beginning = train.beginning_for(options, workplace, folder)
        base, samples = beginning.model(workplace.registry), beginning.samples
        models = tuple(workplace.registry.find(name) for name in _words(options.models))
        for card in (base, *models):
            if card is not None:
                check_can_be_tuned(card)
        what = Search(
            trials=options.trials, minutes=options.minutes, sampler=options.sampler, pruner=options.pruner,
            over=_words(options.over), backbones=tuple(full_name(b) for b in _words(options.backbones)),
            models=tuple(card.id for card in models), seed=options.seed or 0,
        )  # fmt: skip
        for failure in samples.failures:
            output.failure(failure)
        events = search(
            train.make_plan(options, base, samples), samples, workplace.registry, folder, what, base,
            current=train.current_model(base, workplace), cache_folder=workplace.cache_folder / "films",
            margin=workplace.settings.gate_margin, wish=wish,
        )  # fmt: skip
        for event in events:
            if event.event == "search":
                beginning.keep(folder)
            if event.event in ("search", "trial"):
                output.result(event.as_json(), describe(event))
            else:
                train.tell(event, output)
            if event.event == "done":
                train.remember(event, workplace)
    except (NoDevice, UnknownArchitecture, UnknownModel, TrainingError) as error:
        event = TrainingEvent("failed", {"reason": str(error)})
        train.leave_word(options, workplace, event)
        if isinstance(error, UnusablePlan):
            raise UsageError(f"{error}.") from error
        if not isinstance(error, TrainingError):
            raise
        train.tell(event, output)
    return output.status


def _words(told: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (told or "").split(",") if word.strip())


def describe(event: TrainingEvent) -> str:
    """The sentence that a person reads for an event of a search."""
    values = event.values
    if event.event == "search":
        return f"search: {values['trials']} trials over {', '.join(values['space'])}"
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values["parameters"].items())
    loss = f"log-loss {values['log_loss']:.4f}" if values["log_loss"] is not None else "no epoch yet"
    where = f"epoch {values['epoch']}/{values['epochs']}"
    told = (
        f"trial {values['trial'] + 1} of {values['trials']}, {values['state']}, {where}: {loss}; {settings}"
    )
    return f"{told}; {values['reason']}" if values["reason"] else told
