"""What a training leaves behind: a candidate's card, its weights, and how it compares."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from inference.card import TYPICAL, FindingName, ModelCard
from inference.network import build, head_name, load, prepare
from inference.registry import ModelRegistry
from inference.typical import Typical
from training.errors import UnusablePlan
from training.evaluate import evaluate
from training.events import Evaluation, Gate, ImageResult
from training.gate import compare
from training.metrics import curves
from training.plan import Plan
from training.probes import finder_for
from training.samples import Samples

TUNED = ", fine-tuned"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A candidate in the registry and its comparison; evaluations are None without a test part."""

    card: ModelCard
    evaluation: Evaluation | None
    current_evaluation: Evaluation | None
    gate: Gate

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.card.id,
            "evaluation": self._told(self.evaluation),
            "current_evaluation": self._told(self.current_evaluation),
            "gate": self.gate.as_json(),
            "differing": self._differing(),
        }

    def _told(self, evaluation: Evaluation | None) -> dict[str, Any] | None:
        """An evaluation with what its plots are drawn from."""
        if evaluation is None:
            return None
        return evaluation.as_json() | curves(evaluation.per_image, evaluation.findings, self.card.task)

    def _differing(self) -> list[dict[str, str]]:
        """Films of the test part whose most probable finding is another one for the two models."""
        if self.evaluation is None or self.current_evaluation is None:
            return []
        names = self.evaluation.findings
        before = {r.image: r for r in self.current_evaluation.per_image}
        differing = []
        for now in self.evaluation.per_image:
            earlier = before.get(now.image)
            if earlier is None or _most_probable(earlier, names) == _most_probable(now, names):
                continue
            differing.append(
                {
                    "image": now.image,
                    "truth": ", ".join(n for n, t in zip(names, now.truth, strict=True) if t),
                    "current": _most_probable(earlier, names),
                    "candidate": _most_probable(now, names),
                }
            )
        return differing


def _most_probable(result: ImageResult, findings: Sequence[str]) -> str:
    return findings[max(range(len(findings)), key=lambda i: result.probabilities[i])]


def candidate_card(plan: Plan, samples: Samples, base: ModelCard | None) -> ModelCard:
    """The card before training: what the network is, what it answers, which images it is meant for."""
    said = dict(plan.display_names)
    findings = tuple(
        FindingName(name, said.get(name) or (base.display_of(name) if base else name.replace("-", " ")))
        for name in samples.findings
    )
    data = {"parts": samples.counts(), "failures": len(samples.failures)}
    recipe = plan.as_json()
    if base is None:
        card = ModelCard(
            id="", name=plan.name or f"{plan.backbone} from scratch", architecture=plan.backbone,
            findings=findings, task=plan.task, preprocessing=plan.preprocessing, covers=plan.covers,
            data=data, recipe=recipe,
        )  # fmt: skip
    else:
        name = plan.name or base.name.removesuffix(TUNED) + TUNED
        card = replace(
            base, id="", name=name, findings=findings, parent=base.id, created="", weights_sha256="",
            head_trained=True, operating_points={}, bundled=False, data=data | {"before": base.data},
            recipe=recipe, figures={},
        )  # fmt: skip
    try:
        card.check()
    except ValueError as error:
        raise UnusablePlan(f"{card.name} cannot be trained: {error}") from error
    return card


def rounded(weights: dict[str, torch.Tensor], stored_as: str) -> dict[str, torch.Tensor]:
    """Weights as they will be on disk: contiguous, and in half precision where that was asked."""
    half = stored_as == "float16"
    return {
        name: (value.half() if half and value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in weights.items()
    }


def conclude(
    card: ModelCard,
    weights: dict[str, torch.Tensor],
    typical: Typical | None,
    samples: Samples,
    registry: ModelRegistry,
    current: ModelCard | None,
    plan: Plan,
    device: torch.device,
    look_up: Callable[[], None],
) -> Outcome:
    """Measure the candidate and the current model on the test part, then put it into the registry.

    Parameters
    ----------
    weights
        As `rounded` gave them: what is measured is what is kept.
    typical
        What the candidate knows; kept beside its weights.
    look_up
        Called at every batch; raises to stop, and then no candidate is left behind.
    """
    test = replace(samples, samples=samples.of_part("test"))
    evaluation = current_evaluation = None
    network = build(card)
    network.load_state_dict(weights)
    model = replace(prepare(card, network, device), typical=typical)
    if test.samples:
        extra = [f for f in (current.finding_names if current else ()) if f not in card.finding_names]
        options: dict[str, Any] = {
            "findings": (*card.finding_names, *extra), "bootstrap": plan.bootstrap, "seed": plan.seed,
            "lungs": finder_for(registry, *([card] if current is None else [card, current])),
        }  # fmt: skip

        def on_progress(done: int, total: int) -> None:
            look_up()

        evaluation = evaluate(model, test, on_progress, **options)
        if current is not None and current.head_trained:
            current_evaluation = evaluate(load(current, registry, device), test, on_progress, **options)
    figures = dict(card.figures)
    if evaluation is not None:
        figures["test"] = {k: v for k, v in evaluation.as_json().items() if k != "model"}
    look_up()
    card = _add(replace(card, figures=figures, head=head_name(model)), weights, typical, registry)
    if evaluation is not None:
        evaluation = replace(evaluation, model=card.id)
    return Outcome(card, evaluation, current_evaluation, _judge(evaluation, current_evaluation, card, plan))


def versions() -> dict[str, str]:
    """What made a model, beside its recipe."""
    import timm

    return {"python": platform.python_version(), "torch": torch.__version__, "timm": timm.__version__}


def _judge(evaluation: Evaluation | None, current: Evaluation | None, card: ModelCard, plan: Plan) -> Gate:
    if evaluation is None:
        return Gate(False, "not proven", ("No patients were kept aside for testing, so nothing is proven.",))
    if current is None:
        return Gate(False, "not proven", ("There is no current model to compare the candidate with.",))
    return compare(evaluation, current, bootstrap=max(plan.bootstrap, 1), seed=plan.seed, task=card.task)


def _add(
    card: ModelCard, weights: dict[str, torch.Tensor], typical: Typical | None, registry: ModelRegistry
) -> ModelCard:
    from safetensors.torch import save_file

    with tempfile.TemporaryDirectory() as folder:
        path, described = Path(folder) / "weights.safetensors", Path(folder) / TYPICAL
        save_file(weights, path)
        if typical is not None:
            typical.write(described)
        return registry.add(card, path, [described] if typical is not None else [])
