"""What a training leaves behind: a candidate's card, its weights, and how it compares."""

from __future__ import annotations

import logging
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from inference.card import FITTED, REPLAY, TYPICAL, FindingName, ModelCard
from inference.errors import ModelNotStored, UnknownModel
from inference.network import build, head_name, load, prepare
from inference.registry import ModelRegistry
from inference.typical import Typical
from training.errors import TrainingError, UnusablePlan
from training.events import Evaluation, Gate, ImageResult
from training.plan import Plan
from training.proof.evaluate import evaluate
from training.proof.fitted import Fitted, fitted_of
from training.proof.gate import MARGIN
from training.proof.judging import Known, judged, unseen
from training.proof.metrics import curves
from training.proof.probes import finder_for
from training.proof.report import write_report
from training.replay import Replay
from training.samples import Samples

TUNED = ", fine-tuned"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A candidate in the registry and its comparison; evaluations are None without a test part."""

    card: ModelCard
    evaluation: Evaluation | None
    current_evaluation: Evaluation | None
    gate: Gate
    current: ModelCard | None = None

    def write_report(self, folder: Path) -> Path | None:
        """Write both models side by side as a page and as JSON (`training.proof.report`); the page's path.

        None where nothing was measured, or the folder cannot be written: the candidate is there all the same.
        """
        if self.evaluation is None:
            return None
        before = None
        if self.current is not None and self.current_evaluation is not None:
            before = (self.current_evaluation, self.current)
        try:
            return write_report(self.evaluation, self.card, folder, before, self.gate)[0]
        except OSError as error:
            logger.warning("The report was not written: %s", error)
            return None

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
    *,
    last_look: Callable[[], None] | None = None,
    margin: float = MARGIN,
    replay: Replay | None = None,
) -> Outcome:
    """Measure the candidate and the current model on the test part, then put it into the registry.

    Films of the test part that a model was fitted on, or whose patient it has seen, do not measure that
    model: they are left out and named. Compared is on films that neither has seen.

    Parameters
    ----------
    weights
        As `rounded` gave them: what is measured is what is kept.
    typical
        What the candidate knows; kept beside its weights.
    look_up
        Called at every batch; raises to stop, and then no candidate is left behind.
    last_look
        Called instead, once, before the candidate is put into the registry (`training.runs.Wish.look_last`).
    margin
        See `training.proof.gate.compare`.
    replay
        Films that the candidate was trained on, for whoever re-fits its head; kept beside its weights.
    """
    fitted = _fitted(card, samples, registry)
    current, remarks = _other_than_itself(card, weights, current, registry)
    left = unseen(
        samples.of_part("test"),
        Known(card.name, fitted, _named(card.parent, registry)),
        None if current is None else Known(current.name or current.id, fitted_of(current, registry)),
        patients={s.patient for s in samples.of_part("train", "validation")},
    )
    evaluation = current_evaluation = None
    network = build(card)
    network.load_state_dict(weights)
    model = replace(prepare(card, network, device), typical=typical)
    extra = [f for f in (current.finding_names if current else ()) if f not in card.finding_names]
    options: dict[str, Any] = {
        "findings": (*card.finding_names, *extra), "bootstrap": plan.bootstrap, "seed": plan.seed,
        "lungs": finder_for(registry, *([card] if current is None else [card, current])),
    }  # fmt: skip

    def on_progress(done: int, total: int) -> None:
        look_up()

    if left.of_candidate:
        evaluation = evaluate(model, replace(samples, samples=left.of_candidate), on_progress, **options)
    if left.of_both and current is not None and current.head_trained:
        common = replace(samples, samples=left.of_both)
        current_evaluation = evaluate(load(current, registry, device), common, on_progress, **options)
    figures = dict(card.figures)
    if evaluation is not None:
        figures["test"] = {k: v for k, v in evaluation.as_json().items() if k != "model"}
    (last_look or look_up)()
    # With the card, so that no moment knows the candidate and not the verdict on it.
    gate = judged(
        evaluation, current_evaluation, card, current, (*remarks, *left.remarks),
        kept_aside=len(samples.of_part("test")), margin=margin, bootstrap=plan.bootstrap, seed=plan.seed,
    )  # fmt: skip
    named = replace(card, figures=figures | {"gate": gate.as_json()}, head=head_name(model))
    card = _add(named, weights, typical, fitted, registry, replay)
    if evaluation is not None:
        evaluation = replace(evaluation, model=card.id)
    return Outcome(card, evaluation, current_evaluation, gate, current)


def _other_than_itself(
    card: ModelCard, weights: dict[str, torch.Tensor], current: ModelCard | None, registry: ModelRegistry
) -> tuple[ModelCard | None, tuple[str, ...]]:
    """The model to compare with, and what has to be said of that.

    A run that was killed before its last word is gone on with, and somebody promoted its candidate meanwhile:
    it is the model in use, and would be compared with itself.
    """
    if current is None or current.parent != card.parent or current.temperature != card.temperature:
        return current, ()
    kept = load(current, registry, torch.device("cpu")).network.state_dict()
    if kept.keys() != weights.keys() or any(not torch.equal(kept[n], weights[n].to(kept[n])) for n in kept):
        return current, ()
    try:
        parent = registry.find(card.parent)
    except UnknownModel:
        return None, ("The candidate is in use already.",)
    said = (
        f"The candidate is in use already: it is compared with {parent.name or parent.id}, which it was made "
        "from."
    )
    return parent, (said,)


def _fitted(card: ModelCard, samples: Samples, registry: ModelRegistry) -> Fitted:
    """What the candidate was fitted on, its parents' films among them."""
    own = Fitted.of(samples.of_part("train", "validation"))
    if not card.parent:
        return own
    try:
        parents = fitted_of(registry.find(card.parent), registry)
    except UnknownModel:  # it was removed meanwhile, or the candidate was trained elsewhere
        parents = None
    return own | (parents if parents is not None else Fitted(is_whole=False))


def _named(model: str, registry: ModelRegistry) -> str:
    """What people call a model; its id where it is not here any more."""
    try:
        return registry.find(model).name or model if model else ""
    except UnknownModel:
        return model


def versions() -> dict[str, str]:
    """What made a model, beside its recipe."""
    import timm

    return {"python": platform.python_version(), "torch": torch.__version__, "timm": timm.__version__}


def _add(
    card: ModelCard,
    weights: dict[str, torch.Tensor],
    typical: Typical | None,
    fitted: Fitted,
    registry: ModelRegistry,
    replay: Replay | None,
) -> ModelCard:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        beside = [folder / FITTED]
        needed = sum(value.numel() * value.element_size() for value in weights.values())
        try:
            save_file(weights, folder / "weights.safetensors")
            fitted.write(folder / FITTED)
            if typical is not None:
                beside.append(folder / TYPICAL)
                typical.write(folder / TYPICAL)
            if replay is not None:
                beside.append(folder / REPLAY)
                replay.write(folder / REPLAY)
        except (OSError, SafetensorError) as error:
            raise TrainingError(
                f"{folder.parent} has no room for the candidate, {needed / 1e6:.1f} MB: {error}"
            ) from error
        try:
            return registry.add(card, folder / "weights.safetensors", beside)
        except ModelNotStored as error:
            said = str(error).rstrip(".")
            raise ModelNotStored(f"{said}; {needed / 1e6:.1f} MB are needed.") from error
