"""What Qt asks of the worklist: rows in their places, changed in place, moved and added without a reset.

Sorting and searching are done by `widgets.worklist_rows` on arrays and not by a `QSortFilterProxyModel`,
which calls back into Python for every comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
)

from widgets.blind_words import again_text, hidden_text
from widgets.words import in_words
from widgets.worklist_asked import Asked, urgency_text
from widgets.worklist_rows import Order, Row, Rows, Slots, Status, name_of
from widgets.worklist_scores import RowScores

__all__ = ["ROW_ROLE", "Order", "Row", "Status", "WorklistModel", "name_of", "status_text"]

ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1
_TOLD_ONE_BY_ONE = 16  # more changed rows than this are announced as one range
_PREPARING_S = 0.004


def status_text(status: Status) -> str:
    """The status in the reader's language."""
    translate = QCoreApplication.translate
    words: dict[Status, str] = {
        "to read": translate("Worklist", "to read"),
        "read": translate("Worklist", "read"),
        "part read": translate("Worklist", "part read"),
        "no suggestion": translate("Worklist", "no suggestion"),
        "reading failed": translate("Worklist", "reading failed"),
    }
    return words[status]


def _without_identity(row: Row) -> Row:
    """The row as others may see it: nothing of what the film hides either."""
    hidden = QCoreApplication.translate("Worklist", "Patient hidden")
    return replace(row, patient=hidden, patient_id="", birth_date="", accession="", date="", time="")


