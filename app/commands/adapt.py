"""`adapt`: re-fit the head of the model in use from all reviews that may be learned from."""

from __future__ import annotations

import argparse
from collections import Counter

from app.adapting import Embedding, adapt_head
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
from training.samples import Sample


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="M", help="id or unique prefix (default: the most reviewed)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
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

    done = adapt_head(workplace, card, head, embed)
    for remark in done.remarks:
        output.warning(remark)
    output.result(
        {"model": "adapted", "base": done.base, "reviews": done.reviews, "elapsed_s": done.elapsed_s},
        f"The head of {done.base} was re-fitted from {done.reviews} reviews in {done.elapsed_s:.2f} s.",
    )
    return output.status


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
