"""What the fitting process keeps in memory: each model's films, what was decided on them, and its head.

Decided films are there at once; all others are brought bit by bit, so that nobody who asks waits for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from app.fitting.films import ModelFilms
from app.workplace import Workplace
from inference.card import FindingName, ModelCard
from inference.coverage import family
from inference.heads import read_head
from reviews.added_findings import beyond
from reviews.errors import StoreError
from reviews.news import Token
from studies.image import Header
from training.replay import Replay, replay_of

_AT_ONCE = 200  # images that are brought into memory in a step


class Memory:
    """Reads the store and the cache of embeddings, and afterwards only what is new in them."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._films: dict[str, ModelFilms] = {}  # by model id
        self._own_heads: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._replays: dict[str, Replay | None] = {}
        self._moment: Token | None = None
        self._loading: deque[Iterator[None]] = deque()

    @property
    def is_loading(self) -> bool:
        """Whether films are still to be brought."""
        return bool(self._loading)

    @property
    def all_films(self) -> tuple[ModelFilms, ...]:
        """Of every model that was asked about."""
        return tuple(self._films.values())

    def load_on(self) -> bool:
        """Bring some more films; whether all of those that were begun together are there.

        Raises
        ------
        StoreError
            They could not be brought, and are given up.
        """
        try:
            next(self._loading[0])
        except StopIteration:
            self._loading.popleft()
            return True
        except StoreError:
            self._loading.popleft()
            raise
        return False

    def take_news(self) -> bool:
        """Take in what was decided and looked at since the last look at the store; whether parts changed."""
        store = self._workplace.store
        if self._moment is None:
            self._moment = store.moment()
            return False
        moment, news = store.news_since(self._moment)
        for films in self._films.values():
            films.set_parts(news.parts)
        if news.are_findings_changed:
            for films in self._films.values():
                films.set_added(self._added(films.card))
        looked_at = {p.sop_instance_uid for p in news.predictions}
        headers = {
            h.sop_instance_uid: h for h in store.headers({uid for uid, _ in news.standing} | looked_at)
        }
        for films in self._films.values():
            for uid in looked_at & headers.keys():
                if films.covers(headers[uid]):
                    films.retake(headers[uid])
            for key, review in news.standing.items():
                header = headers.get(key[0])
                if header is not None and films.covers(header):
                    films.take_decision(header, store.part_of(header), key, review)
        self._moment = moment  # all of it is taken in
        return bool(news.headers or news.parts)

    def films_of(self, model_ids: tuple[str, ...]) -> list[ModelFilms]:
        """The films of some models; decided ones at once, the others bit by bit."""
        new = {}
        for model_id in model_ids:
            if model_id not in self._films:
                card = self._workplace.registry.find(model_id)
                new[model_id] = ModelFilms(card, self._workplace.features, self._added(card))
        if new:
            several = list(new.values())
            self._load_decided(several)
            self._films |= new  # now that they are whole: without decisions a head would be fitted to none
            self._loading.append(self._load_others(several))
        return [self._films[model_id] for model_id in model_ids]

    def _load_decided(self, several: list[ModelFilms]) -> None:
        store = self._workplace.store
        reviews = store.standing_reviews()
        headers = {
            h.sop_instance_uid: h for h in store.headers(dict.fromkeys(r.sop_instance_uid for r in reviews))
        }
        uids = list(headers)
        belongings = {
            uid: belonging
            for first in range(0, len(uids), _AT_ONCE)
            for uid, belonging in store.belongings(uids[first : first + _AT_ONCE]).items()
        }
        for review in reviews:
            header = headers.get(review.sop_instance_uid)
            for films in several:
                if header is not None and films.covers(header):
                    key = (review.sop_instance_uid, review.frame)
                    _, part = belongings[key[0]]
                    films.take_decision(header, part, key, review)

    def _load_others(self, several: list[ModelFilms]) -> Iterator[None]:
        """The newest studies first; a step is a few images."""
        store = self._workplace.store
        rows = [row for study in store.studies_newest_first() for row in study]
        for first in range(0, len(rows), _AT_ONCE):
            known = store.images_in(rows[first : first + _AT_ONCE])
            for films in several:
                films.set_parts(known.parts)
            for header in known.headers:
                _take_all(several, header)
            yield

    def _added(self, card: ModelCard) -> tuple[FindingName, ...]:
        added = self._workplace.store.added_findings(family(card))
        return tuple(FindingName(a.name, a.display) for a in beyond(card, added))

    def own_head(self, card: ModelCard) -> tuple[np.ndarray, np.ndarray]:
        """Weight and bias of the model's own last layer."""
        if card.id not in self._own_heads:
            self._own_heads[card.id] = read_head(card, self._workplace.registry.weights_path(card))
        return self._own_heads[card.id]

    def replay(self, card: ModelCard) -> Replay | None:
        """Films of the model's own training, where it brought some."""
        if card.id not in self._replays:
            self._replays[card.id] = replay_of(self._workplace.registry, card)
        return self._replays[card.id]


def _take_all(several: list[ModelFilms], header: Header) -> None:
    for films in several:
        if films.covers(header):
            for frame in range(1, header.frames + 1):
                films.take_frame(header, frame)
