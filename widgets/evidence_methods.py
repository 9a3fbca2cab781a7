"""The methods of explanation as a reader knows them, and the control to choose one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtWidgets import QWidget

from inference.methods import MANY_PASSES
from widgets import theme
from widgets.evidence_look import Chooser

SPREAD = "spread"
"""What a heatmap says its method is that shows the spread over runs in place of evidence."""

LONG_METHODS = frozenset(MANY_PASSES)
"""Methods that take many passes."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method: its machine name, what a reader calls it, what it does in a sentence."""

    name: str
    display: str
    tip: str

    @property
    def is_long(self) -> bool:
        """Whether it looks at the film many times, and is asked for by film."""
        return self.name in LONG_METHODS


def all_methods() -> tuple[Method, ...]:
    """Every method, those of one pass first, in the reader's language."""
    translate = QCoreApplication.translate
    return (
        Method("gradcam", "Grad-CAM", translate("Methods", "Features weighted by their mean gradient")),
        Method(
            "gradcam++",
            "Grad-CAM++",
            translate("Methods", "As Grad-CAM, weighted so that several places count"),
        ),
        Method(
            "hirescam",
            "HiResCAM",
            translate("Methods", "Gradient times feature in every cell: nothing is averaged away"),
        ),
        Method(
            "layercam",
            "LayerCAM",
            translate("Methods", "As HiResCAM, of the gradients that speak for the finding"),
        ),
        Method(
            "eigencam",
            "EigenCAM",
            translate("Methods", "What stands out among the features, whatever the finding"),
        ),
        Method(
            "scorecam",
            "Score-CAM",
            translate("Methods", "Shows each feature alone and sees what is said"),
        ),
        Method(
            "ablationcam",
            "Ablation-CAM",
            translate("Methods", "Leaves out each feature in turn"),
        ),
        Method(
            "occlusion",
            "Occlusion",
            translate("Methods", "Covers the film patch by patch and sees what is said"),
        ),
        Method(
            "integrated-gradients",
            translate("Methods", "Integrated gradients"),
            translate("Methods", "Adds the gradients up on the way from an empty film to this one"),
        ),
        Method(
            "lime",
            "LIME",
            translate("Methods", "Covers patches at random, many times, and fits which of them count"),
        ),
    )


class MethodChooser(Chooser):
    """The methods of one pass, a line, and those that take a while."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName(self.tr("Method of explanation"))
        self.setPlaceholderText(self.tr("Choose a method"))
        self.setMaxVisibleItems(12)

    def offer(self, methods: Sequence[Method], chosen: str | None) -> None:
        """Offer methods; `chosen` None leaves the choice to the reader."""
        if [m.name for m in methods] == self.names and chosen == self.chosen:
            return
        with QSignalBlocker(self):
            self.clear()
            for place, method in enumerate(methods):
                if place and method.is_long and not methods[place - 1].is_long:
                    self.insertSeparator(self.count())
                icon = theme.icon("timer-sand" if method.is_long else "flash", theme.TOKENS.text_quiet)
                self.addItem(icon, method.display, method.name)
                self.setItemData(self.count() - 1, method.tip, Qt.ItemDataRole.ToolTipRole)
            self.setCurrentIndex(self.findData(chosen) if chosen else -1)
        self._tell()

    def choose(self, name: str) -> None:
        """Choose one of the offered methods; tells nobody."""
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findData(name) if name else -1)
        self._tell()

    @property
    def names(self) -> list[str]:
        """Machine names of what is offered."""
        return [str(d) for d in (self.itemData(n) for n in range(self.count())) if d]

    @property
    def chosen(self) -> str:
        """Machine name of the chosen method; empty while none is."""
        return str(self.currentData() or "")

    def _tell(self) -> None:
        tip = self.currentData(Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(str(tip) if tip else self.accessibleName())
