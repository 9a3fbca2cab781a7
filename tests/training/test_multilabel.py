"""Several findings at once, some answers unknown: these are masked from the first step to the last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from inference.devices import best_device
from inference.network import load
from inference.predictor import Predictor
from inference.registry import ModelRegistry
from studies.reader import read
from tests.training.conftest import FINDINGS, QUICK
from training.adapting.head import adapt
from training.finetune import fine_tune
from training.proof.evaluate import evaluate
from training.samples import Samples

CPU = best_device("cpu")
SEVERAL = replace(QUICK, task="multilabel", weight_decay=0.0, label_smoothing=0.1, class_balance=0.5)


def without_answers_on(samples: Samples, finding: str) -> Samples:
    """The same films; nobody has said anything about one finding."""
    k = samples.findings.index(finding)
    unknown = tuple(
        replace(s, truth=tuple(None if i == k else t for i, t in enumerate(s.truth))) for s in samples.samples
    )
    return replace(samples, samples=unknown)


def trained(samples: Samples, registry: ModelRegistry, folder: Path, **plan: object) -> str:
    events = list(fine_tune(replace(SEVERAL, **plan), samples, registry, folder))  # type: ignore[arg-type]
    assert events[-1].event == "done", events[-1]
    return str(events[-1].values["model"])


def test_a_finding_nobody_answered_is_neither_learnt_nor_measured(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    silent = without_answers_on(labelled, "nodule")
    first = trained(labelled, registry, tmp_path / "base")
    base = registry.find(first)
    tuned = list(
        fine_tune(
            replace(SEVERAL, depth="head", optimiser="sgd", learning_rate=0.1, mixup=0.3),
            silent, registry, tmp_path / "run", base,
        )
    )  # fmt: skip
    assert tuned[-1].event == "done", tuned[-1]
    card = registry.find(str(tuned[-1].values["model"]))
    before, after = (load_file(registry.weights_path(c)) for c in (base, card))
    k = FINDINGS.index("nodule")
    moved = (after["fc.weight"] - before["fc.weight"]).abs().amax(dim=1)
    assert moved[k] == 0
    assert after["fc.bias"][k] == before["fc.bias"][k]
    assert all(moved[i] > 0 for i in range(3) if i != k)

    model = load(card, registry, CPU)
    test = replace(silent, samples=silent.of_part("test"))
    told = evaluate(model, test, bootstrap=10)
    assert told.per_finding["nodule"]["support"] in (0, None)
    assert told.per_finding["nodule"]["auroc"] is None
    assert told.per_finding["effusion"]["support"] > 0
    assert np.isfinite(told.brier or np.nan)


def test_several_findings_are_predicted_each_by_itself_and_adapted_where_known(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    card = registry.find(trained(labelled, registry, tmp_path / "run"))
    predictor = Predictor(load(card, registry, CPU))
    looks = {s.image: predictor.look(read(s.header, s.frame), maps=FINDINGS) for s in labelled.samples[:12]}
    sums = [sum(f.probability for f in look.prediction.findings) for look in looks.values()]
    assert any(abs(total - 1) > 1e-3 for total in sums)
    assert all(len(look.heatmaps) == 3 for look in looks.values())
    silent = without_answers_on(labelled, "effusion")
    weights = load_file(registry.weights_path(card))
    head = weights["fc.weight"].numpy(), weights["fc.bias"].numpy()
    few = [s for s in silent.samples if s.image in looks and s.part != "test"]
    fitted = adapt(few, lambda s: looks[s.image].embedding, head, FINDINGS, base=card.id, task="multilabel")
    k = FINDINGS.index("effusion")
    np.testing.assert_allclose(fitted.weight[k], head[0][k], atol=1e-5)
    assert np.abs(fitted.weight - head[0]).max() > 1e-4
    adapted = Predictor(load(card, registry, CPU), fitted).look(read(few[0].header, few[0].frame))
    assert adapted.adapted is not None


def test_training_on_unknown_answers_alone_is_refused(
    labelled: Samples, registry: ModelRegistry, tmp_path: Path
) -> None:
    silent = labelled
    for finding in FINDINGS:
        silent = without_answers_on(silent, finding)
    events = list(fine_tune(SEVERAL, silent, registry, tmp_path / "run"))
    assert events[-1].event == "failed"
    assert "0 images of the training part have a decision" in events[-1].values["reason"]
