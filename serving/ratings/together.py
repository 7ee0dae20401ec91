"""What many requests ask for at one moment, done in one go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, NamedTuple, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class _Waiting(NamedTuple, Generic[Asked, Given]):
    asked: Asked
    answer: asyncio.Future[Given]


class Together(Generic[Asked, Given]):
    """A thread that does all that has been asked for since it began the last time, in the order of arrival.

    So a commit, which waits for the disk, is shared by all that arrived during the one before, and the event loop is
    woken once for all of them. One that asks alone, a while after the others, waits for nobody.
    """

    def __init__(
        self, do: Callable[[Sequence[Asked]], Sequence[Given | Exception]], most: int, rest: float = 0.0
    ) -> None:
        """Start the thread.

        Args:
            do: gets what is asked for, and gives or raises an answer to each.
            most: how much it gets at once.
            rest: least seconds from the begin of one go for several to that of the next, in which more may arrive.
        """
        self._do = do
        self._most = most
        self._rest = rest
        self._queue: SimpleQueue[_Waiting[Asked, Given] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="ratings", daemon=True)
        self._thread.start()

    async def ask(self, asked: Asked) -> Given:
        """Do one of many; raises what `do` gives as an exception."""
        answer: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(asked, answer))
        return await answer

    def close(self) -> None:
        """Do what has been asked for, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            waiting, goes_on = self._next()
            if not waiting:
                continue
            begun = time.monotonic()
            answers: Sequence[Given | Exception]
            try:
                answers = self._do([one.asked for one in waiting])
            except Exception as error:  # whatever it is, those who wait must hear of it
                answers = [error] * len(waiting)
            loop = waiting[0].answer.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_answer, waiting, answers)
            if goes_on and len(waiting) > 1:  # who asks one after the other need not wait
                time.sleep(max(0.0, begun + self._rest - time.monotonic()))

    def _next(self) -> tuple[list[_Waiting[Asked, Given]], bool]:
        """All that wait, at least one; and whether there may be more after them."""
        found: list[_Waiting[Asked, Given]] = []
        one = self._queue.get()
        while one is not None:
            found.append(one)
            if len(found) == self._most:
                return found, True
            try:
                one = self._queue.get_nowait()
            except Empty:
                return found, True
        return found, False


def _answer(waiting: Sequence[_Waiting[Asked, Given]], answers: Sequence[Given | Exception]) -> None:
    for one, answer in zip(waiting, answers, strict=True):
        if one.answer.done():  # whoever asked is gone
            continue
        if isinstance(answer, Exception):
            one.answer.set_exception(answer)
        else:
            one.answer.set_result(answer)
