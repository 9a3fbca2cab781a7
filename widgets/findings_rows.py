"""One line of the findings panel: a finding, the reader's answer, the model's probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.key_hints import stands_for
from widgets.numbers import probability_text
from widgets.theme import TOKENS, space

Answer = Literal["present", "absent", "unknown"]
Task = Literal["multiclass", "multilabel"]

NUMBER_WIDTH = space(10)


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What the panel shows of one finding.

    Probabilities are calibrated, in [0, 1], None where there are none. `adapted` is that of the head fitted
    to this site's reviews. `operating_point` is the threshold from which on the finding is suggested; in
    one-of-many models it is marked and decides nothing, and None where the model's card gives none.

    Parameters
    ----------
    is_added
        A reader added it: the model has never seen it and says nothing of it.
    remark
        How far an added finding is learned.
    can_be_taken_away
        No film shows it yet, so an added finding can go again.
    """

    name: str
    display: str
    probability: float | None = None
    adapted: float | None = None
    operating_point: float | None = None
    is_added: bool = False
    remark: str = ""
    can_be_taken_away: bool = False

    @property
    def reaches_operating_point(self) -> bool:
        """Whether a several-findings model suggests this finding."""
        if self.probability is None or self.operating_point is None:
            return False
        return self.probability >= self.operating_point


