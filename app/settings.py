"""What a reader may set; kept as JSON in the data folder, read once at start."""

from __future__ import annotations

import getpass
import json
import logging
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from inference.overlay import COLOUR_MAPS, MODES, ColourMap, HeatmapStyle, Mode

log = logging.getLogger(__name__)

_RANGES: dict[str, tuple[float, float]] = {
    "heatmap_opacity": (0, 1),
    "heatmap_threshold": (0, 1),
    "gate_margin": (-1, 1),
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "heatmap_mode": MODES,
    "heatmap_colour_map": COLOUR_MAPS,
    "cover_shape": ("rectangle", "ellipse", "outline"),
    "region_shape": ("ellipse", "rectangle", "outline"),
    "order": ("newest", "ask first", "uncertain", "patient", "to read"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """`reader` empty means the operating system's user; `language` empty means the desktop's; `store_url`
    empty means SQLite in the data folder; `gate_margin` is how much worse a candidate may be and still be
    *not worse*; `jobs_folder` is where a server looks for trainings that are sent;
    `keys` holds keys that differ from the default, by the action's id; `hidden_texts` names
    corner texts that are left out; `identity_hidden` hides who patients are, for showing films to others;
    `similar_expanded` shows cases like this; `lungs_shown` outlines the lungs; `cover_shape` is what is
    dragged over a film to ask without it, `region_shape` to say where a finding is."""

    reader: str = ""
    store_url: str = ""
    device: str = "auto"
    gate_margin: float = -0.02
    heatmap_shown: bool = False
    heatmap_opacity: float = 0.5
    heatmap_mode: str = "smooth"
    heatmap_threshold: float = 0.0
    heatmap_colour_map: str = "inferno"
    heatmap_method: str = "gradcam"
    evidence_expanded: bool = False
    similar_expanded: bool = True
    lungs_shown: bool = False
    cover_shape: str = "rectangle"
    region_shape: str = "ellipse"
    order: str = "newest"
    samples_added: bool = False
    jobs_folder: str = ""
    language: str = ""
    drag_up_brighter: bool = True
    hidden_texts: tuple[str, ...] = ()
    identity_hidden: bool = False
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def heatmap_style(self) -> HeatmapStyle:
        """How heatmaps look."""
        return HeatmapStyle(
            cast(Mode, self.heatmap_mode),
            self.heatmap_opacity,
            self.heatmap_threshold,
            cast(ColourMap, self.heatmap_colour_map),
        )

    @property
    def reader_name(self) -> str:
        """Who decides: the setting, else the operating system's user."""
        if self.reader:
            return self.reader
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return "reader"


def read_settings(folder: Path) -> Settings:
    """Read the settings; what is damaged or of another type keeps its default, and the log says so."""
    path = folder / "settings.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read (%s); the default settings are used", path, error)
        return Settings()
    if not isinstance(raw, dict):
        log.warning("%s holds no JSON object; the default settings are used", path)
        return Settings()
    settings = Settings()
    for known in fields(Settings):
        if known.name not in raw:
            continue
        value = _converted(raw[known.name], str(known.type))
        if value is None:
            log.warning("%s: %s is not of type %s; its default is used", path, known.name, known.type)
        elif known.name in _RANGES and not _RANGES[known.name][0] <= value <= _RANGES[known.name][1]:
            log.warning("%s: %s is %s, which cannot be; its default is used", path, known.name, value)
        elif known.name in _CHOICES and value not in _CHOICES[known.name]:
            known_values = ", ".join(_CHOICES[known.name])
            log.warning("%s: %s is none of %s; its default is used", path, known.name, known_values)
        else:
            settings = replace(settings, **{known.name: value})
    return settings


def _converted(value: Any, kind: str) -> Any:
    """A JSON value as the type of a setting; None where it is of another."""
    if kind == "tuple[str, ...]":
        return tuple(value) if isinstance(value, list) and all(isinstance(v, str) for v in value) else None
    if kind == "dict[str, str]":
        is_text = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
        return value if is_text else None
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value if type(value).__name__ == kind else None


def write_settings(folder: Path, settings: Settings) -> None:
    """Write the settings whole or not at all."""
    path = folder / "settings.json"
    partial = path.with_suffix(".json.part")
    partial.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
