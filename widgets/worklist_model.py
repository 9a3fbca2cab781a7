"""The worklist's rows: searched, ordered and changed in place by study, without a widget for any of them.

Sorting and searching are done here on plain lists and not by a `QSortFilterProxyModel`, which calls back into
Python for every comparison: 10,000 studies would take seconds instead of milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QCoreApplication, QModelIndex, QPersistentModelIndex, Qt

Status = Literal["to read", "read", "part read", "no suggestion", "reading failed"]
Order = Literal["newest", "uncertain", "patient", "to read"]

ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1
AWAITING_READER: frozenset[Status] = frozenset({"to read", "part read"})
_STATUS_RANK: dict[Status, int] = {
    "part read": 0,
    "to read": 1,
    "reading failed": 2,
    "no suggestion": 3,
    "read": 4,
}


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
    note
        A sentence that explains the status, e.g. why there is no suggestion; shown as tooltip.
    thumbnail
        (h, w) or (h, w, 3) uint8, None until it is ready.
    is_waiting
        The model is still looking at it.
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
    note: str = ""
    thumbnail: NDArray[np.uint8] | None = None
    is_waiting: bool = False

    @property
    def awaits_reader(self) -> bool:
        """Whether a decision is still to be made."""
        return self.status in AWAITING_READER

    @property
    def searched_text(self) -> str:
        """Every text field, for searching."""
        texts = (self.patient, self.patient_id, self.birth_date, self.accession, self.date, self.modality)
        more = (self.description, self.suggestion or "", self.adapted or "", self.status, self.note)
        return "\n".join((*texts, *more)).casefold().replace("^", " ")


def name_of(row: Row) -> str:
    """The patient's name as a person reads it (DICOM's PN carets become a comma and spaces)."""
    family, _, rest = row.patient.partition("^")
    given = " ".join(part for part in rest.split("^") if part)
    return f"{family}, {given}" if given else family


def status_text(status: Status) -> str:
    """The status in the reader's language."""
    return QCoreApplication.translate("Worklist", status)


def _patient_key(row: Row) -> Any:
    name = name_of(row).casefold()
    return (not name, name, row.patient_id)


def _date_key(row: Row) -> Any:
    return (row.date, row.time)


_KEYS: dict[Order, Callable[[Row], Any]] = {
    "newest": _date_key,
    "uncertain": lambda row: 0.0 if row.uncertainty is None else -1.0 - row.uncertainty,
    "patient": _patient_key,
    "to read": lambda row: _STATUS_RANK[row.status],
}


def _in_order(rows: list[Row], order: Order) -> list[Row]:
    """Rows in the order; those that are equal in it stand newest first, for Python's sort is stable."""
    newest_first = sorted(rows, key=_date_key, reverse=True)
    return newest_first if order == "newest" else sorted(newest_first, key=_KEYS[order])


class WorklistModel(QAbstractListModel):
    """Studies in the order and under the search that were asked for, each known by its study UID.

    A change that leaves the order alone is announced by `dataChanged`; any other by a reset, after which the
    view puts selection and scrolling back (see `Worklist`).
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Row] = {}
        self._texts: dict[str, str] = {}
        self._shown: list[Row] = []
        self._positions: dict[str, int] = {}
        self._order: Order = "newest"
        self._words: tuple[str, ...] = ()

    # What Qt asks

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._shown):
            return None
        row = self._shown[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return name_of(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row)
        return None

    # What the worklist asks

    @property
    def order(self) -> Order:
        return self._order

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Replace everything."""
        self._rows = {row.study_uid: row for row in rows}
        self._texts = {uid: row.searched_text for uid, row in self._rows.items()}
        self._arrange()

    def update_rows(self, rows: Iterable[Row]) -> None:
        """Replace the rows of these studies where they stand; rows of new studies are added."""
        changed = list(rows)
        stays = all(self._stays_in_place(row) for row in changed)
        for row in changed:
            self._rows[row.study_uid] = row
            self._texts[row.study_uid] = row.searched_text
        if not stays:
            self._arrange()
            return
        for row in changed:
            position = self._positions.get(row.study_uid)
            if position is not None:
                self._shown[position] = row
                index = self.index(position)
                self.dataChanged.emit(index, index)

    def _stays_in_place(self, row: Row) -> bool:
        """Whether the change leaves order and search result alone; most do, such as a thumbnail."""
        known = self._rows.get(row.study_uid)
        if known is None or _date_key(known) != _date_key(row):
            return False
        key = _KEYS[self._order]
        is_shown = row.study_uid in self._positions
        return key(known) == key(row) and is_shown == self._is_found(row.searched_text)

    def _is_found(self, text: str) -> bool:
        return all(word in text for word in self._words)

    def set_order(self, order: Order) -> None:
        if order != self._order:
            self._order = order
            self._arrange()

    def search(self, text: str) -> None:
        """Show the studies in which every word of the text occurs somewhere."""
        words = tuple(text.casefold().split())
        if words != self._words:
            self._words = words
            self._arrange()

    def row_of(self, uid: str) -> Row | None:
        """The study's row, also when the search hides it."""
        return self._rows.get(uid)

    def position_of(self, uid: str) -> int | None:
        """Where the study stands now, None when it is unknown or hidden by the search."""
        return self._positions.get(uid)

    def uid_at(self, position: int) -> str | None:
        return self._shown[position].study_uid if 0 <= position < len(self._shown) else None

    def shown(self) -> Sequence[Row]:
        """The rows in the order in which they are shown."""
        return self._shown

    def next_unread(self, after_uid: str) -> str | None:
        """The next study in the shown order that waits for a reader; after the last comes the first."""
        start = self._positions.get(after_uid, -1) + 1
        around = (*range(start, len(self._shown)), *range(start))
        return next(
            (
                self._shown[place].study_uid
                for place in around
                if self._shown[place].awaits_reader and self._shown[place].study_uid != after_uid
            ),
            None,
        )

    def counts(self) -> tuple[int, int]:
        """How many studies there are, and how many of them wait for a reader, whatever the search hides."""
        return len(self._rows), sum(row.awaits_reader for row in self._rows.values())

    # Order and search

    def _arranged(self) -> list[Row]:
        rows = list(self._rows.values())
        if self._words:
            rows = [row for row in rows if self._is_found(self._texts[row.study_uid])]
        return _in_order(rows, self._order)

    def _arrange(self) -> None:
        self._show(self._arranged())

    def _show(self, rows: list[Row]) -> None:
        self.beginResetModel()
        self._shown = rows
        self._positions = {row.study_uid: place for place, row in enumerate(rows)}
        self.endResetModel()

    # Words

    def _tooltip(self, row: Row) -> str:
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
        lines.append(status_text(row.status))
        if row.note:
            lines.append(row.note)
        return "\n".join(lines).replace("<", "‹")  # a name out of a file is never read as markup

    def _spoken(self, row: Row) -> str:
        said = [name_of(row), row.modality, row.date, row.description]
        if row.suggestion and row.confidence is not None:
            said.append(self.tr("suggested {0}, {1:.0%}").format(row.suggestion, row.confidence))
        said.append(status_text(row.status))
        return ", ".join(part for part in said if part)