class WorklistModel(QAbstractListModel):
    """Studies in the order and under the search that were asked for, each known by its study UID.

    Rows that are changed, moved or added never reset the list, so that a view keeps what is chosen, and
    what has the focus. A reset is what a search does, or other rows altogether (see `Worklist`).
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows = Rows()
        self._shown: Slots = np.empty(0, np.intp)  # by place
        self._places: Slots = np.empty(0, np.intp)  # by slot; -1 where the search hides it
        self._order: Order = "newest"
        self._only: Sequence[str] | None = None
        self._is_due = False  # whether rows changed that have not gone to their places yet
        self._is_identity_hidden = False
        self._preparing = QTimer(self, interval=0)
        self._preparing.timeout.connect(self._prepare)

    # What Qt asks

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._shown):
            return None
        slot = int(self._shown[index.row()])
        row = self._rows[slot]
        if self._is_identity_hidden:
            row = _without_identity(row)
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return name_of(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(row, self._reason(slot))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row, self._reason(slot))
        return None

    # What the worklist asks

    def set_identity_hidden(self, is_hidden: bool) -> None:
        """Say who the patients are, or do not; order and search know them all the same."""
        if is_hidden != self._is_identity_hidden:
            self._is_identity_hidden = is_hidden
            self.dataChanged.emit(self.index(0), self.index(max(len(self._shown) - 1, 0)))

    @property
    def order(self) -> Order:
        return self._order

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Replace everything."""
        before, self._rows = self._rows, Rows(rows)
        self._rows.search(before.searched)
        self._reset()
        self._preparing.start()

    def update_rows(self, rows: Iterable[Row], more_follow: bool = False) -> None:
        """Replace the rows of these studies where they stand; rows of new studies are added.

        Where `more_follow` at once, known rows go to their new places with the last of them only.
        """
        done = self._rows.update(rows, self._order)
        self._is_due |= done.is_rearranged
        self._preparing.start()
        if self._is_due and (done.added or not more_follow):
            self._is_due = False
            self._move_to(self._rows.arranged(self._order))
        self._tell_changed(done.changed)

    def score_rows(self, scores: RowScores) -> None:
        """Take what re-fitted heads say of many studies; all of them go to their places at once."""
        done = self._rows.score(scores, self._order)
        self._preparing.start()
        if done.is_rearranged:
            self._move_to(self._rows.arranged(self._order))
        self._tell_changed(done.changed)

    def ask(self, asked: Asked) -> None:
        """Take another order in which the reader is asked about studies."""
        self._rows.ask(asked)
        if self._order == "ask first" and self._only is None:
            self._move_to(self._rows.arranged(self._order))

    def show_only(self, uids: Sequence[str] | None) -> None:
        """Show these studies in this order, or, for None, all of them again."""
        if uids is not None or self._only is not None:
            self._only = uids
            self._rows.show_only(uids)
            self._reset()

    def _reason(self, slot: int) -> str:
        """Why the reader is asked about a study, where the order is that of asking."""
        is_asked = self._order == "ask first" and self._rows[slot].awaits_reader
        return self._rows.reason(slot) if is_asked and self._only is None else ""

    def set_order(self, order: Order) -> None:
        if order != self._order:
            self._order = order
            self._move_to(self._rows.arranged(order))

    def search(self, text: str) -> None:
        """Show the studies in which every word of the text occurs somewhere."""
        if self._rows.search(text):
            self._reset()

    def row_of(self, uid: str) -> Row | None:
        """The study's row, also when the search hides it."""
        slot = self._rows.slot_of(uid)
        return None if slot is None else self._rows[slot]

    def position_of(self, uid: str) -> int | None:
        """Where the study stands now, None when it is unknown or hidden by the search."""
        slot = self._rows.slot_of(uid)
        place = -1 if slot is None else int(self._places[slot])
        return None if place < 0 else place

    def uid_at(self, position: int) -> str | None:
        shown = self._shown
        return self._rows[shown[position]].study_uid if 0 <= position < len(shown) else None

    def shown(self, first: int = 0, last: int | None = None) -> Sequence[Row]:
        """The rows in the order in which they are shown, all or from one place to before another."""
        return [self._rows[slot] for slot in self._shown[first:last].tolist()]

    def next_unread(self, after_uid: str) -> str | None:
        """The next study in the shown order that waits for a reader; after the last comes the first."""
        after = self.position_of(after_uid)
        waiting = np.flatnonzero(self._rows.awaiting[self._shown])
        waiting = waiting[waiting != (-1 if after is None else after)]
        if not len(waiting):
            return None
        following = np.searchsorted(waiting, -1 if after is None else after)
        return self.uid_at(int(waiting[following % len(waiting)]))

    def counts(self) -> tuple[int, int]:
        """How many studies there are, and how many of them wait for a reader, whatever the search hides."""
        return len(self._rows), int(self._rows.awaiting.sum())

    # Places

    def _reset(self) -> None:
        self.beginResetModel()
        self._place(self._rows.arranged(self._order))
        self.endResetModel()

    def _place(self, shown: Slots) -> None:
        self._shown = shown
        self._places = np.full(len(self._rows), -1, np.intp)
        self._places[shown] = np.arange(len(shown))

    def _move_to(self, shown: Slots) -> None:
        """Show these rows. New ones come in at the end, then all go to their places: views keep theirs."""
        if np.array_equal(shown, self._shown):
            self._place(shown)
            return
        is_new = np.ones(len(self._rows), np.bool_)
        is_new[self._shown] = False
        coming = shown[is_new[shown]]
        if len(shown) < len(self._shown) + len(coming):  # a search does not find some of them any more
            self._reset()
            return
        if len(coming):
            count = len(self._shown)
            self.beginInsertRows(QModelIndex(), count, count + len(coming) - 1)
            self._place(np.concatenate((self._shown, coming)))
            self.endInsertRows()
        if not np.array_equal(shown, self._shown):
            self.layoutAboutToBeChanged.emit()
            kept = self.persistentIndexList()
            slots = [int(self._shown[index.row()]) for index in kept]
            self._place(shown)
            self.changePersistentIndexList(kept, [self.index(int(self._places[slot])) for slot in slots])
            self.layoutChanged.emit()

    def _tell_changed(self, slots: Slots) -> None:
        places = self._places[slots]
        places = places[places >= 0]
        if len(places) > _TOLD_ONE_BY_ONE:
            self.dataChanged.emit(self.index(int(places.min())), self.index(int(places.max())))
            return
        for place in places.tolist():
            self.dataChanged.emit(self.index(place), self.index(place))

    def _prepare(self) -> None:
        """Make what a search will need while nobody waits for anything."""
        if not self._rows.prepare(_PREPARING_S):
            self._preparing.stop()

    # Words

    def _tooltip(self, row: Row, reason: str) -> str:
        who = (
            (self.tr("Patient ID"), row.patient_id),
            (self.tr("Born"), row.birth_date),
            (self.tr("Sex"), row.sex),
            (self.tr("Accession"), row.accession),
            (self.tr("Study"), " ".join(part for part in (row.modality, row.date, row.time) if part)),
            (self.tr("Description"), row.description),
            (self.tr("Images"), str(row.images)),
        )
        lines = [name_of(row) or self.tr("Name not in the file")]
        lines += [f"{label}: {value}" for label, value in who if value]
        if row.suggestion and row.confidence is not None:
            lines.append(self.tr("Suggested: {0} {1:.0%}").format(row.suggestion, row.confidence))
        if row.adapted and row.adapted_confidence is not None:
            lines.append(self.tr("Site-adapted: {0} {1:.0%}").format(row.adapted, row.adapted_confidence))
        lines.append(": ".join(filter(None, (status_text(row.status), row.decided))))
        if row.is_hidden:
            lines.append(again_text() if row.is_second_read else hidden_text())
        if row.note:
            lines.append(in_words(row.note))
        if row.urgent_by:
            lines.append(urgency_text(row.urgent_by))
        if reason:
            lines.append(reason)
        return "\n".join(lines).replace("<", "‹")  # a name out of a file is never read as markup

    def _spoken(self, row: Row, reason: str) -> str:
        said = [name_of(row), row.modality, row.date, row.description]
        if row.suggestion and row.confidence is not None:
            said.append(self.tr("suggested {0}, {1:.0%}").format(row.suggestion, row.confidence))
        said.append(": ".join(filter(None, (status_text(row.status), row.decided))))
        if row.is_hidden:
            said.append(again_text() if row.is_second_read else hidden_text())
        if row.urgent_by:
            said.append(urgency_text(row.urgent_by))
        said.append(reason)
        return ", ".join(part for part in said if part)
