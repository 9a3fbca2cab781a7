"""Controls for how a heatmap looks: its mode, its colours, and shares in percent."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from inference.overlay import COLOUR_MAPS, MODES, ColourMap, Mode, colour_table
from widgets import theme
from widgets.viewer_pictures import picture_of


class Chooser(QComboBox):
    """A chooser that takes the width that the panel has, whatever its longest entry."""

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


class ModeChooser(Chooser):
    """Smooth, the network's own cells, or contours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName(self.tr("How the heatmap is drawn"))
        words: dict[Mode, tuple[str, str, str]] = {
            "smooth": (self.tr("Smooth"), "blur", self.tr("Between the centres of the network's cells")),
            "cells": (
                self.tr("Network's cells"),
                "grid",
                self.tr("As coarse as the network's last layer is"),
            ),
            "contours": (
                self.tr("Contours"),
                "vector-curve",
                self.tr("Lines at 25, 50 and 75% of the peak; the film is bare between them"),
            ),
        }
        for mode in MODES:
            name, icon, tip = words[mode]
            self.addItem(theme.icon(icon, theme.TOKENS.text_quiet), name, mode)
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(self.accessibleName())

    @property
    def mode(self) -> Mode:
        """The mode that is chosen."""
        return MODES[self.currentIndex()]

    def choose(self, mode: Mode) -> None:
        """Choose as remembered; tells nobody."""
        with QSignalBlocker(self):
            self.setCurrentIndex(MODES.index(mode))


class ColourMapChooser(Chooser):
    """The colour maps, each beside a strip of its colours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName(self.tr("Colours of the heatmap, all perceptually uniform"))
        self.setToolTip(self.accessibleName())
        self.setIconSize(QSize(theme.space(10), theme.space(3)))
        names: dict[ColourMap, str] = {
            "inferno": self.tr("Inferno"),
            "viridis": self.tr("Viridis"),
            "magma": self.tr("Magma"),
            "cividis": self.tr("Cividis"),
        }
        for name in COLOUR_MAPS:
            self.addItem(self._strip(name), names[name], name)

    @property
    def name(self) -> ColourMap:
        """The colour map that is chosen."""
        return COLOUR_MAPS[self.currentIndex()]

    def choose(self, name: ColourMap) -> None:
        """Choose as remembered; tells nobody."""
        with QSignalBlocker(self):
            self.setCurrentIndex(COLOUR_MAPS.index(name))

    def _strip(self, name: ColourMap) -> QIcon:
        line = np.ascontiguousarray(colour_table(name)[None])  # (1, 256, 3)
        return QIcon(QPixmap.fromImage(picture_of(line)).scaled(self.iconSize() * 2))


class ShareSlider(QWidget):
    """A slider from 0 to 100% with its number beside it.

    Signals
    -------
    value_changed
        The share, 0 to 1, as the reader moves the slider.
    """

    value_changed = Signal(float)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 100)
        self._slider.setPageStep(10)
        self._slider.setAccessibleName(name)
        self._slider.valueChanged.connect(self._on_moved)
        self._percent = QLabel()
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._percent.setFixedWidth(self._percent.fontMetrics().horizontalAdvance("100%") + theme.space(2))
        self.setFocusProxy(self._slider)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(2))
        row.addWidget(self._slider, 1)
        row.addWidget(self._percent)
        self._tell()

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self._slider.value() / 100

    def set_value(self, share: float) -> None:
        """Put the slider as remembered, 0 to 1; tells nobody."""
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(share * 100))
        self._tell()

    def _on_moved(self) -> None:
        self._tell()
        self.value_changed.emit(self.value)

    def _tell(self) -> None:
        self._percent.setText(f"{self._slider.value()}%")
