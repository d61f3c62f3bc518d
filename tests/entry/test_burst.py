"""Ten thousand deliveries, half of them duplicates, at a service that plans meanwhile."""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.e2e.waiting import until
from tests.e2e.world import World, world

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

MERGE_REQUESTS = 3
PUSHES, JOBS, LABELS = 2_000, 1_000, 2_000
DISTINCT = PUSHES + JOBS + LABELS
AT_ONCE = 32
MOST_GROWTH = 100 * 1024 * 1024
PATIENCE = 240.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery as it goes over the wire."""

    key: str
    event: str
    body: bytes


def _letters(project: str) -> Iterator[Letter]:
    """Five thousand events: pushes that nobody has seen, jobs of pipelines, and edits of labels."""
    about = {"path_with_namespace": project, "default_branch": "main"}
    for number in range(PUSHES + LABELS):
        attributes = {
            "iid": 1 + number % MERGE_REQUESTS,
            "action": "update",
            "state": "opened",
            "target_branch": "main",
            "updated_at": f"moment {number}",
            "last_commit": {"id": f"{number:040x}"},
        }
        attributes |= {"oldrev": f"{number + 1:040x}"} if number < PUSHES else {}
        body = {"object_kind": "merge_request", "project": about, "object_attributes": attributes}
        yield Letter(f"event-{number}", "Merge Request Hook", json.dumps(body).encode())
    for number in range(JOBS):
        job = {"object_kind": "build", "project": about, "pipeline_id": 1 + number % 7, "build_id": number}
        yield Letter(f"job-{number}", "Job Hook", json.dumps(job).encode())


def _post(project: str) -> list[Letter]:
    """Each event twice: resent with its key, or of a second hook with a key of its own; shuffled."""
    once = list(_letters(project))
    again = [
        Letter(each.key if number % 2 else f"{each.key}-of-the-group", each.event, each.body)
        for number, each in enumerate(once)
    ]
    post = once + again
    random.Random(20261123).shuffle(post)
    return post


async def _answers(url: str, token: str, post: list[Letter]) -> Counter[tuple[int, str]]:
    found: Counter[tuple[int, str]] = Counter()
    queue = iter(post)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=60)

    async def send(session: aiohttp.ClientSession) -> None:
        for each in queue:
            headers = {"X-Gitlab-Token": token, "X-Gitlab-Event": each.event, "Idempotency-Key": each.key}
            async with session.post(url, data=each.body, headers=headers) as answer:
                found[answer.status, (await answer.json())["status"]] += 1

    async with aiohttp.ClientSession(timeout=timeout) as session:
        await asyncio.gather(*(send(session) for _ in range(AT_ONCE)))
    return found


class _Kept:
    """The service's database, read beside it."""

    def __init__(self, running: World) -> None:
        self._file = running.folder / "data" / "purser.db"

    def count(self, query: str) -> int:
        connection = sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=30)
        try:
            return int(connection.execute(query).fetchone()[0])
        finally:
            connection.close()


async def test_a_burst_is_answered_whole_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    async with world(tmp_path) as running:
        site = await running.site()
        merge_requests = [await site.change(f"change-{number}") for number in range(MERGE_REQUESTS)]
        for each in merge_requests:
            await site.planned(each)
        kept, [hook] = _Kept(running), running.gitlab.world.hooks.values()
        before = kept.count("SELECT count(*) FROM trail WHERE kind = 'delivery'")
        process = psutil.Process(running.bot.pid)
        rss, since = process.memory_info().rss, len(running.bot.lines)

        answers = await _answers(hook.url, running.secrets["HOOK_TOKEN"], _post(site.project.path))

        working = PUSHES + JOBS
        assert answers == {
            (202, "accepted"): working,
            (202, "known"): working,
            (202, "ignored"): 2 * LABELS,
        }
        waiting = "SELECT count(*) FROM deliveries WHERE NOT handed_over"
        await until(lambda: kept.count(waiting) == 0, "all work to be handed over", PATIENCE)
        ours = "SELECT count(*) FROM deliveries WHERE (key LIKE 'event-%' OR key LIKE 'job-%')"
        assert kept.count(f"{ours} AND works != '[]'") == working
        told = kept.count("SELECT count(*) FROM trail WHERE kind = 'delivery'") - before
        assert told == PUSHES
        queued = [entry["work"] for entry in running.bot.facts("work.queued", since)]
        assert len(queued) == len(set(queued)) >= MERGE_REQUESTS
        for each in merge_requests:
            head = await site.push(each.source_branch, {"extra.md": "after the burst"})
            await site.planned(each, head=head)
            assert len(site.plan_notes(each)) == 1
        assert process.memory_info().rss - rss < MOST_GROWTH
