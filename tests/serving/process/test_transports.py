"""What an answer is written to: its head and body leave together, and nothing overtakes or is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from typing_extensions import override

from serving.process.transports import Together


class Written(asyncio.Transport):
    """Keeps what was sent, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.pieces.append(bytes(data))

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def is_closing(self) -> bool:
        return self.closed


def sent(answer: Callable[[Together], None]) -> list[list[bytes]]:
    """What has been sent at once, and a moment later."""

    async def run() -> list[list[bytes]]:
        below = Written()
        answer(Together(below, asyncio.get_running_loop()))
        at_once = [*below.pieces]
        await asyncio.sleep(0)
        return [at_once, below.pieces]

    return asyncio.run(run())


def test_a_head_and_the_begin_of_its_body_are_one_piece() -> None:
    def answer(transport: Together) -> None:
        for data in (b"head", b"body", b"more"):
            transport.write(data)

    assert sent(answer) == [[b"headbody", b"more"]] * 2


def test_a_head_whose_body_is_not_there_does_not_wait_for_it() -> None:
    assert sent(lambda transport: transport.write(b"head")) == [[], [b"head"]]


def test_what_is_held_is_sent_before_the_end() -> None:
    def answer(transport: Together) -> None:
        transport.write(b"head")
        transport.close()
        assert transport.is_closing()

    assert sent(answer) == [[b"head"]] * 2
