"""The language of the window: Qt's own texts and ours."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from app import locations

SYSTEM = ""
"""The setting that means: the language of the desktop, where we speak it."""


def spoken(folder: Path | None = None) -> tuple[str, ...]:
    """The languages that the window speaks, as codes; English is the one it is written in."""
    folder = folder or locations.resources() / "translations"
    return ("en", *sorted(path.stem.removeprefix("overread_") for path in folder.glob("overread_*.qm")))


def chosen(setting: str, system: str | None = None) -> str:
    """The language to speak: the setting, else the desktop's, else English."""
    languages = spoken()
    wanted = setting or (system or QLocale.system().name())
    for candidate in (wanted, wanted.split("_")[0]):
        if candidate in languages:
            return candidate
    return "en"


def install(application: QApplication, setting: str) -> str:
    """Let the application speak a language from now on: before its widgets are made; returns its code."""
    language = chosen(setting)
    QLocale.setDefault(QLocale(language))
    if language == "en":
        return language
    places = {
        f"qtbase_{language}": QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath),
        f"overread_{language}": str(locations.resources() / "translations"),
    }
    for name, folder in places.items():
        translator = QTranslator(application)
        if translator.load(name, folder):
            application.installTranslator(translator)
    return language
