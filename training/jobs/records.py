"""Training jobs that were packed on this machine: what is kept of each, and who its films are.

A job's films go by pseudonyms that are made with a key of the job. The key stays here, in the job's record
(`DATA/jobs/<job>`): nobody else can tell whose films they are. Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from reviews.record import Part
from training.errors import UnusableJob, UnusablePlan
from training.jobs.bundle import VERSION
from training.numerals import counted
from training.plan import Plan
from training.regions import Region
from training.samples import Sample, Samples

JOB_FORMAT, RESULT_FORMAT = "overread-job", "overread-result"
JOB, RESULT = "job.json", "result.json"
JOB_ENDING, RESULT_ENDING = ".job.zip", ".result.zip"
_KEY, _ORIGIN, _SENT, _TAKEN = "key", "origin.json", "sent.json", "taken"
MOST_REGIONS, MOST_POINTS = 256, 4096  # of a film; of an outline
FARTHEST_PX = 1e5  # from a film's corner; no film is so large
_ID = re.compile(r"[0-9a-f]{16}")
_PSEUDONYM = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class PackedFilm:
    """A film of a job. `file` and `sha256` only where it lies in a shared folder: its path there.

    `regions` only of findings of the job, and where the training pays for evidence elsewhere. A film that
    `is_windowed` is a CT image that travels in further windows too.
    """

    film: str
    patient: str
    truth: tuple[int | None, ...]
    part: Part
    frame: int = 1
    file: str = ""
    sha256: str = ""
    regions: tuple[Region, ...] = ()
    is_windowed: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What a job asks for; `parent` is empty for a network from scratch."""

    id: str
    plan: Plan
    findings: tuple[str, ...]
    parent: str
    parent_sha256: str
    films: tuple[PackedFilm, ...]
    is_shared: bool

    def as_json(self) -> dict[str, Any]:
        """The manifest."""
        films = [
            {"film": f.film, "patient": f.patient, "truth": list(f.truth), "part": f.part, "frame": f.frame}
            | ({"file": f.file, "sha256": f.sha256} if self.is_shared else {})
            | ({"regions": [[r.finding, r.is_evidence, r.outline] for r in f.regions]} if f.regions else {})
            | ({"windowed": True} if f.is_windowed else {})
            for f in self.films
        ]
        return {
            "format": JOB_FORMAT, "version": VERSION, "job": self.id, "plan": self.plan.as_json(),
            "findings": list(self.findings), "shared": self.is_shared, "films": films,
            "parent": {"id": self.parent, "weights_sha256": self.parent_sha256},
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: dict[str, Any], where: Path) -> Job:
        """A job from its manifest; raises `UnusableJob` where that says what cannot be."""
        try:
            findings = tuple(str(f) for f in raw["findings"])
            films = tuple(_film(f, findings, is_shared=bool(raw["shared"])) for f in raw["films"])
            job = cls(
                str(raw["job"]), Plan.from_json(raw["plan"]), findings, str(raw["parent"]["id"]),
                str(raw["parent"]["weights_sha256"]), films, bool(raw["shared"]),
            )  # fmt: skip
        except UnusablePlan as error:
            raise UnusableJob(f"{where}: {error}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnusableJob(f"{where} does not describe a job: {error!r}") from error
        if not _ID.fullmatch(job.id) or len({f.film for f in films}) != len(films):
            raise UnusableJob(f"{where} does not describe a job: its name or its films' names cannot be")
        return job


def _film(raw: dict[str, Any], findings: tuple[str, ...], *, is_shared: bool) -> PackedFilm:
    truth = tuple(raw["truth"])
    if len(truth) != len(findings) or any(t not in (0, 1, None) for t in truth):
        raise ValueError("a film's truth is not one answer a finding")
    if raw["part"] not in ("train", "validation"):
        raise ValueError("a film is of neither the training nor the validation part")
    film, patient = str(raw["film"]), str(raw["patient"])
    if not _PSEUDONYM.fullmatch(film) or not _PSEUDONYM.fullmatch(patient):
        raise ValueError("a film goes by no pseudonym")
    file, sha256 = (str(raw["file"]), str(raw["sha256"])) if is_shared else ("", "")
    drawn = raw.get("regions", [])
    if not isinstance(drawn, list) or len(drawn) > MOST_REGIONS:
        raise ValueError(f"a film's regions are no list of at most {MOST_REGIONS}")
    regions = tuple(_region(one, findings) for one in drawn)
    is_windowed = raw.get("windowed", False) is True
    return PackedFilm(
        film, patient, truth, raw["part"], int(raw["frame"]), file, sha256, regions, is_windowed
    )


def _region(raw: Any, findings: tuple[str, ...]) -> Region:
    finding, is_evidence, outline = raw
    if finding not in (*findings, "") or not isinstance(is_evidence, bool):
        raise ValueError("a region is of no finding of the job")
    if not isinstance(outline, list) or not 3 <= len(outline) <= MOST_POINTS:
        raise ValueError(f"a region's outline has not 3 to {MOST_POINTS} points")
    points = tuple((_coordinate(row), _coordinate(column)) for row, column in outline)
    return Region(finding, is_evidence, points)


def _coordinate(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) <= FARTHEST_PX:
        raise ValueError(f"a region's outline leads beyond {FARTHEST_PX:g} pixels")
    return float(raw)


@dataclass(frozen=True, slots=True)
class Sent:
    """A job that was sent to a folder: `state` is what lies there now."""

    job: str
    folder: Path
    sent: str  # ISO 8601
    state: Literal["waiting", "result", "taken"]

    @property
    def result(self) -> Path:
        return self.folder / f"{self.job}{RESULT_ENDING}"


class Record:
    """What this machine keeps of one job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def find(cls, records: Path, job_id: str) -> Record:
        """The record of a job that was packed here."""
        if not _ID.fullmatch(job_id) or not (records / job_id / JOB).is_file():
            raise UnusableJob(
                f"the job {job_id[:40]!r} was not packed here; a result of one that was is expected"
            )
        return cls(records / job_id)

    @classmethod
    def make(cls, records: Path, job: Job, key: bytes, origin: dict[str, Any]) -> Record:
        """Keep a job with its key and with where its samples came from, before it leaves."""
        folder = records / job.id
        try:
            folder.mkdir(parents=True)
            handle = os.open(folder / _KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(key)
            (folder / _ORIGIN).write_text(json.dumps(origin), encoding="utf-8")
            (folder / JOB).write_text(json.dumps(job.as_json()), encoding="utf-8")
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise UnusableJob(f"{folder} could not be written: {error.strerror or error}") from error
        return cls(folder)

    @property
    def job(self) -> Job:
        path = self.folder / JOB
        try:
            return Job.from_json(json.loads(path.read_text(encoding="utf-8")), path)
        except (OSError, ValueError) as error:
            raise UnusableJob(f"{path} cannot be read: {error}") from error

    @property
    def key(self) -> bytes:
        try:
            return (self.folder / _KEY).read_bytes()
        except OSError as error:
            raise UnusableJob(f"{self.folder / _KEY} cannot be read: {error.strerror}") from error

    @property
    def origin(self) -> dict[str, Any]:
        """What named the samples when the job was packed, as `make` was given it."""
        path = self.folder / _ORIGIN
        try:
            origin = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UnusableJob(f"{path} cannot be read: {error}") from error
        assert isinstance(origin, dict)
        return origin

    def mark_sent(self, folder: Path) -> None:
        """Remember the folder that the job was sent to."""
        told = {"folder": str(folder), "sent": datetime.now(UTC).isoformat(timespec="seconds")}
        (self.folder / _SENT).write_text(json.dumps(told), encoding="utf-8")

    def mark_taken(self) -> None:
        (self.folder / _TAKEN).touch()

    def remove(self) -> None:
        """Forget the job: its result can never be taken."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def sent(self) -> Sent | None:
        """Where the job was sent, and what lies there; None where it was only packed."""
        try:
            told = json.loads((self.folder / _SENT).read_text(encoding="utf-8"))
            sent = Sent(self.folder.name, Path(told["folder"]), str(told["sent"]), "waiting")
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if (self.folder / _TAKEN).exists():
            return replace(sent, state="taken")
        return replace(sent, state="result") if _is_there(sent.result) else sent


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a share that is gone for now
        return False


def sent_jobs(records: Path) -> list[Sent]:
    """The jobs that were sent from here, newest first, and whether their results lie there."""
    if not records.is_dir():
        return []
    found = [Record(folder).sent for folder in records.iterdir() if _ID.fullmatch(folder.name)]
    return sorted((s for s in found if s is not None), key=lambda s: s.sent, reverse=True)


def film_pseudonym(key: bytes, sample: Sample) -> str:
    return _pseudonym(key, f"film\n{sample.image}")


def patient_pseudonym(key: bytes, patient: str) -> str:
    return _pseudonym(key, f"patient\n{patient}")


def _pseudonym(key: bytes, said: str) -> str:
    """24 hex digits by HMAC-SHA-256 (RFC 2104): without the key they cannot be traced by trying names."""
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()[:24]


def samples_of(job: Job, key: bytes, samples: Samples) -> Samples:
    """Of the samples that are here now, those that the job was fitted on and those that measure it.

    Training and validation are the job's own films, with the part that they had; the test part is all of
    today's, and none of the job's patients may be in it.

    Raises
    ------
    UnusableJob
        A patient of the test part was in the job, or too many of its films are not here any more.
    """
    order = [samples.findings.index(f) if f in samples.findings else None for f in job.findings]
    packed = {f.film: f for f in job.films}
    patients = {f.patient for f in job.films}
    kept: list[Sample] = []
    for sample in samples.samples:
        truth = tuple(None if i is None else sample.truth[i] for i in order)
        own = packed.get(film_pseudonym(key, sample))
        if own is not None:
            kept.append(replace(sample, truth=truth, part=own.part))
        elif sample.part == "test":
            kept.append(replace(sample, truth=truth))
    fitted = {s.patient for s in kept if s.part != "test"}  # of today: patients with the same film are one
    tested = {s.patient for s in kept if s.part == "test"}
    if both := {p for p in tested if p in fitted or patient_pseudonym(key, p) in patients}:
        raise UnusableJob(
            f"{counted(len(both), 'patient')} of the test part {'was' if len(both) == 1 else 'were'} in the "
            "job, which would prove nothing; "
            "other patients than the job's are expected there"
        )
    return replace(samples, findings=job.findings, samples=tuple(kept))
