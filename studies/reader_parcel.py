"""Carrying values with large arrays from a reader's process to the one that asked, without pickling pixels.

Arrays leave the pickle as separate buffers (protocol 5) and lie in shared memory, whatever field of a value
holds them. It has no name that could outlive its processes: on Linux it is a memfd, on other POSIX systems
a shared memory object that is unlinked before anything is written, and its descriptor travels over the
socket; on Windows it is a mapping that lives as long as somebody holds it, which the sender does until it
is asked the next question.

A large film is mapped where it lies. Small ones, such as slices, are copied out of a box that each reader
has for all of them: that costs less than new memory for each, every one is let go by itself, and a process
may have as few as a thousand descriptors, of which each mapping holds one.
"""

from __future__ import annotations

import mmap
import os
import pickle
import secrets
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

IN_PIPE = 64 * 1024
"""Buffers of fewer bytes in all go through the pipe."""

MAPPED = 4 * 1024**2
"""Buffers of so many bytes are mapped, smaller ones are copied, which takes a millisecond at most."""

BOX_BYTES = 4 * MAPPED
_ALIGNMENT = 64
_MARK_BYTES = 16


class LostParcel(Exception):
    """The sender ended before its parcel had arrived."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes through the pipe: the pickle, and where its buffers lie.

    Parameters
    ----------
    buffers
        The buffers themselves, where they are small.
    places
        Else the offset and length of each in the shared memory.
    size
        Bytes that the memory has at least.
    is_in_box
        The memory is the sender's box; else it is this parcel's own.
    brings_memory
        A descriptor follows.
    name, mark
        On Windows, of the mapping, and random bytes at its beginning: what has others is not what was sent.
    """

    content: bytes
    buffers: tuple[bytes, ...] = ()
    places: tuple[tuple[int, int], ...] = ()
    size: int = 0
    is_in_box: bool = False
    brings_memory: bool = False
    name: str = ""
    mark: bytes = b""


