"""The findings panel: what the model suggests for the image shown, and what the reader decides."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.findings_add import FindingAdder
from widgets.findings_heading import Heading
from widgets.findings_note import NoteField
from widgets.findings_rows import NUMBER_WIDTH, Answer, FindingLine, FindingRow, Task
from widgets.findings_state import FindingsState
from widgets.findings_what_if import WhatIf
from widgets.key_hints import stands_for
from widgets.theme import space

__all__ = ["Answer", "FindingRow", "FindingsPanel", "FindingsState", "Task"]


MOST_KEPT_IN_SIGHT = space(44)
"""Height of the findings that no other panel takes away, in px: about four of them."""


class FindingsPanel(QWidget):
    """Findings of the image shown. It never says *saved* by itself: `saved` does, once it is on disk.

    Signals
    -------
    accepted(), unsure()
        The reader takes the suggestion as it is; cannot decide.
    answered(name, answer)
        The reader decided one finding.
    note_changed(text)
        A note was finished (not at every key).
    finding_selected(name)
        The reader asked for the evidence of a finding.
    refused(reason)
        Accepting was not possible; the reason is shown here too.
    agreement_wanted()
        The reader asks whether slightly altered copies give the same.
    cover_ended()
        The reader wants the cover on the film taken away.
    finding_wanted(text), finding_taken_away(name)
        The reader typed the name of a finding that the model has never seen; does not want it after all.
    """

    accepted = Signal()
    answered = Signal(str, str)
    unsure = Signal()
    note_changed = Signal(str)
    undo_requested = Signal()
    redo_requested = Signal()
    finding_selected = Signal(str)
    refused = Signal(str)
    agreement_wanted = Signal()
    cover_ended = Signal()
    finding_wanted = Signal(str)
    finding_taken_away = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._state = FindingsState()
        self._selected_finding: str | None = None
        self._lines: list[FindingLine] = []
        self._kept_note = ""
        self._why_not = ""  # there is nothing to accept, as its tooltip says
        self._accept_tip = ""
        self._frame = _label("caption")
        self._heading = Heading()
        self._heading.agreement_wanted.connect(self.agreement_wanted)
        self._what_if = WhatIf()
        self._what_if.ended.connect(self.cover_ended)
        self._covered: Mapping[str, float] | None = None
        self._columns = QWidget()
        self._second_column = _label("caption")
        self._rows = QVBoxLayout()
        self.adder = FindingAdder()
        self.adder.wanted.connect(self.finding_wanted)
        self.adder.left.connect(lambda: self.setFocus(Qt.FocusReason.OtherFocusReason))
        self._decision = _label("quiet")
        self._saved = _label("saved")
        self._build_buttons()
        self._note = self._made_note()
        self._lay_out()
        self.show_state(FindingsState(reason_no_suggestion=self.tr("Choose a study in the worklist.")))

    # Filling

    def show_state(self, state: FindingsState) -> None:
        """Show an image's findings; a note that is being written for the same image is left alone."""
        is_other_image = state.image_key != self._state.image_key
        if is_other_image:
            self._selected_finding = None
            self.adder.close_field()
        if is_other_image or state.is_hidden:
            self.end_cover()
        self._keep_lines(state)
        self._state = state
        self._frame.setText(state.frame_label)
        self._heading.show_state(state)
        shows_adapted = any(row.adapted is not None for row in state.findings)
        for line, row in zip(self._lines, state.findings, strict=True):
            is_suggested = row.name in state.suggested_names
            line.fill(row, state.answers.get(row.name), is_suggested, shows_adapted, state.is_unfamiliar)
        self._show_covered()
        self._keep_in_sight()
        self.set_selected_finding(self._selected_finding)
        self._fill_decision()
        if is_other_image or not (self._note.hasFocus() and self._note.document().isModified()):
            self._set_note(state.note)

    def saved(self, time: str) -> None:
        """Say that what stands is on disk since this time of day."""
        self._saved.setText(self.tr("saved {0}").format(time))

    def set_selected_finding(self, name: str | None) -> None:
        """Mark the finding whose evidence the viewer shows."""
        self._selected_finding = name
        for line in self._lines:
            line.bar.setChecked(line.name == name)

    def set_agreement_offered(self, is_offered: bool) -> None:
        """Offer to check the agreement of altered copies; shown with the next state."""
        self._heading.set_agreement_offered(is_offered)

    def show_cover(
        self, keeps: bool, probabilities: Mapping[str, float] | None = None, problem: str = ""
    ) -> None:
        """Say beside every probability what it would be with a part of the film covered.

        Parameters
        ----------
        keeps
            The part is kept, and everything else is covered.
        probabilities
            By machine name; None leaves what is shown until the model's answer is there.
        problem
            Why there is no answer, in a sentence.
        """
        self._what_if.say(keeps, problem)
        self._covered = (self._covered or {}) if probabilities is None else probabilities
        self._show_covered()

    def end_cover(self) -> None:
        """Nothing is covered any more."""
        self._what_if.hide()
        self._covered = None
        self._show_covered()

    def _show_covered(self) -> None:
        covered = self._covered
        for line in self._lines:
            line.show_covered((covered or {}).get(line.name), covered is not None)
        shows_adapted = any(row.adapted is not None for row in self._state.findings)
        self._second_column.setText(self.tr("what if") if covered is not None else self.tr("site"))
        self._columns.setVisible(covered is not None or (shows_adapted and not self._state.is_unfamiliar))

    # What the reader does, from here and from the window's shortcuts

    def accept(self) -> None:
        """Accept the suggestion; without one say why not, and do nothing."""
        reason = self._state.reason_not_to_accept
        if reason:
            self._heading.refuse(reason)
            self.refused.emit(reason)
            return
        self.finish_note()
        self.accepted.emit()

    def mark_unsure(self) -> None:
        """Answer that it cannot be decided."""
        if self._unsure.isEnabled():
            self.finish_note()
            self.unsure.emit()

    def correct_by_position(self, position: int) -> bool:
        """Do what a click on the finding at this place, counted from 1, does; False where there is none."""
        if not 1 <= position <= len(self._lines):
            return False
        self._lines[position - 1].answer()
        return True

    def add_finding(self) -> None:
        """Let the reader type the name of a finding that the model has never seen."""
        if self._state.findings:
            self.adder.open_field()
            self._scrolling.ensureWidgetVisible(self.adder)

    def focus_note(self) -> None:
        if self._note.isEnabled():
            self._note.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def finish_note(self) -> None:
        """Emit the note if it changed. To be called before another image is shown."""
        text = self._note.toPlainText().strip()
        if text != self._kept_note:
            self._kept_note = text
            self._note.document().setModified(False)
            self.note_changed.emit(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accept()
        elif plain and event.key() == Qt.Key.Key_U:
            self.mark_unsure()
        elif plain and event.key() == Qt.Key.Key_N:
            self.focus_note()
        else:
            super().keyPressEvent(event)

    # Building

    def _build_buttons(self) -> None:
        self._accept = QPushButton()
        self._accept.setAccessibleName(self.tr("Accept"))
        self._accept.setProperty("role", "primary")
        tip = self.tr("Accept the suggestion and go to the next study")
        stands_for(self._accept, "accept", tip, self.tr("Accept  {0}"))
        self._accept.clicked.connect(self.accept)
        self._go_on = QPushButton()
        self._go_on.setAccessibleName(self.tr("Go on"))
        tip = self.tr("Keep the answer and go to the next study")
        stands_for(self._go_on, "accept", tip, self.tr("Go on  {0}"))
        self._finish = QPushButton()
        self._finish.setAccessibleName(self.tr("Answered"))
        tip = self.tr("The answer is whole: show what the model suggests")
        stands_for(self._finish, "accept", tip, self.tr("Answered  {0}"))
        for button in (self._go_on, self._finish):
            button.setProperty("role", "primary")
            button.clicked.connect(self.accept)
        self._unsure = QPushButton()
        self._unsure.setAccessibleName(self.tr("Unsure"))
        tip = self.tr("It cannot be decided on this image")
        stands_for(self._unsure, "unsure", tip, self.tr("Unsure  {0}"))
        self._unsure.clicked.connect(self.mark_unsure)
        self._undo = _tool(
            "arrow-u-left-top", "undo", self.tr("Undo"), self.tr("Take back what was done last")
        )
        self._undo.clicked.connect(self.undo_requested)
        self._redo = _tool(
            "arrow-u-right-top", "redo", self.tr("Redo"), self.tr("Do again what was taken back")
        )
        self._redo.clicked.connect(self.redo_requested)

    def _made_note(self) -> NoteField:
        note = NoteField()
        note.setAccessibleName(self.tr("Note"))
        tip = self.tr("Enter keeps the note, Shift+Enter begins a line, Esc takes back")
        stands_for(note, "note", tip, self.tr("Note  ({0})"))
        note.setTabChangesFocus(True)
        note.finished.connect(self._on_note_finished)
        note.abandoned.connect(self._on_note_abandoned)
        return note

    def _lay_out(self) -> None:
        self._rows.setSpacing(space(2))
        self._rows.setContentsMargins(0, 0, space(1), 0)
        rows = QWidget()
        inner = QVBoxLayout(rows)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(space(1))
        inner.addLayout(self._rows)
        inner.addWidget(self.adder)
        inner.addStretch()
        self._scrolling = scrolling = _AsHighAsItsRows()
        scrolling.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scrolling.setFrameShape(QFrame.Shape.NoFrame)
        scrolling.setWidgetResizable(True)
        scrolling.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolling.setWidget(rows)
        scrolling.viewport().setAutoFillBackground(False)
        rows.setAutoFillBackground(False)
        self._lay_out_columns()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(space(3), space(3), space(3), space(3))
        whole.setSpacing(space(2))
        whole.addLayout(_line(_label("title", self.tr("Findings")), None, self._frame, self._heading.check))
        whole.addWidget(self._heading)
        self._decision.setWordWrap(True)
        whole.addWidget(self._what_if)
        whole.addWidget(self._columns)
        whole.addWidget(scrolling, 1000)
        whole.addWidget(self._note)
        buttons = _line(self._accept, self._go_on, self._finish, self._unsure)
        for place, share in enumerate((3, 3, 3, 2)):
            buttons.setStretch(place, share)
        whole.addLayout(buttons)
        beside = QWidget()
        beside.setMinimumHeight(2 * self._decision.fontMetrics().lineSpacing())  # nothing jumps
        words = QVBoxLayout(beside)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(0)
        words.addWidget(self._decision)
        words.addWidget(self._saved)
        words.addStretch(1)
        standing = QHBoxLayout()
        standing.addWidget(beside, 1)
        for tool in (self._undo, self._redo):
            standing.addWidget(tool, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(standing)
        whole.addStretch(1)  # what is answered with stays where it is, whatever stands below it
        self.setMinimumWidth(space(64))

    def _lay_out_columns(self) -> None:
        policy = self._columns.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the findings stay where they are when a second number comes
        self._columns.setSizePolicy(policy)
        layout = QHBoxLayout(self._columns)
        layout.setContentsMargins(0, 0, space(1), 0)
        layout.setSpacing(space(2))
        layout.addStretch()
        for label in (_label("caption", self.tr("model")), self._second_column):
            label.setMinimumWidth(NUMBER_WIDTH)
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            layout.addWidget(label)

    # What is shown

    def _keep_lines(self, state: FindingsState) -> None:
        """Make new lines only where the model's findings changed, so that a refresh keeps the focus."""
        same = [(r.name, r.display) for r in state.findings] == [
            (r.name, r.display) for r in self._state.findings
        ]
        if same and state.task == self._state.task and len(self._lines) == len(state.findings):
            return
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._lines = [FindingLine(row, n, state.task) for n, row in enumerate(state.findings, start=1)]
        for line in self._lines:
            line.answered.connect(self._on_answered)
            line.evidence_wanted.connect(self._on_evidence_wanted)
            line.taken_away.connect(self.finding_taken_away)
            self._rows.addWidget(line)

    def _keep_in_sight(self) -> None:
        """In a low window the panels scroll together; the first findings stay beside their answers."""
        for line in self._lines:
            line.ensurePolished()
        needed = sum(line.sizeHint().height() + self._rows.spacing() for line in self._lines)
        below = self.adder.sizeHint().height() + space(1) if self._lines else 0
        self._scrolling.setMinimumHeight(min(needed, MOST_KEPT_IN_SIGHT) + below)

    def _fill_decision(self) -> None:
        state = self._state
        self._decision.setText(state.decision_text)
        self._saved.setText(self.tr("saved {0}").format(state.saved_at) if state.saved_at else "")
        can_answer = bool(state.findings)
        self.adder.setVisible(can_answer)
        self._accept.setEnabled(can_answer and not state.is_hidden)
        self._tell_why_not(state.reason_text if state.is_hidden else "")
        self._accept.setVisible(not state.keeps_answer and not state.is_begun)
        self._go_on.setVisible(state.keeps_answer)
        self._finish.setVisible(state.is_begun)
        self._unsure.setEnabled(can_answer)
        self._note.setEnabled(can_answer)
        self._undo.setEnabled(state.can_undo)
        self._redo.setEnabled(state.can_redo)

    def _tell_why_not(self, reason: str) -> None:
        """Say in the tooltip of *Accept* why it is not there; without a reason, what it does."""
        tip = self._accept.toolTip()
        if self._why_not and tip == self._why_not:
            tip = self._accept_tip
        self._why_not, self._accept_tip = reason, tip
        self._accept.setToolTip(reason or tip)

    def _set_note(self, text: str) -> None:
        self._kept_note = text.strip()
        if self._note.toPlainText() != text:
            self._note.setPlainText(text)
        self._note.document().setModified(False)

    # What happened

    def _on_answered(self, name: str, answer: str) -> None:
        self._saved.clear()
        self.finish_note()
        self.answered.emit(name, answer)

    def _on_evidence_wanted(self, name: str) -> None:
        self.set_selected_finding(name)
        self.finding_selected.emit(name)

    def _on_note_finished(self) -> None:
        self.finish_note()
        if self._note.hasFocus():
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_note_abandoned(self) -> None:
        self._set_note(self._kept_note)
        self.setFocus(Qt.FocusReason.OtherFocusReason)


class _AsHighAsItsRows(QScrollArea):
    """Scrolls what has no room, and never takes more room than its rows need."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        rows = self.widget()
        if watched is rows and event.type() == QEvent.Type.LayoutRequest and (layout := rows.layout()):
            height = rows.sizeHint().height()
            if layout.hasHeightForWidth():
                height = layout.totalHeightForWidth(self.viewport().width())
            self.setMaximumHeight(height)
        return super().eventFilter(watched, event)


def _label(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _tool(icon: str, action: str, name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon(icon))
    button.setAccessibleName(name)
    stands_for(button, action, tip)
    return button


def _line(*widgets: QWidget | None) -> QHBoxLayout:
    """Widgets beside each other; None is what takes the space that is left."""
    layout = QHBoxLayout()
    layout.setSpacing(space(2))
    for widget in widgets:
        if widget is None:
            layout.addStretch()
        else:
            layout.addWidget(widget)
    return layout
