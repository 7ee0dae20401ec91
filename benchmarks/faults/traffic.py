"""Requests of every kind, most of them wrong, to every route: none may be a server error, and right ones stay right."""

from __future__ import annotations

import http.client
import json
import random
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.faults.load import right_answers
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.progress import moments
from benchmarks.server_process import ServerProcess
from recsys import artifact

_TIMEOUT = 30  # seconds
_RIGHT_EVERY = 20  # one request in so many is a right one, whose answer is compared
_FALLEN = "the server gave no answer"
_ODD: list[Any] = [
    None, True, "", "0", "1", "196", "-1", "1.5", "1e3", "NaN", "Infinity", "\x00", "..", "../../etc/passwd", "%",
    "%00", "Drama", "star wars", "𝕏" * 50, "\ud800", "9" * 30, "9" * 5000, "' OR 1=1 --", "<script>", "\r\nX: y", 0, 1,
    -1, 196, 242, 2**31, 2**63, -(2**63) - 1, 2**70, 0.5, 5.0, 1e308, [], {}, [[]], [1], {"a": 1},
]  # fmt: skip
_NAMES = ["pairs", "ratings", "item_ids", "user_id", "item_id", "rating", "strict", "n", "genre", "inputs", "instances",
          "dataframe_split", "dataframe_records", "columns", "data", "name", "shape", "datatype", "timestamp",
          "uncertainty", "order", "x"]  # fmt: skip
_TYPES = ["application/json", "text/csv", "application/octet-stream", "text/plain", "", "multipart/form-data", "\xff"]
_ENCODINGS = ["identity", "identity", "identity", "gzip", "deflate", "br"]
_METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
Operation = tuple[str, str, list[dict[str, Any]], bytes]  # method, path, parameters and an example of a body


def structured(count: int, seed: int, folder: Path, source: Path) -> Outcome:
    """Send requests that follow the OpenAPI document with odd values, odd bodies and damaged right bodies."""
    outcome = Outcome("structured requests")
    chance, model = random.Random(seed), artifact.load(source)
    right = list(right_answers(model).items())
    with ServerProcess.of_artifact(source, folder / "log") as server:
        known = operations(server)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT)
        for number in moments(outcome, count):
            method, path, headers, body = request(chance, known)
            (user, item), rating = chance.choice(right)
            if number % _RIGHT_EVERY == 0:
                method, path, headers, body = "GET", f"/v1/ratings?user_id={user}&item_id={item}", {}, None
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException) as error:
                outcome.count("failed", f"{method} {path[:100]} {headers} {(body or b'')[:100]!r}: {error!r}")
                connection.close()
                continue
            outcome.moments += 1
            said = f"{answer.status} {content[:200]!r}"
            if answer.status >= 500:
                sent = f"{method} {path[:200]} {headers} {(body or b'')[:200]!r}"
                outcome.count("errors", f"{sent}: {said}")
            elif number % _RIGHT_EVERY == 0 and abs(json.loads(content).get("rating", -1) - rating) > 1e-5:
                outcome.count("wrong", f"{path}: {said} instead of {rating}")
            elif answer.status >= 400 and method != "HEAD" and not _is_an_error(content):
                outcome.count("wrong", f"{method} {path[:200]}: {said}")
        connection.close()
        _check_log(folder / "log", outcome)
    return outcome


def raw(count: int, seed: int, folder: Path, source: Path) -> Outcome:
    """Send bytes that are nearly HTTP, or not at all, each on a connection of its own."""
    outcome = Outcome("raw requests")
    chance = random.Random(seed)
    with ServerProcess.of_artifact(source, folder / "log") as server:
        known = operations(server)
        for number in moments(outcome, count):
            sent = _bytes(chance, known)
            answer = _exchange(server.port, sent, hang_up=chance.random() < 0.5)
            outcome.moments += 1
            if answer is None:
                outcome.count("failed", f"{_FALLEN}: {sent[:200]!r}")
            elif answer.startswith(b"HTTP/1.") and answer[9:10] == b"5" and answer[9:12] != b"505":
                outcome.count("errors", f"{sent[:300]!r}: {answer[:300]!r}")
            if number % 500 == 0:
                server.ask("GET", "/health/ready")
        server.ask("GET", "/health/ready")
        _check_log(folder / "log", outcome)
    return outcome


def operations(server: ServerProcess) -> list[Operation]:
    """Method, path, parameters and an example of a body of every operation of the OpenAPI document."""
    paths = json.loads(server.ask("GET", "/openapi.json"))["paths"]
    found = []
    for path, methods in paths.items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = [content["example"]] if "example" in content else [
                example["value"] for example in content.get("examples", {}).values()
            ]  # fmt: skip
            body = json.dumps(examples[0]).encode() if examples else b""
            found.append((method.upper(), path, operation.get("parameters", []), body))
    return [*found, ("GET", "/", [], b""), ("GET", "/docs", [], b""), ("GET", "/nothing", [], b"")]


