"""The models there are: what each answers, what it was made from and measured at, where its limits are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inference.card import ModelCard
from inference.coverage import family
from widgets import theme
from widgets.evaluation import EvaluationView
from widgets.models_import import ImportForm
from widgets.models_use import UseView
from widgets.models_words import (
    architecture_text,
    calibration_text,
    covers_text,
    data_of,
    facts,
    figure_groups,
    gate_lines,
    input_text,
    operating_points_text,
    other_figures,
    short_id,
    typical_text,
)
from widgets.theme import TOKENS, space
from widgets.training_parts import FigureTable, label
from widgets.wheel import leave_wheel_to_scrolling
from widgets.words import in_words

READABLE_WIDTH = space(180)


class ModelsPanel(QWidget):
    """A list of models at the left, the card of the chosen one at the right, written for people.

    Signals
    -------
    use_requested(model_id, reason), tune_requested(model_id)
        The reader wants a model to suggest from now on, or to be tuned.
    evaluation_requested(model_id)
        The reader wants to see how good it is here: `show_evaluation_of` comes before `evaluation` is filled.
    """

    use_requested = Signal(str, str)
    tune_requested = Signal(str)
    evaluation_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._cards: dict[str, ModelCard] = {}
        self._in_use: frozenset[str] = frozenset()
        self._standings: dict[str, str] = {}
        self._is_card_due = False
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Models"))
        self._list.setMinimumWidth(space(60))
        self._list.setWordWrap(True)
        self._list.currentItemChanged.connect(self._on_current_changed)
        self._details = QScrollArea()
        self._details.setAccessibleName(self.tr("About the model"))
        self._details.setFrameShape(QFrame.Shape.NoFrame)
        self._details.setWidgetResizable(True)
        self._details.viewport().setAutoFillBackground(False)
        self.form = ImportForm()
        self.form.closed.connect(self.hide_form)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._details)
        self._pages.addWidget(self._scrolling(self.form, self.tr("Import a model")))
        self.evaluation = EvaluationView()
        self.evaluation.closed.connect(self.hide_form)
        self._pages.addWidget(self._scrolling(self.evaluation, self.tr("Evaluation")))
        splitter = QSplitter()
        splitter.addWidget(self._made_left())
        splitter.addWidget(self._pages)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([space(80), space(200)])
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        leave_wheel_to_scrolling(self)
        self.show_models((), ())

    def _scrolling(self, content: QWidget, name: str) -> QScrollArea:
        area = QScrollArea()
        area.setAccessibleName(name)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(content)
        area.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        return area

    def _made_left(self) -> QWidget:
        left = QWidget()
        bring = QPushButton(theme.icon("import"), self.tr("Import a model"))
        bring.setToolTip(self.tr("Bring a network of your own, or one with pretrained weights"))
        bring.clicked.connect(self.show_form)
        column = QVBoxLayout(left)
        column.setContentsMargins(space(2), space(2), space(2), 0)
        column.setSpacing(space(2))
        column.addWidget(bring)
        column.addWidget(self._list, 1)
        return left

    def show_form(self) -> None:
        """Bring the form for another model to the front."""
        self._pages.setCurrentIndex(1)

    def show_evaluation_of(self, model_id: str) -> None:
        """Choose a model, and bring what was measured of it to the front."""
        if self.select(model_id):
            card = self._cards[model_id]
            self.evaluation.show_model(model_id, card.name or card.id)
            self._pages.setCurrentIndex(2)

    def hide_form(self) -> None:
        """Back to the card of the chosen model."""
        self._pages.setCurrentIndex(0)

    @property
    def is_form_shown(self) -> bool:
        return self._pages.currentIndex() == 1

    @property
    def selected(self) -> str | None:
        """The id of the model whose card is shown."""
        item = self._list.currentItem()
        return None if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def show_models(
        self, cards: Iterable[ModelCard], in_use: Collection[str], standings: Mapping[str, str] | None = None
    ) -> None:
        """Show these models; `in_use` are the ids of those that suggest. The chosen one stays chosen.

        `standings` says, by model, what to know before it is used: the gate's verdict, or that there is none.
        """
        chosen = self.selected
        self._cards = {card.id: card for card in cards}
        self._in_use = frozenset(in_use)
        self._standings = dict(standings or {})
        self._list.blockSignals(True)
        self._list.clear()
        for card in self._cards.values():
            self._list.addItem(self._item_of(card))
        ids = list(self._cards)
        used = sorted((i for i in ids if i in self._in_use), key=lambda i: self._cards[i].covers.phantoms)
        shown = chosen if chosen in self._cards else next(iter(used), None)
        if shown is None and ids:
            shown = ids[0]
        if shown is not None:
            self._list.setCurrentRow(ids.index(shown))
        self._list.blockSignals(False)
        self._show_card(shown)

    def select(self, model_id: str) -> bool:
        """Show a model's card; False where there is no such model."""
        ids = list(self._cards)
        if model_id not in ids:
            return False
        self._list.setCurrentRow(ids.index(model_id))
        return True

    def _item_of(self, card: ModelCard) -> QListWidgetItem:
        is_used = card.id in self._in_use
        own_id = "" if card.id == card.name else short_id(card.id)
        parts = (own_id, card.architecture, self.tr("in use") if is_used else "")
        item = QListWidgetItem(f"{card.name}\n" + ", ".join(part for part in parts if part))
        item.setData(Qt.ItemDataRole.UserRole, card.id)
        name, colour = ("check-circle", TOKENS.saved) if is_used else ("circle-outline", TOKENS.control)
        item.setIcon(theme.icon(name, colour))
        return item

    def _on_current_changed(self, current: QListWidgetItem | None, _previous: QListWidgetItem | None) -> None:
        self.hide_form()
        self._show_card(None if current is None else str(current.data(Qt.ItemDataRole.UserRole)))

    def showEvent(self, event: QShowEvent) -> None:
        """Make the card that was chosen while the page was behind others."""
        super().showEvent(event)
        if self._is_card_due:
            self._show_card(self.selected)

    def _show_card(self, model_id: str | None) -> None:
        """Show a card: a tenth of a second of widgets, so it is made once somebody looks."""
        self._is_card_due = not self.isVisible()
        if self._is_card_due:
            return
        if model_id is None:
            empty = label(self.tr("There are no models yet. Import one."), "quiet")
            empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._put(empty)
            return
        card = self._cards[model_id]
        parent = self._cards.get(card.parent)
        is_in_use = card.id in self._in_use
        view = CardView(card, is_in_use, parent.name if parent else card.parent)
        use = UseView(card, self._replaced_by(card), is_in_use, self._standings.get(card.id, ""))
        use.use_requested.connect(self.use_requested)
        use.tune_requested.connect(self.tune_requested)
        use.evaluation_requested.connect(self.evaluation_requested)
        view.put_use(use)
        self._put(view)

    def _replaced_by(self, card: ModelCard) -> str:
        """Name of the model in use whose place this one would take; empty where there is none."""
        others = (self._cards[id_] for id_ in self._in_use if id_ in self._cards and id_ != card.id)
        return next((other.name for other in others if family(other) == family(card)), "")

    def _put(self, widget: QWidget) -> None:
        self._details.setWidget(widget)
        widget.setAutoFillBackground(False)  # which setWidget turned on


