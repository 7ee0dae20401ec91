"""What is asked for at one moment is done in one go, in order, and everyone hears what became of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from serving.ratings.together import Together


def test_what_arrives_during_one_go_is_done_in_the_next_in_its_order() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[list[int]] = []

    def double(numbers: Sequence[int]) -> list[int]:
        done.append(list(numbers))
        begun.set()
        go_on.wait(10)
        return [2 * number for number in numbers]

    async def ask() -> list[int]:
        together = Together(double, most=3)
        asked = [asyncio.create_task(together.ask(0))]
        await asyncio.to_thread(begun.wait, 10)
        asked += [asyncio.create_task(together.ask(number)) for number in range(1, 6)]
        await asyncio.sleep(0)
        go_on.set()
        answers = await asyncio.gather(*asked)
        together.close()
        return answers

    assert asyncio.run(ask()) == [0, 2, 4, 6, 8, 10]
    assert done == [[0], [1, 2, 3], [4, 5]]


def test_an_answer_may_be_an_error_and_an_error_is_the_answer_to_all() -> None:
    def divide(numbers: Sequence[int]) -> list[int | Exception]:
        if 13 in numbers:
            raise ZeroDivisionError
        return [ValueError(str(number)) if number < 0 else number for number in numbers]

    async def ask() -> None:
        together = Together(divide, most=10)
        assert list(await asyncio.gather(together.ask(1), together.ask(2))) == [1, 2]
        with pytest.raises(ValueError, match="-3"):
            await together.ask(-3)
        answers = await asyncio.gather(together.ask(13), together.ask(4), return_exceptions=True)
        assert isinstance(answers[0], ZeroDivisionError)
        assert await together.ask(5) == 5
        together.close()

    asyncio.run(ask())


def test_one_who_does_not_wait_any_longer_keeps_nobody_from_an_answer() -> None:
    go_on = threading.Event()

    def wait(numbers: Sequence[int]) -> Sequence[int]:
        go_on.wait(10)
        return numbers

    async def ask() -> None:
        together = Together(wait, most=10)
        gone, stays = asyncio.create_task(together.ask(1)), asyncio.create_task(together.ask(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        go_on.set()
        assert await stays == 2
        together.close()

    asyncio.run(ask())