def request(chance: random.Random, known: list[Operation]) -> tuple[str, str, dict[str, str], bytes | None]:
    """Draw a request to one of the known operations: method, path with query, headers and body."""
    method, path, parameters, example = chance.choice(known)
    query = []
    for parameter in parameters:
        value = _text(chance.choice(_ODD)) if chance.random() < 0.7 else str(chance.randrange(2000))
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", value)
        elif parameter["in"] == "query" and chance.random() < 0.6:
            query.append(f"{quote(parameter['name'])}={value}")
    path = path.replace("{", "").replace("}", "") or "/"
    if query:
        path += "?" + "&".join(query)
    if chance.random() < 0.1:
        method = chance.choice(_METHODS)
    headers = {"X-Request-ID": "f" * chance.choice([1, 8, 64, 300])} if chance.random() < 0.1 else {}
    if method in ("GET", "HEAD") and chance.random() < 0.98:
        return method, path, headers, None
    headers["Content-Type"] = chance.choice(_TYPES) if chance.random() < 0.3 else "application/json"
    if chance.random() < 0.1:
        headers["Content-Encoding"] = chance.choice(_ENCODINGS)
    if "infer" in path and chance.random() < 0.3:
        headers["Inference-Header-Content-Length"] = str(chance.choice([-1, 0, 1, len(example), 10**9, "x"]))
    return method, path, headers, _body(chance, example)


def _body(chance: random.Random, example: bytes) -> bytes:
    kind = chance.random()
    if kind < 0.3:
        return json.dumps(_value(chance, 4)).encode()
    if kind < 0.4:
        return chance.randbytes(chance.randrange(60))
    if kind < 0.7 and example:
        return json.dumps(_damaged(chance, json.loads(example))).encode()
    body = bytearray(example or b"user_id,item_id\n196,242\n")
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(body) + 1)
        cut = chance.randrange(4)
        body[place : place + cut] = chance.randbytes(chance.randrange(4))
    return bytes(body)


def _value(chance: random.Random, depth: int) -> Any:
    if depth == 0 or chance.random() < 0.4:
        return chance.choice(_ODD)
    if chance.random() < 0.4:
        return [_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(_NAMES): _value(chance, depth - 1) for _ in range(chance.randrange(4))}


def _damaged(chance: random.Random, value: Any) -> Any:
    """A right body with one of its values replaced, or a name more or less."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(list(value))
        if chance.random() < 0.15:
            return {other: value[other] for other in value if other != name}
        if chance.random() < 0.15:
            return {**value, chance.choice(_NAMES): chance.choice(_ODD)}
        return {**value, name: _damaged(chance, value[name])}
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [*value[:place], _damaged(chance, value[place]), *value[place + 1 :]]
    return chance.choice(_ODD)


def _text(value: Any) -> str:
    return quote(str(value).encode(errors="surrogatepass"), safe="")


def _bytes(chance: random.Random, known: list[Operation]) -> bytes:
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(1, 200))
    method, path, headers, body = request(chance, known)
    lines = [f"{method} {path} HTTP/1.{chance.choice([0, 1, 1, 1, 2])}", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    length = chance.choice([len(body or b""), len(body or b""), 0, len(body or b"") + 7, -1, 10**30, "0x10", "1, 1"])
    lines += [f"Content-Length: {length}"] if body is not None or chance.random() < 0.2 else []
    if chance.random() < 0.2:
        lines.append(chance.choice(["Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Upgrade: h2c",
                                    "Connection: Upgrade, HTTP2-Settings", "Expect: 100-continue", "Connection: close",
                                    "A" * 300, ": nothing", "X: " + "y" * 3000, "Content-Length: 3"]))  # fmt: skip
    sent = bytearray("\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace") + (body or b""))
    for _ in range(chance.choice([0, 0, 1, 1, 2, 5])):
        place = chance.randrange(len(sent) + 1)
        sent[place : place + chance.randrange(4)] = chance.randbytes(chance.randrange(3))
    if chance.random() < 0.1:
        del sent[chance.randrange(len(sent) + 1) :]
    return bytes(sent)


def _exchange(port: int, sent: bytes, hang_up: bool) -> bytes | None:
    """What the server says; b"" if it closes without a word, None if it does not take a connection."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT) as connection:
            try:
                connection.sendall(sent)
                if hang_up:
                    return b""
                connection.shutdown(socket.SHUT_WR)
                return connection.recv(1 << 16)
            except (ConnectionError, TimeoutError):
                return b""
    except OSError:
        return None


def _is_an_error(content: bytes) -> bool:
    """Whether it is one of the documented shapes of errors, all of which are objects of JSON that say something."""
    try:
        said = json.loads(content)
    except ValueError:
        return False
    return isinstance(said, dict) and any(isinstance(said.get(name), str) for name in ("detail", "message", "error"))


def _check_log(log: Path, outcome: Outcome) -> None:
    if "Traceback" in (text := log.read_text(errors="replace")):
        outcome.count("errors", f"a traceback in the log: {text[text.index('Traceback') :][:1500]}")
