"""Buttons beside the heatmap: draw where the finding is, mark what is on the wrong place."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from widgets import theme
from widgets.cover_shapes import CoverKind
from widgets.key_hints import stands_for

_ICONS: dict[CoverKind, str] = {
    "ellipse": "ellipse-outline",
    "rectangle": "rectangle-outline",
    "outline": "lasso",
}


class RegionButtons(QWidget):
    """Takes the tools in hand that teach a model where to look, and chooses the shape they draw.

    Signals
    -------
    tool_wanted
        ``"evidence"`` or ``"not-evidence"``; empty where the reader puts the tool away.
    shape_wanted
        The reader wants the next shape.
    """

    tool_wanted = Signal(str)
    shape_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tools = {
            "evidence": self._tool(
                "evidence",
                self.tr("Where is it?"),
                self.tr("Draw where the finding is; the next training learns to look there"),
            ),
            "not-evidence": self._tool(
                "not-evidence",
                self.tr("Wrong place"),
                self.tr("Draw over heatmap that has no business there; the next training learns to leave it"),
            ),
        }
        self._shape = QToolButton()
        self._shape.setProperty("role", "choice")
        self._shape.clicked.connect(self.shape_wanted)
        self._shape.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(1))
        for button in self._tools.values():
            row.addWidget(button, 1)
        row.addWidget(self._shape)
        self.set_shape("ellipse")

    def _tool(self, tool: str, words: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(words)
        button.setAccessibleName(words)
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        button.setProperty("role", "choice")
        stands_for(button, tool, tip)
        button.toggled.connect(lambda is_on: self.tool_wanted.emit(tool if is_on else ""))
        return button

    def set_tool(self, tool: str) -> None:
        """Say which of the tools is in hand, if any."""
        for name, button in self._tools.items():
            with QSignalBlocker(button):
                button.setChecked(name == tool)

    def set_shape(self, shape: CoverKind) -> None:
        """Say in which shape regions are drawn."""
        words = QCoreApplication.translate("RegionButtons", "Drawn as {0}")
        self._shape.setIcon(theme.icon(_ICONS[shape], theme.TOKENS.text_quiet))
        stands_for(self._shape, "region shape", words.format(shape_name(shape)))
        self._shape.setAccessibleName(words.format(shape_name(shape)))


def shape_name(shape: CoverKind) -> str:
    """What people call a shape that regions are drawn in."""
    return {
        "ellipse": QCoreApplication.translate("RegionButtons", "ellipse"),
        "rectangle": QCoreApplication.translate("RegionButtons", "rectangle"),
        "outline": QCoreApplication.translate("RegionButtons", "an outline by hand"),
    }[shape]


class ShareLabel(QLabel):
    """A share in percent in tabular figures."""

    def __init__(self, tip: str) -> None:
        super().__init__()
        self.setFont(theme.figures(self.font()))
        self.setToolTip(tip)

    def say(self, share: float | None) -> None:
        """0 to 1; None for nothing."""
        self.setText("" if share is None else f"{share:.0%}")
