"""The files that a DICOMDIR names (PS3.3 F.3), and none outside its own folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydicom.multival import MultiValue

from studies.dicom_file import PARSER_ERRORS, clause, looks_like_dicom, opened, quietly
from studies.errors import UnreadableFile

MEDIA_STORAGE_DIRECTORY = b"UI\x14\x001.2.840.10008.1.3.10"
MAX_FILES = 1_000_000
"""More than any disc holds."""


def is_dicomdir(path: Path) -> bool:
    """Whether the file says in its first bytes that it is a media storage directory; may raise OSError."""
    with path.open("rb") as stream:
        head = stream.read(1024)
    return looks_like_dicom(head) and head[128:132] == b"DICM" and MEDIA_STORAGE_DIRECTORY in head


def referenced_files(path: Path) -> Iterator[Path]:
    """The files that a DICOMDIR names, in its order.

    Raises
    ------
    StudyError
        The DICOMDIR is damaged, names no file, or names one outside its folder.
    """
    sink: list[str] = []
    with opened(path, sink) as file:
        try:
            with quietly(sink):
                names = [
                    _components(record.ReferencedFileID)
                    for record in file.dataset.get("DirectoryRecordSequence") or []
                    if record.get("ReferencedFileID")
                ]
        except PARSER_ERRORS as error:
            raise UnreadableFile(
                f"{path}: its records are damaged ({clause(error)}), expected ones that can be read."
            ) from error
    if not names:
        raise UnreadableFile(f"{path}: names no files, expected references to images.")
    if len(names) > MAX_FILES:
        raise UnreadableFile(f"{path}: names {len(names):,} files, expected at most {MAX_FILES:,}.")
    root = path.parent.resolve()
    listed: dict[Path, dict[str, str]] = {}
    for components in names:
        yield _located(path, root, components, listed)


def _components(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, MultiValue | list) else [value]
    return tuple(str(part) for part in parts)


def _located(path: Path, root: Path, components: tuple[str, ...], listed: dict[Path, dict[str, str]]) -> Path:
    """The file of a reference, found whatever the case in which the disc was mounted.

    `listed` keeps what folders hold: each is listed once, however many references lead nowhere.
    """
    found = root
    for component in components:
        if component in ("", ".", "..") or "/" in component or "\\" in component or ":" in component:
            raise UnreadableFile(
                f"{path}: refers to {'/'.join(components)!r} outside its folder, expected a file within it."
            )
        step = found / component
        if not step.exists():
            if found not in listed:
                listed[found] = _names(found)
            step = found / listed[found].get(component.casefold(), component)
        found = step
    if not found.resolve().is_relative_to(root):
        raise UnreadableFile(
            f"{path}: refers to {'/'.join(components)!r} outside its folder, expected a file within it."
        )
    return found


def _names(folder: Path) -> dict[str, str]:
    """The names in a folder, by what they are whatever their case."""
    if not folder.is_dir():
        return {}
    return {
        name.casefold(): name for name in sorted((entry.name for entry in folder.iterdir()), reverse=True)
    }
