"""Which window a digit chooses: 0 automatic, 1 and 2 the file's own, from 3 on those of the modality."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from studies.display import CT_PRESETS_HU, auto_window
from studies.image import Image, LookupTable, Window
from widgets.words import in_words

OWN = 2
"""So many digits belong to the file's own windows, also where it has fewer, so that the rest stay put."""


def own_windows(image: Image) -> tuple[Window | LookupTable, ...]:
    """The file's own VOIs in its order; of all but CT the tables first: they were made for it."""
    if image.header.modality == "CT":
        return image.voi
    return tuple(sorted(image.voi, key=lambda voi: not isinstance(voi, LookupTable)))


def preset(image: Image, digit: int) -> Window | LookupTable | None:
    """The window that a digit chooses for a film; None where there is none."""
    if image.is_colour:
        return None
    if digit == 0:
        return auto_window(image)
    own = own_windows(image)
    if _is_hounsfield(image) and digit > OWN:
        place = digit - OWN - 1
        if place >= len(CT_PRESETS_HU):
            return None
        name, center, width = CT_PRESETS_HU[place]
        return Window(center, width, "LINEAR", name)
    return own[digit - 1] if digit <= len(own) else None


def _is_hounsfield(image: Image) -> bool:
    return image.header.modality == "CT" and image.units in ("HU", "")


def preset_names(image: Image) -> tuple[tuple[int, str], ...]:
    """Every digit that chooses a window for this film, and what the window is called."""
    if image.is_colour:
        return ()
    translate = QCoreApplication.translate
    names = [(0, translate("Presets", "Automatic"))]
    own = own_windows(image)
    for number, voi in enumerate(own[:OWN] if _is_hounsfield(image) else own[:9], start=1):
        kind = (
            translate("Presets", "The file's table {0}")
            if isinstance(voi, LookupTable)
            else translate("Presets", "The file's window {0}")
        )
        names.append((number, in_words(voi.explanation) or kind.format(number)))
    if _is_hounsfield(image):
        names += [(OWN + n, in_words(name)) for n, (name, _, _) in enumerate(CT_PRESETS_HU, 1)]
    return tuple(names)
