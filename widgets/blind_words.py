"""What is said of films that measure the model, wherever the window says it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def hidden_text() -> str:
    """Why nothing is suggested for a film yet, and when it will be."""
    return translate("Blind", "This film measures the model: answer first, then its suggestion is shown.")


def hidden_evidence_text() -> str:
    """Why no evidence is shown for a film yet."""
    return translate("Blind", "Answer first; then the evidence is shown.")


def again_text() -> str:
    """Why a film that is read a second time shows neither suggestion nor decision."""
    return translate("Blind", "Second read: answer first, then what was decided and suggested is shown.")


def unfinished_text() -> str:
    """How an answer of several findings comes to its end."""
    return translate("Blind", "Enter once your answer is whole, then the suggestion is shown.")


def measures_text() -> str:
    """Which of a reader's answers to such a film counts."""
    return translate("Blind", "You answered before you saw it. That answer measures the model.")


def copy_text(film: str, other: str, part: str) -> str:
    """Two files show the same film, and belong to the same part for it."""
    if part == "test":
        said = translate(
            "Blind", "{0} shows the same film as {1}: both measure the model, and neither is learned from."
        )
    else:
        said = translate(
            "Blind", "{0} shows the same film as {1}: both check trainings, and neither is learned from."
        )
    return said.format(film, other)


def copies_text(count: int) -> str:
    """Several files turned out to show films that others show."""
    said = translate(
        "Blind", "{0} files are copies of other films; those of films that measure teach nothing."
    )
    return said.format(count)
