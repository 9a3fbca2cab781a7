"""Rows of findings that readers added to what a family of models answers.

A finding is added by what a reader types, and known by the name that is made of it, so the same word is
the same finding, however it is written. The latest row of a name counts: a finding that nobody has used
can be taken away again, which is a row too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sqlalchemy import Connection, func, insert, select

from inference.card import ModelCard
from inference.coverage import family
from reviews import decisions
from reviews.clock import now
from reviews.errors import InvalidFinding
from reviews.record import AddedFinding
from reviews.tables import added_finding

LONGEST = 60
"""Characters of a finding's name, as the reader types it."""


def name_of(typed: str) -> str:
    """A finding's machine name: ``"Pulmonary tuberculosis"`` is ``"pulmonary-tuberculosis"``.

    Letters and digits of any script stay, without accents; whatever is between them is a hyphen.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", typed).casefold())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", bare)).strip("-")


def refuse_unusable(typed: str, card: ModelCard) -> None:
    """Raise `InvalidFinding` with one sentence where a reader's words cannot become a finding of a model."""
    display = _tidied(typed)
    if not name_of(display):
        raise InvalidFinding(f"The finding is called {display!r}; expected a name with a letter or a digit.")
    if len(display) > LONGEST:
        raise InvalidFinding(
            f"The finding's name {display[:20] + '…'!r} has {len(display)} characters; "
            f"expected at most {LONGEST}."
        )
    for known in card.findings:
        if name_of(display) in (known.name, name_of(known.name), name_of(known.display)):
            raise InvalidFinding(
                f"{display!r} cannot be added: {known.display} is a finding of the model {card.id} already."
            )


def beyond(card: ModelCard, added: Iterable[AddedFinding]) -> tuple[AddedFinding, ...]:
    """Those that a model does not answer itself: its network may have grown since they were added."""
    return tuple(a for a in added if a.name not in card.finding_names)


def add(connection: Connection, typed: str, card: ModelCard, reader: str) -> AddedFinding:
    """Add a finding to a model's family; the one that is there already where there is one of its name."""
    if not reader.strip():
        raise InvalidFinding("A finding was added by nobody; expected the name of the reader.")
    refuse_unusable(typed, card)
    its_family, name = family(card), name_of(typed)
    there = next((a for a in of_family(connection, its_family) if a.name == name), None)
    if there is not None:
        return there
    new = AddedFinding(name, _tidied(typed), its_family, reader, now())
    _insert(connection, new)
    return new


def take_away(connection: Connection, name: str, of_family_: str, reader: str) -> None:
    """Take an added finding away that no standing decision calls present."""
    there = next((a for a in of_family(connection, of_family_) if a.name == name), None)
    if there is None:
        raise InvalidFinding(f"{name!r} cannot be taken away: no reader added a finding of that name.")
    films = sum(r.answer_for(name) == "present" for r in decisions.all_standing(connection))
    if films:
        raise InvalidFinding(
            f"{there.display} cannot be taken away: it is answered present in {films} "
            f"{'image' if films == 1 else 'images'}; expected none."
        )
    _insert(connection, AddedFinding(name, there.display, of_family_, reader, now()), is_taken_away=True)


def of_family(connection: Connection, its_family: str) -> tuple[AddedFinding, ...]:
    """What readers added to a family, in the order in which they first did."""
    numbers = (
        select(func.max(added_finding.c.id).label("last"), func.min(added_finding.c.id).label("first"))
        .where(added_finding.c.family == its_family)
        .group_by(added_finding.c.name)
        .subquery()
    )
    rows = connection.execute(
        select(added_finding)
        .join(numbers, numbers.c.last == added_finding.c.id)
        .where(~added_finding.c.is_taken_away)
        .order_by(numbers.c.first)
    )
    return tuple(AddedFinding(r.name, r.display, r.family, r.reader, r.time) for r in rows)


def history(connection: Connection) -> list[tuple[AddedFinding, bool]]:
    """Every row in order, and whether it took the finding away."""
    rows = connection.execute(select(added_finding).order_by(added_finding.c.id))
    return [(AddedFinding(r.name, r.display, r.family, r.reader, r.time), r.is_taken_away) for r in rows]


def _insert(connection: Connection, new: AddedFinding, is_taken_away: bool = False) -> None:
    connection.execute(
        insert(added_finding),
        {
            "name": new.name,
            "display": new.display,
            "family": new.family,
            "reader": new.reader,
            "is_taken_away": is_taken_away,
            "time": new.time,
        },
    )


def _tidied(typed: str) -> str:
    return " ".join(unicodedata.normalize("NFC", typed).split())
