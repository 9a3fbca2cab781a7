"""`jobs pack|run|take|list`: trainings that another machine does.

A desktop packs a job, or sends it to a folder that a server sees; the server runs it; the desktop takes the
result back, measures it on its own test patients and puts it through the same gate as every candidate.
"""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.command_line import UsageError
from app.commands import train
from app.output import Output
from app.runs import new_run
from app.workplace import Workplace
from inference.card import ModelCard
from inference.errors import InferenceError, NoDevice
from training.alone import alone_in
from training.errors import TrainingError, UnusableJob
from training.events import TrainingEvent
from training.jobs.records import JOB_ENDING, RESULT_ENDING, Record, samples_of, sent_jobs
from training.learning.processes import Group, alone_together_in, joined, rank_here
from training.runs import Wish, lower_priority

WATCH_S = 10.0
ORIGIN = ("labels", "images", "model", "findings", "folds", "fold", "no_held_out", "shares", "seed")
"""Options of `train` that name the films of a training."""


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    pack = actions.add_parser("pack", help="write what a training needs, without a name in it")
    train.configure(pack)
    where = pack.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="JOB", help="a new folder, or a file that ends with .zip")
    where.add_argument("--send", type=Path, metavar="DIR", help="the folder where a server looks for jobs")
    pack.add_argument(
        "--shared", type=Path, metavar="DIR", help="name the films in this folder, which the server sees too"
    )
    work = actions.add_parser("run", help="do a job, or all jobs of a folder that have no result")
    work.add_argument("job", type=Path, metavar="JOB")
    work.add_argument("--out", type=Path, metavar="RESULT", help="a .zip file (default: beside the job)")
    work.add_argument("--shared", type=Path, metavar="DIR", help="where the films are that a job only names")
    work.add_argument("--watch", action="store_true", help="wait for further jobs in the folder")
    work.add_argument("--device", default="auto")
    work.add_argument("--threads", type=int, default=0)
    take = actions.add_parser("take", help="measure what a server learnt, beside the model in use")
    take.add_argument("result", type=Path, metavar="RESULT")
    take.add_argument("--run", metavar="NAME", help="the run's folder")
    actions.add_parser("list", help="the jobs that were sent, a line each")


def run(options: argparse.Namespace, workplace: Workplace, output: Output) -> int:
    actions = {"pack": _pack, "run": _work, "take": _take, "list": _list}
    actions[options.action](options, workplace, output)
    return output.status


def jobs_folder(workplace: Workplace) -> Path:
    """Where this machine remembers the jobs that it packed."""
    return workplace.folder / "jobs"


