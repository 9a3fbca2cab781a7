"""How numbers are written everywhere in the window, so that one figure looks the same in every panel."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale


def probability_text(probability: float | None) -> str:
    """A probability in two digits, as ``.58``; what would round to certainty says so."""
    if probability is None:
        return "–"
    if probability >= 0.995:
        return ">.99"
    return "<.01" if probability < 0.005 else f"{probability:.2f}".removeprefix("0")


def figure_text(value: float | None) -> str:
    """A figure of an evaluation in three digits, as ``.904``; a missing one is a dash, never zero."""
    return "–" if value is None else f"{value:.3f}".removeprefix("0")


def interval_text(interval: tuple[float, float] | list[float] | None) -> str:
    """A 95% interval, as ``.871 to .932``; nothing where there is none."""
    if not interval:
        return ""
    low, high = interval
    return QCoreApplication.translate("Numbers", "{0} to {1}").format(figure_text(low), figure_text(high))


def duration_text(seconds: float) -> str:
    """A duration as a person says it: seconds below a minute and a half, then minutes, then hours."""
    if seconds < 90:
        return QCoreApplication.translate("Numbers", "{0} s").format(max(round(seconds), 0))
    if seconds < 5400:
        return QCoreApplication.translate("Numbers", "{0} min").format(round(seconds / 60))
    return QCoreApplication.translate("Numbers", "{0:.1f} h").format(seconds / 3600)


def grouped(count: int) -> str:
    """A count with its thousands apart: by commas in English, elsewhere by a thin space.

    The decimal sign is a point in every language, as in headers, exports and on other devices, so that a
    point or a comma between thousands would be misread.
    """
    is_english = QLocale().language() in (QLocale.Language.English, QLocale.Language.C)
    return f"{count:,}" if is_english else f"{count:,}".replace(",", "\u2009")


def counted(count: int, one: str, many: str) -> str:
    """``1 image``, ``1,200 images``: `one` as it is, or `many` with the count in its gap."""
    return one if count == 1 else many.format(grouped(count))
