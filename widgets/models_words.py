"""What a model's card says, in words and tables that a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication

from inference.card import ModelCard
from widgets.numbers import counted, figure_text, grouped, interval_text, probability_text
from widgets.words import in_words

translate = QCoreApplication.translate

Group = tuple[str, tuple[str, ...], list[tuple[str, ...]]]
"""A table: its title, its headings, its rows."""

_FIGURES = (
    "balanced_accuracy",
    "accuracy",
    "macro_auroc",
    "log_loss",
    "brier",
    "ece",
    "unfamiliar",
    "lung_share",
)


def short_id(model_id: str) -> str:
    """An id as short as it stays useful."""
    return model_id if len(model_id) <= 8 else model_id[:8]


def covers_text(card: ModelCard) -> str:
    """Which images a model is meant for."""
    covers = card.covers
    pictures = {"picture": translate("Models", "picture files")}
    parts = [
        ", ".join(pictures.get(m, m) for m in covers.modalities) or translate("Models", "any modality"),
        ", ".join(part.capitalize() for part in covers.body_parts) or translate("Models", "any body part"),
        ", ".join(covers.views) or translate("Models", "any view"),
    ]
    if covers.phantoms:
        parts.append(translate("Models", "phantoms only"))
    return "; ".join(parts)


def input_text(card: ModelCard) -> str:
    """How an image is prepared for the network."""
    pre = card.preprocessing
    geometry = {
        "squash": translate("Models", "whole image resized to the square"),
        "pad": translate("Models", "aspect ratio kept, padded to the square"),
    }[pre.geometry]
    normalisation = {
        "fixed": translate("Models", "normalised by the data set's mean and spread"),
        "image": translate("Models", "normalised by each image's own mean and spread"),
    }[pre.normalisation]
    steps = [translate("Models", "cut to the lungs")] if pre.crop == "lungs" else []
    return ", ".join([f"{pre.input_size} × {pre.input_size} px", *steps, geometry, normalisation])


def architecture_text(card: ModelCard) -> str:
    """What the network is, and in which form it came."""
    formats = {
        "network": "{0}",
        "program": translate("Models", "{0}, a torch.export program"),
        "onnx": translate("Models", "{0}, an ONNX file: it gives no maps of its own"),
    }
    return formats[card.format].format(card.architecture)


def calibration_text(card: ModelCard) -> str:
    """How probabilities come from what the network says."""
    if card.temperature == 1.0:
        return translate("Models", "as the network says it")
    return translate("Models", "temperature {0:.3g}").format(card.temperature)


def operating_points_text(card: ModelCard) -> str:
    """From which probability on each finding is suggested, or marked."""
    if not card.operating_points:
        several = translate("Models", "none of its own: .50 each")
        return several if card.task == "multilabel" else translate("Models", "none: the most probable leads")
    points = (
        f"{in_words(f.display)} {probability_text(card.operating_points[f.name])}"
        for f in card.findings
        if f.name in card.operating_points
    )
    return ", ".join(points)


def typical_text(card: ModelCard) -> str:
    """Whether the model can tell that an image is nothing it knows."""
    if card.typical_sha256:
        return translate("Models", "described: of anything else it says that it does not know it")
    return translate("Models", "not described: it answers whatever it is shown")


def facts(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A card's free-form part as (name, text) lines, nested names joined."""
    lines: list[tuple[str, str]] = []
    for key, value in raw.items():
        name = key.replace("_", " ")
        if isinstance(value, Mapping):
            lines += [(f"{name}, {inner}", text) for inner, text in facts(value)]
        elif (text := _value_text(value)) != "":
            lines.append((name, text))
    return lines


def _value_text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return translate("Models", "yes") if value else translate("Models", "no")
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(_value_text(one) for one in value)
    return str(value)


def figure_groups(card: ModelCard) -> list[Group]:
    """The card's figures as tables, one for each evaluation that it tells of."""
    if not card.figures:
        return []
    if _is_evaluation(card.figures):
        return _evaluation_groups(translate("Models", "Figures"), card.figures, card)
    groups: list[Group] = []
    for key, value in card.figures.items():
        if isinstance(value, Mapping) and _is_evaluation(value):
            groups += _evaluation_groups(
                translate("Models", "Figures, {0}").format(key.replace("_", " ")), value, card
            )
    return groups


