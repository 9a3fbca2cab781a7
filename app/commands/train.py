"""`train`: fine-tune from the store's reviews, or train from a CSV of labels; events as they come.

Every choice of `training.plan.Plan` is an option of the same name. Without `--labels` the reviews of
the store are learned from, starting from the promoted model (`--model`) and going as deep as they allow
(`training.presets`); with `--labels` and no `--model` a new network is trained from scratch (`--backbone`).
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

from app.command_line import UsageError
from app.commands.adapt import most_reviewed_model
from app.output import Output
from app.runs import new_run
from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import family
from inference.errors import InferenceError, NoDevice, UnknownArchitecture
from inference.registry import sha256_of
from training.alone import alone_in
from training.beginning import LABELS_SHA256, Beginning, beginning_of
from training.copies import complete_decided
from training.errors import TrainingError, UnusablePlan
from training.events import TrainingEvent
from training.learning.processes import (
    ALONE,
    Group,
    alone_together_in,
    is_one_of_many,
    joined,
    rank_here,
)
from training.plan import _CHOICES as CHOICES
from training.plan import Depth, Plan
from training.presets import Suggestion, is_waiting_candidate, preset, suggested
from training.runs import Wish, lower_priority
from training.samples import LEAST_TO_GROW, Samples, from_csv, from_store

NOT_OPTIONS = ("covers", "display_names", "mean", "std")
ALIASES = {"batch_size": ("--batch",), "optimiser": ("--optimizer",), "learning_rate": ("--lr",)}
DISPLAY_NAMES = {"covid-19": "COVID-19 pattern", "no-finding": "no finding", "pneumonia": "other pneumonia"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labels", type=Path, metavar="CSV", help="file,label[,patient]; labels joined by |")
    parser.add_argument("--images", type=Path, metavar="DIR", help="what `file` is relative to")
    parser.add_argument("--model", metavar="M", help="start from this model")
    parser.add_argument("--findings", metavar="a,b", help="names and order of the findings")
    parser.add_argument("--folds", type=int, default=0, metavar="K", help="cross-validate over patients")
    parser.add_argument("--fold", type=int, default=0, metavar="I", help="the fold that is kept out, from 0")
    parser.add_argument("--no-held-out", action="store_true", help="fit on every film; nothing is measured")
    parser.add_argument("--shares", type=float, nargs=3, default=(0.7, 0.1, 0.2), metavar=("T", "V", "H"))
    parser.add_argument("--run", metavar="NAME", help="the run's folder; an unfinished one is resumed")
    for field in fields(Plan):
        if field.name in NOT_OPTIONS:
            continue
        names = [f"--{field.name.replace('_', '-')}", *ALIASES.get(field.name, ())]
        if isinstance(field.default, bool):
            parser.add_argument(*names, action="store_true", default=None)
        else:
            parser.add_argument(*names, type=type(field.default), choices=CHOICES.get(field.name))


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    check_options(options)
    lower_priority()
    folder = workplace.runs_folder / options.run if options.run else new_run(workplace.runs_folder).folder
    if is_one_of_many():
        return _train_together(options, workplace, output, folder)
    wish = Wish(folder)
    with alone_in(folder), wish.ends_process(lambda event: tell(event, output)):  # while torch is loaded, too
        return _train(options, workplace, output, folder, ALONE, wish)


def _train_together(options: argparse.Namespace, workplace: Workplace, output: Output, folder: Path) -> int:
    """Train in one of the processes that torchrun started."""
    if not options.run:
        raise UsageError("under torchrun --run NAME is expected, so that all processes mean the same run.")
    if rank_here():
        output = Output(as_json=True, is_silent=True)  # the first process speaks for all
    with joined(options.device or "auto") as group, alone_together_in(folder, group):
        return _train(options, workplace, output, folder, group, Wish(folder))


def _train(
    options: argparse.Namespace, workplace: Workplace, output: Output, folder: Path, group: Group, wish: Wish
) -> int:
    from inference.architectures import full_name
    from inference.devices import best_device
    from training.finetune import fine_tune
    from training.learning.networks import check_can_be_tuned

    try:
        best_device(options.device or "auto")
        if options.backbone is not None and options.model is None:
            options.backbone = full_name(options.backbone)  # before a single film is decoded
        beginning = _beginning_of_all(options, workplace, folder, group)
        base, samples = beginning.model(workplace.registry), beginning.samples
        if base is not None:
            check_can_be_tuned(base)
        for failure in samples.failures:
            output.failure(failure)
        plan = make_plan(options, base, samples)
        if base is not None and options.depth is None:
            samples = replace(samples, hints=(*samples.hints, suggested_for(samples).reason))
        events = fine_tune(
            plan, samples, workplace.registry, folder, base,
            current=current_model(base, workplace), cache_folder=workplace.cache_folder / "films",
            margin=workplace.settings.gate_margin, wish=wish, group=group,
        )  # fmt: skip
        for event in events:
            if event.event == "plan" and group.is_first:
                beginning.keep(folder)
            tell(event, output)
            if event.event == "done":
                remember(event, workplace)
    except (NoDevice, UnknownArchitecture, TrainingError) as error:
        event = TrainingEvent("failed", {"reason": f"{str(error).rstrip('.')}."})
        if group.is_first:
            leave_word(options, workplace, event)
        if isinstance(error, UnknownArchitecture) and output.as_json:
            output.result(event.as_json(), "")
        if isinstance(error, (NoDevice, UnknownArchitecture)):
            raise
        if isinstance(error, UnusablePlan):
            raise UsageError(f"{error}.") from error
        tell(event, output)
    return output.status


def _beginning_of_all(
    options: argparse.Namespace, workplace: Workplace, folder: Path, group: Group
) -> Beginning:
    """The first process's: while others read theirs somebody could decide on another film."""
    beginning: Beginning | None = None
    error: TrainingError | InferenceError | None = None
    if group.is_first:
        try:
            beginning = beginning_for(options, workplace, folder)
        except (TrainingError, InferenceError) as found:
            error = found
    beginning, error = group.from_first((beginning, error))
    if error is not None:
        raise error
    assert beginning is not None
    return beginning


