"""The language of the window: Qt's own texts and ours."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from app import locations

log = logging.getLogger(__name__)

SYSTEM = ""
"""The setting that means: the language of the desktop, where we speak it."""


def spoken(folder: Path | None = None) -> tuple[str, ...]:
    """The languages that the window speaks, as codes; English is the one it is written in."""
    folder = folder or locations.resources() / "translations"
    return ("en", *sorted(path.stem.removeprefix("overread_") for path in folder.glob("overread_*.qm")))


def name_of(code: str) -> str:
    """What those who speak a language call it; Qt would say *American English*."""
    return "English" if code == "en" else QLocale(code).nativeLanguageName()


def chosen(setting: str, desktop: Sequence[str] | None = None) -> str:
    """The language to speak: the setting, else the first of the desktop's that we speak, else English."""
    languages = spoken()
    for wanted in (setting, *(QLocale.system().uiLanguages() if desktop is None else desktop)):
        parts = wanted.replace("-", "_").split("_")
        for candidate in ("_".join(parts), parts[0]):
            if candidate in languages:
                return candidate
    return "en"


def install(application: QApplication, setting: str) -> tuple[QTranslator, ...]:
    """Let the application speak a language from now on: before its widgets are made.

    Returns
    -------
    The translators in use: Qt's own and ours; none in English.
    """
    language = chosen(setting)
    QLocale.setDefault(QLocale(language))
    if language == "en":
        return ()
    places = {
        f"qtbase_{language}": QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath),
        f"overread_{language}": str(locations.resources() / "translations"),
    }
    installed = []
    for name, folder in places.items():
        translator = QTranslator(application)
        if translator.load(name, folder):
            application.installTranslator(translator)
            installed.append(translator)
        else:
            log.warning("%s.qm cannot be loaded from %s; its texts stay English", name, folder)
    return tuple(installed)
