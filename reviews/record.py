"""What readers decide, as it is kept and as it travels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from inference.prediction import Prediction
from studies.image import Header

Answer = Literal["present", "absent", "unknown"]
Part = Literal["train", "validation", "test"]
AnnotationKind = Literal[
    "length", "angle", "cobb", "ellipse", "rectangle", "arrow", "text", "evidence", "not-evidence"
]

POINTS: dict[AnnotationKind, int] = {
    "length": 2,
    "angle": 3,  # the corner is the second
    "cobb": 4,  # two lines
    "ellipse": 2,  # opposite corners of the box around it
    "rectangle": 2,  # opposite corners
    "arrow": 2,  # its head, then its tail
    "text": 1,  # the middle of its left edge
    "evidence": 2,  # opposite corners of the box around an ellipse; three or more are an outline
    "not-evidence": 2,  # likewise
}
"""How many points each kind of annotation has, a region at least."""

REGIONS: tuple[AnnotationKind, ...] = ("evidence", "not-evidence")
"""Where a finding is, and where its heatmap has no business; `text` is the finding's machine name."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The suggestion a reader saw when deciding: kept with the decision for good.

    Parameters
    ----------
    weights_sha256
        Of what made it (`inference.prediction.Prediction`); empty in what was kept before this was.
    beside
        What a re-fitted head said beside it, where the reader saw that too.
    """

    model: str
    suggestion: str | None
    probabilities: tuple[tuple[str, float], ...] = ()
    weights_sha256: str = ""
    beside: Shown | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """One decision of one reader on one frame. Rows are only ever added.

    `findings` holds every finding that was answered, unknown ones too. `takes_back` is the id of
    the review that this row undoes; such a row restores what stood before it and `findings` holds
    that earlier state (empty: no decision stands). `second_read_of` is the id of the decision that was
    doubted, where this one was made without seeing it.
    """

    sop_instance_uid: str
    frame: int
    reader: str
    findings: tuple[tuple[str, Answer], ...]
    time: str = ""  # ISO 8601 with offset, UTC, microseconds
    id: int = 0  # 0 until it is stored
    note: str = ""
    shown: Shown | None = None
    is_acceptance: bool = False
    takes_back: int | None = None
    second_read_of: int | None = None

    def answer_for(self, finding: str) -> Answer:
        return next((a for name, a in self.findings if name == finding), "unknown")


@dataclass(frozen=True, slots=True)
class Annotation:
    """A measurement or a mark on a film, as one reader left it at one time. Rows are only ever added.

    The latest row of a `uuid` is the annotation as it is now; moving, naming and deleting it are rows.

    Parameters
    ----------
    points
        (row, column) in stored-pixel space, in the order in which they were set; how many, and what each
        is, `POINTS` tells.
    text
        What the reader wrote: of a text or an arrow what it says, of a region its finding, else a name.
    label_at
        Where the reader put the centre of the value, in stored-pixel space; None leaves it to the film.
    uuid
        Empty until it is recorded for the first time.
    act
        Rows that one act of the reader made share it; they are taken back together.
    takes_back
        The id of the row that this one undoes (or, of a row that itself undoes, makes undone). Such a
        row holds the annotation as it stands after it.
    """

    sop_instance_uid: str
    frame: int
    kind: AnnotationKind
    points: tuple[tuple[float, float], ...]
    reader: str
    text: str = ""
    label_at: tuple[float, float] | None = None
    uuid: str = ""
    time: str = ""  # ISO 8601, UTC, microseconds
    is_deleted: bool = False
    act: str = ""
    takes_back: int | None = None
    id: int = 0  # 0 until it is stored


@dataclass(frozen=True, slots=True)
class Changes:
    """What kind of thing a write changed; views decide by it whether to refresh."""

    images_added: tuple[tuple[str, int], ...] = ()  # (SOPInstanceUID, frame)
    images_reviewed: tuple[tuple[str, int], ...] = ()
    model_promoted: bool = False
    review: Review | None = None
    skipped: tuple[str, ...] = field(default=())  # sentences
    images_updated: tuple[str, ...] = ()  # SOPInstanceUID of known images whose path or header is new
    studies_marked: tuple[str, ...] = ()  # StudyInstanceUID
    annotations: tuple[Annotation, ...] = ()  # as they stand now, deleted ones too


@dataclass(frozen=True, slots=True)
class Promotion:
    """A person put a model in use, or (`takes_back` set) took that back. Rows are only ever added.

    `family` is what models in use replace each other in (`inference.coverage.family`). A row that
    takes back names in `model` the model that is in use after it, empty for the bundled default.
    """

    model: str
    family: str
    reader: str
    reason: str = ""
    verdict: str = ""
    time: str = ""  # ISO 8601, UTC, microseconds
    id: int = 0
    takes_back: int | None = None


@dataclass(frozen=True, slots=True)
class KeptEvaluation:
    """An evaluation as it was kept: of which model, of what kind, and its figures as JSON."""

    model: str
    kind: str
    figures: dict[str, Any]
    time: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class StudyMark:
    """A reader said that a study is read, or that it is not. The latest mark of a study counts."""

    study_instance_uid: str
    reader: str
    is_read: bool
    time: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class UrgencyMark:
    """A reader marked a study urgent, or took that back. The latest mark of a study and a reader counts."""

    study_instance_uid: str
    reader: str
    is_urgent: bool
    time: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class AddedFinding:
    """A finding that a reader added to those that the models of a family answer.

    `display` is what the reader typed and people read, `name` the machine name made of it.
    """

    name: str
    display: str
    family: str
    reader: str
    time: str = ""  # ISO 8601, UTC, microseconds


@dataclass(frozen=True, slots=True)
class KnownImages:
    """Some images of the worklist with all that a row of it shows.

    `parts` are by SOPInstanceUID; `answered_by` tells by frame who ever decided on it, whether or not they
    took it back.
    """

    headers: tuple[Header, ...]
    standing: tuple[Review, ...]
    predictions: tuple[Prediction, ...]
    parts: Mapping[str, Part] = field(default_factory=dict)
    answered_by: Mapping[tuple[str, int], frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class News:
    """What others added to the store between two moments.

    Parameters
    ----------
    headers
        Images that are new, moved or read otherwise, as they are known now.
    standing
        By (SOPInstanceUID, frame) on which somebody decided, undid or redid: the decision that stands now.
    studies_read
        By StudyInstanceUID that somebody marked: whether it is read now.
    studies_urgent
        By StudyInstanceUID that somebody marked urgent, or not any more: who marks it now.
    predictions
        What models said, as another process remembered it.
    annotated
        Frames, as (SOPInstanceUID, frame), on which somebody drew, changed or deleted.
    are_models_changed
        A model was promoted, rolled back or evaluated.
    are_findings_changed
        A finding was added to those of a family of models, or taken away.
    parts
        By SOPInstanceUID of images that are new, or belong to another part now.
    answered_by
        By frame of which `standing` tells: everybody who ever decided on it.
    """

    headers: tuple[Header, ...] = ()
    standing: Mapping[tuple[str, int], Review | None] = field(default_factory=dict)
    studies_read: Mapping[str, bool] = field(default_factory=dict)
    studies_urgent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    predictions: tuple[Prediction, ...] = ()
    annotated: tuple[tuple[str, int], ...] = ()
    are_models_changed: bool = False
    are_findings_changed: bool = False
    parts: Mapping[str, Part] = field(default_factory=dict)
    answered_by: Mapping[tuple[str, int], frozenset[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self != News()


@dataclass(frozen=True, slots=True)
class ToLearn:
    """Decisions of the training part: on how many frames, and on how many of them each finding is present."""

    frames: int
    present: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Collected:
    """What readers have collected so far, counted over the decisions that stand.

    Parameters
    ----------
    reviews
        Frames on which a decision stands.
    images, patients
        Images and patients (units of splitting) with at least one such frame.
    per_finding
        ``{finding: (present, absent, unknown)}`` in frames.
    per_part
        ``{part: (images, patients)}``; every part is there, empty ones too.
    images_known, patients_known
        The same units over the whole worklist, reviewed or not.
    to_learn
        What of it can be learned from, by the findings that were asked together: models of other patients,
        or of phantoms, ask for others, and some of the same name.
    """

    reviews: int
    images: int
    patients: int
    per_finding: dict[str, tuple[int, int, int]]
    per_part: dict[Part, tuple[int, int]]
    images_known: int = 0
    patients_known: int = 0
    to_learn: Mapping[frozenset[str], ToLearn] = field(default_factory=dict)