class ProbabilityBar(QAbstractButton):
    """A probability as a bar. Pressing it asks for the evidence of this finding and answers nothing."""

    def __init__(self, row: FindingRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row
        self._is_suggested = False
        self._is_greyed = False
        self._covered: float | None = None
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_row(row, False)

    def set_row(self, row: FindingRow, is_suggested: bool, is_greyed: bool = False) -> None:
        """Show a probability; `is_greyed` where it is not to be believed."""
        self._row, self._is_suggested, self._is_greyed = row, is_suggested, is_greyed
        said = self.tr("no probability") if row.probability is None else f"{row.probability:.0%}"
        self.setAccessibleName(self.tr("Evidence for {0}, {1}").format(row.display, said))
        tip = self.tr("Show the evidence for {0}").format(row.display)
        if row.is_added:
            tip = self.tr("The model has never seen {0}; the ring is the site-adapted value")
            tip = tip.format(row.display)
        if row.operating_point is not None:
            tip += "\n" + self.tr("Operating point {0}").format(probability_text(row.operating_point))
        self.setToolTip(tip)
        self.setEnabled(row.probability is not None)
        self.update()

    def set_covered(self, probability: float | None) -> None:
        """Show below the bar what the model would say with a part of the film covered; None for nothing."""
        if probability != self._covered:
            self._covered = probability
            said = self.tr("{0:.0%} with the part covered")
            self.setAccessibleDescription("" if probability is None else said.format(probability))
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(space(20), space(4))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(2, self.height() / 2 - 3, self.width() - 4, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._covered is not None:
            track = QRectF(2, 2, self.width() - 4, 5)
            below = track.translated(0, 7)
            self._paint_track(painter, below)
            painter.setBrush(QBrush(QColor(TOKENS.text), Qt.BrushStyle.Dense4Pattern))
            painter.drawRect(QRectF(below.left(), below.top(), max(below.width() * self._covered, 3.0), 5))
        self._paint_track(painter, track)
        if self._row.probability is not None:
            width = max(track.width() * self._row.probability, 3.0)
            bar = QRectF(track.left(), track.top(), width, track.height())
            if self._is_greyed:
                painter.setPen(QPen(QColor(TOKENS.control), 1.0))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                bar = bar.adjusted(0.5, 0.5, -0.5, -0.5)
            else:
                painter.setBrush(QColor(TOKENS.accent if self._is_suggested else TOKENS.control))
            painter.drawRoundedRect(bar, 3, 3)
            painter.setPen(Qt.PenStyle.NoPen)
        self._paint_marks(painter, track)
        if self.isChecked() or self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(TOKENS.accent), 1.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _paint_track(self, painter: QPainter, track: QRectF) -> None:
        painter.setBrush(QColor(TOKENS.hover))
        painter.drawRoundedRect(track, 3, 3)

    def _paint_marks(self, painter: QPainter, track: QRectF) -> None:
        """The operating point as a line across, the site-adapted probability as a ring."""
        if self._row.operating_point is not None:
            x = track.left() + track.width() * self._row.operating_point
            reach = 3 if self._covered is None else 2
            painter.fillRect(
                QRectF(x - 1, track.top() - reach, 2, track.height() + 2 * reach), QColor(TOKENS.text)
            )
        if self._row.adapted is not None and self._covered is None:
            x = track.left() + (track.width() - 8) * self._row.adapted
            painter.setBrush(QColor(TOKENS.panel))
            painter.setPen(QPen(QColor(TOKENS.text), 1.5))
            painter.drawEllipse(QRectF(x, track.center().y() - 4, 8, 8))
            painter.setPen(Qt.PenStyle.NoPen)


class PresenceBox(QCheckBox):
    """A check box that a click takes from unknown (empty) to present (tick), to absent (minus), and round."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTristate(True)

    def nextCheckState(self) -> None:
        following = {
            Qt.CheckState.Unchecked: Qt.CheckState.Checked,
            Qt.CheckState.Checked: Qt.CheckState.PartiallyChecked,
            Qt.CheckState.PartiallyChecked: Qt.CheckState.Unchecked,
        }
        self.setCheckState(following[self.checkState()])


_STATES: dict[Answer, Qt.CheckState] = {
    "present": Qt.CheckState.Checked,
    "absent": Qt.CheckState.PartiallyChecked,
    "unknown": Qt.CheckState.Unchecked,
}


class FindingLine(QWidget):
    """One finding: what the reader answers on top, what the model says below.

    Signals
    -------
    answered(name, answer)
        The reader clicked; the line shows the answer at once, and what stands with the next `fill`.
    evidence_wanted(name)
        The reader pressed the bar.
    taken_away(name)
        The reader does not want an added finding after all.
    """

    answered = Signal(str, str)
    evidence_wanted = Signal(str)
    taken_away = Signal(str)

    def __init__(self, row: FindingRow, position: int, task: Task) -> None:
        super().__init__()
        self.name = row.name
        self._task = task
        self._answer: QAbstractButton = (
            QRadioButton(row.display) if task == "multiclass" else PresenceBox(row.display)
        )
        if isinstance(self._answer, QRadioButton):
            self._answer.setAutoExclusive(False)  # else an arrow key would decide
        stands_for(self._answer, f"finding {position}", self.tr("Decide {0}").format(row.display))
        self._answer.clicked.connect(self._on_clicked)
        self._answer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._word = QLabel()
        self._word.setProperty("role", "caption")
        self._number = _number_label("strong")
        self._adapted = _number_label("quiet")
        self._covered = _number_label("strong")
        self._covered.hide()
        self._shows_adapted = False
        self._remark = QLabel()
        self._remark.setProperty("role", "caption")
        self._remark.setTextFormat(Qt.TextFormat.PlainText)
        self._remark.setWordWrap(True)
        self._remark.setToolTip(
            self.tr(
                "Films that are kept aside measure the model and are never learned from. With few examples "
                "the site-adapted value is rough."
            )
        )
        self._remark.hide()
        self._take_away = self._made_take_away(row)
        self.bar = ProbabilityBar(row)
        self.bar.clicked.connect(lambda: self.evidence_wanted.emit(self.name))
        self._lay_out()

    def fill(
        self,
        row: FindingRow,
        answer: Answer | None,
        is_suggested: bool,
        shows_adapted: bool,
        is_greyed: bool = False,
    ) -> None:
        """Show what the model says and what the reader decided (None: nothing yet).

        `is_greyed`: the model does not know such images, and its numbers are there for the curious.
        """
        self._show_answer(answer)
        self._number.setText(probability_text(row.probability))
        self._number.setProperty("role", "strong" if is_suggested else "quiet")
        self._number.setEnabled(not is_greyed)
        self._number.style().polish(self._number)
        self._shows_adapted = shows_adapted and not is_greyed
        self._adapted.setVisible(self._shows_adapted and self._covered.isHidden())
        self._adapted.setText(probability_text(row.adapted))
        self._adapted.setToolTip(self.tr("Site-adapted: from a head fitted to the reviews of this site"))
        self.bar.set_row(row, is_suggested, is_greyed)
        font = self._answer.font()
        font.setBold(is_suggested)
        self._answer.setFont(font)
        suggested = self.tr("{0}, suggested").format(row.display)
        self._answer.setAccessibleName(suggested if is_suggested else row.display)

        self._remark.setText(row.remark)
        self._remark.setVisible(bool(row.remark))
        self._take_away.setVisible(row.is_added and row.can_be_taken_away)

    def show_covered(self, probability: float | None, is_asked: bool) -> None:
        """Show what the model would say with a part of the film covered, in the place of *site*."""
        self._covered.setVisible(is_asked)
        self._adapted.setVisible(self._shows_adapted and not is_asked)
        self._covered.setText(f"→ {probability_text(probability)}" if probability is not None else "→ …")
        self.bar.set_covered(probability if is_asked else None)

    def answer(self) -> None:
        """Do what a click on the finding does."""
        self._answer.click()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the words means the finding too: a bigger target for a tired hand."""
        if event.button() == Qt.MouseButton.LeftButton and event.position().y() < self.bar.geometry().top():
            self._answer.click()
            return
        super().mousePressEvent(event)

    def _show_answer(self, answer: Answer | None) -> None:
        if isinstance(self._answer, PresenceBox):
            self._answer.setCheckState(_STATES[answer or "unknown"])
            words = {
                "present": self.tr("present"),
                "absent": self.tr("absent"),
                "unknown": self.tr("unknown"),
            }
            self._word.setText(words[answer] if answer else "")
        else:
            self._answer.setChecked(answer == "present")

    def _on_clicked(self) -> None:
        if isinstance(self._answer, PresenceBox):
            state = self._answer.checkState()
            answer = next(a for a, s in _STATES.items() if s == state)
        else:
            answer = "present"
        self._show_answer(answer)
        self.answered.emit(self.name, answer)

    def _made_take_away(self, row: FindingRow) -> QToolButton:
        """For a name that was mistyped."""
        button = QToolButton()
        button.setIcon(theme.icon("close", TOKENS.text_quiet))
        button.setAccessibleName(self.tr("Take {0} away").format(row.display))
        button.setToolTip(self.tr("Take the finding away: no film was answered with it"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setIconSize(QSize(space(3), space(3)))
        button.setStyleSheet("padding: 1px;")
        button.clicked.connect(lambda: self.taken_away.emit(self.name))
        button.hide()
        return button

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(space(2))
        for widget in (self._answer, self._take_away, self._number, self._adapted, self._covered):
            top.addWidget(widget)
        below = QHBoxLayout()
        below.setContentsMargins(space(6), 0, 0, 0)
        below.setSpacing(space(2))
        below.addWidget(self.bar)
        below.addWidget(self._word)
        if self._task == "multiclass":
            self._word.hide()
        self._word.setMinimumWidth(self._word.fontMetrics().horizontalAdvance(self.tr("unknown")) + 2)
        self._word.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addLayout(below)
        whole.addWidget(self._remark)
        self._remark.setContentsMargins(space(6), 0, 0, 0)


def _number_label(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setFont(theme.figures(label.font()))
    label.setMinimumWidth(NUMBER_WIDTH)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label
