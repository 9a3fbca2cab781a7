"""Jobs: what leaves this machine, what another machine makes of it, and what is taken back."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from inference.card import ModelCard
from inference.registry import ModelRegistry
from tests.training.conftest import QUICK
from training.errors import UnusableJob
from training.finetune import fine_tune
from training.jobs.exchange import FILMS, PARENT_WEIGHTS, WEIGHTS, job_in, job_of, learnt_weights, pack, work
from training.jobs.records import Job, Record, film_pseudonym, samples_of
from training.plan import Plan
from training.samples import Samples

TUNING = replace(QUICK, name="Dr. Roe's own", depth="last", learning_rate=1e-3)


@pytest.fixture(scope="session")
def parent(trained: dict[str, object], shared_registry: ModelRegistry) -> ModelCard:
    return shared_registry.find(str(trained["model"]))


@pytest.fixture(scope="session")
def packed(
    parent: ModelCard,
    labelled: Samples,
    shared_registry: ModelRegistry,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Record]:
    """A job's bundle and its record."""
    folder = tmp_path_factory.mktemp("packed")
    record, failures = pack(
        TUNING, labelled, shared_registry, parent, folder / "job.zip", folder / "jobs", {"labels": "x"}
    )
    assert failures == ()
    return folder / "job.zip", record


