"""Heads of requests: addresses, and offers of another protocol."""

from __future__ import annotations

from collections.abc import Iterable

import httptools

_HEADERS = (b"upgrade", b"http2-settings")


def head_without_offer(method: bytes, url: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The head of a request without its offer of another protocol (RFC 9110, 7.8: a server may ignore that).

    Java's HttpClient and `curl --http2` offer HTTP/2 with every request.
    """
    head = [b"%s %s HTTP/%s" % (method, url, version.encode())]
    for name, value in headers:
        if name == b"connection":
            value = b",".join(token for token in value.split(b",") if token.strip().lower() not in _HEADERS)
        if name not in _HEADERS:
            head.append(name + b": " + value)
    return b"\r\n".join([*head, b"", b""])


def is_address(url: bytes) -> bool:
    """Whether what a request names is an address with a path, of ASCII characters."""
    try:
        return bool(httptools.parse_url(url).path.decode("ascii"))
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError, AttributeError):
        return False
