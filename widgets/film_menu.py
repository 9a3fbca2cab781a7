"""Menus of actions: the film's own, and those of the bar. They are made when they are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtWidgets import QMenu, QWidget


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a menu.

    Parameters
    ----------
    id
        What is told when it is chosen; empty for a heading.
    key
        As a reader knows it; shown at the right.
    is_on
        Whether it is ticked; None where there is nothing to tick.
    below
        Lines of a menu that it opens.
    """

    id: str
    text: str
    key: str = ""
    is_on: bool | None = None
    is_enabled: bool = True
    below: tuple[Entry | None, ...] = ()


def fill(menu: QMenu, entries: Iterable[Entry | None], chosen: Callable[[str], object]) -> None:
    """Put lines into a menu; None is a line between groups."""
    menu.clear()
    for entry in entries:
        if entry is None:
            menu.addSeparator()
        elif entry.below:
            below = menu.addMenu(_plain(entry.text))
            fill(below, entry.below, chosen)
        else:
            _add(menu, entry, chosen)


def _add(menu: QMenu, entry: Entry, chosen: Callable[[str], object]) -> None:
    # What stands behind the tab is only shown as a key; the window's own filter listens to keys.
    action = menu.addAction(f"{_plain(entry.text)}\t{entry.key}" if entry.key else _plain(entry.text))
    action.setEnabled(entry.is_enabled)
    if entry.is_on is not None:
        action.setCheckable(True)
        action.setChecked(entry.is_on)
    action.triggered.connect(lambda _=False, id_=entry.id: chosen(id_))


def menu_of(
    parent: QWidget, entries: Callable[[], Iterable[Entry | None]], chosen: Callable[[str], object]
) -> QMenu:
    """A menu that asks for its lines whenever it opens."""
    menu = QMenu(parent)
    menu.aboutToShow.connect(lambda: fill(menu, entries(), chosen))
    return menu


def _plain(text: str) -> str:
    """Text out of a file is never read as a mnemonic."""
    return text.replace("&", "&&")
