"""Training jobs that leave this machine, and what comes back.

`pack` writes what a training needs, and no more: films of the training and validation part as the network is
shown them, 256 greys a pixel, under pseudonyms; CT images in the windows that the plan asks for; where the
lungs are and what readers drew, where the plan pays for that; answers; the parent model; the plan with its
seed. No name, number, date or path of a patient is in it, and no film of the test part. `work` trains from
it, on any machine. `learnt_weights` takes the numbers of a result, and nothing else: the candidate is
described, calibrated and measured here (`finetune.fine_tune` with `learnt`), whatever the server says of it.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from inference.card import REPLAY, ModelCard
from inference.errors import InferenceError
from inference.network import build
from inference.registry import ModelRegistry, sha256_of
from studies.errors import StudyError
from studies.image import Header
from studies.reader import read_header
from training.candidate import candidate_card, versions
from training.errors import UnusableJob
from training.events import TrainingEvent
from training.finetune import check_allowed, films_for, fine_tune, needs_allowed
from training.jobs.bundle import VERSION, read_manifest, unpack_bundle, write_bundle
from training.jobs.records import (
    JOB,
    JOB_FORMAT,
    RESULT,
    RESULT_FORMAT,
    Job,
    PackedFilm,
    Record,
    film_pseudonym,
    patient_pseudonym,
)
from training.learning.allowed import AllowedRegions
from training.learning.changes import WINDOWS
from training.learning.networks import check_can_be_tuned
from training.learning.processes import ALONE, Group
from training.learning.tensors import Films
from training.plan import Plan
from training.samples import Sample, Samples, fits, require_some

FILMS, ALLOWED, WEIGHTS = "films.safetensors", "allowed.safetensors", "weights.safetensors"
PARENT_CARD, PARENT_WEIGHTS, INITIAL = "parent.json", "parent.safetensors", "initial.safetensors"
_NO_LIMIT = 1 << 62  # of a job, which was packed by ourselves; a ZIP file's own size bounds it
_LARGEST_HEADER = 4 << 20  # of a safetensors file: names and shapes
_FREE_TEXT = 300


def pack(
    plan: Plan,
    samples: Samples,
    registry: ModelRegistry,
    base: ModelCard | None,
    target: Path,
    records: Path,
    origin: dict[str, Any],
    *,
    shared: Path | None = None,
    cache_folder: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Record, tuple[str, ...]]:
    """Write a job's bundle, and keep its record.

    Parameters
    ----------
    target
        A file that ends with .zip, or a folder; neither may be there yet.
    records
        Where the jobs of this machine are remembered (`DATA/jobs`).
    origin
        What names the samples, so that they are found again for the result.
    shared
        A folder that the server sees too: films are then named by their path in it, and not carried.

    Returns
    -------
    (the record, a sentence for each film that could not be read)
    """
    card = candidate_card(plan, samples, base)
    require_some(samples, card.task)
    if base is not None:
        check_can_be_tuned(base)
    key = secrets.token_bytes(32)
    chosen = tuple(
        s for s in samples.samples if s.part == "validation" or (s.part == "train" and fits(s, card.task))
    )
    files: dict[str, Path] = {}
    with tempfile.TemporaryDirectory() as scratch:
        if shared is None:
            films = _decoded(plan, chosen, samples.findings, card, registry, cache_folder, on_progress)
            failures = films.failures
            rows = [i for i in range(len(chosen)) if films.readable[i]]
            rows.sort(key=lambda i: film_pseudonym(key, chosen[i]))  # their order tells nothing either
            files |= _film_files(films, rows, Path(scratch))
            windowed = set(films.windowed)
            packed = [
                replace(_packed(key, chosen[i], plan, samples), is_windowed=i in windowed) for i in rows
            ]
        else:
            failures = ()
            packed = [_referred(key, s, shared, plan, samples) for s in chosen]
            packed.sort(key=lambda film: film.film)
        parent = (base.id, base.weights_sha256) if base is not None else ("", "")
        job = Job(
            secrets.token_hex(8), _plain(plan), samples.findings, *parent, tuple(packed), shared is not None
        )
        if plan.initial_weights:
            files[INITIAL] = Path(plan.initial_weights)
        if base is not None:
            files |= _parent_files(base, registry, Path(scratch))
        record = Record.make(records, job, key, origin)
        try:
            write_bundle(target, JOB, job.as_json() | {"made_with": versions()}, files)
        except BaseException:
            record.remove()
            raise
    return record, failures


def work(
    bundle: Path,
    folder: Path,
    bundled_folder: Path,
    target: Path,
    *,
    device: str = "auto",
    threads: int = 0,
    shared: Path | None = None,
    group: Group = ALONE,
) -> Iterator[TrainingEvent]:
    """Do a job: train, and write its result. The same folder goes on where an earlier call ended.

    Parameters
    ----------
    folder
        Where it works; the events are in `folder/run/events.jsonl`.
    bundled_folder
        The program's own models; the network that finds lungs lies beside them.
    target
        The result's bundle.
    shared
        Where the films of a job lie that carries none.
    group
        The processes that do it together (`training.learning.processes`).
    """
    own = "" if group.is_first else f"-{group.rank}"  # on another machine the folder may be another one
    inside = folder / f"job{own}"
    limits = dict.fromkeys((FILMS, ALLOWED, PARENT_CARD, PARENT_WEIGHTS, REPLAY, INITIAL), _NO_LIMIT)
    job = Job.from_json(unpack_bundle(bundle, JOB, JOB_FORMAT, limits, inside), bundle)
    registry = ModelRegistry(folder / f"models{own}", bundled_folder)
    base = _parent(job, inside, registry)
    plan = replace(job.plan, device=device, threads=threads)
    if plan.initial_weights:
        plan = replace(plan, initial_weights=str(inside / INITIAL))
    card = candidate_card(plan, Samples(job.findings, ()), base)
    films: Films | None = None
    if job.is_shared:
        samples = _shared_samples(job, shared)
    else:
        samples, films = _carried(job, plan, inside, card)
    history: list[dict[str, Any]] = []
    for event in fine_tune(plan, samples, registry, folder / "run", base, films=films, group=group):
        if event.event == "epoch":
            history.append({k: event.values[k] for k in ("epoch", "loss", "validation")})
        if event.event == "done":
            made = registry.find(event.values["model"])
            _write_result(target, job, {WEIGHTS: registry.weights_path(made)}, epochs=history)
        if event.event == "failed":
            _write_result(target, job, {}, failed=str(event.values["reason"])[:_FREE_TEXT])
        yield event


def job_in(bundle: Path) -> Job:
    """What a bundle asks for."""
    return Job.from_json(read_manifest(bundle, JOB, JOB_FORMAT), bundle)


def job_of(result: Path, records: Path) -> Record:
    """The record of the job that a result is of."""
    return Record.find(records, str(read_manifest(result, RESULT, RESULT_FORMAT).get("job")))


def learnt_weights(
    result: Path, job: Job, samples: Samples, base: ModelCard | None
) -> dict[str, torch.Tensor]:
    """What a server learnt: tensors with the names, shapes and kinds of the candidate's network, all finite.

    Raises
    ------
    UnusableJob
        The result is of another job or parent, is damaged, or holds anything else.
    """
    told = read_manifest(result, RESULT, RESULT_FORMAT)
    if told.get("failed"):
        raise UnusableJob(f"{result}: the server could not do the job: {_one_line(told['failed'])}")
    asked = (job.id, {"id": job.parent, "weights_sha256": job.parent_sha256}, list(job.findings))
    found = (told.get("job"), told.get("parent"), told.get("findings"))
    for name, wanted, given in zip(("job", "parent model", "findings"), asked, found, strict=True):
        if wanted != given:
            raise UnusableJob(
                f"{result} is of another {name}: {_one_line(given)}; {_one_line(wanted)} was sent"
            )
    if base is not None and base.weights_sha256 != job.parent_sha256:
        raise UnusableJob(f"the model {base.id} is not the one any more that the job started from")
    network = build(candidate_card(job.plan, samples, base)).state_dict()
    most = sum(v.numel() * v.element_size() for v in network.values()) + _LARGEST_HEADER
    with tempfile.TemporaryDirectory() as scratch:
        unpack_bundle(result, RESULT, RESULT_FORMAT, {WEIGHTS: most}, Path(scratch))
        try:
            weights = load_file(Path(scratch) / WEIGHTS)
        except (OSError, SafetensorError, ValueError, RuntimeError, TypeError) as error:
            raise UnusableJob(f"{result}: {WEIGHTS} is no complete safetensors file: {error}") from error
    _check_fits(result, network, weights)
    return weights


def _check_fits(result: Path, network: dict[str, torch.Tensor], weights: dict[str, torch.Tensor]) -> None:
    for name in sorted(network.keys() | weights.keys()):
        own, given = network.get(name), weights.get(name)
        if own is None or given is None:
            found = "lacks" if given is None else "has"
            raise UnusableJob(
                f"{result} {found} a tensor {name[:80]}; those of the parent's kind are expected"
            )
        kinds = (torch.float32, torch.float16) if own.is_floating_point() else (own.dtype,)
        if own.shape != given.shape or given.dtype not in kinds:
            raise UnusableJob(
                f"{result}: {name} is {given.dtype} {tuple(given.shape)}; "
                f"{own.dtype} {tuple(own.shape)} is expected"
            )
        if given.is_floating_point() and not torch.isfinite(given).all():
            raise UnusableJob(f"{result}: {name} holds values that are no numbers")


def _plain(plan: Plan) -> Plan:
    """A plan without what somebody wrote, and without this machine's choices and paths."""
    initial = INITIAL if plan.initial_weights else ""
    return replace(plan, name="", device="auto", threads=0, initial_weights=initial)


