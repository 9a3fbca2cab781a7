"""Every action of the window in one table: what it is called, which key it has, what it does.

Bar, menus, tooltips, help sheet and keys are all made from this table, so none of them can say anything
else than the others. Keys are named by their place on a US keyboard (see `widgets.keyboard`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from app.gui.reading_acts import ReadingActs
from widgets.viewer_tools import Tool

Scope = Literal["film", "reading", "everywhere"]
"""Where a key counts: while the focused control has no use for it; while no text is written; always."""

WINDOW, TOOLS, MEASURE, FILM, FRAMES, TEXTS, ANSWERS, STUDIES, EVIDENCE, ASKING, VIEWS, PROGRAM = (
    QT_TRANSLATE_NOOP("Actions", "Window"),
    QT_TRANSLATE_NOOP("Actions", "Mouse"),
    QT_TRANSLATE_NOOP("Actions", "Measure"),
    QT_TRANSLATE_NOOP("Actions", "Film"),
    QT_TRANSLATE_NOOP("Actions", "Images"),
    QT_TRANSLATE_NOOP("Actions", "On the film"),
    QT_TRANSLATE_NOOP("Actions", "Decide"),
    QT_TRANSLATE_NOOP("Actions", "Studies"),
    QT_TRANSLATE_NOOP("Actions", "Heatmap"),
    QT_TRANSLATE_NOOP("Actions", "Cover and ask"),
    QT_TRANSLATE_NOOP("Actions", "Views"),
    QT_TRANSLATE_NOOP("Actions", "Program"),
)


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a reader can do.

    Parameters
    ----------
    name, group
        English text, of the type that `QT_TRANSLATE_NOOP` says it gives; `title_of` and `group_of` give it in
        the reader's language.
    keys
        By default, the main one first.
    needs
        The tool without which the action would do nothing; it is offered only where that works.
    repeats
        Whether a key that is held down does it again and again.
    """

    id: str
    group: object
    name: object
    keys: tuple[str, ...]
    act: Callable[[ReadingActs], object]
    scope: Scope = "reading"
    needs: Tool | None = None
    repeats: bool = False


def _tool(id_: Tool, group: object, name: object, key: str) -> Action:
    return Action(id_, group, name, (key,), lambda do: do.choose_tool(id_), needs=id_)


def _preset(digit: int, name: object) -> Action:
    return Action(f"preset {digit}", WINDOW, name, (str(digit),), lambda do: do.apply_preset(digit))


def _finding(number: int, name: object) -> Action:
    return Action(
        f"finding {number}", ANSWERS, name, (f"Shift+{number}",), lambda do: do.answer_finding(number)
    )


def _scroll(id_: str, name: object, keys: tuple[str, ...], act: Callable[[ReadingActs], object]) -> Action:
    return Action(id_, FRAMES, name, keys, act, "film", repeats=True)


