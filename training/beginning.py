"""What a run began with: its films, labels, parts and model, kept in its folder, so that it goes on with
those whatever readers decide meanwhile.

Of patients the identifier that splits them is kept, and neither name nor date. Importing this module does not
import torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inference.card import ModelCard
from inference.errors import InferenceError
from inference.registry import ModelRegistry
from studies.image import Header
from training.errors import UnusableCheckpoint
from training.numerals import counted
from training.regions import Region
from training.room import write_whole
from training.samples import Sample, Samples

SAMPLES, DECODED = "samples.json", "decoded.json"
LABELS_SHA256 = "labels_sha256"  # of `Beginning.origin`: a changed CSV is told and not refused
VERSION = 1
NAMED = 5  # films in a sentence
_NOT_NEEDED = frozenset({
    "patient_name", "patient_birth_date", "patient_sex", "accession_number", "study_date", "study_time",
    "study_description", "series_description",
})  # fmt: skip
_SAID = [f.name for f in fields(Samples) if f.name != "samples"]  # findings, and sentences for people
_KNOWN = {f.name: f.default for f in fields(Header)}


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run was started with.

    Parameters
    ----------
    base
        Id of the model that it starts from; empty for a new network.
    origin
        What named the samples on the command line, option by option.
    began
        ISO 8601, UTC.
    """

    samples: Samples
    base: str
    origin: Mapping[str, Any]
    began: str = ""

    def keep(self, run_folder: Path) -> None:
        """Write it into the run's folder, once: what is there already stands."""
        path = run_folder / SAMPLES
        if path.exists():
            return
        told = {
            "version": VERSION, "began": self.began or datetime.now(UTC).isoformat(timespec="seconds"),
            "base": self.base, "origin": dict(self.origin), **_told(self.samples),
        }  # fmt: skip
        write_whole(path, json.dumps(told | {"sha256": _digest(told)}).encode())

    def check_origin(self, run_folder: Path, origin: Mapping[str, Any]) -> None:
        """Raise `UnusableCheckpoint` where a run is called again with films named otherwise."""
        now = json.loads(json.dumps(dict(origin)))
        for name, before in self.origin.items():
            if name != LABELS_SHA256 and now.get(name) != before:
                raise UnusableCheckpoint(
                    f"the run {run_folder.name} began with {name.replace('_', '-')} {_said(before)}, not "
                    f"{_said(now.get(name))}; a run resumes with what it was started with"
                )

    def model(self, registry: ModelRegistry) -> ModelCard | None:
        """The model that it starts from; raises `UnusableCheckpoint` where that is not here any more."""
        if not self.base:
            return None
        try:
            return registry.find(self.base)
        except InferenceError as error:
            raise UnusableCheckpoint(f"this training began with a model that is missing: {error}") from error

    def with_hint(self, said: str) -> Beginning:
        """The same, with a further sentence for people; none where it is empty."""
        if not said:
            return self
        return replace(self, samples=replace(self.samples, hints=(*self.samples.hints, said)))

    def hint(self, now: Samples | None) -> str:
        """What a resumed run leaves out, as a sentence; empty where it began with all there is by now."""
        if now is None:
            return ""
        before, after = _answers(self.samples), _answers(now)
        both = before.keys() & after.keys()
        counts = (
            (len(after.keys() - before.keys()), "decided"),
            (sum(before[key] != after[key] for key in both), "decided otherwise"),
            (len(before.keys() - after.keys()), "taken back or not at hand any more"),
        )
        said = [f"{count} {what}" for count, what in counts if count]
        if not said:
            return ""
        return (
            f"it goes on with the {counted(len(before), 'film')} and labels that it began with on "
            f"{self.began[:10]}; since then {_joined(said)}, which the next training takes up"
        )


