"""The evidence panel: whether, of what, how and how strongly the heatmap is drawn over the film."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inference.overlay import HeatmapStyle
from widgets import theme
from widgets.evidence_look import Chooser, ColourMapChooser, ModeChooser, ShareSlider
from widgets.evidence_methods import Method, MethodChooser, all_methods
from widgets.evidence_progress import ExplanationProgress
from widgets.key_hints import stands_for
from widgets.region_buttons import RegionButtons, ShareLabel
from widgets.warning_line import WarningLine


class EvidencePanel(QWidget):
    """Switch, finding and look; what is rarely changed lies under *More*.

    The panel decides nothing: it is told which findings and methods there are, and tells what the
    reader chose. Setting a value from outside emits nothing.

    Signals
    -------
    shown_changed
        The reader switched the heatmap on or off.
    finding_changed
        Machine name of the finding whose evidence is wanted.
    method_changed
        Machine name of the method.
    style_changed
        How the heatmap is to look (`HeatmapStyle`).
    expanded_changed
        The reader opened *More*, or closed it.
    spread_toggled
        The reader wants the spread over repeated runs drawn, or the evidence again.
    cancel_requested
        The explanation that is under way is not wanted any more.
    """

    shown_changed = Signal(bool)
    finding_changed = Signal(str)
    method_changed = Signal(str)
    style_changed = Signal(object)
    expanded_changed = Signal(bool)
    spread_toggled = Signal(bool)
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Evidence"))
        self._is_beside = False
        self._is_known = dict.fromkeys(("drawn", "misplaced", "runs"), False)
        self._show = QCheckBox(self.tr("Show"))
        tip = self.tr("Show the heatmap over the film; hold Alt for the bare film")
        stands_for(self._show, "heatmap", tip)
        self._show.setAccessibleName(self.tr("Show the heatmap"))
        self._show.toggled.connect(self._on_shown)
        self._finding = Chooser(self.tr("Finding whose evidence is shown"))
        self._finding.activated.connect(lambda _: self.finding_changed.emit(self.finding))
        self._method = MethodChooser()
        self._method.activated.connect(lambda _: self.method_changed.emit(self.method))
        self._progress = ExplanationProgress()
        self._progress.cancelled.connect(self.cancel_requested)
        self._in_lungs = QLabel()
        self._in_lungs.setProperty("role", "quiet")
        self._in_lungs.setToolTip(
            self.tr("Share of the evidence for this finding that lies inside the lungs")
        )
        self.regions = RegionButtons()
        self._in_region = ShareLabel(
            self.tr("Share of the evidence for this finding that lies where it was drawn on the film")
        )
        self._misplaced = ShareLabel(
            self.tr("Share of the evidence for this finding that lies where it was marked as misplaced")
        )
        self._draw_spread = QCheckBox(self.tr("Draw the spread"))
        self._draw_spread.setToolTip(
            self.tr("Draw how much repeated runs differ, on a scale of its own, in place of the evidence")
        )
        self._draw_spread.setAccessibleName(self.tr("Draw the spread over runs"))
        self._draw_spread.toggled.connect(self.spread_toggled)
        self._spread = QLabel()
        self._spread.setToolTip(self.tr("Standard deviation over runs, at the strongest place"))
        self._mode = ModeChooser()
        self._colours = ColourMapChooser()
        self._opacity = ShareSlider(self.tr("Opacity of the heatmap in percent"))
        self._threshold = ShareSlider(self.tr("Share of the peak below which nothing is drawn, in percent"))
        self._threshold.setToolTip(
            self.tr("Draw nothing below this share of the strongest evidence in this image")
        )
        for look in (self._mode, self._colours):
            look.activated.connect(self._on_style)
        for slider in (self._opacity, self._threshold):
            slider.value_changed.connect(self._on_style)
        self._grid = QLabel()
        self._grid.setProperty("role", "caption")
        self._notes = QLabel()
        self._notes.setProperty("role", "quiet")
        self._warning = WarningLine()
        self._more = QToolButton()
        self._more.clicked.connect(self._on_more)
        self._form = QFormLayout()
        self._captions: list[QLabel] = []
        self._is_expanded = False
        self._lay_out()
        self.set_methods(all_methods()[:1], "gradcam")
        self.set_findings([], None)
        self.set_style(HeatmapStyle())
        self.set_grid(None)
        self.set_in_lungs(None)
        self.set_in_regions(None, None)
        self.set_spread(None)
        self.set_expanded(False)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Evidence"))
        title.setProperty("role", "title")
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self._in_lungs)
        head.addSpacing(theme.space(2))
        head.addWidget(self._show)
        runs = QWidget()
        spread = QHBoxLayout(runs)
        spread.setContentsMargins(0, 0, 0, 0)
        spread.addWidget(self._draw_spread, 1)
        spread.addWidget(self._spread)
        for number in (self._in_lungs, self._spread):
            number.setFont(theme.figures(number.font()))
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(theme.space(3))
        self._form.setVerticalSpacing(theme.space(2))
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        finding_row = self._add_row(self.tr("Finding"), self._finding)
        method_row = self._add_row(self.tr("Method"), self._method)
        self._form.addRow(self._progress)
        self._progress_row = self._form.rowCount() - 1
        self._known_rows = {
            "runs": self._add_row(self.tr("Over runs"), runs),
            "drawn": self._add_row(self.tr("Where drawn"), self._in_region),
            "misplaced": self._add_row(self.tr("Misplaced"), self._misplaced),
        }
        self._form.addRow(self.regions)  # across: beside a caption it would widen the panel
        opacity_row = self._add_row(self.tr("Opacity"), self._opacity)
        more = QWidget()
        beside = QHBoxLayout(more)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self._more)
        beside.addStretch(1)
        beside.addWidget(self._grid)
        self._form.addRow(more)
        self._seen_rows = (finding_row, method_row, opacity_row, self._form.rowCount() - 1)
        self._form.setRowVisible(self._progress_row, False)
        self._rare = (
            self._add_row(self.tr("Drawn as"), self._mode),
            self._add_row(self.tr("Threshold"), self._threshold),
            self._add_row(self.tr("Colours"), self._colours),
        )
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._notes.setWordWrap(True)
        self._notes.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(3), theme.space(2), theme.space(3), theme.space(3))
        column.setSpacing(theme.space(2))
        column.addLayout(head)
        column.addLayout(self._form)
        column.addWidget(self._notes)
        column.addWidget(self._warning)

    def _add_row(self, words: str, field: QWidget) -> int:
        caption = QLabel(words)
        caption.setProperty("role", "quiet")
        self._captions.append(caption)
        self._form.addRow(caption, field)
        return self._form.rowCount() - 1

    # What the panel is told

    def set_findings(self, findings: Sequence[tuple[str, str]], chosen: str | None) -> None:
        """Offer findings as (machine name, what a person reads); without any the panel is switched off."""
        with QSignalBlocker(self._finding):
            self._finding.clear()
            for name, display in findings:
                self._finding.addItem(display, name)
            self._finding.setCurrentIndex(max(self._finding.findData(chosen), 0) if findings else -1)
        self._enable()

    def set_methods(self, methods: Sequence[Method], chosen: str | None) -> None:
        """Offer methods with one chosen; None where the reader has to choose first."""
        self._method.offer(methods, chosen)

    def choose_method(self, name: str) -> None:
        """Choose one of the offered methods; an empty name leaves the choice to the reader."""
        self._method.choose(name)

    def show_progress(self, done: int = 0, total: int = 0, remaining_s: float | None = None) -> None:
        """Say how far the method is that was chosen, with Cancel beside it."""
        self._progress.say(self._method.currentText(), done, total, remaining_s)
        self._form.setRowVisible(self._progress_row, True)

    def end_progress(self) -> None:
        """Nothing is under way any more."""
        self._form.setRowVisible(self._progress_row, False)

    def set_in_lungs(self, share: float | None) -> None:
        """Say how much of the evidence lies inside the lungs, 0 to 1; None where that is not known."""
        self._in_lungs.setText("" if share is None else self.tr("{0:.0%} in lungs").format(share))

    def set_in_regions(self, drawn: float | None, misplaced: float | None) -> None:
        """Say how much of the evidence lies in regions that readers drew, 0 to 1; None for none drawn."""
        for label, row, share in (
            (self._in_region, "drawn", drawn),
            (self._misplaced, "misplaced", misplaced),
        ):
            label.say(share)
            self._set_known(row, share is not None)

    def set_spread(self, share: float | None) -> None:
        """Offer the spread over runs, told as a share of the peak; None where there were no runs."""
        self._spread.setText("" if share is None else f"± {share:.0%}")
        self._set_known("runs", share is not None)

    def show_spread(self, is_shown: bool) -> None:
        """Put the switch between evidence and its spread."""
        with QSignalBlocker(self._draw_spread):
            self._draw_spread.setChecked(is_shown)

    def set_shown(self, shown: bool) -> None:
        """Put the switch as remembered."""
        with QSignalBlocker(self._show):
            self._show.setChecked(shown)
        self._enable()

    def toggle(self) -> None:
        """Switch as the reader would; for the window's H key."""
        if self._show.isEnabled():
            self._show.toggle()

    def set_style(self, style: HeatmapStyle) -> None:
        """Put mode, opacity, threshold and colours as remembered."""
        self._mode.choose(style.mode)
        self._colours.choose(style.colour_map)
        self._opacity.set_value(style.opacity)
        self._threshold.set_value(style.threshold)

    def set_grid(self, cells: tuple[int, int] | None, is_networks: bool = True) -> None:
        """Say how fine the map is, in rows and columns; None without a map.

        `is_networks`: they are those of the network's last layer, and no method can be finer.
        """
        if cells is not None:
            self._grid.setText(self.tr("{0} × {1} cells").format(*cells))
            self._grid.setToolTip(self.tr("The network sees no finer than this") if is_networks else "")
        self._grid.setVisible(cells is not None)

    def set_expanded(self, is_expanded: bool) -> None:
        """Show what lies under *More*, or hide it."""
        self._is_expanded = is_expanded
        self._show_rows()
        width = max(caption.sizeHint().width() for caption in self._captions)
        for caption in self._captions:
            caption.setMinimumWidth(width)  # the fields stay where they are when more of them are shown
        self._more.setText(self.tr("Less") if is_expanded else self.tr("More"))
        self._more.setIcon(
            theme.icon("chevron-down" if is_expanded else "chevron-right", theme.TOKENS.text_quiet)
        )
        self._more.setAccessibleName(
            self.tr("Hide how it is drawn") if is_expanded else self.tr("Choose how it is drawn")
        )
        self._more.setToolTip(self._more.accessibleName())

    def set_beside(self, is_beside: bool) -> None:
        """Say that a view beside the film shows the heatmap, whatever the switch says."""
        self._is_beside = is_beside
        self._enable()

    def set_notes(self, sentence: str) -> None:
        """Say under the controls why there is no map, or what is under way; empty for nothing."""
        self._notes.setText(sentence)
        self._notes.setVisible(bool(sentence))

    def set_warning(self, sentence: str) -> None:
        """Say what to beware of; empty for nothing."""
        self._warning.say(sentence)

    # What the reader chose

    @property
    def is_shown(self) -> bool:
        """Whether the reader wants the heatmap."""
        return self._show.isChecked()

    @property
    def finding(self) -> str:
        """Machine name of the chosen finding, empty when there is none."""
        return str(self._finding.currentData() or "")

    @property
    def method(self) -> str:
        """Machine name of the chosen method; empty while none is."""
        return self._method.chosen

    @property
    def style_wanted(self) -> HeatmapStyle:
        """How the heatmap is to look."""
        return HeatmapStyle(self._mode.mode, self._opacity.value, self._threshold.value, self._colours.name)

    @property
    def is_expanded(self) -> bool:
        """Whether *More* is open."""
        return self._is_expanded

    @property
    def _is_seen(self) -> bool:
        """Whether the heatmap is on the screen, over the film or beside it."""
        return self._finding.count() > 0 and (self._show.isChecked() or self._is_beside)

    def _enable(self) -> None:
        offered = self._finding.count() > 0
        self._show.setEnabled(offered)
        self.regions.setEnabled(offered)
        looks = (self._mode, self._opacity, self._threshold, self._colours)
        for control in (self._finding, self._method, self._draw_spread, *looks):
            control.setEnabled(self._is_seen)
        self._show_rows()

    def _set_known(self, row: str, is_known: bool) -> None:
        self._is_known[row] = is_known
        self._show_rows()

    def _show_rows(self) -> None:
        """What is about a heatmap has no room while none is shown: others stand there then."""
        is_seen = self._is_seen
        for row in self._seen_rows:
            self._form.setRowVisible(row, is_seen)
        for name, row in self._known_rows.items():
            self._form.setRowVisible(row, is_seen and self._is_known[name])
        for row in self._rare:
            self._form.setRowVisible(row, is_seen and self._is_expanded)

    def _on_shown(self, shown: bool) -> None:
        self._enable()
        self.shown_changed.emit(shown)

    def _on_style(self) -> None:
        self.style_changed.emit(self.style_wanted)

    def _on_more(self) -> None:
        self.set_expanded(not self.is_expanded)
        self.expanded_changed.emit(self.is_expanded)