def _placed(buffers: list[memoryview], start: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """Where buffers lie from `start` onwards, and where they end."""
    places = []
    for buffer in buffers:
        places.append((start, buffer.nbytes))
        start += -(-buffer.nbytes // _ALIGNMENT) * _ALIGNMENT
    return tuple(places), start


class Sender:
    """The end of a pipe at which a reader is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._memory = _SentMemory(connection)

    def begin(self) -> None:
        """The next question has come: all that was sent before has been taken."""
        self._memory.begin()

    def send(self, value: object) -> None:
        """Send a value."""
        found: list[pickle.PickleBuffer] = []
        content = pickle.dumps(value, protocol=5, buffer_callback=found.append)
        buffers = [buffer.raw() for buffer in found]
        if sum(buffer.nbytes for buffer in buffers) <= IN_PIPE:
            self._connection.send(Parcel(content, tuple(bytes(buffer) for buffer in buffers)))
        else:
            self._memory.send(content, buffers)


class Receiver:
    """The end of a pipe at which its answers are taken."""

    def __init__(self, connection: Connection) -> None:
        self._memory = _ReceivedMemory(connection)

    def receive(self, parcel: Parcel) -> Any:
        """The value of a parcel that was read from the pipe; its arrays are not writeable.

        Raises
        ------
        LostParcel
            The sender ended in between.
        """
        buffers = self._memory.buffers(parcel) if parcel.places else parcel.buffers
        return pickle.loads(parcel.content, buffers=buffers)

    def close(self) -> None:
        """Let the sender's box go."""
        self._memory.close()


if sys.platform == "win32":

    class _SentMemory:
        """A mapping for each parcel, held until the next question."""

        def __init__(self, connection: Connection) -> None:
            self._connection = connection
            self._held: list[mmap.mmap] = []

        def begin(self) -> None:
            self._held.clear()

        def send(self, content: bytes, buffers: list[memoryview]) -> None:
            places, end = _placed(buffers, _ALIGNMENT)
            name, mark = f"overread-{secrets.token_hex(16)}", secrets.token_bytes(_MARK_BYTES)
            memory = mmap.mmap(-1, end, tagname=name)
            self._held.append(memory)
            for (start, count), buffer in zip(places, buffers, strict=True):
                memory[start : start + count] = buffer
            memory[:_MARK_BYTES] = mark
            self._connection.send(Parcel(content, (), places, end, name=name, mark=mark))

    class _ReceivedMemory:
        def __init__(self, connection: Connection) -> None:
            pass

        def buffers(self, parcel: Parcel) -> list[memoryview]:
            memory = mmap.mmap(-1, parcel.size, tagname=parcel.name, access=mmap.ACCESS_READ)
            view = memoryview(memory).toreadonly()
            if bytes(view[:_MARK_BYTES]) != parcel.mark:
                raise LostParcel  # the sender is gone, and this is memory that nobody has written to
            pieces = [view[start : start + count] for start, count in parcel.places]
            return pieces if parcel.size >= MAPPED else [memoryview(bytes(piece)) for piece in pieces]

        def close(self) -> None:
            pass

else:
    from multiprocessing.reduction import recv_handle, send_handle

    class _SentMemory:
        """A box for small parcels, made once; for each large one memory of its own."""

        def __init__(self, connection: Connection) -> None:
            self._connection = connection
            self._box: int | None = None
            self._filled = 0

        def begin(self) -> None:
            self._filled = 0

        def send(self, content: bytes, buffers: list[memoryview]) -> None:
            places, end = _placed(buffers, self._filled)
            if max(buffer.nbytes for buffer in buffers) < MAPPED and end <= BOX_BYTES:
                self._send_in_box(Parcel(content, (), places, BOX_BYTES, True, self._box is None), buffers)
                self._filled = end
                return
            places, end = _placed(buffers, 0)
            descriptor = _anonymous_memory(end)
            try:
                self._fill(descriptor, Parcel(content, (), places, end, False, True), buffers)
            finally:
                os.close(descriptor)

        def _send_in_box(self, parcel: Parcel, buffers: list[memoryview]) -> None:
            if self._box is None:
                self._box = _anonymous_memory(BOX_BYTES)
            self._fill(self._box, parcel, buffers)

        def _fill(self, descriptor: int, parcel: Parcel, buffers: list[memoryview]) -> None:
            for (start, _), buffer in zip(parcel.places, buffers, strict=True):
                _write(descriptor, buffer, start)
            self._connection.send(parcel)
            if parcel.brings_memory:
                send_handle(self._connection, descriptor, os.getppid())

    class _ReceivedMemory:
        """The sender's box, and the memory of large parcels."""

        def __init__(self, connection: Connection) -> None:
            self._connection = connection
            self._box: int | None = None

        def buffers(self, parcel: Parcel) -> list[memoryview]:
            if parcel.is_in_box:
                if parcel.brings_memory:
                    self.close()
                    self._box = self._take(parcel)
                if self._box is None:
                    raise LostParcel
                return [memoryview(_read(self._box, start, count)) for start, count in parcel.places]
            descriptor = self._take(parcel)
            try:
                populate = getattr(mmap, "MAP_POPULATE", 0)  # no page faults later, when the film is painted
                memory = mmap.mmap(descriptor, parcel.size, mmap.MAP_SHARED | populate, mmap.PROT_READ)
            finally:
                os.close(descriptor)
            view = memoryview(memory)
            return [view[start : start + count] for start, count in parcel.places]

        def _take(self, parcel: Parcel) -> int:
            try:
                descriptor = recv_handle(self._connection)
            except (EOFError, OSError, RuntimeError) as error:
                raise LostParcel from error
            if os.fstat(descriptor).st_size < parcel.size:  # reading beyond its end would be a bus error
                os.close(descriptor)
                raise LostParcel
            return descriptor

        def close(self) -> None:
            if self._box is not None:
                os.close(self._box)
                self._box = None

    def _anonymous_memory(size: int) -> int:
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("overread-frame", os.MFD_CLOEXEC)
        else:
            import _posixshmem  # type: ignore[import-not-found]

            name = f"/overread-{secrets.token_hex(8)}"
            descriptor = _posixshmem.shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600)
            _posixshmem.shm_unlink(name)
        os.ftruncate(descriptor, size)
        return descriptor

    def _read(descriptor: int, start: int, count: int) -> bytes:
        if hasattr(os, "memfd_create"):
            return os.pread(descriptor, count, start)
        with mmap.mmap(descriptor, start + count, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            return memory[start : start + count]  # macOS has no read() for shared memory objects

    def _write(descriptor: int, buffer: memoryview, start: int) -> None:
        """Write all of it; the kernel fills whole pages without clearing them first."""
        if not hasattr(os, "memfd_create"):
            with mmap.mmap(descriptor, start + buffer.nbytes) as memory:
                memory[start : start + buffer.nbytes] = buffer
            return
        while buffer.nbytes:
            count = os.pwrite(descriptor, buffer, start)
            buffer, start = buffer[count:], start + count
