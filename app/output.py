"""How commands speak, results on stdout, failures in one sentence each on stderr, and how that is heard."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from training.runs import finite


class Output:
    """Where a command's results and failures go.

    With `as_json` each result is one JSON object a line and nothing else is written to stdout. With
    `is_silent` nothing is written at all: another process says the same.
    """

    def __init__(self, as_json: bool, *, is_silent: bool = False) -> None:
        self.as_json, self.is_silent = as_json, is_silent
        self.failures = 0

    def result(self, value: dict[str, Any], text: str) -> None:
        """One result, as JSON or as the sentence a person reads."""
        if self.is_silent:
            return
        if self.as_json:
            sys.stdout.write(json.dumps(finite(value), ensure_ascii=False, allow_nan=False) + "\n")
        else:
            sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def remark(self, text: str) -> None:
        """Something a person wants to know and a program does not."""
        if not self.as_json:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def progress(self, text: str, is_last: bool = False) -> None:
        """How far something is, for a person: on a terminal the line is written over, and gone at last."""
        if self.as_json or not sys.stderr.isatty():
            return
        line = "" if is_last else f"overread: {text}"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    def failure(self, sentence: str) -> None:
        """An input that failed; the rest goes on."""
        self.failures += 1
        if self.is_silent:
            return
        sys.stderr.write(f"overread: {sentence}\n")
        sys.stderr.flush()

    def warning(self, sentence: str) -> None:
        if self.is_silent:
            return
        sys.stderr.write(f"overread: note: {sentence}\n")
        sys.stderr.flush()

    @property
    def status(self) -> int:
        """0 when everything was done, 1 when some inputs failed."""
        return 1 if self.failures else 0


_SPEAKER = re.compile(r"^overread[ \w-]*: (error: )?")


def last_words(errors: str) -> str:
    """The last sentence that a command wrote on stderr, without its name; empty where it wrote nothing."""
    lines = [line for line in errors.strip().splitlines() if line.strip()]
    sentence = _SPEAKER.sub("", lines[-1]).strip() if lines else ""
    return sentence[:1].upper() + sentence[1:]
