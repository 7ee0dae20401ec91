"""Lines of the access log: whole, in order, and none lost."""

from __future__ import annotations

import asyncio
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving.access_log import AccessLog
from tests.serving.conftest import StartProcess


class Pipe(io.BytesIO):
    """Remembers what each write was."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: object) -> int:
        assert isinstance(data, bytes)
        self.writes.append(data)
        return len(data)


def test_lines_of_one_turn_are_written_together_but_never_so_many_that_another_process_could_cut_in() -> None:
    pipe = Pipe()
    lengths = [10] * 100 + [5000] + [1000] * 5

    async def many() -> None:
        log = AccessLog(pipe)
        for number, length in enumerate(lengths):
            log.add({"number": number, "path": "x" * length})
        assert pipe.writes == []
        await asyncio.sleep(0.01)

    asyncio.run(many())
    lines = [json.loads(line) for line in b"".join(pipe.writes).splitlines()]
    assert [line["number"] for line in lines] == list(range(len(lengths)))
    assert all(write.endswith(b"\n") and (len(write) <= 4096 or write.count(b"\n") == 1) for write in pipe.writes)
    assert len(pipe.writes) < 8


def test_a_log_that_cannot_be_written_does_not_end_the_service(caplog: pytest.LogCaptureFixture) -> None:
    class Full(Pipe):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    async def one() -> None:
        log = AccessLog(Full())
        log.add({"number": 1})
        await asyncio.sleep(0.01)
        log.add({"number": 2})
        log.flush()

    asyncio.run(one())
    assert [record.getMessage() for record in caplog.records] == [
        "1 lines of the access log are lost: [Errno 28] No space left on device"
    ] * 2


def test_every_request_before_an_orderly_end_is_in_the_log(start_process: StartProcess, model: Path) -> None:
    server = start_process(artifact=model)
    with ThreadPoolExecutor(8) as pool:
        ids = [f"request-{number}" for number in range(200)]
        statuses = pool.map(
            lambda name: server.client.get("/v1/ratings?user_id=3&item_id=10", headers={"X-Request-ID": name}), ids
        )
        assert {response.status_code for response in statuses} == {200}
    server.process.terminate()
    server.process.wait(timeout=20)
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    assert {line["request_id"] for line in lines} >= set(ids)
