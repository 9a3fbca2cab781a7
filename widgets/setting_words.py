"""What people call the settings of a training, and how their values are written."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def setting_name(name: str) -> str:
    """What people call a setting of a plan."""
    names = {
        "depth": QCoreApplication.translate("Search", "depth"),
        "learning_rate": QCoreApplication.translate("Search", "learning rate"),
        "weight_decay": QCoreApplication.translate("Search", "weight decay"),
        "augmentation": QCoreApplication.translate("Search", "augmentation"),
        "optimiser": QCoreApplication.translate("Search", "optimiser"),
        "layer_decay": QCoreApplication.translate("Search", "layer decay"),
        "class_balance": QCoreApplication.translate("Search", "class balance"),
        "backbone": QCoreApplication.translate("Search", "network"),
        "model": QCoreApplication.translate("Search", "model"),
    }
    return names.get(name, name.replace("_", " "))


def setting_text(value: float | str) -> str:
    """A setting as it stands in the table."""
    if not isinstance(value, str):
        return f"{value:.3g}"
    words = {
        "head": QCoreApplication.translate("Search", "head only"),
        "last": QCoreApplication.translate("Search", "last stage"),
        "half": QCoreApplication.translate("Search", "later half"),
        "all": QCoreApplication.translate("Search", "whole model"),
        "sgd": "SGD",
        "adam": "Adam",
        "adamw": "AdamW",
    }
    return words.get(value, value)
