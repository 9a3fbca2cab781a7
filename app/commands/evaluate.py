"""`evaluate [--labels CSV --images DIR] [--against [M]]`: figures with intervals, a verdict, and a report.

Without labels a model is measured on the films of the store's test part that readers have answered.
`--against` has the gate judge it beside another model, the one in use unless it is named, wherever either
of the two comes from.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.command_line import UsageError
from app.commands.predict import add_model_options
from app.output import Output
from app.predicting import Predictors
from app.workplace import ADAPTED, Workplace
from inference.adapted import AdaptedHead
from inference.card import ModelCard
from inference.coverage import family
from training.copies import complete_decided, units_in
from training.events import Evaluation, Gate
from training.numerals import counted
from training.proof.fitted import Fitted, fitted_of
from training.proof.judging import Known, judged, nobody_knows, unseen
from training.samples import Sample, Samples, from_csv, from_store

if TYPE_CHECKING:
    from inference.network import LoadedModel


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that is measured, or another one that it is held against.

    Parameters
    ----------
    card
        The model's in the registry; of the adapted head, that of the model it was fitted for.
    head
        The adapted head, where that is what is meant.
    """

    card: ModelCard
    head: AdaptedHead | None = None

    @property
    def name(self) -> str:
        return ADAPTED if self.head is not None else self.card.name or self.card.id

    @property
    def findings(self) -> tuple[str, ...]:
        return self.card.finding_names if self.head is None else self.head.findings

    @property
    def shown(self) -> ModelCard:
        """The card of what is measured."""
        if self.head is None:
            return self.card
        sha256 = self.head.sha256_on(self.card)
        return replace(self.head.card_of(self.card), id=ADAPTED, weights_sha256=sha256)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labels", type=Path, metavar="CSV", help="file,label[,patient]")
    parser.add_argument("--images", type=Path, metavar="DIR", help="what `file` is relative to")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for evaluation.html and evaluation.json")
    parser.add_argument(
        "--against",
        nargs="?",
        const="",
        metavar="M",
        help="have the gate judge it beside this model (default: the one in use)",
    )
    add_model_options(parser)


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    from training.proof.report import write_report

    if (options.labels is None) != (options.images is None):
        raise UsageError("--labels and --images go together.")
    subject = _subject(options.model, workplace)
    current = None if options.against is None else _other(options.against, subject, workplace)
    samples, remarks = _samples(options, workplace, subject, current, output)
    for remark in remarks if current is None else ():  # a verdict's reasons hold them
        output.warning(remark)
    measured, before = _measured(options, workplace, subject, current, samples, output)
    for failure in measured.failures:
        output.failure(failure)
    for warning in measured.warnings:
        output.remark(warning)
    gate = None
    if current is not None:
        gate = judged(
            measured, before, subject.shown, current.shown, remarks,
            kept_aside=len(samples.samples), margin=workplace.settings.gate_margin,
        )  # fmt: skip
        if options.labels is None:
            _remember(measured, gate, subject, current, workplace)
    told = _told(measured, subject, remarks)
    if before is not None and current is not None and gate is not None:
        told |= {"current_evaluation": _told(before, current, ()), "gate": gate.as_json()}
    if options.out is not None:
        beside = None if before is None or current is None else (before, current.shown)
        written = write_report(
            measured, subject.shown, options.out.expanduser().resolve(), beside, gate, remarks
        )
        told["report"] = str(written[0])
        for path in written:
            output.remark(str(path))
    output.result(told, _sentence(measured, gate))
    return output.status


# -- who is measured ---------------------------------------------------------------------------------


def _subject(name: str | None, workplace: Workplace) -> Subject:
    if name == ADAPTED:
        card = workplace.default_model()
        return Subject(card, AdaptedHead.read(workplace.require_adapted_head(card)))
    return Subject(workplace.default_model() if name is None else workplace.registry.find(name))