@pytest.fixture(scope="session")
def result(packed: tuple[Path, Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server made of that job."""
    folder = tmp_path_factory.mktemp("server")
    events = list(
        work(packed[0], folder / "work", folder / "bundled", folder / "result.zip", device="cpu", threads=1)
    )
    assert events[-1].event == "done", events[-1]
    return folder / "result.zip"


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rebuilt(path: Path, target: Path, **changed: bytes | None) -> Path:
    """The same bundle with members replaced (``weights_safetensors=...``), hashes and sizes made to fit."""
    import hashlib

    members = contents(path)
    for name, content in changed.items():
        if content is not None:
            members[name.replace("_", ".")] = content
    manifest = json.loads(members.pop("result.json"))
    manifest["files"] = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in members.items()
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("result.json", json.dumps(manifest))
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def with_manifest(path: Path, target: Path, **changed: Any) -> Path:
    members = contents(path)
    manifest = json.loads(members["result.json"]) | changed
    return rebuilt_with(members | {"result.json": json.dumps(manifest).encode()}, target)


def rebuilt_with(members: dict[str, bytes], target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def test_nothing_in_a_bundle_tells_whose_films_they_are(
    packed: tuple[Path, Record], labelled: Samples, hospital: Path
) -> None:
    path, record = packed
    whole = path.read_bytes()
    for sample in labelled.samples:
        for told in (
            sample.patient,
            sample.header.sop_instance_uid,
            sample.header.content_hash,
            Path(sample.header.path).name,
        ):
            assert told.encode() not in whole, told
    for told in (str(hospital), "Roe", record.key.hex(), record.key):
        assert (told.encode() if isinstance(told, str) else told) not in whole
    assert b"20" + b"26-" not in contents(path)["job.json"]


def test_films_of_the_test_part_never_leave(packed: tuple[Path, Record], labelled: Samples) -> None:
    path, record = packed
    job = job_in(path)
    own = {film_pseudonym(record.key, s): s for s in labelled.samples}
    assert {own[film.film].part for film in job.films} == {"train", "validation"}
    assert len(job.films) == len(labelled.of_part("train", "validation"))
    pixels = load_file_of(contents(path)[FILMS])["pixels"]
    assert pixels.dtype == torch.uint8
    assert pixels.shape == (len(job.films), 32, 32)


def load_file_of(content: bytes) -> dict[str, torch.Tensor]:
    from safetensors.torch import load

    return load(content)


def test_the_films_are_those_that_a_training_here_would_see(
    packed: tuple[Path, Record], parent: ModelCard, labelled: Samples
) -> None:
    from training.learning.tensors import Films

    path, record = packed
    by_name = {film_pseudonym(record.key, s): s for s in labelled.samples}
    chosen = [by_name[film.film] for film in job_in(path).films]
    films = Films(chosen, parent.preprocessing)
    assert list(films.decode())[-1] == (len(chosen), len(chosen))
    assert torch.equal(films.pixels, load_file_of(contents(path)[FILMS])["pixels"])
    assert [s.truth for s in chosen] == [film.truth for film in job_in(path).films]


def test_two_jobs_of_the_same_films_have_no_name_in_common(
    packed: tuple[Path, Record], parent: ModelCard, labelled: Samples, shared_registry: ModelRegistry,
    tmp_path: Path,
) -> None:  # fmt: skip
    pack(TUNING, labelled, shared_registry, parent, tmp_path / "job", tmp_path / "jobs", {})
    ours, others = job_in(packed[0]), job_in(tmp_path / "job")
    assert ours.id != others.id
    names = {name for film in ours.films for name in (film.film, film.patient)}
    assert not names & {name for film in others.films for name in (film.film, film.patient)}


def test_what_a_server_learnt_becomes_a_candidate_that_is_measured_here(
    packed: tuple[Path, Record], result: Path, parent: ModelCard, labelled: Samples,
    shared_registry: ModelRegistry, tmp_path: Path,
) -> None:  # fmt: skip
    record = job_of(result, packed[1].folder.parent)
    samples = samples_of(record.job, record.key, labelled)
    weights = learnt_weights(result, record.job, samples, parent)
    events = list(
        fine_tune(record.job.plan, samples, shared_registry, tmp_path / "run", parent, learnt=weights)
    )
    done = events[-1].values
    assert [e.event for e in events if e.event == "epoch"] == []
    assert done["evaluation"]["n"] == done["current_evaluation"]["n"] == len(labelled.of_part("test"))
    assert done["gate"]["verdict"] in ("better", "not worse", "not proven", "worse")
    card = shared_registry.find(done["model"])
    assert card.parent == parent.id
    kept = load_file(shared_registry.weights_path(card))
    sent = load_file_of(contents(packed[0])[PARENT_WEIGHTS])
    assert all(torch.equal(kept[name], weights[name]) for name in kept)
    assert any(not torch.equal(kept[name], sent[name]) for name in kept)


def test_a_job_that_was_killed_goes_on_and_gives_the_same(
    packed: tuple[Path, Record], result: Path, tmp_path: Path
) -> None:
    def begin() -> Iterator[Any]:
        return work(
            packed[0], tmp_path / "work", tmp_path / "bundled", tmp_path / "r.zip", device="cpu", threads=1
        )

    events = begin()
    while next(events).event != "epoch":
        pass
    events.close()  # type: ignore[attr-defined]
    assert not (tmp_path / "r.zip").exists()
    again = list(begin())
    assert [e.values["epoch"] for e in again if e.event == "epoch"] == [2]
    assert contents(tmp_path / "r.zip")[WEIGHTS] == contents(result)[WEIGHTS]


def test_films_in_a_shared_folder_are_named_and_not_carried(
    parent: ModelCard, labelled: Samples, shared_registry: ModelRegistry, hospital: Path, tmp_path: Path
) -> None:
    record, _ = pack(
        TUNING,
        labelled,
        shared_registry,
        parent,
        tmp_path / "job.zip",
        tmp_path / "jobs",
        {},
        shared=hospital,
    )
    assert FILMS not in contents(tmp_path / "job.zip")
    assert all((hospital / film.file).is_file() for film in record.job.films)
    out = [tmp_path / "work", tmp_path / "bundled", tmp_path / "result.zip"]
    events = list(work(tmp_path / "job.zip", *out, device="cpu", threads=1, shared=hospital))
    assert events[-1].event == "done"
    with pytest.raises(UnusableJob, match="--shared"):
        list(work(tmp_path / "job.zip", *out))
    with pytest.raises(UnusableJob, match="not the film that was packed"):
        list(work(tmp_path / "job.zip", *out, shared=tmp_path))


def test_a_shared_film_outside_its_folder_is_refused(
    parent: ModelCard, labelled: Samples, shared_registry: ModelRegistry, hospital: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnusableJob, match="does not lie in"):
        pack(
            TUNING, labelled, shared_registry, parent, tmp_path / "j", tmp_path / "jobs", {}, shared=tmp_path
        )
    pack(TUNING, labelled, shared_registry, parent, tmp_path / "job", tmp_path / "jobs", {}, shared=hospital)
    manifest = json.loads((tmp_path / "job" / "job.json").read_text())
    manifest["films"][0]["file"] = "../../etc/passwd"
    (tmp_path / "job" / "job.json").write_text(json.dumps(manifest))
    with pytest.raises(UnusableJob, match="outside"):
        list(work(tmp_path / "job", tmp_path / "work", tmp_path, tmp_path / "r.zip", shared=hospital))


def refused(path: Path, packed: tuple[Path, Record], parent: ModelCard, labelled: Samples) -> str:
    def take() -> None:
        record = job_of(path, packed[1].folder.parent)
        learnt_weights(path, record.job, labelled, parent)

    with pytest.raises(UnusableJob) as caught:
        take()
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 700
    return said


def test_a_result_of_another_job_parent_or_finding_is_refused(
    packed: tuple[Path, Record], result: Path, parent: ModelCard, labelled: Samples, tmp_path: Path
) -> None:
    for number, (changed, said) in enumerate(
        (
            ({"job": "0" * 16}, "was not packed here"),
            ({"job": "../../jobs"}, "was not packed here"),
            ({"parent": {"id": parent.id, "weights_sha256": "0" * 64}}, "another parent model"),
            ({"findings": ["nodule", "effusion", "no-finding"]}, "another findings"),
            ({"failed": "the\x1b[31m disk\nis full"}, "could not do the job: the [31m disk is full"),
            ({"version": 2}, "version 1 is expected"),
            ({"format": "overread-job"}, "is expected"),
        )
    ):
        path = with_manifest(result, tmp_path / f"{number}.zip", **changed)
        assert said in refused(path, packed, parent, labelled)


def test_weights_that_are_a_pickle_or_do_not_fit_are_refused(
    packed: tuple[Path, Record], result: Path, parent: ModelCard, labelled: Samples, tmp_path: Path
) -> None:
    good = load_file_of(contents(result)[WEIGHTS])
    first = next(name for name, value in good.items() if value.ndim == 4)
    stream = io.BytesIO()
    torch.save(good, stream)
    lacking = {name: value for name, value in good.items() if name != first}
    cut, other = good[first][:1].contiguous(), good[first].double()
    damage = {
        "no complete safetensors file": (pickle.dumps(good), stream.getvalue(), b"", save(good)[:-8]),
        "lacks a tensor": (save(lacking),),
        "has a tensor": (save(good | {"strange": torch.zeros(1)}),),
        "is expected": (save(good | {first: cut}), save(good | {first: other})),
        "no numbers": (save(good | {first: torch.full_like(good[first], float("nan"))}),),
        "at most": (save(good) + b" " * (5 << 20),),
    }  # fmt: skip
    for said, contents_ in damage.items():
        for content in contents_:
            path = rebuilt(result, tmp_path / "bad.zip", weights_safetensors=content)
            assert said in refused(path, packed, parent, labelled), said


def test_a_cut_result_is_refused(
    packed: tuple[Path, Record], result: Path, parent: ModelCard, labelled: Samples, tmp_path: Path
) -> None:
    whole = result.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        assert "no complete bundle" in refused(tmp_path / "cut.zip", packed, parent, labelled)


def test_a_patient_of_the_job_may_not_be_in_the_test_part(
    packed: tuple[Path, Record], labelled: Samples
) -> None:
    record = packed[1]
    first = labelled.of_part("train")[0].patient
    moved = [replace(s, part="test") if s.patient == first else s for s in labelled.samples]
    kept = samples_of(record.job, record.key, replace(labelled, samples=tuple(moved)))
    assert not {s.patient for s in kept.of_part("test")} & {first}  # the job's films keep their part
    (film,) = (s for s in labelled.of_part("test")[:1])
    stranger = replace(film, patient=first)
    with pytest.raises(UnusableJob, match="1 patient of the test part was in the job"):
        samples_of(record.job, record.key, replace(labelled, samples=(*labelled.samples, stranger)))


def test_corrections_since_the_packing_count_for_the_measurement(
    packed: tuple[Path, Record], labelled: Samples
) -> None:
    record = packed[1]
    test = labelled.of_part("test")[0]
    corrected = replace(test, truth=tuple(1 - (t or 0) for t in test.truth))
    now = tuple(corrected if s is test else s for s in labelled.samples)
    renamed = replace(labelled, samples=now)
    assert corrected in samples_of(record.job, record.key, renamed).samples


def test_findings_are_told_by_name_whatever_their_order_is_now(
    packed: tuple[Path, Record], labelled: Samples
) -> None:
    record = packed[1]
    turned = tuple(replace(s, truth=(None, *reversed(s.truth))) for s in labelled.samples)
    now = replace(labelled, findings=("new", *reversed(labelled.findings)), samples=turned)
    kept = samples_of(record.job, record.key, now)
    assert kept.findings == labelled.findings
    assert {(s.image, s.truth) for s in kept.samples} == {(s.image, s.truth) for s in labelled.samples}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("films", None),
        ("films", [{"film": "x" * 24, "patient": "0" * 24, "truth": [1, 0, 0], "part": "train", "frame": 1}]),
        ("films", [{"film": "0" * 24, "patient": "0" * 24, "truth": [1], "part": "train", "frame": 1}]),
        ("films", [{"film": "0" * 24, "patient": "0" * 24, "truth": [1, 0, 0], "part": "test", "frame": 1}]),
        ("plan", {"epochs": -1}),
        ("plan", {"strange": 1}),
        ("job", "../up"),
    ],
)
def test_a_job_that_cannot_be_is_refused(packed: tuple[Path, Record], key: str, value: Any) -> None:
    raw = packed[1].job.as_json() | {key: value}
    with pytest.raises(UnusableJob):
        Job.from_json(raw, Path("job.json"))


def test_a_failing_server_says_why(packed: tuple[Path, Record], labelled: Samples, parent: ModelCard,
                                   shared_registry: ModelRegistry, tmp_path: Path) -> None:  # fmt: skip
    hot: Plan = replace(TUNING, depth="all", learning_rate=1e6, gradient_clip=0.0, optimiser="sgd")
    record, _ = pack(hot, labelled, shared_registry, parent, tmp_path / "job.zip", tmp_path / "jobs", {})
    events = list(work(tmp_path / "job.zip", tmp_path / "w", tmp_path, tmp_path / "r.zip", device="cpu"))
    assert events[-1].event == "failed"
    assert "learning rate" in refused(tmp_path / "r.zip", (tmp_path / "job.zip", record), parent, labelled)


def test_pseudonyms_do_not_follow_from_the_film_alone(labelled: Samples) -> None:
    sample = labelled.samples[0]
    keys = [np.random.default_rng(i).bytes(32) for i in range(2)]
    assert film_pseudonym(keys[0], sample) == film_pseudonym(keys[0], sample)
    assert film_pseudonym(keys[0], sample) != film_pseudonym(keys[1], sample)
