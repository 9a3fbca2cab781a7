"""The store: everything that readers decided, and which images and models it was about.

One object a process, for all its threads; several processes may have the same store open. What is
recorded is on disk when the call returns, and is never changed afterwards: undo and roll-back are
new rows, and the database itself refuses updates. Every method raises `reviews.errors.StoreError`
with a sentence where the store cannot be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection

from inference.card import ModelCard
from inference.prediction import Prediction
from reviews import (
    acts,
    added_findings,
    answered,
    counts,
    decisions,
    images,
    likeness,
    marks,
    migrations,
    news,
    parts,
    predictions,
    promotions,
)
from reviews import annotations as annotation_rows
from reviews.blinding import blind_answers
from reviews.database import Database
from reviews.likeness import Joined, Kinship, KnownLikenesses, images_together, kinship, last_row
from reviews.news import OwnRows, Token
from reviews.record import (
    AddedFinding,
    Annotation,
    Changes,
    Collected,
    KeptEvaluation,
    KnownImages,
    News,
    Part,
    Promotion,
    Review,
    StudyMark,
    UrgencyMark,
)
from studies.image import Header

_HEADERS_AT_ONCE = 500

T = TypeVar("T")


class Store:
    """Readers' decisions and what belongs to them.

    Parameters
    ----------
    url
        The path of a SQLite file, made with its folder where it is missing, or a SQLAlchemy URL
        (``postgresql+psycopg://user@host/database``).
    busy_timeout_s
        How long a write waits for another process's write before it raises `StoreBusy`.

    Raises
    ------
    NewerStore, DamagedStore
        The file was written by a newer program, is no store, or is damaged; it is not touched.
    StoreUnwritable, StoreUnreachable
        The folder gives no rights; the server is not there.
    """

    def __init__(self, url: str | Path, *, busy_timeout_s: float = 30.0) -> None:
        migrations.refuse_unusable_file(url)
        self._database = Database(url, busy_timeout_s)
        try:
            migrations.migrate(self._database)
        except BaseException:
            self._database.close()
            raise
        self._own = OwnRows()
        # What was given never changes, so it is remembered without end: by image, and up to which row.
        self._given: dict[str, tuple[str, Part]] = {}
        self._given_known_to = 0
        self._kin = Kinship()
        self._likenesses = KnownLikenesses()

    @property
    def place(self) -> str:
        """The store's path, or its URL without the password."""
        return self._database.place

    def close(self) -> None:
        """Let go of the file; whatever is asked afterwards raises `StoreClosed`."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- images ------------------------------------------------------------------------------

    def add_images(self, headers: Iterable[Header]) -> Changes:
        """Add images that are not here yet; give each new patient a part for good.

        A known image (by SOPInstanceUID) whose file moved, or reads otherwise, gets a new row. One
        that is another image under the same UID is refused with a sentence in `Changes.skipped`.
        Every few hundred images are a transaction of their own, so a scan that is cut short keeps
        what it had and holds nobody up.
        """
        added: list[tuple[str, int]] = []
        updated: list[str] = []
        skipped: list[str] = []
        for few in _in_fews(headers, _HEADERS_AT_ONCE):
            with self._write() as connection:
                result = images.add(connection, few)
            added += [(h.sop_instance_uid, n) for h in result.new for n in range(1, h.frames + 1)]
            updated += result.updated
            skipped += result.skipped
        return Changes(images_added=tuple(added), images_updated=tuple(updated), skipped=tuple(skipped))

    def headers(self, uids: Iterable[str] | None = None) -> list[Header]:
        """Every image of the worklist in the order in which they were first seen, or some of them."""
        with self._database.read() as connection:
            if uids is None:
                return images.headers(connection)
            few = (images.of_images(connection, some) for some in _in_fews(uids, _HEADERS_AT_ONCE))
            return [header for some in few for header in some]

    def studies_newest_first(self) -> list[list[int]]:
        """Each study as the rows that tell of its images, for `images_in`; the newest study first."""
        with self._database.read() as connection:
            return images.newest_first(connection)

    def images_in(self, rows: Sequence[int]) -> KnownImages:
        """Some images, with the decisions that stand on them and what models said of them."""
        with self._database.read() as connection:
            headers = images.in_rows(connection, rows)
            uids = [header.sop_instance_uid for header in headers]
            return KnownImages(
                tuple(headers),
                tuple(decisions.standing_on(connection, uids)),
                tuple(predictions.of_images(connection, uids)),
                parts.parts_of(connection, uids, self._kinship(connection)),
                answered.answered_by(connection, uids),
            )

    def header(self, sop_instance_uid: str) -> Header | None:
        with self._database.read() as connection:
            return images.header(connection, sop_instance_uid)

    def header_of_path(self, path: str) -> Header | None:
        """The image last seen at a path, with its path of now: it may have been moved since."""
        with self._database.read() as connection:
            return images.header_of_path(connection, path)

    def part_of(self, header: Header) -> Part:
        """The part of an image's patient, assigned now if the patient was never seen.

        An image keeps the unit of splitting that it had when it was first seen, whatever its header says
        later. Its part changes where a film of the unit turns out to be a copy (`reviews.likeness`).
        """
        with self._database.read() as connection:
            kin = self._kinship(connection)
            known = self._given.get(header.sop_instance_uid)
            if known is None:
                for row_id, uid, unit, its_part in images.parts_after(connection, self._given_known_to):
                    self._given[uid] = unit, its_part
                    self._given_known_to = max(self._given_known_to, row_id)
                known = self._given.get(header.sop_instance_uid)
            unit = header.split_key if known is None else known[0]
            part = images.part_of_key(connection, unit) if known is None else known[1]
        if part is None:
            with self._write() as connection:
                images.assign_parts(connection, [unit])
                part = images.part_of_key(connection, unit)
        assert part is not None  # just assigned
        return kin.part_of.get(unit, part)

    def studies_of(self, uids: Sequence[str]) -> dict[str, str]:
        """The StudyInstanceUID of some images, by SOPInstanceUID."""
        with self._database.read() as connection:
            return images.studies_of(connection, uids)

    def parts_of(self, uids: Sequence[str]) -> dict[str, Part]:
        """The parts of some images of the store by SOPInstanceUID."""
        with self._database.read() as connection:
            return parts.parts_of(connection, uids, self._kinship(connection))

    def belongings(self, uids: Sequence[str]) -> dict[str, tuple[str, Part]]:
        """(unit of splitting, part) of some images; units that share a film are one."""
        with self._database.read() as connection:
            return parts.belongings(connection, uids, self._kinship(connection))

    def _kinship(self, connection: Connection) -> Kinship:
        if last_row(connection) != self._kin.up_to:
            self._kin = kinship(connection)
        return self._kin

    # -- films that show the same ------------------------------------------------------------

    def remember_likenesses(self, found: Sequence[tuple[tuple[str, int], bytes | None]]) -> Joined:
        """Keep the perceptual hashes of frames; which show what another film shows, and the parts since."""
        with self._write() as connection:
            return self._remember_likenesses(connection, found)

    def _remember_likenesses(
        self, connection: Connection, found: Sequence[tuple[tuple[str, int], bytes | None]]
    ) -> Joined:
        pairs = likeness.remember(connection, self._likenesses, found)
        if not pairs:
            return Joined()
        uids = list(dict.fromkeys(pair.key[0] for pair in pairs))
        kin = kinship(connection)  # not to be kept before it is certain that the rows are
        together = images_together(connection, kin, uids)
        return Joined(pairs, parts.parts_of(connection, together, kin))

    def without_likeness(self, frames: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        """Of some frames, as (SOPInstanceUID, frame), those of which nobody told a hash yet."""
        with self._database.read() as connection:
            return likeness.without(connection, frames)

    def units_together(self, units: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The units of splitting that are one with some, by unit; those that share no film are left out."""
        with self._database.read() as connection:
            kin = self._kinship(connection)
        return {unit: kin.together_with(unit) for unit in units if unit in kin.unit_of}

    def units_showing(self, hashes: Sequence[bytes | None]) -> list[tuple[str, ...]]:
        """For films from elsewhere, by their hashes (`studies.likeness`), the units of splitting of which a
        film shows the same."""
        with self._database.read() as connection:
            return likeness.units_showing(connection, hashes)

    @property
    def knows_likenesses(self) -> bool:
        """Whether there is a film that others can be held against by `units_showing`."""
        with self._database.read() as connection:
            return likeness.is_any_known(connection)

    def copies(self) -> list[tuple[tuple[str, int], tuple[str, int]]]:
        """Frames, as (SOPInstanceUID, frame), that turned out to show the same as another unit's."""
        with self._database.read() as connection:
            return likeness.copies(connection)

    # -- decisions ---------------------------------------------------------------------------

    def append(self, review: Review) -> tuple[Review, Changes]:
        """Record a decision; it is on disk when this returns, with its id and its time.

        Raises
        ------
        InvalidReview
            It answers nothing, names nobody, or its image is not in the store.
        StoreUnwritable
            It was not recorded: the disk is full, for instance.
        """
        with self._write() as connection:
            recorded = decisions.append(connection, review)
        return recorded, _changes_of(recorded)

    def undo(self, reader: str) -> Changes | None:
        """Take back a reader's latest decision, on whichever image; None where there is none left."""
        with self._write() as connection:
            row = decisions.undo(connection, reader)
        return None if row is None else _changes_of(row)

    def redo(self, reader: str) -> Changes | None:
        """Take back a reader's latest undo; None where there is none since their latest decision."""
        with self._write() as connection:
            row = decisions.redo(connection, reader)
        return None if row is None else _changes_of(row)

    def standing(self, uid: str, frame: int) -> Review | None:
        """The latest decision on a frame that was not taken back, by any reader."""
        with self._database.read() as connection:
            return decisions.standing(connection, uid, frame)

    def standing_reviews(self) -> list[Review]:
        """The decision that stands on each frame that has one, in the order they were made."""
        with self._database.read() as connection:
            return decisions.all_standing(connection)

    def answered_by(self, uid: str, frame: int) -> frozenset[str]:
        """Everybody who ever decided on a frame, whether or not they took it back."""
        with self._database.read() as connection:
            return answered.answered_by(connection, [uid]).get((uid, frame), frozenset())

    def blind_answers(self, uids: Sequence[str]) -> dict[tuple[str, int], tuple[Review, ...]]:
        """By frame of some images: what each reader answered before a suggestion was shown to them.

        Frames on which somebody decided and nobody did so blind have none (see `reviews.blinding`).
        """
        with self._database.read() as connection:
            made = answered.decisions_on(connection, uids)
        return {key: blind_answers(rows) for key, rows in made.items()}

    def measuring_answers(self) -> dict[tuple[str, int], tuple[Review, ...]]:
        """By decided frame of the test part: what each reader answered before a suggestion was shown to them.

        Frames on which nobody did have none; those on which all was taken back are there too.
        """
        with self._database.read() as connection:
            uids = answered.decided_images(connection)
            belong = parts.parts_of(connection, uids, self._kinship(connection))
            made = answered.decisions_on(connection, [uid for uid in uids if belong[uid] == "test"])
        return {key: blind_answers(rows) for key, rows in made.items()}

    def history(self) -> list[Review]:
        """Every row of decisions in order, taken back or not, and the rows that took back."""
        with self._database.read() as connection:
            return decisions.history(connection)

    # -- findings that readers added -----------------------------------------------------------

    def add_finding(self, typed: str, card: ModelCard, reader: str) -> AddedFinding:
        """Add a finding, by the words a reader typed, to those that a model's family answers.

        The same words, however they are written, are the same finding: it is added once.

        Raises
        ------
        InvalidFinding
            The words are none, too many, or a finding of the model already.
        """
        with self._write() as connection:
            return added_findings.add(connection, typed, card, reader)

    def take_finding_away(self, name: str, family: str, reader: str) -> None:
        """Take an added finding away; `InvalidFinding` where a decision that stands calls it present."""
        with self._write() as connection:
            added_findings.take_away(connection, name, family, reader)

    def added_findings(self, family: str) -> tuple[AddedFinding, ...]:
        """What readers added to a family of models (`inference.coverage.family`), oldest first."""
        with self._database.read() as connection:
            return added_findings.of_family(connection, family)

    def findings_history(self) -> list[tuple[AddedFinding, bool]]:
        """Every finding that was added, or taken away (then the second is true), in order."""
        with self._database.read() as connection:
            return added_findings.history(connection)

    # -- annotations -------------------------------------------------------------------------

    def annotate(self, several: Sequence[Annotation]) -> Changes:
        """Record annotations as they are now, as one act of their reader; on disk when this returns.

        Raises
        ------
        InvalidAnnotation, UnknownImage
            One of them cannot be recorded, so none is.
        """
        with self._write() as connection:
            return Changes(annotations=annotation_rows.annotate(connection, several))

    def annotations(self, study_uid: str | None = None) -> list[Annotation]:
        """Every annotation as it is now, by any reader, of one study or of all."""
        with self._database.read() as connection:
            return annotation_rows.standing(connection, study_uid)

    def annotation_history(self) -> list[Annotation]:
        """Every row of annotations in order."""
        with self._database.read() as connection:
            return annotation_rows.history(connection)

    def undo_act(self, reader: str) -> Changes | None:
        """Take back what a reader did last, a decision or an annotation; None where nothing is left."""
        with self._write() as connection:
            return _changes_of_act(acts.undo(connection, reader))

    def redo_act(self, reader: str) -> Changes | None:
        """Take back a reader's latest undo of either; None where they have done something since."""
        with self._write() as connection:
            return _changes_of_act(acts.redo(connection, reader))

    # -- studies -----------------------------------------------------------------------------

    def mark_study_read(self, study_uid: str, reader: str, read: bool = True) -> Changes:
        """Record that a reader calls a study read, or not read after all."""
        with self._write() as connection:
            marks.mark(connection, study_uid, reader, read)
        return Changes(studies_marked=(study_uid,))

    def studies_read(self) -> set[str]:
        """StudyInstanceUIDs that a reader called read, and nobody called unread since."""
        with self._database.read() as connection:
            return marks.read_studies(connection)

    def study_marks(self) -> list[StudyMark]:
        """Every mark in order."""
        with self._database.read() as connection:
            return marks.history(connection)

    def mark_study_urgent(self, study_uid: str, reader: str, urgent: bool = True) -> Changes:
        """Record that a reader calls a study urgent, or not any more; other readers' marks stay."""
        with self._write() as connection:
            marks.mark_urgent(connection, study_uid, reader, urgent)
        return Changes(studies_marked=(study_uid,))

    def studies_urgent(self) -> dict[str, tuple[str, ...]]:
        """StudyInstanceUIDs that are marked urgent, each with the readers who mark it."""
        with self._database.read() as connection:
            return marks.urgent_studies(connection)

    def urgency_marks(self) -> list[UrgencyMark]:
        """Every mark of urgency in order."""
        with self._database.read() as connection:
            return marks.urgency_history(connection)

    # -- models ------------------------------------------------------------------------------

    def promote(
        self, model_id: str, family: str, reader: str, reason: str = "", verdict: str = ""
    ) -> Changes:
        """Put a model in use for its family; nothing is recorded where it is in use already."""
        new = Promotion(model_id, family, reader, reason, verdict)
        with self._write() as connection:
            return Changes(model_promoted=promotions.promote(connection, new))

    def roll_back(self, family: str, reader: str, reason: str = "") -> str | None:
        """Take back the latest promotion; the model in use now, None for the bundled default."""
        with self._write() as connection:
            return promotions.roll_back(connection, family, reader, reason)

    def promoted(self) -> dict[str, str]:
        """The model in use of each family in which one is promoted."""
        with self._database.read() as connection:
            return promotions.in_use(connection)

    def promotions(self) -> list[Promotion]:
        """Every promotion and roll-back in order."""
        with self._database.read() as connection:
            return promotions.history(connection)

    def remember_evaluation(self, model_id: str, kind: str, json: dict[str, Any]) -> None:
        """Keep an evaluation's figures for good."""
        with self._write() as connection:
            promotions.keep_evaluation(connection, model_id, kind, json)

    def evaluations(self, model_id: str) -> list[KeptEvaluation]:
        """What was kept of a model, oldest first."""
        with self._database.read() as connection:
            return promotions.evaluations(connection, model_id)

    def remember_predictions(self, several: Iterable[Prediction]) -> None:
        """Cache predictions, each in the place of an earlier one of the same model and frame."""
        ready = list(several)
        with self._write() as connection:
            predictions.remember(connection, ready)

    def remember_look(self, prediction: Prediction, likeness: bytes | None) -> Joined:
        """Keep what a look at a frame gave: the prediction, and the film's hash where it was decoded.

        `likeness` is empty where nothing can be told by it (`inference.prediction.Look`).
        """
        key = prediction.sop_instance_uid, prediction.frame
        with self._write() as connection:
            predictions.remember(connection, [prediction])
            found = [] if likeness is None else [(key, likeness or None)]
            return self._remember_likenesses(connection, found)

    def predictions(self, model: str | None = None) -> dict[tuple[str, int, str], Prediction]:
        """Cached predictions by (SOPInstanceUID, frame, model id), of one model or of all."""
        with self._database.read() as connection:
            return predictions.remembered(connection, model)

    # -- figures -----------------------------------------------------------------------------

    def counts(self) -> Collected:
        """What has been collected over the decisions that stand."""
        with self._database.read() as connection:
            return counts.collected(connection)

    # -- what others do ----------------------------------------------------------------------

    def moment(self) -> Token:
        """How far the store has come, for `news_since`."""
        with self._database.read() as connection:
            return news.token(connection)

    def news_since(self, moment: Token) -> tuple[Token, News]:
        """The moment of now, and what anybody but this object added since a moment.

        Where there is nothing new it is cheap enough to be asked every second.
        """
        with self._database.read() as connection:
            return news.since(connection, moment, self._own)

    def _write(self) -> AbstractContextManager[Connection]:
        """A transaction that is alone in writing, and whose rows are no news to this store."""
        return self._own.noting(self._database.write())


def _changes_of(row: Review) -> Changes:
    return Changes(images_reviewed=((row.sop_instance_uid, row.frame),), review=row)


def _changes_of_act(rows: Review | tuple[Annotation, ...]) -> Changes | None:
    if isinstance(rows, Review):
        return _changes_of(rows)
    return Changes(annotations=rows) if rows else None


def _in_fews(many: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size`; whatever makes headers runs between transactions, not in them."""
    iterator = iter(many)
    while few := list(islice(iterator, size)):
        yield few