def _parent_files(base: ModelCard, registry: ModelRegistry, scratch: Path) -> dict[str, Path]:
    files = {PARENT_CARD: scratch / PARENT_CARD, PARENT_WEIGHTS: registry.weights_path(base)}
    if (replay := registry.companion_path(base, REPLAY)) is not None:
        files[REPLAY] = replay
    _bare(base).write(files[PARENT_CARD])
    return files


def _bare(card: ModelCard) -> ModelCard:
    """A card with what a network is built from, and nothing of the films that it was made from."""
    replay = {name: sha256 for name, sha256 in card.companions.items() if name == REPLAY}
    return replace(
        card, name="parent", created="", bundled=False, companions=replay, operating_points={}, data={},
        recipe={}, figures={}, limits=(),
    )  # fmt: skip


def _decoded(
    plan: Plan,
    chosen: Sequence[Sample],
    findings: tuple[str, ...],
    card: ModelCard,
    registry: ModelRegistry,
    cache_folder: Path | None,
    on_progress: Callable[[int, int], None],
) -> Films:
    films = films_for(plan, chosen, findings, card, registry, cache_folder)
    for done, total in films.decode():
        on_progress(done, total)
    readable = tuple(s for s, is_there in zip(chosen, films.readable, strict=True) if is_there)
    require_some(Samples(card.finding_names, readable), card.task)
    check_allowed(plan, films, [i for i, s in enumerate(chosen) if s.part == "train" and films.readable[i]])
    return films


