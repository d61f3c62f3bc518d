"""Port Forge: one fault at each request in turn, and each note, reaction, status and pipeline stands once."""

from collections.abc import Callable

import pytest
from aiohttp import web

from bot.adapters.gitlab.forge import GitLabForge
from bot.demo.gitlab import MergeRequest
from tests.contracts.gitlab_setting import PATH, Setting, setting

pytestmark = pytest.mark.long

MARKER, REPLY = "<!-- purser:plan:t -->", "<!-- purser:reply:1 -->"
CI = {".gitlab-ci.yml": "purser-apply: {script: ['true'], rules: [{if: $PURSER_SEAL}]}\n"}
Break = Callable[[web.Request], web.StreamResponse | None]


def too_many(_: web.Request) -> web.StreamResponse:
    return web.Response(status=429, text="Retry later\n")


def broken(_: web.Request) -> web.StreamResponse:
    return web.json_response({"message": "500 Internal Server Error"}, status=500)


def gateway(_: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html")


def half(_: web.Request) -> web.StreamResponse:
    return web.Response(text='{"id": 1, "bo', content_type="application/json")


def reset(request: web.Request) -> web.StreamResponse | None:
    assert request.transport is not None
    request.transport.abort()
    return None


def plant(at: Setting, fault: Break, number: int, *, done: bool) -> Callable[[], int]:
    """Breaks that request before GitLab does its work, or its answer after (`done`). Gives a counter."""
    count = 0

    def turn(request: web.Request) -> web.StreamResponse | None:
        nonlocal count
        if not request.path.startswith("/api/"):
            return None
        count += 1
        return fault(request) if count == number else None

    if done:
        at.gitlab.plant_fault(after=lambda request, _: turn(request))
    else:
        at.gitlab.plant_fault(before=turn)
    return lambda: count


async def flow(at: Setting, mr: MergeRequest, seal: str) -> int:
    """What a plan, a command, a deployment and a new plan write. The new pipeline's number."""
    forge = GitLabForge(at.client)
    asked = next(note for note in mr.notes if note.author is at.ada and not note.system)
    await forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\nfirst")
    await forge.reply(PATH, mr.iid, asked.discussion_id, REPLY, f"{REPLY}\nanswer")
    await forge.react(PATH, mr.iid, asked.id, "eyes")
    await forge.set_status(PATH, mr.head, name="purser/plan/t", state="success", description="first")
    made = await forge.create_pipeline(
        PATH, mr.source_branch, mr.head, {"PURSER_TARGET": "t", "PURSER_SEAL": seal}
    )
    await forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\nsecond")
    await forge.set_status(PATH, mr.head, name="purser/plan/t", state="success", description="second")
    return made.id


def check(at: Setting, mr: MergeRequest, seal: str, pipeline: int) -> None:
    asked = next(note for note in mr.notes if note.author is at.ada and not note.system)
    ours = sorted(note.body for note in mr.notes if note.author is at.bot and not note.system)
    assert ours == sorted([f"{MARKER}\nsecond", f"{REPLY}\nanswer"])
    assert [award.name for award in asked.awards] == ["eyes"]
    said = [s for p in at.project.pipelines.values() for s in p.statuses if s.sha == mr.head]
    assert [(s.status, s.description) for s in said] == [("success", "first"), ("success", "second")]
    made = [p.id for p in at.project.pipelines.values() if p.variables.get("PURSER_SEAL") == seal]
    assert made == [pipeline]


@pytest.mark.parametrize(
    ("faults", "done"),
    [((too_many, broken, reset), False), ((gateway, half, reset), True)],
    ids=["not done", "done but not heard of"],
)
async def test_one_fault_at_any_request_doubles_nothing(faults: tuple[Break, ...], done: bool) -> None:
    async with setting(CI) as at:
        at.gitlab.runner.pause()
        at.gitlab.limits.notes_per_minute = None
        number, total = 0, 1
        while number <= total:
            mr = await at.open(f"b{number}", f"{number}\n")
            await at.gitlab.comment(mr, at.ada, "/helm plan")
            seal = f"sha256:{number:064x}"
            counted = plant(at, faults[number % len(faults)], number, done=done)
            pipeline = await flow(at, mr, seal)
            if number == 0:
                total = counted()
            at.gitlab.plant_fault()
            check(at, mr, seal, pipeline)
            number += 1
        assert total > 15
