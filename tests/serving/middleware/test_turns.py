"""Short requests do not queue behind long ones, and a long one that has its turn gives it back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from serving.middleware.turns import Turns

LONG, SHORT = b"x" * 100_000, b"x"


class Application:
    """Notes in which round of the event loop it works at what."""

    def __init__(self) -> None:
        self.round = 0
        self.worked: list[tuple[str, int]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        if scope.get("fails"):
            raise ValueError(scope["name"])
        self.worked.append((scope["name"], self.round))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    def names(self) -> list[str]:
        return [name for name, _ in self.worked]

    def run(self, case: Coroutine[Any, Any, None]) -> None:
        """Run a case, and count rounds of its loop."""

        async def counted() -> None:
            loop = asyncio.get_running_loop()

            def count() -> None:
                self.round += 1
                loop.call_soon(count)

            count()
            await asyncio.wait_for(case, 10)

        asyncio.run(counted())


async def ask(
    turns: Turns,
    name: str,
    body: bytes,
    *,
    reads: asyncio.Event | None = None,
    chunks: bool = False,
    fails: bool = False,
) -> None:
    rest = body

    async def receive() -> Message:
        nonlocal rest
        first, rest = (rest[:1000], rest[1000:]) if chunks else (rest, b"")
        return {"type": "http.request", "body": first, "more_body": bool(rest)}

    async def send(message: Message) -> None:
        if reads is not None:
            await reads.wait()

    headers = [(b"transfer-encoding", b"chunked") if chunks else (b"content-length", b"%d" % len(body))]
    await turns({"type": "http", "method": "POST", "name": name, "headers": headers, "fails": fails}, receive, send)


@pytest.mark.parametrize("chunks", [False, True])
def test_one_long_request_a_round_is_answered_in_order_of_arrival_and_short_ones_go_before(chunks: bool) -> None:
    app = Application()
    names = [f"long {number}" for number in range(8)]

    async def case() -> None:
        turns = Turns(app)
        long = [asyncio.create_task(ask(turns, name, LONG, chunks=chunks)) for name in names]
        short = [asyncio.create_task(ask(turns, f"short {number}", SHORT)) for number in range(8)]
        await asyncio.gather(*long, *short)

    app.run(case())
    assert [name for name in app.names() if name in names] == names
    rounds = dict(app.worked)
    assert len({rounds[name] for name in names}) == len(names)
    assert {rounds[f"short {number}"] for number in range(8)} == {min(rounds.values())}


def test_neither_a_failure_nor_a_slow_reader_nor_a_client_that_is_gone_keeps_the_turn() -> None:
    app = Application()

    async def case() -> None:
        turns, reads = Turns(app), asyncio.Event()
        slow = asyncio.create_task(ask(turns, "slow", LONG, reads=reads))
        failed = asyncio.create_task(ask(turns, "fails", LONG, fails=True))
        gone = asyncio.create_task(ask(turns, "gone", LONG))
        await asyncio.sleep(0)
        gone.cancel()
        await ask(turns, "next", LONG)
        reads.set()
        await slow
        assert isinstance((await asyncio.gather(failed, return_exceptions=True))[0], ValueError)

    app.run(case())
    assert app.names() == ["slow", "next"]
