"""`adapt`: re-fit the head of the model in use from all reviews that may be learned from.

With `--candidate` the re-fitted head becomes a model of its own, measured and judged as a training's is.
"""

from __future__ import annotations

import argparse
from collections import Counter

from app.adapting import Adapted, Embedding, adapt_head, refit
from app.output import Output
from app.predicting import Predictors
from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import reason_not_covered
from inference.errors import InferenceError
from inference.features import feature_key
from inference.heads import read_head
from studies.errors import StudyError
from studies.reader import read
from training.alone import alone_in
from training.copies import complete_decided
from training.errors import Cancelled, TrainingError
from training.numerals import counted
from training.runs import Wish
from training.samples import LEAST_TO_GROW, Sample


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="M", help="id or unique prefix (default: the most reviewed)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument(
        "--candidate", action="store_true", help="make the re-fitted head a candidate, and judge it"
    )
    parser.add_argument("--run", metavar="NAME", help=argparse.SUPPRESS)  # where the window reads events


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    from app.commands.train import tell

    if not options.run:
        return _adapt(options, workplace, output, None)
    wish = Wish(workplace.runs_folder / options.run)
    with alone_in(workplace.runs_folder / options.run), wish.ends_process(lambda event: tell(event, output)):
        return _adapt(options, workplace, output, wish)


def _adapt(options: argparse.Namespace, workplace: Workplace, output: Output, wish: Wish | None) -> int:
    card = workplace.registry.find(options.model) if options.model else most_reviewed_model(workplace)
    head = read_head(card, workplace.registry.weights_path(card))
    predictors = Predictors(workplace, options.device)

    def embed(sample: Sample) -> Embedding | None:
        try:
            embedding = predictors.get(card).look(read(sample.header, sample.frame)).embedding
        except (StudyError, InferenceError) as error:
            output.failure(str(error))
            return None
        workplace.features.put(feature_key(card, sample.header, sample.frame), embedding)
        return embedding

    complete_decided(workplace.store, card)
    done = adapt_head(workplace, card, head, embed)
    told = [f"{said[:1].upper()}{said[1:]}." for said in done.samples.contradictions]
    for remark in (*done.remarks, *told):
        output.warning(remark)
    output.result(
        {"model": "adapted", "base": done.base, "reviews": done.reviews, "elapsed_s": done.elapsed_s},
        f"The head of {done.base} was re-fitted from {counted(done.reviews, 'review')} in "
        f"{done.elapsed_s:.2f} s.",
    )
    if options.candidate:
        if done.head.added:  # of a network, only those that enough films show
            done = refit(workplace, card, head, embed, least_examples=LEAST_TO_GROW)
        _make_candidate(done, card, options, workplace, output, predictors, wish)
    return output.status


def _make_candidate(
    done: Adapted,
    card: ModelCard,
    options: argparse.Namespace,
    workplace: Workplace,
    output: Output,
    predictors: Predictors,
    wish: Wish | None,
) -> None:
    """Put a model with the re-fitted head into the registry; its end is told as a training's."""
    from app.commands.train import current_model, leave_word, remember, tell
    from training.adapted_candidate import candidate_of
    from training.events import TrainingEvent
    from training.replay import Replay, replay_of
    from training.runs import lower_priority

    lower_priority()
    try:
        known = replay_of(workplace.registry, card)
        fitted = [s for s in done.samples.of_part("train", "validation") if s.image in done.embeddings]
        own = Replay.of_samples(fitted, done.embeddings, done.head.findings) if fitted else None
        outcome = candidate_of(
            card, done.head, done.samples, workplace.registry, current_model(card, workplace) or card,
            predictors.lightbox.device, replay=own if own is None or known is None else own.joined(known),
            margin=workplace.settings.gate_margin, wish=wish,
        )  # fmt: skip
        page = outcome.write_report(workplace.evaluation_folder(outcome.card))
        more = {"temperature": card.temperature, "report": page and str(page)}
        event = TrainingEvent("done", outcome.as_json() | more)
    except Cancelled:
        event = TrainingEvent("cancelled", {"reason": "Somebody cancelled it."})
    except (TrainingError, InferenceError) as error:
        said = str(error).rstrip(".")
        event = TrainingEvent("failed", {"reason": f"{said[:1].upper()}{said[1:]}."})
    if event.event == "done":
        remember(event, workplace)
    leave_word(options, workplace, event)
    tell(event, output)


def most_reviewed_model(workplace: Workplace) -> ModelCard:
    """The model in use that covers most of the reviewed images; the chest model without reviews."""
    counts: Counter[str] = Counter()
    in_use = {card.id: card for card in workplace.models_in_use()}
    for review in workplace.store.standing_reviews():
        header = workplace.store.header(review.sop_instance_uid)
        if header is None:
            continue
        for card in in_use.values():
            if reason_not_covered(card, header) is None:
                counts[card.id] += 1
                break
    return in_use[counts.most_common(1)[0][0]] if counts else workplace.default_model()
