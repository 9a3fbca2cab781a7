"""A model's card as a person reads it: what it is, what it answers, what it was measured on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inference.card import ModelCard, Preprocessing

_WIDTH, _LINE = 18, 110  # characters
_FORMATS = {
    "network": "weights for this architecture",
    "program": "a program of torch.export",
    "onnx": "an ONNX file",
}
_TASKS = {"multiclass": "one of many (softmax)", "multilabel": "several at once (sigmoid)"}
_NOT_FOR_PEOPLE = ("findings", "intervals", "per_image", "confusion", "model", "roc", "reliability")


def card_text(card: ModelCard, *, in_use: bool = False) -> str:
    """The whole card, a line a fact."""
    return "\n".join(_lines(card, in_use))


def _lines(card: ModelCard, in_use: bool) -> Iterator[str]:
    yield f"{card.id}: {card.name}" + (", in use" if in_use else "")
    if not card.head_trained:
        yield _line("Predicts", "no: its head is new and has not been trained yet")
    yield _line("Architecture", f"{card.architecture} ({_FORMATS[card.format]})")
    if card.head:
        yield _line("Last layer", "no linear one" if card.head == "none" else card.head)
    yield _line("Findings", ", ".join(f"{f.name} ({f.display})" for f in card.findings))
    yield _line("Task", _TASKS[card.task])
    yield _line("Input", _input(card.preprocessing))
    yield _line("Meant for", _covers(card))
    yield _line("Temperature", f"{card.temperature:.3g}" + (" (as trained)" if card.temperature == 1 else ""))
    points = [f"{name} from {point:.3g}" for name, point in card.operating_points.items()]
    yield _line("Operating points", ", ".join(points) or "none")
    yield _line("Typical images", "described" if card.typical_sha256 else "not described")
    yield _line("Parent", card.parent or "none")
    yield _line("Made", card.created or "not told")
    yield from _described("Data", card.data)
    yield from _described("Figures", card.figures)
    yield _line("Weights", f"SHA-256 {card.weights_sha256}")
    if card.typical_sha256:
        yield _line("", f"SHA-256 {card.typical_sha256} (typical images)")
    yield _line("Licence", card.licence or "not told")
    for i, limit in enumerate(card.limits):
        yield _line("" if i else "Limits", limit)
    yield _line("Intended use", card.intended_use)
    yield from _described("Recipe", card.recipe)


def _line(title: str, text: str) -> str:
    indent = " " * (_WIDTH + 2)
    lines = textwrap.wrap(text, _LINE - len(indent), break_long_words=False, break_on_hyphens=False)
    return f"  {title:<{_WIDTH}}" + f"\n{indent}".join(lines)


def _input(pre: Preprocessing) -> str:
    """How an image becomes the network's input, in the order in which it happens."""
    steps = ["cut to the lungs"] if pre.crop == "lungs" else []
    fitted = "padded to a square" if pre.geometry == "pad" else "the whole image"
    steps.append(f"{fitted}, {pre.input_size} x {pre.input_size} pixels, {_counted(pre.channels, 'channel')}")
    if pre.normalisation == "image":
        steps.append("each by its own mean and deviation")
    else:
        mean, std = (", ".join(f"{v:g}" for v in values) for values in (pre.mean, pre.std))
        steps.append(f"mean {mean}, deviation {std}")
    return "; ".join(steps)


def _covers(card: ModelCard) -> str:
    if card.covers.phantoms:
        return "phantoms alone"
    parts = [", ".join(p) for p in (card.covers.modalities, card.covers.body_parts, card.covers.views)]
    return (
        "; ".join(f"{what} {p}" for what, p in zip(("", "of", "in"), parts, strict=True) if p).strip()
        or "any"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _described(title: str, facts: Mapping[str, Any]) -> Iterator[str]:
    """What people and trainings wrote down, flattened: `test, macro auroc: 0.912 (0.9 to 0.93)`."""
    for i, (name, value) in enumerate(_flat(facts)):
        yield _line("" if i else title, f"{name.replace('_', ' ')}: {value}")


def _flat(facts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    intervals = facts.get("intervals") or {}
    for name, value in facts.items():
        if name in _NOT_FOR_PEOPLE or value in (None, "", [], {}, ()):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}, ")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if any(isinstance(v, Mapping | list) for v in value):
                continue  # a table or a curve, which --json has
            yield f"{before}{name}", _joined(value)
        else:
            low_high = intervals.get(name)
            yield f"{before}{name}", _said(value) + (f" ({_joined(low_high)})" if low_high else "")


def _joined(values: Sequence[Any]) -> str:
    numbers = len(values) == 2 and all(isinstance(v, float) for v in values)
    return (" to " if numbers else "; ").join(_said(v) for v in values)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
