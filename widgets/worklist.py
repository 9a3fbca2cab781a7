"""The worklist: every study once, searchable, in an order of the reader's choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.numbers import counted, grouped
from widgets.theme import TOKENS, space
from widgets.worklist_asked import Asked
from widgets.worklist_delegate import TEXT_LINES, THUMBNAIL_PX, StudyDelegate, row_height
from widgets.worklist_model import Order, Row, Status, WorklistModel
from widgets.worklist_scores import RowScores

__all__ = ["Asked", "Order", "Row", "Status", "Worklist"]


class SkeletonRows(QWidget):
    """Outlines of rows while the first studies are being found."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = row_height()
        for number in range(self.height() // height + 1):
            top = number * height
            film = QRect(space(3), top + (height - THUMBNAIL_PX) // 2, THUMBNAIL_PX, THUMBNAIL_PX)
            painter.fillRect(film, QColor(TOKENS.raised))
            left = film.right() + 1 + space(3)
            for line, share in enumerate((0.55, 0.8, 0.7, 0.5, 0.3)):
                width = round((self.width() - left - space(3)) * share)
                painter.fillRect(
                    left,
                    top + space(3) + round(line * (height - space(4)) / TEXT_LINES),
                    width,
                    space(2),
                    TOKENS.raised,
                )


class StudyView(QTableView):
    """The rows, one below the other.

    A table of one column, because QListView lays every row out again on any change (125 ms for 100,000 rows
    here), and a table with fixed heights does not.
    """

    menu_requested = Signal(object)  # QPoint on the screen

    def __init__(self, model: WorklistModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(StudyDelegate(self))
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(row_height())
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(row_height() // 2)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the chosen row: where the mouse is, or, by a key, at the row."""
        index = self.currentIndex()
        if not index.isValid():
            return
        is_by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        if is_by_mouse and not self.indexAt(event.pos()).isValid():
            return
        at = event.globalPos()
        if not is_by_mouse:
            at = self.viewport().mapToGlobal(self.visualRect(index).center())
        self.menu_requested.emit(at)


class Worklist(QWidget):
    """Studies to read. Refreshing changes rows where they stand and keeps selection, scrolling and focus.

    Signals
    -------
    study_selected(study_uid)
        The reader, or `select`, chose another study.
    open_requested()
        The button of the empty state.
    thumbnails_wanted(list of study_uid)
        Rows that came into view without a thumbnail; a long list needs no others.
    order_changed(Order)
        The reader chose another order.
    second_reads_toggled(bool)
        The reader opens or leaves the section of films to be read a second time.
    search_entered()
        The reader pressed Enter in the search, and what was found first is chosen.
    menu_requested(QPoint)
        The reader asks what can be done with the chosen study; the place is on the screen.
    """

    study_selected = Signal(str)
    open_requested = Signal()
    thumbnails_wanted = Signal(list)
    order_changed = Signal(str)
    menu_requested = Signal(object)
    search_entered = Signal()
    second_reads_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._model = WorklistModel()
        self._selected: str | None = None
        self._is_waiting = False
        self._is_rearranging = False
        self._view = StudyView(self._model)
        self._view.setAccessibleName(self.tr("Studies"))
        self._search = self._made_search()
        self._order = self._made_order()
        self._second_reads = self._made_second_reads()
        self._counts = QLabel()
        self._counts.setProperty("role", "caption")
        self._pages = QStackedWidget()
        self._nothing_found = QLabel()
        self._lay_out()
        self._asking = QTimer(self, singleShot=True, interval=40)
        self._asking.timeout.connect(self._ask_for_thumbnails)
        self._view.verticalScrollBar().valueChanged.connect(self._asking.start)
        self._view.menu_requested.connect(self.menu_requested)
        self._view.selectionModel().currentChanged.connect(self._on_current_changed)
        self._refresh_page()

    # Filling

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these studies and no others. The selected one stays selected if it is among them."""
        self._is_waiting = False
        self._rearrange(lambda: self._model.set_rows(rows))

    def update_rows(self, rows: Sequence[Row], more_follow: bool = False) -> None:
        """Change these studies' rows where they stand; studies not known yet are added.

        Where `more_follow` at once, known rows keep their places until the last of them are here.
        """
        if rows:
            self._is_waiting = False
        if rows or not more_follow:
            self._rearrange(lambda: self._model.update_rows(rows, more_follow), keeps_top=True)

    def score_rows(self, scores: RowScores) -> None:
        """Show what re-fitted heads say of studies that are here."""
        self._rearrange(lambda: self._model.score_rows(scores), keeps_top=True)

    def set_waiting(self, is_waiting: bool) -> None:
        """Draw skeleton rows until the first study is there."""
        self._is_waiting = is_waiting
        self._refresh_page()

    def ask(self, asked: Asked) -> None:
        """Take another order in which the reader is asked about studies; what is looked at stays in place."""
        self._rearrange(lambda: self._model.ask(asked), keeps_top=True)

    def set_second_reads(self, count: int, own: int) -> None:
        """Offer films whose decision is in doubt for a second read; `own` are the reader's own decisions."""
        is_open = self._second_reads.isChecked()
        films = counted(count, self.tr("1 film"), self.tr("{0} films"))
        if is_open:
            left = self.tr("Back to all studies ({0} left)").format(films)
            self._second_reads.setText(left if count else self.tr("Back to all studies (all read again)"))
        else:
            self._second_reads.setText(self.tr("Second read: {0}").format(films))
        why = self.tr(
            "The decision and what the model says that has not seen it disagree. You answer without seeing "
            "either; nothing is changed unless you answer otherwise."
        )
        whose = counted(
            own,
            self.tr("One of them is your own decision: better read by a colleague."),
            self.tr("{0} of them are your own decisions: better read by a colleague."),
        )
        self._second_reads.setToolTip(f"{why}\n{whose}" if own else why)
        self._second_reads.setVisible(bool(count) or is_open)

    @property
    def is_second_reading(self) -> bool:
        """Whether the section of second reads is open."""
        return self._second_reads.isChecked()

    def show_only(self, uids: Sequence[str] | None) -> None:
        """Show these studies in this order, or, for None, all in the order that is chosen."""
        self._rearrange(lambda: self._model.show_only(uids))

    def set_identity_hidden(self, is_hidden: bool) -> None:
        """Hide who the patients are, in what is drawn, told and spoken."""
        self._model.set_identity_hidden(is_hidden)

    # Choosing

    def step(self, by: int) -> None:
        """Choose the study so many rows below (negative: above); at an end nothing happens."""
        position = None if self._selected is None else self._model.position_of(self._selected)
        uid = self._model.uid_at(0 if position is None else position + by)
        if uid is not None:
            self.select(uid)

    def select(self, uid: str) -> bool:
        """Choose a study and bring it into view, with the one below; False where it is not shown."""
        position = self._model.position_of(uid)
        if position is None:
            return False
        self._view.scrollTo(self._model.index(min(position + 1, self._model.rowCount() - 1)))
        self._view.setCurrentIndex(self._model.index(position))
        return True

    @property
    def selected(self) -> str | None:
        """The chosen study, also while the search hides it."""
        return self._selected

    def next_unread(self, after_uid: str) -> str | None:
        """The next study in the shown order that waits for a reader; after the last comes the first."""
        return self._model.next_unread(after_uid)

    def first_to_read(self) -> str | None:
        """The first study in the shown order that waits for a reader, or else the first of all."""
        return self._model.next_unread("") or self._model.uid_at(0)

    def row_of(self, uid: str) -> Row | None:
        """What is shown for a study."""
        return self._model.row_of(uid)

    def shown_uids(self) -> list[str]:
        """The studies in the order in which they are shown."""
        return [row.study_uid for row in self._model.shown()]

    @property
    def order(self) -> Order:
        return self._model.order

    def set_order(self, order: Order) -> None:
        """Choose an order, as from the settings."""
        self._order.setCurrentIndex(self._order.findData(order))

    def focus_search(self) -> None:
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    # Building

    def _made_search(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.tr("Search"))
        field.setAccessibleName(self.tr("Search studies"))
        field.setToolTip(
            self.tr("Name, patient ID, accession number, date, modality, description, suggestion, decision")
        )
        field.setClearButtonEnabled(True)
        field.addAction(theme.icon("magnify", TOKENS.text_quiet), QLineEdit.ActionPosition.LeadingPosition)
        field.returnPressed.connect(self._on_search_entered)
        field.textChanged.connect(lambda text: self._rearrange(lambda: self._model.search(text)))
        return field

    def _made_order(self) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(self.tr("Order of the studies"))
        orders: tuple[tuple[Order, str], ...] = (
            ("newest", self.tr("Newest first")),
            ("ask first", self.tr("Ask first")),
            ("uncertain", self.tr("Most uncertain first")),
            ("patient", self.tr("Patient name")),
            ("to read", self.tr("To read first")),
        )
        for order, text in orders:
            combo.addItem(text, order)
        asking = self.tr(
            "What a reader's answer helps most with: your urgent marks, then films of which the model is "
            "unsure, films unlike those read so far, and a random share; each row's tooltip says which"
        )
        combo.setItemData(combo.findData("ask first"), asking, Qt.ItemDataRole.ToolTipRole)
        combo.currentIndexChanged.connect(lambda index: self._on_order_chosen(combo.itemData(index)))
        return combo

    def _made_second_reads(self) -> QPushButton:
        button = QPushButton(theme.icon("eye-refresh-outline", TOKENS.look_again), "")
        button.setCheckable(True)
        button.setVisible(False)
        button.toggled.connect(self._on_second_reads_toggled)
        return button

    def _on_second_reads_toggled(self, is_open: bool) -> None:
        self._order.setVisible(not is_open)
        self.second_reads_toggled.emit(is_open)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Worklist"))
        title.setProperty("role", "title")
        heading = QHBoxLayout()
        heading.addWidget(title)
        heading.addStretch()
        heading.addWidget(self._counts)
        top = QVBoxLayout()
        top.setContentsMargins(space(3), space(3), space(3), space(2))
        top.setSpacing(space(2))
        top.addLayout(heading)
        top.addWidget(self._search)
        top.addWidget(self._order)
        top.addWidget(self._second_reads)
        for page in (self._view, SkeletonRows(), self._made_empty_page(), self._made_nothing_found_page()):
            self._pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(self._pages, 1)
        self.setMinimumWidth(space(56))

    def _made_empty_page(self) -> QWidget:
        words = QLabel(self.tr("No films yet. Open a file or a folder, or drop it onto the window."))
        words.setProperty("role", "quiet")
        button = QPushButton(theme.icon("folder-open-outline", TOKENS.on_accent), self.tr("Open films"))
        button.setProperty("role", "primary")
        button.clicked.connect(self.open_requested)
        return _centred(words, button)

    def _made_nothing_found_page(self) -> QWidget:
        self._nothing_found.setProperty("role", "quiet")
        button = QPushButton(self.tr("Clear the search"))
        button.clicked.connect(self._search.clear)
        return _centred(self._nothing_found, button)

    # What happened

    def _on_search_entered(self) -> None:
        """Choose the first study that was found, unless the chosen one is among them."""
        if not self._model.rowCount():
            return
        if self._selected is None or self._model.position_of(self._selected) is None:
            self.select(self._model.uid_at(0) or "")
        # Not before the key has been through all widgets: on the film it would accept what nobody has seen.
        QTimer.singleShot(0, self, self.search_entered.emit)

    def _on_order_chosen(self, order: Order) -> None:
        self._rearrange(lambda: self._model.set_order(order))
        self.order_changed.emit(order)

    def _on_current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        uid = self._model.uid_at(current.row()) if current.isValid() else None
        if uid is not None and uid != self._selected and not self._is_rearranging:
            self._selected = uid
            self.study_selected.emit(uid)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._asking.start()

    def _rearrange(self, change: Callable[[], None], keeps_top: bool = False) -> None:
        """Change the model, then put selection and scrolling back as the reader left them.

        What the reader looks at stays where it is: the chosen row while it is in sight; otherwise, where the
        change is none of the reader's (`keeps_top`), the row at the top of the view.
        """
        bar = self._view.verticalScrollBar()
        value, looked_at = bar.value(), self._looked_at(keeps_top)
        self._is_rearranging = True
        try:
            change()
            self._put_selection_back()
        finally:
            self._is_rearranging = False
        self._view.executeDelayedItemsLayout()
        if looked_at is not None:
            uid, offset = looked_at
            position = self._model.position_of(uid)
            value = value if position is None else position * row_height() - offset
        bar.setValue(value)
        self._refresh_page()
        self._asking.start()

    def _put_selection_back(self) -> None:
        position = None if self._selected is None else self._model.position_of(self._selected)
        selection = self._view.selectionModel()
        if position is None:
            selection.clear()
        elif selection.currentIndex().row() != position:
            self._view.setAutoScroll(False)
            selection.setCurrentIndex(
                self._model.index(position), QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self._view.setAutoScroll(True)

    def _looked_at(self, keeps_top: bool) -> tuple[str, int] | None:
        """A study, and how far below the top of the view its row begins, in px."""
        view, height = self._view, row_height()
        top = view.verticalScrollBar().value()
        index = view.currentIndex()
        if index.isValid() and view.viewport().rect().intersects(view.visualRect(index)):
            place = index.row()
        elif keeps_top and top > 0:
            place = top // height
        else:
            return None
        uid = self._model.uid_at(place)
        return None if uid is None else (uid, place * height - top)

    def _refresh_page(self) -> None:
        studies, unread = self._model.counts()
        count = counted(studies, self.tr("1 study"), self.tr("{0} studies"))
        self._counts.setText(self.tr("{0}, {1} to read").format(count, grouped(unread)) if studies else "")
        for control in (self._search, self._order):
            control.setEnabled(bool(studies))
        if self._model.rowCount():
            page = 0
        elif not studies:
            page = 1 if self._is_waiting else 2
        else:
            page = 3
            self._nothing_found.setText(self.tr("No study matches “{0}”.").format(self._search.text()))
        self._pages.setCurrentIndex(page)

    def _ask_for_thumbnails(self) -> None:
        """Ask for the thumbnails of the rows in view and a page beyond."""
        height = row_height()
        first = max(self._view.verticalScrollBar().value() // height, 0)
        last = first + 2 * (self._view.viewport().height() // height + 1)
        wanted = [row.study_uid for row in self._model.shown(first, last) if row.thumbnail is None]
        if wanted:
            self.thumbnails_wanted.emit(wanted)


def _centred(words: QLabel, button: QPushButton) -> QWidget:
    words.setWordWrap(True)
    words.setAlignment(Qt.AlignmentFlag.AlignCenter)
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(space(6), 0, space(6), 0)
    layout.setSpacing(space(4))
    layout.addStretch(2)
    layout.addWidget(words)
    layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
    layout.addStretch(3)
    return page
