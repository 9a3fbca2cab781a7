"""Fine-tuning from films to a candidate: real files, a small real network, the real registry."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from inference.card import ModelCard
from inference.devices import best_device
from inference.network import load
from inference.predictor import Predictor
from inference.registry import ModelRegistry
from studies.reader import read, read_header
from tests.training.conftest import FINDINGS, QUICK, write_film, write_hospital, write_labels
from training.events import TrainingEvent
from training.finetune import fine_tune
from training.learning.learner import Learner
from training.plan import Plan
from training.proof.evaluate import evaluate
from training.runs import Wish, ask_to_cancel, read_events
from training.samples import Samples, from_csv

CPU = best_device("cpu")


def run(
    plan: Plan, samples: Samples, registry: ModelRegistry, folder: Path, base: str = ""
) -> list[TrainingEvent]:
    return list(fine_tune(plan, samples, registry, folder, registry.find(base) if base else None))


def weights_of(registry: ModelRegistry, events: list[TrainingEvent]) -> dict[str, torch.Tensor]:
    assert events[-1].event == "done", events[-1]
    return load_file(registry.weights_path(registry.find(events[-1].values["model"])))


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_a_network_from_scratch_learns_the_spots(
    trained: dict[str, object], shared_registry: ModelRegistry, labelled: Samples
) -> None:
    evaluation = trained["evaluation"]
    assert isinstance(evaluation, dict)
    assert evaluation["accuracy"] > 0.8
    card = shared_registry.find(str(trained["model"]))
    assert card.finding_names == FINDINGS
    assert card.covers.modalities == ("CR", "DX", "picture")
    assert card.data["parts"]["train"]["images"] == len(labelled.of_part("train"))
    assert card.recipe["backbone"] == "test_resnet"
    assert card.figures["test"]["accuracy"] == evaluation["accuracy"]
    assert card.temperature == 1.0  # fewer than twenty validation images fit none
    gate = trained["gate"]
    assert gate == {
        "passed": False,
        "verdict": "not proven",
        "reasons": ["There is no current model to compare the candidate with."],
        "current": "",
    }


def test_the_stored_candidate_gives_the_figures_that_were_told(
    trained: dict[str, object], shared_registry: ModelRegistry, labelled: Samples
) -> None:
    model = load(shared_registry.find(str(trained["model"])), shared_registry, CPU)
    progress: list[tuple[int, int]] = []
    test = replace(labelled, samples=labelled.of_part("test"))
    told = evaluate(model, test, lambda done, total: progress.append((done, total)), bootstrap=100)
    evaluation = trained["evaluation"]
    assert isinstance(evaluation, dict)
    assert told.accuracy == evaluation["accuracy"]
    assert told.log_loss == pytest.approx(evaluation["log_loss"], abs=1e-6)
    assert progress[0] == (0, len(test.samples))
    assert progress[-1] == (len(test.samples), len(test.samples))


def test_a_candidate_knows_films_like_its_own_and_says_nothing_of_others(
    trained: dict[str, object], shared_registry: ModelRegistry, labelled: Samples, tmp_path: Path
) -> None:
    card = shared_registry.find(str(trained["model"]))
    assert card.typical_sha256
    model = load(card, shared_registry, CPU)
    evaluation = trained["evaluation"]
    assert isinstance(evaluation, dict)
    assert evaluation["unfamiliar"] <= 0.25  # of twelve films
    stripes = np.tile(np.repeat([0, 255], 4), (40, 5)).astype(np.uint8)
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    look = Predictor(model).look(read(read_header(tmp_path / "stripes.png")))
    assert look.prediction.unfamiliarity is not None
    assert look.prediction.unfamiliarity > 1.0
    assert look.prediction.suggestion is None
    assert "not what" in look.prediction.warnings[0]


def test_events_come_in_order_and_are_kept_in_the_folder(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    events = run(QUICK, labelled, registry, tmp_path / "run")
    kinds = [e.event for e in events]
    assert kinds[0] == "plan"
    assert set(kinds[1:-3]) == {"prepare"}
    assert kinds[-3:] == ["epoch", "epoch", "done"]
    told = events[-2].as_json()
    assert set(told) == {
        "event", "epoch", "epochs", "loss", "validation", "learning_rate", "elapsed_s", "remaining_s",
    }  # fmt: skip
    assert {"log_loss", "macro_auroc", "accuracy"} <= set(told["validation"])
    assert told["remaining_s"] == 0
    assert [json.dumps(e.as_json()) for e in read_events(tmp_path / "run")] == [
        json.dumps(e.as_json()) for e in events
    ]
    assert Plan.from_json(json.loads((tmp_path / "run" / "plan.json").read_text())) == QUICK


def test_the_same_plan_gives_the_same_model(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    first, second = (run(QUICK, labelled, registry, tmp_path / name) for name in ("a", "b"))
    assert same(weights_of(registry, first), weights_of(registry, second))
    other = run(replace(QUICK, seed=1), labelled, registry, tmp_path / "c")
    assert not same(weights_of(registry, first), weights_of(registry, other))


EVERYTHING = replace(
    QUICK, epochs=4, ema=0.9, mixup=0.4, drop_rate=0.2, drop_path=0.1, erase=0.5, horizontal_flip=True,
    keep="last",
)  # fmt: skip


@pytest.mark.parametrize(
    "plan", [replace(QUICK, epochs=4), EVERYTHING, replace(QUICK, epochs=4, optimiser="sgd")]
)
def test_an_interrupted_run_resumes_to_the_bit(
    plan: Plan, labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    whole = run(plan, labelled, registry, tmp_path / "whole")
    broken: Iterator[TrainingEvent] = fine_tune(plan, labelled, registry, tmp_path / "broken")
    for event in broken:
        if event.event == "epoch" and event.values["epoch"] == 2:
            break
    broken.close()  # type: ignore[attr-defined]
    torch.manual_seed(99)  # whatever else happens to the process
    rest = run(plan, labelled, registry, tmp_path / "broken")
    assert [e.values["epoch"] for e in rest if e.event == "epoch"] == [3, 4]
    assert same(weights_of(registry, whole), weights_of(registry, rest))
    losses = {e.values["epoch"]: e.values["loss"] for e in whole if e.event == "epoch"}
    resumed = {
        e.values["epoch"]: e.values["loss"] for e in read_events(tmp_path / "broken") if e.event == "epoch"
    }
    assert losses == resumed


TUNED = replace(
    QUICK, epochs=6, head_epochs=2, depth="last", layer_decay=0.5, copies=2, distillation=0.3,
    sampling="balanced", learning_rate=3e-3, drop_rate=0.2, keep="last",
)  # fmt: skip


@pytest.mark.parametrize("stops_in", [1, 2, 3, 5])
def test_a_tuning_that_was_stopped_amid_an_epoch_resumes_to_the_bit(
    stops_in: int,
    trained: dict[str, object],
    labelled: Samples,
    shared_registry: ModelRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the head alone, at the last of its epochs, in the first after it, and later."""
    base = str(trained["model"])
    whole = run(TUNED, labelled, shared_registry, tmp_path / "whole", base)
    broken = tmp_path / "broken"
    learn_epoch = Learner.learn_epoch

    def stopped(learner: Learner, epoch: int) -> tuple[float, float]:
        if epoch == stops_in:  # a wish that comes while this epoch's second batch is learned from
            looks = iter(range(100))

            def look_up() -> None:
                if next(looks) == 1:
                    ask_to_cancel(broken)
                Wish(broken).look()

            learner.look_up = look_up
        return learn_epoch(learner, epoch)

    monkeypatch.setattr(Learner, "learn_epoch", stopped)
    events = run(TUNED, labelled, shared_registry, broken, base)
    assert [e.event for e in events][-1] == "cancelled"
    assert sum(e.event == "epoch" for e in events) == stops_in - 1
    monkeypatch.undo()
    torch.manual_seed(7)
    rest = run(TUNED, labelled, shared_registry, broken, base)
    assert [e.values["epoch"] for e in rest if e.event == "epoch"] == list(range(stops_in, 7))
    assert same(weights_of(shared_registry, whole), weights_of(shared_registry, rest))


