"""Long requests take turns, so that short ones, such as those that ask for health, need not wait for many of them."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A body of so many bytes takes about as long to answer as ten short requests.
_LONG = 16_384


class Turns:
    """A layer that lets one long request at a time be answered, from the end of its body to the begin of its answer.

    The event loop does all that is ready before it looks what has arrived. So where many long requests are ready at
    once, a short one would wait for all of them. Here it waits for two or three: the next turn begins after the loop
    has looked again. The order of arrival is kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app
        self._turn = asyncio.Lock()  # whose waiters are served in order

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] == "GET" or _is_short(scope):
            await self._app(scope, receive, send)
            return
        read = 0
        has_turn = False

        async def receive_in_turn() -> Message:
            nonlocal read, has_turn
            message = await receive()
            read += len(message.get("body", b""))
            # Not before all of it is there: a slow sender would keep the others waiting.
            if read > _LONG and not message.get("more_body") and not has_turn:
                await self._turn.acquire()
                has_turn = True
            return message

        def end_turn() -> None:
            nonlocal read, has_turn
            read = 0
            if has_turn:
                has_turn = False
                # Those that are ready in this round of the loop shall find it taken, and wait for another.
                asyncio.get_running_loop().call_soon(self._turn.release)

        async def send_after_turn(message: Message) -> None:
            end_turn()  # the answer is made, and its reader may be slow
            await send(message)

        try:
            await self._app(scope, receive_in_turn, send_after_turn)
        finally:
            end_turn()


def _is_short(scope: Scope) -> bool:
    """Whether the body is known to be short, as it is where there is none."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return value.isdigit() and int(value) <= _LONG  # the guard before has looked at how many digits there are
        if name == b"transfer-encoding":
            return False
    return True
