"""Which decisions are suspected errors, worked out where the embeddings are, a fold at a time.

Films of the test part are left alone: they never fit a head, and reading again only those of them of which
the model thinks otherwise would bend what they measure towards the model. So are decisions that were
themselves a second read: a person has confirmed or changed them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.fitting.films import ModelFilms
from app.fitting.messages import Doubt, Doubted, Doubtful
from reviews.store import Store
from training.adapting.suspects import find_suspects, fold_by_fold
from training.errors import TooLittleData
from training.replay import Replay

Head = tuple[NDArray[np.floating], NDArray[np.floating]]


def doubt(
    asked: Doubt, store: Store, films: ModelFilms, own_head: Head, replay: Replay | None
) -> Iterator[Doubted | None]:
    """None after each fold, at last what is doubted."""
    card, rows = films.card, films.fitted_rows()
    reviewed = films.reviewed()
    keys = [films.table.keys[row] for row in rows]
    belongs = store.belongings(list(dict.fromkeys(uid for uid, _ in keys)))
    patients = [belongs[uid][0] for uid, _ in keys]
    said = np.zeros((0, len(films.names)), np.float32)
    try:
        for known in fold_by_fold(
            reviewed, patients, own_head, card.finding_names,
            task=card.task, temperature=card.temperature, replay=replay, added=films.added,
        ):  # fmt: skip
            said = known
            yield None
        found = find_suspects(reviewed.truth, said, card.task)
    except TooLittleData as error:
        yield Doubted(asked.request, card.id, (), str(error))
        return
    standing = {(r.sop_instance_uid, r.frame): r for r in store.standing_reviews()}
    displays = [*(f.display for f in card.findings), *(f.display for f in films.added)]
    doubtful = []
    for one in found:
        review = standing.get(keys[one.film])
        if review is not None and review.findings and review.second_read_of is None:
            doubtful.append(
                Doubtful(
                    keys[one.film], review.id, review.reader, displays[one.finding], displays[one.instead],
                    one.confidence, one.margin,
                )
            )  # fmt: skip
    yield Doubted(asked.request, card.id, tuple(doubtful), "")
