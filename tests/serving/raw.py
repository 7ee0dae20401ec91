"""Requests as bytes on a socket, for what no client library would send."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import httpx


def connect(client: httpx.Client, receive_buffer: int = 2**16) -> socket.socket:
    """A connection to the server that a client asks, with so many bytes for what it has not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect((client.base_url.host, client.base_url.port or 80))
    return connection


def answers(connection: socket.socket, path: str = "/") -> list[httpx.Response]:
    """All answers until the server closes the connection, as answers to requests for a path."""
    data = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            data += piece
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = httpx.Headers([(line.partition(": ")[0], line.partition(": ")[2]) for line in lines])
        length = int(headers.get("content-length", 0))
        request = httpx.Request("GET", f"http://server{path}")
        found.append(httpx.Response(int(first.split()[1]), headers=headers, content=data[:length], request=request))
        data = data[length:]
    return found


def ask(client: httpx.Client, *pieces: bytes, path: str = "/") -> list[httpx.Response]:
    """Send bytes on a connection of their own, and read all answers until the server closes it."""
    with connect(client) as connection:
        with suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        return answers(connection, path)


def listens(uds: Path) -> bool:
    """Whether a server listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(uds)) == 0
