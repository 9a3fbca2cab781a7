"""What a reader may set; kept as JSON in the data folder, read once at start."""

from __future__ import annotations

import getpass
import json
import logging
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import cast

from inference.overlay import COLOUR_MAPS, MODES, ColourMap, HeatmapStyle, Mode

log = logging.getLogger(__name__)

_RANGES: dict[str, tuple[float, float]] = {
    "heatmap_opacity": (0, 1),
    "heatmap_threshold": (0, 1),
    "gate_margin": (-1, 1),
}
_CHOICES: dict[str, tuple[str, ...]] = {"heatmap_mode": MODES, "heatmap_colour_map": COLOUR_MAPS}


@dataclass(frozen=True, slots=True)
class Settings:
    """`reader` empty means the operating system's user; `store_url` empty means SQLite in the
    data folder; `gate_margin` is how much worse a candidate may be and still be *not worse*."""

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
    order: str = "newest"
    samples_added: bool = False

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
    for field in fields(Settings):
        value = raw.get(field.name, getattr(settings, field.name))
        if isinstance(value, int) and not isinstance(value, bool) and field.type == "float":
            value = float(value)
        if type(value).__name__ != field.type:
            log.warning("%s: %s is not of type %s; its default is used", path, field.name, field.type)
        elif field.name in _RANGES and not _RANGES[field.name][0] <= value <= _RANGES[field.name][1]:
            log.warning("%s: %s is %s, which cannot be; its default is used", path, field.name, value)
        elif field.name in _CHOICES and value not in _CHOICES[field.name]:
            known_values = ", ".join(_CHOICES[field.name])
            log.warning("%s: %s is none of %s; its default is used", path, field.name, known_values)
        else:
            settings = replace(settings, **{field.name: value})
    return settings


def write_settings(folder: Path, settings: Settings) -> None:
    """Write the settings whole or not at all."""
    path = folder / "settings.json"
    partial = path.with_suffix(".json.part")
    partial.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