def beginning_for(options: argparse.Namespace, workplace: Workplace, folder: Path) -> Beginning:
    """What a run begins with; where it began before, that, whatever the store says by now.

    What changed since is told as the last of the samples' hints.
    """
    origin = origin_of(options)
    before = beginning_of(folder)
    if before is None:
        base = base_model(options, workplace)
        samples = samples_for(options, workplace, base)
        return Beginning(samples, base.id if base is not None else "", origin)
    before.check_origin(folder, origin)
    now: Samples | None = None
    if options.labels is None:
        card = before.model(workplace.registry) or most_reviewed_model(workplace)
        now = from_store(workplace.store, card, least_examples=LEAST_TO_GROW)
    elif origin[LABELS_SHA256] != before.origin[LABELS_SHA256]:
        said = f"{options.labels} was changed since this training began; it goes on with what it said then"
        return before.with_hint(said)
    return before.with_hint(before.hint(now))


NAMING_SAMPLES = (
    "labels",
    "images",
    "model",
    "backbone",
    "findings",
    "folds",
    "fold",
    "no_held_out",
    "shares",
)
"""Options that name the films of a training; `seed` too, where a CSV is split by it."""


def origin_of(options: argparse.Namespace) -> dict[str, Any]:
    """What names the films of a training, for JSON."""
    origin = {name: getattr(options, name) for name in NAMING_SAMPLES}
    for name in ("labels", "images"):
        origin[name] = str(origin[name].absolute()) if origin[name] is not None else None
    return origin | {
        "shares": list(options.shares), "seed": options.seed or 0,
        LABELS_SHA256: sha256_of(options.labels) if options.labels is not None else "",
    }  # fmt: skip


def check_options(options: argparse.Namespace) -> None:
    """Raise `UsageError` for options that contradict each other."""
    if (getattr(options, "labels", None) is None) != (getattr(options, "images", None) is None):
        raise UsageError("--labels and --images go together.")
    if options.run is not None and (options.run in ("", ".", "..") or set(options.run) & set("/\\:")):
        raise UsageError(f"--run {options.run!r}: a plain name for a folder is expected.")


def tell(event: TrainingEvent, output: Output) -> None:
    """Print an event; a failure is one sentence on stderr too, as every command's is."""
    if output.as_json or event.event != "failed":
        output.result(event.as_json(), describe(event))
    for hint in event.values.get("hints", ()):
        output.remark(f"{hint[:1].upper()}{hint[1:].rstrip('.')}.")
    if event.event == "failed":
        output.failure(event.values["reason"])


def remember(done: TrainingEvent, workplace: Workplace) -> None:
    """Keep what the training measured with the candidate; a training on every film measures nothing."""
    model = done.values["model"]
    if done.values["evaluation"] is not None:
        workplace.store.remember_evaluation(model, "held-out", done.values["evaluation"])
    workplace.store.remember_evaluation(model, "gate", done.values["gate"])


