"""What is told of a model's evidence on a frame, and where its operating points lie."""

from __future__ import annotations

from dataclasses import dataclass

from app.gui.explaining import UnderWay
from inference.answer import LEAST_TO_SUGGEST
from inference.card import ModelCard
from inference.prediction import Heatmap


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a model looked.

    Parameters
    ----------
    choices, selected, heatmap
        The findings to choose from as (name, display), the one that is shown, and its map.
    methods, method
        Machine names of the methods that work with this model, and of the one in force for this frame;
        empty while the reader has to choose.
    under_way
        The explanation that is being computed for this frame.
    why_no_maps
        Why the model shows nothing by itself, in a sentence.
    warnings
        What the suggestion has to be warned of.
    """

    choices: tuple[tuple[str, str], ...] = ()
    selected: str = ""
    heatmap: Heatmap | None = None
    methods: tuple[str, ...] = ()
    method: str = ""
    under_way: UnderWay | None = None
    why_no_maps: str = ""
    warnings: tuple[str, ...] = ()


def operating_point(model: ModelCard, finding: str) -> float | None:
    """From which probability on a finding is suggested, or of one-of-many models marked; None for nowhere."""
    default = LEAST_TO_SUGGEST if model.task == "multilabel" else None
    return model.operating_points.get(finding, default)