class CardView(QWidget):
    """One model's card in readable form."""

    def __init__(self, card: ModelCard, is_in_use: bool, made_from: str) -> None:
        super().__init__()
        self.setMaximumWidth(READABLE_WIDTH)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(space(6), space(4), space(6), space(4))
        self._layout.setSpacing(space(2))
        self._add_heading(card, is_in_use)
        self._heading_ends = self._layout.count()
        self._add_facts(card, made_from)
        for limit in card.limits:
            if limit is card.limits[0]:
                self._add_title(self.tr("Limits"))
            self._layout.addWidget(label(f"•  {limit}", wraps=True))
        for title, headings, rows in figure_groups(card):
            self._add_title(title)
            table = FigureTable(title)
            table.fill(headings, rows, ("strong", "quiet"))
            self._layout.addWidget(table)
        if others := other_figures(card):
            self._add_table(self.tr("Figures"), others)
        if lines := gate_lines(card):
            self._add_title(self.tr("At the gate"))
            for line in lines:
                self._layout.addWidget(label(line, wraps=True))
        self._add_data(card)
        if card.recipe:
            tip = self.tr("Every choice of the training")
            self._fold(self.tr("Recipe"), tip, _fact_table(self.tr("Recipe"), facts(card.recipe)))
        self._layout.addStretch(1)

    def _add_heading(self, card: ModelCard, is_in_use: bool) -> None:
        self._layout.addWidget(label(card.name, "strong", wraps=True))
        if is_in_use:
            self._layout.addWidget(
                label(self.tr("In use: it suggests for the images it is meant for."), "saved")
            )
        if not card.head_trained:
            words = self.tr("Its head is not trained yet: tune it before it can suggest.")
            self._layout.addWidget(label(words, "look-again", wraps=True))
        if card.intended_use:
            self._layout.addWidget(label(card.intended_use, "quiet", wraps=True))

    def put_use(self, use: QWidget) -> None:
        """Put what can be done with the model below its heading."""
        self._layout.insertWidget(self._heading_ends, use)

    def _add_facts(self, card: ModelCard, made_from: str) -> None:
        kinds = {
            "multiclass": self.tr("one of {0}"),
            "multilabel": self.tr("any of {0}"),
        }
        answers = ", ".join(in_words(f.display) for f in card.findings)
        rows = [
            (self.tr("Answers"), kinds[card.task].format(answers)),
            (self.tr("Meant for"), covers_text(card)),
            (self.tr("Input"), input_text(card)),
            (self.tr("Architecture"), architecture_text(card)),
            (self.tr("Calibration"), calibration_text(card)),
            (self.tr("Operating points"), operating_points_text(card)),
            (self.tr("What it knows"), typical_text(card)),
            (self.tr("Made from"), made_from),
            (self.tr("Created"), card.created[:16].replace("T", " ")),
            (self.tr("Licence"), card.licence),
            (self.tr("Id"), card.id),
        ]
        self._add_table(self.tr("Model"), [row for row in rows if row[1]])

    def _add_data(self, card: ModelCard) -> None:
        """The model's own films; those of the models before it are folded."""
        before = QWidget()
        layout = QVBoxLayout(before)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(space(2))
        for number, (table, lines) in enumerate(data_of(card)):
            if number == 0:
                self._add_title(self.tr("Data"))
            into = layout if number else self._layout
            if table is not None:
                title, headings, rows = table
                figures = FigureTable(title)
                figures.fill(headings, rows, ("quiet",) * (len(headings) - 1))
                into.addWidget(figures)
            if lines:
                into.addWidget(_fact_table(self.tr("Data"), lines))
        if layout.count():
            tip = self.tr("What it was made from learned before, the last one first")
            self._fold(self.tr("Data of the models before it"), tip, before)

    def _fold(self, title: str, tip: str, content: QWidget) -> None:
        """What is long and for the few stays folded until it is asked for."""
        button = QToolButton()
        button.setText(title)
        button.setCheckable(True)
        button.setIcon(theme.icon("chevron-right"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setToolTip(tip)
        content.hide()

        def on_toggled(is_open: bool) -> None:
            content.setVisible(is_open)
            button.setIcon(theme.icon("chevron-down" if is_open else "chevron-right"))

        button.toggled.connect(on_toggled)
        self._layout.addSpacing(space(2))
        self._layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._layout.addWidget(content)

    def _add_title(self, text: str) -> None:
        self._layout.addSpacing(space(2))
        self._layout.addWidget(label(text, "title"))

    def _add_table(self, name: str, rows: Sequence[tuple[str, str]]) -> None:
        self._layout.addWidget(_fact_table(name, rows))


def _fact_table(name: str, rows: Sequence[tuple[str, str]]) -> QWidget:
    """Names in a column of their own, what is known beside them, wrapped where it is long."""
    table = QWidget()
    table.setAccessibleName(name)
    layout = QVBoxLayout(table)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(space(1))
    for key, value in rows:
        layout.addLayout(_fact_line(key, value))
    return table


def _fact_line(key: str, value: str) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(space(4))
    name = label(key, "quiet")
    name.setFixedWidth(space(40))
    name.setAlignment(Qt.AlignmentFlag.AlignTop)
    name.setWordWrap(True)
    told: QLabel = label(value, wraps=True)
    told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    line.addWidget(name)
    line.addWidget(told, 1)
    return line