def test_the_head_learns_alone_first_and_then_the_rest_slower_towards_the_input(
    trained: dict[str, object], labelled: Samples, shared_registry: ModelRegistry, tmp_path: Path
) -> None:
    base = str(trained["model"])
    before = load_file(shared_registry.weights_path(shared_registry.find(base)))
    plan = replace(
        QUICK, depth="all", epochs=3, head_epochs=2, layer_decay=0.2, optimiser="sgd", momentum=0.0,
        gradient_clip=0, weight_decay=0.0, learning_rate=1e-2, keep="last",
    )  # fmt: skip
    states: dict[int, dict[str, torch.Tensor]] = {}
    folder = tmp_path / "run"
    for event in fine_tune(plan, labelled, shared_registry, folder, shared_registry.find(base)):
        if event.event == "epoch":
            kept = torch.load(folder / "checkpoint.pt", weights_only=True)
            states[event.values["epoch"]] = kept["state"]["learner"]["network"]
            rates = [group["lr"] for group in kept["state"]["learner"]["optimiser"]["param_groups"]]
    for epoch in (1, 2):
        moved = {k for k in before if not torch.equal(before[k], states[epoch][k])}
        assert moved == {"fc.weight", "fc.bias"}
    first = next(name for name, value in before.items() if value.ndim == 4)
    assert not torch.equal(before[first], states[3][first])
    shares = sorted({round(rate / max(rates), 6) for rate in rates}, reverse=True)
    assert shares == pytest.approx([0.2**n for n in range(len(shares))])
    assert len(shares) >= 5  # the head and four stages at least
    assert not {k for k in before if "running" in k and not torch.equal(before[k], states[3][k])}