def _pack(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    from training.jobs.exchange import pack

    train.check_options(options)
    base = train.base_model(options, workplace)
    samples = train.samples_for(options, workplace, base)
    plan = train.make_plan(options, base, samples)
    for failure in samples.failures:
        output.failure(failure)
    # The job's own name is not known yet: it is written under a name of this process, and renamed.
    target = options.out or options.send / f".packing-{time.time_ns():x}.zip"
    if options.send is not None and not options.send.is_dir():
        raise UsageError(f"--send {options.send}: a folder that is there is expected.")
    record, failures = pack(
        plan, samples, workplace.registry, base, target, jobs_folder(workplace), _origin(options, base),
        shared=options.shared, cache_folder=workplace.cache_folder / "films",
        on_progress=lambda done, total: output.progress(f"{done} of {total} films", is_last=done == total),
    )  # fmt: skip
    for failure in failures:
        output.failure(failure)
    job = record.job
    if options.send is not None:
        target = target.rename(options.send / f"{job.id}{JOB_ENDING}")
        record.mark_sent(options.send.absolute())
    output.result(
        {"job": job.id, "path": str(target), "films": len(job.films), "parent": job.parent or None},
        f"The job {job.id} with {len(job.films)} films is {target}.",
    )


def _origin(options: argparse.Namespace, base: ModelCard | None) -> dict[str, Any]:
    origin = {name: getattr(options, name) for name in ORIGIN}
    for name in ("labels", "images"):
        origin[name] = str(origin[name].absolute()) if origin[name] is not None else None
    return origin | {"model": base.id if base is not None else None}


def _work(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    lower_priority()
    if rank_here():
        output = Output(as_json=True, is_silent=True)  # under torchrun the first process speaks for all
    with joined(options.device) as group:
        _work_in(group, options, workplace, output)


def _work_in(group: Group, options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    if not options.job.is_dir() or (options.job / "job.json").exists():
        _work_on(options.job, options.out, options, workplace, output, group)
        return
    if options.out is not None:
        raise UsageError("--out goes with one job; the results of a folder's jobs are put beside them.")
    done: set[Path] = set()
    while True:
        found = _jobs_without_result(options.job) if group.is_first else []
        waiting = [path for path in group.from_first(found) if path not in done]
        for path in waiting:
            done.add(path)
            _work_on(path, None, options, workplace, output, group)
        if not waiting and not options.watch:
            return
        if not waiting:
            time.sleep(WATCH_S)


def _jobs_without_result(folder: Path) -> list[Path]:
    """Oldest first. A dot in front is a job that is being written."""
    jobs = [p for p in folder.glob(f"*{JOB_ENDING}") if not p.name.startswith(".")]
    jobs = [p for p in jobs if not _result_beside(p).exists()]
    return sorted(jobs, key=lambda path: path.stat().st_mtime)


def _result_beside(job: Path) -> Path:
    return job.with_name(job.name.removesuffix(".zip").removesuffix(".job") + RESULT_ENDING)


def _work_on(
    bundle: Path,
    target: Path | None,
    options: argparse.Namespace,
    workplace: Workplace,
    output: Output,
    group: Group,
) -> None:
    """Do one job; its films do not stay on this machine."""
    from training.jobs.exchange import job_in, work

    try:
        job, result = job_in(bundle), target or _result_beside(bundle)
        folder = workplace.runs_folder / f"job-{job.id}"
        ended = ""
        with alone_together_in(folder, group):
            for event in work(
                bundle, folder, workplace.bundled, result,
                device=options.device, threads=options.threads, shared=options.shared, group=group,
            ):  # fmt: skip
                ended = event.event
                if ended == "done":
                    output.result(
                        {"event": "done", "job": job.id, "path": str(result)},
                        f"The job {job.id} is done; its result is {result}.",
                    )
                else:
                    train.tell(event, output)
        if not group.is_first:
            for own in folder.glob(f"*-{group.rank}"):
                shutil.rmtree(own, ignore_errors=True)
        elif ended != "cancelled":  # which goes on where it ended
            shutil.rmtree(folder, ignore_errors=True)
    except (TrainingError, InferenceError) as error:
        output.failure(f"{str(error).rstrip('.')}.")


def _take(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    train.check_options(options)
    lower_priority()
    folder = workplace.runs_folder / options.run if options.run else new_run(workplace.runs_folder).folder
    wish = Wish(folder)
    with alone_in(folder), wish.ends_process(lambda event: train.tell(event, output)):
        _take_into(folder, wish, options, workplace, output)


def _take_into(
    folder: Path, wish: Wish, options: argparse.Namespace, workplace: Workplace, output: Output
) -> None:
    from training.finetune import fine_tune
    from training.jobs.exchange import job_of, learnt_weights

    try:
        record = job_of(options.result, jobs_folder(workplace))
        job, base = record.job, _parent(record, workplace)
        origin = argparse.Namespace(**record.origin)
        for name in ("labels", "images"):
            setattr(origin, name, Path(found) if (found := getattr(origin, name)) is not None else None)
        samples = samples_of(job, record.key, train.samples_for(origin, workplace, base))
        learnt = learnt_weights(options.result, job, samples, base)
        plan = replace(job.plan, initial_weights="", device=workplace.settings.device)
        events = fine_tune(
            plan, samples, workplace.registry, folder, base,
            current=train.current_model(base, workplace), cache_folder=workplace.cache_folder / "films",
            margin=workplace.settings.gate_margin, learnt=learnt, wish=wish,
        )  # fmt: skip
        for event in events:
            train.tell(event, output)
            if event.event == "done":
                train.remember(event, workplace)
                record.mark_taken()
    except (NoDevice, TrainingError) as error:
        event = TrainingEvent("failed", {"reason": f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}."})
        train.leave_word(options, workplace, event)
        train.tell(event, output)


def _parent(record: Record, workplace: Workplace) -> ModelCard | None:
    job = record.job
    if not job.parent:
        return None
    try:
        return workplace.registry.find(job.parent)
    except InferenceError as error:
        raise UnusableJob(
            f"the job {job.id} started from a model that is not here any more: {error}"
        ) from error


def _list(options: argparse.Namespace, workplace: Workplace, output: Output) -> None:
    said = {"waiting": "no result yet", "result": "its result lies there", "taken": "its result was taken"}
    for sent in sent_jobs(jobs_folder(workplace)):
        output.result(
            {"job": sent.job, "folder": str(sent.folder), "sent": sent.sent, "state": sent.state,
             "result": str(sent.result) if sent.state == "result" else None},
            f"{sent.job}  {sent.sent}  {said[sent.state]}  {sent.folder}",
        )  # fmt: skip
