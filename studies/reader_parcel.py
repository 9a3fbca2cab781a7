"""Carrying values with large arrays from a reader's process to the one that asked, without pickling pixels.

Arrays leave the pickle as separate buffers (protocol 5) and lie in a piece of shared memory, whatever
field of a value holds them. The piece has no name that could outlive its processes: on Linux it is a
memfd, on other POSIX systems a shared memory object that is unlinked before anything is written, and
its descriptor travels over the socket; on Windows it is a mapping that lives as long as somebody holds
it, which the sender does until it is asked the next question.
"""

from __future__ import annotations

import mmap
import os
import pickle
import secrets
import sys
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

IN_PIPE = 64 * 1024
"""Buffers of fewer bytes in all go through the pipe."""

MAPPED = 4 * 1024**2
"""Parcels of fewer bytes are copied out: each mapping holds a file descriptor, and a process may have as few
as a thousand. A copy of 4 MiB takes about a millisecond."""

_ALIGNMENT = 64
_MARK_BYTES = 16


class LostParcel(Exception):
    """The sender ended before its parcel had arrived."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes through the pipe: the pickle, and where its buffers lie.

    Parameters
    ----------
    places
        Offset and length of each buffer in the shared memory; empty when `buffers` has them.
    name
        Of the mapping, on Windows; elsewhere empty, and a descriptor follows.
    mark
        Random bytes at the beginning of the mapping on Windows: what has others is not what was sent.
    """

    content: bytes
    buffers: tuple[bytes, ...] = ()
    places: tuple[tuple[int, int], ...] = ()
    size: int = 0
    name: str = ""
    mark: bytes = b""


def send(connection: Connection, value: object) -> object:
    """Send `value`. Hold on to what is returned until the next question has come."""
    found: list[pickle.PickleBuffer] = []
    content = pickle.dumps(value, protocol=5, buffer_callback=found.append)
    buffers = [buffer.raw() for buffer in found]
    if sum(buffer.nbytes for buffer in buffers) <= IN_PIPE:
        connection.send(Parcel(content, buffers=tuple(bytes(buffer) for buffer in buffers)))
        return None
    places, end = [], _ALIGNMENT
    for buffer in buffers:
        places.append((end, buffer.nbytes))
        end += -(-buffer.nbytes // _ALIGNMENT) * _ALIGNMENT
    return _send_memory(connection, Parcel(content, (), tuple(places), end), buffers)


def receive(connection: Connection, parcel: Parcel) -> Any:
    """The value of a parcel that was read from `connection`; its arrays are not writeable.

    Raises
    ------
    LostParcel
        The sender ended in between.
    """
    if not parcel.places:
        return pickle.loads(parcel.content, buffers=parcel.buffers)
    return pickle.loads(parcel.content, buffers=_buffers(connection, parcel))


if sys.platform == "win32":

    def _send_memory(connection: Connection, parcel: Parcel, buffers: list[memoryview]) -> object:
        name = f"overread-{secrets.token_hex(16)}"
        memory = mmap.mmap(-1, parcel.size, tagname=name)
        for (start, count), buffer in zip(parcel.places, buffers, strict=True):
            memory[start : start + count] = buffer
        mark = secrets.token_bytes(_MARK_BYTES)
        memory[:_MARK_BYTES] = mark
        connection.send(replace(parcel, name=name, mark=mark))
        return memory

    def _buffers(connection: Connection, parcel: Parcel) -> list[memoryview]:
        memory = mmap.mmap(-1, parcel.size, tagname=parcel.name, access=mmap.ACCESS_READ)
        view = memoryview(memory).toreadonly()
        if bytes(view[:_MARK_BYTES]) != parcel.mark:
            raise LostParcel  # the sender is gone, and this is memory that nobody has written to
        return [view[start : start + count] for start, count in parcel.places]

else:
    from multiprocessing.reduction import recv_handle, send_handle

    def _send_memory(connection: Connection, parcel: Parcel, buffers: list[memoryview]) -> object:
        descriptor = _anonymous_memory()
        try:
            os.ftruncate(descriptor, parcel.size)
            for (start, _), buffer in zip(parcel.places, buffers, strict=True):
                _write(descriptor, buffer, start)
            connection.send(parcel)
            send_handle(connection, descriptor, os.getppid())
        finally:
            os.close(descriptor)
        return None

    def _buffers(connection: Connection, parcel: Parcel) -> list[memoryview]:
        try:
            descriptor = recv_handle(connection)
        except (EOFError, OSError, RuntimeError) as error:
            raise LostParcel from error
        try:
            if os.fstat(descriptor).st_size < parcel.size:  # reading beyond its end would be a bus error
                raise LostParcel
            if parcel.size < MAPPED:  # one by one, so that each is let go by itself
                return [memoryview(_read(descriptor, start, count)) for start, count in parcel.places]
            populate = getattr(mmap, "MAP_POPULATE", 0)  # no page faults later, when the film is painted
            memory = mmap.mmap(descriptor, parcel.size, mmap.MAP_SHARED | populate, mmap.PROT_READ)
            view = memoryview(memory)
            return [view[start : start + count] for start, count in parcel.places]
        finally:
            os.close(descriptor)

    def _read(descriptor: int, start: int, count: int) -> bytes:
        if hasattr(os, "memfd_create"):
            return os.pread(descriptor, count, start)
        with mmap.mmap(descriptor, start + count, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            return memory[start : start + count]

    def _anonymous_memory() -> int:
        if hasattr(os, "memfd_create"):
            return os.memfd_create("overread-frame", os.MFD_CLOEXEC)
        import _posixshmem  # type: ignore[import-not-found]

        name = f"/overread-{secrets.token_hex(8)}"
        descriptor: int = _posixshmem.shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600)
        _posixshmem.shm_unlink(name)
        return descriptor

    def _write(descriptor: int, buffer: memoryview, start: int) -> None:
        """Write all of it; the kernel fills whole pages without clearing them first."""
        try:
            while buffer.nbytes:
                count = os.pwrite(descriptor, buffer, start)
                buffer, start = buffer[count:], start + count
        except OSError as error:  # macOS has no write() for shared memory objects
            if hasattr(os, "memfd_create"):
                raise
            del error
            with mmap.mmap(descriptor, start + buffer.nbytes) as memory:
                memory[start : start + buffer.nbytes] = buffer
