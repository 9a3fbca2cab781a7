"""Usual names of what chest films show, in the reader's language, to complete what they type."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

_CHEST = (
    QT_TRANSLATE_NOOP("Vocabulary", "Atelectasis"),
    QT_TRANSLATE_NOOP("Vocabulary", "Cardiomegaly"),
    QT_TRANSLATE_NOOP("Vocabulary", "Consolidation"),
    QT_TRANSLATE_NOOP("Vocabulary", "Emphysema"),
    QT_TRANSLATE_NOOP("Vocabulary", "Fibrosis"),
    QT_TRANSLATE_NOOP("Vocabulary", "Fracture"),
    QT_TRANSLATE_NOOP("Vocabulary", "Hernia"),
    QT_TRANSLATE_NOOP("Vocabulary", "Lung cancer"),
    QT_TRANSLATE_NOOP("Vocabulary", "Lymphadenopathy"),
    QT_TRANSLATE_NOOP("Vocabulary", "Mass"),
    QT_TRANSLATE_NOOP("Vocabulary", "Nodule"),
    QT_TRANSLATE_NOOP("Vocabulary", "Oedema"),
    QT_TRANSLATE_NOOP("Vocabulary", "Pleural effusion"),
    QT_TRANSLATE_NOOP("Vocabulary", "Pleural thickening"),
    QT_TRANSLATE_NOOP("Vocabulary", "Pneumonia"),
    QT_TRANSLATE_NOOP("Vocabulary", "Pneumothorax"),
    QT_TRANSLATE_NOOP("Vocabulary", "Scoliosis"),
    QT_TRANSLATE_NOOP("Vocabulary", "Support devices"),
    QT_TRANSLATE_NOOP("Vocabulary", "Tuberculosis"),
)


def chest_findings() -> tuple[str, ...]:
    """What chest films are most often labelled with."""
    return tuple(QCoreApplication.translate("Vocabulary", str(name)) for name in _CHEST)
