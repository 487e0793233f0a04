"""Stands before an S3 server, and does to its connections what networks and stores do."""

import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_HEAD = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_ERROR = b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>no</Message></Error>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asks for."""

    method: str
    path: str
    """With its query."""
    number: int
    """Of this request since the harm was chosen, from 0."""

    @property
    def is_part(self) -> bool:
        """Whether it uploads a part."""
        return self.method == "PUT" and "partNumber=" in self.path

    @property
    def is_of_data(self) -> bool:
        """Whether it is about a part of a backup, and not a lease or a list."""
        return "/backups/" in self.path


Harm = Callable[[Request], str | None]
"""``None`` lets a request through; else ``500``, ``cut``, ``cut answer``, ``stall`` or ``slow``."""


class Proxy:
    """A listening proxy. ``harm`` decides on each request and may be changed at any time."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._harm: Harm = lambda _request: None
        self._number = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.requests: list[Request] = []

    @property
    def harm(self) -> Harm:
        """What is done."""
        return self._harm

    @harm.setter
    def harm(self, harm: Harm) -> None:
        with self._lock:
            self._harm, self._number = harm, 0

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while head := _until_blank_line(client):
                if not self._answer(client, head):
                    return

    def _answer(self, client: socket.socket, head: bytes) -> bool:
        first = _HEAD.match(head)
        assert first is not None
        with self._lock:
            request = Request(method=first[1].decode(), path=first[2].decode(), number=self._number)
            self._number += 1
            self.requests.append(request)
            harm = self._harm(request)
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if b"100-continue" in head.lower():
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = re.sub(rb"(?i)expect: 100-continue\r\n", b"", head)
        if harm == "stall":
            self._ended.wait(120)
            return False
        if harm == "cut":
            _received(client, length // 2, slow=False)
            return False
        body = _received(client, length, slow=harm == "slow")
        if harm == "500":
            answer = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: %d\r\n\r\n"
            client.sendall(answer % len(_ERROR) + (b"" if request.method == "HEAD" else _ERROR))
            return True
        with socket.create_connection(("127.0.0.1", self._upstream)) as server:
            plain = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head)
            server.sendall(plain[:-2] + b"Connection: close\r\n\r\n" + body)
            passed = 0
            while data := server.recv(2**16):
                if harm == "cut answer" and passed + len(data) > 2000:
                    client.sendall(data[: max(0, 2000 - passed)])
                    return False
                client.sendall(data)
                passed += len(data)
                if harm == "slow":
                    time.sleep(0.02)
        return False


def _until_blank_line(client: socket.socket) -> bytes:
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            return b""
        head += byte
    return bytes(head)


def _received(client: socket.socket, length: int, *, slow: bool) -> bytes:
    body = bytearray()
    while len(body) < length:
        data = client.recv(min(2**16, length - len(body)))
        if not data:
            raise ConnectionError
        body += data
        if slow:
            time.sleep(0.02)
    return bytes(body)
