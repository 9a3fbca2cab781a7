"""Finding the images that a command's arguments name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from app.output import Output
from app.workplace import Workplace
from studies.errors import StudyError, UnreadableFile
from studies.image import Header
from studies.reader import read_header
from studies.scan import Found, scan


def headers_of(paths: Iterable[Path], workplace: Workplace, output: Output) -> Iterator[Header]:
    """Every image file under the paths; what cannot be read is reported and passed over."""
    for item in scan([p.expanduser() for p in paths], unpack_into=workplace.cache_folder / "unpacked"):
        if isinstance(item, Found):
            yield item.header
        else:
            output.failure(item.reason)


def image_of(name: str, workplace: Workplace, frame: int = 1) -> tuple[Header, int]:
    """The image that a path, or ``UID:frame`` of an image in the worklist, names.

    Raises
    ------
    StudyError
        The path is no readable image, the worklist has no such UID, or there is no such frame.
    """
    path = Path(name).expanduser()
    if not path.exists() and not any(sep in name for sep in ("/", "\\")):
        uid, _, number = name.partition(":")
        header = workplace.store.header(uid)
        if header is not None:
            try:
                return _frame_of(header, int(number) if number else frame)
            except ValueError:
                raise StudyError(f"{name}: expected UID:frame with a whole number as frame.") from None
        if uid.replace(".", "").isdigit():
            raise StudyError(f"{uid} is not in the worklist; import the file first.")
    if not path.exists():
        raise UnreadableFile(f"{path} does not exist; expected an image file.")
    return _frame_of(read_header(path.resolve()), frame)


def _frame_of(header: Header, frame: int) -> tuple[Header, int]:
    if not 1 <= frame <= header.frames:
        raise StudyError(f"{header.path} has frames 1 to {header.frames}; frame {frame} was asked for.")
    return header, frame
