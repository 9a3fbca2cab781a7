"""What the window tells a reader in passing: one banner, never a dialog."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from widgets.messages import Banner, Level
from widgets.words import in_words

REMARK_MS = 5000


class Remarks(QObject):
    """Says sentences in the banner. A note goes by itself; what needs a look stays until it is closed."""

    def __init__(self, banner: Banner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._banner = banner
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REMARK_MS)
        self._timer.timeout.connect(banner.hide)

    def say(self, sentence: str, level: Level = "note") -> None:
        self._banner.show_message(in_words(sentence), level)
        self._timer.stop()
        if level == "note":
            self._timer.start()

    def say_failed(self, sentence: str) -> None:
        self.say(sentence, "failed")
