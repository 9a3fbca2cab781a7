"""The command line: one parser, one subcommand a noun or verb of the contract in docs/commands.md.

Exit status: 0 done, 1 some inputs failed (the rest was done), 2 wrong usage. Commands are imported
when they are used, so that `review` and `import` never load torch.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from app.locations import default_data_folder
from app.output import Output
from app.workplace import Workplace, WorkplaceError
from inference.errors import InferenceError, NoDevice, UnknownArchitecture, UnknownFinding, UnknownModel
from reviews.errors import InvalidAnswer, StoreError
from studies.errors import StudyError
from training.errors import TrainingError

DONE, SOME_FAILED, WRONG_USAGE = 0, 1, 2

# command: (module in app.commands, one line of help)
COMMANDS = {
    "import": ("importing", "add files, folders, zips and DICOMDIRs to the worklist"),
    "predict": ("predict", "what the model suggests, a line an image"),
    "explain": ("explain", "where the model looked, as an overlay picture"),
    "review": ("review", "record what a reader decides"),
    "adapt": ("adapt", "re-fit the model's head from all reviews"),
    "train": ("train", "fine-tune from reviews, or train from a CSV of labels"),
    "search": ("search", "search for the settings of a training, and train with the best"),
    "jobs": ("jobs", "trainings that another machine does: pack, run, take, list"),
    "evaluate": ("evaluate", "figures of a model on labelled images"),
    "models": ("models", "list, show, import, promote, roll back and remove models"),
    "render": ("render", "write the image as the viewer first shows it"),
    "export": ("export", "reviews and their history as CSV or JSON"),
    "demo": ("demo", "the main job on the sample studies, without a screen"),
}


class UsageError(Exception):
    """The command was used wrongly; the message says how."""


def build_parser() -> argparse.ArgumentParser:
    """The whole parser, with every command's options."""
    parser = argparse.ArgumentParser(
        prog="overread",
        description="Read again what a model has read before. Research use only, no medical device. "
        "Without a command the window opens.",
    )
    _add_data_option(parser, default=None)
    parser.add_argument("--bundled", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (module, line) in COMMANDS.items():
        sub = subparsers.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        importlib.import_module(f"app.commands.{module}").configure(sub)
        _add_common(sub)
    return parser


def _add_data_option(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=default,
        help="where the store, the models and the cache live (default: the user's data folder)",
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    """`--data` and `--json` may also stand behind the command, and behind a subcommand of it."""
    nested = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for action in nested:
        for sub in action.choices.values():
            _add_common(sub)
    if nested:
        return
    _add_data_option(parser, default=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, nothing else on stdout")


def run(arguments: Sequence[str] | None = None) -> int:
    """Parse and run a command; return the exit status."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.error("a command is expected")
    logging.basicConfig(level=logging.WARNING, format="overread: %(message)s", stream=sys.stderr)
    try:
        workplace = Workplace(options.data or default_data_folder(), options.bundled)
    except WorkplaceError as error:
        sys.stderr.write(f"overread: {error}\n")
        return SOME_FAILED
    output = Output(options.json)
    try:
        module = importlib.import_module(f"app.commands.{COMMANDS[options.command][0]}")
        status: int = module.run(options, workplace, output)
        return status
    except (UsageError, UnknownArchitecture, UnknownModel, UnknownFinding, InvalidAnswer, NoDevice) as error:
        sys.stderr.write(f"overread {options.command}: {error}\n")
        return WRONG_USAGE
    except BrokenPipeError:
        return SOME_FAILED
    except (StudyError, InferenceError, StoreError, TrainingError, WorkplaceError, OSError) as error:
        output.failure(_sentence(error))
        return output.status
    except KeyboardInterrupt:
        sys.stderr.write("overread: stopped; what was recorded before is kept.\n")
        return 130
    finally:
        workplace.close()


def _sentence(error: BaseException) -> str:
    """One sentence for a person, also where the operating system raised the error."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}."
    return str(error)
