"""The form that brings a model in from elsewhere: its file, what it answers, how it is prepared for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QCompleter,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inference.card import Task
from widgets import theme
from widgets.theme import TOKENS, space
from widgets.training_parts import Reasoned, label, set_role

FORM_WIDTH = space(160)
SUFFIXES = (".safetensors", ".pt", ".pth", ".pt2", ".onnx")
WHOLE_NETWORKS = (".pt2", ".onnx")
"""Files that bring their network with them."""
MOST_SUGGESTED = 14
_FINDINGS = "covid-19, no-finding, pneumonia"
_ARCHITECTURES = "resnet18, vit_small_patch16_224, torchvision/densenet121"


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """What the reader filled in; an empty text or a 0 leaves the choice to the file or the architecture.

    Parameters
    ----------
    path
        The file; None fetches the architecture's pretrained weights.
    new_head
        The file's last layer is left out, and a new one has to be trained.
    """

    path: Path | None
    architecture: str
    findings: tuple[str, ...]
    task: Task = "multiclass"
    name: str = ""
    input_size: int = 0
    mean: str = ""
    std: str = ""
    crops_to_lungs: bool = False
    new_head: bool = False
    modality: str = "CR,DX,picture"
    body_part: str = "CHEST"
    view: str = "PA,AP"


class ImportForm(QWidget):
    """A form, a button that says why it cannot be pressed, and what came of it.

    Signals
    -------
    import_requested(ImportChoice), cancel_requested(), closed()
    """

    import_requested = Signal(object)
    cancel_requested = Signal()
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMaximumWidth(FORM_WIDTH)
        self._is_running = False
        self._path = _field(self.tr("File"))
        self._architecture = _field(self.tr("Architecture"))
        self._architectures = QStringListModel()
        completer = QCompleter(self._architectures, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setMaxVisibleItems(MOST_SUGGESTED)
        self._architecture.setCompleter(completer)
        self._findings = _field(self.tr("Findings"))
        self._findings.setPlaceholderText(self.tr("for example {0}").format(_FINDINGS))
        self._one = QRadioButton(self.tr("One of these"))
        self._any = QRadioButton(self.tr("Any of these"))
        self._one.setToolTip(self.tr("Exactly one finding is there (softmax)"))
        self._any.setToolTip(self.tr("Several findings may be there at once (sigmoid)"))
        self._one.setChecked(True)
        self._name = _field(self.tr("Name"))
        self._size = QSpinBox()
        self._size.setRange(0, 4096)
        self._size.setSingleStep(32)
        self._size.setSuffix(" px")
        self._size.setSpecialValueText(self.tr("the architecture's own"))
        self._size.setAccessibleName(self.tr("Input size"))
        self._size.lineEdit().setTextMargins(space(2), 0, 0, 0)  # as in the fields around it
        self._mean, self._std = _field(self.tr("Mean")), _field(self.tr("Standard deviation"))
        for numbers, example in ((self._mean, "0.485, 0.456, 0.406"), (self._std, "0.229, 0.224, 0.225")):
            numbers.setPlaceholderText(self.tr("the architecture's own, such as {0}").format(example))
        self._crop = QCheckBox(self.tr("Crop to the lungs"))
        self._crop.setToolTip(self.tr("It was trained on films cut to the lungs"))
        self._new_head = QCheckBox(self.tr("Leave its last layer out"))
        self._new_head.setToolTip(
            self.tr("It answered other questions before: it does not suggest until it has been tuned here")
        )
        self._modality = _field(self.tr("Modalities"), "CR,DX,picture")
        self._body_part = _field(self.tr("Body part"), "CHEST")
        self._view = _field(self.tr("Views"), "PA,AP")
        self._more = QToolButton()
        self._rare = QWidget()
        self._told = label("", "failed", wraps=True)
        self._told.setAccessibleName(self.tr("Result of the import"))
        self._told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QProgressBar()
        self._cancel = QPushButton(self.tr("Cancel"))
        start = QPushButton(theme.icon("import", TOKENS.on_accent), self.tr("Import"))
        start.setProperty("role", "primary")
        start.clicked.connect(lambda: self.import_requested.emit(self.choice))
        self._start = Reasoned(start, self.tr("Check the file and add the model"))
        self._lay_out()
        for field in (self._path, self._architecture, self._findings):
            field.textChanged.connect(self._refresh)
        self.set_expanded(False)
        self.set_running(False)

    # What it is told

    def offer_architectures(self, names: Sequence[str]) -> None:
        """Names that are completed while one is typed."""
        self._architectures.setStringList(list(names))

    def set_running(self, is_running: bool) -> None:
        """An import is under way, or not any more."""
        self._is_running = is_running
        self._bar.setVisible(is_running)
        self._cancel.setVisible(is_running)
        if is_running:
            self.say("")
        self._refresh()

    def say(self, sentence: str, role: str = "failed") -> None:
        """Say what came of an import, or why there is none."""
        self._told.setText(sentence)
        self._told.setVisible(bool(sentence))
        set_role(self._told, role)

    def set_expanded(self, is_expanded: bool) -> None:
        """Show what is rarely needed, or hide it."""
        self._is_expanded = is_expanded
        self._more.setIcon(theme.icon("chevron-down" if is_expanded else "chevron-right", TOKENS.text_quiet))
        self._rare.setVisible(is_expanded)

    def set_path(self, path: Path) -> None:
        """The file that was picked or dropped."""
        self._path.setText(str(path))

    # What the reader chose

    @property
    def choice(self) -> ImportChoice:
        path = self._path.text().strip()
        return ImportChoice(
            path=Path(path).expanduser() if path else None,
            architecture="" if self._brings_network else self._architecture.text().strip(),
            findings=tuple(f for f in (part.strip() for part in self._findings.text().split(",")) if f),
            task="multiclass" if self._one.isChecked() else "multilabel",
            name=self._name.text().strip(),
            input_size=self._size.value(),
            mean=self._mean.text().replace(" ", ""),
            std=self._std.text().replace(" ", ""),
            crops_to_lungs=self._crop.isChecked(),
            new_head=self._new_head.isChecked(),
            modality=self._modality.text().strip(),
            body_part=self._body_part.text().strip(),
            view=self._view.text().strip(),
        )

    @property
    def reason_not_to_import(self) -> str:
        """What is missing, in a sentence; empty where nothing is."""
        choice = self.choice
        if self._is_running:
            return self.tr("An import is under way.")
        if choice.path is not None and choice.path.suffix.lower() not in SUFFIXES:
            return self.tr("The file has to end in one of {0}.").format(", ".join(SUFFIXES))
        if choice.path is not None and not choice.path.is_file():
            return self.tr("There is no such file.")
        if not choice.architecture and not self._brings_network:
            return self.tr("Name the architecture.")
        if not choice.findings:
            return self.tr("Name the findings, in the order of the model's outputs.")
        if len(choice.findings) < 2 and choice.task == "multiclass":
            return self.tr("One of many takes at least two findings.")
        return ""

    @property
    def _brings_network(self) -> bool:
        return Path(self._path.text().strip()).suffix.lower() in WHOLE_NETWORKS

    # Building

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(space(6), space(4), space(6), space(4))
        whole.setSpacing(space(3))
        whole.addWidget(label(self.tr("Import a model"), "strong"))
        whole.addWidget(
            label(
                self.tr(
                    "Weights (.safetensors, .pt, .pth) with the name of their architecture, a torch.export "
                    "program (.pt2) or an ONNX file. Without a file, the architecture's pretrained weights "
                    "are fetched. What a file holds is checked, and never run unread."
                ),
                "quiet",
                wraps=True,
            )
        )
        form = _form()
        browse = QPushButton(self.tr("Browse…"))
        browse.clicked.connect(self._on_browse)
        _add(form, self.tr("File"), _row(self._path, browse))
        _add(form, self.tr("Architecture"), self._architecture)
        _add(form, self.tr("Findings"), self._findings)
        _add(form, self.tr("Answers"), _row(self._one, self._any, None))
        _add(form, self.tr("Name"), self._name)
        whole.addLayout(form)
        self._more.setText(self.tr("Preparation, and what it is meant for"))
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.clicked.connect(lambda: self.set_expanded(not self._is_expanded))
        whole.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        rare = _form()
        rare.setContentsMargins(0, 0, 0, 0)
        for caption, field in (
            (self.tr("Input size"), self._size),
            (self.tr("Mean"), self._mean),
            (self.tr("Deviation"), self._std),
            ("", self._crop),
            ("", self._new_head),
            (self.tr("Modalities"), self._modality),
            (self.tr("Body part"), self._body_part),
            (self.tr("Views"), self._view),
        ):
            _add(rare, caption, field)
        self._rare.setLayout(rare)
        whole.addWidget(self._rare)
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress of the import"))
        self._cancel.clicked.connect(self.cancel_requested)
        close = QPushButton(self.tr("Close"))
        close.setToolTip(self.tr("Back to the models"))
        close.clicked.connect(self.closed)
        whole.addWidget(self._told)
        whole.addWidget(self._bar)
        buttons = _row(self._start.button, self._cancel, close, None)
        whole.addWidget(buttons)
        whole.addWidget(self._start)
        whole.addStretch(1)

    def _on_browse(self) -> None:
        kinds = self.tr("Models") + " (" + " ".join(f"*{suffix}" for suffix in SUFFIXES) + ")"
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Import a model"), "", kinds)
        if name:
            self.set_path(Path(name))

    def _refresh(self) -> None:
        self._architecture.setEnabled(not self._brings_network)
        self._architecture.setPlaceholderText(
            self.tr("not needed: the file brings its network")
            if self._brings_network
            else self.tr("for example {0}").format(_ARCHITECTURES)
        )
        self._start.block(self.reason_not_to_import)


def _field(name: str, text: str = "") -> QLineEdit:
    made = QLineEdit(text)
    made.setAccessibleName(name)
    return made


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(space(4))
    form.setVerticalSpacing(space(2))
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return form


def _add(form: QFormLayout, caption: str, field: QWidget) -> None:
    name = label(caption, "quiet")
    name.setMinimumWidth(space(24))
    form.addRow(name, field)


def _row(*widgets: QWidget | None) -> QWidget:
    """Widgets beside each other; None is what takes the space that is left."""
    made = QWidget()
    layout = QHBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(space(2))
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        else:
            layout.addWidget(widget, 1 if isinstance(widget, QLineEdit) else 0)
    return made
