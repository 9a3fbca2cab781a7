"""docs/commands.md tells of every command and every action that the parser knows."""

from __future__ import annotations

import argparse

import pytest

from app.command_line import COMMANDS, build_parser
from tests.repository.rooms import ROOT

DOCUMENT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= action.choices
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_documented(command: str) -> None:
    assert f"`{command}" in DOCUMENT
    for action in subcommands(subcommands(build_parser())[command]):
        assert f"`{command} {action}" in DOCUMENT or f"|{action}" in DOCUMENT, f"{command} {action}"


@pytest.mark.parametrize("command", ["predict", "explain", "review", "evaluate", "render"])
def test_its_options_are_documented(command: str) -> None:
    row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{command} "))
    required = [
        option
        for action in subcommands(build_parser())[command]._actions
        if action.required
        for option in action.option_strings
    ]
    for option in required:
        assert option in row