def test_early_stopping_waits_until_all_that_may_move_has_moved(
    trained: dict[str, object], labelled: Samples, shared_registry: ModelRegistry, tmp_path: Path
) -> None:
    plan = replace(QUICK, depth="last", learning_rate=0.0, epochs=20, head_epochs=4, patience=2)
    events = run(plan, labelled, shared_registry, tmp_path / "run", str(trained["model"]))
    assert [e.values["epoch"] for e in events if e.event == "epoch"] == list(range(1, 8))


def test_two_trainings_at_once_in_one_folder_do_not_disturb_each_other(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    """Film by film and epoch by epoch in turn, with one cache and one registry."""
    plans = [replace(QUICK, seed=seed) for seed in (1, 2)]
    alone = [run(plan, labelled, registry, tmp_path / f"alone{plan.seed}") for plan in plans]
    cache = tmp_path / "cache"
    both = [
        fine_tune(plan, labelled, registry, tmp_path / f"both{plan.seed}", cache_folder=cache)
        for plan in plans
    ]
    told: list[list[TrainingEvent]] = [[], []]
    ended = 0
    while ended < 2:
        ended = 0
        for events, kept in zip(both, told, strict=True):
            event = next(events, None)
            ended += event is None
            kept += [event] if event is not None else []
    for one, other in zip(alone, told, strict=True):
        assert same(weights_of(registry, one), weights_of(registry, other))
    assert len(registry.cards()) == 2  # a model is named by what it is


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_ends_with_a_sentence_and_leaves_the_last_good_checkpoint(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    folder, plan = tmp_path / "run", replace(QUICK, epochs=4)
    whole = run(plan, labelled, registry, tmp_path / "whole")
    events = []
    for event in fine_tune(plan, labelled, registry, folder):
        events.append(event)
        if event.event == "epoch" and event.values["epoch"] == 2:
            (folder / "checkpoint.pt.part").symlink_to("/dev/full")
    assert [e.event for e in events][-2:] == ["epoch", "failed"]
    assert "checkpoint.pt could not be written" in events[-1].values["reason"]
    assert not (folder / "checkpoint.pt.part").is_symlink()
    rest = run(plan, labelled, registry, folder)  # there is room again
    assert [e.values["epoch"] for e in rest if e.event == "epoch"] == [3, 4]
    assert same(weights_of(registry, whole), weights_of(registry, rest))


def test_cancelling_ends_the_run_in_the_next_batch_and_it_can_go_on(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    events = []
    for event in fine_tune(replace(QUICK, epochs=3), labelled, registry, folder):
        events.append(event)
        if event.event == "epoch":
            ask_to_cancel(folder)
    assert [e.event for e in events][-2:] == ["epoch", "cancelled"]
    assert not registry.cards()
    assert not (folder / "cancel").exists()
    rest = run(replace(QUICK, epochs=3), labelled, registry, folder)
    assert [e.values["epoch"] for e in rest if e.event == "epoch"] == [2, 3]
    assert rest[-1].event == "done"


def test_a_wish_to_cancel_from_before_the_start_is_heard(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    ask_to_cancel(tmp_path / "run")
    assert [e.event for e in run(QUICK, labelled, registry, tmp_path / "run")] == ["cancelled"]


def test_a_wish_to_cancel_that_comes_while_the_candidate_is_kept_comes_too_late(
    labelled: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr("os._exit", lambda code: ended.set())
    monkeypatch.setattr("training.runs.PATIENCE_S", 0.05)
    folder = tmp_path / "run"

    class Busy(ModelRegistry):
        """Somebody cancels while it takes the candidate in, which lasts as long as a wish is patient."""

        def add(self, card: ModelCard, weights: Path, companions: Sequence[Path] = ()) -> ModelCard:
            ask_to_cancel(folder)
            ended.wait(0.5)
            return super().add(card, weights, companions)

    registry, wish = Busy(tmp_path / "models", tmp_path / "bundled"), Wish(folder)
    with wish.ends_process(lambda event: None):
        events = list(fine_tune(replace(QUICK, epochs=1), labelled, registry, folder, wish=wish))
    assert not ended.is_set(), "the process would have ended, and left a candidate behind"
    assert [event.event for event in read_events(folder)][-1] == events[-1].event == "done"
    assert not (folder / "cancel").exists()  # or a run that is resumed would hear it


def test_a_checkpoint_of_another_plan_is_refused(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    run(replace(QUICK, epochs=1), labelled, registry, tmp_path / "run")
    (last,) = run(replace(QUICK, epochs=1, seed=2), labelled, registry, tmp_path / "run")[-1:]
    assert last.event == "failed"
    assert "belongs to another plan" in last.values["reason"]


def test_a_damaged_checkpoint_is_told_in_a_sentence(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    run(replace(QUICK, epochs=1), labelled, registry, tmp_path / "run")
    path = tmp_path / "run" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (last,) = run(replace(QUICK, epochs=1), labelled, registry, tmp_path / "run")[-1:]
    assert last.event == "failed"
    assert "checkpoint.pt is damaged" in last.values["reason"]


def test_a_loss_that_is_no_number_fails_with_a_sentence(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    plan = replace(QUICK, optimiser="sgd", learning_rate=1e6, gradient_clip=0, warm_up=0, epochs=20)
    (last,) = run(plan, labelled, registry, tmp_path / "run")[-1:]
    assert last.event == "failed"
    assert "a lower learning rate" in last.values["reason"]
    assert not registry.cards()


def test_a_tuned_head_leaves_the_encoder_and_its_statistics_alone(
    trained: dict[str, object], labelled: Samples, shared_registry: ModelRegistry, tmp_path: Path
) -> None:
    base = str(trained["model"])
    before = load_file(shared_registry.weights_path(shared_registry.find(base)))
    events = run(replace(QUICK, depth="head"), labelled, shared_registry, tmp_path / "run", base)
    after = weights_of(shared_registry, events)
    assert {k for k in before if not torch.equal(before[k], after[k])} == {"fc.weight", "fc.bias"}
    card = shared_registry.find(events[-1].values["model"])
    assert (card.parent, card.covers) == (base, shared_registry.find(base).covers)
    assert events[-1].values["current_evaluation"]["model"] == base


@pytest.mark.parametrize("depth", ["last", "half", "all"])
def test_each_depth_moves_its_stages_and_no_batch_norm_statistics(
    depth: str, trained: dict[str, object], labelled: Samples, shared_registry: ModelRegistry, tmp_path: Path
) -> None:
    base = str(trained["model"])
    before = load_file(shared_registry.weights_path(shared_registry.find(base)))
    plan = replace(QUICK, depth=depth, learning_rate=1e-2)  # type: ignore[arg-type]
    after = weights_of(shared_registry, run(plan, labelled, shared_registry, tmp_path / "run", base))
    moved = {k for k in before if not torch.equal(before[k], after[k])}
    stages = {k.split(".")[0] for k in moved}
    expected = {
        "last": {"layer4", "fc"},
        "half": {"layer2", "layer3", "layer4", "fc"},
        "all": {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"},
    }[depth]
    assert stages == expected
    assert not {k for k in moved if "running" in k or "num_batches" in k}


def test_statistics_below_the_tuned_depth_stay_even_where_the_rest_learns_them(
    trained: dict[str, object], labelled: Samples, shared_registry: ModelRegistry, tmp_path: Path
) -> None:
    base = str(trained["model"])
    before = load_file(shared_registry.weights_path(shared_registry.find(base)))
    plan = replace(QUICK, depth="last", batch_norm="train")
    after = weights_of(shared_registry, run(plan, labelled, shared_registry, tmp_path / "run", base))
    moved = {k.split(".")[0] for k in before if "running" in k and not torch.equal(before[k], after[k])}
    assert moved == {"layer4"}


def test_a_new_finding_grows_the_head_and_the_old_rows_stay(
    trained: dict[str, object], hospital: Path, shared_registry: ModelRegistry, tmp_path: Path
) -> None:
    base = str(trained["model"])
    samples = from_csv(
        hospital / "labels.csv", hospital, [*FINDINGS, "tuberculosis"], seed=3, shares=(8, 0, 2)
    )
    plan = replace(QUICK, depth="head", learning_rate=0.0, epochs=1)
    events = run(plan, samples, shared_registry, tmp_path / "run", base)
    grown = weights_of(shared_registry, events)
    before = load_file(shared_registry.weights_path(shared_registry.find(base)))
    assert grown["fc.weight"].shape[0] == 4
    assert torch.equal(grown["fc.weight"][:3], before["fc.weight"])
    assert shared_registry.find(events[-1].values["model"]).finding_names[-1] == "tuberculosis"


@pytest.mark.parametrize(("films", "batch_size"), [(5, 32), (5, 4), (9, 4), (33, 32)])
def test_five_corrections_and_a_left_over_film_are_enough(
    films: int, batch_size: int, registry: ModelRegistry, tmp_path: Path
) -> None:
    samples = from_csv(write_hospital(tmp_path, films, films_each=1), tmp_path, held_out=False)
    events = run(replace(QUICK, epochs=1, batch_size=batch_size), samples, registry, tmp_path / "run")
    assert events[-1].event == "done", events[-1]
    assert events[-1].values["evaluation"] is None
    assert events[-1].values["gate"]["verdict"] == "not proven"
    assert events[-2].values["validation"]["log_loss"] is None


def test_one_kind_of_film_is_refused_in_a_sentence(registry: ModelRegistry, tmp_path: Path) -> None:
    for i in range(5):
        write_film(tmp_path / f"{i}.png", "nodule", i)
    csv = write_labels(tmp_path, [(f"{i}.png", "nodule", f"p{i}") for i in range(5)])
    samples = from_csv(csv, tmp_path, FINDINGS, held_out=False)
    events = run(QUICK, samples, registry, tmp_path / "run")
    assert [e.event for e in events] == ["failed"]
    assert events[-1].values["reason"].startswith("All 5 images of the training part show “nodule”")


def test_a_film_that_cannot_be_decoded_is_named_and_left_out(registry: ModelRegistry, tmp_path: Path) -> None:
    csv = write_hospital(tmp_path, 12, films_each=1)
    samples = from_csv(csv, tmp_path, held_out=False)
    broken = Path(samples.samples[3].header.path)
    broken.write_bytes(broken.read_bytes()[:200])
    events = run(replace(QUICK, epochs=1), samples, registry, tmp_path / "run")
    assert events[-1].event == "done"
    (told,) = [e.values["failures"] for e in events if e.event == "prepare"][-1]
    assert broken.name in told


def test_several_findings_at_once_learn_from_what_is_known(registry: ModelRegistry, tmp_path: Path) -> None:
    csv = write_hospital(tmp_path, 24, films_each=1)
    samples = from_csv(csv, tmp_path, ["effusion", "no-finding", "nodule"], seed=1)
    partly = tuple(replace(s, truth=(s.truth[0], None, s.truth[2])) for s in samples.samples)
    plan = replace(QUICK, task="multilabel", mixup=0.3, class_balance=0.5)
    events = run(plan, replace(samples, samples=partly), registry, tmp_path / "run")
    assert events[-1].event == "done", events[-1]
    assert events[-1].values["evaluation"]["per_finding"]["no-finding"]["support"] == 0
    assert registry.find(events[-1].values["model"]).task == "multilabel"


def test_an_unknown_architecture_fails_with_its_name(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    events = run(replace(QUICK, backbone="resnet_of_my_own"), labelled, registry, tmp_path / "run")
    assert events[-1].event == "failed"
    assert "resnet_of_my_own" in events[-1].values["reason"]


def test_weights_in_half_precision_give_the_figures_that_were_told(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    plan = replace(QUICK, stored_as="float16", epochs=1, precision="bfloat16")
    events = run(plan, labelled, registry, tmp_path / "run")
    stored = weights_of(registry, events)
    assert stored["fc.weight"].dtype == torch.float16
    model = load(registry.find(events[-1].values["model"]), registry, CPU)
    test = replace(labelled, samples=labelled.of_part("test"))
    told = evaluate(model, test, bootstrap=0)
    assert told.log_loss == pytest.approx(events[-1].values["evaluation"]["log_loss"], abs=1e-6)


def test_training_can_start_from_given_encoder_weights(
    trained: dict[str, object], labelled: Samples, shared_registry: ModelRegistry, registry: ModelRegistry,
    tmp_path: Path,
) -> None:  # fmt: skip
    given = shared_registry.weights_path(shared_registry.find(str(trained["model"])))
    plan = replace(QUICK, initial_weights=str(given), learning_rate=0.0, batch_norm="frozen", epochs=1)
    after = weights_of(registry, run(plan, labelled, registry, tmp_path / "run"))
    before = load_file(given)
    assert torch.equal(before["layer4.0.conv1.weight"], after["layer4.0.conv1.weight"])
    assert not torch.equal(before["fc.weight"], after["fc.weight"])
    strange = replace(plan, backbone="test_efficientnet")
    (last,) = run(strange, labelled, registry, tmp_path / "other")[-1:]
    assert "weights of the same architecture are expected" in last.values["reason"]


def test_training_stops_early_where_validation_no_longer_improves(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    plan = replace(QUICK, learning_rate=0.0, batch_norm="frozen", epochs=30, patience=2)
    events = run(plan, labelled, registry, tmp_path / "run")
    assert [e.values["epoch"] for e in events if e.event == "epoch"] == [1, 2, 3]
    assert events[-1].values["epoch_kept"] == 1


def test_decoded_films_are_kept_for_the_next_run(
    hospital: Path, registry: ModelRegistry, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    shutil.copytree(hospital, films)
    samples = from_csv(films / "labels.csv", films, seed=3, shares=(1, 0, 0))
    plan, cache = replace(QUICK, epochs=1), tmp_path / "cache"
    first = list(fine_tune(plan, samples, registry, tmp_path / "a", cache_folder=cache))
    (kept,) = cache.iterdir()
    stamp = kept.stat().st_mtime_ns
    second = list(fine_tune(plan, samples, registry, tmp_path / "b", cache_folder=cache))
    assert [p.stat().st_mtime_ns for p in cache.iterdir()] == [stamp]
    assert same(weights_of(registry, first), weights_of(registry, second))
    kept.write_bytes(b"damaged")
    third = list(fine_tune(plan, samples, registry, tmp_path / "c", cache_folder=cache))
    assert same(weights_of(registry, first), weights_of(registry, third))


def test_a_run_folder_that_cannot_be_made_is_told_in_a_sentence(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    (event,) = run(QUICK, labelled, registry, tmp_path / "file" / "run")
    assert event.event == "failed"
    assert "could not be used" in event.values["reason"]
