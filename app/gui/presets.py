"""Which window a digit chooses: 0 automatic, 1 and 2 the file's own, from 3 on those of the modality.

A file with more windows of its own than two has them on the digits that the modality leaves free.
"""

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
            further = own[OWN:]
            return further[place - len(CT_PRESETS_HU)] if place - len(CT_PRESETS_HU) < len(further) else None
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
    own = own_windows(image)
    named = [(digit, _name_of(voi, digit)) for digit, voi in enumerate(own[:9], start=1)]
    if _is_hounsfield(image):
        of_ct = [(OWN + n, in_words(name)) for n, (name, _, _) in enumerate(CT_PRESETS_HU, 1)]
        first, free = named[:OWN], range(of_ct[-1][0] + 1, 10)
        further = [
            (digit, _name_of(voi, n))
            for n, (digit, voi) in enumerate(zip(free, own[OWN:], strict=False), OWN + 1)
        ]
        named = [*first, *of_ct, *further]
    return ((0, translate("Presets", "Automatic")), *named)


def _name_of(voi: Window | LookupTable, number: int) -> str:
    """What a file calls its own window or table, else which of them it is."""
    translate = QCoreApplication.translate
    kind = (
        translate("Presets", "The file's table {0}")
        if isinstance(voi, LookupTable)
        else translate("Presets", "The file's window {0}")
    )
    return in_words(voi.explanation) or kind.format(number)