def _other(name: str, subject: Subject, workplace: Workplace) -> Subject:
    """The model that another one is held against."""
    if name:
        other = _subject(name, workplace)
    else:
        own = family(subject.card)
        card = next((card for card in workplace.models_in_use() if family(card) == own), None)
        if card is None:
            raise UsageError(
                f"no model is in use for what {subject.name} is meant for; name one with --against M."
            )
        other = Subject(card)
    if other.name == subject.name and other.card.id == subject.card.id:
        raise UsageError(f"{subject.name} cannot be held against itself; name another model with --model.")
    if not other.card.head_trained:
        raise UsageError(f"{other.name} does not predict yet, so there is nothing to compare with.")
    return other


def _known(subject: Subject, workplace: Workplace) -> Known:
    """What is known of the films that it was fitted on."""
    fitted = fitted_of(subject.card, workplace.registry)
    if subject.head is not None:
        learned = Fitted.of(_learned_by_heads(subject.card, workplace).samples)
        fitted = learned | (fitted if fitted is not None else Fitted(is_whole=False))
    return Known(subject.name, fitted, subject.card.name or subject.card.id)


def _learned_by_heads(card: ModelCard, workplace: Workplace) -> Samples:
    """The films that the adapted head of a model is fitted to: those that may be learned from."""
    known = from_store(workplace.store, card, least_examples=0)
    return replace(known, samples=known.of_part("train", "validation"))


# -- on which films ----------------------------------------------------------------------------------


def _samples(
    options: argparse.Namespace,
    workplace: Workplace,
    subject: Subject,
    current: Subject | None,
    output: Output,
) -> tuple[Samples, list[str]]:
    """What is measured on, and what has to be said of it.

    Of labels that somebody gives every image counts, unless two models are compared; of the store's test
    part, and of a comparison, those are left out that a model was fitted on.
    """
    several = [one for one in (subject, current) if one is not None]
    models = [_known(one, workplace) for one in several]
    if options.labels is not None:
        names = tuple(dict.fromkeys(name for one in several for name in one.findings))
        samples = from_csv(options.labels, options.images, names, held_out=False)
        for failure in samples.failures:
            output.failure(failure)
        if any(model.fitted is not None for model in models):
            samples = _with_kin(samples, workplace)
        films, among = samples.samples, "films"
    else:
        complete_decided(workplace.store, subject.card)
        grown = any(one.head is not None for one in several)
        samples = from_store(workplace.store, subject.card, least_examples=0 if grown else None)
        films, among = _answered(samples, several), "films of the test part"
    added = [said for one in several for said in _added(one, samples, films, workplace)]
    remarks = [*(f"{said[:1].upper()}{said[1:]}." for said in samples.contradictions), *added]
    if options.labels is not None and current is None:
        seen = models[0].seen(films)
        if seen:
            remarks.append(
                f"{subject.name} was fitted on {len(seen)} of these {len(films)} films or on others of their "
                "patients: on those it looks better than it is."
            )
        return samples, remarks + nobody_knows(models)
    left = unseen(films, models[0], models[1] if current is not None else None, among=among)
    if not left.of_both:
        names_of_models = " or ".join(model.name for model in models)
        if films:
            raise UsageError(f"{names_of_models} was fitted on all of the {len(films)} {among}.")
        raise UsageError(
            f"no film of the test part that {subject.name} is meant for has an answer yet; films have to be "
            "read before they can measure a model."
        )
    return replace(samples, samples=left.of_both), remarks + list(left.remarks)


def _with_kin(samples: Samples, workplace: Workplace) -> Samples:
    """Films of labels as kin of whoever in the store has the same: a model that was fitted here on a copy
    under another name has seen them too."""
    units = units_in(workplace.store, samples.samples)
    films = (
        replace(film, kin=tuple(dict.fromkeys((*film.kin, *own))))
        for film, own in zip(samples.samples, units, strict=True)
    )
    return replace(samples, samples=tuple(films))


