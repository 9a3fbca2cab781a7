"""What a command said last on stderr, as a sentence for a panel."""

from __future__ import annotations

import re

_SPEAKER = re.compile(r"^overread[ \w-]*: (error: )?")


def last_words(errors: str) -> str:
    """The last sentence that a command wrote, without the command's name; empty where it wrote nothing."""
    lines = [line for line in errors.strip().splitlines() if line.strip()]
    sentence = _SPEAKER.sub("", lines[-1]).strip() if lines else ""
    return sentence[:1].upper() + sentence[1:]
