"""Findings that the models have never seen: what readers added, and how far each is learned.

A finding belongs to a family of models, so it is there for every film that one of them answers, in every
window on the same store.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, Signal

from app.gui.film_cache import FrameKey
from app.gui.jobs import Jobs
from app.gui.library import Library
from app.workplace import Workplace
from inference.card import ModelCard
from inference.coverage import family
from reviews.added_findings import beyond, name_of
from reviews.errors import InvalidFinding, StoreError
from reviews.record import AddedFinding
from widgets.findings_rows import FindingRow
from widgets.findings_vocabulary import chest_findings
from widgets.numbers import counted
from widgets.words import in_words

translate = QCoreApplication.translate

ROUGH_BELOW = 10
"""With fewer films to learn from, what a head says of a finding is called rough."""


class AddedFindings(QObject):
    """What readers added, by family of models. Lives on the GUI thread.

    Signals
    -------
    changed
        There are other findings now, by whoever.
    added
        The reader's finding is on disk, and is shown.
    refused, failed
        Why what was typed cannot be a finding, in a sentence; why the store did not take it.
    """

    changed = Signal()
    added = Signal(str)
    refused = Signal(str)
    failed = Signal(str)

    def __init__(
        self, workplace: Workplace, library: Library, store_jobs: Jobs, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workplace = workplace
        self._library = library
        self._store_jobs = store_jobs
        self._by_family: dict[str, tuple[AddedFinding, ...]] = {}

    def refresh(self) -> None:
        """Read anew what there is for the models in use."""
        store, families = self._workplace, {family(card) for card in self._library.cards}

        def done(found: dict[str, tuple[AddedFinding, ...]]) -> None:
            if found != self._by_family:
                self._by_family = found
                self.changed.emit()

        self._store_jobs.submit(
            lambda: {name: store.store.added_findings(name) for name in families}, done, self._on_error
        )

    def of(self, card: ModelCard) -> tuple[AddedFinding, ...]:
        """What readers added to a model's findings, as far as it does not answer them itself."""
        return beyond(card, self._by_family.get(family(card), ()))

    def names(self, card: ModelCard) -> tuple[str, ...]:
        """Their machine names."""
        return tuple(added.name for added in self.of(card))

    def rows(self, key: FrameKey, card: ModelCard) -> tuple[FindingRow, ...]:
        """The rows of a frame for them, below those of the model."""
        adapted = self._library.told_adapted(key)
        rows = []
        for added in self.of(card):
            examples = self._library.examples.count(added.name)
            # Before the first example a value would only say what the head was begun with.
            value = adapted.probability_of(added.name) if adapted is not None and examples else None
            rows.append(
                FindingRow(
                    added.name,
                    added.display,
                    adapted=value,
                    is_added=True,
                    remark=self._remark(added.name, examples, value is not None),
                    can_be_taken_away=examples == 0,
                )
            )
        return tuple(rows)

    def _remark(self, name: str, examples: int, has_value: bool) -> str:
        """How far a finding is learned, in words that do not promise more than there is."""
        if not examples:
            return translate("FindingsPanel", "added; answer a few films with it")
        learned = self._library.examples.count(name, lambda key: not self._library.blinds.measures(key))
        text = counted(
            examples,
            translate("FindingsPanel", "1 example so far"),
            translate("FindingsPanel", "{0} examples so far"),
        )
        if learned < examples:
            aside = translate("FindingsPanel", "{0}, {1} kept aside")
            text = aside.format(text, examples - learned)
        if not has_value:
            return text
        return translate("FindingsPanel", "{0}: rough").format(text) if learned < ROUGH_BELOW else text

    def known_names(self, card: ModelCard) -> tuple[str, ...]:
        """Names that typing is completed from: of other models, and the usual ones, that are not here yet."""
        here = {*card.finding_names, *self.names(card)}
        here |= {name_of(in_words(f.display)) for f in card.findings}
        known = [in_words(f.display) for other in self._library.cards for f in other.findings]
        known += [added.display for several in self._by_family.values() for added in several]
        known += chest_findings() if "CHEST" in {part.upper() for part in card.covers.body_parts} else ()
        offered = {name_of(display): display for display in known}
        return tuple(display for name, display in offered.items() if name not in here)

    # -- adding and taking away ------------------------------------------------------------------

    def add(self, typed: str, card: ModelCard) -> None:
        """Add what a reader typed to a model's findings."""
        # What the model has may be known to the reader under the name that their language gives it.
        shown = {name_of(in_words(f.display)): f.display for f in card.findings}
        typed = shown.get(name_of(typed), typed)
        store, reader = self._workplace, self._workplace.settings.reader_name
        self._change(card, lambda: store.store.add_finding(typed, card, reader).name)

    def take_away(self, name: str, card: ModelCard) -> None:
        """Take away a finding that no decision names present."""
        store, reader = self._workplace, self._workplace.settings.reader_name

        def work() -> str:
            store.store.take_finding_away(name, family(card), reader)
            return ""

        self._change(card, work)

    def _change(self, card: ModelCard, act: Callable[[], str]) -> None:
        store, its_family = self._workplace, family(card)

        def work() -> tuple[str, tuple[AddedFinding, ...]]:
            return act(), store.store.added_findings(its_family)

        def done(result: tuple[str, tuple[AddedFinding, ...]]) -> None:
            name, self._by_family[its_family] = result
            self.changed.emit()
            if name:
                self.added.emit(name)

        self._store_jobs.submit(work, done, self._on_error)

    def _on_error(self, error: Exception) -> None:
        if isinstance(error, InvalidFinding):
            self.refused.emit(in_words(str(error)))
        elif isinstance(error, StoreError):
            self.failed.emit(str(error))
        else:
            raise error
