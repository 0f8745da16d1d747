"""A line to a broker on which the answer to a commit gets lost, or becomes another one."""

from __future__ import annotations

import struct
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, create_connection, create_server
from threading import Thread
from typing import TYPE_CHECKING, Final, TypeAlias

from servers.broker import Broker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from socket import socket

_END_TXN: Final = 26
_REQUEST: Final = struct.Struct(">hhi")
_ERROR: Final = struct.Struct(">h")
_AT: Final = 12
"""Where an answer of version 1 tells its error: behind its size, the request's number and the time to wait."""

Fate: TypeAlias = "Callable[[bytes], bytes | None]"
"""Of an answer with its size before it: what arrives instead, or none where the line breaks."""


class Relay:
    """Passes on what clients and a broker say to each other; `fate` decides on answers to commits and aborts."""

    def __init__(self) -> None:
        self._door = create_server(("127.0.0.1", 0))
        self.fate: Fate = lambda answer: answer
        self.port = int(self._door.getsockname()[1])

    @classmethod
    @contextmanager
    def before(cls, directory: Path) -> Iterator[Relay]:
        """A broker of its own that is reached by the relay alone: its `port`."""
        relay = cls()
        with relay._door, Broker.start(directory, {"advertised.listeners": f"PLAINTEXT://{relay.address}"}) as broker:
            Thread(target=relay._serve, args=(broker.ports[0],), daemon=True).start()
            yield relay
            relay._door.shutdown(SHUT_RDWR)

    @property
    def address(self) -> str:
        """For clients, as ``bootstrap.servers`` wants it."""
        return f"127.0.0.1:{self.port}"

    def _serve(self, port: int) -> None:
        with suppress(OSError):  # the door is shut
            while True:
                client, _ = self._door.accept()
                broker = create_connection(("127.0.0.1", port))
                ends: set[int] = set()
                for work in (self._pass_requests, self._pass_answers):
                    Thread(target=work, args=(client, broker, ends), daemon=True).start()

    def _pass_requests(self, client: socket, broker: socket, ends: set[int]) -> None:
        with _until_broken(client, broker):
            for frame in _frames(client):
                kind, _, number = _REQUEST.unpack_from(frame, 4)
                if kind == _END_TXN:
                    ends.add(number)
                broker.sendall(frame)

    def _pass_answers(self, client: socket, broker: socket, ends: set[int]) -> None:
        with _until_broken(client, broker):
            for frame in _frames(broker):
                arrives: bytes | None = frame
                if int.from_bytes(frame[4:8], "big") in ends:
                    arrives = self.fate(frame)
                if arrives is None:
                    return
                client.sendall(arrives)


def error_of(answer: bytes) -> int:
    """The error code of an answer to a commit or an abort."""
    return int(_ERROR.unpack_from(answer, _AT)[0])


def with_error(answer: bytes, code: int) -> bytes:
    """The same answer with another error code."""
    return answer[:_AT] + _ERROR.pack(code) + answer[_AT + _ERROR.size :]


@contextmanager
def _until_broken(*ends: socket) -> Iterator[None]:
    """Both ends break where one does."""
    with suppress(OSError):
        yield
    for end in ends:
        with suppress(OSError):
            end.shutdown(SHUT_RDWR)
        end.close()


def _frames(end: socket) -> Iterator[bytes]:
    with end.makefile("rb") as stream:
        while len(size := stream.read(4)) == 4:
            yield size + stream.read(int.from_bytes(size, "big"))