ACTIONS: tuple[Action, ...] = (
    _tool("window", TOOLS, QT_TRANSLATE_NOOP("Actions", "Window and level"), "W"),
    _tool("pan", TOOLS, QT_TRANSLATE_NOOP("Actions", "Pan"), "T"),
    _tool("zoom", TOOLS, QT_TRANSLATE_NOOP("Actions", "Zoom"), "Z"),
    _tool("scroll", TOOLS, QT_TRANSLATE_NOOP("Actions", "Scroll"), "S"),
    _tool("magnifier", TOOLS, QT_TRANSLATE_NOOP("Actions", "Magnifier"), "M"),
    _tool("area window", TOOLS, QT_TRANSLATE_NOOP("Actions", "Window of an area"), "V"),
    _tool("area zoom", TOOLS, QT_TRANSLATE_NOOP("Actions", "Zoom to an area"), "K"),
    _tool("length", MEASURE, QT_TRANSLATE_NOOP("Actions", "Length"), "D"),
    _tool("angle", MEASURE, QT_TRANSLATE_NOOP("Actions", "Angle"), "A"),
    _tool("cobb", MEASURE, QT_TRANSLATE_NOOP("Actions", "Cobb angle"), "G"),
    _tool("ellipse", MEASURE, QT_TRANSLATE_NOOP("Actions", "Ellipse"), "E"),
    _tool("rectangle", MEASURE, QT_TRANSLATE_NOOP("Actions", "Rectangle"), "B"),
    _tool("arrow", MEASURE, QT_TRANSLATE_NOOP("Actions", "Arrow"), "Q"),
    _tool("text", MEASURE, QT_TRANSLATE_NOOP("Actions", "Text"), "Y"),
    Action(
        "delete mark",
        MEASURE,
        QT_TRANSLATE_NOOP("Actions", "Delete what is selected on the film"),
        ("Delete",),
        lambda do: do.annotating.delete_selected(),
    ),
    Action(
        "name mark",
        MEASURE,
        QT_TRANSLATE_NOOP("Actions", "Write to what is selected on the film"),
        ("F3",),
        lambda do: do.annotating.name_selected(),
    ),
    Action(
        "clear marks",
        MEASURE,
        QT_TRANSLATE_NOOP("Actions", "Delete all that you drew on the film"),
        ("Shift+Delete",),
        lambda do: do.annotating.clear(),
    ),
    _preset(0, QT_TRANSLATE_NOOP("Actions", "Automatic window")),
    _preset(1, QT_TRANSLATE_NOOP("Actions", "The file's own window")),
    _preset(2, QT_TRANSLATE_NOOP("Actions", "The file's second window")),
    _preset(3, QT_TRANSLATE_NOOP("Actions", "Preset 3  (CT: brain)")),
    _preset(4, QT_TRANSLATE_NOOP("Actions", "Preset 4  (CT: abdomen)")),
    _preset(5, QT_TRANSLATE_NOOP("Actions", "Preset 5  (CT: mediastinum)")),
    _preset(6, QT_TRANSLATE_NOOP("Actions", "Preset 6  (CT: bone)")),
    _preset(7, QT_TRANSLATE_NOOP("Actions", "Preset 7  (CT: lung)")),
    _preset(8, QT_TRANSLATE_NOOP("Actions", "Preset 8")),
    _preset(9, QT_TRANSLATE_NOOP("Actions", "Preset 9")),
    Action("invert", WINDOW, QT_TRANSLATE_NOOP("Actions", "Invert"), ("I",), lambda do: do.active.invert()),
    Action(
        "rotate right",
        FILM,
        QT_TRANSLATE_NOOP("Actions", "Turn right"),
        ("R",),
        lambda do: do.active.rotate(90),
    ),
    Action(
        "rotate left",
        FILM,
        QT_TRANSLATE_NOOP("Actions", "Turn left"),
        ("Shift+R",),
        lambda do: do.active.rotate(-90),
    ),
    Action(
        "flip",
        FILM,
        QT_TRANSLATE_NOOP("Actions", "Flip left and right"),
        ("X",),
        lambda do: do.active.flip_horizontal(),
    ),
    Action("fit", FILM, QT_TRANSLATE_NOOP("Actions", "Fit to the view"), ("F",), lambda do: do.active.fit()),
    Action(
        "one to one",
        FILM,
        QT_TRANSLATE_NOOP("Actions", "One film pixel a screen pixel"),
        ("O",),
        lambda do: do.active.zoom_to(1.0),
    ),
    Action(
        "zoom in",
        FILM,
        QT_TRANSLATE_NOOP("Actions", "Zoom in"),
        ("Equal",),
        lambda do: do.active.zoom_by(1.25),
        repeats=True,
    ),
    Action(
        "zoom out",
        FILM,
        QT_TRANSLATE_NOOP("Actions", "Zoom out"),
        ("Minus",),
        lambda do: do.active.zoom_by(0.8),
        repeats=True,
    ),
    Action(
        "escape",
        FILM,
        QT_TRANSLATE_NOOP("Actions", "Leave the tool, then reset the view"),
        ("Esc",),
        lambda do: do.escape(),
    ),
    _scroll("previous image", QT_TRANSLATE_NOOP("Actions", "Back"), ("Up", "Left"), lambda do: do.scroll(-1)),
    _scroll("next image", QT_TRANSLATE_NOOP("Actions", "On"), ("Down", "Right"), lambda do: do.scroll(1)),
    _scroll(
        "previous page", QT_TRANSLATE_NOOP("Actions", "Ten back"), ("PageUp",), lambda do: do.scroll(-10)
    ),
    _scroll("next page", QT_TRANSLATE_NOOP("Actions", "Ten on"), ("PageDown",), lambda do: do.scroll(10)),
    _scroll("first image", QT_TRANSLATE_NOOP("Actions", "First"), ("Home",), lambda do: do.scroll_to_first()),
    _scroll("last image", QT_TRANSLATE_NOOP("Actions", "Last"), ("End",), lambda do: do.scroll_to_last()),
    Action(
        "cine", FRAMES, QT_TRANSLATE_NOOP("Actions", "Cine"), ("C",), lambda do: do.cine.toggle(do.active)
    ),
    Action(
        "cine faster",
        FRAMES,
        QT_TRANSLATE_NOOP("Actions", "Cine: faster"),
        ("Shift+Up", "Shift+Right"),
        lambda do: do.cine.change_speed(1),
        repeats=True,
    ),
    Action(
        "cine slower",
        FRAMES,
        QT_TRANSLATE_NOOP("Actions", "Cine: slower"),
        ("Shift+Down", "Shift+Left"),
        lambda do: do.cine.change_speed(-1),
        repeats=True,
    ),
    Action(
        "texts",
        TEXTS,
        QT_TRANSLATE_NOOP("Actions", "Texts"),
        ("Space",),
        lambda do: do.toggle_texts(),
        "film",
    ),
    Action(
        "identity",
        TEXTS,
        QT_TRANSLATE_NOOP("Actions", "Hide patient data"),
        ("P",),
        lambda do: do.toggle_identity(),
    ),
    Action(
        "planes",
        TEXTS,
        QT_TRANSLATE_NOOP("Actions", "Graphics of the file"),
        ("L",),
        lambda do: do.toggle_planes(),
    ),
    Action(
        "film menu",
        FILM,
        QT_TRANSLATE_NOOP("Actions", "Menu of the film"),
        ("Menu", "Shift+F10"),
        lambda do: do.open_film_menu(),
    ),
    Action(
        "accept",
        ANSWERS,
        QT_TRANSLATE_NOOP("Actions", "Accept the suggestion and go on"),
        ("Enter",),
        lambda do: do.accept(),
    ),
    _finding(1, QT_TRANSLATE_NOOP("Actions", "First finding")),
    _finding(2, QT_TRANSLATE_NOOP("Actions", "Second finding")),
    _finding(3, QT_TRANSLATE_NOOP("Actions", "Third finding")),
    _finding(4, QT_TRANSLATE_NOOP("Actions", "Fourth finding")),
    _finding(5, QT_TRANSLATE_NOOP("Actions", "Fifth finding")),
    _finding(6, QT_TRANSLATE_NOOP("Actions", "Sixth finding")),
    _finding(7, QT_TRANSLATE_NOOP("Actions", "Seventh finding")),
    _finding(8, QT_TRANSLATE_NOOP("Actions", "Eighth finding")),
    _finding(9, QT_TRANSLATE_NOOP("Actions", "Ninth finding")),
    Action("unsure", ANSWERS, QT_TRANSLATE_NOOP("Actions", "Unsure"), ("U",), lambda do: do.mark_unsure()),
    Action(
        "add finding",
        ANSWERS,
        QT_TRANSLATE_NOOP("Actions", "Add a finding that the model has never seen"),
        ("Shift+N",),
        lambda do: do.add_finding(),
    ),
    Action("note", ANSWERS, QT_TRANSLATE_NOOP("Actions", "Write a note"), ("N",), lambda do: do.write_note()),
    Action("undo", ANSWERS, QT_TRANSLATE_NOOP("Actions", "Take back"), ("Ctrl+Z",), lambda do: do.undo()),
    Action(
        "redo",
        ANSWERS,
        QT_TRANSLATE_NOOP("Actions", "Do again what was taken back"),
        ("Ctrl+Y", "Ctrl+Shift+Z"),
        lambda do: do.redo(),
    ),
    Action(
        "reviewed",
        ANSWERS,
        QT_TRANSLATE_NOOP("Actions", "Study reviewed, or not after all"),
        ("Slash",),
        lambda do: do.mark_reviewed(),
    ),
    Action(
        "urgent",
        STUDIES,
        QT_TRANSLATE_NOOP("Actions", "Mark the study urgent, or not any more"),
        ("Shift+U",),
        lambda do: do.asking.toggle_urgent(),
    ),
    Action(
        "previous study",
        STUDIES,
        QT_TRANSLATE_NOOP("Actions", "Previous study"),
        ("Ctrl+Up",),
        lambda do: do.step_study(-1),
        repeats=True,
    ),
    Action(
        "next study",
        STUDIES,
        QT_TRANSLATE_NOOP("Actions", "Next study"),
        ("Ctrl+Down",),
        lambda do: do.step_study(1),
        repeats=True,
    ),
    Action(
        "search",
        STUDIES,
        QT_TRANSLATE_NOOP("Actions", "Search the worklist"),
        ("Ctrl+F",),
        lambda do: do.search(),
    ),
    Action(
        "open files",
        STUDIES,
        QT_TRANSLATE_NOOP("Actions", "Open files"),
        ("Ctrl+O",),
        lambda do: do.open_files(),
        "everywhere",
    ),
    Action(
        "open folder",
        STUDIES,
        QT_TRANSLATE_NOOP("Actions", "Open a folder"),
        ("Ctrl+Shift+O",),
        lambda do: do.open_folder(),
        "everywhere",
    ),
    Action(
        "heatmap",
        EVIDENCE,
        QT_TRANSLATE_NOOP("Actions", "Show or hide the heatmap"),
        ("H",),
        lambda do: do.toggle_heatmap(),
    ),
    Action(
        "previous evidence",
        EVIDENCE,
        QT_TRANSLATE_NOOP("Actions", "Heatmap of the finding before"),
        ("BracketLeft",),
        lambda do: do.step_evidence(-1),
    ),
    Action(
        "next evidence",
        EVIDENCE,
        QT_TRANSLATE_NOOP("Actions", "Heatmap of the next finding"),
        ("BracketRight",),
        lambda do: do.step_evidence(1),
    ),
    Action(
        "lungs",
        EVIDENCE,
        QT_TRANSLATE_NOOP("Actions", "Outline of the lungs"),
        ("Shift+O",),
        lambda do: do.toggle_lungs(),
    ),
    Action(
        "evidence",
        EVIDENCE,
        QT_TRANSLATE_NOOP("Actions", "Where is it? Draw where the finding is"),
        ("Shift+E",),
        lambda do: do.point("evidence"),
        needs="evidence",
    ),
    Action(
        "not-evidence",
        EVIDENCE,
        QT_TRANSLATE_NOOP("Actions", "Wrong place: mark heatmap that is not on the finding"),
        ("Shift+W",),
        lambda do: do.point("not-evidence"),
        needs="not-evidence",
    ),
    Action(
        "region shape",
        EVIDENCE,
        QT_TRANSLATE_NOOP("Actions", "Draw where it is as an ellipse, a rectangle or by hand"),
        ("Shift+G",),
        lambda do: do.cycle_region_shape(),
        needs="evidence",
    ),
    _tool("cover", ASKING, QT_TRANSLATE_NOOP("Actions", "Cover a part of the film"), "Shift+A"),
    Action(
        "cover keeps",
        ASKING,
        QT_TRANSLATE_NOOP("Actions", "Keep the part, cover all else"),
        ("Shift+K",),
        lambda do: do.toggle_cover_keeps(),
        needs="cover",
    ),
    Action(
        "cover shape",
        ASKING,
        QT_TRANSLATE_NOOP("Actions", "Rectangle, ellipse, or drawn by hand"),
        ("Shift+S",),
        lambda do: do.cycle_cover_shape(),
        needs="cover",
    ),
    Action("layout", VIEWS, QT_TRANSLATE_NOOP("Actions", "Layout"), ("J",), lambda do: do.cycle_layout()),
    Action(
        "prior",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Compare with the last earlier study"),
        ("Shift+C",),
        lambda do: do.compare_with_prior(),
    ),
    Action(
        "evidence beside",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Film and evidence side by side"),
        ("Shift+H",),
        lambda do: do.toggle_evidence_beside(),
    ),
    Action(
        "similar",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Cases like this"),
        ("F9",),
        lambda do: do.toggle_similar(),
    ),
    Action(
        "linking",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Link the views, or not"),
        ("Shift+L",),
        lambda do: do.toggle_linking(),
    ),
    Action(
        "next view",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Next view"),
        ("Period", "Ctrl+Tab"),
        lambda do: do.page.grid.step_active(1),
    ),
    Action(
        "previous view",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Previous view"),
        ("Comma", "Ctrl+Shift+Tab"),
        lambda do: do.page.grid.step_active(-1),
    ),
    Action(
        "maximise",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "All the room for this view"),
        ("Shift+F",),
        lambda do: do.maximise(),
    ),
    Action(
        "worklist panel",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Worklist"),
        ("F5",),
        lambda do: do.toggle_panel(do.page.worklist),
    ),
    Action(
        "strip panel",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Thumbnails"),
        ("F6",),
        lambda do: do.toggle_panel(do.page.strip),
    ),
    Action(
        "findings panel",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Findings"),
        ("F7",),
        lambda do: do.toggle_panel(do.page.side),
    ),
    Action(
        "films apart",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Films in a window of their own, or back"),
        ("F8",),
        lambda do: do.page.set_films_apart(not do.page.are_films_apart),
    ),
    Action(
        "full screen",
        VIEWS,
        QT_TRANSLATE_NOOP("Actions", "Full screen"),
        ("F11",),
        lambda do: do.toggle_full_screen(),
        "everywhere",
    ),
    Action(
        "help",
        PROGRAM,
        QT_TRANSLATE_NOOP("Actions", "Keys"),
        ("F1",),
        lambda do: do.show_keys(),
        "everywhere",
    ),
    Action(
        "preferences",
        PROGRAM,
        QT_TRANSLATE_NOOP("Actions", "Preferences"),
        ("Ctrl+Comma",),
        lambda do: do.show_preferences(),
        "everywhere",
    ),
    Action(
        "reading page",
        PROGRAM,
        QT_TRANSLATE_NOOP("Actions", "Reading"),
        ("Ctrl+1",),
        lambda do: do.show_page(0),
        "everywhere",
    ),
    Action(
        "training page",
        PROGRAM,
        QT_TRANSLATE_NOOP("Actions", "Training"),
        ("Ctrl+2",),
        lambda do: do.show_page(1),
        "everywhere",
    ),
    Action(
        "models page",
        PROGRAM,
        QT_TRANSLATE_NOOP("Actions", "Models"),
        ("Ctrl+3",),
        lambda do: do.show_page(2),
        "everywhere",
    ),
)


def title_of(action: Action) -> str:
    """What the action is called, in the reader's language."""
    return QCoreApplication.translate("Actions", str(action.name))


def group_of(action: Action) -> str:
    """The heading under which the help sheet lists it, in the reader's language."""
    return QCoreApplication.translate("Actions", str(action.group))
