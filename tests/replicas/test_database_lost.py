"""The database goes away and comes back: the service says so, and goes on by itself."""

import signal
from pathlib import Path

import aiohttp
import pytest

from tests.contracts.databases import PostgreSql
from tests.replicas.fleet import Diary, all_ended, answers, deliver, fleet, until, work_key

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


async def test_a_service_whose_database_died_answers_503_and_goes_on_when_it_is_back(
    server: PostgreSql, tmp_path: Path
) -> None:
    diary, held = Diary(tmp_path), work_key(0, 50)
    (tmp_path / "hold").touch()
    async with fleet(server.url, tmp_path, 1) as [replica], aiohttp.ClientSession() as session:
        before = [work_key(number, 50) for number in (1, 2)]
        assert [await deliver(session, replica, number) for number in (0, 1, 2)] == [202] * 3
        await all_ended(diary, set(before))
        await until(lambda: diary.who("begin", held), "the work that is held")
        server.end(signal.SIGQUIT)
        assert await deliver(session, replica, 3) == 503
        body = await answers(session, replica, "/readyz", 503)
        assert '"database": "failed"' in body
        (await answers(session, replica, "/healthz", 200))
        await until(
            lambda: any("engine.work_let_go" in line for line in replica.log), "the work to be let go"
        )
        (tmp_path / "hold").unlink()
        server.start()
        await answers(session, replica, "/readyz", 200)
        assert await deliver(session, replica, 3) == 202
        await all_ended(diary, {held, work_key(3, 50)}, 150)
    assert set(diary.ended().values()) == {1}
