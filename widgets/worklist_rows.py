"""The worklist's rows, searched and ordered: 100,000 of them in milliseconds, without Qt.

What a list is ordered by stands in arrays, one value a row, and numpy orders it. Texts to search in and
names to order by are made when they are needed, or bit by bit while nobody waits (`Rows.prepare`).
"""

from __future__ import annotations

import operator
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from widgets.worklist_asked import Asked, reason_text
from widgets.worklist_scores import RowScores

Status = Literal["to read", "read", "part read", "no suggestion", "reading failed"]
Order = Literal["newest", "ask first", "uncertain", "patient", "to read"]
Slots = NDArray[np.intp]
"""(n,) positions of rows in `Rows`, where each keeps its own for good."""

AWAITING_READER: frozenset[Status] = frozenset({"to read", "part read"})
_STATUS_RANK: dict[Status, int] = {
    "part read": 0,
    "to read": 1,
    "reading failed": 2,
    "no suggestion": 3,
    "read": 4,
}
NOWHERE = 2**40  # the place of studies that nobody is asked about
_UID_OF = operator.attrgetter("study_uid")
_LAST_RANK_AWAITING = max(_STATUS_RANK[status] for status in AWAITING_READER)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One study as the worklist shows it. Text is empty, never None, where the file is silent.

    Parameters
    ----------
    birth_date, date, time
        ``YYYY-MM-DD`` and ``HH:MM:SS``.
    suggestion, confidence
        Display name and calibrated probability in [0, 1] of the suggested finding; None while the model has
        not looked, and where it does not cover the image.
    adapted, adapted_confidence
        The same from the head that was fitted to this site's reviews; None where there is no such head.
    uncertainty
        In [0, 1]; studies are ordered by it on request. None counts as least uncertain.
    decided
        What stands by decision of a reader, in words.
    note
        A sentence that explains the status, e.g. why there is no suggestion; shown as tooltip.
    thumbnail
        (h, w) or (h, w, 3) uint8, None until it is ready.
    is_waiting
        The model is still looking at it.
    urgent_by
        Readers who mark it urgent.
    is_urgent
        Whether the reader who sits here is one of them.
    is_second_read
        It is read a second time, and hides what stands on it until then.
    is_hidden
        What the model suggests is not told before the reader has answered.
    """

    study_uid: str
    patient: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    accession: str = ""
    date: str = ""
    time: str = ""
    modality: str = ""
    description: str = ""
    images: int = 1
    suggestion: str | None = None
    confidence: float | None = None
    adapted: str | None = None
    adapted_confidence: float | None = None
    uncertainty: float | None = None
    status: Status = "to read"
    decided: str = ""
    note: str = ""
    thumbnail: NDArray[np.uint8] | None = None
    is_waiting: bool = False
    is_hidden: bool = False
    is_second_read: bool = False
    urgent_by: tuple[str, ...] = ()
    is_urgent: bool = False

    @property
    def awaits_reader(self) -> bool:
        """Whether a decision is still to be made."""
        return self.status in AWAITING_READER

    @property
    def searched_text(self) -> str:
        """Every text field, for searching."""
        texts = (self.patient, self.patient_id, self.birth_date, self.accession, self.date, self.modality)
        more = (self.description, self.suggestion, self.adapted, self.status, self.decided, self.note)
        marked = ("urgent", *self.urgent_by) if self.urgent_by else ()
        return "\n".join(filter(None, (*texts, *more, *marked))).casefold().replace("^", " ")


def name_of(row: Row) -> str:
    """The patient's name as a person reads it (DICOM's PN carets become a comma and spaces)."""
    family, caret, given = row.patient.partition("^")
    if not caret:
        return family
    if "^" in given:
        given = " ".join(filter(None, given.split("^")))
    return f"{family}, {given}" if given else family


def _date_key(row: Row) -> bytes:
    return f"{row.date} {row.time}".encode("utf-8", "surrogatepass")


def _uncertainty_key(row: Row) -> float:
    return 0.0 if row.uncertainty is None else -1.0 - row.uncertainty


def _name_key(row: Row) -> str:
    """Nameless rows last; the patient's ID decides between equal names."""
    name = name_of(row).casefold()
    return f"{' ' if name else '~'}{name}\0{row.patient_id}"


@dataclass(frozen=True, slots=True)
class Update:
    """What `Rows.update` changed.

    Parameters
    ----------
    changed
        Slots of the rows that were known before.
    added
        How many are new; their slots are the last ones.
    is_rearranged
        Whether order or search result may be others now.
    """

    changed: Slots
    added: int
    is_rearranged: bool


