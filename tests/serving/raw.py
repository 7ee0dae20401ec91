"""Requests as bytes on a socket, for what no client library would send."""

from __future__ import annotations

import socket
from contextlib import suppress

import httpx


def connect(client: httpx.Client) -> socket.socket:
    """A connection to the server that a client asks."""
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20)


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