def _film_files(films: Films, rows: Sequence[int], scratch: Path) -> dict[str, Path]:
    """These films, in this order, as the files of a bundle."""
    order = torch.tensor(rows)
    tensors = {"pixels": films.pixels[order].contiguous()}
    places = {row: place for place, row in enumerate(films.windowed)}
    if windowed := [places[row] for row in rows if row in places]:
        tensors["windows"] = films.windows[torch.tensor(windowed)].contiguous()
    save_file(tensors, scratch / FILMS)
    if films.allowed is None:
        return {FILMS: scratch / FILMS}
    boxes = torch.from_numpy(films.allowed.boxes)
    lungs = films.allowed.lungs[order].contiguous()
    save_file({"lungs": lungs, "boxes": boxes[order].contiguous()}, scratch / ALLOWED)
    return {FILMS: scratch / FILMS, ALLOWED: scratch / ALLOWED}


def _packed(key: bytes, sample: Sample, plan: Plan, samples: Samples) -> PackedFilm:
    regions = tuple(
        r for r in sample.regions if plan.evidence_weight > 0 and r.finding in ("", *samples.findings)
    )
    return PackedFilm(
        film_pseudonym(key, sample), patient_pseudonym(key, sample.patient), sample.truth, sample.part,
        regions=regions,
    )  # fmt: skip


def _referred(key: bytes, sample: Sample, shared: Path, plan: Plan, samples: Samples) -> PackedFilm:
    """A film by its path in a folder that the server sees too."""
    path, root = Path(sample.header.path).resolve(), shared.resolve()
    if not path.is_relative_to(root):
        raise UnusableJob(f"{path} does not lie in {root}, where the server would look for it")
    sha256 = sha256_of(path)
    if not sha256:
        raise UnusableJob(f"{path} cannot be read; a film that the server can read is expected")
    own = _packed(key, sample, plan, samples)
    return replace(own, frame=sample.frame, file=path.relative_to(root).as_posix(), sha256=sha256)


