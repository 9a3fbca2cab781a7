"""What the window's process and the inference worker say to each other. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inference.covering import Region
from inference.prediction import Look, Prediction
from studies.image import Header


@dataclass(frozen=True, slots=True)
class Question:
    """A frame to look at; see `InferenceClient.ask`."""

    request: int
    header: Header
    frame: int
    model_id: str
    maps: tuple[str, ...]
    method: str
    adapted_head: Path | None
    urgent: bool = False
    agreement: bool = False


@dataclass(frozen=True, slots=True)
class Explain:
    """A frame to explain by a method that takes many passes; `Progressed` follows, then `Looked`."""

    request: int
    header: Header
    frame: int
    model_id: str
    maps: tuple[str, ...]
    method: str
    seed: int


@dataclass(frozen=True, slots=True)
class Cover:
    """What would the model say if a part of this frame could not be seen? `Covered` follows."""

    request: int
    header: Header
    frame: int
    model_id: str
    region: Region


Asked = Question | Explain | Cover


@dataclass(frozen=True, slots=True)
class Forget:
    """Nobody wants the answer to this question any more; an explanation under way is given up."""

    request: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The worker's word that a question is off its hands without an answer; clients keep it to themselves."""

    request: int


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker is started with."""

    models_folder: Path
    bundled_folder: Path
    cache_folder: Path
    device: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has loaded its libraries, `elapsed_s` after it was started, and computes on `device`."""

    device: str
    elapsed_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The answer to a question."""

    request: int
    look: Look


@dataclass(frozen=True, slots=True)
class Progressed:
    """An explanation is under way: `done` of `total` passes."""

    request: int
    done: int
    total: int
    remaining_s: float


@dataclass(frozen=True, slots=True)
class Covered:
    """What the model says of a frame a part of which is covered."""

    request: int
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Failed:
    """A question that has no answer; `reason` is one sentence for a reader."""

    request: int
    reason: str


@dataclass(frozen=True, slots=True)
class Died:
    """The worker process ended by itself.

    With `will_restart` it is started again and what was asked is asked again. Without, it cannot be
    started: what was asked has failed, and the next question is the next attempt.
    """

    reason: str
    will_restart: bool = True


WorkerEvent = Ready | Looked | Progressed | Covered | Failed | Died