def beginning_of(run_folder: Path) -> Beginning | None:
    """What a run began with; None where it has not begun.

    Raises
    ------
    UnusableCheckpoint
        The file is damaged.
    """
    told = _read(run_folder / SAMPLES)
    if told is None:
        return None
    path = run_folder / SAMPLES
    try:
        sha256 = told.pop("sha256")
        if sha256 != _digest(told) or told["version"] != VERSION:
            raise ValueError("it is not what was written")
        return Beginning(_samples(told), str(told["base"]), dict(told["origin"]), str(told["began"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from error


def keep_decoded(run_folder: Path, digests: Mapping[str, str]) -> None:
    """Write down, once, how each film looked to the network: `digests` by `Sample.image`, empty for a film
    that could not be read."""
    path = run_folder / DECODED
    if not path.exists():
        write_whole(path, json.dumps(dict(digests)).encode())


def unreadable_before(run_folder: Path) -> frozenset[str]:
    """`Sample.image` of the films that could not be read when the run began."""
    told = _read(run_folder / DECODED) or {}
    return frozenset(image for image, digest in told.items() if not digest)


def check_decoded(run_folder: Path, samples: Sequence[Sample], digests: Mapping[str, str]) -> None:
    """Compare films with what they were when the run began.

    Raises
    ------
    UnusableCheckpoint
        Some are not there any more, or are not the same; they are named.
    """
    before = _read(run_folder / DECODED)
    if before is None:
        return
    gone = [s for s in samples if before.get(s.image) and not digests.get(s.image)]
    if gone:
        raise UnusableCheckpoint(
            f"{_films(gone)} that this training began with cannot be read any more: {_names(gone)}; the very "
            "same are expected, or a new training"
        )
    other = [s for s in samples if before.get(s.image) and digests.get(s.image) != before[s.image]]
    if other:
        raise UnusableCheckpoint(
            f"{_films(other)} that this training began with are not the same any more: {_names(other)}; "
            "those of the beginning are expected, or a new training"
        )


def _films(samples: Sequence[Sample]) -> str:
    return f"{len(samples)} of the films"


def _names(samples: Sequence[Sample]) -> str:
    files = [Path(s.header.path).name for s in samples]
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return ", ".join(files[:NAMED]) + more


def _answers(samples: Samples) -> dict[str, tuple[tuple[str, int], ...]]:
    """What is said of each film that is learned from, by name of the finding."""
    return {
        s.image: tuple(
            sorted((n, t) for n, t in zip(samples.findings, s.truth, strict=True) if t is not None)
        )
        for s in samples.samples
    }


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _said(value: Any) -> str:
    if value in (None, "", [], False):
        return "none"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _told(samples: Samples) -> dict[str, Any]:
    headers: dict[str, dict[str, Any]] = {}
    for sample in samples.samples:
        header = sample.header
        if header.sop_instance_uid not in headers:
            headers[header.sop_instance_uid] = {
                k: v for k, v in asdict(header).items() if k not in _NOT_NEEDED and v != _KNOWN[k]
            }
    return {name: getattr(samples, name) for name in _SAID} | {
        "headers": headers,
        "samples": [
            {"film": s.header.sop_instance_uid, "frame": s.frame, "patient": s.patient, "truth": s.truth,
             "part": s.part, "kin": s.kin,
             "regions": [[r.finding, r.is_evidence, r.outline] for r in s.regions]}
            for s in samples.samples
        ],
    }  # fmt: skip


def _samples(told: dict[str, Any]) -> Samples:
    headers = {uid: Header(**{k: _tuples(v) for k, v in raw.items()}) for uid, raw in told["headers"].items()}
    return Samples(
        samples=tuple(_sample(raw, headers) for raw in told["samples"]),
        **{name: _tuples(told[name]) for name in _SAID},
    )


def _sample(raw: dict[str, Any], headers: Mapping[str, Header]) -> Sample:
    regions = tuple(Region(text, is_evidence, _tuples(line)) for text, is_evidence, line in raw["regions"])
    return Sample(
        headers[raw["film"]], raw["frame"], raw["patient"], _tuples(raw["truth"]), raw["part"], regions,
        _tuples(raw["kin"]),
    )  # fmt: skip


def _tuples(value: Any) -> Any:
    """What JSON gave back, with its lists as tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _digest(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from error
    if not isinstance(told, dict):
        raise _damaged(path, ValueError("it holds no object"))
    return told


def _damaged(path: Path, error: Exception) -> UnusableCheckpoint:
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return UnusableCheckpoint(f"{path} is damaged ({said}); remove the run's folder to start it again")