def gate_lines(card: ModelCard) -> list[str]:
    """What the gate said of the model when it was a candidate: sentences, the verdict first."""
    gate = card.figures.get("gate")
    reasons = gate.get("reasons") if isinstance(gate, Mapping) else None
    if not isinstance(reasons, list | tuple):
        return []
    return [in_words(str(reason)) for reason in reasons]


def data_of(card: ModelCard) -> list[tuple[Group | None, list[tuple[str, str]]]]:
    """The films that a model learned from and was measured on, then those of the one it was made from, and so
    on: of each a table of its parts, where it tells of them, and the rest as (name, text) lines."""
    told: list[tuple[Group | None, list[tuple[str, str]]]] = []
    data: Any = card.data
    while isinstance(data, Mapping) and data:
        parts = data.get("parts")
        table = None
        left = {
            key: value for key, value in data.items() if key != "before" and (key, value) != ("failures", 0)
        }
        if isinstance(parts, Mapping) and all(isinstance(counts, Mapping) for counts in parts.values()):
            table = _parts_table(left.pop("parts"), card)
        told.append((table, facts(left)))
        data = data.get("before")
    return told


def _parts_table(parts: Mapping[str, Mapping[str, Any]], card: ModelCard) -> Group:
    """What `training.samples.Samples.counts` tells, as a card keeps it."""
    names = {
        "train": translate("Models", "learned from"),
        "validation": translate("Models", "validation"),
        "test": translate("Models", "measured on"),
    }
    columns = list(dict.fromkeys(key for counts in parts.values() for key in counts))
    words = {"images": translate("Models", "images"), "patients": translate("Models", "patients")}
    headings = [words.get(key) or in_words(card.display_of(key.removeprefix("with "))) for key in columns]
    rows = [
        (names[part], *(_count_text(parts[part].get(key)) for key in columns))
        for part in names
        if part in parts
    ]
    return translate("Models", "Data"), ("", *headings), rows


def _count_text(count: Any) -> str:
    return grouped(count) if isinstance(count, int) else "–"


def other_figures(card: ModelCard) -> list[tuple[str, str]]:
    """What the card's figures tell beside evaluations and the gate, as (name, text) lines."""
    if _is_evaluation(card.figures):
        return []
    shown = {"gate"} if gate_lines(card) else set()
    return facts({
        key: value
        for key, value in card.figures.items()
        if key not in shown and not (isinstance(value, Mapping) and _is_evaluation(value))
    })  # fmt: skip


def _is_evaluation(raw: Mapping[str, Any]) -> bool:
    return any(key in raw for key in _FIGURES)


def _evaluation_groups(title: str, raw: Mapping[str, Any], card: ModelCard) -> list[Group]:
    names = {
        "balanced_accuracy": translate("Models", "balanced accuracy"),
        "accuracy": translate("Models", "accuracy"),
        "macro_auroc": translate("Models", "macro AUROC"),
        "log_loss": translate("Models", "log-loss, lower is better"),
        "brier": translate("Models", "Brier score, lower is better"),
        "ece": translate("Models", "calibration error, lower is better"),
        "unfamiliar": translate("Models", "films it does not know"),
        "lung_share": translate("Models", "evidence inside the lungs"),
    }
    intervals = raw.get("intervals") or {}
    rows: list[tuple[str, ...]] = [
        (names[key], figure_text(raw[key]), interval_text(intervals.get(key)))
        for key in _FIGURES
        if raw.get(key) is not None
    ]
    for finding, share in (raw.get("lung_share_per_finding") or {}).items():
        if share is not None:
            name = translate("Models", "evidence inside the lungs, {0}")
            rows.append((name.format(in_words(card.display_of(finding))), figure_text(share), ""))
    sure = (raw.get("without_lungs") or {}).get("still_confident")
    if sure is not None:
        rows.append(
            (translate("Models", "as sure with the lungs covered, lower is better"), figure_text(sure), "")
        )
    for finding, figures in (raw.get("per_finding") or {}).items():
        if isinstance(figures, Mapping) and figures.get("auroc") is not None:
            name = translate("Models", "AUROC, {0}").format(in_words(card.display_of(finding)))
            rows.append((name, figure_text(figures["auroc"]), ""))
    seen = ""
    if raw.get("n") and raw.get("patients"):
        seen = translate("Models", "{0} of {1}").format(
            counted(int(raw["n"]), translate("Models", "1 film"), translate("Models", "{0} films")),
            counted(
                int(raw["patients"]), translate("Models", "1 patient"), translate("Models", "{0} patients")
            ),
        )
    return [(title, (seen, "", translate("Models", "95% interval") if intervals else ""), rows)]
