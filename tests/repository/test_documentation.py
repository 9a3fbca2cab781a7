"""What can be typed is documented."""

import argparse

from app.command_line import build_parser
from tests.repository.rooms import ROOT


def commands(parser: argparse.ArgumentParser, prefix: str = "") -> list[str]:
    """Every command, with its subcommands as `models list`."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                found.append(prefix + name)
                found += commands(sub, prefix + name + " ")
    return found


def test_the_readme_tells_of_every_command() -> None:
    table = [
        line
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    told = {line.split("`")[1].split()[0]: line.split("`")[1].replace("\\|", " ") for line in table}
    untold = [
        command
        for command in commands(build_parser())
        if command.split()[0] not in told or command.split()[-1] not in told[command.split()[0]].split()
    ]
    assert untold == []


def test_the_readme_tells_of_no_command_that_does_not_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## Commands")[1].split("## ")[0]
    told = [line.split("`")[1].split()[0] for line in text.splitlines() if line.startswith("| `")]
    known = commands(build_parser())
    assert [name for name in told if name not in known] == []


def test_the_readme_says_that_it_is_no_medical_device() -> None:
    assert "not a medical device" in (ROOT / "README.md").read_text(encoding="utf-8")
