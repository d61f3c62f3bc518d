"""Port Forge: commit statuses."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from bot.app.ports import StatusState
from bot.core.errors import ForgeRefused
from bot.demo.gitlab import CommitStatus, MergeRequest
from tests.contracts.gitlab_setting import PATH, Setting, setting

NAME = "purser/plan/production"
CI = {".gitlab-ci.yml": "check:\n  script: [sleep 60]\n"}


def statuses(at: Setting) -> list[CommitStatus]:
    return [s for p in at.project.pipelines.values() for s in p.statuses]


async def put(
    at: Setting, mr: MergeRequest, state: StatusState = "success", text: str = "fine", **more: Any
) -> None:
    await at.forge.set_status(PATH, mr.head, name=NAME, state=state, description=text, **more)


async def test_a_status_stands_on_the_commit() -> None:
    async with setting() as at:
        mr = await at.open()
        await put(at, mr, "running", "planning", url="https://purser.example/plan")
        await put(at, mr, "success", "2 changes")
        [status] = statuses(at)
        assert (status.name, status.status, status.description) == (NAME, "success", "2 changes")
        assert status.user is at.bot


async def test_the_same_status_is_not_sent_again() -> None:
    async with setting() as at:
        mr = await at.open()
        for _ in range(3):
            await put(at, mr, "success", "fine", url="https://purser.example/plan")
        assert len(at.sent("POST")) == 1
        await put(at, mr, "success", "finer", url="https://purser.example/plan")
        assert len(at.sent("POST")) == 2


async def test_a_status_whose_answer_was_lost_stands_once() -> None:
    async with setting() as at:
        mr = await at.open()
        at.lose_answers("POST", f"/statuses/{mr.head}")
        await put(at, mr, "failed", "no")
        assert [(s.status, s.description) for s in statuses(at)] == [("failed", "no")]
        assert len(at.sent("POST")) == 1


async def test_a_refused_self_transition_is_fine() -> None:
    async with setting() as at:
        mr = await at.open()
        await put(at, mr, "running", "planning")
        await put(at, mr, "running", "still planning")
        assert [s.status for s in statuses(at)] == ["running"]


async def test_a_lock_that_somebody_holds_is_waited_for() -> None:
    async with setting() as at:
        mr = await at.open()
        left = 1

        def locked(request: web.Request) -> web.StreamResponse | None:
            nonlocal left
            if request.method == "POST" and left:
                left -= 1
                return web.json_response({"message": "409 Conflict"}, status=409)
            return None

        at.gitlab.plant_fault(before=locked)
        await put(at, mr)
        assert [s.status for s in statuses(at)] == ["success"]


async def test_long_words_and_addresses_are_cut_to_what_gitlab_takes() -> None:
    async with setting() as at:
        mr = await at.open()
        await put(at, mr, text="x" * 300, url="https://purser.example/" + "y" * 300)
        await put(at, mr, text="z", url="https://purser.example/plan#" + "y" * 300)
        first, second = statuses(at)
        assert first.description == "x" * 255
        assert first.target_url is None
        assert second.target_url == "https://purser.example/plan"


async def test_a_status_joins_the_pipeline_that_is_named() -> None:
    async with setting(CI) as at:
        at.gitlab.runner.pause()
        mr = await at.open()
        pipeline = await at.forge.create_pipeline(
            PATH, mr.source_branch, mr.head, {"PURSER_TARGET": "t", "PURSER_SEAL": "sha256:1"}
        )
        older = min(p.id for p in at.project.pipelines.values() if p.sha == mr.head)
        assert older != pipeline.id
        await put(at, mr, pipeline_id=older)
        assert [s.pipeline.id for s in statuses(at)] == [older]


async def test_statuses_of_several_targets_at_once_are_in_one_pipeline() -> None:
    """GitLab takes them in turn; in a pipeline of its own the first would stand there for good."""
    async with setting() as at:
        mr = await at.open()
        names = [f"purser/plan/{target}" for target in ("one", "two", "three")]
        about: dict[str, Any] = {"state": "success", "description": "fine"}
        await asyncio.gather(*(at.forge.set_status(PATH, mr.head, name=name, **about) for name in names))
        assert sorted(it.name for it in statuses(at)) == sorted(names)
        assert len(at.project.pipelines) == 1


async def test_a_pipeline_of_another_commit_is_left_out() -> None:
    async with setting(CI) as at:
        at.gitlab.runner.pause()
        first = await at.open("one")
        second = await at.open("two")
        other = next(p.id for p in at.project.pipelines.values() if p.sha == first.head)
        await put(at, second, pipeline_id=other)
        assert [s.sha for s in statuses(at)] == [second.head]


async def test_a_commit_that_is_not_there_is_refused() -> None:
    async with setting() as at:
        with pytest.raises(ForgeRefused) as caught:
            await at.forge.set_status(PATH, "0" * 40, name=NAME, state="success", description="")
        assert caught.value.status == 404
