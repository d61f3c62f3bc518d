"""GitLab takes no reply for a while: the command is carried out once, and its answer comes all the same."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from aiohttp import web

from bot.core.notes.marks import reply_marker
from bot.demo.gitlab import MergeRequest, Note
from tests.e2e.files import CI_WITHOUT_INPUTS
from tests.e2e.site import Site
from tests.e2e.test_rollback_stories import colors, green_then_red, preview
from tests.e2e.waiting import until
from tests.e2e.world import World

pytestmark = pytest.mark.long
PATIENCE = 120.0


@dataclass(slots=True)
class Mute:
    """Refuses the bot's replies in the threads of one merge request, until `heard` is true."""

    world: World
    path: re.Pattern[str]
    heard: bool = False
    refused: list[str] = field(default_factory=list)

    async def before(self, request: web.Request) -> web.StreamResponse | None:
        ours = request.headers.get("PRIVATE-TOKEN") == self.world.secrets["GITLAB_TOKEN"]
        if self.heard or not ours or request.method != "POST":
            return None
        if not self.path.search(request.rel_url.raw_path):
            return None
        self.refused.append(request.path)
        return web.json_response({"message": "500 Internal Server Error"}, status=500)


@asynccontextmanager
async def unheard(running: World, site: Site, mr: MergeRequest, text: str) -> AsyncIterator[Note]:
    """Max says that. No reply is taken inside, where whatever else is to happen happens; then it is."""
    thread = rf"/projects/{re.escape(quote(site.project.path, safe=''))}/merge_requests/{mr.iid}/discussions/"
    mute = Mute(running, re.compile(f"{thread}[^/]+/notes$"))
    running.gitlab.plant_fault(before=mute.before)
    note = await site.gitlab.comment(mr, site.max, text)
    assert note is not None
    await until(lambda: mute.refused, "a reply that is refused", PATIENCE)
    yield note
    work = f"command:{site.project.path}:{mr.iid}:{note.id}"

    def again() -> bool:
        return any(it["work"] == work for it in running.bot.facts("work.retried"))

    await until(again, "the queue to begin the command again", PATIENCE)
    mute.heard = True
    await until(lambda: len(note.awards) > 1, f"the reply to: {text}", PATIENCE)


def said(mr: MergeRequest, to: Note) -> str:
    """The one reply; the command has its tick and no cross."""
    assert [it.name for it in to.awards] == ["eyes", "white_check_mark"]
    [reply] = [it.body for it in mr.notes if it.body.startswith(reply_marker(to.id))]
    return reply


async def test_a_deploy_that_failed_before_its_command_was_answered_does_not_wait_for_good(
    running: World,
) -> None:
    """Its job fails before it touches anything: the seal still holds when the reply is tried again."""
    broken = re.sub(r"  script:\n(    .*\n)+", "  script: [exit 1]\n", CI_WITHOUT_INPUTS)
    site = await running.site(ci=broken)
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    assert "❌" in await site.deployed(mr)

    def ended() -> int:
        work = f"deploy:{site.project.path}:"
        return sum(str(it.get("work", "")).startswith(work) for it in running.bot.facts("deploy.ended"))

    async with unheard(running, site, mr, "/helm deploy") as note:
        await until(lambda: ended() == 2, "the second deploy to end", PATIENCE)
    assert "deploying `sha256:" in said(mr, note)
    assert len(site.apply_pipelines()) == 2
    _, status = await site.command(mr, site.rita, "/helm status")
    assert "The deployment of this merge request: failed." in status


async def test_a_rollback_that_was_done_before_its_code_was_answered_is_not_called_stale(
    running: World, site: Site
) -> None:
    mr = await green_then_red(site)
    _, code = await preview(site, mr)
    async with unheard(running, site, mr, f"/helm confirm {code}") as note:
        await site.noted_deploy(mr, "back to revision 1 and verified")
    assert "rolling `" in said(mr, note)
    assert colors(running, site) == ["green"]
    assert len(site.apply_pipelines()) == 3


async def test_a_lock_that_was_released_before_it_was_answered_is_not_set_again(
    running: World, site: Site
) -> None:
    mr = await site.change("one")
    other = await site.change("two", {"README.md": "Words.\n"})
    await site.planned(mr)
    async with unheard(running, site, mr, "/helm lock") as note:
        _, released = await site.command(other, site.max, "/helm unlock")
        assert "`production` is unlocked" in released
    assert "`production` is locked" in said(mr, note)
    _, none = await site.command(other, site.max, "/helm unlock")
    assert "is not locked" in none


async def test_a_cancel_that_had_its_effect_before_it_was_answered_says_so(
    running: World, site: Site
) -> None:
    with site.gitlab.runner.pausing():
        mr = await site.change()
        await site.planned(mr)
        await site.gitlab.merge(mr, site.max)
        await site.noted_deploy(mr, "pending")
        async with unheard(running, site, mr, "/helm cancel") as note:
            assert "its pipeline was cancelled." in await site.deployed(mr)
        assert "GitLab was asked to cancel its pipeline" in said(mr, note)
