"""What the window's process and the one that fits heads say to each other. Free of Qt and torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.embeddings import FrameKey


@dataclass(frozen=True, slots=True)
class FittingSettings:
    """What the process is started with: where the store, the models and the caches are."""

    data_folder: Path
    bundled_folder: Path


@dataclass(frozen=True, slots=True)
class Fit:
    """Re-fit the head of a model from the decisions in the store and score every frame; `Scored` follows."""

    request: int
    model_id: str


@dataclass(frozen=True, slots=True)
class Score:
    """Score every frame by the adapted heads on disk. A `Scored` follows for each model that has one, or for
    which films were decided before it came into use: its head is fitted to them."""

    request: int
    model_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nearest:
    """Which decided frames are nearest to this one, by the embeddings of a model? `Neighbours` follows."""

    request: int
    model_id: str
    key: FrameKey
    count: int


@dataclass(frozen=True, slots=True)
class Ask:
    """In which order is a reader asked about the studies that wait? `Ordered` follows.

    `reading` is the StudyInstanceUID of the study on the screen, which stays first; empty for none.
    """

    request: int
    model_ids: tuple[str, ...]
    reader: str
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Which decisions are suspected errors? `Doubted` follows, when nothing else is asked."""

    request: int
    model_id: str


Asked = Fit | Score | Nearest | Ask | Doubt


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has loaded its libraries, `elapsed_s` after it was started."""

    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Known:
    """Frames that the process has an embedding of, a few at a time: before the `Scored` that is about them.

    Parameters
    ----------
    keys
        (row, frame, unfamiliarity) of rows of the process's table that are new or have another frame by now;
        the last is NaN where it is not known.
    is_first
        Nothing that was said of the model's rows before is valid: the process is a new one.
    """

    model_id: str
    keys: tuple[tuple[int, FrameKey, float], ...]
    is_first: bool


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a re-fitted head says of every frame that the process has an embedding of, a row each.

    Parameters
    ----------
    findings
        Machine name and display name of the K findings that the head answers: those of the model's card,
        then those that readers added.
    probabilities
        (N, K) float32, calibrated.
    suggestion
        (N,) int16: index of the suggested finding, -1 where nothing is suggested.
    uncertainty
        (N,) float32 in [0, 1].
    reviews
        How many reviews the head was fitted from; with none it is the model's own, and the arrays are empty.
    weights_sha256
        Of the model's weights and the head together.
    missing
        Frames with a decision whose embedding is not in the cache: they could not be fitted.
    is_fitted
        Whether the head is new; False where it was read from the disk.
    """

    request: int
    model_id: str
    findings: tuple[tuple[str, str], ...]
    probabilities: NDArray[np.float32]
    suggestion: NDArray[np.int16]
    uncertainty: NDArray[np.float32]
    reviews: int
    weights_sha256: str
    elapsed_s: float
    missing: tuple[FrameKey, ...] = ()
    is_fitted: bool = True
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The decided frames most like one, the most alike first.

    Parameters
    ----------
    similarities
        Cosines of their embeddings with that of the frame, from the middle of what the model knows.
    compared
        How many decided frames there are with an embedding, the frame itself left out.
    is_known
        Whether the model has looked at the frame: else there is nothing to compare.
    """

    request: int
    key: FrameKey
    keys: tuple[FrameKey, ...] = ()
    similarities: tuple[float, ...] = ()
    compared: int = 0
    is_known: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """Waiting studies in the order of asking; those that no model has looked at are not among them.

    Parameters
    ----------
    why
        (n,) int8: index into `training.adapting.asking.WHY`.
    names
        Display names of findings.
    leading, said
        (n, 2) int16 and float32: which of `names` the model wavers between, -1 where nothing is told; and
        their probabilities.
    """

    request: int
    study_uids: tuple[str, ...]
    why: NDArray[np.int8]
    names: tuple[str, ...]
    leading: NDArray[np.int16]
    said: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A decision that stands and should be read a second time.

    Parameters
    ----------
    review_id, reader
        Of the decision.
    decided, instead
        Display names: the finding that was decided to be present, and the one that the model is confident of;
        of several findings at once both are the finding in doubt.
    confidence, margin
        What the model gives to the decision, and that less the most probable other answer.
    """

    key: FrameKey
    review_id: int
    reader: str
    decided: str
    instead: str
    confidence: float
    margin: float


@dataclass(frozen=True, slots=True)
class Doubted:
    """The decisions in doubt, the most doubtful first; `reason` says why none could be judged."""

    request: int
    model_id: str
    doubtful: tuple[Doubtful, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A question that has no answer; `reason` is one sentence for a reader."""

    request: int
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """A question is off the process's hands; handles keep it to themselves."""

    request: int


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended by itself. With `will_restart` it is started, and asked what it was asked, again."""

    reason: str
    will_restart: bool = True


FittingEvent = Ready | Known | Scored | Neighbours | Ordered | Doubted | Failed | Died