def _parent(job: Job, inside: Path, registry: ModelRegistry) -> ModelCard | None:
    """The parent model of a job, put where the registry of this job looks for it."""
    if not job.parent:
        return None
    try:
        card = ModelCard.read(inside / PARENT_CARD)
    except InferenceError as error:
        raise UnusableJob(str(error).rstrip(".")) from error
    is_name = job.parent.replace("-", "").replace("_", "").isalnum() and len(job.parent) <= 64
    is_whole = sha256_of(inside / PARENT_WEIGHTS) == job.parent_sha256 == card.weights_sha256
    if not is_name or card.id != job.parent or not is_whole:
        raise UnusableJob(f"the job {job.id} does not hold the parent model that it names")
    folder = registry.folder_of(card)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(inside / PARENT_WEIGHTS, registry.weights_path(card))
    if (replay := registry.companion_path(card, REPLAY)) is not None:
        shutil.copyfile(inside / REPLAY, replay)
    card.write(folder / "card.json")
    return card


def _carried(job: Job, plan: Plan, inside: Path, card: ModelCard) -> tuple[Samples, Films]:
    """The films of a job that brings them along."""
    side, count = card.preprocessing.input_size, len(job.films)
    windowed = [i for i, film in enumerate(job.films) if film.is_windowed]
    shapes: dict[str, tuple[int, ...]] = {"pixels": (count, side, side)}
    if windowed:
        shapes["windows"] = (len(windowed), WINDOWS, side, side)
    tensors = _tensors(inside / FILMS, shapes)
    samples = tuple(
        Sample(
            Header("", "picture", f.film, f.film, f.film, side, side),
            1,
            f.patient,
            f.truth,
            f.part,
            f.regions,
        )
        for f in job.films
    )
    allowed = None
    if needs_allowed(plan):
        allowed = AllowedRegions(samples, job.findings, card.preprocessing)
        shapes = {"lungs": tuple(allowed.lungs.shape), "boxes": allowed.boxes.shape}
        told = _tensors(inside / ALLOWED, shapes)
        if not allowed.take(told["lungs"].numpy(), told["boxes"].numpy()):
            raise UnusableJob(f"{inside / ALLOWED} does not say where the lungs of {count} films are")
    films = Films.of(
        samples, card.preprocessing, tensors["pixels"],
        allowed=allowed, windows=tensors.get("windows"), windowed=windowed,
    )  # fmt: skip
    return Samples(job.findings, samples), films


_KINDS = {"boxes": torch.float64}  # all others are bytes


def _tensors(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """The tensors of a file that came from elsewhere: those that are expected, and no other."""
    try:
        found = load_file(path)
    except (OSError, SafetensorError, ValueError, RuntimeError, TypeError) as error:
        raise UnusableJob(f"{path} is no complete safetensors file: {error}") from error
    told = {name: (value.dtype, tuple(value.shape)) for name, value in found.items()}
    wanted = {name: (_KINDS.get(name, torch.uint8), shape) for name, shape in shapes.items()}
    if told != wanted:
        expected = ", ".join(f"{name} {kind} {shape}" for name, (kind, shape) in wanted.items())
        given = ", ".join(f"{name[:40]} {kind} {shape}" for name, (kind, shape) in told.items())
        raise UnusableJob(f"{path} holds {_one_line(given) or 'nothing'}; {expected} is expected")
    return found


def _shared_samples(job: Job, shared: Path | None) -> Samples:
    """The films of a job that names them in a folder; each has to be the very file that was packed."""
    if shared is None:
        raise UnusableJob(f"the films of the job {job.id} lie in a shared folder; --shared has to name it")
    root = shared.resolve()
    samples = []
    for film in job.films:
        path = (root / film.file).resolve()
        if not path.is_relative_to(root):
            raise UnusableJob(f"the job {job.id} names {film.file[:80]!r}, which lies outside {root}")
        if sha256_of(path) != film.sha256:
            raise UnusableJob(f"{path} is not there, or is not the film that was packed")
        try:
            header = read_header(path)
        except StudyError as error:
            raise UnusableJob(str(error).rstrip(".")) from error
        samples.append(Sample(header, film.frame, film.patient, film.truth, film.part, film.regions))
    return Samples(job.findings, tuple(samples))


def _write_result(target: Path, job: Job, files: dict[str, Path], **told: Any) -> None:
    manifest = {
        "format": RESULT_FORMAT, "version": VERSION, "job": job.id, "findings": list(job.findings),
        "parent": {"id": job.parent, "weights_sha256": job.parent_sha256}, "made_with": versions(), **told,
    }  # fmt: skip
    target.unlink(missing_ok=True)  # a failure before, which this call made good
    write_bundle(target, RESULT, manifest, files)


def _one_line(said: Any) -> str:
    """What a stranger wrote, as part of a sentence."""
    return "".join(c if c.isprintable() else " " for c in str(said))[:_FREE_TEXT].strip().rstrip(".")
