"""How the window looks: colours, type, space and icons, in one place.

The window is made for a dark room: near-black greys, so that the film is the brightest thing, one
accent for what can be done, and three colours that mean one thing each. The style sheet is made
from the tokens; a widget that paints itself takes its colours from `TOKENS`.

Labels say what they are with the dynamic property ``role``: ``title`` (a panel's name), ``quiet``,
``saved``, ``look-again``, ``failed``; push buttons with ``role`` ``primary`` or ``flat``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

import qtawesome
from PySide6.QtGui import QColor, QFont, QFontInfo, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from widgets.theme_sheet import SHEET

GRID = 4
"""Every distance is a multiple of this many px."""

_DRAWINGS = Path(__file__).resolve().parent.parent / "resources" / "theme"
_LEAST_TEXT_PX, _MOST_TEXT_PX = 13, 26


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour of the window, as ``#rrggbb``.

    Parameters
    ----------
    film
        Behind a film: darker than the panels, never pure black.
    ground, panel, raised, hover
        Window, panels in it, controls on panels, controls under the mouse.
    line
        Separators, which say nothing that cannot be seen without them.
    control
        Outlines and marks of controls, and bars that are not chosen: 3:1 on `raised`.
    text, text_quiet
        4.5:1 on every ground.
    accent, accent_hover, on_accent, selection
        What can be done, the same under the mouse, text upon it, the ground of a chosen row.
    saved, look_again, failed
        The three meanings that have a colour; words say the same.
    """

    film: str = "#0e0f11"
    ground: str = "#131416"
    panel: str = "#191b1e"
    raised: str = "#23262a"
    hover: str = "#2d3136"
    line: str = "#2b2e33"
    control: str = "#767d86"
    text: str = "#dfe1e4"
    text_quiet: str = "#a1a7ae"
    accent: str = "#7bb1e6"
    accent_hover: str = "#93c1ee"
    on_accent: str = "#101214"
    selection: str = "#24384c"
    saved: str = "#7cc492"
    look_again: str = "#e3b657"
    failed: str = "#f08a80"


TOKENS = Tokens()


def space(steps: int) -> int:
    """A distance in px on the 4 px grid."""
    return GRID * steps


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def text_px() -> int:
    """Height of ordinary text in px: 13, or more where the system's own text is larger."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        return _LEAST_TEXT_PX
    kept = application.property("overreadTextPx")
    return int(kept) if kept else _LEAST_TEXT_PX


def small_px() -> int:
    """Height of captions in px; the only other size there is."""
    return round(text_px() * 11 / 13)


def figures(font: QFont) -> QFont:
    """The font with tabular figures, so that numbers in a column stand below each other."""
    tabular = QFont(font)
    tabular.setFeature(QFont.Tag("tnum"), 1)
    return tabular


def icon(name: str, colour: str = TOKENS.text) -> QIcon:
    """A Material Design icon by its name (``magnify``), in a token's colour; needs an application."""
    lit = colour if colour == TOKENS.on_accent else TOKENS.accent  # on the accent it would not be seen
    drawn: QIcon = qtawesome.icon(f"mdi6.{name}", color=colour, color_disabled=TOKENS.control, color_on=lit)
    return drawn


def apply(application: QApplication, tokens: Tokens = TOKENS) -> None:
    """Give the whole application its style, palette, font and style sheet."""
    system_px = QFontInfo(application.font()).pixelSize()
    if application.property("overreadTextPx") is None:
        text = min(max(system_px, _LEAST_TEXT_PX), _MOST_TEXT_PX)
        application.setProperty("overreadTextPx", text)
    fusion = QStyleFactory.create("Fusion")
    if fusion is not None:
        application.setStyle(fusion)
    application.setPalette(palette(tokens))
    font = figures(application.font())
    font.setPixelSize(text_px())
    application.setFont(font)
    application.setStyleSheet(style_sheet(tokens))


def palette(tokens: Tokens) -> QPalette:
    """The palette for what the style sheet does not reach."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: tokens.ground,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Base: tokens.panel,
        QPalette.ColorRole.AlternateBase: tokens.raised,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.PlaceholderText: tokens.text_quiet,
        QPalette.ColorRole.Button: tokens.raised,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.BrightText: tokens.failed,
        QPalette.ColorRole.Highlight: tokens.selection,
        QPalette.ColorRole.HighlightedText: tokens.text,
        QPalette.ColorRole.Link: tokens.accent,
        QPalette.ColorRole.LinkVisited: tokens.accent,
        QPalette.ColorRole.ToolTipBase: tokens.raised,
        QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.Accent: tokens.accent,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.control))
    return made


def style_sheet(tokens: Tokens) -> str:
    """The style sheet, from the tokens alone."""
    values = {name: getattr(tokens, name) for name in Tokens.__dataclass_fields__}
    values |= {"text_px": str(text_px()), "small_px": str(small_px()), "drawings": _DRAWINGS.as_posix()}
    return Template(SHEET).substitute(values)