def _answered(samples: Samples, subjects: Sequence[Subject]) -> tuple[Sample, ...]:
    """Films of the test part of which something is known that one of the models is asked for."""
    asked = {name for one in subjects for name in one.findings}
    rows = [k for k, name in enumerate(samples.findings) if name in asked]
    return tuple(s for s in samples.of_part("test") if any(s.truth[k] is not None for k in rows))


def _added(subject: Subject, samples: Samples, films: Sequence[Sample], workplace: Workplace) -> list[str]:
    """How many films show what readers added: of those that a head learns from, and of those measured."""
    if subject.head is None or not subject.head.added:
        return []
    learned = _learned_by_heads(subject.card, workplace)
    told = []
    for finding in subject.head.added:
        to_learn = _shown_by(learned, learned.samples, finding.name)
        shown = _shown_by(samples, films, finding.name)
        told.append(
            f"{finding.display} was added by readers: {counted(to_learn, 'film')} to learn from "
            f"{_show(to_learn)} it, and {shown} of the {len(films)} films measured {_show(shown)} it."
        )
    return told


def _shown_by(samples: Samples, films: Sequence[Sample], finding: str) -> int:
    if finding not in samples.findings:
        return 0
    k = samples.findings.index(finding)
    return sum(film.truth[k] == 1 for film in films)


def _show(count: int) -> str:
    return "shows" if count == 1 else "show"


# -- measuring ---------------------------------------------------------------------------------------


def _measured(
    options: argparse.Namespace,
    workplace: Workplace,
    subject: Subject,
    current: Subject | None,
    samples: Samples,
    output: Output,
) -> tuple[Evaluation, Evaluation | None]:
    from training.proof.evaluate import evaluate
    from training.proof.probes import finder_for

    predictors = Predictors(workplace, options.device)
    several = [one for one in (subject, current) if one is not None]
    findings = tuple(dict.fromkeys(name for one in several for name in one.findings))
    lungs = finder_for(workplace.registry, *(one.card for one in several))

    def on_progress(done: int, total: int) -> None:
        output.progress(f"{done} of {total} films", is_last=done == total)

    def of(one: Subject) -> Evaluation:
        trust = one.head.trust if one.head is not None else None
        return evaluate(
            _loaded(one, predictors), samples, on_progress, findings=findings, lungs=lungs, trust=trust
        )

    return of(subject), of(current) if current is not None else None


def _loaded(subject: Subject, predictors: Predictors) -> LoadedModel:
    if subject.head is None:
        return predictors.model(subject.card)
    return predictors.adapted_model(subject.card)


def _remember(
    measured: Evaluation, gate: Gate, subject: Subject, current: Subject, workplace: Workplace
) -> None:
    """Keep a verdict beside the model in use, so that a promotion heeds it."""
    in_use = {card.id: family(card) for card in workplace.models_in_use()}
    is_rival = subject.card.id not in in_use and in_use.get(current.card.id) == family(subject.card)
    if subject.head is None and current.head is None and is_rival:
        workplace.store.remember_evaluation(subject.card.id, "held-out", measured.as_json())
        workplace.store.remember_evaluation(subject.card.id, "gate", gate.as_json())


def _told(evaluation: Evaluation, subject: Subject, remarks: Sequence[str]) -> dict[str, Any]:
    from training.proof.metrics import curves

    drawn = curves(evaluation.per_image, evaluation.findings, subject.card.task)
    sha256 = subject.shown.weights_sha256
    return evaluation.as_json() | drawn | {"weights_sha256": sha256, "remarks": list(remarks)}


def _sentence(evaluation: Evaluation, gate: Gate | None) -> str:
    said = (
        f"{counted(evaluation.n, 'image')} of {counted(evaluation.patients, 'patient')}: "
        f"accuracy {_figure(evaluation.accuracy)}, macro AUROC {_figure(evaluation.macro_auroc)}"
    )
    return said if gate is None else f"{said}\n{gate.verdict}: {' '.join(gate.reasons)}"


def _figure(value: float | None) -> str:
    return "cannot be had" if value is None else f"{value:.3f}"
