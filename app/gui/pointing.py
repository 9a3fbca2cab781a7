"""Teaching where to look: regions that a reader draws over the film, and what of the heatmap lies in them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.gui.annotating import Annotating
from app.gui.probing import kept_kind
from app.gui.reading import Reading
from app.gui.reading_page import ReadingPage
from app.gui.remarks import Remarks
from inference.prediction import Heatmap
from inference.region_share import share_in_outlines
from reviews.normalise import NO_FINDING
from reviews.record import REGIONS, Annotation, AnnotationKind
from reviews.regions import outline_of
from widgets.cover_shapes import CoverKind
from widgets.evidence_methods import SPREAD
from widgets.findings_state import FindingsState

SHAPES: tuple[CoverKind, ...] = ("ellipse", "rectangle", "outline")


class Pointing(QObject):
    """Of which finding regions are drawn, in which shape, and their shares. Lives on the GUI thread.

    Signals
    -------
    tool_wanted
        A tool that the reader asked for beside the heatmap; empty to put it away.
    shape_wanted
        The reader asked for the next shape there.
    """

    tool_wanted = Signal(str)
    shape_wanted = Signal()

    def __init__(self, page: ReadingPage, reading: Reading, annotating: Annotating, remarks: Remarks) -> None:
        super().__init__(page)
        self._page = page
        self._reading = reading
        self._annotating = annotating
        self._remarks = remarks
        self._shown = ""  # machine name of the finding whose heatmap is on, or would be
        self._present: tuple[str, ...] = ()  # what the reader decided of the frame
        self._displays: dict[str, str] = {}
        self._heatmap: Heatmap | None = None
        self.shape: CoverKind = "ellipse"
        reading.heatmap_choices_changed.connect(self._on_choices)
        reading.heatmap_changed.connect(self._on_heatmap)
        reading.findings_changed.connect(self._on_findings)
        annotating.shown_changed.connect(self._show_shares)
        annotating.finding_wanted.connect(self.say_what_is_missing)
        page.viewer.tool_changed.connect(page.evidence.regions.set_tool)
        page.evidence.regions.tool_wanted.connect(self.tool_wanted)
        page.evidence.regions.shape_wanted.connect(self.shape_wanted)

    # -- what is drawn -----------------------------------------------------------------------------

    def finding_of(self, kind: AnnotationKind) -> str:
        """Machine name of the finding that a region is drawn of, empty for none.

        What is on the wrong place is the heatmap that is shown. What is pointed at is the finding that the
        reader chose to look at, else the one that they decided on, else the suggestion.
        """
        if kind == "not-evidence":
            return self._shown
        chosen = self._reading.finding
        if chosen is None and len(self._present) == 1:
            chosen = self._present[0]
        return _real(chosen or self._shown)

    def set_shape(self, shape: CoverKind) -> None:
        """Draw regions in this shape from now on."""
        self.shape = shape
        self._page.evidence.regions.set_shape(shape)
        for tools in self._annotating.tools.values():
            tools.set_region_shape(shape)

    def keep_shape(self, name: str) -> None:
        """The shape of a name that was remembered."""
        self.set_shape(kept_kind(name) if name else "ellipse")

    def next_shape(self) -> CoverKind:
        """The shape after the one that is drawn now."""
        return SHAPES[(SHAPES.index(self.shape) + 1) % len(SHAPES)]

    def say_what_is_missing(self) -> None:
        """Say why no region can be drawn now."""
        if self._reading.position is not None and not self._shown:
            self._remarks.say(self.tr("No model answers for this film, so there is nobody to teach."))
        else:
            self._remarks.say(
                self.tr("Choose the finding first, beside the heatmap: “no finding” has no place.")
            )

    def _on_choices(self, choices: Sequence[tuple[str, str]], selected: str) -> None:
        self._displays |= dict(choices)
        self._shown = selected if choices else ""
        self._tell_tools()

    def _on_findings(self, state: FindingsState) -> None:
        self._displays |= {row.name: row.display for row in state.findings}
        self._present = tuple(name for name, answer in state.answers.items() if answer == "present")
        self._tell_tools()

    def _tell_tools(self) -> None:
        findings = {kind: self.finding_of(kind) for kind in REGIONS}
        for tools in self._annotating.tools.values():
            tools.set_findings(findings, self._displays)

    # -- what lies in it ---------------------------------------------------------------------------

    def _on_heatmap(self, heatmap: Heatmap | None) -> None:
        self._heatmap = heatmap if heatmap is None or heatmap.method != SPREAD else None
        self._show_shares()

    def _show_shares(self) -> None:
        """Tell how much of the heatmap lies where its finding was drawn, and where it has no business."""
        drawn = self._annotating.tools[self._page.viewer].shown
        shares = {kind: self._share(drawn, kind) for kind in REGIONS}
        self._page.evidence.set_in_regions(shares["evidence"], shares["not-evidence"])

    def _share(self, drawn: Sequence[Annotation], kind: AnnotationKind) -> float | None:
        image, heatmap = self._page.viewer.image, self._heatmap
        if image is None or heatmap is None or self._reading.position is None:
            return None
        if self._reading.position.key != (image.header.sop_instance_uid, image.frame):
            return None
        outlines = [outline_of(one) for one in drawn if one.kind == kind and one.text == heatmap.finding]
        return share_in_outlines(heatmap, image.shape, outlines) if outlines else None


def _real(finding: str) -> str:
    return "" if finding == NO_FINDING else finding
