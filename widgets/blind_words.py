"""What is said of films that measure the model, wherever the window says it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def hidden_text() -> str:
    """Why nothing is suggested for a film yet, and when it will be."""
    return translate("Blind", "This film measures the model: answer first, then its suggestion is shown.")


def unfinished_text() -> str:
    """How an answer of several findings comes to its end."""
    return translate("Blind", "Enter once your answer is whole, then the suggestion is shown.")


def measures_text() -> str:
    """Which of a reader's answers to such a film counts."""
    return translate("Blind", "You answered before you saw it. That answer measures the model.")
