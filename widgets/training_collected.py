"""What readers have collected for a training: per finding, per patient, per part."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QVBoxLayout, QWidget

from reviews.record import Collected
from widgets.numbers import counted, grouped
from widgets.theme import space
from widgets.training_parts import FigureTable, label, section


class CollectedView(QWidget):
    """Counts of the decisions that stand. Patients of the test part never fit anything, and it says so."""

    def __init__(self) -> None:
        super().__init__()
        part, layout = section(self.tr("Collected"))
        self._total = label("", wraps=True)
        self._findings = FigureTable(self.tr("Decisions per finding"))
        self._parts = FigureTable(self.tr("Images and patients per part"))
        self._split = label(
            self.tr("Each patient belongs to one part for good. The test part measures and never teaches."),
            "caption",
            wraps=True,
        )
        layout.addWidget(self._total)
        layout.addWidget(self._findings)
        layout.addSpacing(space(2))
        layout.addWidget(self._parts)
        layout.addWidget(self._split)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(part)
        self.show_collected(Collected(0, 0, 0, {}, {}), {})

    def show_collected(self, collected: Collected, displays: Mapping[str, str]) -> None:
        """Show counts; `displays` gives what people read for a finding's machine name."""
        is_empty = not collected.reviews
        for widget in (self._findings, self._parts, self._split):
            widget.setHidden(is_empty)
        if is_empty:
            self._total.setText(
                self.tr(
                    "No decisions yet. Accept or correct suggestions in the worklist, and they stand here."
                )
            )
            return
        self._total.setText(
            self.tr("{0} on {1} of {2}").format(
                counted(collected.reviews, self.tr("1 decision"), self.tr("{0} decisions")),
                counted(collected.images, self.tr("1 image"), self.tr("{0} images")),
                counted(collected.patients, self.tr("1 patient"), self.tr("{0} patients")),
            )
        )
        self._findings.fill(
            (self.tr("finding"), self.tr("present"), self.tr("absent"), self.tr("unknown")),
            [
                (displays.get(name, name.replace("-", " ")), *(grouped(count) for count in counts))
                for name, counts in collected.per_finding.items()
            ],
            ("", "quiet", "quiet"),
        )
        parts = {
            "train": self.tr("train"),
            "validation": self.tr("validation"),
            "test": self.tr("test, kept aside"),
        }
        self._parts.fill(
            (self.tr("part"), self.tr("images"), self.tr("patients")),
            [
                (parts[part], grouped(images), grouped(patients))
                for part, (images, patients) in collected.per_part.items()
            ],
        )