class Rows:
    """Rows by study UID, with what they are ordered by in arrays."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows: list[Row] = []
        self._slots: dict[str, int] = {}
        self._dates = np.empty(0, "S19")
        self._uncertainties = np.empty(0, np.float64)
        self._statuses = np.empty(0, np.int8)
        self._asked = Asked()
        self._asked_places = np.empty(0, np.int64)  # in `_asked`, or `NOWHERE`
        self._only: Slots | None = None  # the only ones that are shown, in their order
        self._suggests = np.empty(0, np.bool_)  # whether a suggestion is shown
        self._is_scored = np.empty(0, np.bool_)  # whether what follows is newer than the row
        self._score_names = np.empty(0, np.int32)  # in `_names_of_scores`; -1 for none
        self._score_confidences = np.empty(0, np.float32)
        self._names_of_scores: list[str] = []
        self._texts: list[str | None] = []
        self._names: list[str | None] = []
        self._textless: list[int] = []  # slots whose text has to be made
        self._nameless: list[int] = []
        self._by_name: list[int] = []  # slots in the order of their names, as far as they are in it
        self._orders: dict[Order, Slots] = {}
        self._words: tuple[str, ...] = ()
        self._found: NDArray[np.bool_] | None = None  # by slot; None where nothing is searched for
        self._append(list(rows))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, slot: int) -> Row:
        if self._is_scored[slot]:
            self._rows[slot] = self._with_score(slot)
            self._is_scored[slot] = False
        return self._rows[slot]

    def _with_score(self, slot: int) -> Row:
        name, key = int(self._score_names[slot]), float(self._uncertainties[slot])
        return replace(
            self._rows[slot],
            adapted=self._names_of_scores[name] if name >= 0 else None,
            adapted_confidence=float(self._score_confidences[slot]) if name >= 0 else None,
            uncertainty=-1.0 - key if key < 0 else None,
        )

    def slot_of(self, uid: str) -> int | None:
        return self._slots.get(uid)

    @property
    def awaiting(self) -> NDArray[np.bool_]:
        """By slot: whether the study waits for a reader."""
        return self._statuses <= _LAST_RANK_AWAITING

    # Changing

    def update(self, rows: Iterable[Row], order: Order) -> Update:
        """Replace the rows of known studies; those of new studies are added behind all others.

        `order` is the one that is shown: `Update.is_rearranged` is about it.
        """
        latest = {row.study_uid: row for row in rows}
        known = [row for uid, row in latest.items() if uid in self._slots]
        new = (
            [row for uid, row in latest.items() if uid not in self._slots] if len(known) < len(latest) else []
        )
        changed = np.fromiter((self._slots[row.study_uid] for row in known), np.intp, len(known))
        is_rearranged = self._replace(changed, known, order)
        if new:
            self._append(new)
        return Update(changed, len(new), is_rearranged or bool(new))

    def _append(self, rows: list[Row]) -> None:
        """Add the rows of studies that are not here yet; of two of one study the latter counts."""
        first, count = len(self._rows), len(rows)
        slots = range(first, first + count)
        self._slots.update(zip(map(_UID_OF, rows), slots, strict=True))
        if len(self._slots) < first + count:
            for row in rows:
                self._slots.pop(row.study_uid, None)
            self._append(list({row.study_uid: row for row in rows}.values()))
            return
        self._rows += rows
        self._dates = np.concatenate((self._dates, _dates_of(rows)))
        self._uncertainties = np.concatenate((self._uncertainties, _uncertainties_of(rows)))
        self._statuses = np.concatenate((self._statuses, _statuses_of(rows)))
        self._asked_places = np.concatenate((self._asked_places, np.full(count, NOWHERE, np.int64)))
        self._suggests = np.concatenate((self._suggests, _suggests_of(rows)))
        self._is_scored = np.concatenate((self._is_scored, np.zeros(count, np.bool_)))
        self._score_names = np.concatenate((self._score_names, np.full(count, -1, np.int32)))
        self._score_confidences = np.concatenate((self._score_confidences, np.zeros(count, np.float32)))
        for made, missing in ((self._texts, self._textless), (self._names, self._nameless)):
            made += [None] * count
            missing += slots
        newest = self._orders.get("newest")
        self._orders.clear()
        if newest is not None:  # mostly in order already, which the sort makes use of
            self._orders["newest"] = self._newest_first(np.concatenate((newest, np.asarray(slots, np.intp))))
        if self._found is not None:
            self._found = np.concatenate((self._found, self._are_found(slots)))

    def _replace(self, slots: Slots, rows: list[Row], order: Order) -> bool:
        """Put rows in the place of others; whether order or search result changed by it."""
        if not rows:
            return False
        for slot, row in zip(slots.tolist(), rows, strict=True):
            before = self._rows[slot]
            self._rows[slot] = row
            if self._texts[slot] is not None:
                self._texts[slot] = None
                self._textless.append(slot)
            if before.patient != row.patient or before.patient_id != row.patient_id:
                if self._names[slot] is not None:
                    self._names[slot] = None
                    self._nameless.append(slot)
                self._orders.pop("patient", None)
        dates, uncertainties = _dates_of(rows), _uncertainties_of(rows)
        statuses = _statuses_of(rows)
        if not np.array_equal(dates, self._dates[slots]):
            self._orders.clear()
        if not np.array_equal(uncertainties, self._uncertainties[slots]):
            self._orders.pop("uncertain", None)
        if not np.array_equal(statuses, self._statuses[slots]):
            self._orders.pop("to read", None)
            self._orders.pop("ask first", None)
        if dates.dtype.itemsize > self._dates.dtype.itemsize:
            self._dates = self._dates.astype(dates.dtype)
        self._dates[slots], self._uncertainties[slots], self._statuses[slots] = dates, uncertainties, statuses
        self._suggests[slots], self._is_scored[slots] = _suggests_of(rows), False
        return not self._found_again(slots) or order not in self._orders

    def score(self, scores: RowScores, order: Order) -> Update:
        """Take what re-fitted heads say of rows; each is changed when it is looked at.

        Rows that show no suggestion by now, or are not here, stay as they are.
        """
        slots = np.fromiter(
            (self._slots.get(uid, -1) for uid in scores.study_uids), np.intp, len(scores.study_uids)
        )
        which = np.flatnonzero((slots >= 0) & self._suggests[slots]) if len(self._rows) else slots[:0]
        slots = slots[which]
        codes = np.array([self._code_of(name) for name in scores.names] + [-1], np.int32)
        names = codes[scores.suggestion[which]]
        renamed = slots[names != self._shown_names(slots)]
        self._score_names[slots], self._is_scored[slots] = names, True
        self._score_confidences[slots] = scores.confidence[which]
        told = scores.uncertainty[which]
        keys = np.where(np.isnan(told), self._uncertainties[slots], -1.0 - told)
        if not np.array_equal(keys, self._uncertainties[slots]):
            self._orders.pop("uncertain", None)
        self._uncertainties[slots] = keys
        for slot in renamed.tolist():
            if self._texts[slot] is not None:
                self._texts[slot] = None
                self._textless.append(slot)
        return Update(slots, 0, not self._found_again(renamed) or order not in self._orders)

    def _code_of(self, name: str) -> int:
        if name not in self._names_of_scores:
            self._names_of_scores.append(name)
        return self._names_of_scores.index(name)

    def _shown_names(self, slots: Slots) -> NDArray[np.int32]:
        """The site-adapted suggestions of some rows as they are, as numbers of `_names_of_scores`."""
        shown = self._score_names[slots]
        for place in np.flatnonzero(~self._is_scored[slots]).tolist():
            name = self._rows[slots[place]].adapted
            shown[place] = -1 if name is None else self._code_of(name)
        return shown

    def _found_again(self, slots: Slots) -> bool:
        """Search the changed rows; whether the result is what it was."""
        if self._found is None:
            return True
        found = self._are_found(slots.tolist())
        is_same = bool(np.array_equal(found, self._found[slots]))
        self._found[slots] = found
        return is_same

    def ask(self, asked: Asked) -> None:
        """Take another order in which a reader is asked about studies; of those that are here."""
        self._asked = asked
        self._asked_places = np.full(len(self._rows), NOWHERE, np.int64)
        slots = np.fromiter(
            (self._slots.get(uid, -1) for uid in asked.study_uids), np.intp, len(asked.study_uids)
        )
        is_here = slots >= 0
        self._asked_places[slots[is_here]] = np.flatnonzero(is_here)
        self._orders.pop("ask first", None)

    def reason(self, slot: int) -> str:
        """Why a reader is asked about a study, in a sentence; empty where there is nothing to say."""
        place = int(self._asked_places[slot])
        return "" if place == NOWHERE else reason_text(self._asked, place)

    def show_only(self, uids: Sequence[str] | None) -> None:
        """Show these studies in this order, or, for None, all in the order that is chosen."""
        self._only = None
        if uids is not None:
            slots = (self._slots.get(uid, -1) for uid in uids)
            self._only = np.fromiter((slot for slot in slots if slot >= 0), np.intp)

    # Search

    @property
    def searched(self) -> str:
        """The words that are looked for."""
        return " ".join(self._words)

    def search(self, text: str) -> bool:
        """Look for the rows in which every word of the text occurs somewhere; whether it asks for others."""
        words = tuple(text.casefold().split())
        if words == self._words:
            return False
        # Each word so far occurs in one that is asked for now: what was not found is not found now either.
        is_narrower = all(any(word in other for other in words) for word in self._words)
        before, self._words = self._found, words
        if not words:
            self._found = None
            return True
        candidates: Sequence[int] = range(len(self._rows))
        if before is not None and is_narrower:
            candidates = np.flatnonzero(before).tolist()
        self._make_texts()
        found = np.zeros(len(self._rows), np.bool_)
        found[self._matches(candidates)] = True
        self._found = found
        return True

    def _are_found(self, slots: Sequence[int]) -> NDArray[np.bool_]:
        self._make_texts()
        return np.isin(np.asarray(slots, np.intp), self._matches(slots))

    def _matches(self, slots: Sequence[int]) -> Slots:
        """Of some slots, those whose text holds every word. The texts have to be there."""
        texts = self._texts
        for word in self._words:
            slots = [slot for slot in slots if word in texts[slot]]  # type: ignore[operator]
        return np.asarray(slots, np.intp)

    def _make_texts(self, until: float = float("inf")) -> None:
        texts, missing = self._texts, self._textless
        while missing and time.perf_counter() < until:
            some = missing[-256:]
            del missing[-256:]
            for slot in some:
                texts[slot] = self[slot].searched_text

    # Order

    def arranged(self, order: Order) -> Slots:
        """The rows that the search finds, in the order; equal ones stand newest first."""
        whole = self._ordered(order) if self._only is None else self._only
        return whole if self._found is None else whole[self._found[whole]]

    def _ordered(self, order: Order) -> Slots:
        known = self._orders.get(order)
        if known is not None:
            return known
        if order == "newest":
            ordered = self._newest_first(np.arange(len(self._rows)))
        else:
            newest = self._ordered("newest")
            ordered = newest[np.argsort(self._keys(order)[newest], kind="stable")]
        self._orders[order] = ordered
        return ordered

    def _newest_first(self, slots: Slots) -> Slots:
        """Slots by date, falling; equal ones stay as they stand."""
        backwards = slots[::-1]
        rising: Slots = backwards[np.argsort(self._dates[backwards], kind="stable")]
        return rising[::-1]

    def _keys(self, order: Order) -> NDArray[np.generic]:
        if order == "uncertain":
            return self._uncertainties
        if order == "ask first":
            behind = NOWHERE + self._statuses.astype(np.int64)
            return np.where(self._asked_places == NOWHERE, behind, self._asked_places)
        return self._statuses if order == "to read" else self._name_ranks()

    def _name_ranks(self) -> NDArray[np.int32]:
        """By slot: the rank of the patient's name, the same for the same name and ID."""
        self._make_names()
        names: list[str] = self._names  # type: ignore[assignment]
        slots = self._by_name + list(range(len(self._by_name), len(names)))
        slots.sort(key=names.__getitem__)  # mostly in order already, which this sort makes use of
        self._by_name = slots
        sorted_names = [names[slot] for slot in slots]
        is_other = np.fromiter(
            map(operator.ne, sorted_names[1:], sorted_names), np.bool_, max(len(slots) - 1, 0)
        )
        ranks = np.zeros(len(slots), np.int32)
        ranks[slots[1:]] = np.cumsum(is_other)
        return ranks

    def _make_names(self, until: float = float("inf")) -> None:
        rows, names, missing = self._rows, self._names, self._nameless
        while missing and time.perf_counter() < until:
            some = missing[-256:]
            del missing[-256:]
            for slot in some:
                names[slot] = _name_key(rows[slot])

    # While nobody waits

    def prepare(self, for_s: float) -> bool:
        """Make texts and names that will be needed, for a little while; whether some are left to make."""
        until = time.perf_counter() + for_s
        self._make_texts(until)
        self._make_names(until)
        return bool(self._textless or self._nameless)


def _dates_of(rows: list[Row]) -> NDArray[np.bytes_]:
    return np.array([_date_key(row) for row in rows], np.bytes_ if rows else "S1")


def _uncertainties_of(rows: list[Row]) -> NDArray[np.float64]:
    return np.fromiter(map(_uncertainty_key, rows), np.float64, len(rows))


def _suggests_of(rows: list[Row]) -> NDArray[np.bool_]:
    return np.fromiter((row.suggestion is not None for row in rows), np.bool_, len(rows))


def _statuses_of(rows: list[Row]) -> NDArray[np.int8]:
    return np.fromiter((_STATUS_RANK[row.status] for row in rows), np.int8, len(rows))