def leave_word(options: argparse.Namespace, workplace: Workplace, event: TrainingEvent) -> None:
    """A window that watches the run's folder has to see the failure too."""
    from training.runs import append_event

    if options.run:
        folder = workplace.runs_folder / options.run
        folder.mkdir(parents=True, exist_ok=True)
        append_event(folder, event)


def base_model(options: argparse.Namespace, workplace: Workplace) -> ModelCard | None:
    """The model to start from; None trains a new network.

    Raises
    ------
    UnusablePlan
        It is a candidate that nobody promoted: what is wrong with it would be handed on unseen.
    """
    if options.model is not None:
        card = workplace.registry.find(options.model)
        if is_waiting_candidate(card, {p.model for p in workplace.store.promotions()}):
            raise UnusablePlan(
                f"{card.name or card.id} ({card.id}) is a candidate that nobody promoted; a training starts "
                f"from a model that is or was in use, such as {card.parent}, the one it was made from"
            )
        return card
    if options.labels is not None:
        return None
    if options.backbone is not None:
        return None
    return most_reviewed_model(workplace)


def current_model(base: ModelCard | None, workplace: Workplace) -> ModelCard | None:
    """The model that a candidate would replace: the one in use in its base's family, whatever it is made of.

    A network that starts from scratch on labels of its own replaces none.
    """
    if base is None:
        return None
    return next((card for card in workplace.models_in_use() if family(card) == family(base)), base)


def samples_for(options: argparse.Namespace, workplace: Workplace, base: ModelCard | None) -> Samples:
    if options.labels is None:
        card = base if base is not None else most_reviewed_model(workplace)
        complete_decided(workplace.store, card)
        return from_store(workplace.store, card, least_examples=LEAST_TO_GROW)
    findings: tuple[str, ...] | None = None
    if options.findings:
        findings = tuple(word.strip() for word in options.findings.split(",") if word.strip())
    elif base is not None:
        findings = base.finding_names
    return from_csv(
        options.labels,
        options.images,
        findings,
        seed=options.seed or 0,
        shares=tuple(options.shares),
        folds=options.folds,
        fold=options.fold,
        held_out=not options.no_held_out,
    )


AS_READERS_POINTED = 1.0
"""`Plan.evidence_weight` of a training on films on which readers drew regions, unless it is given."""


def make_plan(options: argparse.Namespace, base: ModelCard | None, samples: Samples) -> Plan:
    """The plan that the options describe, everything else at its default.

    Labels with several findings on a film make a new model one of several findings, unless `--task`
    says otherwise.
    """
    chosen: dict[str, Any] = {}
    if base is not None:
        depth = getattr(options, "depth", None) or suggested_for(samples).depth
        train = samples.of_part("train")
        chosen = preset(depth, base, getattr(options, "epochs", None), len(train))
        if any(sample.regions for sample in train):
            chosen["evidence_weight"] = AS_READERS_POINTED
    for field in fields(Plan):
        value = getattr(options, field.name, None)
        if field.name not in NOT_OPTIONS and value is not None:
            chosen[field.name] = value
    if base is None:
        chosen["display_names"] = tuple(
            (n, DISPLAY_NAMES.get(n, n.replace("-", " "))) for n in samples.findings
        )
        if any(sample.truth.count(1) > 1 for sample in samples.samples):
            chosen.setdefault("task", "multilabel")
    elif samples.display_names:
        chosen["display_names"] = samples.display_names
    assert chosen.get("depth", "all") in get_args(Depth)
    return Plan(**chosen)


def suggested_for(samples: Samples) -> Suggestion:
    """How deep these samples let a model be tuned."""
    films = samples.of_part("train")
    counts = {f: sum(s.truth[i] == 1 for s in films) for i, f in enumerate(samples.findings)}
    return suggested(counts, len(films))


def describe(event: TrainingEvent) -> str:
    """The sentence that a person reads for an event."""
    values = event.values
    if event.event == "epoch":
        told = ", ".join(
            f"{name.replace('_', ' ')} {value:.3f}"
            for name, value in (values.get("validation") or {}).items()
            if isinstance(value, float)
        )
        left = values.get("remaining_s") or 0.0
        epoch = f"epoch {values['epoch']}/{values['epochs']}: loss {values['loss']:.4f}"
        return f"{epoch}, {told}; {left:.0f} s left"
    if event.event == "done":
        return f"The candidate is {values['model']}. {values['gate']['verdict']}: " + " ".join(
            values["gate"]["reasons"]
        )
    if event.event in ("cancelled", "failed"):
        return f"{event.event}: {values['reason']}"
    return ", ".join(f"{k} {v}" for k, v in values.items() if not isinstance(v, (dict, list)))
