"""Archives of PyTorch's, looked at before anything in them is unpacked."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from inference.errors import InvalidWeights

_MOST_MEMBERS = 100_000
# What reading an archive raises where it is damaged, besides what json and torch raise.
DAMAGED = (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, zlib.error)


def checked_members(path: Path) -> list[str]:
    """Names of the members of a ZIP file that PyTorch wrote.

    PyTorch stores tensors as they are. So nothing is larger unpacked than packed, and a small file
    cannot fill the memory.

    Raises
    ------
    InvalidWeights
        It is damaged, a TorchScript program, has too many members, or members that are compressed,
        encrypted or overlap.
    """
    members = _members(path)
    if any("/code/__torch__" in m.filename for m in members):
        raise InvalidWeights(
            f"{path} is a TorchScript program; expected a state_dict() or a program of torch.export."
        )
    if len(members) > _MOST_MEMBERS:
        raise InvalidWeights(f"{path} has {len(members)} members; at most {_MOST_MEMBERS} are read.")
    packed = [m.filename for m in members if m.compress_type != zipfile.ZIP_STORED or m.flag_bits & 0x1]
    if packed or sum(m.file_size for m in members) > path.stat().st_size:
        raise InvalidWeights(
            f"{path} holds {packed[0] if packed else 'members'} compressed or more than once; PyTorch writes "
            "tensors as they are, so the file was refused."
        )
    names = [m.filename for m in members]
    if len(set(names)) != len(names):
        raise InvalidWeights(f"{path} holds members of the same name twice, so it was refused.")
    return names


def _members(path: Path) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InvalidWeights(f"{path} is no complete PyTorch archive: {error}.") from error
